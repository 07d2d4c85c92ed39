"""Archives in the engine's messages."""

from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2

from vpclab.toolchain.aws_plugin.wire import compare, give_back, readable

SIGNATURE = rpc._special_sig_key  # noqa: SLF001
ARCHIVE, ASSET = rpc._special_archive_sig, rpc._special_asset_sig  # noqa: SLF001


def struct(**fields: Any) -> struct_pb2.Struct:  # noqa: ANN401 - JSON
    made = struct_pb2.Struct()
    json_format.ParseDict(fields, made)
    return made


def archive(hash_: str, **source: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {SIGNATURE: ARCHIVE, "hash": hash_, **source}


def diff(old: dict[str, Any], new: dict[str, Any], *ignored: str) -> provider_pb2.DiffResponse:
    answer = provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
    request = provider_pb2.DiffRequest(olds=struct(**old), news=struct(**new), ignoreChanges=ignored)
    compare(request, answer)
    return answer


def test_hash_alone_cannot_reach_the_sdk() -> None:
    """The SDK reads no archive without a source; what it can read stays, and the request itself is untouched."""
    whole = archive("2", assets={"a.py": {SIGNATURE: ASSET, "hash": "3", "text": "x"}})
    hollow = archive("2", assets={"a.py": {SIGNATURE: ASSET, "hash": "3"}})
    request = provider_pb2.UpdateRequest(
        olds=struct(code=archive("1"), other=hollow, name="n"),
        news=struct(code=whole, folder=archive("4", path="src")),
    )
    copy = readable(request)
    assert set(copy.olds.fields) == {"name"}
    assert set(copy.news.fields) == {"code", "folder"}
    assert set(request.olds.fields) == {"code", "other", "name"}


def test_archive_can_differ_by_its_hash() -> None:
    """Two hashes are a change in place; one hash is none, wherever the files lie."""
    changed = diff({"code": archive("1")}, {"code": archive("2")})
    assert changed.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(changed.diffs) == ["code"]
    assert not changed.replaces
    same = diff({"code": archive("1", path="here")}, {"code": archive("1", path="there")})
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not diff({"code": archive("1")}, {"code": archive("2")}, "code").diffs


def test_archive_can_come_back_as_it_came() -> None:
    """The answer repeats the archives of the request, with the hashes that the SDK dropped."""
    request = provider_pb2.CreateRequest(properties=struct(code=archive("1", path="src"), name="n"))
    answer = provider_pb2.CreateResponse(id="f", properties=struct(code="lost", name="n", arn="a"))
    give_back("Create", request, answer)
    assert json_format.MessageToDict(answer.properties) == {
        "code": archive("1", path="src"),
        "name": "n",
        "arn": "a",
    }


def test_missing_resource_cannot_have_properties() -> None:
    """The engine takes empty properties for a resource that is there."""
    answer = provider_pb2.ReadResponse(properties=struct(), inputs=struct())
    give_back("Read", provider_pb2.ReadRequest(id="vpc-1"), answer)
    assert not answer.HasField("properties")
    assert not answer.HasField("inputs")
