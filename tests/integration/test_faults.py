"""Parts of the local cloud killed in use: what the caller sees, what is left, how the next call goes."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from tests.deadline import eventually
from tests.integration.row_cloud import Clients
from tests.integration.row_world import BASIC, EVERYTHING, VPC_ACCESS, RowWorld
from vpclab.localcloud import daemon, daemon_state
from vpclab.localcloud.daemon import DaemonStatus

SECONDS = 60.0
ROOTS = "bootstrap.py"  # of the fork server's command line, and so of its sandboxes'

SLOW = """
import os, time

count = 0


def handler(event, context):
    global count
    count += 1
    if event:
        print("begun", flush=True)
        time.sleep(event)
    return count
"""


class FaultyCloud:
    """A local cloud of its own, with whose processes tests may do what they like."""

    def __init__(self, status: DaemonStatus) -> None:
        self.status = status
        self.first = psutil.Process(status.pid)
        self.clients = Clients(status.endpoint)
        self.roles = RowWorld(self.clients, "")
        self.role = self.roles.iam_role(VPC_ACCESS, BASIC, EVERYTHING)
        self.world = RowWorld(self.clients, self.role)

    def processes(self, text: str) -> list[psutil.Process]:
        """The cloud's live processes whose command line has the text, oldest first."""
        found = []
        for one in self.first.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if text in " ".join(one.cmdline()) and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
        return sorted(found, key=lambda one: (one.create_time(), one.pid))

    def fork_server(self) -> psutil.Process:
        """The one process whose parent's command line is another and that has sandboxes."""

        def found() -> psutil.Process | None:
            for one in self.processes(ROOTS):
                with suppress(psutil.NoSuchProcess):
                    if ROOTS not in " ".join(one.parent().cmdline()) and one.children():
                        return one
            return None

        return eventually(found, SECONDS, "the fork server has a sandbox")

    def zombies(self) -> list[int]:
        found = []
        for one in self.first.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if one.status() == psutil.STATUS_ZOMBIE:
                    found.append(one.pid)
        return found

    def invoke(self, function: str, event: object = None) -> tuple[str | None, object]:
        """The function error, if any, and the payload."""
        answer = self.clients("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def is_running(self) -> bool:
        return bool(self.clients("sts").get_caller_identity()["Account"])


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    state = tmp_path_factory.mktemp("faults")
    cloud = FaultyCloud(daemon.start(0, state, lifeline=True))
    yield cloud
    cloud.world.undo.close()
    cloud.roles.undo.close()
    daemon.stop(state)


@pytest.fixture(scope="module")
def function(cloud: FaultyCloud) -> str:
    return cloud.world.function(code=SLOW)


def killed_while_it_runs(cloud: FaultyCloud, function: str, *victims: str) -> tuple[str | None, object]:
    """What an invocation answers when the function, its sandbox or the fork server is killed meanwhile."""
    with ThreadPoolExecutor(1) as caller:
        server = cloud.fork_server()
        before = {one.pid for one in server.children(recursive=True)}
        running = caller.submit(cloud.invoke, function, 30)
        sandbox = eventually(
            lambda: next((one for one in server.children() if one.children() and is_busy(one)), None),
            SECONDS,
            f"the function runs, in none of {before}",
        )
        assert sandbox is not None
        for victim in victims:
            {"server": server, "sandbox": sandbox, "function": sandbox.children()[0]}[victim].kill()
        return running.result(SECONDS)


def is_busy(sandbox: psutil.Process) -> bool:
    """Whether its function sleeps in a system call of its own, not stopped and not waiting for an event."""
    with suppress(psutil.NoSuchProcess, OSError, IndexError):
        wchan = Path(f"/proc/{sandbox.children()[0].pid}/wchan").read_text()
        return "nanosleep" in wchan
    return False


@pytest.mark.parametrize("victim", ["function", "sandbox", "server"])
def test_killed_runtime_can_be_an_exit_and_no_more(cloud: FaultyCloud, function: str, victim: str) -> None:
    """The caller reads Runtime.ExitError as for any crash; the next invocation works, and no zombie stays."""
    cloud.invoke(function)
    error, payload = killed_while_it_runs(cloud, function, victim)
    assert error == "Unhandled"
    assert isinstance(payload, dict)
    assert payload["errorType"] == "Runtime.ExitError"
    assert "Runtime exited with error: signal: killed" in payload["errorMessage"]
    assert cloud.invoke(function) == (None, 1)
    eventually(lambda: not cloud.zombies(), SECONDS, "all that were killed are buried")


@pytest.mark.parametrize("victim", ["sandbox", "server"])
def test_environment_that_was_killed_before_an_invocation_cannot_fail_it(
    cloud: FaultyCloud, function: str, victim: str
) -> None:
    """The event goes to a fresh environment; what was killed is buried without being asked for."""
    for _ in range(3):
        assert cloud.invoke(function)[0] is None
        server = cloud.fork_server()
        killed = server if victim == "server" else server.children()[-1]
        ending = [killed, *killed.children(recursive=True)]
        killed.kill()
        assert psutil.wait_procs(ending, timeout=SECONDS)[1] == []
        assert cloud.invoke(function) == (None, 1)
    eventually(lambda: not cloud.zombies(), SECONDS, "all that were killed are buried")


def test_killed_servers_can_come_back(cloud: FaultyCloud) -> None:
    """PostgreSQL and Valkey, killed with or without their sandbox, are soon as before; no zombie stays."""
    world = cloud.world
    place = world.isolated("10.7.0.0/16")
    other = world.subnet(place.vpc, "10.7.2.0/24", "b")
    rds, caches = cloud.clients("rds"), cloud.clients("elasticache")
    world.admit(place.group, place.group, 5432)
    world.admit(place.group, place.group, 6379)
    names = {"DBSubnetGroupName": "faults", "DBSubnetGroupDescription": "faults"}
    rds.create_db_subnet_group(**names, SubnetIds=[place.subnet, other])
    world.later(rds.delete_db_subnet_group, DBSubnetGroupName="faults")
    rds.create_db_instance(
        DBInstanceIdentifier="faults",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="master",
        MasterUserPassword="correct-horse",
        DBSubnetGroupName="faults",
        VpcSecurityGroupIds=[place.group],
        PubliclyAccessible=False,
    )
    world.later(rds.delete_db_instance, DBInstanceIdentifier="faults", SkipFinalSnapshot=True)
    caches.create_cache_subnet_group(
        CacheSubnetGroupName="faults", CacheSubnetGroupDescription="faults", SubnetIds=[place.subnet]
    )
    world.later(caches.delete_cache_subnet_group, CacheSubnetGroupName="faults")
    caches.create_replication_group(
        ReplicationGroupId="faults",
        ReplicationGroupDescription="faults",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
        NumCacheClusters=1,
        AutomaticFailoverEnabled=False,
        TransitEncryptionEnabled=False,
        CacheSubnetGroupName="faults",
        SecurityGroupIds=[place.group],
    )
    world.later(caches.delete_replication_group, ReplicationGroupId="faults")
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="faults", WaiterConfig={"Delay": 1})
    waiting = {"Delay": 1, "MaxAttempts": 60}
    caches.get_waiter("replication_group_available").wait(ReplicationGroupId="faults", WaiterConfig=waiting)
    database = rds.describe_db_instances()["DBInstances"][0]["Endpoint"]["Address"]
    group = caches.describe_replication_groups()["ReplicationGroups"][0]
    cache = group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    probe = world.function(place)

    def answers() -> bool:
        return world.ask(probe, ("postgres", database), ("connect", cache, 6379)) == ["S", "connected"]

    assert answers()
    for program in ("postgres", "valkey-server"):
        for victim in (0, -1):  # the process that made the sandbox; the server's own, or a child of it
            killed = eventually(lambda: cloud.processes(program), SECONDS, f"{program} runs")[victim]  # noqa: B023
            killed.kill()
            killed.wait(SECONDS)
            eventually(answers, SECONDS, f"{program} is back")
    eventually(lambda: not cloud.zombies(), SECONDS, "all that were killed are buried")
    assert rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available"


def test_daemon_can_be_killed_in_the_middle_of_everything(tmp_path: Path) -> None:
    """The caller's connection ends, as when a service's host is lost; nothing stays, and the next cloud works."""
    mounts = Path("/proc/self/mountinfo").read_text()
    for victim in ("first process", "daemon"):
        cloud = FaultyCloud(daemon.start(0, tmp_path, lifeline=True))
        function = cloud.world.function(cloud.world.isolated(), code=SLOW)
        assert cloud.invoke(function) == (None, 1)
        inhabitants = [cloud.first, *cloud.first.children(recursive=True)]
        with ThreadPoolExecutor(1) as caller:
            running = caller.submit(cloud.invoke, function, 30)
            server = cloud.fork_server()
            eventually(lambda: any(is_busy(one) for one in server.children()), SECONDS, "the function runs")  # noqa: B023
            os.kill((inhabitants[0] if victim == "first process" else inhabitants[1]).pid, signal.SIGKILL)
            with pytest.raises((HTTPClientError, ClientError)):
                running.result(SECONDS)
        _, left = psutil.wait_procs(inhabitants, timeout=SECONDS)
        assert left == []
        assert daemon_state.read(tmp_path) is None
        assert Path("/proc/self/mountinfo").read_text() == mounts
    again = FaultyCloud(daemon.start(0, tmp_path, lifeline=True))
    assert again.is_running()
    assert again.clients("lambda").list_functions()["Functions"] == []
    daemon.stop(tmp_path)
