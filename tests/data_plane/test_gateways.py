"""Internet gateways, NAT gateways and gateway endpoints."""

import socket
import struct
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.data_plane.networks import (
    Draft,
    from_group,
    from_range,
    private_and_public,
    route,
    two_subnets,
)
from tests.data_plane.world import TIMED_OUT, World, says
from tests.deadline import eventually
from vpclab.localcloud.data_plane import NatLimits
from vpclab.network.model import TargetKind

HOST = "198.51.100.7"
S3 = "192.0.2.130"
IDLE_TIMEOUT = Path("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established")
NO_PUBLIC_ADDRESS = ("internet-gateway", "igw-a", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")


def test_far_host_can_see_the_elastic_ip_of_the_nat_gateway() -> None:
    """Two translations: to the NAT gateway's private address, then to its Elastic IP."""
    with World(private_and_public().network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == "203.0.113.9"
        assert world.connect("eni-public", HOST) == "203.0.113.10"


def test_source_without_a_public_address_cannot_leave_through_the_internet_gateway() -> None:
    """The host in a public subnet without a public address: a time-out, and the gateway says why."""
    draft = private_and_public()
    draft.interface("eni-hidden", "subnet-public", "10.0.9.11")
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-hidden", HOST) == TIMED_OUT
        assert world.refusal() == NO_PUBLIC_ADDRESS
        assert world.drop().interface_id == "eni-hidden"
        assert world.connect("eni-public", HOST) == "203.0.113.10"


def test_elastic_ip_can_move_to_another_interface() -> None:
    """Associating an address counts from the next packet on, for the one that has it and the one that had it."""
    draft = private_and_public()
    draft.interface("eni-hidden", "subnet-public", "10.0.9.11")
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        connection = world.connection("eni-public", HOST)
        assert connection.recv(64) == b"203.0.113.10\n"
        draft.interfaces["eni-public"] = replace(draft.interfaces["eni-public"], public_ip=None)
        draft.interface("eni-hidden", "subnet-public", "10.0.9.11", public="203.0.113.10")
        world.reconcile(draft.network())
        assert world.connect("eni-hidden", HOST) == "203.0.113.10"
        assert says(connection, "still there?") == TIMED_OUT
        assert world.connect("eni-public", HOST) == TIMED_OUT


def test_internet_can_reach_a_public_address_as_groups_admit() -> None:
    """Inbound traffic to a public address meets the interface's groups; from elsewhere nothing comes in."""
    draft = private_and_public()
    with World(draft.network()) as world:
        world.listen("eni-public", "10.0.9.10")
        assert world.connect("internet", "203.0.113.10") == "198.51.100.1"
        draft.group("sg-vpc-a", "vpc-a", ingress=())
        world.reconcile(draft.network())
        assert world.connect("internet", "203.0.113.10") == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-vpc-a", "SG_HAS_NO_RULES")
        assert world.connect("internet", "203.0.113.200") == TIMED_OUT


def test_public_address_can_be_reached_from_inside_the_vpc() -> None:
    """Traffic to a public address leaves the VPC and comes back: the far side sees the public source."""
    draft = private_and_public()
    with World(draft.network()) as world:
        world.listen("eni-public", "10.0.9.10")
        assert world.connect("eni-private", "203.0.113.10") == "203.0.113.9"


def test_internet_gateway_cannot_send_to_private_addresses() -> None:
    """An internet gateway drops what is for RFC 1918 or RFC 6598 addresses outside the VPC."""
    with World(private_and_public().network()) as world:
        assert world.connect("eni-public", "192.168.1.1") == TIMED_OUT
        assert world.refusal() == ("internet-gateway", "igw-a", "IGW_DESTINATION_ADDRESS_IN_RFC1918_EGRESS")
        assert world.connect("eni-public", "100.64.0.1") == TIMED_OUT
        assert world.refusal() == ("internet-gateway", "igw-a", "IGW_DESTINATION_ADDRESS_IN_RFC6598_EGRESS")


def test_internet_cannot_answer_for_an_address_that_nothing_has() -> None:
    """The simulated internet drops what is for nobody."""
    with World(private_and_public().network()) as world:
        assert world.connect("eni-public", "8.8.9.9") == TIMED_OUT
        assert world.refusal() == ("address", "internet", "ADDRESS_NOT_IN_USE")
        assert world.drop().source_interface_id == "eni-public"
        assert world.connect("eni-private", "8.8.9.10") == TIMED_OUT
        drop = world.drop(to="8.8.9.10")
        assert (drop.source, drop.source_interface_id) == ("203.0.113.9", "eni-private")


def test_packet_refused_in_another_vpc_can_be_told_from_its_senders_interface() -> None:
    """Past a NAT gateway and both internet gateways, a packet is still known as that of its first sender."""
    draft = private_and_public()
    draft.vpc("vpc-b", "10.0.0.0/16")
    draft.internet_gateway("igw-b", "vpc-b")
    draft.table("rtb-b", "vpc-b", route("0.0.0.0/0", TargetKind.INTERNET_GATEWAY, "igw-b"))
    draft.subnet("subnet-b", "vpc-b", "10.0.1.0/24", table="rtb-b")
    draft.group("sg-b", "vpc-b", ingress=())
    draft.interface("eni-b", "subnet-b", "10.0.1.10", "sg-b", public="203.0.113.20")
    with World(draft.network()) as world:
        assert world.connect("eni-private", "203.0.113.20") == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-b", "SG_HAS_NO_RULES")
        drop = world.drop()
        assert (drop.source, drop.destination) == ("203.0.113.9", "10.0.1.10")
        assert (drop.source_interface_id, drop.destination_interface_id) == ("eni-private", "eni-b")


def test_nat_gateway_in_a_private_subnet_cannot_reach_the_internet() -> None:
    """A NAT gateway must itself sit in a subnet with a route to the internet gateway."""
    draft = private_and_public()
    draft.nat_gateway("nat-a", "subnet-private", "10.0.1.5", public="203.0.113.9")
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("nat-gateway", "nat-a", "ROUTE_LEADS_BACK")
        draft.table("rtb-isolated", "vpc-a")
        draft.subnet("subnet-isolated", "vpc-a", "10.0.5.0/24", table="rtb-isolated")
        draft.nat_gateway("nat-b", "subnet-isolated", "10.0.5.5", public="203.0.113.8")
        draft.routes("rtb-private", route("0.0.0.0/0", TargetKind.NAT_GATEWAY, "nat-b"))
        world.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("route-table", "rtb-isolated", "NO_ROUTE_TO_DESTINATION")
        assert world.drop().interface_id == "eni-nat-b"
        assert (world.drop().source, world.drop().source_interface_id) == ("10.0.5.5", "eni-private")


def test_private_nat_gateway_cannot_reach_the_internet() -> None:
    """A NAT gateway with private connectivity has no public address: the internet gateway drops its traffic."""
    draft = private_and_public()
    draft.nat_gateway("nat-a", "subnet-public", "10.0.9.5")
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == NO_PUBLIC_ADDRESS
        assert world.drop().source == "10.0.9.5"


def test_private_nat_gateway_can_hide_a_subnet_from_another() -> None:
    """A route more specific than local leads to it; the far host, and its groups, see the gateway's address."""
    draft = two_subnets()
    draft.subnet("subnet-middle", "vpc-a", "10.0.3.0/24")
    draft.nat_gateway("nat-p", "subnet-middle", "10.0.3.5")
    draft.table("rtb-left", "vpc-a", route("10.0.2.0/24", TargetKind.NAT_GATEWAY, "nat-p"))
    draft.tables["rtb-left"] = replace(draft.tables["rtb-left"], subnet_ids=("subnet-left",))
    draft.group("sg-clients", "vpc-a")
    draft.interface("eni-left", "subnet-left", "10.0.1.10", "sg-clients")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == "10.0.3.5"
        for ingress, expected in ((from_group("sg-clients"), TIMED_OUT), (from_range("10.0.3.5/32"), "10.0.3.5")):
            draft.group("sg-vpc-a", "vpc-a", ingress=(ingress,))
            world.reconcile(draft.network())
            assert world.connect("eni-left", "10.0.2.10") == expected


def test_open_connection_cannot_move_to_another_nat_gateway() -> None:
    """A route replaced while a connection is open: the other gateway does not know the flow, and resets it."""
    draft = private_and_public()
    draft.nat_gateway("nat-b", "subnet-public", "10.0.9.6", public="203.0.113.8")
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        connection = world.connection("eni-private", HOST)
        assert connection.recv(64) == b"203.0.113.9\n"
        draft.routes("rtb-private", route("0.0.0.0/0", TargetKind.NAT_GATEWAY, "nat-b"))
        world.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == "203.0.113.8"
        with pytest.raises(ConnectionResetError):
            says(connection, "still there?")


def test_gateway_endpoint_can_cut_open_connections_when_it_comes() -> None:
    """A new gateway endpoint takes over at the next packet, and knows nothing of what was open by another way."""
    draft = private_and_public()
    draft.gateway_endpoint("vpce-s3", "vpc-a")
    with World(draft.network()) as world:
        world.listen("internet", S3)
        world.listen("gateway-endpoint/vpce-s3", S3)
        connection = world.connection("eni-private", S3)
        assert connection.recv(64) == b"203.0.113.9\n"
        default = route("0.0.0.0/0", TargetKind.NAT_GATEWAY, "nat-a")
        draft.routes("rtb-private", default, route("pl-s3", TargetKind.GATEWAY_ENDPOINT, "vpce-s3"))
        world.reconcile(draft.network())
        with pytest.raises(ConnectionResetError):
            says(connection, "still there?")
        assert world.connect("eni-private", S3) == "10.0.1.10"


def test_deleted_nat_gateway_can_leave_a_blackhole() -> None:
    """When the NAT gateway is gone its route drops, also before the API says blackhole."""
    draft = private_and_public()
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == "203.0.113.9"
        draft.nat_gateways["nat-a"] = replace(draft.nat_gateways["nat-a"], state="deleting")
        world.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("route-table", "rtb-private", "BAD_STATE_ROUTE")
        assert "eni/eni-nat-a" not in world.data_plane.namespaces()


def test_nat_gateway_cannot_be_pinged_but_can_translate_pings() -> None:
    """A NAT gateway answers nothing itself; ICMP echo passes through it."""
    with World(private_and_public().network()) as world:
        assert not world.ping("eni-private", "10.0.9.5")
        assert world.refusal() == ("nat-gateway", "nat-a", "NAT_GATEWAY_HAS_NO_INBOUND_PATH")
        assert world.ping("eni-private", HOST)


def test_nat_gateway_can_translate_udp() -> None:
    """UDP passes a NAT gateway as TCP does."""
    with World(private_and_public().network()) as world:
        world.listen_udp("internet", HOST, 123)
        assert world.ask_udp("eni-private", HOST, 123) == "203.0.113.9"


def test_idle_flow_through_a_nat_gateway_can_be_reset() -> None:
    """A NAT gateway forgets what was idle for 350 s (here it is told to) and resets it at the next packet."""
    with World(private_and_public().network()) as world:
        world.listen("internet", HOST)
        assert world.namespace("eni-nat-a").call(IDLE_TIMEOUT.read_text).strip() == "350"
        connection = world.connection("eni-private", HOST)
        assert connection.recv(64) == b"203.0.113.9\n"
        assert says(connection, "one") == "one"
        world.namespace("eni-nat-a").call(forget_every_flow)
        with pytest.raises(ConnectionResetError):
            says(connection, "two")
        assert world.connect("eni-private", HOST) == "203.0.113.9"


def test_idle_flow_can_be_forgotten_in_the_time_that_is_set() -> None:
    """The idle timeout is a setting: a second without a packet, and the flow is gone; its next packet is reset."""
    with World(private_and_public().network(), NatLimits(idle_seconds=1)) as world:
        world.listen("internet", HOST)
        connection = world.connection("eni-private", HOST)
        assert connection.recv(64) == b"203.0.113.9\n"
        nat = world.namespace("eni-nat-a")
        assert nat.call(flows) == 1
        eventually(lambda: nat.call(flows) == 0, 20, "the NAT gateway forgets the idle flow")
        with pytest.raises(ConnectionResetError):
            says(connection, "too late")


def test_nat_gateway_cannot_hold_more_connections_to_a_destination_than_it_may() -> None:
    """So many connections to one address and port; others elsewhere are free, and each that ends makes room."""
    with World(private_and_public().network(), NatLimits(connections=2)) as world:
        for port in (443, 80):
            world.listen("internet", HOST, port)
        held = [world.connection("eni-private", HOST) for _ in range(2)]
        assert [one.recv(64) for one in held] == [b"203.0.113.9\n"] * 2
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("nat-gateway", "nat-a", "NAT_GATEWAY_HAS_NO_PORT_LEFT")
        assert world.connect("eni-private", HOST, 80) == "203.0.113.9"
        assert says(held[1], "still there?") == "still there?"
        held[0].close()
        eventually(lambda: world.connect("eni-private", HOST) == "203.0.113.9", 20, "one more fits")


@pytest.mark.parametrize("limits", [NatLimits(), NatLimits(first_port=5000, last_port=5007)])
def test_nat_gateway_can_leave_from_its_range_of_ports(limits: NatLimits) -> None:
    """Source ports are 1024 to 65535, wider than Linux's own choice, whatever the guest chose; or as set."""
    with World(private_and_public().network(), limits) as world:
        seen = set()
        with world.namespace("internet").listen_tcp(HOST, 443) as listening:
            listening.settimeout(5)
            for _ in range(8):
                world.connection("eni-private", HOST)
                visitor, (address, port) = listening.accept()
                visitor.close()
                assert address == "203.0.113.9"
                seen.add(port)
        assert all(limits.first_port <= port <= limits.last_port for port in seen), seen


def forget_every_flow() -> None:
    """Empty the connection tracking table of the calling thread's namespace (ctnetlink's delete, of all)."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as kernel:
        kernel.bind((0, 0))
        kernel.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 0x5, 1, 0, socket.AF_INET, 0, 0))
        assert struct.unpack_from("=i", kernel.recv(4096), 16) == (0,)


def flows() -> int:
    """Count the flows that the calling thread's namespace knows, less expired ones (ctnetlink's dump)."""
    done, counted = False, 0
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as kernel:
        kernel.bind((0, 0))
        kernel.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 1, 0x301, 1, 0, socket.AF_INET, 0, 0))
        while not done:
            data, offset = kernel.recv(65536), 0
            while offset < len(data):
                length, kind = struct.unpack_from("=IH", data, offset)
                done = done or kind == 3
                counted += kind == 1 << 8
                offset += (length + 3) & ~3
    return counted


def with_s3_endpoint() -> Draft:
    """The left subnet's table leads to S3 by a gateway endpoint and nowhere else."""
    draft = two_subnets()
    draft.gateway_endpoint("vpce-s3", "vpc-a")
    draft.table("rtb-left", "vpc-a", route("pl-s3", TargetKind.GATEWAY_ENDPOINT, "vpce-s3"))
    draft.tables["rtb-left"] = replace(draft.tables["rtb-left"], subnet_ids=("subnet-left",))
    return draft


def test_gateway_endpoint_can_see_the_private_source() -> None:
    """An isolated subnet reaches S3 through a gateway endpoint, which sees the private address."""
    with World(with_s3_endpoint().network()) as world:
        world.listen("gateway-endpoint/vpce-s3", S3)
        assert world.connect("eni-left", S3) == "10.0.1.10"
        assert world.connect("eni-right", S3) == TIMED_OUT
        assert world.refusal() == ("route-table", "rtb-vpc-a", "NO_ROUTE_TO_DESTINATION")


def test_gateway_endpoint_can_carry_tcp_and_echo_only() -> None:
    """A gateway endpoint accepts TCP and ICMP echo requests (VPCE_GATEWAY_PROTOCOL_RESTRICTION)."""
    with World(with_s3_endpoint().network()) as world:
        world.listen_udp("gateway-endpoint/vpce-s3", S3, 443)
        assert world.ping("eni-left", S3)
        assert world.ask_udp("eni-left", S3, 443) == TIMED_OUT
        assert world.refusal() == ("vpc-endpoint", "vpce-s3", "VPCE_GATEWAY_PROTOCOL_RESTRICTION")


def test_endpoint_route_can_win_over_the_default_route() -> None:
    """A prefix list's entries are longer than 0.0.0.0/0: S3 by the endpoint, the rest by the NAT gateway."""
    draft = private_and_public()
    draft.gateway_endpoint("vpce-s3", "vpc-a")
    default = route("0.0.0.0/0", TargetKind.NAT_GATEWAY, "nat-a")
    draft.routes("rtb-private", default, route("pl-s3", TargetKind.GATEWAY_ENDPOINT, "vpce-s3"))
    with World(draft.network()) as world:
        world.listen("gateway-endpoint/vpce-s3", S3)
        world.listen("internet", S3)
        world.listen("internet", HOST)
        assert world.connect("eni-private", S3) == "10.0.1.10"
        assert world.connect("eni-private", HOST) == "203.0.113.9"
        draft.routes("rtb-private", default)
        del draft.endpoints["vpce-s3"]
        world.reconcile(draft.network())
        assert world.connect("eni-private", S3) == "203.0.113.9"


def test_static_route_can_win_over_a_prefix_list_of_its_length() -> None:
    """Of equal prefixes the static route counts before the prefix list's."""
    draft = with_s3_endpoint()
    draft.internet_gateway("igw-a", "vpc-a")
    draft.interfaces["eni-left"] = replace(draft.interfaces["eni-left"], public_ip=IPv4Address("203.0.113.7"))
    endpoint = route("pl-s3", TargetKind.GATEWAY_ENDPOINT, "vpce-s3")
    draft.routes("rtb-left", route("192.0.2.128/26", TargetKind.INTERNET_GATEWAY, "igw-a"), endpoint)
    with World(draft.network()) as world:
        world.listen("gateway-endpoint/vpce-s3", S3)
        world.listen("internet", S3)
        assert world.connect("eni-left", S3) == "203.0.113.7"
        draft.routes("rtb-left", endpoint)
        world.reconcile(draft.network())
        assert world.connect("eni-left", S3) == "10.0.1.10"
