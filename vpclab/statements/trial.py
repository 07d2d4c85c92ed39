"""Calls that were tried under known permissions, and deliveries that were waited for: facts, no opinion."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vpclab.statements.ending import Ending
from vpclab.statements.observation import NO_EVIDENCE, Refusal


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was tried, and how it ended.

    ``what`` says it in a clause. ``code`` and ``message`` are the service's own. ``refused_by`` is the kind of
    policy that the service's message blames, where it blames one. ``evidence`` holds JSON values.
    """

    what: str
    ending: Ending
    code: str = ""
    message: str = ""
    refused_by: Refusal | None = None
    evidence: Mapping[str, object] = field(default_factory=lambda: NO_EVIDENCE)


Trials = Mapping[str, Trial]
