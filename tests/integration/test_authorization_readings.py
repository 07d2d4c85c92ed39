"""A request has one reading: what is judged is what is done, however a request is written."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from typing import Any

import pytest
import requests

from tests.integration.authentication_world import identity, signed
from tests.integration.control_plane_world import ACCOUNT, BASIC, REGION, World, endpoint

FORM, JSON = "application/x-www-form-urlencoded", "application/x-amz-json-1.1"
ATTACH = (
    b"Action=AttachUserPolicy&UserName=u&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess&Version=2010-05-08"
)
READ = b"Action=GetUser&Version=2010-05-08"
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="Action"\r\n\r\nAttachUserPolicy\r\n--b--\r\n'


def allowed(action: str, resource: str = "*") -> dict[str, str]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def posted(service: str, key: Any, path: str, body: bytes, **headers: str) -> requests.Response:
    return identity(signed("POST", f"{endpoint()}{path}", service, key, body, **headers))


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/", ATTACH, {"Content_Type": FORM, "X_Amz_Target": "IAM.GetUser"}),
        ("/", ATTACH + b"&Action=GetUser", {"Content_Type": FORM}),
        ("/", READ + b"&" + ATTACH, {"Content_Type": FORM}),
        ("/?Action=GetUser", ATTACH, {"Content_Type": FORM}),
        ("/", ATTACH, {"Content_Type": JSON, "X_Amz_Target": "IAM.GetUser"}),
        ("/?Action=GetUser&Version=2010-05-08", MULTIPART, {"Content_Type": "multipart/form-data; boundary=b"}),
    ],
)
def test_second_name_of_an_action_cannot_hide_the_first(
    here: World, path: str, body: bytes, headers: dict[str, str]
) -> None:
    """IAM speaks the query protocol: Action says what is wanted, once, and X-Amz-Target means nothing to it."""
    key = here.user("u", allowed("iam:GetUser"))
    answer = posted("iam", key, path, body, **headers)
    assert b"AttachUserPolicy" not in answer.content or answer.status_code == 403
    assert b"NoSuchEntity" not in answer.content
    assert here.client("iam").list_attached_user_policies(UserName="u")["AttachedPolicies"] == []


def test_text_in_a_message_cannot_pass_for_parameters(here: World) -> None:
    """What a JSON body holds is JSON, whatever it looks like to a reader of forms."""
    sqs = here.client("sqs")
    mine, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("mine", "other"))
    key = here.user("u", allowed("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:mine"))
    text = f"&Action=SendMessage&Version=2012-11-05&QueueUrl={mine}&"
    body = json.dumps({"QueueUrl": other, "MessageBody": text}).encode()
    answer = posted(
        "sqs", key, "/", body, Content_Type="application/x-amz-json-1.0", X_Amz_Target="AmazonSQS.SendMessage"
    )
    assert (answer.status_code, answer.json()["__type"]) == (403, "AccessDenied")
    here.client_of("sqs", key).send_message(
        QueueUrl=mine, MessageBody="https://example.com/?a=1&Action=Other&Version=1"
    )


def test_text_in_an_item_cannot_be_another_operation(here: World) -> None:
    """The operation of a JSON request is X-Amz-Target's alone."""
    here.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    key = here.user("u", allowed("dynamodb:GetItem"))
    body = json.dumps({"TableName": "t", "Key": {"k": {"S": "&Action=DeleteTable&"}}}).encode()
    target = {"Content_Type": "application/x-amz-json-1.0", "X_Amz_Target": "DynamoDB_20120810.GetItem"}
    assert posted("dynamodb", key, "/", body, **target).json() == {}
    assert here.client("dynamodb").list_tables()["TableNames"] == ["t"]


@pytest.mark.parametrize(
    ("path", "more", "headers"),
    [
        ("/?SecretId=other", {}, {}),
        ("/", {}, {"SecretId": "other"}),
        ("/", {"x": "&SecretId=other&"}, {}),
        ("/", {"x": "&SecretId=other&"}, {"Content_Type": FORM}),
        ("/", {}, {"User_Agent": "sdk region/eu-west-1"}),
        ("/", {}, {"Host": "secretsmanager.eu-west-1.amazonaws.com"}),
    ],
)
def test_parameters_of_a_json_request_cannot_be_anywhere_else(
    here: World, path: str, more: dict[str, str], headers: dict[str, str]
) -> None:
    """The body alone says which secret, and the signature's scope which Region."""
    here.client("secretsmanager").create_secret(Name="other", SecretString="other")
    here.client("secretsmanager", "eu-west-1").create_secret(Name="mine", SecretString="elsewhere")
    arn = here.client("secretsmanager").create_secret(Name="mine", SecretString="mine")["ARN"]
    key = here.user("u", allowed("secretsmanager:GetSecretValue", arn))
    given = {"Content_Type": JSON, "X_Amz_Target": "secretsmanager.GetSecretValue", **headers}
    answer = posted("secretsmanager", key, path, json.dumps({"SecretId": "mine", **more}).encode(), **given)
    assert answer.json()["SecretString"] == "mine"


@pytest.mark.parametrize("kind", ["configuration", "invocations"])
def test_text_in_a_body_cannot_name_another_function(here: World, kind: str) -> None:
    """A function is named by the path."""
    role = here.role("r", BASIC)
    for name in ("mine", "other"):
        here.function(name, role)
    key = here.user("u", allowed("lambda:*", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mine"))
    body = json.dumps({"Description": "&Action=x&Version=1&FunctionName=mine&"}).encode()
    method = "PUT" if kind == "configuration" else "POST"
    request = signed(method, f"{endpoint()}/2015-03-31/functions/other/{kind}", "lambda", key, body)
    answer = requests.request(method, request.url, data=body, headers=dict(request.headers), timeout=5)
    assert (answer.status_code, answer.json()["__type"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize("service", ["sts", "xray", "ec2", "iam", "sqs"])
def test_function_cannot_be_invoked_through_another_service(here: World, service: str) -> None:
    """A request is of the service that its signature is scoped to; whoever may do all of that may not invoke."""
    here.function("f", here.role("r", BASIC))
    key = here.user("u", allowed(f"{service}:*"))
    assert posted(service, key, "/2015-03-31/functions/f/invocations", b"{}").status_code >= 400
    assert here.effects.invocations == []
