"""Where a request came from, in conditions: of endpoint policies, bucket policies and execution roles."""

import json
from collections.abc import Mapping
from typing import Any

from tests.integration.row_cloud import refused
from tests.integration.row_world import VPC_ACCESS, RowWorld

ACCOUNT, REGION = "123456789012", "us-east-1"


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def bucket(world: RowWorld, name: str) -> str:
    s3 = world.clients("s3")
    s3.create_bucket(Bucket=name)
    world.later(s3.delete_bucket, Bucket=name)
    return name


def test_endpoint_policy_can_let_one_role_through(world: RowWorld) -> None:
    """aws:PrincipalArn in an endpoint's policy is the role of the session that asks."""
    place = world.isolated()
    name = bucket(world, "authorization-principal")
    endpoint = world.gateway_endpoint(place, "s3", place.table)
    function = world.function(place)
    ask = ("call", "s3", "list_objects_v2", {"Bucket": name})
    for role, expected in ((world.role, 200), (f"{world.role}-other", "because no VPC endpoint policy allows")):
        allowed = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": role}},
        }
        world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=policy(allowed))
        answer = world.ask_one(function, *ask)
        assert answer == expected if expected == 200 else str(expected) in answer


def test_bucket_policy_can_let_in_one_endpoint_alone(world: RowWorld) -> None:
    """aws:SourceVpce, SourceVpc and VpcSourceIp are there for what came through an endpoint, and only then."""
    place = world.isolated()
    name = bucket(world, "authorization-source")
    endpoint = world.gateway_endpoint(place, "s3", place.table)
    function = world.function(place)
    ask = ("call", "s3", "list_objects_v2", {"Bucket": name})
    address = world.interface_of(place)["PrivateIpAddress"]
    s3 = world.clients("s3")
    for key, right in (("SourceVpce", endpoint), ("SourceVpc", place.vpc), ("VpcSourceIp", f"{address}/32")):
        operator = "NotIpAddress" if key == "VpcSourceIp" else "StringNotEquals"
        for value, let_in in ((right, True), ("192.0.2.1/32" if "Ip" in key else f"{right}0", False)):
            statement = {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{name}",
                "Condition": {operator: {f"aws:{key}": value}},
            }
            s3.put_bucket_policy(Bucket=name, Policy=policy(statement))
            answer = world.ask_one(function, *ask)
            denied = "with an explicit deny in a resource-based policy"
            assert answer == 200 if let_in else denied in answer, (key, value, answer)
            with refused("AccessDenied", denied):
                s3.list_objects_v2(Bucket=name)
    s3.delete_bucket_policy(Bucket=name)


def test_role_can_serve_lambda_and_refuse_the_code(world: RowWorld) -> None:
    """lambda:SourceFunctionArn is there for calls of the function's code alone (C1): the service still works."""
    place = world.isolated()
    world.open_endpoint(place, "ec2")
    role = world.iam_role(VPC_ACCESS)
    name = role.rpartition("/")[2]
    iam = world.clients("iam")
    ask = ("call", "ec2", "describe_network_interfaces")
    denying = {
        "Effect": "Deny",
        "Action": "ec2:*",
        "Resource": "*",
        "Condition": {"ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*"}},
    }
    iam.put_role_policy(RoleName=name, PolicyName="code", PolicyDocument=policy(denying))
    function = world.function(place, role=role)
    answer = world.ask_one(function, *ask)
    assert "(UnauthorizedOperation)" in answer
    assert "with an explicit deny in an identity-based policy" in answer
    other = {"ArnEquals": {"lambda:SourceFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}-2"}}
    iam.put_role_policy(RoleName=name, PolicyName="code", PolicyDocument=policy({**denying, "Condition": other}))
    assert world.ask_one(function, *ask) == 200
    iam.delete_role_policy(RoleName=name, PolicyName="code")
