"""The gRPC server that the engine speaks with."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import metadata
from typing import Any

import grpc
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.provider import AwsProvider
from vpclab.toolchain.aws_plugin.wire import compare, give_back, readable

Method = Callable[[Any, Any], Awaitable[Any]]

ANSWERED = (
    "CheckConfig",
    "DiffConfig",
    "Configure",
    "Invoke",
    "Check",
    "Diff",
    "Create",
    "Read",
    "Update",
    "Delete",
)

INTERRUPTED = 130
"""Exit code: the engine says by SIGINT that it is done."""

PARENT_POLL_SECONDS = 1.0


class Servicer(ProviderServicer):
    """The SDK's servicer, except that the user gets errors without a traceback, and archives keep their hash."""

    def __init__(self, args: list[str], version: str, provider: AwsProvider, engine_address: str) -> None:
        super().__init__(args, version, provider, engine_address)
        for name in ANSWERED:
            setattr(self, name, _answering(name, getattr(self, name)))


def _answering(name: str, method: Method) -> Method:
    async def wrapper(request: Any, context: Any) -> Any:  # noqa: ANN401 - gRPC's messages
        try:
            answer = await method(readable(request), context)
        except Exception as failure:
            # The SDK replaces every exception by one with a traceback in its text, and keeps the first as context.
            cause = failure.__context__ or failure
            if not isinstance(cause, AwsPluginError):
                raise
            await context.abort(grpc.StatusCode.UNKNOWN, str(cause))
        if name == "Diff":
            compare(request, answer)
        give_back(name, request, answer)
        return answer

    return wrapper


def serve(arguments: Sequence[str]) -> None:
    """Serve until the engine ends this process; the port goes to standard output, as the protocol wants it."""
    parser = argparse.ArgumentParser(prog="pulumi-resource-aws")
    parser.add_argument("engine", help="address of the engine")
    engine = parser.parse_known_args(arguments)[0].engine

    async def run() -> None:
        provider = AwsProvider()
        server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
        servicer = Servicer(list(arguments), metadata.version("pulumi_aws"), provider, engine)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        # An engine that was killed cannot stop its plugins, and they must not stay behind.
        watching = asyncio.create_task(_until_orphaned(os.getppid()))
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        serving = asyncio.create_task(server.wait_for_termination())
        try:
            await asyncio.wait((watching, serving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await provider.cancel()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


async def _until_orphaned(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells a process that its parent has gone
        await asyncio.sleep(PARENT_POLL_SECONDS)
