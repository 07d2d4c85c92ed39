"""The canary's code, which runs inside a function: it says that it ran, and what it could reach.

It stands alone: the standard library, and the SDK that every Python runtime of Lambda has.
"""

import contextlib
import socket
from collections.abc import Mapping
from typing import Any

SECONDS = 3
"""What a packet may take. Within one machine or Region it is a matter of milliseconds."""


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Print and answer the event's ``nonce``; try an AWS API, and the ``host`` and ``port`` if they are given."""
    print(event.get("nonce", ""))  # noqa: T201 - what a function prints is its log
    answer = {"nonce": event.get("nonce"), "api": _call()}
    if event.get("host"):
        answer["host"] = _connect(event["host"], int(event["port"]))
    return answer


def _call() -> str:
    """Ask STS who this is, at the endpoint that the platform gives to functions. Anybody may ask that."""
    import boto3  # noqa: PLC0415 - a platform whose functions lack the SDK still shows that it runs them
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError  # noqa: PLC0415

    config = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1})
    try:
        boto3.client("sts", config=config).get_caller_identity()
    except ConnectTimeoutError:
        return "timed out"
    except ClientError:
        return "answered"
    except BotoCoreError as failure:
        return type(failure).__name__
    return "answered"


def _connect(host: str, port: int) -> str:
    try:
        with contextlib.closing(socket.create_connection((host, port), SECONDS)):
            return "answered"
    except TimeoutError:
        return "timed out"
    except ConnectionRefusedError:
        return "refused"
    except OSError as failure:
        return type(failure).__name__
