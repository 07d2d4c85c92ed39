"""The statements about permissions are falsifiable: a named change flips each, and who refuses is named."""

import pytest

from tests.verify import permission_changes
from tests.verify.falsification import Outputs, falsifies, flipped, verify_one
from vpclab.statements.denial import BOUNDARY, RESOURCE
from vpclab.statements.log_policy import AS_TYPED, without_stray_spaces
from vpclab.statements.managed_policy import BASIC, DYNAMODB, KINESIS, MANAGED_POLICIES, SQS, XRAY, ManagedPolicy
from vpclab.statements.statement import Verdict
from vpclab.statements.target import Target
from vpclab.statements.variant import DEFAULT, ENDPOINTS, PUBLIC
from vpclab.statements.variation import Variation

pytestmark = pytest.mark.usefixtures("report")  # verified once as deployed, before anything is changed

ONLY_LOGS = BASIC.arn
"""As a permissions boundary, a policy that leaves out all but writing logs; it is there in every account."""

NARROWER = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"


@falsifies("C2", "C3", "C4", "C5", "C6", "C7")
def test_c2_to_c7_can_be_flipped_by_policies_that_grant_more(target: Target, outputs: Outputs) -> None:
    """With an action too many in each policy's place, every one of the six is noticed."""
    with permission_changes.policies_that_grant_more(target) as policies:
        report = verify_one(target, outputs, DEFAULT, Variation(policies=policies))
    rows = flipped(report, *(f"C{number}" for number in range(2, 8)))
    for row, policy in zip(rows.values(), MANAGED_POLICIES.values(), strict=True):
        assert row.verdict is Verdict.REFUTED
        assert f"also {policy.refused[0]}" in row.observed
        assert f"{policy.refused[0]}: allowed" in row.observed


@falsifies("C1", "C10", "C11")
def test_c1_c10_and_c11_can_be_flipped_by_a_permissions_boundary(target: Target, outputs: Outputs) -> None:
    """What the roles grant is nothing where a boundary leaves it out, and the boundary is named."""
    report = verify_one(target, outputs, DEFAULT, Variation(boundary=ONLY_LOGS))
    rows = {row.statement: row for row in report.judgements}
    for identifier in ("C1", "C10", "C11"):
        assert rows[identifier].verdict is Verdict.REFUTED, rows[identifier].observed
        assert {refusal.kind for refusal in rows[identifier].refused_by} == {BOUNDARY}
    assert rows["C12"].verdict is Verdict.ERROR, "with both policies nobody is allowed either: nothing is shown"


@falsifies("C12")
def test_c12_can_be_flipped_by_callers_of_the_same_account(target: Target, outputs: Outputs) -> None:
    """Within one account either policy is enough, so that the general reading of the notes is true."""
    account = outputs[DEFAULT]["function_arn"].split(":")[4]
    same = Target(target.endpoint, region=target.region, name=target.name, second_account=account)
    rows = flipped(verify_one(same, outputs, DEFAULT), "C10", "C12")
    assert rows["C12"].verdict is Verdict.HOLDS
    assert rows["C10"].verdict is Verdict.REFUTED


@falsifies("C1")
def test_c1_can_be_flipped_by_another_role(target: Target, outputs: Outputs) -> None:
    """A function that was given another role is noticed, although it may do what is asked of it."""
    with permission_changes.with_another_role(target, outputs[ENDPOINTS]):
        rows = {row.statement: row for row in verify_one(target, outputs, ENDPOINTS).judgements}
    assert rows["C1"].verdict is Verdict.REFUTED
    assert outputs[ENDPOINTS]["invoked"]["role_name"] in rows["C1"].observed


@falsifies("C7")
def test_c7_can_be_flipped_by_the_tracers_role(target: Target, outputs: Outputs) -> None:
    """Without its policy the daemon's segments are refused, and the role is named."""
    role = outputs[DEFAULT]["tracer"]["role_name"]
    with permission_changes.without_policy(target, role, XRAY):
        report = verify_one(target, outputs, DEFAULT)
    row = flipped(report, "C7")["C7"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.component) == ("execution-role", role)


@falsifies("C8")
@pytest.mark.parametrize(("source", "policy"), [("sqs", SQS), ("kinesis", KINESIS), ("dynamodb", DYNAMODB)])
def test_c8_can_be_flipped_by_the_consumers_role(
    source: str, policy: ManagedPolicy, target: Target, outputs: Outputs
) -> None:
    """Without its policy the service polls no longer for it, and the role is named."""
    role = outputs[ENDPOINTS]["consumers"][source]["role_name"]
    with permission_changes.without_policy(target, role, policy):
        report = verify_one(target, outputs, ENDPOINTS)
    row = flipped(report, "C8")["C8"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.component) == ("execution-role", role)


@falsifies("C9")
def test_c9_can_be_flipped_by_a_shared_role(target: Target, outputs: Outputs) -> None:
    """Two functions with one role are named."""
    with permission_changes.with_role_of_another(target, outputs[PUBLIC]) as names:
        report = verify_one(target, outputs, PUBLIC)
    row = flipped(report, "C9")["C9"]
    assert row.verdict is Verdict.REFUTED
    assert all(name in row.observed for name in names)


@falsifies("C13")
def test_c13_can_be_flipped_by_removing_the_permission(target: Target, outputs: Outputs) -> None:
    """Uploads no longer invoke the function, and its resource policy is named."""
    with permission_changes.without_permission(target, outputs[PUBLIC]):
        report = verify_one(target, outputs, PUBLIC)
    row = flipped(report, "C13")["C13"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.component) == (RESOURCE, outputs[PUBLIC]["bucket"]["function_arn"])


@falsifies("C14")
def test_c14_can_be_flipped_by_typing_without_spaces(target: Target, outputs: Outputs) -> None:
    """A text without the stray spaces is accepted as typed."""
    text = without_stray_spaces(AS_TYPED)
    row = flipped(verify_one(target, outputs, DEFAULT, Variation(log_policy=text)), "C14")["C14"]
    assert row.verdict is Verdict.HOLDS


@falsifies("C19")
def test_c19_can_be_flipped_by_a_narrower_policy(target: Target, outputs: Outputs) -> None:
    """A role that is thought to lack the permission, and has it from another policy, is accepted."""
    variation = Variation(
        interface_policies=("arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess",)
    )
    row = flipped(verify_one(target, outputs, PUBLIC, variation), "C19")["C19"]
    assert row.verdict is Verdict.REFUTED
    assert row.observed == "CreateFunction with a role for logs only: accepted"
