"""The handler: runs the probes that the event names, all at the same time; or consumes records that it is given.

The event that asks for probes is ``{"probes": {label: {"probe": name, ...arguments}}}``; ``probe`` may be left out
where the label is the name. The answer is ``{"answers": {label: answer}}``; see :func:`attempt.answer`. An event
with ``Records`` comes from a queue, a stream, a table or a bucket; see the module ``records``.
"""

import queue
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any

from . import aws_api, cache, dns, internet, load_balancer, printed_line, records, tcp, trace
from .attempt import Arguments, Attempt, Probe, answer
from .connection import ANSWER_SECONDS
from .outcome import Outcome

LONGEST_SECONDS = 25.0
"""After this long an attempt counts as one that could not run; every stage has a far shorter deadline."""

SPARE_SECONDS = 0.5
"""What stays of the function's time for sending the answer."""


def _call(name: str, attempt: Attempt, arguments: Arguments) -> Outcome:
    return aws_api.probe(attempt, {**arguments, "call": name})


def _query(attempt: Attempt, arguments: Arguments) -> Outcome:
    from . import database  # noqa: PLC0415 - its driver is heavy, and only this probe wants it

    return database.probe(attempt, arguments)


PROBES: dict[str, Probe] = {
    "internet": internet.probe,
    "rds": _query,
    "logs_printed": printed_line.probe,
    "tcp": tcp.probe,
    "dns": dns.probe,
    "cache": cache.probe,
    "load_balancer": load_balancer.probe,
    "trace": trace.probe,
    "call": aws_api.probe_call,
    **{name: partial(_call, name) for name in aws_api.CALLS},
}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context has no type
    """Run the probes of ``event``, or consume its records; see the module for its shape."""
    if "Records" in event:
        return records.consume(event["Records"], context.aws_request_id)
    wanted = {label: dict(arguments or {}) for label, arguments in event["probes"].items()}
    names = {label: str(arguments.pop("probe", label)) for label, arguments in wanted.items()}
    unknown = sorted(set(names.values()) - set(PROBES))
    if unknown:
        raise ValueError(f"no such probe: {', '.join(unknown)}; there are {', '.join(sorted(PROBES))}")
    for label, name in names.items():
        _prepare(name, wanted[label])

    answers: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
    for label, arguments in wanted.items():
        threading.Thread(
            target=lambda label, arguments: answers.put((label, answer(PROBES[names[label]], arguments))),
            args=(label, arguments),
            name=label,
            daemon=True,
        ).start()
    seconds = min(LONGEST_SECONDS, context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS)
    return {"answers": _gather(answers, frozenset(wanted), seconds)}


def _prepare(name: str, arguments: Arguments) -> None:
    """Make the client that a probe will want: in the probe's own thread, all would wait for each other's."""
    with suppress(Exception):  # whatever is wrong with it, the probe says in its answer
        if name in aws_api.CALLS:
            aws_api.client(aws_api.CALLS[name].service)
        elif name == "call":
            aws_api.client(arguments["service"], float(arguments.get("timeout_seconds", ANSWER_SECONDS)))
        elif name == "trace" and arguments.get("by") != "daemon":
            aws_api.client(trace.SERVICE)


def _gather(
    answers: "queue.SimpleQueue[tuple[str, dict[str, Any]]]", labels: frozenset[str], seconds: float
) -> dict[str, dict[str, Any]]:
    """Collect one answer per label; a label that is silent for too long gets an answer that says so."""
    gathered: dict[str, dict[str, Any]] = {}
    deadline = time.monotonic() + seconds
    while len(gathered) < len(labels):
        try:
            label, found = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        gathered[label] = found
    for label in labels - gathered.keys():
        gathered[label] = {
            "outcome": None,
            "stage": None,
            "error": f"no answer within {seconds:.1f} s",
            "elapsed_seconds": round(seconds, 3),
            "evidence": {},
        }
    return gathered
