"""Network ACLs, at the boundary of a subnet."""

from ipaddress import IPv4Network

from tests.data_plane.networks import OPEN_ACL, Draft, two_subnets
from tests.data_plane.world import TIMED_OUT, World, says
from vpclab.network.model import NetworkAclEntry

EVERYWHERE = IPv4Network("0.0.0.0/0")
OPEN_EGRESS = OPEN_ACL[1]


def ingress(
    number: int, *, allow: bool, cidr: str = "0.0.0.0/0", ports: tuple[int, int] | None = None
) -> NetworkAclEntry:
    protocol = "-1" if ports is None else "6"
    return NetworkAclEntry(
        number,
        egress=False,
        protocol=protocol,
        allow=allow,
        cidr=IPv4Network(cidr),
        from_port=ports and ports[0],
        to_port=ports and ports[1],
    )


def guarded(*entries: NetworkAclEntry, subnet: str = "subnet-right", cidr: str = "10.0.2.0/24") -> Draft:
    draft = two_subnets()
    draft.acl("acl-guard", "vpc-a", *entries)
    draft.subnet(subnet, "vpc-a", cidr, acl="acl-guard")
    return draft


def test_new_acl_cannot_pass_anything() -> None:
    """A custom ACL without rules denies all traffic across the boundary, and is named."""
    with World(guarded().network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        drop = world.drop()
        assert (drop.kind, drop.component, drop.code) == ("network-acl", "acl-guard", "SUBNET_ACL_RESTRICTION")
        assert (drop.interface_id, drop.reason.split()[1], drop.rule) == ("eni-right", "ingress", "*")


def test_acl_cannot_judge_traffic_within_its_subnet() -> None:
    """An ACL is asked only where a packet crosses the subnet's boundary."""
    draft = guarded()
    draft.interface("eni-beside", "subnet-right", "10.0.2.11")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-beside", "10.0.2.10") == "10.0.2.11"
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT


def test_acl_without_a_rule_for_replies_cannot_pass_them() -> None:
    """An ACL has no memory: the answer to an admitted request needs a rule of its own (ephemeral ports)."""
    draft = guarded(ingress(100, allow=True, cidr="10.0.1.0/24", ports=(443, 443)))
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        drop = world.drop(to="10.0.1.10")  # the reply
        assert (drop.component, drop.reason.split()[1], drop.source_port) == ("acl-guard", "egress", 443)
        assert (drop.source_interface_id, drop.destination_interface_id) == ("eni-right", "eni-left")
        replies = NetworkAclEntry(
            100, egress=True, protocol="tcp", allow=True, cidr=EVERYWHERE, from_port=1024, to_port=65535
        )
        draft.acl("acl-guard", "vpc-a", *draft.acls["acl-guard"].entries, replies)
        world.reconcile(draft.network())
        assert world.connect("eni-left", "10.0.2.10") == "10.0.1.10"


def test_acl_can_refuse_the_reply_on_the_clients_side() -> None:
    """The boundary of the client's subnet is crossed by the reply as well."""
    draft = guarded(
        OPEN_EGRESS, ingress(10, allow=True, ports=(1, 1023)), subnet="subnet-left", cidr="10.0.1.0/24"
    )
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        assert world.drop(to="10.0.1.10").component == "acl-guard"


def test_lowest_matching_number_can_decide() -> None:
    """Rules are asked in the order of their numbers; the first that matches decides, and is named."""
    deny, allow = ingress(90, allow=False, cidr="10.0.1.10/32"), ingress(100, allow=True)
    draft = guarded(allow, deny, OPEN_EGRESS)
    draft.interface("eni-other", "subnet-left", "10.0.1.11")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        assert (world.drop().rule, world.drop().reason) == ("90", "the ingress rule 90 of acl-guard denies it")
        assert world.connect("eni-other", "10.0.2.10") == "10.0.1.11"
        draft.acl("acl-guard", "vpc-a", ingress(80, allow=True), deny, OPEN_EGRESS)
        world.reconcile(draft.network())
        assert world.connect("eni-left", "10.0.2.10") == "10.0.1.10"


def test_acl_change_can_cut_an_established_flow() -> None:
    """An ACL is asked for every packet, also of connections that it admitted before."""
    draft = guarded(*OPEN_ACL)
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        connection = world.connection("eni-left", "10.0.2.10")
        assert connection.recv(64) == b"10.0.1.10\n"
        draft.acl("acl-guard", "vpc-a")
        world.reconcile(draft.network())
        assert says(connection, "still there?") == TIMED_OUT


def test_acl_cannot_keep_a_subnet_from_the_resolver() -> None:
    """The VPC's resolver is subject to neither groups nor ACLs, and answers on both of its addresses."""
    draft = guarded(subnet="subnet-left", cidr="10.0.1.0/24")
    draft.group("sg-vpc-a", "vpc-a", ingress=(), egress=())
    with World(draft.network()) as world:
        world.listen_udp("vpc/vpc-a", "10.0.0.2", 53)
        world.listen_udp("vpc/vpc-a", "169.254.169.253", 53)
        world.listen("vpc/vpc-a", "10.0.0.2", 53)
        assert world.ask_udp("eni-left", "10.0.0.2", 53) == "10.0.1.10"
        assert world.ask_udp("eni-left", "169.254.169.253", 53) == "10.0.1.10"
        assert world.connect("eni-left", "10.0.0.2", 53) == "10.0.1.10"
        assert world.connect("eni-left", "10.0.0.2", 80) == TIMED_OUT
