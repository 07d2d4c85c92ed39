"""What one condition says of the evidence."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from vpclab.statements.evidence import Evidence
from vpclab.statements.observation import Refusal


class Status(StrEnum):
    """``unknown``: the evidence does not suffice. ``not_asked``: the deployment has no such thing."""

    MET = "met"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A status, what was observed in one clause, and who refused where something was refused."""

    status: Status
    text: str
    refused_by: tuple[Refusal, ...] = ()


Condition = Callable[[Evidence], Opinion]
"""A pure function of the evidence."""


def met(text: str, refused_by: tuple[Refusal, ...] = ()) -> Opinion:
    """Say that the evidence is as expected."""
    return Opinion(Status.MET, text, refused_by)


def contradicted(text: str, refused_by: tuple[Refusal, ...] = ()) -> Opinion:
    """Say that complete evidence is otherwise than expected."""
    return Opinion(Status.CONTRADICTED, text, refused_by)


def unknown(text: str) -> Opinion:
    """Say that the evidence does not suffice."""
    return Opinion(Status.UNKNOWN, text)


def not_asked(text: str) -> Opinion:
    """Say that there is nothing that the condition could be about."""
    return Opinion(Status.NOT_ASKED, text)
