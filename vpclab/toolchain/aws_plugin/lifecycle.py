"""The life of a resource: what the provider does for any row, and in which order."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from vpclab.toolchain.aws_plugin.archive import archive_hash
from vpclab.toolchain.aws_plugin.call import Call
from vpclab.toolchain.aws_plugin.check import DEFAULTS
from vpclab.toolchain.aws_plugin.clients import Clients
from vpclab.toolchain.aws_plugin.compare import EMPTY, same
from vpclab.toolchain.aws_plugin.difference import CODE_HASH, difference
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import Kind, ResourceType
from vpclab.toolchain.aws_plugin.values import UNKNOWN, Plain, is_unknown
from vpclab.toolchain.aws_plugin.waiting import Patience, longest_wait

AWS_TAG_PREFIX = "aws:"


class Lifecycle:
    """Creates, reads, updates and deletes resources of one row."""

    def __init__(self, row: ResourceType, clients: Clients, interrupted: threading.Event) -> None:
        self._row = row
        self._clients = clients
        self._interrupted = interrupted

    def create(self, inputs: Plain, seconds: float) -> tuple[str, Plain]:
        """Make the resource; return its id and its state. Where it does not become usable, it is deleted again."""
        row = self._row
        call = self._call(seconds or row.create_seconds, inputs=inputs)
        with telling(f"creating {self._row.noun}"):
            id_ = row.create(call)
        call = call.named(id_)
        try:
            with telling(f"creating {self._row.noun}"):
                if row.settle:
                    row.settle(call)
                return id_, self._present(call)
        except Exception as failure:
            self._undo(call, failure)
            raise

    def read(self, id_: str, state: Plain, inputs: Plain) -> tuple[str, Plain, Plain] | None:
        """Return the resource's id, state and inputs as they are now, or None when it is gone."""
        call = self._call(self._row.create_seconds, id_=id_, state=state, inputs=inputs)
        with telling(f"reading {self._row.noun}"):
            found = self._found(call)
        if found is None:
            return None
        # An import may name the resource otherwise than its id does.
        id_ = found.pop("id", id_)
        complete = self._completed(found, call)
        return id_, complete, self._inputs(complete, inputs)

    def update(self, id_: str, state: Plain, inputs: Plain, seconds: float) -> Plain:
        """Change in place what differs; return the new state."""
        row, tags = self._row, self.tags_all(inputs)
        found = difference(row, state, inputs, tags)
        call = self._call(seconds or row.create_seconds, id_=id_, state=state, inputs=inputs)
        with telling(f"updating {self._row.noun}"):
            changed = found.changed - {"tagsAll"}
            if row.update and any(not row.all_inputs[name].local for name in changed):
                row.update(call, changed)
            if row.tag and "tagsAll" in found.changed:
                there = state.get("tagsAll", {})
                row.tag(
                    call,
                    {name: value for name, value in tags.items() if there.get(name) != value},
                    [name for name in there if name not in tags],
                )
            return self._present(call)

    def delete(self, id_: str, state: Plain, seconds: float) -> None:
        """Delete the resource; one that is gone already is as good."""
        call = self._call(seconds or self._row.delete_seconds, id_=id_, state=state)
        with telling(f"deleting {self._row.noun}"):
            self._forgiving(call, lambda: self._row.delete(call))

    def planned(self, inputs: Plain, state: Plain | None = None) -> Plain:
        """Return the state as far as it is known before anything is done (``state``: the present one)."""
        row = self._row
        tags = self.tags_all(inputs)
        known = {name: value for name, value in inputs.items() if name != DEFAULTS}
        if row.tag:
            known["tagsAll"] = tags if not is_unknown(tags) else UNKNOWN
        if state is None:
            return dict.fromkeys(row.all_outputs, UNKNOWN) | known
        return {**state, **known, **dict.fromkeys(row.moving, UNKNOWN)}

    def tags_all(self, inputs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a map, or unknown
        """Return the tags that the resource is to have: the provider's default ones, and its own before them."""
        own = inputs.get("tags") or {}
        return own if isinstance(own, str) else {**self._clients.configuration.default_tags, **own}

    def _call(
        self, seconds: float, *, id_: str = "", inputs: Plain | None = None, state: Plain | None = None
    ) -> Call:
        return Call(
            clients=self._clients,
            service=self._row.service,
            patience=Patience(min(seconds, longest_wait()), self._interrupted),
            id=id_,
            inputs=inputs or {},
            state=state or {},
            tags=self.tags_all(inputs or {}),
        )

    def _undo(self, call: Call, failure: Exception) -> None:
        try:
            # What went wrong before may have cost all the time there was.
            self.delete(call.id, dict(call.inputs), 0)
        except AwsPluginError as second:
            raise AwsPluginError(
                f"{failure}. What was made of it, {call.id}, is still there: {second}"
            ) from failure

    def _found(self, call: Call) -> Plain | None:
        found: list[Plain | None] = []
        self._forgiving(call, lambda: found.append(self._row.read(call)))
        return found[0] if found else None

    def _forgiving(self, call: Call, action: Callable[[], object]) -> None:
        try:
            action()
        except call.client.exceptions.ClientError as answer:
            if answer.response["Error"]["Code"] not in self._row.missing:
                raise

    def _present(self, call: Call) -> Plain:
        found = self._found(call)
        if found is None:
            raise AwsPluginError(f"{call.id} was there a moment ago, and is not any more")
        found.pop("id", None)
        return self._completed(found, call)

    def _completed(self, found: Plain, call: Call) -> Plain:
        """Return what AWS says, worded as the program worded it where that means the same, and completed."""
        row = self._row
        said = call.inputs or call.state
        inputs = {**call.state, **call.inputs}
        complete = {name: value for name, value in found.items() if value is not None}
        for name, declared in row.all_inputs.items():
            if declared.local or declared.kind is Kind.ARCHIVE:
                kept = said.get(name, declared.default)
                if kept is not None:
                    complete[name] = kept
            elif (
                name in complete and inputs.get(name) is not None and same(declared, inputs[name], complete[name])
            ):
                complete[name] = inputs[name]
            if declared.kind is Kind.ARCHIVE and name in call.inputs:
                complete[CODE_HASH] = archive_hash(call.inputs[name])
            elif declared.kind is Kind.ARCHIVE and call.state.get(CODE_HASH):
                complete[CODE_HASH] = call.state[CODE_HASH]
        if row.regional:
            complete["region"] = call.region
        if row.tag:
            every = {
                name: value
                for name, value in complete.get("tagsAll", {}).items()
                if not name.startswith(AWS_TAG_PREFIX)
            }
            default, own = self._clients.configuration.default_tags, said.get("tags") or {}
            complete["tagsAll"] = every
            complete["tags"] = {k: v for k, v in every.items() if k in own or default.get(k) != v}
        return complete

    def _inputs(self, state: Plain, old: Plain) -> Plain:
        """Return inputs that make ``state``: the old ones brought up to date; in an import, those that are set."""
        if old:
            kept = {name: state.get(name) for name in old if name in self._row.all_inputs}
            noted = {name: value for name, value in old.items() if name.startswith("__")}
            return {name: value for name, value in kept.items() if value is not None} | noted
        return {
            name: state[name]
            for name, declared in self._row.all_inputs.items()
            if state.get(name) not in (*EMPTY, declared.default) and name != "region"
        }


@contextmanager
def telling(doing: str) -> Iterator[None]:
    """Turn errors of boto3 into what the user can read: what was being done, and AWS's own words."""
    try:
        yield
    except AwsPluginError as failure:
        raise AwsPluginError(f"{doing}: {failure}") from None
    except Exception as failure:
        from botocore import exceptions as boto  # noqa: PLC0415 - loaded by now, and slow to load

        if isinstance(failure, boto.ClientError):
            error = failure.response["Error"]
            answer = f"{failure.operation_name} answered {error['Code']}: {error['Message']}"
            raise AwsPluginError(f"{doing}: {answer}") from None
        if isinstance(failure, boto.EndpointConnectionError):
            hint = "no cloud serves there; `vpclab cloud start` starts one, `vpclab env` tells its address"
            raise AwsPluginError(f"{doing}: {failure} ({hint})") from None
        if isinstance(failure, boto.BotoCoreError):
            raise AwsPluginError(f"{doing}: {failure}") from None
        raise
