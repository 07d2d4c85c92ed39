"""Network interfaces that Lambda leaves behind for a while, in the subnets of a stack.

After its last function is gone, Lambda removes an interface in up to 20 minutes, sometimes 45, and needs the
function's execution role for that (Lambda developer guide, "Giving Lambda functions access to resources in an
Amazon VPC"). Until then neither the subnet nor the security group can be deleted. One that Lambda has detached and
not deleted stays for ever: that one may be deleted by anybody, and is.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vpclab.toolchain.error import ToolchainError

DETACHED = "available"
POLL_SECONDS = 15.0
REMIND_SECONDS = 60.0
AWS_SECONDS = 2700.0


@dataclass(frozen=True, slots=True, order=True)
class Interface:
    """One interface of type ``lambda``. ``status`` is ``in-use`` until Lambda has detached it."""

    identifier: str
    subnet_id: str
    security_group_ids: tuple[str, ...]
    status: str

    def __str__(self) -> str:
        """Say which it is, whose groups it carries, and in which state it is."""
        return f"{self.identifier} in {self.subnet_id}, of {' '.join(self.security_group_ids)}: {self.status}"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long to wait in all, between two looks, and until what is waited for is said again."""

    in_all: float = AWS_SECONDS
    between_looks: float = POLL_SECONDS
    until_reminded: float = REMIND_SECONDS


def find(ec2: Any, subnet_ids: Sequence[str]) -> tuple[Interface, ...]:  # noqa: ANN401 - boto3 has no types
    """Return the interfaces of type ``lambda`` in these subnets, in the order of their ids."""
    if not subnet_ids:
        return ()
    filters = [
        {"Name": "subnet-id", "Values": list(subnet_ids)},
        {"Name": "interface-type", "Values": ["lambda"]},
    ]
    pages = ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters)
    found = (
        Interface(
            one["NetworkInterfaceId"],
            one["SubnetId"],
            tuple(sorted(group["GroupId"] for group in one["Groups"])),
            one["Status"],
        )
        for page in pages
        for one in page["NetworkInterfaces"]
    )
    return tuple(sorted(found))


def wait_until_gone(
    ec2: Any,  # noqa: ANN401 - boto3 has no types
    subnet_ids: Sequence[str],
    say: Callable[[str], None],
    patience: Patience | None = None,
) -> None:
    """Return when no interface of Lambda's is left in the subnets, which have to be the stack's own.

    What is waited for is said at once, whenever it changes, and now and then. Those that are detached already are
    deleted, by their ids; those in use are Lambda's to remove, and left alone.

    Raises:
        ToolchainError: some are still there after the time.
    """
    limits = patience or Patience()
    started = time.monotonic()
    told: tuple[Interface, ...] = ()
    told_at = started
    while True:
        left = find(ec2, subnet_ids)
        kept = tuple(one for one in left if one.status != DETACHED or not _delete(ec2, one, say))
        now = time.monotonic()
        if not left:
            return
        if kept and (kept != told or now - told_at >= limits.until_reminded):
            say(f"waiting for Lambda to remove its interfaces, {now - started:.0f} s so far: {_list(kept)}")
            told, told_at = kept, now
        if now - started > limits.in_all:
            raise ToolchainError(
                f"interfaces of Lambda's are still there after {limits.in_all:.0f} s: {_list(left)}. Lambda "
                "removes them when no function or published version uses their subnet and groups any more; others "
                "than this stack's may. The rest of the stack is left as it is: run destroy again later"
            )
        time.sleep(min(limits.between_looks, max(0.0, started + limits.in_all - now)))


def _delete(ec2: Any, interface: Interface, say: Callable[[str], None]) -> bool:  # noqa: ANN401
    """Delete a detached interface; return whether it is gone. If it was just attached again, it is not ours."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - boto3 is heavy

    try:
        ec2.delete_network_interface(NetworkInterfaceId=interface.identifier)
    except ClientError as refusal:
        code = refusal.response["Error"]["Code"]
        if code == "InvalidNetworkInterfaceID.NotFound":
            return True
        say(f"{interface.identifier} is detached, and could not be deleted: {refusal}")
        return False
    say(f"deleted {interface.identifier}, which Lambda had detached")
    return True


def _list(interfaces: Sequence[Interface]) -> str:
    return "; ".join(map(str, interfaces))
