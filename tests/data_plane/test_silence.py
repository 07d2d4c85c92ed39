"""AWS never answers a packet that it dropped: a refusal is silence."""

import socket

from tests.data_plane.networks import private_and_public, route
from tests.data_plane.world import REFUSED, TIMED_OUT, World
from vpclab.network.model import InterfaceType, RouteState, TargetKind


def test_refused_packets_cannot_cause_icmp() -> None:
    """No route, blackhole, unknown address, groups, gateways: nothing ever sends an ICMP error or a reset."""
    draft = private_and_public()
    draft.group("sg-closed", "vpc-a", ingress=())
    draft.interface("eni-closed", "subnet-private", "10.0.1.30", "sg-closed")
    draft.interface("eni-function", "subnet-private", "10.0.1.20", kind=InterfaceType.LAMBDA)
    dead = route("192.0.2.0/24", TargetKind.NETWORK_INTERFACE, "eni-gone", RouteState.BLACKHOLE)
    draft.routes("rtb-private", route("198.51.100.0/24", TargetKind.NAT_GATEWAY, "nat-a"), dead)
    targets = (
        "10.0.1.99",  # nobody has it
        "10.0.1.30",  # a closed group
        "10.0.9.5",  # the NAT gateway itself
        "192.0.2.7",  # a blackhole
        "203.0.113.10",  # no route
        "198.51.100.7",  # a host of the internet, where nothing listens on the port
        "169.254.169.254",
        "169.254.1.1",
        "10.0.0.2",  # the resolver, on a port where it does not listen
    )
    with World(draft.network()) as world:
        function = world.data_plane.attach_environment("eni-function")
        for namespace in (world.namespace("eni-private"), function.namespace):
            ears = namespace.call(world.icmp_socket)
            ears.settimeout(0.1)
            for target in targets:
                assert world.ask_udp(namespace, target, 4444) == TIMED_OUT
                if target != "198.51.100.7":
                    assert world.connect(namespace, target, 4444) == TIMED_OUT
            short_lived = namespace.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for hops in (1, 2, 3, 4):
                short_lived.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
                short_lived.sendto(b"?", ("198.51.100.7", 4444))
            heard = []
            try:
                while True:
                    heard.append(ears.recv(256))
            except TimeoutError:
                pass
            assert heard == []


def test_refused_connection_can_mean_only_that_the_host_was_reached() -> None:
    """A reset comes from a host whose port is closed, and from nowhere else."""
    with World(private_and_public().network()) as world:
        assert world.connect("eni-private", "10.0.9.10", 4444) == REFUSED
        assert world.connect("eni-private", "198.51.100.7", 4444) == REFUSED
