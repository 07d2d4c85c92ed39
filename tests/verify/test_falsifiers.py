"""Every statement is falsifiable: a named change flips its verdict, and who refuses is named."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.verify import changes, test_permission_falsifiers
from tests.verify.conftest import Deployed
from tests.verify.falsification import FALSIFIED, Outputs, falsifies, flipped, verify_one
from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.deployment import Deployment, NatInstance
from vpclab.statements.experiments.nat_instance import checked, closed
from vpclab.statements.observation import ProbeName
from vpclab.statements.report import EXIT_OK
from vpclab.statements.runner import verify
from vpclab.statements.statement import Verdict
from vpclab.statements.target import Target
from vpclab.statements.variant import ATTACHED, DEFAULT, ENDPOINTS, PRIVATE_NAT, PRIVATE_NAT_INSTANCE, PUBLIC
from vpclab.statements.variation import Variation

pytestmark = pytest.mark.usefixtures("report")  # verified once as deployed, before anything is changed


NO_WAY_TO_STS = ("C1",)
"""A function that cannot ask STS cannot be told who it is."""


def test_every_statement_can_be_flipped() -> None:
    """There is a falsifier for each one of the catalogue."""
    assert test_permission_falsifiers  # read, so that its tests have been noted
    assert {entry.id for entry in CATALOGUE} == FALSIFIED


@falsifies("C23")
def test_c23_can_be_flipped_by_deleting_the_nat_route(target: Target, outputs: Outputs) -> None:
    """Without the route to the NAT gateway there is no internet, and the route table is named."""
    with changes.without_nat_route(target, outputs[PRIVATE_NAT]):
        report = verify_one(target, outputs, PRIVATE_NAT)
    row = flipped(report, "C23", errors=NO_WAY_TO_STS)["C23"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.code) == ("route-table", "NO_ROUTE_TO_DESTINATION")
    assert refusal.component in outputs[PRIVATE_NAT]["function_route_table_ids"]


@falsifies("C16")
@pytest.mark.parametrize("variant", ATTACHED)
def test_c16_can_be_flipped_by_revoking_the_databases_rule(variant: str, target: Target, outputs: Outputs) -> None:
    """Without the rule the attached function is dropped like any other, and the database's group is named."""
    with changes.without_database_rule(target, outputs[variant]):
        report = verify_one(target, outputs, variant)
    row = flipped(report, "C16")["C16"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.component) == ("security-group", outputs[variant]["database_security_group_id"])


@falsifies("C25")
@pytest.mark.parametrize(
    ("change", "variant", "errors"),
    [
        (changes.without_managed_policies, DEFAULT, ()),
        # A role that may not make interfaces either cannot be given to the second function that these need.
        (changes.without_managed_policies, PRIVATE_NAT, ("C18", "C19", "C20")),
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


@falsifies("C22")
def test_c22_can_be_flipped_by_an_elastic_address(target: Target, outputs: Outputs) -> None:
    """With an Elastic IP address on its interface the function in the public subnet has internet access."""
    with changes.elastic_addresses_on_the_function(target, outputs[PUBLIC]) as addresses:
        report = verify_one(target, outputs, PUBLIC)
    rows = flipped(report, "C22", "C25")
    assert all(row.verdict is Verdict.REFUTED for row in rows.values())
    assert all(address in rows["C22"].observed for address in addresses)
    assert report.observations[PUBLIC][ProbeName.INTERNET].text("source_seen") in addresses


@falsifies("C24", "C25")
def test_c24_and_c25_can_be_flipped_by_a_logs_endpoint(target: Target, outputs: Outputs) -> None:
    """With an endpoint for it the Logs API answers the function's code, and the endpoint is named."""
    with changes.logs_endpoint(target, outputs[ENDPOINTS]) as endpoint:
        report = verify_one(target, outputs, ENDPOINTS)
    rows = flipped(report, "C24", "C25")
    assert all(row.verdict is Verdict.REFUTED and endpoint in row.observed for row in rows.values())


@falsifies("C21", "C24")
def test_c21_and_c24_can_be_flipped_by_a_nat_gateway(target: Target, outputs: Outputs) -> None:
    """With a NAT gateway the function in the VPC has internet access after all."""
    with changes.nat_gateway_for(target, outputs[ENDPOINTS], free_range(target, outputs[ENDPOINTS])) as address:
        report = verify_one(target, outputs, ENDPOINTS)
    rows = flipped(report, "C21", "C24", "C25")
    assert rows["C21"].observed == f"reached the internet as {address}"


@falsifies("C15", "C16")
def test_c15_and_c16_can_be_flipped_by_attaching_the_function(target: Target, outputs: Outputs) -> None:
    """Attached to the VPC it is no longer outside, and reaches the database."""
    with changes.attached_to_the_vpc(target, outputs[DEFAULT]) as subnets:
        report = verify_one(target, outputs, DEFAULT)
    rows = flipped(report, "C15", "C16", errors=NO_WAY_TO_STS)
    assert all(subnet in rows["C15"].observed for subnet in subnets)
    assert "reached the database" in rows["C16"].observed


@falsifies("C18")
def test_c18_can_be_flipped_by_groups_of_its_own(target: Target, outputs: Outputs) -> None:
    """A second function with another group set does add an interface in each subnet."""
    groups = (outputs[PUBLIC]["database_security_group_id"],)
    report = verify_one(target, outputs, PUBLIC, Variation(second_function_groups=groups))
    row = flipped(report, "C18")["C18"]
    assert row.verdict is Verdict.HOLDS
    assert "added 2 of its own" in row.observed


@falsifies("C20")
def test_c20_can_be_flipped_by_other_groups(target: Target, outputs: Outputs) -> None:
    """Groups that the deployment did not choose are noticed on the interfaces."""
    chosen = outputs[PUBLIC]["function_security_group_ids"]
    added = outputs[PUBLIC]["database_security_group_id"]
    with changes.configured(target, outputs[PUBLIC], SecurityGroupIds=[*chosen, added]):
        report = verify_one(target, outputs, PUBLIC)
    row = flipped(report, "C20")["C20"]
    assert row.verdict is Verdict.HOLDS
    assert added in row.observed


@falsifies("C23")
def test_c23_can_be_flipped_by_a_network_acl(target: Target, outputs: Outputs) -> None:
    """A stateless ACL that refuses answers is named, with the direction."""
    with changes.acl_that_refuses_answers(target, outputs[PRIVATE_NAT]) as acl:
        report = verify_one(target, outputs, PRIVATE_NAT)
    rows = flipped(report, "C16", "C23", errors=NO_WAY_TO_STS)
    for row in rows.values():
        assert row.verdict is Verdict.REFUTED
        assert {(refusal.component, refusal.returning) for refusal in row.refused_by} == {(acl, True)}


@falsifies("C17")
def test_c17_can_be_flipped_by_a_service_that_takes_the_vpc_id(target: Target, outputs: Outputs) -> None:
    """With an API model that has VpcId among the inputs, the notes are right about it."""
    report = verify_one(WithVpcId(target), outputs, PUBLIC)
    row = flipped(report, "C17")["C17"]
    assert row.verdict is Verdict.HOLDS
    assert row.observed == "VpcId was accepted as an input"


@falsifies("C16")
@pytest.mark.parametrize("listener", ["cache", "load_balancer"])
def test_c16_can_be_flipped_by_revoking_a_targets_rules(listener: str, target: Target, outputs: Outputs) -> None:
    """The cache and the load balancer have groups, too, and these are named."""
    group = outputs[ENDPOINTS][listener]["security_group_id"]
    with changes.without_rules(target, group):
        report = verify_one(target, outputs, ENDPOINTS)
    row = flipped(report, "C16")["C16"]
    assert row.verdict is Verdict.REFUTED
    (refusal,) = row.refused_by
    assert (refusal.kind, refusal.component) == ("security-group", group)


@falsifies("C23")
@pytest.mark.parametrize("wrong", [checked, closed])
def test_c23_can_be_flipped_by_a_nat_instance_configured_wrong(
    wrong: Callable[[Any, NatInstance], AbstractContextManager[None]], target: Target, deployed: Deployed
) -> None:
    """With its check on, or its group closed, the instance lets nothing through, and is named."""
    outputs = deployed.outputs
    with changes.nat_instances(wrong, target, outputs[PRIVATE_NAT_INSTANCE]):
        report = verify_one(target, outputs, PRIVATE_NAT_INSTANCE)
    row = flipped(report, "C23")["C23"]
    assert row.verdict is Verdict.REFUTED
    (instance,) = Deployment.from_outputs(PRIVATE_NAT_INSTANCE, outputs[PRIVATE_NAT_INSTANCE]).nat_instances
    named = {instance.interface_id, instance.instance_id, instance.security_group_id}
    assert {refusal.component for refusal in row.refused_by} <= named


def test_every_change_can_be_undone(target: Target, deployed: Deployed) -> None:
    """After all of them the variants are as documented again, and nothing is left of the experiments."""
    report = verify(deployed.outputs, target)
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


class WithVpcId(Target):
    """A target whose API model says that VpcConfig takes a VpcId."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.endpoint, region=target.region, name=target.name)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        made = super().client(service)
        if service == "lambda":
            shapes = made.meta.service_model._service_description["shapes"]  # noqa: SLF001
            shapes["VpcConfig"]["members"]["VpcId"] = {"shape": "VpcId"}
        return made
