"""Everything that a verdict on one variant may rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vpclab.statements.facts import AttachmentExperiment, NetworkFacts
from vpclab.statements.observation import Observation, ProbeName


class Isolation(StrEnum):
    """Whether the target keeps packets apart as AWS does.

    ``enforced`` when it says so, or when a connection that no group admits went unanswered; ``not_enforced``
    when such a connection was answered; ``unknown`` when that could not be tried.
    """

    ENFORCED = "enforced"
    NOT_ENFORCED = "not_enforced"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of one variant.

    ``controls`` are the same probes, run at the same time from a function outside any VPC: they show that
    probe and far end work. ``names_components`` says whether the target tells which component refused a
    packet; where it does, a refusal without a name counts for nothing. ``databases_elsewhere`` says of every
    other attached variant of the run whether its function got an answer from its database.
    ``vpc_id_rejection`` is what the SDK said to VpcId as an input, empty if it took it, None where not tried.
    """

    variant: str
    isolation: Isolation
    names_components: bool
    observations: Mapping[ProbeName, Observation] = field(default_factory=dict)
    controls: Mapping[ProbeName, Observation] = field(default_factory=dict)
    facts: NetworkFacts | None = None
    experiment: AttachmentExperiment | None = None
    vpc_id_rejection: str | None = None
    nat_public_ips: tuple[str, ...] = ()
    configured_security_group_ids: tuple[str, ...] = ()
    databases_elsewhere: Mapping[str, bool] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
