"""Reports made of recorded observations."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.statements import recorded
from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.evidence import Evidence
from vpclab.statements.observation import Observation, Outcome, ProbeName
from vpclab.statements.report import Report
from vpclab.statements.variant import ALL, ENDPOINTS, PRIVATE_NAT, VARIANTS
from vpclab.statements.verdict import judge

STARTED = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def report_of(*evidences: Evidence) -> Report:
    judgements = [
        judge(entry, evidence) for entry in CATALOGUE for evidence in evidences if evidence.variant in entry.cases
    ]
    return Report(
        target="local",
        started=STARTED,
        finished=STARTED + timedelta(seconds=4.5),
        judgements=tuple(judgements),
        observations={evidence.variant: evidence.observations for evidence in evidences},
        controls=recorded.OUTSIDE,
        trials={evidence.variant: evidence.trials for evidence in evidences},
    )


@pytest.fixture
def documented() -> Report:
    """Everything is as AWS documents it."""
    return report_of(*map(recorded.evidence, VARIANTS))


@pytest.fixture
def whole() -> Report:
    """All stacks, and so all statements, are as AWS documents it."""
    return report_of(*map(recorded.evidence, ALL))


@pytest.fixture
def otherwise() -> Report:
    """The NAT route is gone, and one function could not be invoked."""
    no_route = recorded.dropped(recorded.INTERNET, recorded.ROUTES)
    failed = dict.fromkeys(ProbeName, Observation(Outcome.ERROR, error="invoking: <the function> failed"))
    return report_of(
        recorded.observing(PRIVATE_NAT, ProbeName.INTERNET, no_route),
        replace(
            recorded.evidence(ENDPOINTS),
            observations=failed,
            facts=None,
            problems=("invoking: <the function> failed",),
        ),
    )


@pytest.fixture
def unenforced() -> Callable[[], Report]:
    """A target that lets everything through."""
    return lambda: report_of(
        *(replace(recorded.evidence(variant), enforcement=recorded.NOTHING_ENFORCED) for variant in ALL)
    )
