"""The rows about ways to the internet: gateways, NAT, routes (behaviours 2.1, 2.2)."""

import pytest
from botocore.exceptions import WaiterError

from tests.integration.row_cloud import refused
from tests.integration.row_world import CHECKIP, CONNECTED, INTERNET_HOST, TIMED_OUT, Place, RowWorld

OUT = ("connect", INTERNET_HOST)


def test_function_without_vpc_can_reach_the_internet(world: RowWorld) -> None:
    """R01: no VPC: internet ok, from an address of AWS's own."""
    source = world.ask_one(world.function(), "get", CHECKIP)
    assert source.startswith("203.0.113.24"), source
    assert not world.ec2.describe_addresses(PublicIps=[], Filters=[{"Name": "public-ip", "Values": [source]}])[
        "Addresses"
    ]


def test_public_subnet_cannot_give_a_function_internet(world: RowWorld) -> None:
    """R03, C22: 0.0.0.0/0 to the internet gateway and MapPublicIpOnLaunch: timeout, and no public address."""
    place, _ = world.public()
    function = world.function(place)
    assert world.ask_one(function, *OUT) == TIMED_OUT
    assert "Association" not in world.interface_of(place)


def test_elastic_address_can_give_a_function_internet(world: RowWorld) -> None:
    """R06: R03 with an Elastic IP on Lambda's interface: internet and EC2's API ok, source is the address."""
    place, _ = world.public()
    function = world.function(place)
    allocation, address = world.address()
    association = world.elastic(world.interface_of(place)["NetworkInterfaceId"], allocation)
    asks = ("get", CHECKIP), ("call", "ec2", "describe_vpcs")
    assert world.ask(function, *asks) == [address, 200]
    assert world.interface_of(place)["Association"]["PublicIp"] == address
    world.ec2.disassociate_address(AssociationId=association)
    assert world.ask_one(function, *OUT) == TIMED_OUT


def test_default_vpc_can_be_public(world: RowWorld) -> None:
    """R03, R06 in the default VPC: it has a gateway and public subnets; a function needs an Elastic IP too."""
    (vpc,) = world.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    of_vpc = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    subnet = world.ec2.describe_subnets(Filters=of_vpc)["Subnets"][0]
    assert (subnet["DefaultForAz"], subnet["MapPublicIpOnLaunch"]) == (True, True)
    (table,) = world.ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    place = Place(vpc["VpcId"], subnet["SubnetId"], table["RouteTableId"], world.group(vpc["VpcId"]))
    function = world.function(place)
    assert world.ask_one(function, *OUT) == TIMED_OUT
    allocation, address = world.address()
    world.elastic(world.interface_of(place)["NetworkInterfaceId"], allocation)
    assert world.ask_one(function, "get", CHECKIP) == address


def test_elastic_address_can_serve_another_interface(world: RowWorld) -> None:
    """An address that moves to another interface serves that one, and the first one no longer."""
    place, gateway = world.public()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    world.associate(place.table, other)
    there = type(place)(place.vpc, other, place.table, place.group)
    first, second = world.function(place), world.function(there)
    allocation, address = world.address()
    world.elastic(world.interface_of(place)["NetworkInterfaceId"], allocation)
    assert world.ask_one(first, "get", CHECKIP) == address
    to = world.interface_of(there)["NetworkInterfaceId"]
    with refused("Resource.AlreadyAssociated"):
        world.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=to, AllowReassociation=False)
    moved = world.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=to, AllowReassociation=True)
    world.later(world.ec2.disassociate_address, AssociationId=moved["AssociationId"])
    assert world.ask_one(second, "get", CHECKIP) == address
    assert world.ask_one(first, *OUT) == TIMED_OUT
    assert gateway


def test_private_subnet_can_reach_the_internet_through_nat(world: RowWorld) -> None:
    """R07: 0.0.0.0/0 to a NAT gateway in a public subnet: ok, source is its Elastic IP."""
    place, nat = world.private()
    asks = ("get", CHECKIP), ("get", "http://example.com/"), ("call", "sts", "get_caller_identity")
    assert world.ask(world.function(place), *asks) == [nat.public_ip, nat.public_ip, 200]


def test_internet_can_have_whom_everybody_asks(world: RowWorld) -> None:
    """The simulated internet answers under a few names and addresses that probes commonly use, for NAT alone."""
    urls = "https://api.ipify.org/", "http://ifconfig.me/", "https://www.google.com/", "https://1.1.1.1/"
    place, nat = world.private()
    assert world.ask(world.function(place), *[("get", url) for url in urls]) == [nat.public_ip] * 4
    asks = ("connect", "www.google.com"), ("connect", "1.1.1.1"), ("connect", "8.8.8.8", 53)
    assert world.ask(world.function(world.isolated()), *asks) == [TIMED_OUT] * 3


def test_isolated_subnet_cannot_reach_the_internet_or_s3(world: RowWorld) -> None:
    """R09: the local route alone: names resolve, connections time out."""
    function = world.function(world.isolated())
    name, s3, bucket, out = world.ask(
        function,
        ("resolve", "checkip.amazonaws.com"),
        ("connect", "s3.us-east-1.amazonaws.com"),
        ("call", "s3", "list_buckets"),
        OUT,
    )
    assert name[0].startswith("198.51.100.")
    assert (s3, out) == (TIMED_OUT, TIMED_OUT)
    assert bucket.startswith("ConnectTimeoutError: Connect timeout on endpoint URL: "), bucket


def test_nat_in_a_private_subnet_cannot_lead_out(world: RowWorld) -> None:
    """R39: the NAT gateway's own subnet has no route to the internet gateway: timeout; with one: ok."""
    place, nat = world.private()
    function = world.function(place)
    gateway = world.ec2.describe_route_tables(RouteTableIds=[nat.table])["RouteTables"][0]["Routes"][1][
        "GatewayId"
    ]
    world.ec2.delete_route(RouteTableId=nat.table, DestinationCidrBlock="0.0.0.0/0")
    assert world.ask_one(function, *OUT) == TIMED_OUT
    world.route(nat.table, GatewayId=gateway)
    assert world.ask_one(function, *OUT) == CONNECTED


def test_nat_in_the_subnet_that_it_serves_cannot_lead_out(world: RowWorld) -> None:
    """R39's other form: a NAT gateway in Lambda's own subnet, whose default route is that gateway."""
    place, _ = world.private()
    inner = world.nat(place.subnet)
    world.ec2.replace_route(RouteTableId=place.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=inner.id)
    assert world.ask_one(world.function(place), *OUT) == TIMED_OUT


def test_public_nat_cannot_be_made_without_an_internet_gateway(world: RowWorld) -> None:
    """R42: the state ends failed, with the documented message."""
    place = world.isolated()
    allocation, _ = world.address()
    made = world.ec2.create_nat_gateway(SubnetId=place.subnet, AllocationId=allocation)["NatGateway"]
    identifier = made["NatGatewayId"]
    with pytest.raises(WaiterError):
        world.ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[identifier])
    (found,) = world.ec2.describe_nat_gateways(NatGatewayIds=[identifier])["NatGateways"]
    assert found["State"] == "failed"
    assert found["FailureMessage"] == f"Network {place.vpc} has no internet gateway attached"
    assert found["FailureCode"] == "Gateway.NotAttached"


def test_private_nat_cannot_reach_the_internet(world: RowWorld) -> None:
    """2.2: a private NAT gateway with a route to the internet gateway: the internet gateway drops the traffic."""
    place, nat = world.private()
    made = world.ec2.create_nat_gateway(SubnetId=nat.subnet, ConnectivityType="private")["NatGateway"]
    world.later(world.delete_nat, made["NatGatewayId"])
    world.ec2.replace_route(
        RouteTableId=place.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made["NatGatewayId"]
    )
    assert world.ask_one(world.function(place), *OUT) == TIMED_OUT


def state_of(world: RowWorld, table: str, destination: str = "0.0.0.0/0") -> str:
    """The state of the table's route to the destination."""
    (described,) = world.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    (state,) = [
        route["State"] for route in described["Routes"] if route.get("DestinationCidrBlock") == destination
    ]
    return str(state)


def test_deleted_nat_can_leave_a_blackhole(world: RowWorld) -> None:
    """R43: the route stays with State blackhole: timeout; the address can be released."""
    place, nat = world.private()
    function = world.function(place)
    assert world.ask_one(function, *OUT) == CONNECTED
    world.delete_nat(nat.id)
    assert state_of(world, place.table) == "blackhole"
    assert world.ask_one(function, *OUT) == TIMED_OUT
    world.ec2.release_address(AllocationId=nat.allocation)


def test_blackhole_cannot_fall_through_to_a_shorter_route(world: RowWorld) -> None:
    """2.1: the blackhole still wins its match; destinations outside it go on."""
    place, nat = world.private()
    other = world.nat(nat.subnet)
    world.route(place.table, "198.51.100.0/25", NatGatewayId=other.id)
    function = world.function(place)
    assert world.ask_one(function, "get", f"http://{INTERNET_HOST}/") == other.public_ip
    world.delete_nat(other.id)
    assert state_of(world, place.table, "198.51.100.0/25") == "blackhole"
    assert world.ask(function, OUT, ("get", "http://198.51.100.200/")) == [TIMED_OUT, nat.public_ip]


def test_detached_internet_gateway_can_leave_a_blackhole(world: RowWorld) -> None:
    """2.1: the NAT gateway's way out is gone; attached again it is there again."""
    place, nat = world.private()
    function = world.function(place)
    (gateway,) = world.ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [place.vpc]}]
    )["InternetGateways"]
    identifier = gateway["InternetGatewayId"]
    with refused("DependencyViolation", "mapped public address"):
        world.ec2.detach_internet_gateway(InternetGatewayId=identifier, VpcId=place.vpc)
    world.delete_nat(nat.id)
    world.ec2.detach_internet_gateway(InternetGatewayId=identifier, VpcId=place.vpc)
    assert state_of(world, nat.table) == "blackhole"
    assert world.ask_one(function, *OUT) == TIMED_OUT
    world.ec2.attach_internet_gateway(InternetGatewayId=identifier, VpcId=place.vpc)
    assert state_of(world, nat.table) == "active"


def test_replaced_route_can_hold_for_the_next_packet(world: RowWorld) -> None:
    """2.1: ReplaceRoute to another NAT gateway: the next connection comes from its address; warm environment.

    A connection that is open meanwhile is unknown to the other gateway, which resets it.
    """
    place, nat = world.private()
    other = world.nat(nat.subnet)
    function = world.function(place)
    seen = [world.ask_one(function, "get", CHECKIP)]
    assert world.ask_one(function, "hold", "kept", INTERNET_HOST) == "HTTP/1.1 200 OK"
    for gateway in (other, nat):
        world.ec2.replace_route(
            RouteTableId=place.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway.id
        )
        seen.append(world.ask_one(function, "get", CHECKIP))
        if gateway is other:
            assert world.ask_one(function, "talk", "kept").startswith("ConnectionResetError")
    assert seen == [nat.public_ip, other.public_ip, nat.public_ip]


def test_longest_prefix_can_win(world: RowWorld) -> None:
    """2.1: a more specific route sends its part another way, whatever the order of creation."""
    place, nat = world.private()
    other = world.nat(nat.subnet)
    world.route(place.table, f"{INTERNET_HOST}/32", NatGatewayId=other.id)
    asks = ("get", f"http://{INTERNET_HOST}/"), ("get", "http://198.51.100.8/")
    assert world.ask(world.function(place), *asks) == [other.public_ip, nat.public_ip]


def test_subnet_without_association_can_follow_the_main_table(world: RowWorld) -> None:
    """2.1: disassociated, the subnet falls back to the main table; what that says is what happens."""
    place, nat = world.private()
    function = world.function(place)
    tables = world.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])["RouteTables"]
    (main,) = [one["RouteTableId"] for one in tables if any(each["Main"] for each in one["Associations"])]
    (association,) = [
        each["RouteTableAssociationId"]
        for one in tables
        for each in one["Associations"]
        if each.get("SubnetId") == place.subnet
    ]
    assert world.ask_one(function, *OUT) == CONNECTED
    world.ec2.disassociate_route_table(AssociationId=association)
    assert world.ask_one(function, *OUT) == TIMED_OUT
    world.route(main, NatGatewayId=nat.id)
    assert world.ask_one(function, *OUT) == CONNECTED
    world.associate(world.table(place.vpc), place.subnet)
    assert world.ask_one(function, *OUT) == TIMED_OUT


def test_main_table_can_be_another_one(world: RowWorld) -> None:
    """2.1: ReplaceRouteTableAssociation on the main association changes what unassociated subnets follow."""
    place, _ = world.private()
    subnet = world.subnet(place.vpc, "10.0.7.0/24", "b")
    function = world.function(place, subnets=[subnet])
    assert world.ask_one(function, *OUT) == TIMED_OUT
    tables = world.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])["RouteTables"]
    (main,) = [
        (one["RouteTableId"], each["RouteTableAssociationId"])
        for one in tables
        for each in one["Associations"]
        if each["Main"]
    ]
    made = world.ec2.replace_route_table_association(AssociationId=main[1], RouteTableId=place.table)
    world.later(
        world.ec2.replace_route_table_association,
        AssociationId=made["NewAssociationId"],
        RouteTableId=main[0],
    )
    assert world.ask_one(function, *OUT) == CONNECTED


def test_two_vpcs_can_have_the_same_range(world: RowWorld) -> None:
    """Equal ranges in two VPCs: each function leaves by its own gateway and meets its own neighbours."""
    (one, nat), (other, other_nat) = world.private(), world.private()
    assert world.ask_one(world.function(one), "get", CHECKIP) == nat.public_ip
    assert world.ask_one(world.function(other), "get", CHECKIP) == other_nat.public_ip


def test_secondary_range_can_be_local(world: RowWorld) -> None:
    """2.1: a secondary CIDR gets a local route in every table, and its subnets reach the first ones."""
    place = world.isolated()
    made = world.ec2.associate_vpc_cidr_block(VpcId=place.vpc, CidrBlock="10.99.0.0/16")
    world.later(world.ec2.disassociate_vpc_cidr_block, AssociationId=made["CidrBlockAssociation"]["AssociationId"])
    subnet = world.subnet(place.vpc, "10.99.1.0/24", "b")
    (described,) = world.ec2.describe_route_tables(RouteTableIds=[place.table])["RouteTables"]
    assert {(one["DestinationCidrBlock"], one["GatewayId"]) for one in described["Routes"]} == {
        ("10.0.0.0/16", "local"),
        ("10.99.0.0/16", "local"),
    }
    world.open_endpoint(place, "sts")
    function = world.function(place, subnets=[subnet])
    (address,) = world.ask_one(function, "resolve", "sts.us-east-1.amazonaws.com")
    assert address.startswith("10.0.1.")
    assert world.ask_one(function, "call", "sts", "get_caller_identity") == 200


def test_public_access_can_be_blocked(world: RowWorld) -> None:
    """R68: VPC Block Public Access on, NAT otherwise fine: timeout; by ingress only, or with an exclusion: ok.

    What stays inside the VPC, and functions of AWS's own VPC, are not concerned.
    """
    place, nat = world.private()
    world.open_endpoint(place, "sts")
    function, outside = world.function(place), world.function()
    asks = (OUT, ("call", "sts", "get_caller_identity"))
    try:
        for mode, exclusion, expected in (
            ("block-bidirectional", None, TIMED_OUT),
            ("block-ingress", None, CONNECTED),
            ("block-bidirectional", {"SubnetId": nat.subnet}, CONNECTED),
            ("block-bidirectional", {"VpcId": place.vpc}, CONNECTED),
        ):
            world.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode=mode)
            made = exclusion and world.ec2.create_vpc_block_public_access_exclusion(
                **exclusion, InternetGatewayExclusionMode="allow-egress"
            )
            assert world.ask(function, *asks) == [expected, 200], (mode, exclusion)
            assert world.ask_one(outside, *OUT) == CONNECTED
            if made:
                identifier = made["VpcBlockPublicAccessExclusion"]["ExclusionId"]
                world.ec2.delete_vpc_block_public_access_exclusion(ExclusionId=identifier)
    finally:
        world.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="off")
    assert world.ask_one(function, *OUT) == CONNECTED


def test_private_destination_cannot_leave_by_the_internet_gateway(world: RowWorld) -> None:
    """2.1: the internet gateway drops RFC 1918 destinations; nobody answers for unused public addresses."""
    place, _ = world.private()
    asks = [("connect", address) for address in ("172.20.1.1", "10.1.2.3", "100.64.0.1", "203.0.113.200")]
    assert world.ask(world.function(place), *asks) == [TIMED_OUT] * 4
