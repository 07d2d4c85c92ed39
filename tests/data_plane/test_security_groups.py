"""Security groups, between hosts."""

from dataclasses import replace

from tests.data_plane.networks import anywhere, from_group, from_range, route, two_subnets
from tests.data_plane.world import TIMED_OUT, World, says
from vpclab.network.model import InterfaceType, SecurityGroupRule, TargetKind


def test_host_can_reach_another_subnet_through_the_local_route() -> None:
    """The local route covers the VPC's range; open groups and ACLs let a host reach another."""
    with World(two_subnets().network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == "10.0.1.10"


def test_group_can_admit_a_port_and_refuse_another() -> None:
    """A group admits what a rule of it names; the rest is dropped, and the group is named."""
    draft = two_subnets()
    draft.group("sg-vpc-a", "vpc-a", ingress=(from_range("10.0.1.0/24", "tcp", 443),))
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10", 443)
        world.listen("eni-right", "10.0.2.10", 5432)
        assert world.connect("eni-left", "10.0.2.10", 443) == "10.0.1.10"
        assert world.connect("eni-left", "10.0.2.10", 5432) == TIMED_OUT
        drop = world.drop()
        assert (drop.kind, drop.component, drop.code) == ("security-group", "sg-vpc-a", "ENI_SG_RULES_MISMATCH")
        assert (drop.interface_id, drop.destination_port, drop.vpc_id) == ("eni-right", 5432, "vpc-a")
        assert drop.reason == "no ingress rule of sg-vpc-a admits it"


def test_group_can_admit_a_range_of_ports() -> None:
    """A rule names a range of ports, both ends included."""
    draft = two_subnets()
    draft.group("sg-vpc-a", "vpc-a", ingress=(anywhere("tcp", 8000, 8010),))
    with World(draft.network()) as world:
        for port in (8000, 8010, 8011):
            world.listen("eni-right", "10.0.2.10", port)
        assert [world.connect("eni-left", "10.0.2.10", port) for port in (8000, 8010, 8011)] == [
            "10.0.1.10",
            "10.0.1.10",
            TIMED_OUT,
        ]


def test_group_can_refuse_within_one_subnet() -> None:
    """Groups are judged at the interface, so also between two hosts of one subnet."""
    draft = two_subnets()
    draft.group("sg-closed", "vpc-a", ingress=())
    draft.interface("eni-beside", "subnet-left", "10.0.1.11", "sg-closed")
    with World(draft.network()) as world:
        world.listen("eni-beside", "10.0.1.11")
        assert world.connect("eni-left", "10.0.1.11") == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-closed", "SG_HAS_NO_RULES")
        world.listen("eni-left", "10.0.1.10")
        assert world.connect("eni-beside", "10.0.1.10") == "10.0.1.11"


def test_group_without_egress_rules_cannot_send_anything() -> None:
    """SG_HAS_NO_RULES: a group with no egress rule at all lets nothing out."""
    draft = two_subnets()
    draft.group("sg-mute", "vpc-a", egress=())
    draft.interface("eni-left", "subnet-left", "10.0.1.10", "sg-mute")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        world.listen("eni-left", "10.0.1.10")
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-mute", "SG_HAS_NO_RULES")
        assert world.drop().interface_id == "eni-left"
        assert world.connect("eni-right", "10.0.1.10") == "10.0.2.10"  # replies need no rule


def test_egress_rule_cannot_admit_another_port() -> None:
    """A group with egress to 443 only lets no connection to 5432 out (ENI_SG_RULES_MISMATCH)."""
    draft = two_subnets()
    draft.group("sg-web", "vpc-a", egress=(anywhere("tcp", 443),))
    draft.interface("eni-left", "subnet-left", "10.0.1.10", "sg-web")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10", 443)
        world.listen("eni-right", "10.0.2.10", 5432)
        assert world.connect("eni-left", "10.0.2.10", 443) == "10.0.1.10"
        assert world.connect("eni-left", "10.0.2.10", 5432) == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-web", "ENI_SG_RULES_MISMATCH")


def test_group_reference_can_admit_members_only() -> None:
    """A rule that references a group admits the private addresses of interfaces that carry it, and no others."""
    draft = two_subnets()
    draft.group("sg-clients", "vpc-a")
    draft.group("sg-database", "vpc-a", ingress=(from_group("sg-clients", "tcp", 443),))
    draft.interface("eni-right", "subnet-right", "10.0.2.10", "sg-database")
    draft.interface("eni-client", "subnet-left", "10.0.1.11", "sg-clients")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-client", "10.0.2.10") == "10.0.1.11"
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-database", "ENI_SG_RULES_MISMATCH")


def test_group_that_references_itself_can_admit_its_members() -> None:
    """The default group admits what carries it, and only by naming itself: carrying one group is no permission."""
    draft = two_subnets()
    draft.group("sg-self", "vpc-a", ingress=(from_group("sg-self"),))
    draft.group("sg-plain", "vpc-a", ingress=())
    draft.interface("eni-one", "subnet-left", "10.0.1.21", "sg-self")
    draft.interface("eni-two", "subnet-right", "10.0.2.21", "sg-self")
    draft.interface("eni-three", "subnet-left", "10.0.1.31", "sg-plain")
    draft.interface("eni-four", "subnet-right", "10.0.2.31", "sg-plain")
    with World(draft.network()) as world:
        world.listen("eni-two", "10.0.2.21")
        world.listen("eni-four", "10.0.2.31")
        assert world.connect("eni-one", "10.0.2.21") == "10.0.1.21"
        assert world.connect("eni-three", "10.0.2.31") == TIMED_OUT


def test_several_groups_can_admit_what_one_of_them_admits() -> None:
    """An interface's groups are a union: it is enough that one admits. A refusal names them all."""
    draft = two_subnets()
    draft.group("sg-web", "vpc-a", ingress=(anywhere("tcp", 443),))
    draft.group("sg-ssh", "vpc-a", ingress=(anywhere("tcp", 22),))
    draft.interface("eni-right", "subnet-right", "10.0.2.10", "sg-web", "sg-ssh")
    with World(draft.network()) as world:
        for port in (22, 443, 25):
            world.listen("eni-right", "10.0.2.10", port)
        assert world.connect("eni-left", "10.0.2.10", 443) == "10.0.1.10"
        assert world.connect("eni-left", "10.0.2.10", 22) == "10.0.1.10"
        assert world.connect("eni-left", "10.0.2.10", 25) == TIMED_OUT
        assert world.drop().component == "sg-ssh,sg-web"


def test_group_can_admit_a_prefix_list() -> None:
    """A rule may name a prefix list in place of a range."""
    draft = two_subnets()
    everywhere = route("0.0.0.0/0", TargetKind.INTERNET_GATEWAY, "igw-a")
    draft.internet_gateway("igw-a", "vpc-a")
    draft.routes("rtb-vpc-a", everywhere)
    draft.group("sg-s3", "vpc-a", egress=(SecurityGroupRule("tcp", 443, 443, prefix_list_id="pl-s3"),))
    draft.interface("eni-left", "subnet-left", "10.0.1.10", "sg-s3", public="203.0.113.7")
    with World(draft.network()) as world:
        world.listen("internet", "192.0.2.130")
        world.listen("internet", "198.51.100.1")
        assert world.connect("eni-left", "192.0.2.130") == "203.0.113.7"
        assert world.connect("eni-left", "198.51.100.1") == TIMED_OUT


def test_group_can_admit_one_icmp_type() -> None:
    """ICMP rules name a type: echo requests pass where only they are admitted."""
    draft = two_subnets()
    draft.group("sg-ping", "vpc-a", ingress=(SecurityGroupRule("icmp", 8, -1, cidr=anywhere().cidr),))
    draft.interface("eni-right", "subnet-right", "10.0.2.10", "sg-ping")
    draft.interface("eni-beside", "subnet-right", "10.0.2.11", "sg-timestamp")
    draft.group("sg-timestamp", "vpc-a", ingress=(SecurityGroupRule("icmp", 13, -1, cidr=anywhere().cidr),))
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.ping("eni-left", "10.0.2.10")
        assert not world.ping("eni-left", "10.0.2.11")
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT


def test_group_can_admit_udp() -> None:
    """UDP is judged by its own rules; an answer belongs to the flow."""
    draft = two_subnets()
    draft.group("sg-udp", "vpc-a", ingress=(anywhere("udp", 5000),), egress=())
    draft.interface("eni-right", "subnet-right", "10.0.2.10", "sg-udp")
    with World(draft.network()) as world:
        world.listen_udp("eni-right", "10.0.2.10", 5000)
        world.listen_udp("eni-right", "10.0.2.10", 5001)
        assert world.ask_udp("eni-left", "10.0.2.10", 5000) == "10.0.1.10"
        assert world.ask_udp("eni-left", "10.0.2.10", 5001) == TIMED_OUT


def test_established_flow_can_outlive_its_rule() -> None:
    """A tracked flow goes on after its rule is gone; a new connection is refused."""
    draft = two_subnets()
    draft.group("sg-web", "vpc-a", ingress=(from_range("10.0.1.0/24", "tcp", 443),), egress=())
    draft.interface("eni-right", "subnet-right", "10.0.2.10", "sg-web")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        connection = world.connection("eni-left", "10.0.2.10")
        assert connection.recv(64) == b"10.0.1.10\n"
        draft.group("sg-web", "vpc-a", ingress=(), egress=())
        world.reconcile(draft.network())
        assert says(connection, "still there?") == "still there?"
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT


def test_group_change_can_admit_the_next_packet() -> None:
    """A rule counts as soon as the call that made it has returned."""
    draft = two_subnets()
    draft.group("sg-vpc-a", "vpc-a", ingress=())
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        draft.group("sg-vpc-a", "vpc-a")
        world.reconcile(draft.network())
        assert world.connect("eni-left", "10.0.2.10") == "10.0.1.10"
        draft.interfaces["eni-right"] = replace(draft.interfaces["eni-right"], security_group_ids=())
        world.reconcile(draft.network())
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        assert world.refusal() == ("security-group", "eni-right", "SG_HAS_NO_RULES")


def test_untracked_flow_cannot_outlive_its_rule() -> None:
    """Where everybody is admitted both ways a flow is not tracked: it ends with the rule, at the next packet."""
    draft = two_subnets()
    draft.group("sg-web", "vpc-a", ingress=(anywhere("tcp", 443),))
    draft.interface("eni-right", "subnet-right", "10.0.2.10", "sg-web")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        connection = world.connection("eni-left", "10.0.2.10")
        assert connection.recv(64) == b"10.0.1.10\n"
        assert says(connection, "one") == "one"
        draft.group("sg-web", "vpc-a", ingress=())
        world.reconcile(draft.network())
        assert says(connection, "two") == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-web", "SG_HAS_NO_RULES")


def test_reply_of_an_untracked_flow_cannot_do_without_its_rule() -> None:
    """The replies of an untracked flow are admitted by the rule for their own direction."""
    draft = two_subnets()
    draft.group("sg-web", "vpc-a", ingress=(anywhere("tcp", 443),))
    draft.interface("eni-right", "subnet-right", "10.0.2.10", "sg-web")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        connection = world.connection("eni-left", "10.0.2.10")
        assert connection.recv(64) == b"10.0.1.10\n"
        draft.group("sg-web", "vpc-a", ingress=(anywhere("tcp", 443),), egress=())
        world.reconcile(draft.network())
        assert says(connection, "one") == TIMED_OUT
        assert world.drop(to="10.0.1.10").reason == "sg-web has no egress rule at all"
        assert world.connect("eni-left", "10.0.2.10") == "10.0.1.10"  # the new flow is tracked


def test_functions_flow_can_always_outlive_its_rule() -> None:
    """What passes a function's interface is tracked whatever the rules are."""
    draft = two_subnets()
    draft.group("sg-function", "vpc-a")
    draft.interface("eni-function", "subnet-left", "10.0.1.20", "sg-function", kind=InterfaceType.LAMBDA)
    draft.group("sg-tracked", "vpc-a", ingress=(from_range("10.0.0.0/16"),), egress=())
    draft.interface("eni-right", "subnet-right", "10.0.2.10", "sg-tracked")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        environment = world.data_plane.attach_environment("eni-function")
        connection = world.connection(environment.namespace, "10.0.2.10")
        assert connection.recv(64) == b"10.0.1.20\n"
        draft.group("sg-function", "vpc-a", ingress=(), egress=())
        world.reconcile(draft.network())
        assert says(connection, "one") == "one"
        assert world.connect(environment.namespace, "10.0.2.10") == TIMED_OUT
