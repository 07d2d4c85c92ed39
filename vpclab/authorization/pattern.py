"""Wildcards of policy elements: ``*`` for any characters, ``?`` for one."""

import re
from functools import lru_cache

_ARN_SEGMENTS = 6


def action_matches(pattern: str, action: str) -> bool:
    """Whether an Action element names ``action`` (``logs:PutLogEvents``); letter case does not matter."""
    return _compiled(pattern.lower(), crossing=True).fullmatch(action.lower()) is not None


def resource_matches(pattern: str, resource: str) -> bool:
    """Whether a Resource element names ``resource``, an ARN or ``*``.

    A wildcard stays inside its colon-separated segment, except the last character of the pattern (IAM guide,
    reference_policies_elements_resource). The sixth segment holds colons of its own (``log-group:name:…``).
    """
    if pattern == "*":
        return True
    if resource == "*":
        return False  # an action without resource-level permissions is only allowed on *
    patterns = pattern.split(":", _ARN_SEGMENTS - 1)
    if len(patterns) < _ARN_SEGMENTS and not patterns[-1].endswith("*"):
        return False
    segments = resource.split(":", len(patterns) - 1)
    if len(segments) != len(patterns):
        return False
    last = len(patterns) - 1
    return all(
        _compiled(one, crossing=index == last).fullmatch(segment) is not None
        for index, (one, segment) in enumerate(zip(patterns, segments, strict=True))
    )


@lru_cache(maxsize=4096)
def _compiled(pattern: str, *, crossing: bool) -> re.Pattern[str]:
    one = "." if crossing else "[^:]"
    wild = {"*": f"{one}*", "?": one}
    return re.compile("".join(wild.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)
