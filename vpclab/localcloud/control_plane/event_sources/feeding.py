"""What pollers need of the Lambda service around them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from vpclab.localcloud.control_plane.event_sources.arrivals import Arrivals
from vpclab.localcloud.control_plane.event_sources.destinations import Destinations
from vpclab.localcloud.control_plane.event_sources.permissions import Permissions
from vpclab.localcloud.control_plane.event_sources.workers import Workers
from vpclab.localcloud.lambda_runtime.invocation import InvocationResult

MOST_PAYLOAD = 6 * 1024 * 1024 - 64 * 1024
"""Bytes of records in one invocation: what Invoke takes, less the frame around them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """``lock`` is the control plane's; whoever touches its state holds it, and has seen that it is not closed.

    ``invoke`` runs the function with a qualified or unqualified ARN, an event and its tracing header, and waits
    for it; ApiError: it could not run.
    ``role_of`` gives the execution role of a function's ARN; None: the function is gone.
    ``first_retry_seconds`` doubles with every failure of a stream's batch, up to ``longest_retry_seconds``.
    """

    lock: threading.RLock
    arrivals: Arrivals
    workers: Workers
    permissions: Permissions
    destinations: Destinations
    invoke: Callable[[str, bytes, str | None], InvocationResult]
    role_of: Callable[[str], str | None]
    first_retry_seconds: float = 0.1
    longest_retry_seconds: float = 60.0
