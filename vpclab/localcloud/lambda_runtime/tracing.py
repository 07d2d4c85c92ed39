"""Active tracing: the trace that an invocation belongs to, and the segments that the service writes of it.

Source: Lambda guide, services-xray: for each sampled invocation the service records a segment of its own
(``AWS::Lambda``) and one of the function's run (``AWS::Lambda::Function``), under which the function's subsegments
come; X-Ray guide, xray-concepts (tracing header). Here every invocation is sampled that its caller's header does
not exclude; AWS samples the first of each second and 5 % of the others.
"""

import json
import time
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Self

from vpclab.localcloud.lambda_runtime.invocation import Invocation


@dataclass(frozen=True, slots=True)
class InvocationTrace:
    """``header`` is the tracing header that the function gets: its segment is the parent of what it sends."""

    trace_id: str
    caller_id: str | None
    service_id: str
    function_id: str
    is_sampled: bool
    started: float
    lineage: str | None = None

    @classmethod
    def begin(cls, header: str | None) -> Self:
        """Continue the trace of the caller's tracing header, or begin one."""
        given = dict(part.strip().partition("=")[::2] for part in (header or "").split(";"))
        now = time.time()
        return cls(
            trace_id=given.get("Root") or f"1-{int(now):08x}-{token_hex(12)}",
            caller_id=given.get("Parent"),
            service_id=token_hex(8),
            function_id=token_hex(8),
            is_sampled=given.get("Sampled") != "0",
            started=now,
            lineage=given.get("Lineage"),
        )

    @property
    def header(self) -> str:
        """The tracing header, with what the caller's said of the chain of requests."""
        text = f"Root={self.trace_id};Parent={self.function_id};Sampled={int(self.is_sampled)}"
        return f"{text};Lineage={self.lineage}" if self.lineage else text

    def segments(self, invocation: Invocation, *, failed: bool) -> list[str]:
        """Return the service's segment documents of an invocation that ends now; none if it is not sampled."""
        if not self.is_sampled:
            return []
        ended = time.time()
        common = {
            "name": invocation.function_name,
            "trace_id": self.trace_id,
            "start_time": self.started,
            "end_time": ended,
            **({"fault": True} if failed else {}),
        }
        arn = invocation.function_arn
        if invocation.version != "$LATEST":
            arn = f"{arn}:{invocation.version}"
        service: dict[str, Any] = {
            **common,
            "id": self.service_id,
            "origin": "AWS::Lambda",
            "resource_arn": invocation.function_arn,
            "http": {"response": {"status": 200}},
            "aws": {"request_id": invocation.request_id, "resource_names": [invocation.function_name]},
            **({"parent_id": self.caller_id} if self.caller_id else {}),
        }
        function: dict[str, Any] = {
            **common,
            "id": self.function_id,
            "parent_id": self.service_id,
            "origin": "AWS::Lambda::Function",
            "resource_arn": arn,
            "aws": {"function_arn": arn, "account_id": invocation.function_arn.split(":")[4]},
        }
        return [json.dumps(service), json.dumps(function)]
