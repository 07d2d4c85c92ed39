"""The Lambda service's compute: execution environments, the Runtime API, and the logs they ship."""

from vpclab.localcloud.lambda_runtime.invocation import (
    Archive,
    Invocation,
    InvocationRefused,
    InvocationResult,
    LogEvent,
    ShipLogs,
)
from vpclab.localcloud.lambda_runtime.service import LambdaRuntime

__all__ = [
    "Archive",
    "Invocation",
    "InvocationRefused",
    "InvocationResult",
    "LambdaRuntime",
    "LogEvent",
    "ShipLogs",
]
