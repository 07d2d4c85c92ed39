"""Configures a deployment's NAT instances wrong, in two ways, and has its function call an internet host."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from vpclab.statements.deployment import Deployment, NatInstance
from vpclab.statements.description import lambda_interfaces
from vpclab.statements.ending import Ending
from vpclab.statements.experiments.attempt import settle
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.invocation import invoke
from vpclab.statements.observation import Observation, Outcome, ProbeName, Refusal
from vpclab.statements.refusal import flow_of, refusals
from vpclab.statements.trial import Trial
from vpclab.statements.trial_name import NatInstanceTrial

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
    """Take away what the instance's group admits."""
    (group,) = ec2.describe_security_groups(GroupIds=[instance.security_group_id])["SecurityGroups"]
    rules = {"GroupId": instance.security_group_id, "IpPermissions": group["IpPermissions"]}
    if not group["IpPermissions"]:
        yield
        return
    ec2.revoke_security_group_ingress(**rules)
    try:
        yield
    finally:
        ec2.authorize_security_group_ingress(**rules)


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
    deadline = time.monotonic() + DROP_SECONDS
    while flow is not None and (drops := workshop.target.drops(began)) is not None:
        found = refusals(flow, drops)
        if found or time.monotonic() > deadline:
            return found
        time.sleep(POLL_SECONDS)
    return ()
