"""The rows about routes that change, gateways in a row, addresses that nobody has (behaviours 2.1, 2.2, 2.6)."""

from concurrent.futures import ThreadPoolExecutor

from tests.integration.row_cloud import refused
from tests.integration.row_world import CHECKIP, CONNECTED, INTERNET_HOST, REFUSED, TIMED_OUT, RowWorld

OUT = ("connect", INTERNET_HOST)
NEAR, FAR = f"http://{INTERNET_HOST}/", "http://198.51.100.200/"
SILENT = "TimeoutError: timed out"


def seen_by_many(world: RowWorld, function: str, *ask: object) -> set[str]:
    """What twenty invocations see, ten at a time, so that several environments take part."""
    with ThreadPoolExecutor(10) as pool:
        return set(pool.map(lambda _: world.ask_one(function, *ask), range(20)))


def gateway_of(world: RowWorld, vpc: str) -> str:
    [found] = world.ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])[
        "InternetGateways"
    ]
    identifier: str = found["InternetGatewayId"]
    return identifier


def test_private_nat_gateway_can_lead_to_a_public_one(world: RowWorld) -> None:
    """2.2: two NAT gateways in a row: the public one's address is seen; a private one alone cannot lead out."""
    place, public = world.private()
    between = world.subnet(place.vpc, "10.0.50.0/24")
    table = world.table(place.vpc, between)
    world.route(table, NatGatewayId=public.id)
    made = world.ec2.create_nat_gateway(SubnetId=between, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    world.later(world.delete_nat, made)
    world.ec2.replace_route(RouteTableId=place.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made)
    function = world.function(place)
    assert world.ask_one(function, "get", CHECKIP) == public.public_ip
    gateway = gateway_of(world, place.vpc)
    world.ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    assert world.ask_one(function, *OUT) == TIMED_OUT


def test_route_can_decide_which_public_address_is_seen(world: RowWorld) -> None:
    """2.1: half of the internet by the internet gateway, with an Elastic IP or not at all; the other by NAT."""
    place, nat = world.private()
    world.route(place.table, "198.51.100.0/25", GatewayId=gateway_of(world, place.vpc))
    function = world.function(place)
    asks = ("get", NEAR), ("get", FAR)
    assert world.ask(function, *asks) == [TIMED_OUT, nat.public_ip]
    allocation, address = world.address()
    association = world.elastic(world.interface_of(place)["NetworkInterfaceId"], allocation)
    assert world.ask(function, *asks) == [address, nat.public_ip]
    assert world.ask_one(function, "connect", address, 80) == TIMED_OUT, (
        "its own address leads to itself: no way in"
    )
    assert world.ask_one(function, "hold", "kept", INTERNET_HOST) == "HTTP/1.1 200 OK"
    world.ec2.disassociate_address(AssociationId=association)
    assert world.ask_one(function, "talk", "kept", 1.0) == SILENT


def test_one_bad_subnet_of_several_can_make_failures_come_and_go(world: RowWorld) -> None:
    """2.7: each environment is in one of the subnets, and has its route, or the Elastic IP of its interface."""
    place, nat = world.private()
    bad = world.subnet(place.vpc, "10.0.2.0/24", "b")
    table = world.table(place.vpc, bad)
    function = world.function(place, subnets=[place.subnet, bad])
    assert seen_by_many(world, function, "get", CHECKIP) == {nat.public_ip, TIMED_OUT}
    world.route(table, GatewayId=gateway_of(world, place.vpc))
    allocation, address = world.address()
    [interface] = world.interfaces(**{"interface-type": "lambda", "subnet-id": bad})
    world.elastic(interface["NetworkInterfaceId"], allocation)
    assert seen_by_many(world, function, "get", CHECKIP) == {nat.public_ip, address}


def test_internet_gateway_can_move_to_another_vpc(world: RowWorld) -> None:
    """2.1: the first VPC's route is a blackhole, its interfaces take no Elastic IP; the other VPC has it all."""
    (place, gateway), other = world.public(), world.isolated("10.5.0.0/16")
    first, second = world.function(place), world.function(other)
    world.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=place.vpc)
    world.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=other.vpc)
    world.later(world.ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=other.vpc)
    world.route(other.table, GatewayId=gateway)
    allocation, address = world.address()
    with refused("Gateway.NotAttached", f"{place.vpc} is not attached to any internet gateway"):
        interface = world.interface_of(place)["NetworkInterfaceId"]
        world.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface)
    world.elastic(world.interface_of(other)["NetworkInterfaceId"], allocation)
    assert world.ask_one(second, "get", CHECKIP) == address
    assert world.ask_one(first, *OUT) == TIMED_OUT


def test_secondary_range_can_use_what_the_first_one_has(world: RowWorld) -> None:
    """2.1, 2.5: from 100.64.0.0/16 through NAT out; the resolver is at the base of the primary range plus two."""
    place, nat = world.private()
    made = world.ec2.associate_vpc_cidr_block(VpcId=place.vpc, CidrBlock="100.64.0.0/16")
    world.later(world.ec2.disassociate_vpc_cidr_block, AssociationId=made["CidrBlockAssociation"]["AssociationId"])
    subnet = world.subnet(place.vpc, "100.64.1.0/24", "b")
    world.associate(place.table, subnet)
    function = world.function(place, subnets=[subnet])
    source, name, *asked = world.ask(
        function,
        ("get", CHECKIP),
        ("resolve", "example.com"),
        ("ask_resolver", "10.0.0.2", "example.com"),
        ("ask_resolver", "169.254.169.253", "example.com"),
        ("ask_resolver", "100.64.0.2", "example.com", 1.0),
    )
    assert source == nat.public_ip
    assert asked == [name[0], name[0], SILENT]


def test_association_can_be_replaced_under_an_open_connection(world: RowWorld) -> None:
    """2.1: ReplaceRouteTableAssociation holds for the next packet of connections that are open, both ways."""
    place, nat = world.private()
    function = world.function(place)
    [association] = world.ec2.describe_route_tables(RouteTableIds=[place.table])["RouteTables"][0]["Associations"]
    empty, held = world.table(place.vpc), association["RouteTableAssociationId"]
    assert world.ask_one(function, "hold", "kept", INTERNET_HOST) == "HTTP/1.1 200 OK"
    for table, expected in ((empty, TIMED_OUT), (place.table, CONNECTED)):
        held = world.ec2.replace_route_table_association(AssociationId=held, RouteTableId=table)[
            "NewAssociationId"
        ]
        world.later(world.ec2.disassociate_route_table, AssociationId=held)
        assert world.ask_one(function, *OUT) == expected
        if table == empty:
            assert world.ask_one(function, "talk", "kept", 1.0) == SILENT
    assert world.ask_one(function, "hold", "again", INTERNET_HOST) == "HTTP/1.1 200 OK"
    world.ec2.delete_nat_gateway(NatGatewayId=nat.id)
    assert world.ask_one(function, "talk", "again", 1.0) == SILENT, "a deleted NAT gateway says nothing"


def test_address_that_nobody_has_cannot_answer(world: RowWorld) -> None:
    """2.6: the router, network and broadcast addresses, unused ones, metadata, itself: silence; not loopback."""
    place, _ = world.private()
    function = world.function(place)
    itself = world.interface_of(place)["PrivateIpAddress"]
    nobody = ("10.0.0.1", "10.0.1.1", "10.0.1.0", "10.0.1.255", "10.0.1.200", "10.0.200.9", "169.254.169.254")
    silent = (
        *nobody,
        "169.254.170.2",
        "169.254.169.123",
        "100.64.0.1",
        "0.1.2.3",
        "240.0.0.1",
        "10.0.0.2",
        itself,
    )
    asks = [("connect", address, 80) for address in silent]
    assert world.ask(function, *asks) == [TIMED_OUT] * len(silent)
    local = ("connect", "127.0.0.1", 80), ("connect", "0.0.0.0", 80), ("connect", INTERNET_HOST, 81)  # noqa: S104
    assert world.ask(function, *local) == [REFUSED] * 3


def test_function_cannot_be_a_middlebox(world: RowWorld) -> None:
    """2.3: a route by a function's interface, which checks destinations and has no way in: timeout."""
    place, _ = world.private()
    subnet = world.subnet(place.vpc, "10.0.2.0/24", "b")
    table = world.table(place.vpc, subnet)
    world.function(place)
    world.route(table, NetworkInterfaceId=world.interface_of(place)["NetworkInterfaceId"])
    assert world.ask_one(world.function(place, subnets=[subnet]), *OUT) == TIMED_OUT


def test_static_route_can_win_over_a_prefix_list(world: RowWorld) -> None:
    """2.1: of equal prefixes the static route counts, whichever came first; a list's longer one still wins."""
    place, nat = world.private()
    other = world.nat(nat.subnet)
    listed = world.ec2.create_managed_prefix_list(
        PrefixListName="near", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/25"}]
    )["PrefixList"]["PrefixListId"]
    world.later(world.ec2.delete_managed_prefix_list, PrefixListId=listed)
    route = {"RouteTableId": place.table, "DestinationPrefixListId": listed}
    world.ec2.create_route(**route, NatGatewayId=other.id)
    world.later(world.ec2.delete_route, **route)
    function = world.function(place)
    asks = ("get", NEAR), ("get", FAR)
    assert world.ask(function, *asks) == [other.public_ip, nat.public_ip]
    world.route(place.table, "198.51.100.0/25", NatGatewayId=nat.id)
    assert world.ask(function, *asks) == [nat.public_ip] * 2
