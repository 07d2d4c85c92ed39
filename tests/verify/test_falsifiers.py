"""Every statement is falsifiable: a named change flips its verdict, and who refuses is named."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.verify import changes
from vpclab.statements.deployment import Deployment
from vpclab.statements.experiment import attach_second_function
from vpclab.statements.observation import ProbeName
from vpclab.statements.report import EXIT_FALSE, EXIT_OK, Report
from vpclab.statements.runner import verify
from vpclab.statements.statement import Verdict
from vpclab.statements.target import Target
from vpclab.statements.variant import ATTACHED, DEFAULT, ENDPOINTS, PRIVATE_NAT, PUBLIC
from vpclab.statements.verdict import Judgement

pytestmark = pytest.mark.usefixtures("report")  # verified once as deployed, before anything is changed

Outputs = Mapping[str, Mapping[str, Any]]


def verify_one(target: Target, outputs: Outputs, variant: str) -> Report:
    """Verify one variant by itself, with a control function made for the purpose."""
    return verify({variant: outputs[variant]}, target)


def flipped(report: Report, *identifiers: str, errors: Sequence[str] = ()) -> dict[str, Judgement]:
    """Expect exactly these statements to have come out other than documented, and return their verdicts.

    ``errors``: those that the change keeps from being observed at all.
    """
    assert report.exit_code == EXIT_FALSE
    shown = {row.statement: row.observed for row in report.unexpected}
    unobserved = {row.statement for row in report.unexpected if row.verdict is Verdict.ERROR}
    assert unobserved == set(errors), shown
    unexpected = {row.statement: row for row in report.unexpected if row.verdict is not Verdict.ERROR}
    assert set(unexpected) == set(identifiers), shown
    return unexpected


def test_c23_can_be_flipped_by_deleting_the_nat_route(target: Target, outputs: Outputs) -> None:
    """Without the route to the NAT gateway there is no internet, and the route table is named."""
    with changes.without_nat_route(target, outputs[PRIVATE_NAT]):
        report = verify_one(target, outputs, PRIVATE_NAT)
    row = flipped(report, "C23")["C23"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.code) == ("route-table", "NO_ROUTE_TO_DESTINATION")
    assert refusal.component in outputs[PRIVATE_NAT]["function_route_table_ids"]


@pytest.mark.parametrize("variant", ATTACHED)
def test_c16_can_be_flipped_by_revoking_the_databases_rule(variant: str, target: Target, outputs: Outputs) -> None:
    """Without the rule the attached function is dropped like any other, and the database's group is named."""
    with changes.without_database_rule(target, outputs[variant]):
        report = verify_one(target, outputs, variant)
    row = flipped(report, "C16")["C16"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.component) == ("security-group", outputs[variant]["database_security_group_id"])


@pytest.mark.parametrize(
    ("change", "variant", "errors"),
    [
        (changes.without_managed_policies, DEFAULT, ()),
        # A role that may not make interfaces either cannot be given to the second function that these two need.
        (changes.without_managed_policies, PRIVATE_NAT, ("C18", "C20")),
        (changes.denying_log_delivery, PUBLIC, ()),
        (changes.denying_log_delivery, ENDPOINTS, ()),
    ],
)
def test_c25_can_be_flipped_by_the_roles_permissions(
    change: changes.Change, variant: str, errors: tuple[str, ...], target: Target, outputs: Outputs
) -> None:
    """The service delivers lines with the role's permission only; the role is named."""
    with change(target, outputs[variant]):
        report = verify_one(target, outputs, variant)
    row = flipped(report, "C25", errors=errors)["C25"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.component) == ("execution-role", outputs[variant]["role_name"])


def test_c22_can_be_flipped_by_an_elastic_address(target: Target, outputs: Outputs) -> None:
    """With an Elastic IP address on its interface the function in the public subnet has internet access."""
    with changes.elastic_addresses_on_the_function(target, outputs[PUBLIC]) as addresses:
        report = verify_one(target, outputs, PUBLIC)
    rows = flipped(report, "C22", "C25")
    assert all(row.verdict is Verdict.REFUTED for row in rows.values())
    assert all(address in rows["C22"].observed for address in addresses)
    assert report.observations[PUBLIC][ProbeName.INTERNET].text("source_seen") in addresses


def test_c24_and_c25_can_be_flipped_by_a_logs_endpoint(target: Target, outputs: Outputs) -> None:
    """With an endpoint for it the Logs API answers the function's code, and the endpoint is named."""
    with changes.logs_endpoint(target, outputs[ENDPOINTS]) as endpoint:
        report = verify_one(target, outputs, ENDPOINTS)
    rows = flipped(report, "C24", "C25")
    assert all(row.verdict is Verdict.REFUTED and endpoint in row.observed for row in rows.values())


def test_c21_and_c24_can_be_flipped_by_a_nat_gateway(target: Target, outputs: Outputs) -> None:
    """With a NAT gateway the function in the VPC has internet access after all."""
    with changes.nat_gateway_for(target, outputs[ENDPOINTS], free_range(target, outputs[ENDPOINTS])) as address:
        report = verify_one(target, outputs, ENDPOINTS)
    rows = flipped(report, "C21", "C24", "C25")
    assert rows["C21"].observed == f"reached the internet as {address}"


def test_c15_and_c16_can_be_flipped_by_attaching_the_function(target: Target, outputs: Outputs) -> None:
    """Attached to the VPC it is no longer outside, and reaches the database."""
    with changes.attached_to_the_vpc(target, outputs[DEFAULT]) as subnets:
        report = verify_one(target, outputs, DEFAULT)
    rows = flipped(report, "C15", "C16")
    assert all(subnet in rows["C15"].observed for subnet in subnets)
    assert "reached the database" in rows["C16"].observed


def test_c18_can_be_flipped_by_groups_of_its_own(target: Target, outputs: Outputs) -> None:
    """A second function with another group set does add an interface in each subnet."""
    deployment = Deployment.from_outputs(PUBLIC, outputs[PUBLIC])
    groups = [deployment.database_security_group_id]
    experiment = attach_second_function(target, deployment, security_group_ids=groups)
    assert experiment.interfaces_added == experiment.subnets == len(outputs[PUBLIC]["function_subnet_ids"])


def test_c20_can_be_flipped_by_other_groups(target: Target, outputs: Outputs) -> None:
    """Groups that the deployment did not choose are noticed on the interfaces."""
    chosen = outputs[PUBLIC]["function_security_group_ids"]
    added = outputs[PUBLIC]["database_security_group_id"]
    with changes.configured(target, outputs[PUBLIC], SecurityGroupIds=[*chosen, added]):
        report = verify_one(target, outputs, PUBLIC)
    row = flipped(report, "C20")["C20"]
    assert row.verdict is Verdict.HOLDS
    assert added in row.observed


def test_c23_can_be_flipped_by_a_network_acl(target: Target, outputs: Outputs) -> None:
    """A stateless ACL that refuses answers is named, with the direction."""
    with changes.acl_that_refuses_answers(target, outputs[PRIVATE_NAT]) as acl:
        report = verify_one(target, outputs, PRIVATE_NAT)
    rows = flipped(report, "C16", "C23")
    for row in rows.values():
        assert row.verdict is Verdict.REFUTED
        assert {(refusal.component, refusal.returning) for refusal in row.refused_by} == {(acl, True)}


def test_every_change_can_be_undone(target: Target, outputs: Outputs) -> None:
    """After all of them the variants are as documented again."""
    report = verify(outputs, target)
    assert report.exit_code == EXIT_OK, [(row.statement, row.observed) for row in report.unexpected]


def free_range(target: Target, outputs: Mapping[str, Any]) -> str:
    """Return a /24 of the VPC's range in which no subnet is."""
    ec2, vpc = target.client("ec2"), outputs["vpc_id"]
    (described,) = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    taken = [IPv4Network(subnet["CidrBlock"]) for subnet in subnets]
    for candidate in IPv4Network(described["CidrBlock"]).subnets(new_prefix=24):
        if not any(candidate.overlaps(range_) for range_ in taken):
            return str(candidate)
    raise AssertionError(f"no /24 is free in {described['CidrBlock']}")
