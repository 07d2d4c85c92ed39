"""Requests at random: whatever an operation's published model lets be said, and what it does not."""

# ruff: noqa: S311, ANN401 - a test's chance is meant to be repeatable; parameters are of any type

import random
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.model import OperationModel, Shape

_TEXTS = (
    *("", " ", "a", "garbage", "ü€😀", "x" * 300, "a/b:c*?", "-1", "0", "true", "null", "{}", "[]", "default"),
    *("10.0.0.0/16", "10.0.0.5/8", "0.0.0.0/0", "10.0.0.4", "999.1.1.1/99", "::/0", "tcp", "us-east-1a", "*"),
    *("arn:aws:iam::123456789012:role/r", "arn:", "2026-01-01T00:00:00Z", '{"Version":"2012-10-17"}', "%00"),
    *("i-0123456789abcdef0", "vpc-0123456789abcdef0", "subnet-0123456789abcdef0", "sg-0123456789abcdef0"),
)
_NUMBERS = (-1, 0, 1, 3, 5, 20, 80, 1000, 5432, 65536, 2**31, 10**17)
_MOMENTS = (0, 1_700_000_000)
_DEEPEST = 4


class RandomRequest:
    """Chooses parameters; ``known`` has what exists, by the end of a parameter's name."""

    def __init__(self, seed: int, known: Mapping[str, Sequence[str]]) -> None:
        self._random = random.Random(seed)
        self._known = known

    def parameters(self, operation: OperationModel) -> dict[str, Any]:
        """Parameters for one call; those that the path needs are always there."""
        shape = operation.input_shape
        return {} if shape is None else self._structure(shape, 0)

    def _structure(self, shape: Shape, depth: int) -> dict[str, Any]:
        chosen = {}
        generous = self._random.random()
        for name, member in shape.members.items():
            in_path = member.serialization.get("location") == "uri"
            likely = 0.9 if name in shape.required_members else generous * 0.5
            if name in ("DryRun", "FilterCriteria") or (not in_path and self._random.random() > likely):
                continue
            value = self._value(member, name, depth)
            chosen[name] = (value or "x") if in_path else value
        return chosen

    def _value(self, shape: Shape, name: str, depth: int) -> Any:  # noqa: PLR0911 - one for each type
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, depth + 1) if depth < _DEEPEST else {}
        if kind == "list":
            count = self._random.choice((0, 1, 1, 2)) if depth < _DEEPEST else 0
            return [self._value(shape.member, name.removesuffix("s"), depth + 1) for _ in range(count)]
        if kind == "map":
            return {self._text(shape.key, ""): self._value(shape.value, "", depth + 1)}
        if kind == "boolean":
            return self._random.choice((True, False))
        if kind in ("integer", "long", "float", "double"):
            return self._random.choice(_NUMBERS)
        if kind == "timestamp":
            return self._random.choice(_MOMENTS)
        if kind == "blob":
            return self._random.choice((b"", b"PK\x05\x06" + b"\0" * 18, b"{}", b"\xff\xfe"))
        return self._text(shape, name)

    def _text(self, shape: Shape, name: str) -> str:
        choices = getattr(shape, "enum", None)
        if choices and self._random.random() < 0.8:
            return str(self._random.choice(choices))
        known = next((texts for end, texts in self._known.items() if name.endswith(end)), ())
        if known and self._random.random() < 0.7:
            return self._random.choice(known)
        return self._random.choice(_TEXTS)
