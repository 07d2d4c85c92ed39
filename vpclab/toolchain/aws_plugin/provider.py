"""The provider: the engine's requests, answered from the table of resource types."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pulumi.provider.experimental.provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from vpclab.toolchain.aws_plugin import check, endpoint, functions
from vpclab.toolchain.aws_plugin.clients import CONNECTIONS, Clients
from vpclab.toolchain.aws_plugin.difference import difference
from vpclab.toolchain.aws_plugin.errors import AwsPluginError, NotModelledError
from vpclab.toolchain.aws_plugin.lifecycle import Lifecycle
from vpclab.toolchain.aws_plugin.resource_types import RESOURCE_TYPES
from vpclab.toolchain.aws_plugin.schema import ResourceType
from vpclab.toolchain.aws_plugin.values import Path, conceal, is_unknown, reveal, secret_paths

T = TypeVar("T")


class AwsProvider(sdk.Provider):
    """Answers each request in a thread of its own, so that no wait holds up another resource."""

    def __init__(self) -> None:
        self._clients: Clients | None = None
        self._interrupted = threading.Event()
        self._threads = ThreadPoolExecutor(max_workers=CONNECTIONS, thread_name_prefix="request")

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuse provider inputs that are not modelled, and endpoints that are not on loopback."""
        found = endpoint.problems(reveal(request.new_inputs))
        return sdk.CheckResponse(request.new_inputs, [sdk.CheckFailure(*problem) for problem in found])

    async def diff_config(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Say that another Region means other resources, as the official plugin does."""
        old, new = reveal(request.old_state), reveal(request.new_inputs)
        moved = old.get("region") != new.get("region") and not is_unknown(new.get("region"))
        return sdk.DiffResponse(replaces=["region"] if moved else [])

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Take the configuration; clients are made when they are needed."""
        self._clients = Clients(endpoint.configuration(reveal(request.args)))
        return sdk.ConfigureResponse(
            accept_secrets=True,
            supports_preview=True,
            accept_resources=False,
            accept_outputs=False,  # the SDK cannot read an output without a value
        )

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        """Call a function of the provider, such as ``aws:index/getAvailabilityZones:getAvailabilityZones``."""
        arguments = reveal(request.args)
        answer = await self._in_thread(lambda: functions.invoke(self._configured, request.tok, arguments))
        return sdk.InvokeResponse(conceal(answer))

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuse inputs that are not modelled or contradict each other; complete them with defaults and a name."""
        row = _row(request.type)
        new = reveal(request.new_inputs)
        failures = [sdk.CheckFailure(*problem) for problem in check.problems(row, new)]
        completed = check.complete(row, request.name, reveal(request.old_inputs), new, request.random_seed)
        secrets = secret_paths(request.new_inputs) | _secret_inputs(row)
        return sdk.CheckResponse(conceal(completed, secrets), failures)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Compare the state with the wanted inputs."""
        row = _row(request.type)
        state, inputs = reveal(request.old_state), reveal(request.new_inputs)
        for ignored in request.ignore_changes:
            inputs.pop(ignored, None)
            if ignored in state:
                inputs[ignored] = state[ignored]
        tags = self._life(row).tags_all(inputs)
        found = await self._in_thread(lambda: difference(row, state, inputs, tags))
        return sdk.DiffResponse(
            changes=bool(found.changed),
            replaces=sorted(found.replacing),
            diffs=sorted(found.changed),
            delete_before_replace=found.delete_first,
            detailed_diff={
                name: sdk.PropertyDiff(
                    _kind(before=name in state, after=name in inputs, replaces=name in found.replacing),
                    input_diff=False,
                )
                for name in found.changed
            },
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Create a resource, or say in a preview what is known of it."""
        row = _row(request.type)
        life, inputs, secrets = self._life(row), reveal(request.properties), _secrets(row, request.properties)
        if request.preview:
            return sdk.CreateResponse("", conceal(life.planned(inputs), secrets))
        id_, state = await self._in_thread(lambda: life.create(inputs, request.timeout))
        return sdk.CreateResponse(id_, conceal(state, secrets))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """Read a resource anew, for a refresh or (with nothing but its id) for an import."""
        row = _row(request.type)
        life, state, inputs = self._life(row), reveal(request.properties), reveal(request.inputs)
        found = await self._in_thread(lambda: life.read(request.resource_id, state, inputs))
        if found is None:
            return sdk.ReadResponse()
        id_, state, inputs = found
        secrets = _secrets(row, request.properties) | _secrets(row, request.inputs)
        return sdk.ReadResponse(id_, conceal(state, secrets), conceal(inputs, secrets))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Change a resource in place."""
        row = _row(request.type)
        life, state, inputs = self._life(row), reveal(request.olds), reveal(request.news)
        secrets = _secrets(row, request.olds) | _secrets(row, request.news)
        if request.preview:
            return sdk.UpdateResponse(conceal(life.planned(inputs, state), secrets))
        state = await self._in_thread(lambda: life.update(request.resource_id, state, inputs, request.timeout))
        return sdk.UpdateResponse(conceal(state, secrets))

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """Delete a resource, and wait until it is gone."""
        life, state = self._life(_row(request.type)), reveal(request.properties)
        await self._in_thread(lambda: life.delete(request.resource_id, state, request.timeout))

    async def cancel(self) -> None:
        """Give up every wait."""
        self._interrupted.set()

    @property
    def _configured(self) -> Clients:
        if self._clients is None:
            raise AwsPluginError("the engine asked for a resource before it configured the provider")
        return self._clients

    def _life(self, row: ResourceType) -> Lifecycle:
        return Lifecycle(row, self._configured, self._interrupted)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _row(qualified: str) -> ResourceType:
    token = qualified.rpartition("$")[2]  # the SDK gives the types of the parents as well
    row = RESOURCE_TYPES.get(token)
    if row is None:
        raise NotModelledError(
            f"the stand-in does not model the resource type {token}; "
            f"it models {', '.join(sorted(RESOURCE_TYPES))}. "
            "Leave the resource out here, or deploy with the official plugin"
        )
    return row


def _secret_inputs(row: ResourceType) -> frozenset[Path]:
    return frozenset((name,) for name, declared in row.inputs.items() if declared.secret)


def _secrets(row: ResourceType, properties: dict[str, PropertyValue]) -> frozenset[Path]:
    return secret_paths(properties) | _secret_inputs(row)


def _kind(*, before: bool, after: bool, replaces: bool) -> sdk.PropertyDiffKind:
    if not before:
        return sdk.PropertyDiffKind.ADD_REPLACE if replaces else sdk.PropertyDiffKind.ADD
    if not after:
        return sdk.PropertyDiffKind.DELETE_REPLACE if replaces else sdk.PropertyDiffKind.DELETE
    return sdk.PropertyDiffKind.UPDATE_REPLACE if replaces else sdk.PropertyDiffKind.UPDATE
