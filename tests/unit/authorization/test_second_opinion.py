"""The evaluator beside a second opinion that was written apart from it, on generated requests."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.authorization.generated_cases import Case, case
from tests.unit.authorization.second_opinion import opinion
from vpclab.authorization import (
    Decision,
    NamedPolicy,
    Policies,
    PolicyKind,
    Principal,
    PrincipalKind,
    Request,
    Verdict,
    authorize,
    parse_policy,
)

CASES = 1500
KINDS = {
    "user": PrincipalKind.USER,
    "session": PrincipalKind.ROLE_SESSION,
    "root": PrincipalKind.ROOT,
    "service": PrincipalKind.SERVICE,
    "anonymous": PrincipalKind.ANONYMOUS,
}


def verdict(one: Case) -> Verdict:
    caller = one.request["caller"]
    return authorize(
        Request(
            principal=Principal(
                kind=KINDS[caller["kind"]],
                account=caller["account"],
                arn=caller["arn"],
                role_arn=caller.get("role"),
            ),
            action=one.request["action"],
            resource=one.request["resource"],
            resource_account=one.request["resource account"],
            context={key: tuple(values) for key, values in one.request["context"].items()},
        ),
        Policies(
            identity=tuple(named(one.policies["identity"])) if "identity" in one.policies else (),
            session=tuple(named(one.policies["session"])) if "session" in one.policies else None,
            boundary=single(one.policies, "boundary"),
            resource=single(one.policies, "resource"),
            endpoint=single(one.policies, "endpoint"),
        ),
    )


def named(documents: list[dict[str, Any]]) -> list[NamedPolicy]:
    return [NamedPolicy(f"policy {number}", parse_policy(one)) for number, one in enumerate(documents)]


def single(policies: dict[str, Any], kind: str) -> NamedPolicy | None:
    return NamedPolicy(kind, parse_policy(policies[kind])) if kind in policies else None


def difference(one: Case) -> str | None:
    """What the two say, where it differs; a kind of policy that is blamed must be one that stands in the way."""
    ours, (decision, kinds) = verdict(one), opinion(one.request, one.policies)
    blamed = None if ours.refused_by is None else ours.refused_by.name.lower()
    agree = ours.decision == decision and (blamed in kinds if kinds else blamed is None)
    return None if agree else f"{ours.decision} by {blamed}, but {decision} by {kinds}: {one}"


def test_evaluator_cannot_differ_from_the_second_opinion() -> None:
    """Both decide every generated request alike, and blame a kind of policy that stands in the way."""
    differences = [text for seed in range(CASES) if (text := difference(case(seed))) is not None]
    assert not differences, f"{len(differences)} of {CASES}, first: {differences[0]}"


@given(st.integers(min_value=CASES, max_value=2**40))
@settings(max_examples=200, deadline=None)
def test_evaluator_cannot_differ_on_requests_that_nobody_chose(seed: int) -> None:
    """The same on requests that are new in every run."""
    assert difference(case(seed)) is None


def test_generated_requests_can_meet_every_outcome() -> None:
    """The comparison says something only if it sees allows, and denials of either sort by every kind of policy."""
    verdicts = [verdict(case(seed)) for seed in range(CASES)]
    seen = Counter((one.decision, one.refused_by) for one in verdicts)
    assert seen[Decision.ALLOWED, None] > CASES / 10
    for kind in PolicyKind:
        assert seen[Decision.IMPLICITLY_DENIED, kind] >= 5, kind
        assert seen[Decision.EXPLICITLY_DENIED, kind] >= 5, kind


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_caller_can_be_allowed_and_denied(kind: str) -> None:
    """No kind of caller is decided by what it is alone."""
    outcomes = {verdict(one).allowed for one in map(case, range(CASES)) if one.request["caller"]["kind"] == kind}
    assert outcomes == {True, False}
