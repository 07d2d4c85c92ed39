"""What a consumer prints of its records, and how a record can make it fail."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.probe.records import RecordFailureError, consume, tell


def message(identifier: str, body: str) -> dict[str, Any]:
    return {"eventSource": "aws:sqs", "messageId": identifier, "body": body}


def streamed(identifier: str, body: str) -> dict[str, Any]:
    data = base64.b64encode(body.encode()).decode()
    return {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": identifier, "data": data}}


def changed(identifier: str, body: str) -> dict[str, Any]:
    image = {"id": {"S": "1"}, "body": {"S": body}}
    return {
        "eventSource": "aws:dynamodb",
        "eventName": "INSERT",
        "dynamodb": {"SequenceNumber": identifier, "Keys": {"id": {"S": "1"}}, "NewImage": image},
    }


def uploaded(key: str) -> dict[str, Any]:
    stored = {"key": key, "sequencer": "0A"}
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "uploads"}, "object": stored},
    }


SOURCES = {"aws:sqs": message, "aws:kinesis": streamed, "aws:dynamodb": changed}
every_source = pytest.mark.parametrize("source", SOURCES)


@every_source
def test_record_can_be_printed(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line of JSON for each record, whatever form its source gives it."""
    records = [SOURCES[source]("1", "one"), SOURCES[source]("2", "two")]
    assert consume(records, "r") == {"batchItemFailures": []}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["source"], line["id"], line["body"]) for line in lines] == [
        (source, "1", "one"),
        (source, "2", "two"),
    ]
    assert {line["vpclab"] for line in lines} == {"record"}


@every_source
def test_record_can_be_reported_as_failed(source: str) -> None:
    """The others of its batch are done; the mapping gives this one again."""
    records = [SOURCES[source]("1", "{}"), SOURCES[source]("2", '{"fail": "item"}')]
    assert consume(records, "r") == {"batchItemFailures": [{"itemIdentifier": "2"}]}


@every_source
def test_record_can_fail_its_whole_batch(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every record is printed all the same, so that each attempt can be counted."""
    records = [SOURCES[source]("1", '{"fail": "batch"}'), SOURCES[source]("2", "two")]
    with pytest.raises(RecordFailureError, match="asked to fail by 1"):
        consume(records, "r")
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_key_of_an_upload_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """S3 encodes keys as forms do: a plus sign for a blank."""
    consume([uploaded("a+b/%C3%A9.txt")], "r")
    line = json.loads(capsys.readouterr().out)
    assert (line["bucket"], line["key"]) == ("uploads", "a b/é.txt")


def test_upload_can_fail_its_invocation() -> None:
    """Asynchronous invocations are tried again, and then go to a destination."""
    with pytest.raises(RecordFailureError):
        consume([uploaded("fail/now.txt")], "r")


def test_removed_item_can_be_printed_by_its_keys() -> None:
    """There is no new image of what was removed."""
    record = changed("1", "x")
    del record["dynamodb"]["NewImage"]
    assert json.loads(tell(record).content["body"]) == {"id": {"S": "1"}}


def test_record_of_an_unknown_source_can_be_printed() -> None:
    """Nothing that arrives is passed over in silence."""
    assert tell({"EventSource": "aws:sns", "Sns": {}}).source == "aws:sns"
    assert json.loads(tell({"a": 1}).content["body"]) == {"a": 1}


@given(st.text())
def test_any_text_can_be_a_body(text: str) -> None:
    """A body that is no JSON object asks for nothing."""
    for record in (message("1", text), streamed("1", text.encode("utf-8", "replace").decode())):
        assert tell(record).wish is None or json.loads(text)["fail"]
