"""What operations need in IAM's words, for every operation that the services have."""

# ruff: noqa: ANN401 - environ holds anything

import json
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest

from vpclab.localcloud.control_plane import moto_process
from vpclab.localcloud.control_plane.api_request import ApiRequest

moto_process.load()

from vpclab.localcloud.control_plane.authorization.access import Access  # noqa: E402 - needs moto
from vpclab.localcloud.control_plane.authorization.needs import needs  # noqa: E402
from vpclab.localcloud.control_plane.authorization.operation_input import (  # noqa: E402
    LOCATED_KEY,
    OperationInput,
    located,
)
from vpclab.localcloud.control_plane.authorization.published import is_published  # noqa: E402

SERVICES = {
    "cloudwatch": "monitoring",
    "dynamodb": "dynamodb",
    "dynamodbstreams": "dynamodb",
    "ec2": "ec2",
    "elasticache": "elasticache",
    "elbv2": "elasticloadbalancing",
    "iam": "iam",
    "kinesis": "kinesis",
    "kms": "kms",
    "lambda": "lambda",
    "logs": "logs",
    "rds": "rds",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "sts": "sts",
    "xray": "xray",
}
STREAM = b'{"logGroupName": "g", "logStreamName": "s"}'
TOPIC = b"Action=PublishBatch&Version=1&TopicArn=arn:aws:sns:us-east-1:123456789012:t"
ARN = "arn:aws:{}:us-east-1:123456789012:{}"
NEWER_THAN_THE_PUBLISHED_DATA = {
    "lambda:DeleteResourcePolicy",
    "lambda:GetResourcePolicy",
    "lambda:PutResourcePolicy",
}


def request(service: str, path: str = "/", body: bytes = b"{}", **environ: Any) -> ApiRequest:
    environ = {
        "HTTP_HOST": "localhost",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "RAW_URI": path,
        "REQUEST_METHOD": "POST",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        **environ,
    }
    return ApiRequest(service, "us-east-1", "test", "POST", path, environ["QUERY_STRING"], body, environ)


def asked(given: ApiRequest, operation: str) -> tuple[Access, ...]:
    return needs(given, operation, account="123456789012", region="us-east-1", caller_arn="arn:aws:iam::1:user/u")


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_can_be_asked_about(name: str) -> None:
    """Each needs something; an action that is told is one that IAM has, or the newest of Lambda's."""
    model = botocore.session.get_session().get_service_model(name)
    unknown = set()
    for operation in model.operation_names:
        found = asked(request(SERVICES[name], "/2015-03-31/functions/f/invocations"), operation)
        assert found, operation
        unknown |= {one.action for one in found if one.action is not None and not is_published(one.action)}
        assert all(one.resource is None or one.resource == "*" or one.resource.count(":") >= 5 for one in found)
    if name == "lambda":
        assert unknown >= NEWER_THAN_THE_PUBLISHED_DATA


@pytest.mark.parametrize(
    ("service", "operation", "body", "expected"),
    [
        ("sqs", "SendMessageBatch", b'{"QueueUrl": "http://h:1/210987654321/q"}', "sqs:SendMessage q"),
        ("dynamodb", "Query", b'{"TableName": "t", "IndexName": "i"}', "dynamodb:Query table/t/index/i"),
        ("dynamodb", "BatchGetItem", b'{"RequestItems": {"t": {}}}', "dynamodb:BatchGetItem table/t"),
        (
            "dynamodb",
            "TransactWriteItems",
            b'{"TransactItems": [{"Put": {"TableName": "t"}}]}',
            "dynamodb:PutItem table/t",
        ),
        ("ssm", "GetParameter", b'{"Name": "/a/b:3"}', "ssm:GetParameter parameter/a/b"),
        (
            "logs",
            "PutLogEvents",
            b'{"logGroupName": "g", "logStreamName": "s"}',
            "logs:PutLogEvents log-group:g:log-stream:s",
        ),
        (
            "logs",
            "CreateLogStream",
            b'{"logGroupName": "g", "logStreamName": "s"}',
            "logs:CreateLogStream log-group:g:log-stream:s",
        ),
        ("kinesis", "PutRecord", b'{"StreamName": "s"}', "kinesis:PutRecord stream/s"),
        ("kms", "Decrypt", b'{"CiphertextBlob": "x"}', "kms:Decrypt None"),
        ("sts", "GetCallerIdentity", b"Action=GetCallerIdentity&Version=2011-06-15", "sts:GetCallerIdentity *"),
        (
            "sns",
            "PublishBatch",
            b"Action=PublishBatch&Version=1&TopicArn=arn:aws:sns:us-east-1:123456789012:t",
            "sns:Publish t",
        ),
        ("ec2", "DescribeVpcs", b"Action=DescribeVpcs", "ec2:DescribeVpcs *"),
        ("ec2", "DeleteVpc", b"Action=DeleteVpc&VpcId=vpc-1", "ec2:DeleteVpc vpc/vpc-1"),
        (
            "rds",
            "DeleteDBInstance",
            b"Action=DeleteDBInstance&DBInstanceIdentifier=d",
            "rds:DeleteDBInstance db:d",
        ),
    ],
)
def test_operation_can_be_told_in_iams_words(service: str, operation: str, body: bytes, expected: str) -> None:
    """The action, and the last part of its resource's ARN."""
    [found] = asked(request(service, body=body), operation)
    resource = None if found.resource is None else found.resource.split(":", 5)[-1]
    assert f"{found.action} {resource}" == expected


def test_parameters_cannot_be_given_in_another_place() -> None:
    """What belongs in path or query is not read from the body, given there or not."""
    model = botocore.session.get_session().get_service_model("lambda").operation_model("GetFunction")
    given = request("lambda", body=b'{"FunctionName": "other", "Qualifier": "2"}')
    given.environ[LOCATED_KEY] = located(model, {"FunctionName": "f"}, "FunctionName=third")
    found = OperationInput(given)
    assert found.text("FunctionName") == "f"
    assert found.text("Qualifier") is None


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ("<Object><Key>a</Key></Object><Object><Key >b&amp;c</Key ></Object>", ["b/a", "b/b&c"]),
        ("<Object><Key><![CDATA[a]]></Key></Object>", ["b/a"]),
        ("<Object/>", [None]),
        ("", [None]),
        ("<Object><Key>a</Key>", [None]),
    ],
)
def test_keys_to_delete_cannot_hide(objects: str, expected: list[str | None]) -> None:
    """Every key that S3 would read is asked about, however it is written; else it is not told which."""
    found = asked(request("s3", "/b", f"<Delete>{objects}</Delete>".encode()), "DeleteObjects")
    assert [one.resource and one.resource.removeprefix("arn:aws:s3:::") for one in found] == expected


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("localhost:4566", "/bucket/a/key", "bucket/a/key"),
        ("127.0.0.1:4566", "/bucket/a/key", "bucket/a/key"),
        ("s3.us-east-1.amazonaws.com", "/bucket/a%20key", "bucket/a key"),
        ("bucket.s3.us-east-1.amazonaws.com", "/a/key", "bucket/a/key"),
        ("bucket.localhost:4566", "/other/key", "bucket/other/key"),
        ("bucket.s3-us-west-2.amazonaws.com", "/other/key", "bucket/other/key"),
    ],
)
def test_bucket_cannot_hide_in_the_host(host: str, path: str, expected: str) -> None:
    """What is judged is the bucket that is used, by host or by path."""
    [found] = asked(request("s3", path, b"", HTTP_HOST=host), "GetObject")
    assert found.resource == f"arn:aws:s3:::{expected}"


@pytest.mark.parametrize(
    ("service", "operation", "body", "secret"),
    [
        (
            "dynamodb",
            "GetItem",
            {"TableName": "secret", "StreamArn": ARN.format("dynamodb", "table/open")},
            "table/secret",
        ),
        (
            "kinesis",
            "PutRecord",
            {"StreamName": "secret", "StreamARN": ARN.format("kinesis", "stream/open")},
            "stream/secret",
        ),
        ("sqs", "CreateQueue", {"QueueName": "secret", "QueueUrl": "http://h/123456789012/open"}, "secret"),
        ("ssm", "GetParameter", {"Name": "secret", "Names": ["open"]}, "parameter/secret"),
        ("kms", "UpdateAlias", {"KeyId": "open", "TargetKeyId": "secret", "AliasName": "alias/a"}, "key/secret"),
        (
            "logs",
            "PutRetentionPolicy",
            {"logGroupName": "secret", "logGroupIdentifier": "open"},
            "log-group:secret:log-stream:",
        ),
        (
            "lambda",
            "CreateFunction",
            {"FunctionName": "secret", "ResourceArn": ARN.format("lambda", "function:open")},
            "function:secret",
        ),
        (
            "ec2",
            "DeleteVpc",
            {"VpcId": "vpc-secret", "ResourceArn": ARN.format("ec2", "vpc/vpc-open")},
            "vpc/vpc-secret",
        ),
        (
            "ec2",
            "DeleteVpcEndpoints",
            {"VpcEndpointId": "vpce-open", "VpcEndpointId.1": "vpce-secret"},
            "vpc-endpoint/vpce-secret",
        ),
        ("iam", "DeleteUser", {"UserName": "secret", "GroupName": "open"}, "user/secret"),
        (
            "sns",
            "DeleteTopic",
            {"TopicArn": ARN.format("sns", "secret"), "TargetArn": ARN.format("sns", "open")},
            "secret",
        ),
    ],
)
def test_parameter_beside_the_right_one_cannot_hide_it(
    service: str, operation: str, body: dict[str, Any], secret: str
) -> None:
    """An operation that is given more than it takes needs permission for all that it could mean."""
    flat = service in ("ec2", "iam", "sns")
    text = urlencode({"Action": operation, "Version": "1", **body}) if flat else json.dumps(body)
    found = asked(request(service, body=text.encode()), operation)
    assert secret in [str(one.resource).split(":", 5)[-1] for one in found]
