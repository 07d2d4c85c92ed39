"""Observes one deployment: asks its function, then reads from the API what the function cannot know."""

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from vpclab.statements.capability import Enforcement
from vpclab.statements.deployment import Deployment
from vpclab.statements.description import describe, function_roles
from vpclab.statements.error import VerificationError
from vpclab.statements.execution_role import delivery_refusal
from vpclab.statements.experiment import attach_second_function, offer_vpc_id
from vpclab.statements.facts import AttachmentExperiment, NetworkFacts
from vpclab.statements.invocation import Invocation, invoke
from vpclab.statements.log_group import search
from vpclab.statements.observation import Observation, Outcome, ProbeName, Refusal
from vpclab.statements.polling import poll
from vpclab.statements.refusal import flow_of, refusals
from vpclab.statements.target import Target
from vpclab.statements.variation import AS_DOCUMENTED, Variation

T = TypeVar("T")

CANARY = "canary"
"""A connection to the port above the database's: no group admits it, so an isolating network drops it."""

DROP_SECONDS = 3.0
POLL_SECONDS = 0.05

CALLS = (ProbeName.STS, ProbeName.S3, ProbeName.SECRETSMANAGER, ProbeName.LOGS_API)
OUTSIDE_PROBES = (ProbeName.INTERNET, *CALLS)
"""What makes sense from a function outside the VPC; these are the controls."""

FAILURES = (ClientError, BotoCoreError, VerificationError)


@dataclass(slots=True)
class Observed:
    """What is known of one deployment so far. ``problems`` says what could not be done."""

    observations: dict[ProbeName, Observation] = field(default_factory=dict)
    facts: NetworkFacts | None = None
    experiment: AttachmentExperiment | None = None
    vpc_id_rejection: str | None = None
    function_roles: dict[str, str] = field(default_factory=dict)
    canary: Observation | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def isolation(self) -> Enforcement:
        """What the canary says of a target that makes no claim itself."""
        if self.canary is None:
            return Enforcement.UNKNOWN
        match self.canary.outcome:
            case Outcome.TIMED_OUT:
                return Enforcement.ENFORCED
            case Outcome.CONNECTED | Outcome.REFUSED:
                return Enforcement.NOT_ENFORCED
            case _:
                return Enforcement.UNKNOWN

    def attempt(self, what: str, action: Callable[[], T]) -> T | Observation:
        """Return what ``action`` gives; where it fails, note the problem and return an observation of it."""
        try:
            return action()
        except FAILURES as failure:
            problem = f"{what}: {failure}"
            self.problems.append(problem)
            return Observation(Outcome.ERROR, error=problem)


def observe(
    target: Target, deployment: Deployment, *, with_canary: bool, variation: Variation = AS_DOCUMENTED
) -> Observed:
    """Observe a deployment. What fails becomes an observation with outcome ``error``, never an exception.

    The experiment with a second function runs while the function waits for its time-outs.
    """
    observed = Observed()
    facts = observed.attempt("describing", lambda: describe(target, deployment))
    observed.facts = facts if isinstance(facts, NetworkFacts) else None
    roles = observed.attempt("listing roles", lambda: function_roles(target, deployment.function_names))
    observed.function_roles = roles if isinstance(roles, dict) else {}
    with ThreadPoolExecutor(1, thread_name_prefix="experiment") as aside:
        experiment = None
        if observed.facts is not None and observed.facts.attachment.subnet_ids:
            experiment = aside.submit(_experiment, target, deployment, observed, variation)
        observed.observations = {
            **_ask_function(target, deployment, observed, with_canary=with_canary),
            ProbeName.INTERFACES: interfaces_observation(observed.facts),
        }
        if experiment:
            experiment.result()
    return observed


def _experiment(target: Target, deployment: Deployment, observed: Observed, variation: Variation) -> None:
    rejection = observed.attempt("offering VpcId", lambda: offer_vpc_id(target, deployment))
    observed.vpc_id_rejection = rejection if isinstance(rejection, str) else None
    experiment = observed.attempt(
        "attaching a second function",
        lambda: attach_second_function(target, deployment, security_group_ids=variation.second_function_groups),
    )
    observed.experiment = experiment if isinstance(experiment, AttachmentExperiment) else None


def _ask_function(
    target: Target, deployment: Deployment, observed: Observed, *, with_canary: bool
) -> dict[ProbeName, Observation]:
    """Invoke the function with all probes, then look for its printed line and for who refused its packets."""
    nonce = uuid.uuid4().hex
    began = time.time()
    invocation = observed.attempt(
        "invoking",
        lambda: invoke(
            target, deployment.function_name, _probes(target, deployment, nonce, with_canary=with_canary)
        ),
    )
    if isinstance(invocation, Observation):
        return dict.fromkeys(ProbeName, invocation)
    observed.canary = invocation.observations.get(CANARY)
    answers = {name: invocation.observations[name] for name in ProbeName if name in invocation.observations}
    if not deployment.database_secret_arn:
        answers[ProbeName.RDS] = Observation(Outcome.ERROR, error="the target made no password for the database")
    answers[ProbeName.LOGS_PRINTED] = observed.attempt(
        "searching the log", lambda: _printed(target, deployment, invocation, nonce, began)
    )
    named = observed.attempt(
        "asking who refused", lambda: _with_refusals(target, deployment, observed.facts, answers, began)
    )
    return answers if isinstance(named, Observation) else named


def interfaces_observation(facts: NetworkFacts | None) -> Observation:
    """Count the function's interfaces: none, one per subnet, or something else."""
    if facts is None:
        return Observation(Outcome.ERROR, error="the deployment could not be described")
    own = facts.function_interfaces if facts.attachment.subnet_ids else facts.interfaces
    if not own:
        outcome = Outcome.NONE
    elif sorted(interface.subnet_id for interface in own) == sorted(facts.attachment.subnet_ids):
        outcome = Outcome.ONE_PER_SUBNET
    else:
        outcome = Outcome.SOME
    return Observation(
        outcome,
        {
            "subnets": list(facts.attachment.subnet_ids),
            "interfaces": [
                {
                    "id": interface.id,
                    "subnet_id": interface.subnet_id,
                    "private_ip": interface.private_ip,
                    "public_ip": interface.public_ip,
                    "security_group_ids": list(interface.security_group_ids),
                }
                for interface in own
            ],
        },
    )


def _probes(target: Target, deployment: Deployment, nonce: str, *, with_canary: bool) -> dict[str, dict[str, Any]]:
    """Return the event's probes. The password comes along, because most variants could not fetch it."""
    database = {"host": deployment.database_endpoint, "port": deployment.database_port}
    probes: dict[str, dict[str, Any]] = {
        ProbeName.INTERNET: {},
        ProbeName.LOGS_PRINTED: {"nonce": nonce},
        **{name: {} for name in CALLS},
    }
    if deployment.database_secret_arn:
        secret = target.client("secretsmanager").get_secret_value(SecretId=deployment.database_secret_arn)
        credentials = json.loads(secret["SecretString"])
        login = {"user": credentials["username"], "password": credentials["password"]}
        probes[ProbeName.RDS] = {**database, **login, "dbname": deployment.database_name}
    for probe, listener in (
        (ProbeName.CACHE, deployment.cache),
        (ProbeName.LOAD_BALANCER, deployment.load_balancer),
    ):
        if listener is not None:
            probes[probe] = {"host": listener.host, "port": listener.port}
    if with_canary:
        probes[CANARY] = {"probe": "tcp", **database, "port": deployment.database_port + 1}
    return probes


def _printed(
    target: Target, deployment: Deployment, invocation: Invocation, nonce: str, began: float
) -> Observation:
    """Search the log group for the nonce; where it is missing, look at the role that should have let it in."""
    answer = invocation.observations[ProbeName.LOGS_PRINTED]
    if answer.error:
        return answer
    evidence = {
        **answer.evidence,
        "log_group": deployment.log_group_name,
        "seen_in_log_tail": nonce in invocation.log_tail,
    }
    line = search(target, deployment.log_group_name, nonce, began)
    if line:
        evidence |= {"log_stream": line.log_stream, "message": line.message}
        return Observation(Outcome.CONNECTED, evidence, elapsed_seconds=line.seconds)
    refusal = delivery_refusal(target, deployment.role_name, deployment.log_group_name)
    return Observation(
        Outcome.TIMED_OUT,
        evidence,
        stage="delivery",
        error="the line was not found in time",
        refused_by=(refusal,) if refusal else (),
    )


def _with_refusals(
    target: Target,
    deployment: Deployment,
    facts: NetworkFacts | None,
    answers: dict[ProbeName, Observation],
    since: float,
) -> dict[ProbeName, Observation]:
    """Give each observation of dropped packets the components that refused them.

    The kernel tells of refused packets a moment after it refused them, so this waits for the last of them.
    """
    if facts is None:
        return answers
    vpc_id = deployment.vpc_id if facts.attachment.subnet_ids else None
    sources = [interface.private_ip for interface in facts.function_interfaces]
    flows = {
        name: flow
        for name, observation in answers.items()
        if (flow := flow_of(observation, vpc_id, sources, facts.nat_private_ips))
    }

    def ask() -> dict[str, tuple[Refusal, ...]] | None:
        drops = target.drops(since)
        return None if drops is None else {name: refusals(flow, drops) for name, flow in flows.items()}

    found = poll(ask, lambda each: each is None or all(each.values()), seconds=DROP_SECONDS, pause=POLL_SECONDS)
    if found is None:
        return answers
    return {
        name: replace(observation, refused_by=found[name]) if name in found else observation
        for name, observation in answers.items()
    }
