"""What IAM refuses and accepts of documents that are handed in."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from vpclab.authorization import (
    MalformedPolicyError,
    check_identity_policy,
    check_resource_policy,
    check_trust_policy,
    parse_policy,
)

AS_NAN = {
    "Statement": {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"NumericLessThan": {"s3:max-keys": float("nan")}},
    }
}
AS_TYPED = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "logs: CreateLogGroup",
        "logs: CreateLogStream",
        "logs:PutLogEvents",
        "logs: DescribeLogStreams"
      ],
      "Resource": ["arn:aws: logs:*:*:*"]
    }
  ]
}"""
LEGACY = "The policy failed legacy parsing"
SYNTAX = "Syntax errors in policy."
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
NOT_ALPHANUMERIC = (
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
    "[0-9A-Za-z]*"
)
PRINCIPAL = {"Service": "lambda.amazonaws.com"}

Check = Callable[[str], None]


def refusal(check: Check, document: object) -> str | None:
    try:
        check(document if isinstance(document, str) else json.dumps(document))
    except MalformedPolicyError as error:
        return str(error)
    return None


def document(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more}
    return {
        "Version": "2012-10-17",
        "Statement": [{key: value for key, value in statement.items() if value is not None}],
    }


def trust(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return document(**{"Action": "sts:AssumeRole", "Resource": None, "Principal": PRINCIPAL, **more})


def test_policy_of_the_notes_cannot_be_created_as_typed() -> None:
    """With spaces in actions and ARN it is malformed; without them it is a policy."""
    assert refusal(check_identity_policy, AS_TYPED) == LEGACY
    corrected = AS_TYPED.replace("logs: ", "logs:").replace("aws: ", "aws:")
    assert refusal(check_identity_policy, corrected) is None
    only_actions = AS_TYPED.replace("aws: ", "aws:")
    only_resource = AS_TYPED.replace("logs: ", "logs:").replace("aws:logs", "aws: logs")
    assert refusal(check_identity_policy, only_actions) == LEGACY
    assert refusal(check_identity_policy, only_resource) == LEGACY


@pytest.mark.parametrize(
    ("given_document", "expected"),
    [
        ("{not JSON", SYNTAX),
        ("{}", SYNTAX),
        ("[]", SYNTAX),
        (" {}", "JSON strings must not have leading spaces"),
        ('{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', SYNTAX),
        ({"Version": "2012-10-17", "Statement": []}, SYNTAX),
        ({"Version": "2012-10-17", "Statement": "hello"}, SYNTAX),
        ({"Version": "2020-01-01", "Statement": document()["Statement"]}, SYNTAX),
        ({**document(), "Statements": []}, SYNTAX),
        (document(Effect="Maybe"), SYNTAX),
        (document(Effect="allow"), LEGACY),
        (document(Effect=None), SYNTAX),
        (document(Efect="Allow"), SYNTAX),
        (document(NotAction="s3:*"), SYNTAX),
        (document(NotResource="*"), SYNTAX),
        (document(Action=123), SYNTAX),
        (document(Action=None), "Policy statement must contain actions."),
        (document(Action=[]), "Policy statement must contain actions."),
        (document(Action=""), VENDOR),
        (document(Action="GetObject"), VENDOR),
        (document(Action=["s3:*", "GetObject"]), VENDOR),
        (document(Action=None, NotAction="GetObject"), VENDOR),
        (document(Action="iam :Get"), "Vendor iam  is not valid"),
        (document(Action=":GetObject"), "Vendor  is not valid"),
        (document(Action="ec2:ec2:Describe"), "Actions/Condition can contain only one colon."),
        (document(Action="s3:Get Object"), LEGACY),
        (document(Resource=None), "Policy statement must contain resources."),
        (document(Resource=[]), "Policy statement must contain resources."),
        (document(Resource="invalid"), 'Resource invalid must be in ARN format or "*".'),
        (
            document(Resource="arn:aws2:s3:::b/*"),
            'Partition "aws2" is not valid for resource "arn:aws2:s3:::b/*".',
        ),
        (
            document(Resource="s3::b/*"),
            'Partition "" is not valid for resource "arn::b/*:*:*:*".',
        ),
        (document(Resource="arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."),
        (document(Resource="arn:aws:s3::b"), LEGACY),
        (
            document(Resource="arn:aws:s3:us-east-1::b"),
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (
            document(Resource="arn:aws:iam:us-east-1:1:user/x"),
            "IAM resource arn:aws:iam:us-east-1:1:user/x cannot contain region information.",
        ),
        (document(Principal="*"), "Policy document should not specify a principal."),
        (document(Condition={"StringEqualz": {"aws:username": "x"}}), SYNTAX),
        (document(Condition={"StringEquals": "x"}), SYNTAX),
        (document(Condition={"StringEquals": {"username": "x"}}), VENDOR),
        (document(Condition={"DateLessThan": {"aws:CurrentTime": "soon"}}), LEGACY),
        (
            document(Sid="with space"),
            NOT_ALPHANUMERIC,
        ),
        (
            {
                "Version": "2012-10-17",
                "Statement": [document(Sid="A")["Statement"][0], document(Sid="A")["Statement"][0]],
            },
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ],
)
def test_malformed_identity_policy_cannot_be_accepted(given_document: object, expected: str) -> None:
    """IAM says what is wrong in its own words."""
    assert refusal(check_identity_policy, given_document) == expected


@pytest.mark.parametrize(
    "given_document",
    [
        {"Statement": document()["Statement"]},
        {"Version": "2008-10-17", "Id": "x", "Statement": document()["Statement"][0]},
        {
            "Version": "2012-10-17",
            "Statement": [document(Sid="")["Statement"][0], document(Sid="")["Statement"][0]],
        },
        document(Action="s3:NoSuchAction"),
        document(Action="nosuchservice:DoIt"),
        document(Action="S3:getobject"),
        document(Action=["*"]),
        document(Resource="arn:aws:logs:*"),
        document(Resource="arn:aws:nosuchservice:::x"),
        document(Resource="arn:aws:s3:::files/${aws:username}/*"),
        document(Condition={"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}}),
        document(Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}),
        document(Condition={}),
    ],
)
def test_identity_policy_that_means_nothing_can_be_accepted(given_document: object) -> None:
    """Unknown actions and services, empty Sids and a missing Version are no errors."""
    assert refusal(check_identity_policy, given_document) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"Version":"2012-10-17","Statement":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":'
        + '{"a":' * 50_000
        + "1"
        + "}" * 50_001
        + "}",
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::\\ud800"}}',
        json.dumps({**AS_NAN, "Version": "2012-10-17"}),
    ],
    ids=["lists in lists", "objects in objects", "half a character", "NaN"],
)
def test_what_only_some_readers_of_json_take_cannot_be_accepted(text: str) -> None:
    """A document without an end to its depth, with half a character or with NaN is a syntax error, not a crash."""
    for check in (check_identity_policy, check_trust_policy, check_resource_policy):
        with pytest.raises(MalformedPolicyError, match=r"Syntax errors in policy\."):
            check(text)
    with pytest.raises(MalformedPolicyError):
        parse_policy("[" * 100_000)


def test_managed_policy_cannot_be_of_an_old_version() -> None:
    """A managed policy needs the Version of 2012, which an inline policy may leave out."""
    old = json.dumps({"Statement": document()["Statement"]})
    with pytest.raises(MalformedPolicyError, match="must be version 2012-10-17 or greater"):
        check_identity_policy(old, managed=True)
    check_identity_policy(json.dumps(document()), managed=True)


def test_policies_that_aws_manages_can_be_accepted() -> None:
    """Everything that AWS itself has as a policy is one."""
    refused = {
        name: why
        for name, policy in json.loads(aws_managed_policies_data).items()
        if (why := refusal(check_identity_policy, policy["Document"])) is not None
    }
    assert refused == {}


@pytest.mark.parametrize(
    ("given_document", "expected"),
    [
        (trust(), None),
        (trust(Principal={"AWS": "111111111111"}), None),
        (trust(Principal={"AWS": ["arn:aws:iam::111111111111:role/path/x"]}, Action=["sts:AssumeRole"]), None),
        (trust(Action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]), None),
        (trust(Condition={"StringEquals": {"sts:ExternalId": "x"}}), None),
        (trust(Resource="*"), "Has prohibited field Resource"),
        (trust(Principal=None), "Missing required field Principal"),
        (trust(Action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(Action="sts:GetSessionToken"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(Action="*"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(Principal={"AWS": "x"}), 'Invalid principal in policy: "AWS":"x"'),
        (
            trust(Principal={"AWS": "arn:aws:iam::111111111111:role/*"}),
            'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:role/*"',
        ),
        (trust(Principal={"Service": "lambda"}), 'Invalid principal in policy: "SERVICE":"lambda"'),
        (trust(Principal={"User": "x"}), SYNTAX),
        (trust(Principal="lambda.amazonaws.com"), SYNTAX),
        (trust(Principal={"AWS": []}), SYNTAX),
    ],
)
def test_trust_policy_cannot_be_anything_but_whom_to_trust(given_document: object, expected: str | None) -> None:
    """A trust policy names principals and actions of STS on roles, and no resource."""
    assert refusal(check_trust_policy, given_document) == expected


@pytest.mark.parametrize(
    ("given_document", "expected"),
    [
        (document(Principal="*"), None),
        (document(Principal={"Service": "s3.amazonaws.com"}, Sid="with space"), None),
        (document(), "Missing required field Principal"),
        (document(Principal="*", Resource=None), "Policy statement must contain resources."),
        (document(Principal={"AWS": "nobody"}), 'Invalid principal in policy: "AWS":"nobody"'),
        (document(Principal={"Service": "s3"}), 'Invalid principal in policy: "SERVICE":"s3"'),
    ],
)
def test_resource_policy_cannot_lack_a_principal(given_document: object, expected: str | None) -> None:
    """A policy on a resource says whom it speaks of, and which resource."""
    assert refusal(check_resource_policy, given_document) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(json_values, st.sampled_from([check_identity_policy, check_trust_policy, check_resource_policy]))
def test_no_document_can_break_the_checks(value: object, check: Check) -> None:
    """Any JSON is accepted or refused, and what is accepted can be read."""
    text = json.dumps(value)
    if refusal(check, text) is None:
        parse_policy(text)
