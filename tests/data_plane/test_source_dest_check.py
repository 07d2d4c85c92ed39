"""Source/destination checks, and hosts that forward for others."""

import socket
import struct
from ipaddress import IPv4Address
from pathlib import Path

from tests.data_plane.networks import Draft, from_range, private_and_public, route, two_subnets
from tests.data_plane.world import TIMED_OUT, World
from vpclab.network.model import TargetKind

HOST = "198.51.100.7"
MASQUERADE = """
table ip instance {
  chain departure {
    type nat hook postrouting priority 100; policy accept;
    ip saddr 10.0.1.0/24 oifname "eth0" masquerade
  }
}
"""


def with_nat_instance(*, source_dest_check: bool) -> Draft:
    """A private subnet whose default route leads to a host with a public address."""
    draft = private_and_public()
    draft.group("sg-instance", "vpc-a", ingress=(from_range("10.0.1.0/24"),))
    draft.interface(
        "eni-instance",
        "subnet-public",
        "10.0.9.30",
        "sg-instance",
        public="203.0.113.30",
        source_dest_check=source_dest_check,
    )
    draft.routes("rtb-private", route("0.0.0.0/0", TargetKind.NETWORK_INTERFACE, "eni-instance"))
    return draft


def make_forwarding(world: World, place: str, ruleset: str = "") -> None:
    """Have the host behind an interface forward packets, as the owner of an instance would."""
    namespace = world.namespace(place)
    namespace.call(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
    namespace.call(lambda: Path("/proc/sys/net/ipv4/conf/all/send_redirects").write_text("0"))
    namespace.call(lambda: Path("/proc/sys/net/ipv4/conf/eth0/send_redirects").write_text("0"))
    if ruleset:
        namespace.run(["/usr/sbin/nft", "-f", "-"], text_input=ruleset)


def test_nat_instance_without_the_check_can_reach_the_internet() -> None:
    """A NAT instance needs the check off, a public address, and a group that admits the private subnet."""
    draft = with_nat_instance(source_dest_check=False)
    with World(draft.network()) as world:
        make_forwarding(world, "eni-instance", MASQUERADE)
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == "203.0.113.30"
        draft.group("sg-instance", "vpc-a", ingress=())
        world.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-instance", "SG_HAS_NO_RULES")


def test_nat_instance_with_the_check_cannot_forward() -> None:
    """With the check on, what is not for the instance's own address is dropped before it (2.2)."""
    with World(with_nat_instance(source_dest_check=True).network()) as world:
        make_forwarding(world, "eni-instance", MASQUERADE)
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("address", "eni-instance", "ENI_SOURCE_DEST_CHECK_RESTRICTION")


def test_host_cannot_send_from_an_address_that_is_not_its_own() -> None:
    """The check drops what claims another source."""
    with World(two_subnets().network()) as world:
        world.listen_udp("eni-right", "10.0.2.10", 5000)
        liar = world.namespace("eni-left").call(
            lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        )
        source, destination = IPv4Address("10.0.1.66").packed, IPv4Address("10.0.2.10").packed
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, socket.IPPROTO_UDP, 0, source, destination)
        liar.sendto(header + struct.pack("!HHHH", 4000, 5000, 8, 0), ("10.0.2.10", 0))
        assert world.refusal() == ("address", "eni-left", "ENI_SOURCE_DEST_CHECK_RESTRICTION")
        assert world.drop().source == "10.0.1.66"
        liar.close()


def with_middlebox() -> Draft:
    """Routes more specific than local lead both ways through a host in a third subnet."""
    draft = two_subnets()
    draft.subnet("subnet-middle", "vpc-a", "10.0.3.0/24")
    draft.interface("eni-middle", "subnet-middle", "10.0.3.10", source_dest_check=False)
    to_middle = TargetKind.NETWORK_INTERFACE
    draft.table("rtb-left", "vpc-a", route("10.0.2.0/24", to_middle, "eni-middle"))
    draft.table("rtb-right", "vpc-a", route("10.0.1.0/24", to_middle, "eni-middle"))
    draft.subnet("subnet-left", "vpc-a", "10.0.1.0/24", table="rtb-left")
    draft.subnet("subnet-right", "vpc-a", "10.0.2.0/24", table="rtb-right")
    return draft


def test_middlebox_can_stand_between_two_subnets() -> None:
    """A static route longer than the local one is allowed to lead to an interface; the source stays what it is."""
    draft = with_middlebox()
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT  # nothing forwards yet
        make_forwarding(world, "eni-middle")
        assert world.connect("eni-left", "10.0.2.10") == "10.0.1.10"


def test_middlebox_can_be_guarded_by_its_own_groups() -> None:
    """The groups of the forwarding interface judge what passes it, for themselves."""
    draft = with_middlebox()
    draft.group("sg-middle", "vpc-a", ingress=(from_range("10.0.1.0/24", "tcp", 443),))
    draft.interface("eni-middle", "subnet-middle", "10.0.3.10", "sg-middle", source_dest_check=False)
    with World(draft.network()) as world:
        make_forwarding(world, "eni-middle")
        world.listen("eni-right", "10.0.2.10", 443)
        world.listen("eni-right", "10.0.2.10", 5432)
        assert world.connect("eni-left", "10.0.2.10", 443) == "10.0.1.10"
        assert world.connect("eni-left", "10.0.2.10", 5432) == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-middle", "ENI_SG_RULES_MISMATCH")


def test_default_source_can_be_the_interfaces_address() -> None:
    """A host behind an interface sends from the interface's address without being told."""
    with World(two_subnets().network()) as world:

        def source() -> str:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.connect(("10.0.2.10", 9))
                return str(asking.getsockname()[0])

        assert world.namespace("eni-left").call(source) == "10.0.1.10"
