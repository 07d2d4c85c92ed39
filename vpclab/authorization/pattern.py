"""Wildcards of policy elements: ``*`` for any characters, ``?`` for one."""

import re
from functools import lru_cache

_ARN_SEGMENTS = 6
_LITERAL = {"*": "\ue000", "?": "\ue001", ":": "\ue002"}
"""Stand-ins for characters that came from a variable's value and mean themselves; no ARN has them."""

_MEANT = {stand_in: character for character, stand_in in _LITERAL.items()}
_TO_LITERAL = str.maketrans(_LITERAL)
_FROM_LITERAL = str.maketrans(_MEANT)


def literally(text: str) -> str:
    """Return ``text`` for use in a pattern, where its wildcards and colons are to mean themselves."""
    return text.translate(_TO_LITERAL)


def plainly(text: str) -> str:
    """Return a text in which ``literally`` was used, for comparison instead of matching."""
    return text.translate(_FROM_LITERAL)


def action_matches(pattern: str, action: str) -> bool:
    """Whether an Action element names ``action`` (``logs:PutLogEvents``); letter case does not matter."""
    return text_matches(pattern.lower(), action.lower())


def text_matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches the whole of a text, as StringLike does; letter case matters."""
    return _compiled(pattern, crossing=True).fullmatch(text) is not None


def resource_matches(pattern: str, resource: str) -> bool:
    """Whether a Resource element, or an ArnLike value, names ``resource``: an ARN, or ``*``.

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
    return re.compile(
        "".join(wild.get(letter) or re.escape(_MEANT.get(letter, letter)) for letter in pattern), re.DOTALL
    )
