"""EC2 as the network needs it: addresses, gateways, routes, endpoints, and what may not be deleted."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.control_plane_world import REGION, World, world

POOL = IPv4Network("203.0.113.0/24")
AWS_OWNED = IPv4Network("203.0.113.240/28")


@pytest.fixture
def here() -> Iterator[World]:
    with world() as running:
        yield running


def refused(code: str, text: str = "") -> Any:
    """A ClientError with this code, whose message holds ``text``."""
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


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


def test_managed_prefix_lists_can_name_what_answers_here(here: World) -> None:
    """S3 and DynamoDB have the ranges that the local cloud gives them."""
    listed = {
        one["PrefixListName"].rpartition(".")[2]: one["Cidrs"]
        for one in here.ec2.describe_prefix_lists()["PrefixLists"]
        if "Cidrs" in one
    }
    entries = {}
    for service in ("s3", "dynamodb"):
        [found] = here.ec2.describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.{service}"]}]
        )["PrefixLists"]
        given = here.ec2.get_managed_prefix_list_entries(PrefixListId=found["PrefixListId"])["Entries"]
        entries[service] = [one["Cidr"] for one in given]
    assert entries == {"s3": ["192.0.2.128/26"], "dynamodb": ["192.0.2.192/26"]}
    assert listed.get("s3", ["192.0.2.128/26"]) == ["192.0.2.128/26"]


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
    assert interface["RequesterManaged"] is True
    assert interface["SubnetId"] == subnet
    with refused("InvalidParameterValue", "currently in use"):
        here.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    with refused("Resource.AlreadyAssociated"):
        here.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)
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


def route_states(here: World, table: str) -> dict[str, str]:
    [found] = here.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return {route["DestinationCidrBlock"]: route["State"] for route in found["Routes"]}


def test_route_can_become_a_blackhole(here: World) -> None:
    """When its target is deleted or detached, and active again when it is attached again (R43)."""
    vpc = here.vpc()
    gateway, subnet, table = here.gateway(vpc), here.subnet(vpc), here.table(vpc)
    nat = here.ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    interface = here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="198.51.100.0/24", NatGatewayId=nat)
    here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", NetworkInterfaceId=interface)
    assert set(route_states(here, table).values()) == {"active"}
    here.ec2.delete_nat_gateway(NatGatewayId=nat)
    here.ec2.delete_network_interface(NetworkInterfaceId=interface)
    here.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert route_states(here, table) == {
        "10.0.0.0/16": "active",
        "0.0.0.0/0": "blackhole",
        "198.51.100.0/24": "blackhole",
        "192.0.2.0/24": "blackhole",
    }
    here.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert route_states(here, table)["0.0.0.0/0"] == "active"


def test_route_cannot_lead_where_nothing_is(here: World) -> None:
    """Unknown NAT gateways, gateways of other VPCs; the local route stays."""
    vpc, other = here.vpc(), here.vpc("10.1.0.0/16")
    table, foreign = here.table(vpc), here.gateway(other)
    with refused("InvalidNatGatewayID.NotFound"):
        here.ec2.create_route(
            RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId="nat-0123456789abcdef0"
        )
    with refused("InvalidParameterValue", "different networks"):
        here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=foreign)
    with refused("InvalidParameterValue", "cannot remove local route"):
        here.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")
    with refused("RouteAlreadyExists"):
        here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16", GatewayId=here.gateway(vpc))
    assert route_states(here, table) == {"10.0.0.0/16": "active"}


def test_route_can_be_replaced(here: World) -> None:
    """ReplaceRoute changes the target of the same destination."""
    vpc = here.vpc(internet=True)
    table, subnet = here.table(vpc), here.subnet(vpc)
    nat = here.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=here.address()[0])["NatGateway"][
        "NatGatewayId"
    ]
    [gateway] = here.ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])[
        "InternetGateways"
    ]
    here.ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway["InternetGatewayId"]
    )
    here.ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    [found] = here.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    [route] = [one for one in found["Routes"] if one["DestinationCidrBlock"] == "0.0.0.0/0"]
    assert route["NatGatewayId"] == nat
    assert "GatewayId" not in route


def test_subnet_cannot_have_two_route_tables(here: World) -> None:
    """Associating it with another is refused; replacing the association is the way."""
    vpc = here.vpc()
    subnet, one, two = here.subnet(vpc), here.table(vpc), here.table(vpc)
    association = here.ec2.associate_route_table(RouteTableId=one, SubnetId=subnet)["AssociationId"]
    with refused("Resource.AlreadyAssociated"):
        here.ec2.associate_route_table(RouteTableId=two, SubnetId=subnet)
    here.ec2.replace_route_table_association(AssociationId=association, RouteTableId=two)
    tables = {table.id: table.subnet_ids for table in here.plane.network().route_tables}
    assert (tables[one], tables[two]) == ((), (subnet,))
    with refused("DependencyViolation"):
        here.ec2.delete_route_table(RouteTableId=two)


def interface_endpoint(here: World, vpc: str, subnets: list[str], **more: Any) -> Any:
    return here.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.{more.pop('service', 'sts')}",
        VpcEndpointType="Interface",
        SubnetIds=subnets,
        **more,
    )["VpcEndpoint"]


def test_interface_endpoint_can_follow_its_changes(here: World) -> None:
    """One interface per subnet with the endpoint's groups (the VPC's default one when none is named)."""
    vpc = here.vpc()
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    one, two = here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")
    made = interface_endpoint(here, vpc, [one])
    identifier = made["VpcEndpointId"]
    names = [entry["DnsName"] for entry in made["DnsEntries"]]
    stem = names[0].split(".")[0]
    assert stem.startswith(f"{identifier}-")
    assert len(stem) == len(identifier) + 9
    assert names == [
        f"{stem}.sts.{REGION}.vpce.amazonaws.com",
        f"{stem}-{REGION}a.sts.{REGION}.vpce.amazonaws.com",
        f"sts.{REGION}.amazonaws.com",
    ]
    [interface] = here.interfaces(interface_type="vpc_endpoint")
    assert [group["GroupName"] for group in interface["Groups"]] == ["default"]
    group = here.group(vpc)
    here.ec2.modify_vpc_endpoint(
        VpcEndpointId=identifier,
        AddSubnetIds=[two],
        AddSecurityGroupIds=[group],
        RemoveSecurityGroupIds=[interface["Groups"][0]["GroupId"]],
        PrivateDnsEnabled=False,
    )
    found = here.interfaces(interface_type="vpc_endpoint")
    assert {one_["SubnetId"] for one_ in found} == {one, two}
    assert {tuple(group_["GroupId"] for group_ in one_["Groups"]) for one_ in found} == {(group,)}
    here.ec2.modify_vpc_endpoint(VpcEndpointId=identifier, RemoveSubnetIds=[one])
    assert {one_["SubnetId"] for one_ in here.interfaces(interface_type="vpc_endpoint")} == {two}
    [described] = here.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
    assert described["SubnetIds"] == [two]
    assert described["PrivateDnsEnabled"] is False
    assert f"sts.{REGION}.amazonaws.com" not in [entry["DnsName"] for entry in described["DnsEntries"]]
    here.ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])
    assert here.interfaces(interface_type="vpc_endpoint") == []
    with refused("InvalidVpcEndpointId.NotFound"):
        here.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])


def test_private_dns_cannot_be_enabled_where_dns_is_off(here: World) -> None:
    """A new VPC has no DNS host names (R24)."""
    vpc = here.vpc()
    subnet = here.subnet(vpc)
    text = (
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
        f"for {vpc}"
    )
    with refused("InvalidParameter", text):
        interface_endpoint(here, vpc, [subnet], PrivateDnsEnabled=True)
    made = interface_endpoint(here, vpc, [subnet], PrivateDnsEnabled=False)
    with refused("InvalidParameter", text):
        here.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], PrivateDnsEnabled=True)
    assert len(here.interfaces(interface_type="vpc_endpoint")) == 1


def test_interface_endpoint_cannot_be_made_of_what_does_not_fit(here: World) -> None:
    """Unknown services, foreign groups, two subnets of one zone, two private DNS names of one service."""
    vpc, other = here.vpc(), here.vpc("10.1.0.0/16")
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    one, same_zone = here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24")
    with refused("InvalidServiceName"):
        interface_endpoint(here, vpc, [one], service="nosuch")
    with refused("InvalidSecurityGroupId.NotFound"):
        interface_endpoint(here, vpc, [one], SecurityGroupIds=[here.group(other)])
    with refused("DuplicateSubnetsInSameZone"):
        interface_endpoint(here, vpc, [one, same_zone])
    interface_endpoint(here, vpc, [one])
    with refused("InvalidParameter", "conflicting DNS domain"):
        interface_endpoint(here, vpc, [one])
    assert len(here.plane.network().vpc_endpoints) == 1
    assert len(here.interfaces(interface_type="vpc_endpoint")) == 1


def test_gateway_endpoint_can_move_its_routes(here: World) -> None:
    """It puts a route for the prefix list into each of its tables, and takes it away again."""
    vpc = here.vpc()
    one, two = here.table(vpc), here.table(vpc)
    made = here.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[one])[
        "VpcEndpoint"
    ]["VpcEndpointId"]

    def tables_with_route() -> list[str]:
        found = here.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        return [
            table["RouteTableId"]
            for table in found
            if any("DestinationPrefixListId" in route and route["GatewayId"] == made for route in table["Routes"])
        ]

    assert tables_with_route() == [one]
    here.ec2.modify_vpc_endpoint(VpcEndpointId=made, AddRouteTableIds=[two], RemoveRouteTableIds=[one])
    assert tables_with_route() == [two]
    [listed] = {route.prefix_list_id for table in here.plane.network().route_tables for route in table.routes} - {
        None
    }
    with refused("InvalidParameterValue", "cannot remove VPC endpoint route"):
        here.ec2.delete_route(RouteTableId=two, DestinationPrefixListId=listed)
    with refused("InvalidParameter"):
        here.ec2.modify_vpc_endpoint(VpcEndpointId=made, AddSubnetIds=[here.subnet(vpc)])
    here.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    assert tables_with_route() == []


def test_what_is_in_use_cannot_be_deleted(here: World) -> None:
    """DependencyViolation for subnet, group, gateway and VPC; afterwards each can go, and nothing is left."""
    before = here.plane.network()
    vpc = here.vpc()
    gateway, subnet, group = here.gateway(vpc), here.subnet(vpc), here.group(vpc)
    interface = here.ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
    allocation, _ = here.address()
    here.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface["NetworkInterfaceId"])
    with refused("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted."):
        here.ec2.delete_subnet(SubnetId=subnet)
    with refused("DependencyViolation", f"resource {group} has a dependent object"):
        here.ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation", rf"Network {vpc} has some mapped public address\(es\)"):
        here.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    with refused("DependencyViolation"):
        here.ec2.delete_internet_gateway(InternetGatewayId=gateway)
    with refused("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted."):
        here.ec2.delete_vpc(VpcId=vpc)
    here.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    here.ec2.release_address(AllocationId=allocation)
    here.ec2.delete_subnet(SubnetId=subnet)
    here.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    here.ec2.delete_internet_gateway(InternetGatewayId=gateway)
    here.ec2.delete_security_group(GroupId=group)
    here.ec2.delete_vpc(VpcId=vpc)
    after = here.plane.network()
    assert len(before.vpcs) == 0  # the default VPC appears with the first call
    assert {table.vpc_id for table in after.route_tables} == {one.id for one in after.vpcs}
    assert {acl.vpc_id for acl in after.network_acls} == {one.id for one in after.vpcs}
    assert {one.vpc_id for one in after.security_groups} == {one.id for one in after.vpcs}
    assert vpc not in {one.id for one in after.vpcs}


def test_group_cannot_be_deleted_while_a_rule_names_it(here: World) -> None:
    """A reference from another group is a dependent object; the default group is not the user's to delete."""
    vpc = here.vpc()
    named, naming = here.group(vpc), here.group(vpc, "g")
    here.ec2.authorize_security_group_ingress(
        GroupId=naming, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": named}]}]
    )
    with refused("DependencyViolation", f"resource {named} has a dependent object"):
        here.ec2.delete_security_group(GroupId=named)
    here.ec2.delete_security_group(GroupId=naming)
    here.ec2.delete_security_group(GroupId=named)
    [default] = here.ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    with refused("CannotDelete"):
        here.ec2.delete_security_group(GroupId=default["GroupId"])


def test_rule_cannot_name_a_group_that_does_not_exist(here: World) -> None:
    """InvalidGroup.NotFound; descriptions of group rules are kept."""
    vpc = here.vpc()
    group = here.group(vpc)
    with refused("InvalidGroup.NotFound"):
        here.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0"}]}],
        )
    here.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group, "Description": "each other"}]}
        ],
    )
    rules = here.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    assert {rule.get("Description") for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]} == {
        "each other"
    }


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_rules_of_every_source_can_live_in_one_group(here: World, way: str) -> None:
    """By range, by group, by prefix list, of equal ports: each is a rule of its own, and revoked by its source."""
    group = here.group(here.vpc())
    (listed, *_) = here.ec2.describe_prefix_lists()["PrefixLists"]
    sources: list[dict[str, Any]] = [
        {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        {"UserIdGroupPairs": [{"GroupId": group}]},
        {"PrefixListIds": [{"PrefixListId": listed["PrefixListId"]}]},
    ]
    permissions = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **source} for source in sources]
    authorize = getattr(here.ec2, f"authorize_security_group_{way}")
    revoke = getattr(here.ec2, f"revoke_security_group_{way}")
    for permission in permissions:
        authorize(GroupId=group, IpPermissions=[permission])
        with refused("InvalidPermission.Duplicate"):
            authorize(GroupId=group, IpPermissions=[permission])
    for permission in permissions:
        revoke(GroupId=group, IpPermissions=[permission])
        with refused("InvalidPermission.NotFound"):
            revoke(GroupId=group, IpPermissions=[permission])


def test_rule_can_be_revoked_without_its_description(here: World) -> None:
    """A rule is its protocol, ports and source; adding it again with another description is a duplicate."""
    vpc = here.vpc()
    group, member = here.group(vpc), here.group(vpc, "g")
    port = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    for kind, bare in ("UserIdGroupPairs", {"GroupId": member}), ("IpRanges", {"CidrIp": "10.0.0.0/8"}):
        described = {**port, kind: [{**bare, "Description": "the application"}]}
        here.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[described])
        with refused("InvalidPermission.Duplicate"):
            here.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**port, kind: [bare]}])
        here.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[{**port, kind: [bare]}])
        [found] = here.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        assert found["IpPermissions"] == []


def test_subnets_cannot_overlap_or_leave_their_vpc(here: World) -> None:
    """Conflicts, ranges outside the VPC, impossible sizes; a new subnet is not a default one."""
    vpc = here.vpc()
    subnet = here.subnet(vpc)
    [found] = here.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert (found["DefaultForAz"], found["MapPublicIpOnLaunch"]) == (False, False)
    for cidr, code in (
        ("10.0.0.128/25", "InvalidSubnet.Conflict"),
        ("10.1.0.0/24", "InvalidSubnet.Range"),
        ("10.0.1.0/29", "InvalidSubnet.Range"),
    ):
        with refused(code):
            here.subnet(vpc, cidr)


def test_every_change_can_reach_the_network(here: World) -> None:
    """The rest of the cloud hears of each successful change, before its answer; not of readings and refusals."""
    seen: list[int] = []
    vpc = here.vpc()
    here.effects.network_changed = lambda: seen.append(len(here.plane.network().subnets))  # type: ignore[method-assign]
    before = len(here.plane.network().subnets)
    here.subnet(vpc)
    assert seen == [before + 1]
    here.ec2.describe_subnets()
    with refused("InvalidSubnet.Conflict"):
        here.subnet(vpc)
    assert seen == [before + 1]


def test_failure_to_follow_cannot_pass_for_success(here: World) -> None:
    """When the kernel could not follow, the caller is told."""

    def fail() -> None:
        raise RuntimeError("no such thing")

    here.effects.network_changed = fail  # type: ignore[method-assign]
    with refused("InternalError", "could not follow"):
        here.vpc()


def test_ranges_can_be_written_loosely(here: World) -> None:
    """A range is stored in its canonical form, so that nothing downstream meets one that is none."""
    vpc = here.vpc("10.0.7.9/16")
    group, table, gateway = here.group(vpc), here.table(vpc), here.gateway(vpc)
    here.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "192.0.2.77/24"}]}
        ],
    )
    here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="198.51.100.9/24", GatewayId=gateway)
    network = here.plane.network()
    assert [str(one.cidr_blocks[0]) for one in network.vpcs if one.id == vpc] == ["10.0.0.0/16"]
    assert [str(rule.cidr) for one in network.security_groups if one.id == group for rule in one.ingress] == [
        "192.0.2.0/24"
    ]
    assert route_states(here, table)["198.51.100.0/24"] == "active"
    with refused("InvalidParameterValue", "not a valid CIDR block"):
        here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="everything", GatewayId=gateway)


def test_dry_run_cannot_change_anything(here: World) -> None:
    """DryRunOperation, and nothing else."""
    before = len(here.ec2.describe_vpcs()["Vpcs"])
    with refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set."):
        here.ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
    assert len(here.ec2.describe_vpcs()["Vpcs"]) == before


@pytest.mark.parametrize(
    "permission",
    [
        {"IpProtocol": "tcp", "FromPort": 443},
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 80},
        {"IpProtocol": "udp", "FromPort": 0, "ToPort": 70000},
        {"IpProtocol": "icmp", "FromPort": 300, "ToPort": -1},
    ],
)
def test_rule_cannot_name_impossible_ports(here: World, permission: dict[str, Any]) -> None:
    """Both ends, in order, of ports that exist."""
    group = here.group(here.vpc())
    with refused("InvalidParameterValue"):
        here.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[permission | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        )


def entry(acl: str, **changes: Any) -> dict[str, Any]:
    usual = {
        "NetworkAclId": acl,
        "RuleNumber": 100,
        "Protocol": "6",
        "RuleAction": "allow",
        "Egress": True,
        "CidrBlock": "0.0.0.0/0",
        "PortRange": {"From": 443, "To": 443},
    }
    return usual | changes


def test_network_acl_can_be_changed_by_entry(here: World) -> None:
    """A new ACL denies everything; entries are added, replaced and removed by number and direction."""
    acl = here.ec2.create_network_acl(VpcId=here.vpc())["NetworkAcl"]["NetworkAclId"]

    def entries() -> list[tuple[int, bool, bool, int | None, int | None]]:
        [found] = [one for one in here.plane.network().network_acls if one.id == acl]
        return sorted((one.number, one.egress, one.allow, one.from_port, one.to_port) for one in found.entries)

    denied = [(32767, False, False, None, None), (32767, True, False, None, None)]
    assert entries() == denied
    here.ec2.create_network_acl_entry(**entry(acl))
    here.ec2.create_network_acl_entry(**entry(acl, Egress=False))
    with refused("NetworkAclEntryAlreadyExists"):
        here.ec2.create_network_acl_entry(**entry(acl))
    here.ec2.replace_network_acl_entry(**entry(acl, RuleAction="deny", PortRange={"From": 1, "To": 2}))
    icmp = entry(acl, RuleNumber=90, Protocol="1", IcmpTypeCode={"Type": 8, "Code": 0})
    del icmp["PortRange"]
    here.ec2.create_network_acl_entry(**icmp)
    assert entries() == [(90, True, True, 8, 0), (100, False, True, 443, 443), (100, True, False, 1, 2), *denied]
    here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=True)
    here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=90, Egress=True)
    assert entries() == [(100, False, True, 443, 443), *denied]


@pytest.mark.parametrize(
    ("protocol", "pair"),
    [("6", (443, 443)), ("17", (443, 443)), ("1", (8, 0)), ("-1", (None, None)), ("47", (None, None))],
)
def test_network_acl_entry_cannot_mix_ports_and_types(
    here: World, protocol: str, pair: tuple[object, object]
) -> None:
    """What says nothing of the protocol is ignored (EC2 API, CreateNetworkAclEntry), here and in answers."""
    acl = here.ec2.create_network_acl(VpcId=here.vpc())["NetworkAcl"]["NetworkAclId"]
    given = entry(acl, Protocol=protocol, IcmpTypeCode={"Type": 8, "Code": 0})
    here.ec2.create_network_acl_entry(**given)
    here.ec2.replace_network_acl_entry(**given)
    [inventoried] = [one for one in here.plane.network().network_acls if one.id == acl]
    assert [(one.from_port, one.to_port) for one in inventoried.entries if one.number == 100] == [pair]
    [described] = here.ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    [told] = [one for one in described["Entries"] if one["RuleNumber"] == 100]
    assert ("PortRange" in told, "IcmpTypeCode" in told) == (protocol in ("6", "17"), protocol == "1")


def test_network_acl_cannot_hold_what_cannot_be(here: World) -> None:
    """Numbers, protocols and ports out of range; entries, associations and default ACLs that are not to be had."""
    vpc = here.vpc()
    acl = here.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    for changes in (
        {"RuleNumber": 0},
        {"RuleNumber": 32767},
        {"Protocol": "magic"},
        {"PortRange": {"From": 2, "To": 1}},
        {"Protocol": "1"},
    ):
        with pytest.raises(ClientError, match=r"\((InvalidParameterValue|NetworkAclEntryAlreadyExists)\)"):
            here.ec2.create_network_acl_entry(**entry(acl, **changes))
    with refused("InvalidNetworkAclEntry.NotFound"):
        here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=5, Egress=True)
    with refused("InvalidNetworkAclEntry.NotFound"):
        here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=32767, Egress=True)
    with refused("InvalidAssociationID.NotFound"):
        here.ec2.replace_network_acl_association(AssociationId="aclassoc-1", NetworkAclId=acl)
    [default] = here.ec2.describe_network_acls(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    )["NetworkAcls"]
    with refused("InvalidParameterValue", "default network ACL"):
        here.ec2.delete_network_acl(NetworkAclId=default["NetworkAclId"])


def test_ranges_of_a_vpc_cannot_overlap(here: World) -> None:
    """A second range must be free, of a possible size, and stays while a subnet stands in it."""
    vpc = here.vpc()
    for cidr, code in (("10.0.128.0/24", "CidrConflict"), ("11.0.0.0/8", "InvalidVpc.Range")):
        with refused(code):
            here.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=cidr)
    made = here.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/16")["CidrBlockAssociation"]
    subnet = here.subnet(vpc, "10.1.2.0/24")
    with refused("DependencyViolation"):
        here.ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])
    here.ec2.delete_subnet(SubnetId=subnet)
    here.ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])
    [found] = [one for one in here.plane.network().vpcs if one.id == vpc]
    assert [str(cidr) for cidr in found.cidr_blocks] == ["10.0.0.0/16"]


def test_prefix_list_can_change_while_it_is_used_but_not_go(here: World) -> None:
    """A change keeps the name; a list that a rule names stays; AWS's and unknown ones are not to be changed."""
    made = here.ec2.create_managed_prefix_list(
        PrefixListName="office", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/28"}]
    )["PrefixList"]
    identifier = made["PrefixListId"]
    here.ec2.modify_managed_prefix_list(
        PrefixListId=identifier, CurrentVersion=1, AddEntries=[{"Cidr": "198.51.100.32/28"}]
    )
    [found] = [one for one in here.plane.network().prefix_lists if one.id == identifier]
    assert (found.name, len(found.cidr_blocks)) == ("office", 2)
    group = here.group(here.vpc())
    permission = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": identifier}]}
    here.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    with refused("DependencyViolation"):
        here.ec2.delete_managed_prefix_list(PrefixListId=identifier)
    here.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    here.ec2.delete_managed_prefix_list(PrefixListId=identifier)
    assert identifier not in {one.id for one in here.plane.network().prefix_lists}
    with refused("InvalidPrefixListID.NotFound"):
        here.ec2.delete_managed_prefix_list(PrefixListId=identifier)
    [of_s3] = here.ec2.describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    )["PrefixLists"]
    with refused("OperationNotPermitted"):
        here.ec2.delete_managed_prefix_list(PrefixListId=of_s3["PrefixListId"])


def test_region_cannot_be_invented(here: World) -> None:
    """A Region that does not exist is refused by name."""
    with refused("InvalidRegion", "There is no Region mars-east-1"):
        here.client("ec2", "mars-east-1").describe_vpcs()


def test_endpoint_policy_cannot_be_recorded_without_effect(here: World) -> None:
    """What would depend on what is not modelled is refused, at creation and later, and so is what is no policy."""
    vpc = here.vpc()
    some = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
    made = endpoint_with_policy(here, vpc, "s3", some)["VpcEndpointId"]
    refusals: dict[str, tuple[str, dict[str, Any]]] = {
        "Principal": ("s3", {**some, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}),
        "Condition": ("s3", {**some, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        "policy variables": ("s3", {**some, "Resource": "arn:aws:s3:::${aws:username}"}),
        "needs a Resource": ("s3", {key: value for key, value in some.items() if key != "Resource"}),
    }
    for text, (service, statement) in refusals.items():
        with refused("UnsupportedOperation", text):
            endpoint_with_policy(here, vpc, service, statement)
        with refused("UnsupportedOperation", text):
            here.ec2.modify_vpc_endpoint(VpcEndpointId=made, PolicyDocument=json.dumps({"Statement": [statement]}))
    with refused("UnsupportedOperation", "to sts is for is not modelled"):
        interface_endpoint(
            here,
            vpc,
            [here.subnet(vpc)],
            PolicyDocument=json.dumps({"Statement": [{**some, "Resource": "arn:aws:iam::1:role/r"}]}),
        )
    with refused("InvalidPolicyDocument"):
        here.ec2.modify_vpc_endpoint(VpcEndpointId=made, PolicyDocument="no policy")
    assert len(here.plane.network().vpc_endpoints) == 1


def endpoint_with_policy(here: World, vpc: str, service: str, statement: dict[str, Any]) -> Any:
    return here.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["VpcEndpoint"]
