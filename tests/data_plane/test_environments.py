"""Execution environments behind functions' interfaces, and in the VPC that AWS owns."""

import socket
import threading
from dataclasses import replace
from ipaddress import IPv4Address
from unittest.mock import patch

import pytest

from tests.data_plane.networks import Draft, private_and_public, two_subnets
from tests.data_plane.world import REFUSED, TIMED_OUT, World, says
from tests.deadline import eventually
from vpclab.localcloud.data_plane import DataPlaneError
from vpclab.localcloud.data_plane import environment as environment_module
from vpclab.localcloud.data_plane.environment import NamespacePool
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.network.model import InterfaceType

HOST = "198.51.100.7"
LAMBDA = InterfaceType.LAMBDA


def with_function() -> Draft:
    """The textbook's VPC with a function's interface in each subnet."""
    draft = private_and_public()
    draft.interface("eni-function", "subnet-private", "10.0.1.20", kind=LAMBDA)
    draft.interface("eni-exposed", "subnet-public", "10.0.9.20", kind=LAMBDA)
    return draft


def test_function_in_a_private_subnet_can_reach_the_internet_through_the_nat_gateway() -> None:
    """The far side sees the NAT gateway's Elastic IP; inside the VPC the interface's address."""
    with World(with_function().network()) as world:
        world.listen("internet", HOST)
        world.listen("eni-public", "10.0.9.10")
        environment = world.data_plane.attach_environment("eni-function")
        assert world.connect(environment.namespace, HOST) == "203.0.113.9"
        assert world.connect(environment.namespace, "10.0.9.10") == "10.0.1.20"
        assert environment.nameservers == ("10.0.0.2",)


def test_function_in_a_public_subnet_cannot_reach_the_internet() -> None:
    """A function's interface has no public address: the internet gateway drops what it sends."""
    with World(with_function().network()) as world:
        world.listen("internet", HOST)
        world.listen("eni-private", "10.0.1.10")
        environment = world.data_plane.attach_environment("eni-exposed")
        assert world.connect(environment.namespace, HOST) == TIMED_OUT
        assert world.refusal() == ("internet-gateway", "igw-a", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")
        drop = world.drop()
        assert (drop.interface_id, drop.source, drop.destination_port) == ("eni-exposed", "10.0.9.20", 443)
        assert world.connect(environment.namespace, "10.0.1.10") == "10.0.9.20"


def test_elastic_ip_on_a_functions_interface_can_give_it_the_internet() -> None:
    """The unsupported exception that practitioners report: an Elastic IP associated with the interface works."""
    draft = with_function()
    exposed = draft.interfaces["eni-exposed"]
    draft.interfaces["eni-exposed"] = replace(exposed, public_ip=IPv4Address("203.0.113.20"))
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        environment = world.data_plane.attach_environment("eni-exposed")
        assert world.connect(environment.namespace, HOST) == "203.0.113.20"
        assert world.connect("internet", "203.0.113.20") == TIMED_OUT
        assert world.refusal() == ("address", "eni-exposed", "LAMBDA_INTERFACE_HAS_NO_INBOUND_PATH")


def test_environments_can_share_an_interface_but_cannot_reach_one_another() -> None:
    """Environments leave from one address; between them, and from the VPC to them, there is no path."""
    with World(with_function().network()) as world:
        world.listen("eni-public", "10.0.9.10")
        one = world.data_plane.attach_environment("eni-function")
        two = world.data_plane.attach_environment("eni-function")
        world.listen(one.namespace, "0.0.0.0", 8080)  # noqa: S104 - an address of a namespace of ours
        assert world.connect(one.namespace, "10.0.9.10") == "10.0.1.20"
        assert world.connect(two.namespace, "10.0.9.10") == "10.0.1.20"
        assert world.connect(two.namespace, address_of(one.namespace.call), 8080) == TIMED_OUT
        assert world.connect("eni-public", "10.0.1.20", 8080) == TIMED_OUT
        assert world.refusal() == ("address", "eni-function", "LAMBDA_INTERFACE_HAS_NO_INBOUND_PATH")
        assert world.connect(one.namespace, "10.0.1.20", 8080) == TIMED_OUT


def address_of(call) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Return the address that a namespace sends from."""

    def source() -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect((HOST, 9))
            return str(asking.getsockname()[0])

    return str(call(source))


def test_many_connections_of_a_function_can_come_from_ports_above_1024() -> None:
    """Functions use the source ports 1024 to 65535, not Linux's 32768 to 60999."""
    with World(with_function().network()) as world:
        ports: list[int] = []
        listening = world.namespace("eni-public").listen_tcp("10.0.9.10", 443)

        def accept() -> None:
            while True:
                connection, (_, port) = listening.accept()
                ports.append(port)
                connection.sendall(b"\n")
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        environment = world.data_plane.attach_environment("eni-function")
        for _ in range(100):
            world.connect(environment.namespace, "10.0.9.10")
        assert len(ports) == 100
        assert min(ports) >= 1024
        assert min(ports) < 32768


def test_function_without_a_vpc_can_reach_the_internet_but_no_private_address() -> None:
    """It runs in a VPC that AWS owns: the internet sees AWS's address, private addresses time out."""
    draft = with_function()
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        world.listen("eni-private", "10.0.1.10")
        world.listen_udp("lambda-service", "169.254.169.253", 53)
        environment = world.data_plane.attach_environment(None)
        assert world.connect(environment.namespace, HOST) == "203.0.113.240"
        assert environment.nameservers == ("169.254.169.253",)
        assert world.ask_udp(environment.namespace, "169.254.169.253", 53) != TIMED_OUT
        for private in ("10.0.1.10", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254"):
            assert world.connect(environment.namespace, private) == TIMED_OUT
            assert world.refusal(to=private) == ("aws-owned-vpc", "lambda-service", "NO_ROUTE_TO_DESTINATION")
        assert world.connect("internet", "203.0.113.240") == TIMED_OUT


def test_environment_can_offer_the_runtime_api_inside_itself_only() -> None:
    """The Runtime API listens on 169.254.100.1:9001 in the environment's own namespace."""
    with World(with_function().network()) as world:
        one = world.data_plane.attach_environment("eni-function")
        two = world.data_plane.attach_environment(None)
        for environment in (one, two):
            client = environment.namespace.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            client.connect(("169.254.100.1", 9001))
            connection, _ = environment.runtime_api.accept()
            connection.close()
            client.close()
            assert world.connect(environment.namespace, "169.254.100.1", 9002) == REFUSED
        assert world.connect("eni-private", "169.254.100.1", 9001) == TIMED_OUT


def test_environment_cannot_learn_that_a_network_is_unreachable() -> None:
    """Whatever happens to its interface, an environment has a default route: it sees time-outs, nothing else."""
    draft = with_function()
    with World(draft.network()) as world:
        environment = world.data_plane.attach_environment("eni-function")
        for address in ("10.0.1.99", "172.31.0.1", "8.8.9.9", "169.254.169.254", "169.254.1.1", "240.0.0.1"):
            assert world.connect(environment.namespace, address) == TIMED_OUT
        del draft.interfaces["eni-function"]
        world.reconcile(draft.network())
        assert world.connect(environment.namespace, HOST) == TIMED_OUT
        world.data_plane.detach_environment(environment)
        world.data_plane.detach_environment(environment)


def test_environment_cannot_be_attached_to_an_interface_that_does_not_exist() -> None:
    """The error says what was asked."""
    with World(two_subnets().network()) as world, pytest.raises(DataPlaneError, match="eni-nowhere"):
        world.data_plane.attach_environment("eni-nowhere")


def test_environments_can_come_and_go() -> None:
    """An environment's link and address are given back when it is detached."""
    with World(with_function().network()) as world:
        world.listen("eni-public", "10.0.9.10")
        for _ in range(5):
            environment = world.data_plane.attach_environment("eni-function")
            assert world.connect(environment.namespace, "10.0.9.10") == "10.0.1.20"
            assert address_of(environment.namespace.call) == "169.254.76.1"
            world.data_plane.detach_environment(environment)
        behind = world.namespace("eni-function")
        eventually(lambda: link_names(behind) == {"lo", "eth0"}, 10, "the links of the environments are gone")


def link_names(namespace: NetworkNamespace) -> set[str]:
    return {name for _, name in namespace.call(socket.if_nameindex)}


def test_detached_environment_cannot_send_any_more() -> None:
    """A process that outlives its environment is cut off at once."""
    with World(with_function().network()) as world:
        world.listen("eni-public", "10.0.9.10")
        environment = world.data_plane.attach_environment("eni-function")
        survivor = environment.namespace.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        connection = world.connection(environment.namespace, "10.0.9.10")
        assert connection.recv(64) == b"10.0.1.20\n"
        world.data_plane.detach_environment(environment)
        assert says(connection, "still there?") == TIMED_OUT
        survivor.settimeout(0.3)
        with pytest.raises(TimeoutError):
            survivor.connect(("10.0.9.10", 443))
        survivor.close()


def test_namespaces_can_be_prepared_ahead_of_need() -> None:
    """Environments come from prepared namespaces where there are any, and are like the others."""
    draft = with_function()
    with World(draft.network()) as world:
        world.listen("eni-public", "10.0.9.10")
        pool = NamespacePool(2)
        prepared = [pool.take() for _ in range(5)]
        assert len({one.namespace.fileno() for one in prepared}) == 5
        for one in prepared:
            assert one.namespace.call(address_of_runtime_api) == "169.254.100.1"
            one.close()
        pool.close()
        assert threading.active_count() < 10


def address_of_runtime_api() -> str:
    """Connect to the Runtime API in the calling thread's namespace and return the address that answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.connect(("169.254.100.1", 9001))
        return str(client.getpeername()[0])


def test_environment_cannot_be_attached_where_no_address_is_left() -> None:
    """Environments have addresses of their own; when all are taken the error says how many there are."""
    with World(with_function().network()) as world, patch.object(environment_module, "MOST_ENVIRONMENTS", 2):
        one = world.data_plane.attach_environment("eni-function")
        world.data_plane.attach_environment(None)
        with pytest.raises(DataPlaneError, match="2 execution environments"):
            world.data_plane.attach_environment("eni-function")
        world.data_plane.detach_environment(one)
        world.data_plane.attach_environment("eni-function")
