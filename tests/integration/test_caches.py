"""Valkey behind ElastiCache: by boto3 alone from functions, and in bare namespaces for what boto3 cannot see."""

# ruff: noqa: ANN401 - boto3 has no type information

import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.deadline import eventually
from tests.integration.control_plane_world import World, refused
from tests.integration.lambda_world import in_private_world
from tests.integration.row_cloud import Clients
from tests.integration.row_world import CONNECTED, PROBE, TIMED_OUT, Place, RowWorld
from vpclab.localcloud import daemon
from vpclab.localcloud.caches import Caches
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.network.model import Cache, InterfaceType, Network, NetworkInterface

PORT, SECONDS = 6379, 60.0
ASKING = (
    PROBE
    + '''

def valkey(host, port, *commands):
    """Return the first line of each command's answer."""
    connect(host, port)
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        answers = connection.makefile("rb")
        said = []
        for command in commands:
            connection.sendall(command.encode() + b"\\r\\n")
            said.append(answers.readline().decode().strip())
        return said
'''
)


def replication_group(caches: Any, name: str, group: str, **more: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "ReplicationGroupDescription": "d",
        "Engine": "valkey",
        "CacheNodeType": "cache.t4g.micro",
        "CacheSubnetGroupName": name,
        "SecurityGroupIds": [group],
    }
    made: dict[str, Any] = caches.create_replication_group(ReplicationGroupId=name, **(usual | more))
    return dict(made["ReplicationGroup"])


def endpoint(world: RowWorld, place: Place, name: str, *admitted: str) -> tuple[str, str]:
    """An available cache in the place's subnet: its primary endpoint's name, and its group."""
    caches, group = world.clients("elasticache"), world.group(place.vpc)
    for source in admitted:
        world.admit(group, source, PORT)
    caches.create_cache_subnet_group(
        CacheSubnetGroupName=name, CacheSubnetGroupDescription="d", SubnetIds=[place.subnet]
    )
    world.later(caches.delete_cache_subnet_group, CacheSubnetGroupName=name)
    replication_group(caches, name, group)
    world.later(caches.delete_replication_group, ReplicationGroupId=name)
    waiting = {"Delay": 1, "MaxAttempts": 60}
    caches.get_waiter("replication_group_available").wait(ReplicationGroupId=name, WaiterConfig=waiting)
    [found] = caches.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    return found["NodeGroups"][0]["PrimaryEndpoint"]["Address"], group


def test_cache_can_be_reached_from_an_admitted_function(world: RowWorld) -> None:
    """C16: from the VPC, by a function whose group the cache's group admits."""
    place = world.isolated()
    host, _ = endpoint(world, place, "reached", place.group)
    function = world.function(place, code=ASKING)
    addresses, said = world.ask(
        function, ["resolve", host], ["valkey", host, PORT, "PING", "SET key value", "STRLEN key"]
    )
    [interface] = world.interfaces(description="ElastiCache reached-001")
    assert addresses == [interface["PrivateIpAddress"]]
    assert said == ["+PONG", "+OK", ":5"]


def test_cache_cannot_be_reached_from_outside_its_vpc(world: RowWorld) -> None:
    """C16: without VpcConfig the name resolves to the private address, and the connection times out."""
    place = world.isolated()
    host, _ = endpoint(world, place, "outside", place.group)
    attached, outside = world.function(place), world.function()
    assert world.ask_one(attached, "connect", host, PORT) == CONNECTED
    addresses, answer = world.ask(outside, ["resolve", host], ["connect", host, PORT])
    assert IPv4Address(addresses[0]).is_private
    assert answer == TIMED_OUT


def test_cache_cannot_be_reached_by_whom_its_group_does_not_admit(world: RowWorld) -> None:
    """Its group decides, from the next packet on."""
    place = world.isolated()
    host, group = endpoint(world, place, "closed")
    function = world.function(place)
    assert world.ask_one(function, "connect", host, PORT) == TIMED_OUT
    world.admit(group, place.group, PORT)
    assert world.ask_one(function, "connect", host, PORT) == CONNECTED


def test_cache_cannot_be_administered(world: RowWorld) -> None:
    """Commands that the service keeps for itself are unknown."""
    place = world.isolated()
    host, _ = endpoint(world, place, "restricted", place.group)
    commands = ("CONFIG GET *", "SHUTDOWN", "SAVE", "DEBUG SLEEP 1", "REPLICAOF NO ONE", "PING")
    said = world.ask_one(world.function(place, code=ASKING), "valkey", host, PORT, *commands)
    assert all(one.startswith("-ERR unknown command") for one in said[:-1]), said
    assert said[-1] == "+PONG"


def subnet_group(here: World) -> tuple[Any, str, str]:
    """The client, a cache subnet group ``g`` in a new VPC, its VPC and a group."""
    caches, vpc = here.client("elasticache"), here.vpc()
    caches.create_cache_subnet_group(
        CacheSubnetGroupName="g", CacheSubnetGroupDescription="d", SubnetIds=[here.subnet(vpc)]
    )
    return caches, vpc, here.group(vpc)


def test_cache_can_be_described_as_aws_does(here: World) -> None:
    """Its life, its names, its node, its interface."""
    caches, vpc, group = subnet_group(here)
    made = replication_group(caches, "g", group)
    assert made["Status"] == "creating"
    assert "PrimaryEndpoint" not in made["NodeGroups"][0]
    here.plane.cache_ready(made["ARN"].replace(":replicationgroup:", ":cluster:") + "-001")
    [found] = caches.describe_replication_groups(ReplicationGroupId="g")["ReplicationGroups"]
    [shard] = found["NodeGroups"]
    assert (found["Status"], found["MemberClusters"]) == ("available", ["g-001"])
    name, label, *rest = shard["PrimaryEndpoint"]["Address"].split(".")
    assert (name, len(label), ".".join(rest)) == ("g", 6, "ng.0001.use1.cache.amazonaws.com")
    assert shard["ReaderEndpoint"]["Address"] == f"g-ro.{label}.ng.0001.use1.cache.amazonaws.com"
    [node] = caches.describe_cache_clusters(CacheClusterId="g-001", ShowCacheNodeInfo=True)["CacheClusters"]
    assert node["CacheNodes"][0]["Endpoint"]["Address"] == f"g-001.{label}.0001.use1.cache.amazonaws.com"
    assert node["SecurityGroups"] == [{"SecurityGroupId": group, "Status": "active"}]
    [interface] = here.interfaces(vpc_id=vpc)
    assert (interface["Description"], interface["RequesterId"]) == ("ElastiCache g-001", "amazon-elasticache")
    assert (interface["InterfaceType"], interface["RequesterManaged"]) == ("interface", True)
    assert interface["Attachment"]["InstanceOwnerId"] == "amazon-elasticache"


def test_cache_can_change_its_groups(here: World) -> None:
    """ModifyReplicationGroup gives its interface other groups; the one in use cannot be deleted."""
    caches, vpc, group = subnet_group(here)
    replication_group(caches, "g", group)
    other = here.group(vpc, "other")
    caches.modify_replication_group(ReplicationGroupId="g", SecurityGroupIds=[other], ApplyImmediately=True)
    here.ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation"):
        here.ec2.delete_security_group(GroupId=other)


def test_what_a_cache_uses_cannot_be_deleted(here: World) -> None:
    """Its subnet group, its subnet; once it is gone, both can."""
    caches, _, group = subnet_group(here)
    replication_group(caches, "g", group)
    [used] = caches.describe_cache_subnet_groups(CacheSubnetGroupName="g")["CacheSubnetGroups"]
    subnet = used["Subnets"][0]["SubnetIdentifier"]
    with refused("CacheSubnetGroupInUse"):
        caches.delete_cache_subnet_group(CacheSubnetGroupName="g")
    with refused("DependencyViolation"):
        here.ec2.delete_subnet(SubnetId=subnet)
    caches.delete_replication_group(ReplicationGroupId="g")
    caches.delete_cache_subnet_group(CacheSubnetGroupName="g")
    here.ec2.delete_subnet(SubnetId=subnet)
    with refused("ReplicationGroupNotFoundFault"):
        caches.describe_replication_groups(ReplicationGroupId="g")


def test_cache_cannot_be_made_of_what_does_not_fit(here: World) -> None:
    """AWS's errors, and nothing half-made."""
    caches, vpc, group = subnet_group(here)
    foreign = here.group(here.vpc("10.1.0.0/16"))
    with refused("InvalidSubnet"):
        caches.create_cache_subnet_group(
            CacheSubnetGroupName="x", CacheSubnetGroupDescription="d", SubnetIds=["subnet-1"]
        )
    with refused("CacheSubnetGroupNotFoundFault"):
        replication_group(caches, "c", group, CacheSubnetGroupName="missing")
    with refused("InvalidParameterValue"):
        replication_group(caches, "c", foreign, CacheSubnetGroupName="g")
    with refused("InvalidParameterValue", "valid identifier"):
        replication_group(caches, "c--c", group, CacheSubnetGroupName="g")
    with refused("InvalidParameterCombination", "Cannot find version"):
        replication_group(caches, "c", group, CacheSubnetGroupName="g", EngineVersion="6.2")
    with refused("InvalidParameterValue", "doesn't support Valkey engine"):
        caches.create_cache_cluster(CacheClusterId="c", Engine="valkey", CacheNodeType="cache.t4g.micro")
    assert caches.describe_replication_groups()["ReplicationGroups"] == []
    assert here.interfaces(vpc_id=vpc) == []


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"Engine": "redis"}, "engines other than valkey"),
        ({"NumCacheClusters": 2}, "replicas"),
        ({"TransitEncryptionEnabled": True}, "encryption in transit"),
        ({"AutomaticFailoverEnabled": True}, "failover"),
        ({"ClusterMode": "enabled"}, "cluster mode"),
        ({"AuthToken": "secretsecretsecret"}, "passwords"),
        ({"SnapshotRetentionLimit": 1}, "snapshots"),
        ({"CacheParameterGroupName": "own"}, "parameter groups"),
    ],
)
def test_cache_cannot_be_recorded_without_effect(here: World, more: dict[str, Any], what: str) -> None:
    """What nothing would follow is refused, with what it is."""
    caches, vpc, group = subnet_group(here)
    with refused("UnsupportedOperation", what):
        replication_group(caches, "g", group, **more)
    assert here.interfaces(vpc_id=vpc) == []


def test_killed_cloud_cannot_leave_a_cache(tmp_path: Path) -> None:
    """`kill -9` of the daemon ends Valkey and its sandbox too."""
    status = daemon.start(0, tmp_path, lifeline=True)
    caches, ec2 = (Clients(status.endpoint)(name) for name in ("elasticache", "ec2"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    caches.create_cache_subnet_group(
        CacheSubnetGroupName="killed", CacheSubnetGroupDescription="d", SubnetIds=[subnet]
    )
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    replication_group(caches, "killed", group)
    waiting = {"Delay": 1, "MaxAttempts": 60}
    caches.get_waiter("replication_group_available").wait(ReplicationGroupId="killed", WaiterConfig=waiting)
    below = psutil.Process(status.pid).children(recursive=True)
    assert "valkey-server" in {one.name() for one in below}
    os.kill(status.pid, signal.SIGKILL)
    eventually(lambda: not any(one.is_running() for one in below), SECONDS, "everything has ended")


class Nodes:
    """Caches with one interface namespace each, and nothing else of the cloud."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ready: list[str] = []
        self.namespaces: dict[str, NetworkNamespace] = {}
        self.nodes: dict[str, Cache] = {}
        self.caches = Caches(directory / "caches", self.ready.append)

    def start(self, *names: str) -> None:
        for name in names:
            interface_id, arn = f"eni-{name}", f"arn:{name}"
            namespace = NetworkNamespace.create(interface_id)
            namespace.run(["ip", "address", "add", f"{self.address(name)}/32", "dev", "lo"])
            self.namespaces[f"eni/{interface_id}"] = namespace
            self.nodes[name] = Cache(name, arn, "vpc-1", (name,), PORT, interface_id, "valkey", "8.1", "creating")
        self.reconcile()
        eventually(lambda: all(f"arn:{one}" in self.ready for one in names), SECONDS, f"{names} ready")

    def address(self, name: str) -> IPv4Address:
        return IPv4Address("10.0.1.0") + (1 + sum(name.encode()) % 250)

    def reconcile(self) -> None:
        interfaces = tuple(
            NetworkInterface(
                one.network_interface_id, one.vpc_id, "s", self.address(one.identifier), InterfaceType.CACHE
            )
            for one in self.nodes.values()
        )
        network = Network(network_interfaces=interfaces, caches=tuple(self.nodes.values()))
        self.caches.reconcile(network, self.namespaces)

    def say(self, name: str, command: str) -> str:
        """The first line of the answer."""

        def said() -> str:
            with socket.create_connection((str(self.address(name)), PORT), timeout=20) as connection:
                connection.sendall(command.encode() + b"\r\n")
                return connection.makefile("rb").readline().decode().strip()

        return self.namespaces[f"eni/eni-{name}"].call(said)


def servers() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "valkey-server":
                found.append(process)
    return found


def nodes_have_data_of_their_own(nodes: Nodes) -> None:
    """Two nodes, two processes; reconciling again changes nothing."""
    nodes.start("one", "two")
    assert nodes.say("one", "SET key value") == "+OK"
    assert (nodes.say("one", "EXISTS key"), nodes.say("two", "EXISTS key")) == (":1", ":0")
    before = {process.pid for process in servers()}
    nodes.reconcile()
    assert {process.pid for process in servers()} == before
    assert len(before) == 2


def crash_is_recovered_from(nodes: Nodes) -> None:
    """A node that dies is started again, empty."""
    nodes.start("node")
    nodes.say("node", "SET key value")
    [server] = servers()
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: nodes.ready.count("arn:node") == 2, SECONDS, "started again")
    assert nodes.say("node", "EXISTS key") == ":0"


def node_moves_to_another_port(nodes: Nodes) -> None:
    """Another specification is another process."""
    nodes.start("node")
    [before] = servers()
    nodes.nodes["node"] = replace(nodes.nodes["node"], port=PORT + 1)
    nodes.reconcile()
    eventually(lambda: nodes.ready.count("arn:node") == 2, SECONDS, "started again")
    with pytest.raises(ConnectionRefusedError):
        nodes.say("node", "PING")
    assert before not in servers()


def node_goes_with_everything(nodes: Nodes) -> None:
    """A deleted node's process and files are gone."""
    nodes.start("node")
    nodes.nodes.clear()
    nodes.reconcile()
    files = nodes.directory / "caches/eni-node"
    eventually(lambda: not servers() and not files.exists(), SECONDS, "process and files gone")


def server_has_no_privilege(nodes: Nodes) -> None:
    """It is nobody in a root of its own, and cannot gain anything."""
    nodes.start("node")
    [server] = servers()
    status = Path(f"/proc/{server.pid}/status").read_text()
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    root = {entry.name for entry in Path(f"/proc/{server.pid}/root").iterdir()}
    assert root <= {"data", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "tmp", "usr", "valkey"}
    assert Path(f"/proc/{server.pid}/uid_map").read_text().split()[0] == "27"


def nothing_stays(nodes: Nodes) -> None:
    """After `close`, twice."""
    nodes.start("node")
    nodes.caches.close()
    nodes.caches.close()
    assert servers() == []
    assert not (nodes.directory / "caches").exists()
    assert [one.name for one in threading.enumerate() if one.name.startswith("server")] == []


@pytest.mark.parametrize("rootless", [False, True], ids=["root", "ordinary user"])
@pytest.mark.parametrize(
    "scenario",
    [
        nodes_have_data_of_their_own,
        crash_is_recovered_from,
        node_moves_to_another_port,
        node_goes_with_everything,
        server_has_no_privilege,
        nothing_stays,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_caches_can_be_met(scenario: Callable[[Nodes], None], rootless: bool) -> None:  # noqa: FBT001 - parameter
    """What each scenario's docstring says."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as directory:
            nodes = Nodes(Path(directory))
            try:
                scenario(nodes)
            finally:
                nodes.caches.close()

    in_private_world(run, rootless=rootless, seconds=90)
