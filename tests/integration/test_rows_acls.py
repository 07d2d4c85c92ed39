"""The rows about network ACLs (behaviours 2.4)."""

from typing import Any

from tests.integration.row_world import CONNECTED, INTERNET_HOST, TIMED_OUT, Place, RowWorld

OUT = ("connect", INTERNET_HOST)
STS = "sts.us-east-1.amazonaws.com"
EPHEMERAL = (1024, 65535)
MANY = 24


class Acl:
    """A custom network ACL at the boundary of one subnet, empty at first: it denies everything."""

    def __init__(self, world: RowWorld, vpc: str, subnet: str) -> None:
        self._ec2 = world.ec2
        self.id = self._ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
        world.later(self._ec2.delete_network_acl, NetworkAclId=self.id)
        (before,) = self._ec2.describe_network_acls(
            Filters=[{"Name": "association.subnet-id", "Values": [subnet]}]
        )["NetworkAcls"]
        (association,) = [one for one in before["Associations"] if one["SubnetId"] == subnet]
        made = self._ec2.replace_network_acl_association(
            AssociationId=association["NetworkAclAssociationId"], NetworkAclId=self.id
        )
        world.later(
            self._ec2.replace_network_acl_association,
            AssociationId=made["NewAssociationId"],
            NetworkAclId=before["NetworkAclId"],
        )

    def entry(  # noqa: PLR0913 - what an entry has
        self,
        number: int,
        ports: tuple[int, int] | None = None,
        *,
        egress: bool = False,
        action: str = "allow",
        cidr: str = "0.0.0.0/0",
        replace: bool = False,
    ) -> None:
        """An entry for TCP and those ports, or for everything."""
        given: dict[str, Any] = {"Protocol": "-1"}
        if ports is not None:
            given = {"Protocol": "6", "PortRange": {"From": ports[0], "To": ports[1]}}
        call = self._ec2.replace_network_acl_entry if replace else self._ec2.create_network_acl_entry
        call(NetworkAclId=self.id, RuleNumber=number, Egress=egress, RuleAction=action, CidrBlock=cidr, **given)

    def drop(self, number: int, *, egress: bool = False) -> None:
        """Delete an entry."""
        self._ec2.delete_network_acl_entry(NetworkAclId=self.id, RuleNumber=number, Egress=egress)


def test_narrow_ephemeral_ports_can_fail_now_and_then(world: RowWorld) -> None:
    """R34: inbound 32768-65535 only: of many tries some time out and some do not; 1024-65535: none does."""
    place, _ = world.private()
    acl = Acl(world, place.vpc, place.subnet)
    acl.entry(100, egress=True)
    acl.entry(100, (32768, 65535))
    function = world.function(place)
    seen: list[str] = []
    for _turn in range(4):  # each try has an even chance: after 24, one in 8 million runs sees one kind only
        seen += world.ask(function, *[OUT] * MANY)
        if set(seen) == {CONNECTED, TIMED_OUT}:
            break
    assert set(seen) == {CONNECTED, TIMED_OUT}
    acl.entry(100, EPHEMERAL, replace=True)
    assert world.ask(function, *[OUT] * MANY) == [CONNECTED] * MANY


def test_custom_acl_can_only_pass_what_it_names(world: RowWorld) -> None:
    """2.4: a new custom ACL denies all; out and back must both be named, for ACLs have no state."""
    place, _ = world.private()
    function = world.function(place)
    acl = Acl(world, place.vpc, place.subnet)
    seen = [world.ask_one(function, *OUT)]
    acl.entry(100, (443, 443), egress=True)
    seen.append(world.ask_one(function, *OUT))
    acl.entry(100, EPHEMERAL)
    seen.append(world.ask_one(function, *OUT))
    acl.drop(100, egress=True)
    seen.append(world.ask_one(function, *OUT))
    assert seen == [TIMED_OUT, TIMED_OUT, CONNECTED, TIMED_OUT]


def test_lowest_matching_entry_can_decide(world: RowWorld) -> None:
    """2.4: ascending, the first match wins, whatever the order of creation."""
    place, _ = world.private()
    function = world.function(place)
    acl = Acl(world, place.vpc, place.subnet)
    acl.entry(200)
    acl.entry(200, egress=True)
    acl.entry(100, (443, 443), egress=True, action="deny", cidr=f"{INTERNET_HOST}/32")
    asks = OUT, ("connect", INTERNET_HOST, 80), ("connect", "198.51.100.8")
    assert world.ask(function, *asks) == [TIMED_OUT, CONNECTED, CONNECTED]
    acl.entry(50, (443, 443), egress=True)
    assert world.ask_one(function, *OUT) == CONNECTED


def test_acl_cannot_judge_within_a_subnet(world: RowWorld) -> None:
    """2.4: only what crosses the boundary is judged: a neighbour is reached through an ACL that denies all."""
    place = world.isolated()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    world.open_endpoint(place, "sts")
    inside, outside = world.function(place), world.function(place, subnets=[other])
    Acl(world, place.vpc, place.subnet)
    assert world.ask_one(inside, "connect", STS) == CONNECTED
    assert world.ask_one(outside, "connect", STS) == TIMED_OUT


def test_acl_of_the_endpoints_subnet_can_refuse(world: RowWorld) -> None:
    """2.4: the ACL of the endpoint's own subnet applies when that is another one."""
    place = world.isolated()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    world.open_endpoint(place, "sts", subnets=[other])
    function = world.function(place)
    acl = Acl(world, place.vpc, other)
    acl.entry(100, (443, 443))
    assert world.ask_one(function, "connect", STS) == TIMED_OUT
    acl.entry(100, EPHEMERAL, egress=True)
    assert world.ask_one(function, "connect", STS) == CONNECTED


def test_acl_of_the_nat_gateways_subnet_can_refuse(world: RowWorld) -> None:
    """2.2: the NAT gateway has no group, but the ACL of its subnet applies, on both of its sides."""
    place, nat = world.private()
    function = world.function(place)
    acl = Acl(world, place.vpc, nat.subnet)
    for number, egress in ((100, True), (100, False)):
        acl.entry(number, egress=egress)
    assert world.ask_one(function, *OUT) == CONNECTED
    acl.entry(50, action="deny", cidr="10.0.1.0/24")
    assert world.ask_one(function, *OUT) == TIMED_OUT
    acl.drop(50)
    acl.entry(50, EPHEMERAL, action="deny", cidr="198.51.100.0/24")
    assert world.ask_one(function, *OUT) == TIMED_OUT


def test_acl_cannot_block_the_resolver(world: RowWorld) -> None:
    """2.4: the same exclusions as for groups: the VPC's DNS answers through an ACL that denies all."""
    place = world.isolated()
    function = world.function(place)
    Acl(world, place.vpc, place.subnet)
    name, link_local, out = world.ask(
        function,
        ("resolve", "checkip.amazonaws.com"),
        ("ask_resolver", "169.254.169.253", "checkip.amazonaws.com"),
        OUT,
    )
    assert name == [link_local]
    assert out == TIMED_OUT


def test_gateway_endpoint_can_be_shut_by_an_acl(world: RowWorld) -> None:
    """2.5: the subnet's ACL must admit the prefix list's addresses."""
    place: Place = world.isolated()
    world.gateway_endpoint(place, "s3", place.table)
    function = world.function(place)
    acl = Acl(world, place.vpc, place.subnet)
    acl.entry(100, EPHEMERAL, cidr="192.0.2.128/26")
    ask = ("connect", "s3.us-east-1.amazonaws.com")
    assert world.ask_one(function, *ask) == TIMED_OUT
    acl.entry(100, (443, 443), egress=True, cidr="192.0.2.128/26")
    assert world.ask_one(function, *ask) == CONNECTED
