"""EC2's addresses: of subnets, Elastic ones, and those of NAT gateways."""

from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.integration.control_plane_world import World, refused

POOL = IPv4Network("203.0.113.0/24")
AWS_OWNED = IPv4Network("203.0.113.240/28")


def test_interface_can_have_an_address_of_its_subnet(here: World) -> None:
    """The first four and the last address of a subnet are reserved; each interface has one of the others."""
    subnet = here.subnet(here.vpc(), "10.0.0.0/28")
    made = [
        here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["PrivateIpAddress"]
        for _ in range(11)
    ]
    assert sorted(map(IPv4Address, made)) == [IPv4Address(f"10.0.0.{last}") for last in range(4, 15)]
    with refused("InsufficientFreeAddressesInSubnet"):
        here.ec2.create_network_interface(SubnetId=subnet)
    free = here.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"]
    assert free == 0


def test_address_can_be_used_again_when_it_is_free(here: World) -> None:
    """A freed address returns to the subnet; a taken one is never given twice."""
    subnet = here.subnet(here.vpc(), "10.0.0.0/28")
    made = [here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"] for _ in range(11)]
    here.ec2.delete_network_interface(NetworkInterfaceId=made[3]["NetworkInterfaceId"])
    again = here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    assert again["PrivateIpAddress"] == made[3]["PrivateIpAddress"]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.0.0.3", "InvalidParameterValue"),
        ("10.0.0.15", "InvalidParameterValue"),
        ("10.0.9.9", "InvalidParameterValue"),
        ("10.0.0.9", "InvalidIPAddress.InUse"),
    ],
)
def test_address_cannot_be_chosen_outside_what_is_free(here: World, address: str, code: str) -> None:
    """Reserved, foreign and taken addresses are refused."""
    subnet = here.subnet(here.vpc(), "10.0.0.0/28")
    here.ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress="10.0.0.9")
    with refused(code):
        here.ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=address)


def test_elastic_addresses_can_only_be_of_the_reserved_range(here: World) -> None:
    """203.0.113.0/24 without AWS's own part; unique over all accounts; exhausted, not repeated."""
    other = here.client("ec2", "eu-west-1", "210987654321")
    first = other.allocate_address(Domain="vpc")["PublicIp"]
    addresses = [here.address()[1] for _ in range(238)]
    assert len({first, *addresses}) == 239
    for address in map(IPv4Address, addresses):
        assert address in POOL
        assert address not in AWS_OWNED
    with refused("AddressLimitExceeded"):
        here.address()


def test_elastic_address_cannot_be_released_while_in_use(here: World) -> None:
    """Neither one on an interface nor one of a NAT gateway."""
    vpc = here.vpc(internet=True)
    subnet = here.subnet(vpc)
    interface = here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    mine, _ = here.address()
    association = here.ec2.associate_address(AllocationId=mine, NetworkInterfaceId=interface)["AssociationId"]
    with refused("InvalidIPAddress.InUse"):
        here.ec2.release_address(AllocationId=mine)
    here.ec2.disassociate_address(AssociationId=association)
    here.ec2.release_address(AllocationId=mine)
    its, _ = here.address()
    here.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=its)
    with refused("AuthFailure"):
        here.ec2.release_address(AllocationId=its)
    [described] = here.ec2.describe_addresses(AllocationIds=[its])["Addresses"]
    with refused("AuthFailure"):
        here.ec2.disassociate_address(AssociationId=described["AssociationId"])


def test_elastic_address_cannot_be_associated_without_an_internet_gateway(here: World) -> None:
    """Gateway.NotAttached."""
    subnet = here.subnet(here.vpc())
    interface = here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    with refused("Gateway.NotAttached"):
        here.ec2.associate_address(AllocationId=here.address()[0], NetworkInterfaceId=interface)


def test_nat_gateway_can_hold_its_address_and_interface(here: World) -> None:
    """Pending, then available; a requester-managed interface without groups in its subnet, with the Elastic IP."""
    vpc = here.vpc(internet=True)
    subnet = here.subnet(vpc)
    allocation, public = here.address()
    made = here.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]
    assert made["State"] == "pending"
    here.ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[made["NatGatewayId"]])
    [interface] = here.interfaces(interface_type="nat_gateway")
    assert interface["Association"]["PublicIp"] == public
    assert interface["Groups"] == []
    assert (interface["RequesterManaged"], interface["SourceDestCheck"]) == (True, False)
    assert interface["SubnetId"] == subnet
    with refused("InvalidParameterValue", "currently in use"):
        here.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    second = here.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    [failed] = here.ec2.describe_nat_gateways(NatGatewayIds=[second])["NatGateways"]
    assert (failed["State"], failed["FailureCode"]) == ("failed", "Resource.AlreadyAssociated")
    assert failed["FailureMessage"] == f"Elastic IP address [{allocation}] is already associated"
    here.ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    [gone] = here.ec2.describe_nat_gateways(NatGatewayIds=[made["NatGatewayId"]])["NatGateways"]
    assert gone["State"] == "deleted"
    assert here.interfaces(interface_type="nat_gateway") == []
    here.ec2.release_address(AllocationId=allocation)


def test_public_nat_gateway_cannot_work_without_an_internet_gateway(here: World) -> None:
    """It ends failed: Network vpc-x has no internet gateway attached (R42)."""
    vpc = here.vpc()
    made = here.ec2.create_nat_gateway(SubnetId=here.subnet(vpc), AllocationId=here.address()[0])["NatGateway"]
    [found] = here.ec2.describe_nat_gateways(NatGatewayIds=[made["NatGatewayId"]])["NatGateways"]
    assert (found["State"], found["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert found["FailureMessage"] == f"Network {vpc} has no internet gateway attached"
    assert here.plane.network().nat_gateways == ()


def test_nat_gateway_cannot_work_in_a_full_subnet(here: World) -> None:
    """It ends failed, private or public, and takes nothing (EC2 API, NatGateway, FailureCode)."""
    vpc = here.vpc(internet=True)
    subnet = here.subnet(vpc, "10.0.0.0/28")
    for _ in range(11):
        here.ec2.create_network_interface(SubnetId=subnet)
    allocation, _ = here.address()
    for given in ({"AllocationId": allocation}, {"ConnectivityType": "private"}):
        made = here.ec2.create_nat_gateway(SubnetId=subnet, **given)["NatGateway"]["NatGatewayId"]
        [found] = here.ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"]
        assert (found["State"], found["FailureCode"]) == ("failed", "InsufficientFreeAddressesInSubnet")
    here.ec2.release_address(AllocationId=allocation)


def test_elastic_address_can_move(here: World) -> None:
    """By default from whoever has it, and in place of another; the same association again changes nothing."""
    subnet = here.subnet(here.vpc(internet=True))
    interfaces = [
        here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        for _ in range(2)
    ]
    (one, one_ip), (other, other_ip) = here.address(), here.address()

    def associate(allocation: str, place: int, **more: bool) -> str:
        made: str = here.ec2.associate_address(
            AllocationId=allocation, NetworkInterfaceId=interfaces[place], **more
        )["AssociationId"]
        return made

    def addresses() -> list[str | None]:
        found = here.ec2.describe_network_interfaces(NetworkInterfaceIds=interfaces)["NetworkInterfaces"]
        by_id = {each["NetworkInterfaceId"]: each.get("Association", {}).get("PublicIp") for each in found}
        return [by_id[each] for each in interfaces]

    first = associate(one, 0)
    assert associate(one, 0) == first
    with refused("Resource.AlreadyAssociated"):
        associate(one, 1, AllowReassociation=False)
    assert addresses() == [one_ip, None]
    associate(one, 1)
    assert addresses() == [None, one_ip]
    with refused("Resource.AlreadyAssociated"):
        associate(other, 1, AllowReassociation=False)
    associate(other, 1)
    assert addresses() == [None, other_ip]
    here.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=one)
    with refused("AuthFailure"):
        associate(one, 0)
    assert addresses() == [None, other_ip]


def test_interface_can_have_names_where_its_vpc_gives_them(here: World) -> None:
    """A private one, and a public one beside its public address, by enableDnsHostnames; told in both places."""
    vpc = here.vpc(internet=True)
    interface = here.ec2.create_network_interface(SubnetId=here.subnet(vpc))["NetworkInterface"]
    allocation, public = here.address()
    here.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface["NetworkInterfaceId"])
    private = interface["PrivateIpAddress"]

    def told() -> list[tuple[str, str]]:
        found = here.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface["NetworkInterfaceId"]])
        [one] = found["NetworkInterfaces"]
        assert one["Association"]["PublicIp"] == public
        assert one["PrivateIpAddresses"][0]["Association"] == one["Association"]
        return [
            (each.get("PrivateDnsName", ""), each["Association"]["PublicDnsName"])
            for each in (one, one["PrivateIpAddresses"][0])
        ]

    assert told() == [("", "")] * 2
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    names = (
        f"ip-{private.replace('.', '-')}.ec2.internal",
        f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com",
    )
    assert told() == [names] * 2
    [address] = here.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    assert (address["PublicIpv4Pool"], address["NetworkBorderGroup"]) == ("amazon", "us-east-1")


def test_nat_gateway_cannot_be_of_an_unknown_kind(here: World) -> None:
    """Public or private; once for each client token; what is deleted tells since when."""
    subnet = here.subnet(here.vpc())
    with refused("InvalidParameterValue", "connectivityType"):
        here.ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="nonsense")
    given = {"SubnetId": subnet, "ConnectivityType": "private", "ClientToken": "once"}
    first, second = (here.ec2.create_nat_gateway(**given) for _ in range(2))
    made = first["NatGateway"]["NatGatewayId"]
    assert (second["NatGateway"]["NatGatewayId"], second["ClientToken"]) == (made, "once")
    here.ec2.delete_nat_gateway(NatGatewayId=made)
    [found] = here.ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"]
    assert found["DeleteTime"] >= found["CreateTime"]
