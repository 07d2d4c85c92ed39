"""Twelve changes of one thing each: the verdict flips, who refuses is named, and undone the verdict is back.

``docs/statements.md`` lists them with the statement that each flips and the component that is named.
"""

import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.verify import changes, network_changes, permission_changes
from tests.verify.falsification import (
    NO_WAY_TO_STS,
    Outputs,
    expect_return,
    falsifies,
    flipped,
    refused_once,
    verify_one,
)
from vpclab.statements.description import attachment_of
from vpclab.statements.invocation import invoke
from vpclab.statements.log_group import search
from vpclab.statements.observation import Observation, Outcome, ProbeName
from vpclab.statements.report import Report
from vpclab.statements.statement import Verdict
from vpclab.statements.target import Target
from vpclab.statements.temporary_function import new_function
from vpclab.statements.variant import ATTACHED, DEFAULT, ENDPOINTS, PRIVATE_NAT, PUBLIC

NO_ROUTE = "NO_ROUTE_TO_DESTINATION"
NO_SECOND_FUNCTION = ("C18", "C19", "C20")
"""What is observed of a second function with the first one's role, which cannot be made without permissions."""

AT_ONCE = 4


@falsifies("C23")
def test_a_deleted_nat_route_can_flip_c23(target: Target, outputs: Outputs, report: Report) -> None:
    """Without the route to the NAT gateway there is no internet, and the function's route table is named."""
    with changes.without_nat_route(target, outputs[PRIVATE_NAT]):
        changed = verify_one(target, outputs, PRIVATE_NAT)
    expect_return(target, outputs, PRIVATE_NAT, report)
    refusal = refused_once(flipped(changed, "C23", errors=NO_WAY_TO_STS)["C23"])
    assert (refusal.kind, refusal.code) == ("route-table", NO_ROUTE)
    assert refusal.component in outputs[PRIVATE_NAT]["function_route_table_ids"]


@falsifies("C23")
def test_a_nat_gateway_in_a_private_subnet_can_flip_c23(target: Target, outputs: Outputs, report: Report) -> None:
    """A gateway whose own subnet has no way out sends nothing on, and the route table of that subnet is named."""
    subnet = network_changes.database_subnets(target, outputs[PRIVATE_NAT])[0]
    with network_changes.nat_gateway_in_subnet(target, outputs[PRIVATE_NAT], subnet):
        changed = verify_one(target, outputs, PRIVATE_NAT)
    expect_return(target, outputs, PRIVATE_NAT, report)
    refusal = refused_once(flipped(changed, "C23", errors=NO_WAY_TO_STS)["C23"])
    table = network_changes.route_table_of(target, subnet)["RouteTableId"]
    assert (refusal.kind, refusal.component, refusal.code) == ("route-table", table, NO_ROUTE)
    assert table not in outputs[PRIVATE_NAT]["function_route_table_ids"]


@falsifies("C23")
def test_a_nat_gateway_in_the_functions_own_subnet_can_flip_c23(
    target: Target, outputs: Outputs, report: Report
) -> None:
    """There the way out of the gateway leads to the gateway itself, which is named."""
    subnet = outputs[PRIVATE_NAT]["function_subnet_ids"][0]
    with network_changes.nat_gateway_in_subnet(target, outputs[PRIVATE_NAT], subnet) as gateway:
        changed = verify_one(target, outputs, PRIVATE_NAT)
    expect_return(target, outputs, PRIVATE_NAT, report)
    refusal = refused_once(flipped(changed, "C23", errors=NO_WAY_TO_STS)["C23"])
    assert (refusal.kind, refusal.component) == ("nat-gateway", gateway)


@falsifies("C22", "C25")
def test_an_elastic_address_on_the_functions_interface_can_flip_c22(
    target: Target, outputs: Outputs, report: Report
) -> None:
    """With it the function in the public subnet has internet access; before and after, the gateway is named."""
    with changes.elastic_addresses_on_the_function(target, outputs[PUBLIC]) as addresses:
        changed = verify_one(target, outputs, PUBLIC)
    back = expect_return(target, outputs, PUBLIC, report)
    rows = flipped(changed, "C22", "C25")
    assert all(row.verdict is Verdict.REFUTED for row in rows.values())
    assert all(address in rows["C22"].observed for address in addresses)
    assert changed.observations[PUBLIC][ProbeName.INTERNET].text("source_seen") in addresses
    refused = back.observations[PUBLIC][ProbeName.INTERNET].refused_by
    assert {refusal.kind for refusal in refused} == {"internet-gateway"}


@falsifies("C24", "C25")
def test_a_logs_endpoint_can_flip_c24_and_c25(target: Target, outputs: Outputs, report: Report) -> None:
    """With it the Logs API answers the code, through the endpoint; before and after, a route table is named."""
    with changes.logs_endpoint(target, outputs[ENDPOINTS]) as endpoint:
        changed = verify_one(target, outputs, ENDPOINTS)
    back = expect_return(target, outputs, ENDPOINTS, report)
    rows = flipped(changed, "C24", "C25")
    assert all(row.verdict is Verdict.REFUTED and endpoint in row.observed for row in rows.values())
    assert changed.observations[ENDPOINTS][ProbeName.LOGS_API].outcome is Outcome.CONNECTED
    refused = back.observations[ENDPOINTS][ProbeName.LOGS_API].refused_by
    assert {(refusal.kind, refusal.code) for refusal in refused} == {("route-table", NO_ROUTE)}


@falsifies("C24")
def test_a_gateway_endpoint_off_the_functions_route_table_can_flip_c24(
    target: Target, outputs: Outputs, report: Report
) -> None:
    """The endpoint is there, and without its route of no use: S3 times out, and the route table is named."""
    with network_changes.without_gateway_endpoint_routes(target, outputs[ENDPOINTS], "s3"):
        changed = verify_one(target, outputs, ENDPOINTS)
    expect_return(target, outputs, ENDPOINTS, report)
    refusal = refused_once(flipped(changed, "C24")["C24"])
    assert (refusal.kind, refusal.code) == ("route-table", NO_ROUTE)
    assert refusal.component in outputs[ENDPOINTS]["function_route_table_ids"]
    assert changed.observations[ENDPOINTS][ProbeName.STS].outcome is Outcome.CONNECTED


@falsifies("C24")
def test_an_endpoints_group_without_443_can_flip_c24(target: Target, outputs: Outputs, report: Report) -> None:
    """The services' names lead to the endpoints, which nobody may connect to; their group is named."""
    with network_changes.without_https_to_the_endpoints(target, outputs[ENDPOINTS]) as group:
        changed = verify_one(target, outputs, ENDPOINTS)
    expect_return(target, outputs, ENDPOINTS, report)
    refusal = refused_once(flipped(changed, "C24", errors=NO_WAY_TO_STS)["C24"])
    assert (refusal.kind, refusal.component) == ("security-group", group)
    assert group not in outputs[ENDPOINTS]["function_security_group_ids"]
    sts, before = (one.observations[ENDPOINTS][ProbeName.STS].addresses for one in (changed, report))
    assert sorted(sts) == sorted(before)


@falsifies("C24")
def test_private_dns_turned_off_can_flip_c24(target: Target, outputs: Outputs, report: Report) -> None:
    """The service's name leads past the endpoint to a public address, and the function's route table is named."""
    with network_changes.without_private_dns(target, outputs[ENDPOINTS], "sts"):
        changed = verify_one(target, outputs, ENDPOINTS)
    expect_return(target, outputs, ENDPOINTS, report)
    refusal = refused_once(flipped(changed, "C24", errors=NO_WAY_TO_STS)["C24"])
    assert (refusal.kind, refusal.code) == ("route-table", NO_ROUTE)
    assert refusal.component in outputs[ENDPOINTS]["function_route_table_ids"]
    sts, before = (one.observations[ENDPOINTS][ProbeName.STS].addresses for one in (changed, report))
    assert sts
    assert not set(sts) & set(before)


@falsifies("C16")
@pytest.mark.parametrize("variant", ATTACHED)
def test_a_database_group_without_the_functions_group_can_flip_c16(
    variant: str, target: Target, outputs: Outputs, report: Report
) -> None:
    """Not admitted, the attached function is dropped like any other, and the database's group is named."""
    with changes.without_database_rule(target, outputs[variant]):
        changed = verify_one(target, outputs, variant)
    expect_return(target, outputs, variant, report)
    refusal = refused_once(flipped(changed, "C16")["C16"])
    assert (refusal.kind, refusal.component) == ("security-group", outputs[variant]["database_security_group_id"])


@falsifies("C23")
def test_a_network_acl_without_ephemeral_ports_can_flip_c23(
    target: Target, outputs: Outputs, report: Report
) -> None:
    """Questions go out and no answer comes back: the ACL is named, on the way back. Adding the ports is enough."""
    with network_changes.acl_without_ephemeral_ports(target, outputs[PRIVATE_NAT]) as acl:
        changed = verify_one(target, outputs, PRIVATE_NAT)
        network_changes.add_ephemeral_ports(target, acl)
        expect_return(target, outputs, PRIVATE_NAT, report)
    expect_return(target, outputs, PRIVATE_NAT, report)
    rows = flipped(changed, "C16", "C23", errors=NO_WAY_TO_STS)
    for row in rows.values():
        assert row.verdict is Verdict.REFUTED
        assert {(refusal.kind, refusal.component, refusal.returning) for refusal in row.refused_by} == {
            ("network-acl", acl, True)
        }


@falsifies("C16", "C23", "C24")
@pytest.mark.parametrize(("variant", "statements"), [(PRIVATE_NAT, ("C16", "C23")), (ENDPOINTS, ("C16", "C24"))])
def test_a_group_without_egress_rules_can_flip_what_connects_but_not_dns(
    variant: str, statements: tuple[str, ...], target: Target, outputs: Outputs, report: Report
) -> None:
    """Nothing is connected any more, and the function's group is named; the resolver answers as before."""
    with network_changes.without_egress_rules(target, outputs[variant]) as group:
        changed = verify_one(target, outputs, variant)
    expect_return(target, outputs, variant, report)
    for row in flipped(changed, *statements, errors=NO_WAY_TO_STS).values():
        refusal = refused_once(row)
        assert (refusal.kind, refusal.component, refusal.code) == ("security-group", group, "SG_HAS_NO_RULES")
    for probe, before in report.observations[variant].items():
        if probe in (ProbeName.LOGS_PRINTED, ProbeName.INTERFACES):
            continue
        observation = changed.observations[variant][probe]
        assert (observation.outcome, observation.stage) == (Outcome.TIMED_OUT, "tcp"), probe
        assert sorted(observation.addresses) == sorted(before.addresses), probe
        assert observation.addresses, probe


@falsifies("C25")
@pytest.mark.parametrize(
    "case",
    [
        (changes.without_managed_policies, DEFAULT, ()),
        (changes.without_managed_policies, PRIVATE_NAT, NO_SECOND_FUNCTION),
        (changes.denying_log_delivery, PUBLIC, ()),
        (changes.denying_log_delivery, ENDPOINTS, ()),
    ],
    ids=lambda case: case[1],
)
def test_a_role_without_the_permissions_for_logs_can_flip_c25(
    case: tuple[changes.Change, str, tuple[str, ...]], target: Target, outputs: Outputs, report: Report
) -> None:
    """The service delivers lines with the role's permission only; the role is named."""
    change, variant, errors = case
    with change(target, outputs[variant]):
        changed = verify_one(target, outputs, variant)
    expect_return(target, outputs, variant, report)
    refusal = refused_once(flipped(changed, "C25", errors=errors)["C25"])
    assert (refusal.kind, refusal.component) == ("execution-role", outputs[variant]["role_name"])


@falsifies("C19")
@pytest.mark.parametrize("variant", [PRIVATE_NAT, ENDPOINTS])
def test_a_role_without_the_permissions_for_interfaces_cannot_flip_anything_of_an_active_function(
    variant: str, target: Target, outputs: Outputs, report: Report
) -> None:
    """They are asked for when interfaces are made: a new function is refused, the active one goes on as before.

    That holds for environments that start without them, too.
    """
    own = outputs[variant]
    with permission_changes.without_interface_permissions(target, own):
        refusal = refusal_of_a_new_function(target, own["function_name"])
        changed = verify_one(target, outputs, variant)
        expect_new_environments(target, own)
    expect_return(target, outputs, variant, report)
    assert "The provided execution role does not have permissions to call CreateNetworkInterface on EC2" in refusal
    unobserved = {row.statement: row for row in changed.unexpected}
    assert set(unobserved) == set(NO_SECOND_FUNCTION)
    for row in unobserved.values():
        assert row.verdict is Verdict.ERROR
        assert "CreateNetworkInterface" in row.observed
    for probe, observation in report.observations[variant].items():
        assert changed.observations[variant][probe].outcome is observation.outcome, probe


def refusal_of_a_new_function(target: Target, like: str) -> str:
    """Return what the service says to a function with the role and the VpcConfig of another."""
    attachment, name = attachment_of(target, like), f"falsifier-{uuid.uuid4().hex[:8]}"
    with pytest.raises(ClientError) as refused:
        new_function(
            target, name, like, subnet_ids=attachment.subnet_ids, security_group_ids=attachment.security_group_ids
        )
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    return str(refused.value)


def expect_new_environments(target: Target, outputs: Mapping[str, Any]) -> None:
    """Invoke the function several times at once: environments start, and each reaches STS and delivers its line.

    Each invocation takes long enough for the others to need environments of their own: it tries a closed port.
    """
    began, nonces = time.time(), [uuid.uuid4().hex for _ in range(AT_ONCE)]
    closed = {"probe": "tcp", "host": outputs["database_endpoint"].partition(":")[0], "port": 1}

    def ask(nonce: str) -> Mapping[str, Observation]:
        probes = {"slow": closed, ProbeName.STS: {}, ProbeName.LOGS_PRINTED: {"nonce": nonce}}
        return invoke(target, outputs["function_name"], probes).observations

    with ThreadPoolExecutor(AT_ONCE) as at_once:
        answers = list(at_once.map(ask, nonces))
    assert {answer["slow"].outcome for answer in answers} == {Outcome.TIMED_OUT}
    assert {answer[ProbeName.STS].outcome for answer in answers} == {Outcome.CONNECTED}
    lines = [search(target, outputs["log_group_name"], nonce, began) for nonce in nonces]
    assert len({line.log_stream for line in lines if line}) == AT_ONCE, "an environment each, with a stream each"
