"""Which experiments a verification makes: those of a deployment, and those that are made once for all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from vpclab.statements.capability import NETWORK, Capability, Enforcement
from vpclab.statements.deployment import Deployment
from vpclab.statements.error import VerificationError
from vpclab.statements.experiments import (
    bucket_notifications,
    event_source_mapping,
    execution_role,
    feeding,
    function_invocations,
    interface_permissions,
    managed_policies,
    nat_instance,
    tracing,
)
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.managed_policy import MANAGED_POLICIES, POLICIES_OF_SUBJECTS
from vpclab.statements.target import Target
from vpclab.statements.trial import Trial
from vpclab.statements.variant import ATTACHED, DEFAULT, PRIVATE_NAT_INSTANCE, VARIANTS
from vpclab.statements.variation import Variation

Experiment = Callable[[Workshop, Deployment], None]


@dataclass(frozen=True, slots=True)
class Tried:
    """What an experiment brought: its trials; why it ended before its time; what of it could not be undone."""

    name: str
    trials: Mapping[str, Trial] = field(default_factory=dict)
    failure: str | None = None
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """An experiment by the name that its trials begin with, and the variants that it is made for.

    What is not about a placement is made for ``default`` alone: an account needs to be asked once. ``needs`` is
    what a target has to enforce for it to make sense. ``changes_deployment`` says that it changes, for a moment,
    what the deployment owns, so that nothing else may be observed meanwhile; ``of_subjects``, that it is about
    functions that a deployment's settings may leave out.
    """

    name: str
    make: Experiment
    needs: frozenset[Capability]
    variants: tuple[str, ...] = (DEFAULT,)
    changes_deployment: bool = False
    of_subjects: bool = False

    def makes_sense(self, enforcement: Mapping[Capability, Enforcement]) -> bool:
        """Whether the target has, or may have, what the experiment is about."""
        return all(enforcement.get(need) is not Enforcement.NOT_ENFORCED for need in self.needs)


_PERMISSIONS = frozenset({Capability.AUTHORIZATION})
_CALLS = _PERMISSIONS | {Capability.INVOCATION}
_FED = _CALLS | {Capability.LOG_DELIVERY}

PLAN = (
    Planned("execution-role", execution_role.experiment, _FED),
    *(
        Planned(
            name,
            partial(managed_policies.experiment, policy=policy),
            _PERMISSIONS,
            of_subjects=policy in POLICIES_OF_SUBJECTS,
        )
        for name, policy in MANAGED_POLICIES.items()
    ),
    Planned("event-source", event_source_mapping.experiment, _CALLS | {Capability.EVENT_SOURCES}),
    Planned("invoke", function_invocations.experiment, _CALLS),
    Planned("bucket", bucket_notifications.experiment, _FED | {Capability.NOTIFICATIONS}),
    Planned("feed", feeding.experiment, _FED | {Capability.EVENT_SOURCES}, VARIANTS, of_subjects=True),
    Planned("upload", feeding.upload, _FED | {Capability.NOTIFICATIONS}, VARIANTS, of_subjects=True),
    Planned("trace", tracing.experiment, _CALLS, of_subjects=True),
    Planned("interfaces", interface_permissions.experiment, _CALLS | {Capability.ATTACHMENT}, ATTACHED),
    Planned("nat-instance", nat_instance.experiment, NETWORK, (PRIVATE_NAT_INSTANCE,), changes_deployment=True),
)


def planned_for(deployment: Deployment) -> tuple[Planned, ...]:
    """Return the experiments to make for a deployment."""
    return tuple(
        planned
        for planned in PLAN
        if deployment.variant in planned.variants and not (planned.of_subjects and deployment.leaves_out_subjects)
    )


def carry_out(planned: Planned, target: Target, deployment: Deployment, variation: Variation) -> Tried:
    """Make an experiment and undo what it made. What fails is noted, never raised."""
    workshop, failure = Workshop(target, variation), None
    with workshop:
        try:
            planned.make(workshop, deployment)
        except (ClientError, BotoCoreError, VerificationError, LookupError) as problem:
            failure = f"{type(problem).__name__}: {problem}" if isinstance(problem, LookupError) else str(problem)
    return Tried(planned.name, workshop.trials, failure, tuple(workshop.problems))
