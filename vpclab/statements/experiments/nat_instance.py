"""Configures a deployment's NAT instances wrong, in two ways, and has its function call an internet host."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address
from typing import Any

from vpclab.statements.deployment import Deployment, NatInstance
from vpclab.statements.description import lambda_interfaces
from vpclab.statements.ending import Ending
from vpclab.statements.experiments.attempt import settle
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.invocation import invoke
from vpclab.statements.observation import Observation, Outcome, ProbeName, Refusal
from vpclab.statements.polling import poll
from vpclab.statements.refusal import flow_of, refusals
from vpclab.statements.trial import Trial
from vpclab.statements.trial_name import NatInstanceTrial

OF_A_RULE = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "Description")
NOBODY = IPv4Address("192.0.2.255")
"""Of the ranges for documentation (RFC 5737): no function is there, nor at the addresses below it."""
DROP_SECONDS = 3.0
POLL_SECONDS = 0.05


def experiment(workshop: Workshop, deployment: Deployment) -> None:
    """Turn the source/destination check on, then close the group; each is put back before the next."""
    for trial, wrong in ((NatInstanceTrial.CHECKED, checked), (NatInstanceTrial.CLOSED, closed)):
        with ExitStack() as undo:
            for instance in deployment.nat_instances:
                undo.enter_context(wrong(workshop.target.client("ec2"), instance))
            workshop.trials[trial] = settle(
                workshop.target,
                Ending.ABSENT,
                lambda t=trial: _call(workshop, deployment, t),  # type: ignore[misc]
            )


@contextmanager
def checked(ec2: Any, instance: NatInstance) -> Iterator[None]:  # noqa: ANN401 - boto3 has no types
    """Have the instance's interface drop what is neither from nor to itself."""

    def check(*, value: bool) -> None:
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=instance.interface_id, SourceDestCheck={"Value": value}
        )

    check(value=True)
    try:
        yield
    finally:
        check(value=False)


@contextmanager
def closed(ec2: Any, instance: NatInstance) -> Iterator[None]:  # noqa: ANN401 - boto3 has no types
    """Have the instance's group admit nobody who is there.

    Its rules are changed, not revoked: made again they would have other ids, and the stack would not know them.
    Each admits another nobody, for EC2 takes no rule twice.
    """
    filters = [{"Name": "group-id", "Values": [instance.security_group_id]}]
    described = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    admitting = {
        rule["SecurityGroupRuleId"]: {key: rule[key] for key in OF_A_RULE if key in rule}
        for rule in described
        if not rule["IsEgress"] and "CidrIpv4" in rule
    }

    def have(rules: Mapping[str, Mapping[str, Any]]) -> None:
        updates = [{"SecurityGroupRuleId": one, "SecurityGroupRule": rule} for one, rule in rules.items()]
        if updates:
            ec2.modify_security_group_rules(GroupId=instance.security_group_id, SecurityGroupRules=updates)

    nobody = (f"{NOBODY - number}/32" for number in range(len(admitting)))
    have(
        {
            one: {**rule, "CidrIpv4": address}
            for (one, rule), address in zip(admitting.items(), nobody, strict=True)
        }
    )
    try:
        yield
    finally:
        have(admitting)


def _call(workshop: Workshop, deployment: Deployment, name: NatInstanceTrial) -> Trial:
    began, what = time.time(), f"the internet with {name.partition('/')[2]}"
    found = invoke(workshop.target, deployment.function_name, {ProbeName.INTERNET: {}})
    observation = found.observations[ProbeName.INTERNET]
    match observation.outcome:
        case Outcome.CONNECTED:
            return Trial(what, Ending.DONE, evidence=observation.evidence)
        case Outcome.TIMED_OUT if observation.stage == "tcp":
            refused = _refused_by(workshop, deployment, observation, began)
            return Trial(
                what,
                Ending.ABSENT,
                message=observation.error or "",
                refused_by=refused[0] if refused else None,
                evidence=observation.evidence,
            )
        case _:
            return Trial(what, Ending.ERROR, message=observation.error or observation.outcome.value)


def _refused_by(
    workshop: Workshop, deployment: Deployment, observation: Observation, began: float
) -> tuple[Refusal, ...]:
    interfaces = lambda_interfaces(workshop.target, deployment.vpc_id)
    flow = flow_of(observation, deployment.vpc_id, [interface.private_ip for interface in interfaces])
    if flow is None or workshop.target.drops(began) is None:
        return ()
    return poll(
        lambda: refusals(flow, workshop.target.drops(began) or ()), seconds=DROP_SECONDS, pause=POLL_SECONDS
    )
