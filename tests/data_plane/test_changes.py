"""A change costs what it touches: what is sent to the kernel for one, and that this leads where it should."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Network
from unittest.mock import patch

import pytest

from tests.data_plane.networks import (
    Draft,
    anywhere,
    from_group,
    from_range,
    private_and_public,
    route,
)
from tests.data_plane.world import World
from vpclab.localcloud.data_plane import netlink
from vpclab.localcloud.namespace import NamespaceError, NetworkNamespace
from vpclab.localcloud.network_refusal import NetworkRefusal
from vpclab.network.block_public_access import BlockMode, BlockPublicAccess
from vpclab.network.model import NetworkAclEntry, PrefixList, SecurityGroupRule, TargetKind

Change = Callable[[Draft], None]


def many(interfaces: int) -> Draft:
    """A private subnet behind a NAT gateway, with so many hosts more, and as many groups, tables and subnets."""
    draft = private_and_public()
    draft.group("sg-others", "vpc-a", ingress=(from_group("sg-others"),))
    for number in range(interfaces):
        draft.group(f"sg-{number}", "vpc-a", ingress=())
        draft.table(f"rtb-{number}", "vpc-a")
        draft.subnet(f"subnet-{number}", "vpc-a", f"10.0.{20 + number}.0/24", table=f"rtb-{number}")
        draft.interface(f"eni-{number:03}", "subnet-private", f"10.0.1.{20 + number}", "sg-others", f"sg-{number}")
    return draft


def rule(draft: Draft) -> None:
    draft.group("sg-0", "vpc-a", ingress=(from_group("sg-others"), from_range("10.0.9.0/24", "tcp", 443)))


def no_rule(draft: Draft) -> None:
    draft.group("sg-others", "vpc-a", egress=())


def other_route(draft: Draft) -> None:
    draft.routes("rtb-private", route("0.0.0.0/0", TargetKind.NETWORK_INTERFACE, "eni-public"))


def acl_entry(draft: Draft) -> None:
    everybody = IPv4Network("0.0.0.0/0")
    denied = NetworkAclEntry(
        50, egress=False, protocol="tcp", allow=False, cidr=everybody, from_port=22, to_port=22
    )
    draft.acls["acl-vpc-a"] = replace(draft.acls["acl-vpc-a"], entries=(denied, *draft.acls["acl-vpc-a"].entries))


def late_interface(draft: Draft) -> None:
    draft.interface("eni-late", "subnet-private", "10.0.1.250", "sg-vpc-a", "sg-others", public="203.0.113.77")


def elastic_ip(draft: Draft) -> None:
    draft.interface("eni-private", "subnet-private", "10.0.1.10", public="203.0.113.78")


def prefix_list(draft: Draft) -> None:
    blocks = (IPv4Network("10.0.9.0/25"), IPv4Network("10.0.9.128/25"), IPv4Network("10.7.0.0/16"))
    draft.prefix_lists["pl-own"] = PrefixList("pl-own", "own", blocks)
    draft.group("sg-vpc-a", "vpc-a", ingress=(SecurityGroupRule("tcp", 443, 443, prefix_list_id="pl-own"),))


def shorter_prefix_list(draft: Draft) -> None:
    blocks = (IPv4Network("10.0.9.0/26"), IPv4Network("10.7.0.0/17"))
    draft.prefix_lists["pl-own"] = PrefixList("pl-own", "own", blocks)


def block_public_access(draft: Draft) -> None:
    draft.block = BlockPublicAccess("123456789012", "us-east-1", BlockMode.INGRESS)


def gateway_endpoint(draft: Draft) -> None:
    draft.gateway_endpoint("vpce-s3", "vpc-a")
    draft.routes("rtb-private", route("pl-s3", TargetKind.GATEWAY_ENDPOINT, "vpce-s3"))


def subnet(draft: Draft) -> None:
    draft.subnet("subnet-late", "vpc-a", "10.0.3.0/24", table="rtb-public")
    draft.interface("eni-in-late", "subnet-late", "10.0.3.10", "sg-others")


def table(draft: Draft) -> None:
    draft.table("rtb-late", "vpc-a", route("0.0.0.0/0", TargetKind.INTERNET_GATEWAY, "igw-a"))


def nat_gateway(draft: Draft) -> None:
    draft.nat_gateway("nat-late", "subnet-public", "10.0.9.6", public="203.0.113.79")


def without_gateways(draft: Draft) -> None:
    del draft.nat_gateways["nat-a"], draft.interfaces["eni-nat-a"], draft.gateways["igw-a"]
    del draft.nat_gateways["nat-late"], draft.interfaces["eni-nat-late"]
    draft.endpoints.clear()


def other_range(draft: Draft) -> None:
    draft.vpcs["vpc-a"] = replace(
        draft.vpcs["vpc-a"], cidr_blocks=(IPv4Network("10.0.0.0/16"), IPv4Network("10.1.0.0/16"))
    )


def forwarder(draft: Draft) -> None:
    draft.interface("eni-public", "subnet-public", "10.0.9.10", source_dest_check=False)
    draft.group("sg-vpc-a", "vpc-a", ingress=(anywhere("udp", 53),))


ONE_AFTER_THE_OTHER: tuple[Change, ...] = (
    rule,
    other_route,
    acl_entry,
    late_interface,
    no_rule,
    elastic_ip,
    prefix_list,
    shorter_prefix_list,
    block_public_access,
    gateway_endpoint,
    subnet,
    forwarder,
    other_range,
    table,
    nat_gateway,
    without_gateways,
    rule,
)


@contextmanager
def noted() -> Iterator[Counter[str]]:
    """Count the statements that nft gets, and the requests that the kernel gets."""
    sent: Counter[str] = Counter()
    run, send = NetworkNamespace.run, netlink.send

    def counting_run(self: NetworkNamespace, argv: Sequence[str], *, text_input: str | None = None) -> str:
        sent["statements"] += len((text_input or "").split("\n"))
        return run(self, argv, text_input=text_input)

    def counting_send(requests: Sequence[netlink.Request]) -> None:
        sent["requests"] += len(requests)
        send(requests)

    with patch.object(NetworkNamespace, "run", counting_run), patch.object(netlink, "send", counting_send):
        yield sent


@pytest.mark.parametrize(
    "change", [rule, other_route, acl_entry, late_interface, elastic_ip, subnet, table, nat_gateway, prefix_list]
)
def test_change_cannot_cost_what_the_whole_network_costs(change: Change) -> None:
    """One change has the kernel told the same at 3 interfaces and at 30, and far less than all there is."""
    told: list[Counter[str]] = []
    for interfaces in (3, 30):
        draft = many(interfaces)
        with noted() as whole:
            world = World(draft.network())
        with world, noted() as sent:
            change(draft)
            world.reconcile(draft.network())
        told.append(sent)
    assert told[0] == told[1]
    assert 0 < 3 * told[1].total() < whole.total()


def test_changes_can_lead_to_what_a_new_network_would_be() -> None:
    """After any sequence of changes in place, the kernel's tables are those of a network that was made so."""
    draft = many(3)
    with World(draft.network()) as world:
        for number, change in enumerate(ONE_AFTER_THE_OTHER):
            change(draft)
            world.reconcile(draft.network())
            with World(draft.network()) as fresh:
                assert tables(world) == tables(fresh), f"after change {number}, {change.__name__}"


@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "done"])
def test_change_in_place_that_failed_can_be_made_good(*, is_done: bool) -> None:
    """Nobody knows what a failed transaction has left: the next replaces the table, and no second one stays."""
    run = NetworkNamespace.run

    def failing(self: NetworkNamespace, argv: Sequence[str], *, text_input: str | None = None) -> str:
        if is_done:
            run(self, argv, text_input=text_input)
        raise NamespaceError("as if the kernel refused")

    draft = many(1)
    with World(draft.network()) as world:
        rule(draft)
        with patch.object(NetworkNamespace, "run", failing), pytest.raises(NetworkRefusal):
            world.reconcile(draft.network())
        for change in (late_interface, acl_entry):
            change(draft)
            world.reconcile(draft.network())
            listing = world.namespace("vpc/vpc-a").run(["/usr/sbin/nft", "list", "tables"])
            assert len(listing.splitlines()) == 1
            with World(draft.network()) as fresh:
                assert tables(world) == tables(fresh)


def tables(world: World) -> dict[str, dict[str, list[str]]]:
    return {
        key: listed(namespace.run(["/usr/sbin/nft", "--stateless", "list", "ruleset"]))
        for key, namespace in world.data_plane.namespaces().items()
    }


def listed(text: str) -> dict[str, list[str]]:
    """Return each set's elements, sorted, and each chain's rules, in order."""
    found: dict[str, list[str]] = {}
    for block in re.findall(r"^\t((?:set|map|chain) [^\n]*) \{\n(.*?)^\t\}", text, re.DOTALL | re.MULTILINE):
        head, body = block
        lines = [line.strip() for line in body.splitlines()]
        if not head.startswith("chain"):
            elements = re.sub(r".*elements = \{(.*)\}.*", r"\1", " ".join(lines))
            lines = sorted(element.strip() for element in elements.split(","))
        found[head] = lines
    return found
