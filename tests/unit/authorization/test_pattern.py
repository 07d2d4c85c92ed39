"""Wildcards: what they match, and that no pattern takes forever."""

import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.authorization.pattern import arn_matches, resource_matches, text_matches


@cache
def by_letter(pattern: str, text: str) -> bool:
    """The rule letter by letter: ``*`` stands for nothing, or for one letter more."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return by_letter(pattern[1:], text) or (bool(text) and by_letter(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and by_letter(pattern[1:], text[1:])


LETTERS = "ab.\n"


@given(st.text(f"{LETTERS}*?", max_size=9), st.text(LETTERS, max_size=9))
def test_pattern_can_match_as_if_read_letter_by_letter(pattern: str, text: str) -> None:
    """``*`` is anything, ``?`` any one, the rest itself (IAM guide, reference_policies_elements_resource)."""
    assert text_matches(pattern, text) == by_letter(pattern, text)
    assert resource_matches(f"arn:aws:s3:::{pattern}", f"arn:aws:s3:::{text}") == by_letter(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "resource", "by_segments"),
    [
        ("arn:aws:s3*", True, True),
        ("arn:aws:*:bucket/a", True, False),
        ("arn:aws:s3:::buck*", True, True),
        ("arn:aws:s3:*:bucket/a", True, False),
        ("arn:*:a", False, False),
        ("arn:*/a", False, False),
        ("arn:aws:s3:::*/a", True, True),
        ("arn:aws:s*:::bucket/a", True, True),
        ("arn:aws:s*3:::bucket/a", True, True),
        ("arn:aws:?3:::bucket/a", True, True),
        ("arn:aws:s3::*:bucket/a", True, True),
        ("arn:aws*:s3:::bucket/a", True, True),
        ("arn:aws:s3?::bucket/a", False, False),
        ("arn:aws:s3:::bucket/a:*", False, False),
    ],
)
def test_asterisk_that_ends_a_segment_can_cross_colons(pattern: str, *, resource: bool, by_segments: bool) -> None:
    """Of Resource elements; ArnLike compares segment by segment (IAM guide)."""
    assert resource_matches(pattern, "arn:aws:s3:::bucket/a") is resource
    assert arn_matches(pattern, "arn:aws:s3:::bucket/a") is by_segments


@pytest.mark.parametrize("pattern", ["arn:" + "*a*:" * 4 + "*b", "arn:*:*:*:*:*c*:*", "arn:" + "*a" * 30 + "*:x"])
def test_asterisks_that_cross_cannot_take_forever(pattern: str) -> None:
    """As below, for what reaches beyond colons."""
    asked = "import sys; from vpclab.authorization import pattern as p; print(p.resource_matches(*sys.argv[1:]))"
    argv = [sys.executable, "-c", asked, pattern, "arn:" + "a:" * 400 + "a" * 400]
    answer = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == "False\n"


@pytest.mark.parametrize("pattern", ["*a" * 25 + "*b", "*?" * 25 + "b", "a*" * 30 + "b*" * 30 + "c"])
def test_many_wildcards_cannot_take_forever(pattern: str) -> None:
    """A policy is anybody's text: a pattern that tried every way to match would hold up the whole cloud."""
    asked = "import sys; from vpclab.authorization import pattern as p; print(p.text_matches(*sys.argv[1:]))"
    argv = [sys.executable, "-c", asked, pattern, "a" * 200]
    answer = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == "False\n"
