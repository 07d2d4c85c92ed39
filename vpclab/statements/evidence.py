"""Everything that a verdict on one variant may rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.facts import AttachmentExperiment, NetworkFacts
from vpclab.statements.observation import Observation, ProbeName
from vpclab.statements.trial import Trials


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of one variant, on a target of which is known what it enforces.

    ``controls`` are the same probes, run at the same time from a function outside any VPC: they show that
    probe and far end work. ``names_components`` says whether the target tells which component refused a packet,
    and which kind of policy a call; where it does, a refusal without a name counts for nothing.
    ``answered_elsewhere`` says of each private target, and every other attached variant of the run, whether that
    variant's function got an answer from its own.
    ``vpc_id_rejection`` is what the SDK said to VpcId as an input, empty if it took it, None where not tried.
    ``trials`` are calls and deliveries by name, ``EXPERIMENT/CASE``; ``failures`` says of an experiment what ended
    it before its time. ``managed_policies`` maps a managed policy's name to the actions
    that it allows on everything, None where it could not be read. ``function_roles`` maps the deployment's
    functions to their execution roles. ``absent_targets`` are probes of what the deployment does not have;
    ``has_subjects`` says whether it has the functions that only the statements about permissions speak of.
    """

    variant: str
    enforcement: Mapping[Capability, Enforcement]
    names_components: bool
    function_name: str = ""
    role_name: str = ""
    observations: Mapping[ProbeName, Observation] = field(default_factory=dict)
    controls: Mapping[ProbeName, Observation] = field(default_factory=dict)
    facts: NetworkFacts | None = None
    experiment: AttachmentExperiment | None = None
    vpc_id_rejection: str | None = None
    trials: Trials = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    managed_policies: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    function_roles: Mapping[str, str] = field(default_factory=dict)
    absent_targets: frozenset[ProbeName] = frozenset()
    has_subjects: bool = True
    nat_public_ips: tuple[str, ...] = ()
    configured_security_group_ids: tuple[str, ...] = ()
    answered_elsewhere: Mapping[ProbeName, Mapping[str, bool]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
