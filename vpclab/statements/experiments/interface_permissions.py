"""What a role has to allow for a function's network interfaces, and when."""

import json

from vpclab.statements.deployment import Deployment
from vpclab.statements.description import attachment_of
from vpclab.statements.ending import Ending
from vpclab.statements.error import VerificationError
from vpclab.statements.experiments.attempt import attempt, settle
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.managed_policy import BASIC, VPC
from vpclab.statements.temporary_function import delete_function, new_function
from vpclab.statements.trial_name import InterfaceTrial


def experiment(workshop: Workshop, deployment: Deployment) -> None:
    """Attach functions as the deployment's is attached, with roles that may and may not make interfaces.

    The interfaces are those of the deployment's function, which has the same subnets and groups: nothing of it
    stays behind.
    """
    target, attachment = workshop.target, attachment_of(workshop.target, deployment.function_name)
    groups = list(attachment.security_group_ids)
    bare = workshop.role("logs-only", managed=[BASIC.name, *workshop.variation.interface_policies])
    name = workshop.name("without")

    def create() -> None:
        new_function(
            target,
            name,
            deployment.function_name,
            role_arn=bare.arn,
            subnet_ids=attachment.subnet_ids,
            security_group_ids=groups,
        )
        workshop.undo(f"function {name}", delete_function, target=target, name=name)

    workshop.trials[InterfaceTrial.WITHOUT] = settle(
        target, Ending.REJECTED, lambda: attempt("CreateFunction with a role for logs only", create)
    )
    able = workshop.role("interfaces")
    detach = workshop.attach(able, VPC.name)
    attached: list[str] = []
    workshop.trials[InterfaceTrial.WITH] = attempt(
        "CreateFunction with the managed policy",
        lambda: attached.append(
            workshop.function(
                "attached",
                able,
                deployment.function_name,
                subnet_ids=attachment.subnet_ids,
                group_ids=groups,
            )
        ),
    )
    if not attached:
        return
    detach()
    workshop.trials[InterfaceTrial.INVOKED] = attempt(
        "an invocation without the permission", lambda: _invoke(workshop, attached[0])
    )
    workshop.attach(able, VPC.name)


def _invoke(workshop: Workshop, name: str) -> None:
    answer = workshop.target.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"probes": {}}))
    if answer.get("FunctionError"):
        raise VerificationError(f"{name} failed: {answer['Payload'].read()[:200]!r}")
