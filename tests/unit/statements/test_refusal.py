"""Finding a probe's packets among those that a network refused."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vpclab.statements.observation import Observation, Outcome, Refusal
from vpclab.statements.refusal import Flow, flow_of, refusals

FLOW = Flow(frozenset({"198.51.100.7"}), 443, "vpc-1", frozenset({"10.0.0.5"}), frozenset({"10.0.9.9"}))


def _drop(**changes: object) -> dict[str, Any]:
    drop: dict[str, Any] = {
        "kind": "route-table",
        "component": "rtb-1",
        "code": "NO_ROUTE_TO_DESTINATION",
        "reason": "no route",
        "vpc_id": "vpc-1",
        "source": "10.0.0.5",
        "source_port": 40000,
        "destination": "198.51.100.7",
        "destination_port": 443,
    }
    return drop | changes


def _back(**changes: object) -> dict[str, Any]:
    return _drop(source="198.51.100.7", source_port=443, destination="10.0.0.5", destination_port=40000, **changes)


def test_a_flow_can_be_found_by_its_destination() -> None:
    """Retransmitted packets of one flow name their component once."""
    assert refusals(FLOW, [_drop(), _drop()]) == (
        Refusal("route-table", "rtb-1", "NO_ROUTE_TO_DESTINATION", "no route"),
    )


def test_a_refused_answer_can_be_told_from_a_refused_request() -> None:
    """A network ACL is stateless: it may refuse the way back, and the refusal says so."""
    (refusal,) = refusals(FLOW, [_back(kind="network-acl", component="acl-1", code="SUBNET_ACL_RESTRICTION")])
    assert refusal.returning
    assert str(refusal) == "network-acl acl-1 (SUBNET_ACL_RESTRICTION) on the way back"


def test_a_packet_that_a_gateway_sent_on_can_count() -> None:
    """Behind a NAT gateway the refused packet has the gateway's address."""
    sent_on = _drop(source="10.0.9.9", kind="internet-gateway", component="igw-1")
    assert [refusal.component for refusal in refusals(FLOW, [sent_on])] == ["igw-1"]


def test_the_functions_own_packets_can_push_others_aside() -> None:
    """Where packets of the function itself were refused, those of others to the same host do not count."""
    of_others = _drop(source="10.0.9.9", component="rtb-other")
    assert [refusal.component for refusal in refusals(FLOW, [of_others, _drop()])] == ["rtb-1"]


def test_a_neighbours_packets_cannot_name_a_component() -> None:
    """Another function of the VPC may have been refused on its way to the same host: that is its affair."""
    assert refusals(FLOW, [_drop(source="10.0.0.6", component="rtb-other")]) == ()
    assert refusals(FLOW, [_back(component="acl-other") | {"destination": "10.0.0.6"}]) == ()


def test_another_flow_cannot_name_a_component() -> None:
    """Another VPC with the same addresses, another host and another port are other flows."""
    others = [
        _drop(vpc_id="vpc-2"),
        _drop(vpc_id=None),
        _drop(destination="198.51.100.8"),
        _drop(destination_port=80),
        _drop(destination_port=None),
    ]
    assert refusals(FLOW, others) == ()


def test_a_flow_outside_any_vpc_can_only_be_refused_outside() -> None:
    """Two VPCs may use the same private range: packets from the AWS-owned VPC belong to neither."""
    outside = Flow(frozenset({"10.0.0.9"}), 5432, None)
    own = _drop(
        kind="aws-owned-vpc", component="lambda", vpc_id=None, destination="10.0.0.9", destination_port=5432
    )
    assert [refusal.component for refusal in refusals(outside, [{**own, "vpc_id": "vpc-1"}, own])] == ["lambda"]


@given(st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.TIMED_OUT]))
def test_only_a_time_out_can_be_a_dropped_flow(outcome: Outcome) -> None:
    """Whatever else happened, no packet of it was dropped."""
    assert flow_of(Observation(outcome, {"address": "10.0.0.9", "port": 443}), "vpc-1", ()) is None


def test_a_flow_can_be_read_from_what_was_tried() -> None:
    """The address that was connected to is the flow's, not others that the name has."""
    tried = Observation(
        Outcome.TIMED_OUT, {"addresses": ["192.0.2.1", "192.0.2.2"], "address": "192.0.2.1", "port": 443}
    )
    assert flow_of(tried, "vpc-1", ["10.0.0.5"]) == Flow(
        frozenset({"192.0.2.1"}), 443, "vpc-1", frozenset({"10.0.0.5"})
    )
