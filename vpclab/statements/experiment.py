"""Makes a second function for a moment, to see what attaching a function adds to a VPC."""

from collections.abc import Sequence

from botocore.exceptions import ParamValidationError

from vpclab.statements.deployment import Deployment
from vpclab.statements.description import attachment_of, lambda_interfaces, security_groups
from vpclab.statements.error import VerificationError
from vpclab.statements.facts import AttachmentExperiment
from vpclab.statements.polling import poll
from vpclab.statements.target import Target
from vpclab.statements.temporary_function import temporary_function

GONE_SECONDS = 30.0
POLL_SECONDS = 0.05


def attach_second_function(
    target: Target, deployment: Deployment, *, security_group_ids: Sequence[str] = ()
) -> AttachmentExperiment:
    """Make a function with the deployment's subnets and groups, count what it adds, and delete it again.

    ``security_group_ids``, where given, gives the second function groups of its own instead, which is the change
    that makes interfaces per function. On an endpoint of this machine a function with another group set is tried
    as well; on AWS its interfaces would stay for up to 20 minutes and keep the subnets from being deleted.
    """
    attachment = attachment_of(target, deployment.function_name)
    if not attachment.subnet_ids:
        raise VerificationError(f"{deployment.function_name} is attached to no subnet")
    groups = tuple(security_group_ids or attachment.security_group_ids)
    groups_before = security_groups(target, deployment.vpc_id)
    added = _interfaces_added(target, deployment, attachment.subnet_ids, groups)
    groups_after = security_groups(target, deployment.vpc_id)
    added_by_others: int | None = None
    others = [
        identifier
        for identifier, name in groups_after.items()
        if name == "default" and [identifier] != list(groups)
    ]
    if target.is_on_loopback and others:
        added_by_others = _interfaces_added(target, deployment, attachment.subnet_ids, others[:1])
    return AttachmentExperiment(
        interfaces_added=added,
        security_groups_added=tuple(sorted(groups_after.keys() - groups_before.keys())),
        subnets=len(attachment.subnet_ids),
        interfaces_added_by_other_groups=added_by_others,
    )


def _interfaces_added(
    target: Target, deployment: Deployment, subnet_ids: Sequence[str], groups: Sequence[str]
) -> int:
    """Count the interfaces that a function adds. On this machine, wait for them to go with it again."""

    def interfaces() -> set[str]:
        return {interface.id for interface in lambda_interfaces(target, deployment.vpc_id)}

    before = interfaces()
    with temporary_function(target, deployment.function_name, subnet_ids=subnet_ids, security_group_ids=groups):
        added = interfaces() - before
    if target.is_on_loopback and not poll(
        lambda: not interfaces() & added, seconds=GONE_SECONDS, pause=POLL_SECONDS
    ):
        raise VerificationError(f"interfaces of a deleted function are left: {', '.join(sorted(added))}")
    return len(added)


def offer_vpc_id(target: Target, deployment: Deployment) -> str:
    """Return what the SDK says to VpcId as an input, empty when a function could be made with it."""
    attachment = attachment_of(target, deployment.function_name)
    try:
        with temporary_function(
            target,
            deployment.function_name,
            subnet_ids=attachment.subnet_ids,
            security_group_ids=attachment.security_group_ids,
            VpcId=deployment.vpc_id,
        ):
            return ""
    except ParamValidationError as rejection:
        return " ".join(str(rejection).split())
