"""Every statement is falsifiable: a named change flips its verdict, and who refuses is named."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.verify import changes, test_network_falsifiers, test_permission_falsifiers
from tests.verify.conftest import Deployed
from tests.verify.falsification import FALSIFIED, NO_WAY_TO_STS, Outputs, falsifies, flipped, verify_one
from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.deployment import Deployment, NatInstance
from vpclab.statements.experiments.nat_instance import checked, closed
from vpclab.statements.report import EXIT_OK
from vpclab.statements.runner import verify
from vpclab.statements.statement import Verdict
from vpclab.statements.target import Target
from vpclab.statements.variant import DEFAULT, ENDPOINTS, PRIVATE_NAT_INSTANCE, PUBLIC
from vpclab.statements.variation import Variation

pytestmark = pytest.mark.usefixtures("report")  # verified once as deployed, before anything is changed


def test_every_statement_can_be_flipped() -> None:
    """There is a falsifier for each one of the catalogue."""
    assert test_network_falsifiers
    assert test_permission_falsifiers  # read, so that their tests have been noted
    assert {entry.id for entry in CATALOGUE} == FALSIFIED


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
