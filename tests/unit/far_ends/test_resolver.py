"""The thread that serves every resolver, when something ends it."""

import ctypes
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.deadline import eventually
from vpclab.localcloud.far_ends.resolver import Answerer, ResolverServer


@pytest.fixture
def resolver() -> Iterator[tuple[str, int]]:
    server = ResolverServer()
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    address = bound.getsockname()
    server.open([bound], [], Answerer(lambda query, _over_tcp: query))
    yield address
    server.close()


def answers(address: tuple[str, int]) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, suppress(TimeoutError):
        client.settimeout(0.2)
        client.sendto(b"?", address)
        return client.recv(16) == b"?"
    return False


def test_resolver_can_go_on_after_its_thread_was_ended(resolver: tuple[str, int]) -> None:
    """At whatever point: the next queries are answered, as a client that asks again sees it."""
    assert answers(resolver)
    (thread,) = [one for one in threading.enumerate() if one.name == "resolver"]
    for end in (SystemExit, RuntimeError, MemoryError) * 3:
        raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(end)
        )
        assert raised == 1
        eventually(lambda: answers(resolver), 10, "it answers")
    assert thread.is_alive()
