"""Requests and policies drawn at random, from a small vocabulary, so that they often concern each other."""

from dataclasses import dataclass
from random import Random
from typing import Any

HERE, THERE = "111111111111", "222222222222"
USER, ROLE = f"arn:aws:iam::{HERE}:user/team/ann", f"arn:aws:iam::{HERE}:role/app"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/app/run"
SERVICE = "s3.amazonaws.com"
CALLERS: list[dict[str, Any]] = [
    {"kind": "user", "account": HERE, "arn": USER},
    {"kind": "session", "account": HERE, "arn": SESSION, "role": ROLE},
    {"kind": "root", "account": HERE, "arn": f"arn:aws:iam::{HERE}:root"},
    {"kind": "service", "account": None, "arn": SERVICE},
    {"kind": "anonymous", "account": None, "arn": "*"},
]
TARGETS = {
    "sqs:SendMessage": "arn:aws:sqs:us-east-1:{}:orders",
    "sqs:ReceiveMessage": "arn:aws:sqs:us-east-1:{}:orders",
    "s3:GetObject": "arn:aws:s3:::ann-files/in/a:b.txt",
    "s3:ListAllMyBuckets": "*",
    "lambda:InvokeFunction": "arn:aws:lambda:us-east-1:{}:function:f:live",
    "sts:AssumeRole": "arn:aws:iam::{}:role/other",
}
ACTIONS = [
    "*",
    "sqs:*",
    "SQS:send*",
    "sqs:SendMessage",
    "s3:Get?bject",
    "s3:*",
    "lambda:*",
    "sts:AssumeRole",
    "iam:*",
]
RESOURCES = [
    *("*", "*", "arn:aws:sqs:*:*:orders", "arn:aws:sqs:us-east-1:*", "arn:aws:*:us-east-1:*:or?ers", "arn:*"),
    *("arn:aws:s3:::${aws:username}-files/*", "arn:aws:s3:::ann-files/in/*", "arn:aws:s3:::b", "arn:aws:s3:*:*:*"),
    *("arn:aws:lambda:*:*:function:f", "arn:aws:lambda:*:*:function:f:*", "arn:aws:iam::*:role/*", "arn:aws:*:f*"),
    *("arn:aws:s3:::${aws:username, 'guest'}-files/*", "arn:aws:sqs:us-east-1:" + HERE + ":orders"),
]
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": HERE},
    {"AWS": f"arn:aws:iam::{HERE}:root"},
    {"AWS": THERE},
    {"AWS": [USER, THERE]},
    {"AWS": ROLE},
    {"AWS": [SESSION]},
    {"Service": SERVICE},
    {"Service": ["lambda.amazonaws.com"], "AWS": USER},
]
CONTEXT = {
    "aws:username": ["ann"],
    "aws:PrincipalArn": [ROLE],
    "aws:SourceArn": ["arn:aws:s3:::ann-files"],
    "aws:SourceAccount": [HERE],
    "aws:SourceIp": ["203.0.113.7"],
    "aws:SecureTransport": ["true"],
    "aws:CurrentTime": ["2026-11-24T12:00:00Z"],
    "aws:MultiFactorAuthAge": ["300"],
    "aws:TagKeys": ["team", "Cost"],
    "s3:prefix": ["in/ann/x"],
}
CONDITIONS: list[dict[str, dict[str, Any]]] = [
    {"StringEquals": {"aws:SourceAccount": HERE}},
    {"StringEqualsIfExists": {"AWS:sourceaccount": [THERE, "x"]}},
    {"StringNotEquals": {"aws:SourceAccount": [THERE, "3"]}},
    {"StringNotEqualsIfExists": {"aws:SourceAccount": HERE}},
    {"StringLike": {"s3:prefix": ["${aws:username, 'nobody'}/*", "in/*"]}},
    {"StringNotLike": {"s3:prefix": "in/???/*"}},
    {"StringEqualsIgnoreCase": {"aws:username": "ANN"}},
    {"StringNotEqualsIgnoreCase": {"aws:username": ["Bob", "ANN"]}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
    {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::ann-files"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/${*}*"}},
    {"ArnNotLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::b*"}},
    {"ArnNotEquals": {"aws:PrincipalArn": ROLE}},
    {"Bool": {"aws:SecureTransport": False}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:username": "true"}},
    {"Null": {"aws:TagKeys": False}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}},
    {"NumericGreaterThanEqualsIfExists": {"aws:MultiFactorAuthAge": "300"}},
    {"NumericNotEquals": {"aws:MultiFactorAuthAge": ["1", "300"]}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"DateLessThanEquals": {"aws:CurrentTime": "1767225600"}},
    {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.7"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "Cost", "x"]}},
    {"ForAllValues:StringNotLike": {"aws:TagKeys": "te*"}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": ["T*", "c?st"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": "team"}},
    {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "Cost"}},
    {"StringEquals": {"aws:SourceAccount": HERE}, "Bool": {"aws:SecureTransport": True}},
    {"StringLike": {"s3:prefix": "in/*", "aws:username": "a*"}},
]


@dataclass(frozen=True)
class Case:
    request: dict[str, Any]
    policies: dict[str, Any]


def case(seed: int) -> Case:
    """The same for the same seed."""
    random = Random(seed)  # noqa: S311 - not for secrets
    action = random.choice(list(TARGETS))
    owner = random.choice([HERE, HERE, THERE])
    request: dict[str, Any] = {
        "caller": random.choice([CALLERS[0], CALLERS[1], *CALLERS]),
        "action": action,
        "resource": TARGETS[action].format(owner),
        "resource account": owner,
        "context": {key: values for key, values in CONTEXT.items() if random.random() < 0.6},
    }
    likely = [action, action.partition(":")[0] + ":*"]
    policies: dict[str, Any] = {}
    if request["caller"]["kind"] in {"user", "session"}:
        policies["identity"] = _documents(random, likely, 2)
        if random.random() < 0.35:
            policies["boundary"] = _document(random, likely)
        if request["caller"]["kind"] == "session" and random.random() < 0.4:
            policies["session"] = _documents(random, likely, 2)
    if random.random() < 0.7:
        policies["resource"] = _document(random, likely, principals=PRINCIPALS, trust=action == "sts:AssumeRole")
    if random.random() < 0.2:
        policies["endpoint"] = _document(random, likely, principals=["*", {"AWS": "*"}])
    return Case(request, policies)


def _documents(random: Random, likely: list[str], most: int) -> list[dict[str, Any]]:
    return [_document(random, likely) for _ in range(random.randint(1, most))]


def _document(
    random: Random, likely: list[str], *, principals: list[Any] | None = None, trust: bool = False
) -> dict[str, Any]:
    statements = [
        _statement(random, likely, principals=principals, trust=trust) for _ in range(random.randint(1, 3))
    ]
    version = random.choice(["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", None])
    document: dict[str, Any] = {"Statement": statements if len(statements) > 1 else statements[0]}
    return {"Version": version, **document} if version else document


def _statement(random: Random, likely: list[str], *, principals: list[Any] | None, trust: bool) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Deny" if random.random() < 0.12 else "Allow"}
    names = random.sample([*likely * 3, *ACTIONS], random.randint(1, 2))
    statement["NotAction" if random.random() < 0.12 else "Action"] = names if len(names) > 1 else names[0]
    if principals is not None:
        statement["Principal"] = random.choice(principals)
    if not trust:
        # A variable without a value in NotResource is not modelled: no variables without a default there.
        excluding = random.random() < 0.12
        offered = [one for one in RESOURCES if not excluding or "${aws:username}" not in one]
        some = random.sample(offered, random.randint(1, 2))
        statement["NotResource" if excluding else "Resource"] = some if len(some) > 1 else some[0]
    if random.random() < 0.45:
        statement["Condition"] = random.choice(CONDITIONS)
    return statement
