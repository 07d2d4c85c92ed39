"""What killed verifications left: found by the names that only they gave, and removed."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vpclab.statements.canary_world import PREFIX as CANARY_PREFIX
from vpclab.statements.lease import Sources
from vpclab.statements.target import Target
from vpclab.statements.temporary_function import NAME_PREFIX, delete_function

Found = Iterator[tuple[str, Callable[[], object]]]
"""What a thing is, and how to remove it."""


def remove(target: Target, run: str, sources: Sources | None = None) -> tuple[list[str], list[str]]:
    """Remove what the verification ``run`` made at a target, in both accounts, and put into ``sources``.

    Nothing is touched whose name does not begin with what that verification's names begin with, or that is in
    something with such a name. An endpoint that ignores filters must not widen that, so names are compared here.
    Returns what was removed, and what could not be.
    """
    removed: list[str] = []
    problems: list[str] = []
    second = target.in_second_account()
    for home in (target, second) if second else (target,):
        kinds = (_functions, _log_groups, _queues, _buckets, _roles, _policies, _networks)
        for kind, prefix in product(kinds, (f"{NAME_PREFIX}{run}-", f"{CANARY_PREFIX}{run}-")):
            try:
                for what, action in list(kind(home, prefix)):
                    _remove(what, action, removed, problems)
            except (ClientError, BotoCoreError) as failure:
                problems.append(f"what else is left of the verification {run}: {failure}")
    try:
        for what, action in list(_records(target, f"{NAME_PREFIX}{run}-", sources or {})):
            _remove(what, action, removed, problems)
    except (ClientError, BotoCoreError) as failure:
        problems.append(f"what else is left in the deployments of the verification {run}: {failure}")
    return removed, problems


def _remove(what: str, action: Callable[[], object], removed: list[str], problems: list[str]) -> None:
    try:
        action()
    except (ClientError, BotoCoreError) as failure:
        problems.append(f"{what} is left: {failure}")
    else:
        removed.append(what)


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:  # noqa: ANN401 - boto3 has no types
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key) or ()


def _functions(target: Target, prefix: str) -> Found:
    service = target.client("lambda")
    for found in _pages(service, "list_functions", "Functions"):
        name = found["FunctionName"]
        if name.startswith(prefix):
            mappings = _pages(service, "list_event_source_mappings", "EventSourceMappings", FunctionName=name)
            own = [one for one in mappings if f":function:{name}:" in f"{one['FunctionArn']}:"]
            for uuid in [mapping["UUID"] for mapping in own]:
                yield f"mapping {uuid}", _call(service.delete_event_source_mapping, UUID=uuid)
            yield f"function {name}", _call(delete_function, target=target, name=name)


def _log_groups(target: Target, prefix: str) -> Found:
    logs = target.client("logs")
    for start in (prefix, f"/aws/lambda/{prefix}"):
        for group in _pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=start):
            name = group["logGroupName"]
            if name.startswith(start):
                yield f"log group {name}", _call(logs.delete_log_group, logGroupName=name)


def _queues(target: Target, prefix: str) -> Found:
    sqs = target.client("sqs")
    for url in _pages(sqs, "list_queues", "QueueUrls", QueueNamePrefix=prefix):
        if url.rpartition("/")[2].startswith(prefix):
            yield f"queue {url}", _call(sqs.delete_queue, QueueUrl=url)


def _buckets(target: Target, prefix: str) -> Found:
    s3 = target.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name.startswith(prefix):
            yield f"bucket {name}", _call(_delete_bucket, s3=s3, name=name)


def _delete_bucket(s3: Any, name: str) -> None:  # noqa: ANN401 - boto3 has no types
    for found in _pages(s3, "list_objects_v2", "Contents", Bucket=name):
        s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


def _roles(target: Target, prefix: str) -> Found:
    iam = target.client("iam")
    for role in _pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        if name.startswith(prefix):
            yield f"role {name}", _call(_delete_role, iam=iam, name=name)


def _delete_role(iam: Any, name: str) -> None:  # noqa: ANN401 - boto3 has no types
    for policy in _pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name):
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for inline in _pages(iam, "list_role_policies", "PolicyNames", RoleName=name):
        iam.delete_role_policy(RoleName=name, PolicyName=inline)
    iam.delete_role(RoleName=name)


def _policies(target: Target, prefix: str) -> Found:
    iam = target.client("iam")
    for policy in _pages(iam, "list_policies", "Policies", Scope="Local"):
        if policy["PolicyName"].startswith(prefix):
            yield f"policy {policy['PolicyName']}", _call(iam.delete_policy, PolicyArn=policy["Arn"])


def _networks(target: Target, prefix: str) -> Found:
    ec2 = target.client("ec2")
    for vpc in _pages(ec2, "describe_vpcs", "Vpcs", Filters=[{"Name": "tag:Name", "Values": [f"{prefix}*"]}]):
        identifier = vpc["VpcId"]
        if not any(tag["Key"] == "Name" and tag["Value"].startswith(prefix) for tag in vpc.get("Tags", ())):
            continue
        within = [{"Name": "vpc-id", "Values": [identifier]}]
        for subnet in _pages(ec2, "describe_subnets", "Subnets", Filters=within):
            if subnet["VpcId"] == identifier:
                yield f"subnet {subnet['SubnetId']}", _call(ec2.delete_subnet, SubnetId=subnet["SubnetId"])
        for group in _pages(ec2, "describe_security_groups", "SecurityGroups", Filters=within):
            if group["VpcId"] == identifier and group["GroupName"].startswith(prefix):
                yield (
                    f"security group {group['GroupId']}",
                    _call(ec2.delete_security_group, GroupId=group["GroupId"]),
                )
        yield f"VPC {identifier}", _call(ec2.delete_vpc, VpcId=identifier)


def _records(target: Target, prefix: str, sources: Sources) -> Found:
    """Find items and objects. Messages and stream records go by themselves: their consumers take them, or time."""
    dynamodb, s3 = target.client("dynamodb"), target.client("s3")
    mine = {
        "FilterExpression": "begins_with(id, :prefix)",
        "ExpressionAttributeValues": {":prefix": {"S": prefix}},
    }
    for table in sources.get("dynamodb", ()):
        with suppress(dynamodb.exceptions.ResourceNotFoundException):
            for item in _pages(dynamodb, "scan", "Items", TableName=table, **mine):
                name, key = item["id"]["S"], {"id": item["id"]}
                if name.startswith(prefix):
                    yield f"item {name} of {table}", _call(dynamodb.delete_item, TableName=table, Key=key)
    for bucket in sources.get("bucket", ()):
        with suppress(s3.exceptions.NoSuchBucket):
            for found in _pages(s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix):
                name = found["Key"]
                if name.startswith(prefix):
                    yield f"object {name} of {bucket}", _call(s3.delete_object, Bucket=bucket, Key=name)


def _call(action: Callable[..., object], **arguments: object) -> Callable[[], object]:
    return lambda: action(**arguments)
