"""What a killed verification leaves is removed by the next, and nothing else is."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vpclab.statements import lease, leftovers
from vpclab.statements.canary_world import PREFIX as CANARY_PREFIX
from vpclab.statements.experiments.workshop import Workshop, allow
from vpclab.statements.target import Target
from vpclab.statements.temporary_function import NAME_PREFIX
from vpclab.statements.variation import AS_DOCUMENTED

FILTERS = frozenset(
    {
        *("Filters", "FunctionName", "QueueNamePrefix", "logGroupNamePrefix", "Prefix"),
        *("FilterExpression", "ExpressionAttributeValues"),
    }
)
VERIFICATION = """
import sys
from pathlib import Path
from vpclab.statements import lease
from vpclab.statements.canary_world import CanaryWorld
from vpclab.statements.experiments.workshop import Workshop, allow
from vpclab.statements.target import Target
from vpclab.statements.variation import AS_DOCUMENTED

target = Target.at(sys.argv[1])
with (
    lease.held(Path(sys.argv[2]), target),
    CanaryWorld(target) as world,
    Workshop(target, AS_DOCUMENTED) as workshop,
):
    world.role("canary", "AWSLambdaBasicExecutionRole")
    world.isolated_subnet()
    workshop.role("role", allowing=[allow("sqs:SendMessage")])
    workshop.role("elsewhere", home=target.in_second_account())
    workshop.queue("queue")
    target.client("s3").create_bucket(Bucket=workshop.name("bucket"))
    target.client("s3").put_object(Bucket=workshop.name("bucket"), Key="key", Body=b"")
    target.client("logs").create_log_group(logGroupName=workshop.name("logs"))
    target.client("logs").create_log_group(logGroupName="/aws/lambda/" + workshop.name("function"))
    print(target.run, flush=True)
    sys.stdin.read()
"""


@contextmanager
def verification(target: Target, directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run one in a process of its own; yields that, once it has made things, and the name in theirs."""
    argv = [sys.executable, "-c", VERIFICATION, str(target.endpoint), str(directory)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def named(target: Target) -> set[str]:
    """Return the names of roles, queues, buckets, VPCs and log groups, in both accounts."""
    second = target.in_second_account()
    assert second is not None
    return {
        *(role["RoleName"] for home in (target, second) for role in home.client("iam").list_roles()["Roles"]),
        *(url.rpartition("/")[2] for url in target.client("sqs").list_queues().get("QueueUrls", ())),
        *(bucket["Name"] for bucket in target.client("s3").list_buckets()["Buckets"]),
        *(
            tag["Value"]
            for vpc in target.client("ec2").describe_vpcs()["Vpcs"]
            for tag in vpc.get("Tags", ())
            if tag["Key"] == "Name"
        ),
        *(group["logGroupName"] for group in target.client("logs").describe_log_groups()["logGroups"]),
    }


def test_what_a_killed_verification_left_can_be_removed(emulator: Target, tmp_path: Path) -> None:
    """All of it, and nothing of another name; then the killed one is forgotten."""
    emulator.client("sqs").create_queue(QueueName=f"{NAME_PREFIX}by-hand")
    with verification(emulator, tmp_path) as (process, run):
        made = named(emulator)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len({name for name in made if run in name}) == 8
    with lease.held(tmp_path, emulator) as held:
        assert held.abandoned == (run,)
        removed, problems = leftovers.remove(emulator, run)
        assert (len(removed), problems) == (10, [])  # with the VPC its subnet and its group
        held.forget(run)
    assert named(emulator) == {f"{NAME_PREFIX}by-hand"}
    assert not list(tmp_path.iterdir())


def test_records_of_a_killed_verification_can_be_removed(emulator: Target, tmp_path: Path) -> None:
    """From the tables and buckets that it noted, by their keys. Other records stay; what is gone is no problem."""
    dynamodb, s3 = emulator.client("dynamodb"), emulator.client("s3")
    dynamodb.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    s3.create_bucket(Bucket="uploads")
    killed = Target.at(str(emulator.endpoint))
    for name in (f"{NAME_PREFIX}{killed.run}-1", "theirs"):
        dynamodb.put_item(TableName="orders", Item={"id": {"S": name}})
        s3.put_object(Bucket="uploads", Key=name, Body=b"")
    sources = {"dynamodb": ["orders", "gone"], "bucket": ["uploads", "gone"]}
    with lease.held(tmp_path, killed, sources) as held:
        held.keep()
    with lease.held(tmp_path, emulator) as held:
        assert held.abandoned == (killed.run,)
        removed, problems = leftovers.remove(emulator, killed.run, held.sources(killed.run))
    assert (len(removed), problems) == (2, [])
    assert [item["id"]["S"] for item in dynamodb.scan(TableName="orders")["Items"]] == ["theirs"]
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="uploads")["Contents"]] == ["theirs"]


def test_what_others_made_cannot_be_removed_where_filters_are_ignored(
    emulator: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint may answer with everything, whatever it was asked for: names decide, and what they are in."""
    sqs, logs, ec2 = emulator.client("sqs"), emulator.client("logs"), emulator.client("ec2")
    sqs.create_queue(QueueName="somebodys")
    logs.create_log_group(logGroupName="/aws/lambda/somebodys")
    name = [{"Key": "Name", "Value": f"{CANARY_PREFIX}{emulator.run}-vpc"}]
    for tags in ([], name):
        vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.0.0/24")
        if tags:
            ec2.create_tags(Resources=[vpc], Tags=tags)
    plain = leftovers._pages  # noqa: SLF001 - where all filters pass

    def unfiltered(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:  # noqa: ANN401
        kept = {one: value for one, value in arguments.items() if one not in FILTERS}
        return plain(client, operation, key, **kept)

    emulator.client("s3").create_bucket(Bucket="somebodys")
    emulator.client("s3").put_object(Bucket="somebodys", Key="theirs", Body=b"")
    table = {"TableName": "somebodys", "BillingMode": "PAY_PER_REQUEST"}
    key = {"AttributeName": "id"}
    emulator.client("dynamodb").create_table(
        **table,
        KeySchema=[{**key, "KeyType": "HASH"}],
        AttributeDefinitions=[{**key, "AttributeType": "S"}],
    )
    emulator.client("dynamodb").put_item(TableName="somebodys", Item={"id": {"S": "theirs"}})
    sources = {"bucket": ["somebodys"], "dynamodb": ["somebodys"]}
    before = len(ec2.describe_subnets()["Subnets"])
    monkeypatch.setattr(leftovers, "_pages", unfiltered)
    removed, problems = leftovers.remove(emulator, emulator.run, sources)
    assert ([what.partition(" ")[0] for what in removed], problems) == (["subnet", "VPC"], [])
    assert len(ec2.describe_subnets()["Subnets"]) == before - 1
    assert {"somebodys", "/aws/lambda/somebodys"} <= named(emulator)


def test_a_verification_that_goes_on_cannot_lose_anything(emulator: Target, tmp_path: Path) -> None:
    """Its lock is held, so it is not taken for killed; what it made it removes itself."""
    with verification(emulator, tmp_path) as (process, run):
        made = named(emulator)
        with lease.held(tmp_path, emulator) as held, Workshop(emulator, AS_DOCUMENTED) as workshop:
            workshop.role("role", allowing=[allow("sqs:SendMessage")])
            assert held.abandoned == ()
        assert named(emulator) == made
        assert [path.stem for path in tmp_path.iterdir()] == [run]
        process.communicate()
    assert not list(tmp_path.iterdir())


def test_a_killed_verification_of_another_target_cannot_be_judged_here(emulator: Target, tmp_path: Path) -> None:
    """It waits for a verification there."""
    elsewhere = Target.at("http://127.0.0.1:9")
    with lease.held(tmp_path, elsewhere) as held:
        held.keep()
    with lease.held(tmp_path, emulator) as held:
        assert held.abandoned == ()
    with lease.held(tmp_path, Target.at("http://127.0.0.1:9")) as held:
        assert held.abandoned == (elsewhere.run,)


def test_a_verification_that_broke_off_cannot_be_forgotten(tmp_path: Path) -> None:
    """It may not have undone everything, so that the next looks for what it left."""
    target = Target.at("http://127.0.0.1:9")
    with pytest.raises(KeyboardInterrupt), lease.held(tmp_path, target):
        raise KeyboardInterrupt
    with lease.held(tmp_path, Target.at("http://127.0.0.1:9")) as held:
        assert held.abandoned == (target.run,)


def test_a_killed_verification_of_another_account_cannot_be_judged_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On AWS the endpoint says nothing of whose it is: credentials of another account find nothing there."""
    whose = iter(("111111111111", "222222222222", "111111111111"))
    service = SimpleNamespace(get_caller_identity=lambda: {"Account": next(whose)})
    monkeypatch.setattr(Target, "client", lambda *_: service)
    killed = Target(None, region="us-east-1")
    with lease.held(tmp_path, killed) as held:
        held.keep()
    for expected in ((), (killed.run,)):
        with lease.held(tmp_path, Target(None, region="us-east-1")) as held:
            assert held.abandoned == expected


def test_what_cannot_be_removed_can_be_told(emulator: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is removed all the same."""
    with monkeypatch.context() as patch:
        patch.setattr(Workshop, "__exit__", lambda *_: None)
        with Workshop(emulator, AS_DOCUMENTED) as workshop:
            role = workshop.role("role")
            workshop.queue("queue")
    profile = {"InstanceProfileName": "holds"}
    emulator.client("iam").create_instance_profile(**profile)
    emulator.client("iam").add_role_to_instance_profile(**profile, RoleName=role.name)
    removed, problems = leftovers.remove(emulator, emulator.run)
    assert [what.partition(" ")[0] for what in removed] == ["queue"]
    assert problems
    assert all(problem.startswith(f"role {role.name} is left: ") for problem in problems)
