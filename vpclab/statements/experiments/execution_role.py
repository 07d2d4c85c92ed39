"""What a function's code may do while its role is changed, and what its role lets through of what it prints."""

import time
import uuid
from dataclasses import replace

from vpclab.statements import log_policy
from vpclab.statements.denial import refusal_of
from vpclab.statements.deployment import Deployment
from vpclab.statements.ending import Ending
from vpclab.statements.execution_role import delivery_refusal
from vpclab.statements.experiments.attempt import attempt, settle
from vpclab.statements.experiments.delivery import Expected, wait_for_line
from vpclab.statements.experiments.workshop import Role, Workshop, allow, deny
from vpclab.statements.invocation import invoke
from vpclab.statements.observation import Observation, Outcome, ProbeName
from vpclab.statements.trial import Trial
from vpclab.statements.trial_name import LogPolicyTrial, RoleTrial

ACTION = "secretsmanager:ListSecrets"
"""What the code tries: a harmless call that the probe makes anyway, and that nothing but a grant allows."""


def experiment(workshop: Workshop, deployment: Deployment) -> None:
    """Change the role of a function of ours between its calls."""
    role = workshop.role("role")
    _offer_log_policy(workshop, role)
    name = workshop.function("role", role, deployment.function_name)
    _print(workshop, name, role)
    arn = workshop.target.client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"]
    for trial, statements, wanted in (
        (RoleTrial.BEFORE, (), Ending.DENIED),
        (RoleTrial.GRANTED, (allow(ACTION),), Ending.DONE),
        (
            RoleTrial.ONLY_CODE_DENIED,
            (allow(ACTION), deny(ACTION, Condition={"ArnEquals": {"lambda:SourceFunctionArn": arn}})),
            Ending.DENIED,
        ),
    ):
        if statements:
            workshop.grant(role, *statements)
        _call(workshop, name, trial, wanted)
    secrets = workshop.session(role).client("secretsmanager")
    what = RoleTrial.NOT_CODE.partition("/")[2]
    workshop.trials[RoleTrial.NOT_CODE] = settle(
        workshop.target, Ending.DONE, lambda: attempt(what, lambda: secrets.list_secrets(MaxResults=1))
    )
    workshop.grant(role)
    _call(workshop, name, RoleTrial.REVOKED, Ending.DENIED)


def _offer_log_policy(workshop: Workshop, role: Role) -> None:
    """Offer the notes' policy to IAM as typed and corrected; give the role what delivery takes of it."""
    iam, typed = workshop.target.client("iam"), workshop.variation.log_policy

    def create(name: str, text: str) -> str:
        arn = str(iam.create_policy(PolicyName=workshop.name(name), PolicyDocument=text)["Policy"]["Arn"])
        workshop.undo(f"policy {arn}", iam.delete_policy, PolicyArn=arn)
        return arn

    workshop.trials[LogPolicyTrial.AS_TYPED] = attempt("the policy as typed", lambda: create("as-typed", typed))
    workshop.trials[LogPolicyTrial.CORRECTED] = attempt(
        "the policy without the spaces", lambda: create("corrected", log_policy.without_stray_spaces(typed))
    )
    workshop.attach(role, create("three-actions", log_policy.without_describing(typed)))


def _print(workshop: Workshop, name: str, role: Role) -> None:
    """Have the function print a line, and look for it."""
    nonce, began = uuid.uuid4().hex, time.time()
    invoke(workshop.target, name, {ProbeName.LOGS_PRINTED: {"nonce": nonce}})
    group = f"/aws/lambda/{name}"
    trial = wait_for_line(workshop.target, "a printed line", Expected(group, nonce, began))
    if trial.ending is Ending.ABSENT:
        trial = replace(trial, refused_by=delivery_refusal(workshop.target, role.name, group))
    workshop.trials[LogPolicyTrial.DELIVERED] = trial


def _call(workshop: Workshop, name: str, trial: RoleTrial, wanted: Ending) -> None:
    what = f"the code's call {trial.partition('/')[2]}"
    workshop.trials[trial] = settle(
        workshop.target,
        wanted,
        lambda: of_observation(
            what,
            invoke(workshop.target, name, {ProbeName.SECRETSMANAGER: {}}).observations[ProbeName.SECRETSMANAGER],
        ),
    )


def of_observation(what: str, observation: Observation) -> Trial:
    """Return the trial that a call by a function's code was."""
    code, message = observation.text("error_code"), observation.error or ""
    match observation.outcome:
        case Outcome.CONNECTED:
            return Trial(what, Ending.DONE)
        case Outcome.DENIED_BY_SERVICE:
            return Trial(what, Ending.DENIED, code, message, refusal_of(message))
        case _:
            return Trial(what, Ending.ERROR, code, message or observation.outcome.value)
