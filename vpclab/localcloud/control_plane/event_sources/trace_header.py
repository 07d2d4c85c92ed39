"""The tracing header that a chain of requests carries along, and how often the chain has run each function.

Lambda counts in the header's Lineage, which it writes whether or not a function is traced; the SDKs send the
header on with what a function calls. Sources: Lambda guide, invocation-recursion; X-Ray guide, "Tracing header".
The form of Lineage is not published: observed headers say ``1:e547cb94:0`` (runs in the chain, a hash of the
function, its runs before this one) and, where several functions take part, ``aae260cf:0|74085691:0``.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Self
from urllib.parse import unquote

_RUNS = re.compile(r"(?:\d{1,5}:)?([0-9a-f]{8}):(\d{1,5})")
_MOST_FUNCTIONS = 32
"""So many functions of a chain are counted, the latest; the header has to stay one."""

_CARRIED: ContextVar[str | None] = ContextVar("vpclab_trace_header", default=None)


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """``fields`` are Root, Parent, Sampled and whatever else there is; ``runs`` counts by a function's hash."""

    fields: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Read a header, quoted, as SDKs send it, or not. What is not understood in Lineage does not count."""
        parts = (part.strip().partition("=")[::2] for part in unquote(text or "").split(";"))
        fields = {name: value for name, value in parts if name and value}
        found = map(_RUNS.fullmatch, fields.pop("Lineage", "").split("|"))
        return cls(fields, {one[1]: int(one[2]) + 1 for one in found if one is not None})

    @classmethod
    def of_batch(cls, texts: Iterable[str | None]) -> Self:
        """One header for events handled together: the first one's trace, each function's highest count."""
        headers = [cls.read(text) for text in texts]
        runs: dict[str, int] = {}
        for one in headers:
            for name, count in one.runs.items():
                runs[name] = max(count, runs.get(name, 0))
        return cls(next((one.fields for one in headers if one.fields), {}), runs)

    def runs_of(self, function_arn: str) -> int:
        """Return how often the chain has run the function with this unqualified ARN."""
        return self.runs.get(_hash(function_arn), 0)

    def after(self, function_arn: str) -> Self:
        """Return the header that the function gets: with this run counted."""
        name = _hash(function_arn)
        others = [(key, count) for key, count in self.runs.items() if key != name][1 - _MOST_FUNCTIONS :]
        return replace(self, runs={**dict(others), name: self.runs.get(name, 0) + 1})

    def untraced(self) -> Self:
        """Return the header complete, of a trace that nobody samples where nobody has decided."""
        token = token_hex(20)  # one call: the control plane's lock is held, and each lets other threads in
        own = {"Root": f"1-{int(time.time()):08x}-{token[:24]}", "Parent": token[24:], "Sampled": "0"}
        return replace(self, fields={**own, **self.fields})

    def __str__(self) -> str:
        """The header's text."""
        fields = [f"{name}={value}" for name, value in self.fields.items()]
        if self.runs:
            counts = "|".join(f"{name}:{count - 1}" for name, count in self.runs.items())
            fields.append(f"Lineage={sum(self.runs.values())}:{counts}")
        return ";".join(fields)


@contextmanager
def carrying(text: str | None) -> Iterator[None]:
    """Have all that this thread sends meanwhile belong to the chain of this header."""
    token = _CARRIED.set(text)
    try:
        yield
    finally:
        _CARRIED.reset(token)


def carried() -> str | None:
    """Return the header of the request that this thread answers, not quoted; None: it has none."""
    text = _CARRIED.get()
    return unquote(text) if text else None


def _hash(function_arn: str) -> str:
    return hashlib.sha256(function_arn.encode()).hexdigest()[:8]
