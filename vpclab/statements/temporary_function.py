"""Functions that the verifier makes for a moment: controls and experiments. Each deletes what it made."""

import io
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from vpclab.statements.error import VerificationError
from vpclab.statements.target import Target

NAME_PREFIX = "vpclab-verify-"
PROBE_DIRECTORY = Path(__file__).parents[2] / "lambdas" / "probe"
ACTIVE_SECONDS = 120.0
POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 30
MEMORY_MEGABYTES = 256

READABLE_BY_ALL = 0o644
"""Lambda runs code as a user that does not own its files (developer guide, "Working with .zip file archives")."""

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@cache
def probe_archive() -> bytes:
    """Return the probe's own files as a deployment package.

    It is the code of the deployed functions without the PostgreSQL driver, which controls do not use.
    """
    files = sorted(PROBE_DIRECTORY.rglob("*.py"))
    if not files:
        raise VerificationError(
            f"the probe's code is not in {PROBE_DIRECTORY}; run from a checkout of the project"
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(str(file.relative_to(PROBE_DIRECTORY.parent)), _FIXED_TIME)
            entry.external_attr = READABLE_BY_ALL << 16
            archive.writestr(entry, file.read_bytes())
    return packed.getvalue()


@contextmanager
def temporary_function(
    target: Target,
    like: str,
    *,
    subnet_ids: Sequence[str] = (),
    security_group_ids: Sequence[str] = (),
    **more_vpc_config: str,
) -> Iterator[str]:
    """Make a function with the role and runtime of the one named ``like``; delete it in the end.

    Yields its name once it can be invoked. ``more_vpc_config`` goes into VpcConfig as it is, for inputs whose
    rejection is of interest.

    Raises:
        VerificationError: it did not become active.
    """
    name = f"{NAME_PREFIX}{target.run}-{uuid.uuid4().hex[:12]}"
    new_function(
        target,
        name,
        like,
        subnet_ids=subnet_ids,
        security_group_ids=security_group_ids,
        more_vpc_config=more_vpc_config,
    )
    try:
        wait_until_active(target, name)
        yield name
    finally:
        delete_function(target, name)


def new_function(  # noqa: PLR0913 - CreateFunction has more
    target: Target,
    name: str,
    like: str,
    *,
    role_arn: str | None = None,
    subnet_ids: Sequence[str] = (),
    security_group_ids: Sequence[str] = (),
    more_vpc_config: Mapping[str, str] | None = None,
) -> None:
    """Create a function with the probe's code, and with the runtime and, unless given, the role of ``like``.

    It is not ready to be invoked yet. boto3's errors pass through.
    """
    service = target.client("lambda")
    model = service.get_function_configuration(FunctionName=like)
    attached: dict[str, Any] = {}
    if subnet_ids or more_vpc_config:
        attached["VpcConfig"] = {
            "SubnetIds": list(subnet_ids),
            "SecurityGroupIds": list(security_group_ids),
            **(more_vpc_config or {}),
        }
    service.create_function(
        FunctionName=name,
        Description=f"made for a moment by vpclab verify, to compare with {like}",
        Runtime=model["Runtime"],
        Role=role_arn or model["Role"],
        Handler="probe.handler.handler",
        Code={"ZipFile": probe_archive()},
        Timeout=TIMEOUT_SECONDS,
        MemorySize=MEMORY_MEGABYTES,
        **attached,
    )


def delete_function(target: Target, name: str) -> None:
    """Delete a function of ours, and the log group that the service may have made for it."""
    target.client("lambda").delete_function(FunctionName=name)
    logs = target.client("logs")
    with suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")


def wait_until_active(target: Target, name: str, *, seconds: float = ACTIVE_SECONDS) -> None:
    """Wait until a function can be invoked, ``seconds`` at most.

    Raises:
        VerificationError: it did not become active.
    """
    service = target.client("lambda")
    deadline = time.monotonic() + seconds
    while True:
        configuration = service.get_function_configuration(FunctionName=name)
        state = configuration.get("State", "Active")
        if state == "Active":
            return
        if state == "Failed" or time.monotonic() > deadline:
            reason = configuration.get("StateReason") or "no reason given"
            raise VerificationError(f"the function {name} did not become active: {state}, {reason}")
        time.sleep(POLL_SECONDS)
