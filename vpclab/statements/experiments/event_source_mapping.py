"""Whether a mapping can be made for a role that may not read the event source."""

from vpclab.statements.deployment import Deployment
from vpclab.statements.ending import Ending
from vpclab.statements.experiments.attempt import attempt, settle
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.managed_policy import BASIC, SQS
from vpclab.statements.trial_name import MappingTrial


def experiment(workshop: Workshop, deployment: Deployment) -> None:
    """Offer a mapping of a queue to a function, before and after its role may read the queue."""
    role = workshop.role("consumer", managed=[BASIC.name])
    function = workshop.function("consumer", role, deployment.function_name)
    source = workshop.queue_arn(workshop.queue("source"))
    service = workshop.target.client("lambda")

    def create() -> None:
        made = service.create_event_source_mapping(EventSourceArn=source, FunctionName=function)["UUID"]
        workshop.undo(f"mapping {made}", service.delete_event_source_mapping, UUID=made)

    workshop.trials[MappingTrial.REFUSED] = attempt("a mapping without the queue's policy", create)
    workshop.attach(role, SQS.name)
    workshop.trials[MappingTrial.CREATED] = settle(
        workshop.target, Ending.DONE, lambda: attempt("a mapping with the queue's policy", create)
    )
