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
    """Whether a Resource element names ``resource``: an ARN, or ``*``.

    A wildcard stays inside its colon-separated segment, except an asterisk that ends one, which may reach beyond
    colons (IAM guide, reference_policies_elements_resource). The sixth segment holds colons of its own
    (``log-group:name:…``), which its wildcards cross.
    """
    if pattern == "*":
        return True
    if resource == "*":
        return False  # an action without resource-level permissions is only allowed on *
    return _compiled_resource(pattern).fullmatch(resource) is not None


def arn_matches(pattern: str, arn: str) -> bool:
    """Whether an ArnLike value names an ARN: each of the six segments by itself (IAM guide, condition operators).

    A pattern of fewer segments has to end in an asterisk, which stands for the rest.
    """
    if pattern == "*":
        return True
    if arn == "*":
        return False
    patterns = pattern.split(":", _ARN_SEGMENTS - 1)
    if len(patterns) < _ARN_SEGMENTS and not patterns[-1].endswith("*"):
        return False
    segments = arn.split(":", len(patterns) - 1)
    if len(segments) != len(patterns):
        return False
    last = len(patterns) - 1
    return all(
        _compiled(one, crossing=index == last).fullmatch(segment) is not None
        for index, (one, segment) in enumerate(zip(patterns, segments, strict=True))
    )


@lru_cache(maxsize=4096)
def _compiled_resource(pattern: str) -> re.Pattern[str]:
    """A resource pattern's regular expression, as atomic between asterisks that cross as ``_compiled`` is."""
    segments = pattern.split(":", _ARN_SEGMENTS - 1)
    chunks, chunk = [], ""
    for index, segment in enumerate(segments):
        is_resource = index == _ARN_SEGMENTS - 1
        if segment.endswith("*") and not is_resource:
            chunks.append(chunk + _compiled(segment[:-1], crossing=False).pattern)
            chunk = ":" if index < len(segments) - 1 else ""
        else:
            colon = ":" if index < len(segments) - 1 else ""
            chunk += _compiled(segment, crossing=is_resource).pattern + colon
    if not chunks:
        return re.compile(chunk, re.DOTALL)
    first, *between = chunks
    sought = "".join(f"(?>.*?{one})" for one in between)
    return re.compile(f"{first}{sought}.*{chunk}", re.DOTALL)


@lru_cache(maxsize=4096)
def _compiled(pattern: str, *, crossing: bool) -> re.Pattern[str]:
    """A pattern's regular expression, which never seeks again what it found between two ``*``.

    The first place that fits is as good as any later one, so the groups before the last ``*`` are atomic.
    """
    one = "." if crossing else "[^:]"
    pieces = [
        "".join(one if letter == "?" else _literal(letter) for letter in piece) for piece in pattern.split("*")
    ]
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    first, *between, last = pieces
    sought = "".join(f"(?>{one}*?{piece})" for piece in between if piece)
    return re.compile(f"{first}{sought}{one}*{last}", re.DOTALL)


def _literal(letter: str) -> str:
    return re.escape(_MEANT.get(letter, letter))
