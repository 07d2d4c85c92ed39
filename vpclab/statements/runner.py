"""Verifies deployments: observes all of them at the same time, then judges every statement."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.control import observe_control
from vpclab.statements.deployment import Deployment
from vpclab.statements.description import attachment_of
from vpclab.statements.error import VerificationError
from vpclab.statements.evidence import Evidence
from vpclab.statements.observation import Observation, Outcome, ProbeName
from vpclab.statements.observer import FAILURES, OUTSIDE_PROBES, Observed, observe
from vpclab.statements.report import Report
from vpclab.statements.target import Target
from vpclab.statements.verdict import judge

Controls = Mapping[ProbeName, Observation]


def verify(deployments: Mapping[str, Mapping[str, Any]], target: Target) -> Report:
    """Verify every statement that speaks of the given variants.

    ``deployments`` maps a variant to the outputs of its stack.

    Raises:
        VerificationError: nothing answers at the target, or an output is missing.
    """
    started = datetime.now(UTC)
    parsed = [Deployment.from_outputs(variant, outputs) for variant, outputs in deployments.items()]
    if not parsed:
        raise VerificationError("there is nothing to verify: name at least one variant that is up")
    claims_isolation = target.claims_isolation()
    names_components = target.drops(since=datetime.now(UTC).timestamp()) is not None
    with ThreadPoolExecutor(max_workers=len(parsed) + 1, thread_name_prefix="verify") as workers:
        observing = {
            deployment: workers.submit(observe, target, deployment, with_canary=not claims_isolation)
            for deployment in parsed
        }
        controlling = _begin_control(workers, target, parsed)
        observed = {deployment: future.result() for deployment, future in observing.items()}
        controls, control_problem = _controls(controlling, observed)
    answered = {
        deployment.variant: found.observations[ProbeName.RDS].outcome is Outcome.CONNECTED
        for deployment, found in observed.items()
        if found.facts is not None and found.facts.attachment.subnet_ids
    }
    judgements = []
    for deployment, found in observed.items():
        evidence = Evidence(
            variant=deployment.variant,
            enforcement=_enforcement(target, found),
            names_components=names_components,
            observations=found.observations,
            controls=controls,
            facts=found.facts,
            experiment=found.experiment,
            vpc_id_rejection=found.vpc_id_rejection,
            nat_public_ips=deployment.nat_public_ips,
            configured_security_group_ids=deployment.function_security_group_ids,
            databases_elsewhere={
                variant: answer for variant, answer in answered.items() if variant != deployment.variant
            },
            problems=(*found.problems, *control_problem),
        )
        judgements += [judge(entry, evidence) for entry in CATALOGUE if deployment.variant in entry.cases]
    return Report(
        target=target.name,
        started=started,
        finished=datetime.now(UTC),
        judgements=tuple(sorted(judgements, key=lambda judgement: judgement.statement)),
        observations={deployment.variant: found.observations for deployment, found in observed.items()},
        controls=controls,
    )


def _enforcement(target: Target, found: Observed) -> Mapping[Capability, Enforcement]:
    """Return what the target enforces by its own account, and what was seen of its network where it gives none."""
    claims = dict.fromkeys(Capability, Enforcement.ENFORCED)
    if not target.claims_isolation():
        claims[Capability.ISOLATION] = found.isolation
    return claims


def _begin_control(
    workers: ThreadPoolExecutor, target: Target, deployments: list[Deployment]
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


def _controls(
    controlling: Future[Controls] | Deployment, observed: Mapping[Deployment, Observed]
) -> tuple[Controls, tuple[str, ...]]:
    """Return the controls and what kept them from being made."""
    if isinstance(controlling, Deployment):
        observations = observed[controlling].observations
        return {probe: observations[probe] for probe in OUTSIDE_PROBES}, ()
    try:
        return controlling.result(), ()
    except FAILURES as failure:
        return {}, (f"the control function: {failure}",)
