"""Whether what a traced function hands to the service's X-Ray daemon can be read in X-Ray."""

import uuid

from vpclab.statements.deployment import Deployment
from vpclab.statements.ending import Ending
from vpclab.statements.execution_role import role_refusal
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.invocation import invoke
from vpclab.statements.polling import poll
from vpclab.statements.trial import Trial
from vpclab.statements.trial_name import TraceTrial

LOCAL_SECONDS = 10.0
AWS_SECONDS = 90.0
POLL_SECONDS = 0.2
ACTIONS = ("xray:PutTraceSegments",)
PROBE = "trace"


def experiment(workshop: Workshop, deployment: Deployment) -> None:
    """Have the deployment's traced function hand a segment to its daemon, and look for the trace."""
    tracer = deployment.subject("tracer")
    handed = {PROBE: {"by": "daemon", "nonce": uuid.uuid4().hex}}
    answer = invoke(workshop.target, tracer.function_name, handed).observations[PROBE]
    what, trace = f"a segment of {tracer.function_name}", answer.text("trace_id")
    if answer.error or not trace:
        message = answer.error or "it was not told which trace it is"
        workshop.trials[TraceTrial.BY_DAEMON] = Trial(what, Ending.ERROR, message=message)
        return
    xray = workshop.target.client("xray")
    found = poll(
        lambda: xray.batch_get_traces(TraceIds=[trace])["Traces"],
        seconds=LOCAL_SECONDS if workshop.target.is_on_loopback else AWS_SECONDS,
        pause=POLL_SECONDS,
    )
    workshop.trials[TraceTrial.BY_DAEMON] = Trial(
        what,
        Ending.DONE if found else Ending.ABSENT,
        refused_by=None if found else role_refusal(workshop.target, tracer.role_name, ACTIONS, "*"),
        evidence={"trace_id": trace},
    )
