"""Lambda's versions, aliases, layers and updates: numbers, revisions, split traffic, and what stays as it was."""

from collections import Counter
from typing import Any

import pytest

from tests.integration.control_plane_world import ACCOUNT, REGION, VPC_ACCESS, World, package, refused
from vpclab.localcloud.lambda_runtime.invocation import InvocationRefused, InvocationResult

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


def test_version_cannot_change_or_come_back(here: World) -> None:
    """What has not changed is not published again; numbers are not used twice; a version has no updates."""
    here.function("f", here.role())
    functions = here.functions
    functions.update_function_code(FunctionName="f", ZipFile=package("handler = print"), DryRun=True)
    numbers = [functions.publish_version(FunctionName="f")["Version"] for _ in range(2)]
    functions.update_function_configuration(FunctionName="f", Description="new")
    numbers.append(functions.publish_version(FunctionName="f", Description="mine")["Version"])
    functions.delete_function(FunctionName="f", Qualifier="2")
    numbers.append(functions.publish_version(FunctionName="f")["Version"])
    assert numbers == ["1", "1", "2", "3"]
    with refused("InvalidParameterValueException", "does not support versions other than .LATEST"):
        functions.update_function_code(FunctionName=f"{ARN}:1", ZipFile=package())
    with refused("InvalidParameterValueException", "does not support versions other than .LATEST"):
        functions.update_function_configuration(FunctionName="f:1", Timeout=9)
    with refused("InvalidParameterValueException", "cannot be deleted without deleting the function"):
        functions.delete_function(FunctionName="f", Qualifier="$LATEST")
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    with refused("ResourceConflictException", "referenced by an alias: live"):
        functions.delete_function(FunctionName="f", Qualifier="1")
    listed = functions.list_versions_by_function(FunctionName="f")["Versions"]
    assert [one["Version"] for one in listed] == ["$LATEST", "1", "3"]
    assert len({one["RevisionId"] for one in listed}) == 3
    functions.get_waiter("function_active_v2").wait(FunctionName="f")
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    functions.get_waiter("published_version_active").wait(FunctionName="f", Qualifier="3")


def test_update_cannot_overwrite_another(here: World) -> None:
    """RevisionId and CodeSha256 are preconditions, of functions and of aliases."""
    here.function("f", here.role())
    functions = here.functions
    first = functions.get_function_configuration(FunctionName="f")
    second = functions.update_function_configuration(FunctionName="f", Timeout=9, RevisionId=first["RevisionId"])
    assert second["RevisionId"] != first["RevisionId"]
    alias = functions.create_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")
    functions.update_alias(FunctionName="f", Name="live", Description="x", RevisionId=alias["RevisionId"])
    stale = {"FunctionName": "f", "RevisionId": first["RevisionId"]}
    changes: list[tuple[Any, dict[str, Any]]] = [
        (functions.update_function_configuration, {**stale, "Timeout": 5}),
        (functions.update_function_code, {**stale, "ZipFile": package()}),
        (functions.publish_version, stale),
        (functions.update_alias, {"FunctionName": "f", "Name": "live", "RevisionId": alias["RevisionId"]}),
    ]
    for change, given in changes:
        with refused("PreconditionFailedException", "does not match the latest RevisionId"):
            change(**given)
    with refused("InvalidParameterValueException", "is different from current CodeSHA256 in .LATEST"):
        functions.publish_version(FunctionName="f", CodeSha256="other")
    told = functions.update_function_code(FunctionName="f", ZipFile=package("handler = print"), DryRun=True)
    assert functions.get_function_configuration(FunctionName="f")["CodeSha256"] == first["CodeSha256"]
    assert told["CodeSha256"] != first["CodeSha256"]
    assert functions.publish_version(FunctionName="f", CodeSha256=first["CodeSha256"])["Version"] == "1"


def test_alias_can_split_its_traffic(here: World) -> None:
    """AdditionalVersionWeights: a part of the invocations runs another version; ExecutedVersion tells which."""
    here.function("f", here.role())
    functions = here.functions
    for timeout in (4, 5):
        functions.update_function_configuration(FunctionName="f", Timeout=timeout)
        functions.publish_version(FunctionName="f")

    def run(weight: float, times: int) -> Counter[str]:
        functions.update_alias(
            FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": weight}}
        )
        return Counter(functions.invoke(FunctionName="f:live")["ExecutedVersion"] for _ in range(times))

    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert run(0.0, 5) == {"1": 5}
    assert run(1.0, 5) == {"2": 5}
    assert set(run(0.5, 100)) == {"1", "2"}
    with refused("ResourceConflictException", "referenced by an alias"):
        functions.delete_function(FunctionName="f", Qualifier="2")
    functions.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert functions.invoke(FunctionName="f", Qualifier="live")["ExecutedVersion"] == "1"


@pytest.mark.parametrize(
    ("version", "weights", "code", "text"),
    [
        ("1", {"2": 0.5, "3": 0.1}, "InvalidParameterValueException", "cannot be greater than 1"),
        ("1", {"2": 1.5}, "ValidationException", "less than or equal to 1.0"),
        ("$LATEST", {"1": 0.5}, "InvalidParameterValueException", "not supported for an alias pointing to more"),
        ("1", {"1": 0.5}, "InvalidParameterValueException", "already included in routing"),
        ("1", {"9": 0.5}, "ResourceNotFoundException", "Function not found"),
        ("9", {}, "ResourceNotFoundException", "Function not found"),
    ],
)
def test_alias_cannot_point_anywhere(
    here: World, version: str, weights: dict[str, float], code: str, text: str
) -> None:
    """Two published versions at most, which exist; and its name is no number."""
    here.function("f", here.role())
    here.functions.publish_version(FunctionName="f")
    given = {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}}
    with refused(code, text):
        here.functions.create_alias(FunctionName="f", Name="live", **given)
    with refused("ValidationException", "regular expression pattern"):
        here.functions.create_alias(FunctionName="f", Name="17", FunctionVersion="1")
    assert here.functions.list_aliases(FunctionName="f")["Aliases"] == []


def test_reserved_concurrency_can_bound_versions(here: World) -> None:
    """It is the function's, whichever version runs; the refusal says which limit it was."""
    here.function("f", here.role())
    here.functions.publish_version(FunctionName="f")
    here.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert here.functions.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    for given in ({}, {"Qualifier": "1"}):
        with refused("TooManyRequestsException", "Rate Exceeded.") as told:
            here.functions.invoke(FunctionName="f", **given)
        answer = told.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert _runs_no_events(given.get("Qualifier"))
    here.functions.delete_function_concurrency(FunctionName="f")

    def refuse(_: object) -> InvocationResult:
        raise InvocationRefused("TooManyRequestsException", "Rate Exceeded.", status=429)

    here.effects.answer = refuse
    with refused("TooManyRequestsException") as told:
        here.functions.invoke(FunctionName="f")
    assert told.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"
    with refused("InvalidParameterValueException", r"below its minimum value of \[100\]"):
        here.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=901)
    here.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=100)
    told = here.functions.get_account_settings()
    limit, usage = told["AccountLimit"], told["AccountUsage"]
    assert (limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]) == (1000, 900)
    assert usage["FunctionCount"] == 1


def _runs_no_events(qualifier: str | None) -> bool:
    """Whether queued events of the function ``f`` are given up at once."""
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - loaded by the control plane, not before

    from vpclab.localcloud.control_plane.additions.invocation_settings import InvocationSettings  # noqa: PLC0415

    return InvocationSettings.of(lambda_backends[ACCOUNT][REGION].get_function("f", qualifier)).runs_nothing


def test_function_can_keep_a_deleted_layer(here: World) -> None:
    """Who has a layer version goes on with it; nobody else can have it any more."""
    layers = [
        here.functions.publish_layer_version(LayerName="l", Content={"ZipFile": package(f"x = {n}")})
        for n in range(2)
    ]
    assert [one["Version"] for one in layers] == [1, 2]
    arn = layers[0]["LayerVersionArn"]
    told = here.functions.get_layer_version_by_arn(Arn=arn)
    assert (told["LayerVersionArn"], told["Version"]) == (arn, 1)
    assert told["Content"]["CodeSha256"] == layers[0]["Content"]["CodeSha256"]
    here.function("f", here.role())
    here.functions.update_function_configuration(FunctionName="f", Layers=[arn])
    here.functions.delete_layer_version(LayerName="l", VersionNumber=1)
    here.functions.invoke(FunctionName="f")
    assert [one.sha256 for one in here.effects.invocations[0].layers] == [layers[0]["Content"]["CodeSha256"]]
    here.function("g", f"arn:aws:iam::{ACCOUNT}:role/r")
    with refused("ResourceNotFoundException", "LayerVersion does not exist"):
        here.functions.update_function_configuration(FunctionName="g", Layers=[arn])
    with refused("InvalidParameterValueException", "Could not unzip"):
        here.functions.publish_layer_version(LayerName="m", Content={"ZipFile": b"no zip"})


def test_layer_cannot_be_had_from_another_account_without_its_consent(here: World) -> None:
    """AddLayerVersionPermission is the consent; a layer of the same name at home is another one."""
    there = here.client("lambda", key="210987654321")
    made = there.publish_layer_version(LayerName="l", Content={"ZipFile": package("x = 1")})
    here.functions.publish_layer_version(LayerName="l", Content={"ZipFile": package("x = 2")})
    here.function("f", here.role())
    arn = made["LayerVersionArn"]
    with refused("AccessDeniedException", "no resource-based policy allows the lambda:GetLayerVersion action"):
        here.functions.update_function_configuration(FunctionName="f", Layers=[arn])
    there.add_layer_version_permission(
        LayerName="l", VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion", Principal=ACCOUNT
    )
    here.functions.update_function_configuration(FunctionName="f", Layers=[arn])
    here.functions.invoke(FunctionName="f")
    assert [one.sha256 for one in here.effects.invocations[0].layers] == [made["Content"]["CodeSha256"]]


@pytest.fixture
def two_subnets(here: World) -> tuple[str, list[str], str]:
    """A VPC, two subnets in it, a group."""
    vpc_id = here.vpc()
    return vpc_id, [here.subnet(vpc_id), here.subnet(vpc_id, "10.0.1.0/28", "b")], here.group(vpc_id)


def test_update_can_leave_the_old_network_until_it_is_done(
    here: World, two_subnets: tuple[str, list[str], str]
) -> None:
    """While LastUpdateStatus is InProgress invocations run as before, and no other update is taken."""
    _, (old, new), group = two_subnets
    here.function("f", here.role("r", VPC_ACCESS), [old], [group])
    [before] = here.interfaces(subnet_id=old)
    seen: dict[str, Any] = {}

    def during() -> None:
        here.effects.network_changed = lambda: None  # type: ignore[method-assign]
        seen["status"] = here.functions.get_function_configuration(FunctionName="f")["LastUpdateStatus"]
        here.functions.invoke(FunctionName="f")
        with refused("ResourceConflictException", f"An update is in progress for resource: {ARN}"):
            here.functions.update_function_configuration(FunctionName="f", Timeout=9)
        with refused("ResourceConflictException", "An update is in progress"):
            here.functions.publish_version(FunctionName="f")

    here.effects.network_changed = during  # type: ignore[method-assign]
    here.functions.update_function_configuration(
        FunctionName="f", VpcConfig={"SubnetIds": [new], "SecurityGroupIds": [group]}
    )
    [after] = here.interfaces(subnet_id=new)
    here.functions.invoke(FunctionName="f")
    first, second = here.effects.invocations
    assert seen == {"status": "InProgress"}
    assert first.interfaces == (before["NetworkInterfaceId"],)
    assert second.interfaces == (after["NetworkInterfaceId"],)


def test_update_that_fails_can_leave_the_function_as_it_was(
    here: World, two_subnets: tuple[str, list[str], str]
) -> None:
    """A subnet without a free address: LastUpdateStatus Failed with its reason, and the function runs on."""
    vpc_id, (old, full), group = two_subnets
    here.function("f", here.role("r", VPC_ACCESS), [old], [group])
    for _ in range(11):  # a /28 has eleven free
        here.ec2.create_network_interface(SubnetId=full, Groups=[group])
    here.functions.update_function_configuration(
        FunctionName="f", VpcConfig={"SubnetIds": [full], "SecurityGroupIds": [group]}
    )
    told = here.functions.get_function_configuration(FunctionName="f")
    assert (told["State"], told["LastUpdateStatus"]) == ("Active", "Failed")
    assert told["LastUpdateStatusReasonCode"] == "SubnetOutOfIPAddresses"
    assert told["VpcConfig"] == {**told["VpcConfig"], "VpcId": vpc_id, "SubnetIds": [old]}
    here.functions.invoke(FunctionName="f")
    assert len(here.effects.invocations[0].interfaces) == 1
    again = here.functions.update_function_configuration(FunctionName="f", Timeout=9)
    assert again["LastUpdateStatus"] == "InProgress"
    assert here.functions.get_function_configuration(FunctionName="f")["LastUpdateStatus"] == "Successful"


def test_answers_can_have_the_documented_statuses(here: World) -> None:
    """Created 201, accepted 202, without content 204; a second alias of a name is a conflict."""
    here.function("f", here.role())
    functions, arn = here.functions, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    functions.publish_version(FunctionName="f")
    functions.publish_layer_version(LayerName="l", Content={"ZipFile": package()})
    layer = {"LayerName": "l", "VersionNumber": 1}
    alias = {"FunctionName": "f", "Name": "live"}
    calls: list[tuple[str, dict[str, Any], int]] = [
        ("create_alias", {**alias, "FunctionVersion": "1"}, 201),
        ("get_alias", alias, 200),
        ("update_alias", alias, 200),
        ("delete_alias", alias, 204),
        ("delete_alias", alias, 204),
        ("tag_resource", {"Resource": arn, "Tags": {"a": "b"}}, 204),
        ("untag_resource", {"Resource": arn, "TagKeys": ["a"]}, 204),
        (
            "add_layer_version_permission",
            {**layer, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"},
            201,
        ),
        ("remove_layer_version_permission", {**layer, "StatementId": "s"}, 204),
        ("delete_layer_version", layer, 204),
        (
            "add_permission",
            {
                "FunctionName": "f",
                "StatementId": "s",
                "Action": "lambda:InvokeFunction",
                "Principal": "s3.amazonaws.com",
            },
            201,
        ),
        ("remove_permission", {"FunctionName": "f", "StatementId": "s"}, 204),
        ("put_function_concurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": 1}, 200),
        ("delete_function_concurrency", {"FunctionName": "f"}, 204),
        ("delete_function", {"FunctionName": "f", "Qualifier": "1"}, 204),
    ]
    found = [getattr(functions, name)(**given)["ResponseMetadata"]["HTTPStatusCode"] for name, given, _ in calls]
    assert found == [status for _, _, status in calls]
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")
    with refused("ResourceConflictException", f"Alias already exists: {arn}:live"):
        functions.create_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")
