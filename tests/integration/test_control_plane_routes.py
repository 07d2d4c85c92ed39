"""EC2's route tables: where a route may lead, what becomes of it, and how its range is written."""

from tests.integration.control_plane_world import World, refused


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
    assert route_states(here, table) == {
        "10.0.0.0/16": "active",
        "0.0.0.0/0": "active",
        "198.51.100.0/24": "active",
        "192.0.2.0/24": "blackhole",  # nothing is attached to that interface
    }
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


def test_route_within_the_vpc_can_only_lead_to_a_subnet_by_a_middlebox(here: World) -> None:
    """More specific than local: to a whole subnet's range, through an interface or a NAT gateway."""
    vpc = here.vpc(internet=True)
    table, subnet, far = here.table(vpc), here.subnet(vpc), here.subnet(vpc, "10.0.2.0/24", "b")
    [gateway] = here.ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])[
        "InternetGateways"
    ]
    nat = here.ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    with refused("InvalidParameterValue", "This route can target only an interface"):
        here.ec2.create_route(
            RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", GatewayId=gateway["InternetGatewayId"]
        )
    with refused("InvalidParameterValue", "doesn't match any subnet CIDR blocks"):
        here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.2.0/25", NatGatewayId=nat)
    here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", NatGatewayId=nat)
    with refused("InvalidParameterValue", "This route can target only an interface"):
        here.ec2.replace_route(
            RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", GatewayId=gateway["InternetGatewayId"]
        )
    interface = here.ec2.create_network_interface(SubnetId=far)["NetworkInterface"]["NetworkInterfaceId"]
    here.ec2.replace_route(RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", NetworkInterfaceId=interface)


def test_route_cannot_take_the_place_of_another(here: World) -> None:
    """CreateRoute refuses a destination that has a route, also where the new target is an interface."""
    vpc = here.vpc()
    table, subnet = here.table(vpc), here.subnet(vpc)
    first, second = (
        here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        for _ in range(2)
    )
    anywhere = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    here.ec2.create_route(**anywhere, NetworkInterfaceId=first)
    with refused("RouteAlreadyExists", "0.0.0.0/0"):
        here.ec2.create_route(**anywhere, NetworkInterfaceId=second)
    [found] = here.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    [route] = [one for one in found["Routes"] if one["DestinationCidrBlock"] == "0.0.0.0/0"]
    assert route["NetworkInterfaceId"] == first


def test_route_cannot_be_half_said(here: World) -> None:
    """One destination and one target, which there are; the network goes on after each refusal."""
    vpc, other = here.vpc(), here.vpc("10.1.0.0/16")
    gateway, table, subnet = here.gateway(vpc), here.table(vpc), here.subnet(vpc)
    here.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    nobody, everywhere = "0123456789abcdef0", {"DestinationCidrBlock": "0.0.0.0/0"}
    endpoint = here.ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table]
    )["VpcEndpoint"]["VpcEndpointId"]
    for call in (here.ec2.create_route, here.ec2.replace_route):
        for code, given in (
            ("MissingParameter", {"GatewayId": gateway}),
            ("InvalidParameterCombination", everywhere),
            ("InvalidParameterCombination", {**everywhere, "GatewayId": gateway, "NatGatewayId": f"nat-{nobody}"}),
            (
                "InvalidParameterCombination",
                {**everywhere, "DestinationPrefixListId": "pl-01234567", "GatewayId": gateway},
            ),
            ("InvalidPrefixListID.NotFound", {"DestinationPrefixListId": f"pl-{nobody}", "GatewayId": gateway}),
            ("InvalidGatewayID.NotFound", {**everywhere, "GatewayId": f"igw-{nobody}"}),
            ("InvalidParameterValue", {**everywhere, "GatewayId": endpoint}),
        ):
            with refused(code):
                call(RouteTableId=table, **given)
            here.plane.network()
    with refused("MissingParameter"):
        here.ec2.delete_route(RouteTableId=table)
    with refused("InvalidPrefixListID.NotFound"):
        here.ec2.delete_route(RouteTableId=table, DestinationPrefixListId=f"pl-{nobody}")
    association = here.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    with refused("InvalidParameterValue", "belong to different networks"):
        here.ec2.replace_route_table_association(AssociationId=association, RouteTableId=here.table(other))
    here.plane.network()


def test_route_to_a_prefix_list_can_lead_to_an_interface(here: World) -> None:
    """Whatever the target, a prefix list is one destination, once."""
    vpc = here.vpc()
    table, subnet = here.table(vpc), here.subnet(vpc)
    interface = here.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    listed = here.ec2.create_managed_prefix_list(
        PrefixListName="far", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/24"}]
    )["PrefixList"]["PrefixListId"]
    route = {"RouteTableId": table, "DestinationPrefixListId": listed}
    here.ec2.create_route(**route, NetworkInterfaceId=interface)
    with refused("RouteAlreadyExists", listed):
        here.ec2.create_route(**route, NetworkInterfaceId=interface)
    [found] = [one for one in here.plane.network().route_tables if one.id == table]
    assert [one.prefix_list_id for one in found.routes if one.destination is None] == [listed]
    here.ec2.delete_route(**route)
    with refused("InvalidRoute.NotFound", listed):
        here.ec2.delete_route(**route)


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
