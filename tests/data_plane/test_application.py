"""Applying a topology: only differences, again after failures, and nothing left over."""

import itertools
import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from unittest.mock import patch

import pytest

from tests.data_plane.networks import anywhere, from_range, private_and_public, route, two_subnets
from tests.data_plane.world import TIMED_OUT, World, says
from vpclab.localcloud.data_plane import DataPlaneError, kernel, links, netlink, ruleset
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.localcloud.network_refusal import NetworkRefusal
from vpclab.network.model import Network, NetworkAclEntry, SecurityGroupRule, TargetKind

HOST = "198.51.100.7"


def link_names(namespace: NetworkNamespace) -> set[str]:
    return {name for _, name in namespace.call(socket.if_nameindex)} - {"lo"}


def test_unchanged_network_cannot_cause_any_work() -> None:
    """Reconciling what is so already asks nothing of the kernel, also when the facts are other objects."""
    with World(private_and_public().network()) as world:
        with (
            patch.object(netlink, "send", side_effect=AssertionError),
            patch.object(NetworkNamespace, "run", side_effect=AssertionError),
            patch.object(NetworkNamespace, "create", side_effect=AssertionError),
        ):
            world.reconcile(private_and_public().network())
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == "203.0.113.9"


def test_removed_components_can_leave_nothing_behind() -> None:
    """Interfaces, endpoints, gateways and VPCs that are gone take their namespaces and links with them."""
    draft = private_and_public()
    draft.gateway_endpoint("vpce-s3", "vpc-a")
    with World(draft.network()) as world:
        router, internet = world.namespace("vpc/vpc-a"), world.namespace("internet")
        before = link_names(internet)
        assert {"igw", "e-nat-a", "e-private", "e-public", "g-s3"} < link_names(router)
        del draft.endpoints["vpce-s3"], draft.nat_gateways["nat-a"], draft.interfaces["eni-nat-a"]
        del draft.interfaces["eni-private"], draft.gateways["igw-a"]
        world.reconcile(draft.network())
        assert link_names(router) == {"e-public", "x-no-route", "x-blackhole", "x-nobody", "x-spare"}
        assert set(world.data_plane.namespaces()) == {"internet", "lambda-service", "vpc/vpc-a", "eni/eni-public"}
        world.reconcile(Network())
        assert set(world.data_plane.namespaces()) == {"internet", "lambda-service"}
        assert link_names(internet) == before - {"p-a"}


def test_vpc_can_be_deleted_and_made_anew() -> None:
    """A VPC with an identifier that was there before starts from nothing."""
    draft = private_and_public()
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        for _ in range(3):
            assert world.connect("eni-private", HOST) == "203.0.113.9"
            world.reconcile(Network())
            world.reconcile(draft.network())


def test_gateway_can_be_detached_and_attached_again() -> None:
    """The link to the internet goes and comes back with the gateway."""
    draft = private_and_public()
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        for _ in range(3):
            draft.gateways["igw-a"] = replace(draft.gateways["igw-a"], vpc_id=None)
            world.reconcile(draft.network())
            assert world.connect("eni-private", HOST) == TIMED_OUT
            assert world.refusal() == ("route-table", "rtb-public", "BAD_STATE_ROUTE")
            draft.internet_gateway("igw-a", "vpc-a")
            world.reconcile(draft.network())
            assert world.connect("eni-private", HOST) == "203.0.113.9"


def failing_at(step: int, function: Callable[..., object]) -> Callable[..., object]:
    """Return the function, failing the one time when it is called for the ``step``-th time."""
    calls = itertools.count()

    def called(*arguments: object, **keywords: object) -> object:
        if next(calls) == step:
            raise DataPlaneError("as if the kernel refused")
        return function(*arguments, **keywords)

    return called


def test_failure_at_any_step_can_be_made_good() -> None:
    """Whichever request fails, the next reconciliation does what is missing, and ends where it should."""
    for step in itertools.count():
        draft = private_and_public()
        failed = False
        with World(Network()) as world:
            with patch.object(netlink, "send", failing_at(step, netlink.send)):
                try:
                    world.data_plane.reconcile(draft.network())
                except (DataPlaneError, NetworkRefusal):
                    failed = True
            world.reconcile(draft.network())
            world.listen("internet", HOST)
            assert world.connect("eni-private", HOST) == "203.0.113.9"
        if not failed:
            assert step > 3
            return


def test_failure_during_a_change_can_be_made_good() -> None:
    """The same while routes, links and rules go: nothing that should be gone stays."""
    for step in itertools.count():
        draft = private_and_public()
        failed = False
        with World(draft.network()) as world:
            world.listen("internet", HOST)
            del draft.nat_gateways["nat-a"], draft.interfaces["eni-nat-a"], draft.tables["rtb-private"]
            draft.interface("eni-late", "subnet-public", "10.0.9.66", public="203.0.113.66")
            with patch.object(netlink, "send", failing_at(step, netlink.send)):
                try:
                    world.reconcile(draft.network())
                except (DataPlaneError, NetworkRefusal):
                    failed = True
            world.reconcile(draft.network())
            assert world.connect("eni-private", HOST) == TIMED_OUT
            assert world.refusal() == ("route-table", "rtb-vpc-a", "NO_ROUTE_TO_DESTINATION")
            assert world.connect("eni-late", HOST) == "203.0.113.66"
            assert "e-nat-a" not in link_names(world.namespace("vpc/vpc-a"))
        if not failed:
            assert step > 3
            return


def test_what_the_kernel_refuses_can_be_named() -> None:
    """An error says which request failed, and why."""
    draft = two_subnets()
    with World(draft.network()) as world, pytest.raises(DataPlaneError, match=r"bring link 77 up: No such device"):
        world.namespace("eni-left").call(lambda: netlink.send([netlink.set_up(77)]))


def test_large_ruleset_can_take_over_without_cutting_a_flow() -> None:
    """A ruleset of many batches takes the place of the former one at once; established flows go on."""
    draft = two_subnets()
    draft.group("sg-vpc-a", "vpc-a", ingress=(from_range("10.0.0.0/8"),))
    with patch.object(ruleset, "BATCH_BYTES", 300), World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        connection = world.connection("eni-left", "10.0.2.10")
        assert connection.recv(64) == b"10.0.1.10\n"
        draft.group("sg-vpc-a", "vpc-a", ingress=())
        world.reconcile(draft.network())
        assert says(connection, "still there?") == "still there?"
        assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT
        tables = world.namespace("vpc/vpc-a").run(["/usr/sbin/nft", "list", "tables"])
        assert tables.count("table") == 1


def test_first_packet_after_a_change_can_arrive() -> None:
    """What reconcile has returned for is there: not one packet is lost while links wake up."""
    draft = two_subnets()
    with World(draft.network()) as world:
        for number in range(20, 60):
            draft.interface(f"eni-{number}", "subnet-right", f"10.0.2.{number}")
            world.reconcile(draft.network())
            for one, other, address in (
                ("eni-left", f"eni-{number}", f"10.0.2.{number}"),
                (f"eni-{number}", "eni-left", "10.0.1.10"),
            ):
                with (
                    world.namespace(other).bind_udp(address, 7) as bound,
                    world.namespace(one).call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender,
                ):
                    bound.settimeout(1)
                    sender.sendto(b"first", (address, 7))
                    assert bound.recv(8) == b"first"


def test_vpc_that_cannot_be_built_cannot_hold_up_the_others() -> None:
    """What nft refuses of one VPC leaves that VPC as it was; others follow, and it heals when it is mended.

    A VPC that never could be built is not there at all, until it can.
    """
    draft = two_subnets()
    draft.vpc("vpc-b", "10.0.0.0/16")
    draft.subnet("subnet-b", "vpc-b", "10.0.1.0/24")
    draft.interface("eni-b", "subnet-b", "10.0.1.10")
    draft.interface("eni-c", "subnet-b", "10.0.1.11")
    impossible = SecurityGroupRule("tcp", 90, 80, cidr=IPv4Network("0.0.0.0/0"))
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        world.listen("eni-c", "10.0.1.11")
        draft.group("sg-vpc-a", "vpc-a", ingress=(anywhere("tcp", 22),))
        draft.group("sg-vpc-b", "vpc-b", ingress=(impossible,))
        draft.vpc("vpc-new")
        draft.subnet("subnet-new", "vpc-new", "10.0.1.0/24")
        draft.interface("eni-new", "subnet-new", "10.0.1.10")
        open_acl = draft.acls["acl-vpc-new"]
        everybody = IPv4Network("0.0.0.0/0")
        backwards = NetworkAclEntry(
            1, egress=True, protocol="tcp", allow=True, cidr=everybody, from_port=90, to_port=80
        )
        draft.acls["acl-vpc-new"] = replace(open_acl, entries=(backwards,))
        for _ in range(2):
            with pytest.raises(NetworkRefusal, match=r"vpc-b: .*zero or negative size") as refusal:
                world.data_plane.reconcile(draft.network())
            assert refusal.value.concerning(frozenset({"sg-vpc-b"})).keys() == {"vpc-b"}
            assert refusal.value.concerning(frozenset({"sg-vpc-a", "vpc-a", "eni-left"})) == {}
            assert world.connect("eni-left", "10.0.2.10") == TIMED_OUT, "the sound VPC follows"
            assert world.connect("eni-b", "10.0.1.11") == "10.0.1.10", "the other is as it was"
            assert "vpc/vpc-new" not in world.data_plane.namespaces()
        with pytest.raises(DataPlaneError, match=r"nothing can be put behind eni-new: .*negative"):
            world.data_plane.materialise("eni-new")
        world.data_plane.materialise("eni-left")
        draft.group("sg-vpc-b", "vpc-b", ingress=(anywhere("tcp", 22),))
        draft.acls["acl-vpc-new"] = open_acl
        world.reconcile(draft.network())
        assert world.connect("eni-b", "10.0.1.11") == TIMED_OUT
        assert "vpc/vpc-new" in world.data_plane.namespaces()


def test_vpc_that_stays_as_it_was_cannot_keep_an_address_that_moved_on() -> None:
    """Another VPC's interface has it; the one that cannot follow does not stand in its way, nor in anybody's."""
    draft = two_subnets()
    draft.vpc("vpc-b", "10.0.0.0/16")
    draft.subnet("subnet-b", "vpc-b", "10.0.1.0/24")
    for vpc_id in ("vpc-a", "vpc-b"):
        draft.internet_gateway(f"igw-{vpc_id}", vpc_id)
    draft.interface("eni-old", "subnet-b", "10.0.1.77", public="203.0.113.5")
    impossible = SecurityGroupRule("tcp", 90, 80, cidr=IPv4Network("0.0.0.0/0"))
    with World(draft.network()) as world:
        draft.interface("eni-old", "subnet-b", "10.0.1.77")
        draft.interface("eni-new", "subnet-left", "10.0.1.77", public="203.0.113.5")
        draft.group("sg-vpc-b", "vpc-b", ingress=(impossible,))
        with pytest.raises(NetworkRefusal) as refusal:
            world.data_plane.reconcile(draft.network())
        assert refusal.value.causes.keys() == {"vpc-b"}
        routes = world.namespace("internet").run(["/usr/sbin/ip", "route", "show", "203.0.113.5"])
        assert routes.count("203.0.113.5") == 1
        assert links.vpc_link("vpc-a") in routes


def test_vpc_that_cannot_even_stay_as_it_was_can_be_left_alone() -> None:
    """When the kernel takes nothing more for a VPC, what is there stays, and the others follow."""
    draft = private_and_public()
    draft.vpc("vpc-b")
    load = kernel._load  # noqa: SLF001

    def refuse(held: kernel.HeldNamespace, rules: ruleset.Ruleset, before: ruleset.Ruleset | None) -> None:
        if held.key == "vpc/vpc-a":
            raise DataPlaneError("no memory, for example")
        load(held, rules, before)

    with World(draft.network()) as world:
        world.listen("internet", HOST)
        draft.group("sg-vpc-a", "vpc-a", egress=())
        draft.internet_gateway("igw-b", "vpc-b")
        with patch.object(kernel, "_load", refuse), pytest.raises(NetworkRefusal, match="vpc-a: no memory"):
            world.data_plane.reconcile(draft.network())
        assert "p-b" in link_names(world.namespace("internet"))
        assert world.connect("eni-private", HOST) == "203.0.113.9"
        world.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == TIMED_OUT


def test_missing_nft_can_be_explained() -> None:
    """Without nftables the error names the package."""
    with patch.object(kernel, "which", return_value=None), pytest.raises(DataPlaneError, match="nftables"):
        World(two_subnets().network())


def test_route_of_an_interface_that_goes_can_become_a_blackhole() -> None:
    """A route to an interface drops when the interface is gone, and works again when it is back."""
    draft = private_and_public()
    draft.interface("eni-middle", "subnet-public", "10.0.9.40", source_dest_check=False)
    draft.routes("rtb-private", route("0.0.0.0/0", TargetKind.NETWORK_INTERFACE, "eni-middle"))
    with World(draft.network()) as world:
        assert world.connect("eni-private", HOST) == TIMED_OUT
        middle = draft.interfaces.pop("eni-middle")
        world.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal(to=HOST) == ("route-table", "rtb-private", "BAD_STATE_ROUTE")
        draft.interfaces["eni-middle"] = middle
        world.reconcile(draft.network())
        assert "e-middle" in link_names(world.namespace("vpc/vpc-a"))
