"""Waiting: with a deadline, until interrupted, and without holding up anybody else."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpclab.toolchain.aws_plugin.call import Call
from vpclab.toolchain.aws_plugin.clients import CONNECTIONS
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.provider import AwsProvider
from vpclab.toolchain.aws_plugin.waiting import Patience


def test_wait_can_end_with_an_answer() -> None:
    """The first answer that is not None ends it, and False is one."""
    answers = iter([None, None, False])
    assert Patience(10, threading.Event()).until(lambda: next(answers), "x") is False


def test_wait_can_run_out_of_time() -> None:
    """The message says what was waited for."""
    with pytest.raises(AwsPluginError, match="nat-1 is available: still not so after 0 s"):
        Patience(0, threading.Event()).until(lambda: None, "nat-1 is available")


def test_wait_can_be_interrupted() -> None:
    """Cancelling the engine's request ends every wait at once."""
    interrupted = threading.Event()
    interrupted.set()
    with pytest.raises(AwsPluginError, match="the deployment was interrupted"):
        Patience(3600, interrupted).until(lambda: None, "x")


class Refusing:
    """A client whose deletion is refused as often as it is told to."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)

    def delete(self) -> None:
        if self.codes:
            error = {"Code": self.codes.pop(0), "Message": "sg-1 has a dependent object"}
            raise ClientError({"Error": error}, "DeleteSecurityGroup")


class OneClient:
    """Clients of which there is one."""

    def __init__(self, client: Refusing) -> None:
        self.client = client

    def get(self, *_: str) -> Refusing:
        return self.client


def call(client: Refusing, seconds: float) -> Call:
    clients: Any = OneClient(client)
    return Call(clients, "ec2", Patience(seconds, threading.Event()), id="sg-1", state={"region": "us-east-1"})


def test_resource_in_use_can_be_asked_again() -> None:
    """DependencyViolation is not the end: an interface of a deleted function lingers."""
    client = Refusing("DependencyViolation", "DependencyViolation")
    call(client, 30).while_in_use(client.delete)
    assert not client.codes


def test_resource_in_use_cannot_be_waited_for_for_ever() -> None:
    """After the deadline AWS's own words say why."""
    client = Refusing(*["DependencyViolation"] * 1000)
    with pytest.raises(AwsPluginError, match=r"sg-1 is free to be deleted.*has a dependent object"):
        call(client, 0).while_in_use(client.delete)


def test_other_refusal_cannot_be_waited_out() -> None:
    """Only what passes by itself is asked again."""
    client = Refusing("UnauthorizedOperation")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        call(client, 30).while_in_use(client.delete)


def test_waiting_resource_cannot_hold_up_others() -> None:
    """As many requests as the engine makes run side by side: all of these meet, or none would end."""
    provider = AwsProvider()
    barrier = threading.Barrier(CONNECTIONS, timeout=30)

    async def all_at_once() -> None:
        await asyncio.gather(*(provider._in_thread(barrier.wait) for _ in range(CONNECTIONS)))  # noqa: SLF001

    asyncio.run(all_at_once())
    provider._threads.shutdown()  # noqa: SLF001
