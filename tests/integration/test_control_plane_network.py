"""EC2's VPCs and subnets, what may not be deleted, and how the rest of the cloud hears of changes."""

from tests.integration.control_plane_world import World, refused
from vpclab.localcloud.network_refusal import NetworkRefusal


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


def test_vpc_that_cannot_follow_cannot_fail_other_vpcs_calls(here: World) -> None:
    """The cause is in the answers to calls about that VPC, by its own id or by what is in it, and in no others."""
    one, other = here.vpc(), here.vpc()
    subnet = here.subnet(one)

    def refuse() -> None:
        raise NetworkRefusal({one: "no such thing"}, {one: frozenset({one, subnet})})

    here.effects.network_changed = refuse  # type: ignore[method-assign]
    here.subnet(other)
    with refused("InternalError", f"could not follow: {one}: no such thing"):
        here.group(one)
    with refused("InternalError", "other VPCs are not concerned"):
        here.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})


def test_dry_run_cannot_change_anything(here: World) -> None:
    """DryRunOperation, and nothing else."""
    before = len(here.ec2.describe_vpcs()["Vpcs"])
    with refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set."):
        here.ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
    assert len(here.ec2.describe_vpcs()["Vpcs"]) == before


def test_region_cannot_be_invented(here: World) -> None:
    """A Region that does not exist is refused by name."""
    with refused("InvalidRegion", "There is no Region mars-east-1"):
        here.client("ec2", "mars-east-1").describe_vpcs()


def test_waiters_can_end(here: World) -> None:
    """Those of EC2 for what the data plane uses find what they wait for."""
    vpc = here.vpc(internet=True)
    subnet, group = here.subnet(vpc), here.group(vpc)
    allocation, _ = here.address()
    nat = here.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    interface = here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    [gateway] = here.ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])[
        "InternetGateways"
    ]
    for name, given in (
        ("vpc_exists", {"VpcIds": [vpc]}),
        ("vpc_available", {"VpcIds": [vpc]}),
        ("subnet_available", {"SubnetIds": [subnet]}),
        ("security_group_exists", {"GroupIds": [group]}),
        ("internet_gateway_exists", {"InternetGatewayIds": [gateway["InternetGatewayId"]]}),
        ("nat_gateway_available", {"NatGatewayIds": [nat]}),
        ("network_interface_available", {"NetworkInterfaceIds": [interface]}),
    ):
        here.ec2.get_waiter(name).wait(**given, WaiterConfig={"MaxAttempts": 1})
    here.ec2.delete_nat_gateway(NatGatewayId=nat)
    here.ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat], WaiterConfig={"MaxAttempts": 1})


def test_what_is_not_there_cannot_be_attached_or_deleted(here: World) -> None:
    """Unknown gateways, VPCs and endpoints, each by AWS's code; a gateway has one VPC, a VPC one gateway."""
    vpc = here.vpc(internet=True)
    spare = here.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    for gateway, network, code in (
        ("igw-0123456789abcdef0", vpc, "InvalidInternetGatewayID.NotFound"),
        (spare, "vpc-0123456789abcdef0", "InvalidVpcID.NotFound"),
        (spare, vpc, "InvalidParameterValue"),
    ):
        with refused(code):
            here.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network)
    unknown = "vpce-0123456789abcdef0"
    table = here.table(vpc)
    made = here.ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table]
    )["VpcEndpoint"]["VpcEndpointId"]
    [failed] = here.ec2.delete_vpc_endpoints(VpcEndpointIds=[unknown, made])["Unsuccessful"]
    assert (failed["ResourceId"], failed["Error"]["Code"]) == (unknown, "InvalidVpcEndpoint.NotFound")
    assert here.plane.network().vpc_endpoints == ()


def test_refusal_can_name_what_is_not_there(here: World) -> None:
    """In AWS's words, with the identifier as it was given; the main association and AWS's tags stay."""
    vpc, digits = here.vpc(), "0123456789abcdef0"
    ec2 = here.ec2
    for call, given, text in (
        (ec2.create_subnet, {"VpcId": f"vpc-{digits}", "CidrBlock": "10.0.0.0/24"}, "The vpc ID 'vpc"),
        (ec2.delete_internet_gateway, {"InternetGatewayId": f"igw-{digits}"}, "The internetGateway ID 'igw"),
        (ec2.release_address, {"AllocationId": f"eipalloc-{digits}"}, "The allocation ID 'eipalloc"),
        (ec2.disassociate_address, {"AssociationId": f"eipassoc-{digits}"}, "The association ID 'eipassoc"),
        (ec2.delete_dhcp_options, {"DhcpOptionsId": f"dopt-{digits}"}, "The dhcpOption ID 'dopt"),
    ):
        with refused("Invalid[A-Za-z]+.NotFound", f"{text}-{digits}' does not exist"):
            call(**given)
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    [[main]] = [one["Associations"] for one in ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]]
    with refused("InvalidParameterValue", "cannot disassociate the main route table association"):
        ec2.disassociate_route_table(AssociationId=main["RouteTableAssociationId"])
    with refused("InvalidParameterValue", "reserved for internal use"):
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "aws:own", "Value": "x"}])


def test_internet_gateway_cannot_be_in_two_places(here: World) -> None:
    """It is attached to one VPC at a time, and detached from that one only."""
    one, other, free = here.vpc(), here.vpc("10.1.0.0/16"), here.vpc("10.2.0.0/16")
    gateway = here.gateway(one)
    with refused("Resource.AlreadyAssociated", f"{gateway} is already attached to network {one}"):
        here.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=free)
    with refused("Gateway.NotAttached", f"{gateway} is not attached to network {other}"):
        here.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=other)
    with refused("InvalidVpcID.NotFound"):
        here.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId="vpc-0123456789abcdef0")
    here.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=one)
    here.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=free)


def test_range_cannot_be_somebody_elses(here: World) -> None:
    """Loopback, link-local and multicast ranges, what AWS's services keep, and where a route of the VPC leads."""
    for cidr in ("127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16", "0.0.0.0/16"):
        with refused("InvalidVpc.Range", cidr):
            here.vpc(cidr)
    vpc = here.vpc()
    table, gateway = here.table(vpc), here.gateway(vpc)
    here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.9.1.0/24", GatewayId=gateway)
    for cidr, code in (
        ("198.19.0.0/16", "InvalidVpc.Range"),
        ("10.9.0.0/16", "CidrConflict"),
        ("10.9.1.0/24", "CidrConflict"),
    ):
        with refused(code, cidr):
            here.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=cidr)
    here.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.9.1.0/25")
    with refused("InvalidVpcCidrBlockAssociationID.NotFound"):
        here.ec2.disassociate_vpc_cidr_block(AssociationId="vpc-cidr-assoc-0123456789abcdef0")


def test_names_cannot_be_given_where_nobody_resolves(here: World) -> None:
    """EC2 API, ModifyVpcAttribute: DNS hostnames need DNS support; switched off later, they stay."""
    vpc = here.vpc()
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    with refused("InvalidParameterValue", vpc):
        here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
