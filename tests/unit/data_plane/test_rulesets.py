"""What is compiled, as text that people can read: golden files."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Golden
from tests.data_plane.networks import (
    Draft,
    anywhere,
    from_group,
    from_range,
    private_and_public,
    route,
    two_subnets,
)
from vpclab.localcloud.data_plane.errors import DataPlaneError
from vpclab.localcloud.data_plane.nat_limits import NatLimits
from vpclab.localcloud.data_plane.protocol_match import protocol_match
from vpclab.localcloud.data_plane.refusal import PREFIX_LIMIT, REASONS, Kind, Refusal, joined
from vpclab.localcloud.data_plane.ruleset import BATCH_BYTES, Chain, Collection, Ruleset, base_chain
from vpclab.localcloud.data_plane.ruleset_change import change
from vpclab.localcloud.data_plane.shared_topology import internet_topology, lambda_service_topology
from vpclab.localcloud.data_plane.topology import NamespaceTopology, Topology
from vpclab.localcloud.data_plane.vpc_facts import facts_by_vpc
from vpclab.localcloud.data_plane.vpc_topology import vpc_topology
from vpclab.network.model import InterfaceType, NetworkAclEntry, SecurityGroupRule, TargetKind


def compiled(draft: Draft) -> Topology:
    """Compile the first VPC with everything in it materialised."""
    facts = facts_by_vpc(draft.network(), draft.interfaces)
    return vpc_topology(next(iter(facts.values())), NatLimits())


def textbook() -> Draft:
    """A network with one of everything."""
    draft = private_and_public()
    draft.gateway_endpoint("vpce-s3", "vpc-a")
    draft.routes(
        "rtb-private",
        route("0.0.0.0/0", TargetKind.NAT_GATEWAY, "nat-a"),
        route("pl-s3", TargetKind.GATEWAY_ENDPOINT, "vpce-s3"),
        route("192.168.0.0/16", TargetKind.NETWORK_INTERFACE, "eni-gone"),
    )
    draft.group("sg-function", "vpc-a", ingress=())
    draft.group(
        "sg-database",
        "vpc-a",
        ingress=(
            from_group("sg-function", "tcp", 5432),
            from_range("10.0.9.0/24", "icmp"),
            anywhere("udp", 1000, 2000),
            SecurityGroupRule("tcp", 443, 443, prefix_list_id="pl-s3"),
        ),
        egress=(),
    )
    draft.acl(
        "acl-private",
        "vpc-a",
        NetworkAclEntry(200, egress=False, protocol="-1", allow=True, cidr=IPv4Network("0.0.0.0/0")),
        NetworkAclEntry(
            100,
            egress=False,
            protocol="6",
            allow=False,
            cidr=IPv4Network("10.0.9.0/24"),
            from_port=22,
            to_port=22,
        ),
        NetworkAclEntry(100, egress=True, protocol="-1", allow=True, cidr=IPv4Network("0.0.0.0/0")),
    )
    draft.subnet("subnet-database", "vpc-a", "10.0.3.0/24", acl="acl-private")
    draft.interface("eni-database", "subnet-database", "10.0.3.10", "sg-database")
    draft.interface("eni-function", "subnet-private", "10.0.1.20", "sg-function", kind=InterfaceType.LAMBDA)
    return draft


@pytest.mark.parametrize("key", ["vpc/vpc-a", "eni/eni-nat-a", "eni/eni-function"])
def test_namespace_can_be_compiled_into_a_ruleset(key: str, golden: Golden) -> None:
    """A router, a NAT gateway and a function's interface, as nftables."""
    ruleset = compiled(textbook())[key].ruleset
    assert ruleset is not None
    golden.check(f"ruleset/{key.replace('/', '-')}.nft", ruleset.text())


def test_shared_namespaces_can_be_compiled_into_rulesets(golden: Golden) -> None:
    """The internet and the VPC that AWS owns, as nftables."""
    facts = facts_by_vpc(textbook().network(), ())
    for name, topology in (
        ("internet", internet_topology(facts.values())),
        ("lambda-service", lambda_service_topology()),
    ):
        assert topology.ruleset is not None
        golden.check(f"ruleset/{name}.nft", topology.ruleset.text())


def test_namespaces_can_be_compiled_into_links_and_routes(golden: Golden) -> None:
    """Everything else that the kernel is to hold, one fact a line."""
    lines: list[str] = []
    for key, namespace in sorted(compiled(textbook()).items()):
        lines += [key, *(f"  {line}" for line in described(namespace)), ""]
    golden.check("ruleset/topology.txt", "\n".join(lines))


def described(namespace: NamespaceTopology) -> list[str]:
    lines = [
        f"link {veth.name} group {veth.group} to {veth.peer_namespace} {veth.peer_name}"
        for veth in namespace.veths
    ]
    lines += [f"address {one.address} on {one.link}" for one in namespace.addresses]
    lines += [f"neighbour {one.address} on {one.link}" for one in namespace.neighbours]
    lines += [f"mark {rule.mark} table {rule.table}" for rule in namespace.rules]
    lines += [
        " ".join(
            ("table", str(one.table), str(one.destination), one.kind, one.link or "", str(one.via or ""))
        ).strip()
        for one in namespace.routes
    ]
    return sorted(lines)


def test_compilation_can_be_repeated() -> None:
    """Equal facts compile to equal topologies: nothing is left to chance or order of memory."""
    assert compiled(textbook()) == compiled(textbook())


def test_new_subnet_cannot_renumber_the_others() -> None:
    """Numbers of subnets and tables come from their names; links of others keep their groups."""
    small, large = two_subnets(), two_subnets()
    large.subnet("subnet-another", "vpc-a", "10.0.3.0/24")
    assert compiled(small)["vpc/vpc-a"].veths == compiled(large)["vpc/vpc-a"].veths


@pytest.mark.parametrize(
    ("protocol", "first", "last", "match"),
    [
        ("-1", None, None, ""),
        ("all", 0, 65535, ""),
        ("tcp", 443, 443, "tcp dport 443"),
        ("6", 1, 1023, "tcp dport 1-1023"),
        ("udp", 53, None, "udp dport 53"),
        ("tcp", 0, 65535, "meta l4proto tcp"),
        ("17", None, None, "meta l4proto udp"),
        ("icmp", None, None, "meta l4proto icmp"),
        ("1", 8, None, "icmp type 8"),
        ("icmp", 3, 4, "icmp type 3 icmp code 4"),
        ("50", None, None, "meta l4proto 50"),
    ],
)
def test_protocol_can_be_matched(protocol: str, first: int | None, last: int | None, match: str) -> None:
    """Protocols are names or IANA numbers; ports of ICMP are its type and code."""
    assert protocol_match(protocol, first, last) == match


@pytest.mark.parametrize("protocol", ["sctp", "256", ""])
def test_unknown_protocol_cannot_be_ignored(protocol: str) -> None:
    """What is not modelled is refused with a clear error."""
    with pytest.raises(DataPlaneError, match="not modelled"):
        protocol_match(protocol, None, None)


@given(st.lists(st.integers(0, 2**68 - 1), min_size=1, max_size=20), st.sampled_from(sorted(REASONS)))
def test_every_refusal_can_be_said_in_a_log_prefix(numbers: list[int], code: str) -> None:
    """However many groups an interface has, the kernel's log has room for kind, component, code and direction."""
    component = joined(tuple(f"sg-{number:017x}" for number in numbers), Kind.SECURITY_GROUP, code)
    prefix = Refusal(Kind.SECURITY_GROUP, component, code, "ingress").prefix()
    assert len(prefix) <= PREFIX_LIMIT
    assert len(prefix.split()) == 4


def test_small_ruleset_can_be_replaced_in_one_transaction() -> None:
    """A table that fits is made, and the old one deleted, in a single batch."""
    ruleset = Ruleset("vpc", chains=(base_chain("forward", "forward", 0, "drop"),))
    (batch,) = ruleset.batches("vpc-2", "vpc")
    assert "delete table ip vpc\n" in batch
    assert "table ip vpc-2 {" in batch


def test_change_of_little_can_be_made_in_place_however_much_there_is() -> None:
    """What stays as it is takes nothing of the transaction."""
    sets = tuple(Collection("set", f"members-{number}", "ipv4_addr", ("10.0.0.1",)) for number in range(5000))
    chains = (base_chain("forward", "forward", 0, "drop"),)
    before = Ruleset("vpc", sets, chains)
    text = change("vpc", before, Ruleset("vpc", (replace(sets[0], elements=()), *sets[1:]), chains))
    assert text is not None
    assert "delete element ip vpc members-0 { 10.0.0.1 }" in text
    assert "members-1 " not in text


@pytest.mark.parametrize("gone", ["sets", "chains"])
def test_change_cannot_delete_more_in_place_than_a_transaction_takes(gone: str) -> None:
    """Each name that goes has to be said, too: the table is replaced then."""
    many = range(5000)
    sets = tuple(Collection("set", f"members-{number}", "ipv4_addr") for number in many)
    chains = tuple(Chain(f"judge-{number}", ()) for number in many)
    before = Ruleset("vpc", sets, ()) if gone == "sets" else Ruleset("vpc", (), chains)
    assert change("vpc", before, Ruleset("vpc")) is None


def test_large_ruleset_can_be_replaced_piece_by_piece() -> None:
    """Only the last of many batches has chains that the kernel calls, and deletes the old table."""
    addresses = tuple(str(IPv4Address("10.0.0.0") + number) for number in range(10_000))
    ruleset = Ruleset(
        "vpc",
        (Collection("set", "members", "ipv4_addr", addresses),),
        (
            base_chain("forward", "forward", 0, "drop", "jump judge"),
            Chain("judge", tuple(f"ip saddr {address} return" for address in addresses[:2000])),
        ),
    )
    *pieces, last = ruleset.batches("vpc-2", "vpc")
    assert all("hook" not in piece and "delete table ip vpc\n" not in piece for piece in pieces)
    assert "hook forward" in last
    assert last.startswith("delete table ip vpc\n")
    assert "members" not in last
    text = "".join(pieces)
    assert all(f"\t\t\t{address},\n" in text for address in addresses)
    assert text.count(" return\n") == 2000
    assert max(len(piece) for piece in pieces) < BATCH_BYTES
