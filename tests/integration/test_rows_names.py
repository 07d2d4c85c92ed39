"""The rows about names and resolvers (behaviours 2.5)."""

import pytest

from tests.integration.row_world import IMPATIENT, NO_RESOLVER, NO_SUCH_NAME, TIMED_OUT, Place, RowWorld

PUBLIC_RESOLVER = "198.51.100.53"
CHECKIP = "checkip.amazonaws.com"


def resolvers(world: RowWorld, place: Place, *servers: str) -> None:
    """Have the VPC's DHCP options name these servers."""
    made = world.ec2.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name-servers", "Values": list(servers)}]
    )["DhcpOptions"]["DhcpOptionsId"]
    world.later(world.ec2.delete_dhcp_options, DhcpOptionsId=made)
    world.ec2.associate_dhcp_options(VpcId=place.vpc, DhcpOptionsId=made)
    world.later(world.ec2.associate_dhcp_options, VpcId=place.vpc, DhcpOptionsId="default")


def test_foreign_resolver_cannot_answer_an_isolated_subnet(world: RowWorld) -> None:
    """R26: an isolated subnet whose resolver is 8.8.8.8: gaierror -3 after the resolver's timeout."""
    place = world.isolated()
    resolvers(world, place, "8.8.8.8")
    assert world.ask_one(world.function(place), "resolve", CHECKIP) == NO_RESOLVER


@pytest.mark.parametrize("resolver", [PUBLIC_RESOLVER, "8.8.8.8"])
def test_foreign_resolver_can_answer_through_nat(world: RowWorld, resolver: str) -> None:
    """2.5: a custom resolver obeys routes like any host: through NAT it answers, and knows public names alone."""
    place, _ = world.private()
    world.open_endpoint(place, "sts")
    resolvers(world, place, resolver)
    function = world.function(place)
    (checkip,), (sts,), environment = world.ask(
        function, ("resolve", CHECKIP), ("resolve", "sts.us-east-1.amazonaws.com"), ("environment",)
    )
    assert checkip.startswith("198.51.100.")
    assert sts.startswith("192.0.2."), "private DNS is the VPC's own resolver's"
    assert f"nameserver {resolver}\n" in environment["resolv.conf"]


def test_foreign_resolver_can_be_shut_by_a_group(world: RowWorld) -> None:
    """2.5: a custom resolver obeys groups like any host: with egress 443 only it does not answer."""
    place, _ = world.private()
    resolvers(world, place, PUBLIC_RESOLVER)
    group = world.group(place.vpc, egress=False)
    world.admit(group, "0.0.0.0/0", 443, egress=True)
    function = world.function(place, groups=[group], environment=IMPATIENT)
    assert world.ask_one(function, "resolve", CHECKIP) == NO_RESOLVER


def test_resolver_can_be_switched_off(world: RowWorld) -> None:
    """2.5: enableDnsSupport=false: the resolver is off, at both of its addresses; on again: it answers."""
    place = world.isolated()
    world.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsSupport={"Value": False})
    function = world.function(place, environment=IMPATIENT)
    asks = (
        ("resolve", CHECKIP),
        ("ask_resolver", "10.0.0.2", CHECKIP, 1.0),
        ("ask_resolver", "169.254.169.253", CHECKIP, 1.0),
    )
    assert world.ask(function, *asks) == [NO_RESOLVER, TIMED_OUT, TIMED_OUT]
    world.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsSupport={"Value": True})
    (name,), *asked = world.ask(function, *[ask[:3] for ask in asks])
    assert asked == [name, name]


def test_new_vpc_can_resolve_but_has_no_host_names(world: RowWorld) -> None:
    """2.5: a new VPC that is not the default one: support true, hostnames false."""
    vpc = world.vpc(hostnames=False)
    given = {
        name: world.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[f"{name[0].upper()}{name[1:]}"]["Value"]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    }
    assert given == {"enableDnsSupport": True, "enableDnsHostnames": False}


@pytest.mark.parametrize("where", ["isolated", "no VPC"])
def test_name_that_nobody_has_cannot_resolve(world: RowWorld, where: str) -> None:
    """2.6: NXDOMAIN: gaierror -2, at once."""
    function = world.function(world.isolated() if where == "isolated" else None)
    names = ("nobody.example.invalid", "nosuchservice.us-east-1.amazonaws.com")
    assert world.ask(function, *[("resolve", name) for name in names]) == [NO_SUCH_NAME] * 2


def test_resolver_can_answer_at_both_addresses(world: RowWorld) -> None:
    """2.5: VPC+2 and 169.254.169.253, from an isolated subnet, for public names."""
    place = world.isolated("172.20.0.0/16")
    (name,), *asked = world.ask(
        world.function(place),
        ("resolve", CHECKIP),
        ("ask_resolver", "172.20.0.2", CHECKIP),
        ("ask_resolver", "169.254.169.253", CHECKIP),
    )
    assert asked == [name, name]


def test_resolver_cannot_be_asked_from_another_vpc(world: RowWorld) -> None:
    """A VPC's resolver is for its own interfaces."""
    world.isolated("10.1.0.0/16")
    assert world.ask_one(world.function(world.isolated()), "ask_resolver", "10.1.0.2", CHECKIP, 1.0) == TIMED_OUT


def test_nat_gateways_public_name_can_mean_its_private_address_at_home(world: RowWorld) -> None:
    """2.5: ec2-… names: the private address inside the VPC that gives names, the public one to everybody else."""
    place, nat = world.private()
    inside, outside = world.function(place), world.function()
    name = f"ec2-{nat.public_ip.replace('.', '-')}.compute-1.amazonaws.com"
    [(private,)] = world.ask(inside, ("resolve", name))
    assert private.startswith("10.0.100.")
    assert world.ask_one(outside, "resolve", name) == [nat.public_ip]
    assert world.ask_one(inside, "ask_resolver", "8.8.8.8", name) == nat.public_ip
    world.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsHostnames={"Value": False})
    assert world.ask_one(inside, "resolve", name) == [nat.public_ip]
