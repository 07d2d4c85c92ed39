"""Verifies deployments: observes all of them at the same time, then judges every statement."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from vpclab.statements import canary
from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.control import observe_control
from vpclab.statements.deployment import Deployment
from vpclab.statements.description import attachment_of
from vpclab.statements.error import VerificationError
from vpclab.statements.evidence import Evidence
from vpclab.statements.experiments import managed_policies
from vpclab.statements.experiments.plan import Planned, Tried, carry_out, planned_for
from vpclab.statements.observation import Observation, Outcome, ProbeName
from vpclab.statements.observer import FAILURES, OUTSIDE_PROBES, Observed, observe
from vpclab.statements.reach import PRIVATE_TARGETS
from vpclab.statements.report import Report
from vpclab.statements.target import Target
from vpclab.statements.trial import Trial
from vpclab.statements.variant import DEFAULT
from vpclab.statements.variation import AS_DOCUMENTED, Variation
from vpclab.statements.verdict import judge

Controls = Mapping[ProbeName, Observation]
ManagedPolicies = Mapping[str, frozenset[str] | None]

AT_A_TIME = 24
"""Threads for observing and experiments. They wait far more than they work."""


def verify(
    deployments: Mapping[str, Mapping[str, Any]], target: Target, variation: Variation = AS_DOCUMENTED
) -> Report:
    """Verify every statement that speaks of the given variants.

    ``deployments`` maps a variant to the outputs of its stack. ``variation`` has experiments done otherwise.

    Raises:
        VerificationError: nothing answers at the target, or an output is missing.
    """
    started = datetime.now(UTC)
    parsed = [Deployment.from_outputs(variant, outputs) for variant, outputs in deployments.items()]
    if not parsed:
        raise VerificationError("there is nothing to verify: name at least one variant that is up")
    names_components = target.drops(since=started.timestamp()) is not None
    run = _Run(target, variation)
    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="verify") as workers:
        run.begin(workers, parsed)
        observed = run.observed()
        controls, control_problem = run.controls(observed)
        run.change_deployments(workers)
        tried = run.tried()
        policies = run.managed_policies()
    judgements = []
    for deployment, found in observed.items():
        evidence = Evidence(
            variant=deployment.variant,
            enforcement=run.enforcement_for(found),
            names_components=names_components,
            function_name=deployment.function_name,
            role_name=deployment.role_name,
            observations=found.observations,
            controls=controls,
            facts=found.facts,
            experiment=found.experiment,
            vpc_id_rejection=found.vpc_id_rejection,
            trials=_trials(tried[deployment]),
            failures={one.name: one.failure for one in tried[deployment] if one.failure},
            managed_policies=policies,
            function_roles=found.function_roles,
            absent_targets=_absent_targets(deployment),
            has_subjects=not deployment.leaves_out_subjects,
            nat_public_ips=(
                *deployment.nat_public_ips,
                *(instance.public_ip for instance in deployment.nat_instances),
            ),
            configured_security_group_ids=deployment.function_security_group_ids,
            answered_elsewhere=_answered_elsewhere(deployment, observed),
            problems=(*found.problems, *control_problem),
        )
        judgements += [judge(entry, evidence) for entry in CATALOGUE if deployment.variant in entry.cases]
    order = [entry.id for entry in CATALOGUE]
    return Report(
        target=target.name,
        started=started,
        finished=datetime.now(UTC),
        judgements=tuple(sorted(judgements, key=lambda judgement: order.index(judgement.statement))),
        observations={deployment.variant: found.observations for deployment, found in observed.items()},
        controls=controls,
        trials={deployment.variant: _trials(tried[deployment]) for deployment in parsed},
        left=tuple(left for deployment in parsed for one in tried[deployment] for left in one.left),
    )


class _Run:
    """What goes on at the same time, and its results."""

    def __init__(self, target: Target, variation: Variation) -> None:
        self._target = target
        self._variation = variation
        self._enforcement = canary.capabilities(target)
        self._claims_isolation = target.claims_isolation()
        self._observing: dict[Deployment, Future[Observed]] = {}
        self._trying: dict[Deployment, list[Future[Tried]]] = {}
        self._later: list[tuple[Deployment, Planned]] = []
        self._controlling: Future[Controls] | Deployment | None = None
        self._reading: Future[ManagedPolicies] | None = None

    def begin(self, workers: ThreadPoolExecutor, deployments: Sequence[Deployment]) -> None:
        """Begin everything that may go on at the same time."""
        for deployment in deployments:
            self._observing[deployment] = workers.submit(
                observe,
                self._target,
                deployment,
                with_canary=not self._claims_isolation,
                variation=self._variation,
            )
        self._controlling = _begin_control(workers, self._target, deployments)
        for deployment in deployments:
            self._trying[deployment] = []
            for planned in planned_for(deployment):
                if not planned.makes_sense(self._enforcement):
                    continue
                if planned.changes_deployment:
                    self._later.append((deployment, planned))
                else:
                    self._try(workers, deployment, planned)
        if any(deployment.variant == DEFAULT for deployment in deployments):
            self._reading = workers.submit(managed_policies.read, self._target, self._variation.policies)

    def observed(self) -> dict[Deployment, Observed]:
        """Wait for the observations."""
        return {deployment: future.result() for deployment, future in self._observing.items()}

    def controls(self, observed: Mapping[Deployment, Observed]) -> tuple[Controls, tuple[str, ...]]:
        """Return the controls and what kept them from being made."""
        if isinstance(self._controlling, Deployment):
            observations = observed[self._controlling].observations
            return {probe: observations[probe] for probe in OUTSIDE_PROBES}, ()
        try:
            return self._controlling.result() if self._controlling else {}, ()
        except FAILURES as failure:
            return {}, (f"the control function: {failure}",)

    def change_deployments(self, workers: ThreadPoolExecutor) -> None:
        """Begin the experiments that wait until nothing of the deployments is observed any more."""
        for deployment, planned in self._later:
            self._try(workers, deployment, planned)

    def tried(self) -> dict[Deployment, list[Tried]]:
        """Wait for the experiments."""
        return {
            deployment: [future.result() for future in futures] for deployment, futures in self._trying.items()
        }

    def managed_policies(self) -> ManagedPolicies:
        """Return what the managed policies grant, nothing where it could not be read."""
        try:
            return self._reading.result() if self._reading else {}
        except (*FAILURES, LookupError):
            return {}

    def enforcement_for(self, found: Observed) -> Mapping[Capability, Enforcement]:
        """Return what the target enforces; of the network, what was seen of it where the target claims nothing."""
        if self._claims_isolation:
            return self._enforcement
        seen = found.isolation
        if self._enforcement[Capability.ISOLATION] is Enforcement.NOT_ENFORCED:
            seen = Enforcement.NOT_ENFORCED
        return {**self._enforcement, Capability.ISOLATION: seen}

    def _try(self, workers: ThreadPoolExecutor, deployment: Deployment, planned: Planned) -> None:
        self._trying[deployment].append(
            workers.submit(carry_out, planned, self._target, deployment, self._variation)
        )


def _trials(tried: Sequence[Tried]) -> dict[str, Trial]:
    return {name: trial for one in tried for name, trial in one.trials.items()}


def _absent_targets(deployment: Deployment) -> frozenset[ProbeName]:
    found = {ProbeName.CACHE: deployment.cache, ProbeName.LOAD_BALANCER: deployment.load_balancer}
    return frozenset(probe for probe, listener in found.items() if listener is None)


def _answered_elsewhere(
    deployment: Deployment, observed: Mapping[Deployment, Observed]
) -> dict[ProbeName, dict[str, bool]]:
    return {probe: dict(_answers(probe, deployment, observed)) for probe in PRIVATE_TARGETS}


def _answers(
    probe: ProbeName, deployment: Deployment, observed: Mapping[Deployment, Observed]
) -> Iterator[tuple[str, bool]]:
    for other, found in observed.items():
        attached = found.facts is not None and found.facts.attachment.subnet_ids
        if other.variant != deployment.variant and attached and probe in found.observations:
            yield other.variant, found.observations[probe].outcome is Outcome.CONNECTED


def _begin_control(
    workers: ThreadPoolExecutor, target: Target, deployments: Sequence[Deployment]
) -> Future[Controls] | Deployment:
    """Choose the control: a deployed function outside any VPC, or one made for the purpose."""
    for deployment in deployments:
        try:
            attached = attachment_of(target, deployment.function_name).subnet_ids
        except FAILURES:
            continue
        if not attached:
            return deployment
    return workers.submit(observe_control, target, deployments[0])
