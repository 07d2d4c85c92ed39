"""PostgreSQL behind RDS instances, in namespaces of its own, as root and as an ordinary user."""

import os
import shutil
import signal
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pg8000.exceptions
import pg8000.native
import psutil
import pytest

from tests.deadline import eventually
from tests.integration.lambda_world import in_private_world
from tests.ordinary_user import ORDINARY_USER
from vpclab.localcloud.control_plane.database_credentials import DatabaseCredentials
from vpclab.localcloud.databases import Databases
from vpclab.localcloud.databases.administration import connected
from vpclab.localcloud.far_ends import CertificateAuthority
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.network.model import DatabaseInstance, InterfaceType, Network, NetworkInterface

Rows = list[list[Any]]

PASSWORD = 'it\'s "secret" \\ $1'
PORT = 5433
SECONDS = 60.0


@dataclass
class World:
    """Databases with one interface namespace each. ``ready`` counts how often each was said to be ready."""

    directory: Path
    cache: Path
    instances: dict[str, DatabaseInstance] = field(default_factory=dict)
    namespaces: dict[str, NetworkNamespace] = field(default_factory=dict)
    credentials: dict[str, DatabaseCredentials] = field(default_factory=dict)
    ready: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with no database."""
        self.authority = CertificateAuthority(self.directory / "authority")
        self.databases = Databases(
            self.directory / "databases",
            self.authority,
            lambda arn: self.credentials[arn],
            self.ready.append,
            self.cache,
        )

    def add(self, identifier: str, **changes: str) -> None:
        interface_id, arn = f"eni-{identifier}", f"arn:{identifier}"
        namespace = NetworkNamespace.create(interface_id)
        for address in (self.address(identifier), "10.9.9.9"):
            namespace.run(["ip", "address", "add", f"{address}/32", "dev", "lo"])
        self.namespaces[f"eni/{interface_id}"] = namespace
        self.credentials[arn] = DatabaseCredentials("master", PASSWORD, "app")
        instance = DatabaseInstance(
            identifier, arn, "vpc-1", name(identifier), PORT, interface_id, "postgres", "17.4", "app", "creating"
        )
        self.instances[identifier] = replace(instance, **changes)  # type: ignore[arg-type]

    def address(self, identifier: str) -> IPv4Address:
        return IPv4Address("10.0.1.0") + (1 + sum(identifier.encode()) % 250)

    def reconcile(self) -> None:
        interfaces = tuple(
            NetworkInterface(
                one.network_interface_id,
                one.vpc_id,
                "subnet-1",
                self.address(one.identifier),
                InterfaceType.DATABASE,
            )
            for one in self.instances.values()
        )
        network = Network(network_interfaces=interfaces, databases=tuple(self.instances.values()))
        self.databases.reconcile(network, self.namespaces)

    def start(self, *identifiers: str, **changes: str) -> None:
        """Add instances and wait until they are ready."""
        for identifier in identifiers:
            self.add(identifier, **changes)
        self.reconcile()
        arns = {f"arn:{identifier}" for identifier in identifiers}
        eventually(lambda: arns <= set(self.ready), SECONDS, f"{identifiers} ready: {self.databases.states()}")

    def query(self, identifier: str, sql: str, *, tls: bool = True, **changes: str) -> Rows:
        """What SQL gives to the master user, from 10.9.9.9, over TLS with the name checked."""
        namespace = self.namespaces[f"eni/eni-{identifier}"]
        return namespace.call(lambda: self._query(identifier, sql, tls=tls, changes=changes))

    def _query(self, identifier: str, sql: str, *, tls: bool, changes: Mapping[str, str]) -> Rows:
        context = ssl.create_default_context(cafile=str(self.authority.bundle)) if tls else False
        target = (str(self.address(identifier)), PORT)
        with socket.create_connection(target, timeout=20, source_address=("10.9.9.9", 0)) as plain:
            options = {
                "user": "master",
                "password": PASSWORD,
                "database": "app",
                "host": name(identifier),
                **changes,
            }
            connection = pg8000.native.Connection(**options, sock=plain, ssl_context=context)
            try:
                rows: Rows = connection.run(sql)
                return rows
            finally:
                connection.close()

    def refusal(self, identifier: str, *, tls: bool = True, **changes: str) -> str:
        """The text with which a connection is refused."""
        with suppress(pg8000.exceptions.InterfaceError):  # it complains when the server hangs up as well
            try:
                return f"let in: {self.query(identifier, 'select 1', tls=tls, **changes)}"
            except pg8000.exceptions.DatabaseError as refusal:
                return str(refusal.args[0]["M"])
        return "hung up"

    def as_administrator(self, identifier: str, sql: str) -> Rows:
        with connected(self.directory / f"databases/eni-{identifier}/sockets", PORT) as connection:
            rows: Rows = connection.run(sql)
            return rows


def name(identifier: str) -> str:
    return f"{identifier}.c1.us-east-1.rds.amazonaws.com"


def servers() -> list[psutil.Process]:
    """The running postmasters: each is the first process of its PID namespace, child of its sandbox's parent."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline()[:1] == ["/postgresql/bin/postgres"]:
                found.append(process)
    return found


@contextmanager
def databases(cache: Path) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory), cache)
        try:
            yield world
        finally:
            world.databases.close()


def master_user_can_query_over_tls(world: World) -> None:
    """The certificate has the endpoint's name, the server sees the client's address, the session is encrypted."""
    world.start("db")
    sql = "select host(inet_client_addr()), ssl, version from pg_stat_ssl where pid = pg_backend_pid()"
    assert world.query("db", sql) == [["10.9.9.9", True, "TLSv1.3"]]
    assert world.query("db", "show server_version")[0][0].startswith("17.")
    assert world.query("db", "show rds.force_ssl") == [["1"]]
    assert world.databases.states() == {"arn:db": "available"}


def master_user_has_the_rights_of_rds(world: World) -> None:
    """It owns its database, may create roles and databases, is in rds_superuser, and is no superuser."""
    world.start("db")
    sql = (
        "select rolsuper, rolcreatedb, rolcreaterole, pg_has_role('rds_superuser', 'member') "
        "from pg_roles where rolname = current_user"
    )
    assert world.query("db", sql) == [[False, True, True, True]]
    world.query("db", "create table notes (text text)")
    owners = dict(world.query("db", "select datname, pg_get_userbyid(datdba) from pg_database"))
    assert owners["app"] == owners["postgres"] == "master"
    assert world.query("db", "select 1", database="postgres") == [[1]]


def nobody_else_is_let_in(world: World) -> None:
    """Not without TLS, not with a wrong password, not the administrator."""
    world.start("db")
    assert "no encryption" in world.refusal("db", tls=False)
    assert "password authentication failed" in world.refusal("db", password="wrong")
    assert "rejects connection" in world.refusal("db", user="rdsadmin")


def old_engine_lets_plain_connections_in(world: World) -> None:
    """Before version 15 RDS does not force TLS; what runs is the one server that there is."""
    world.start("old", engine_version="14.9")
    assert world.query("old", "show rds.force_ssl", tls=False) == [["0"]]
    assert world.query("old", "show server_version")[0][0].startswith("17.")


def four_run_at_once(world: World) -> None:
    """Each with its own namespace and data; reconciling again changes nothing."""
    identifiers = ("one", "two", "three", "four")
    world.start(*identifiers)
    for identifier in identifiers:
        world.query(identifier, f"create table of_{identifier} ()")
        assert world.query(identifier, "select relname from pg_class where relname like 'of\\_%'") == [
            [f"of_{identifier}"]
        ]
    before = {process.pid for process in servers()}
    world.reconcile()
    assert {process.pid for process in servers()} == before
    assert len(before) == len(identifiers)


def password_follows(world: World) -> None:
    """A new password holds after the next reconciliation, without a restart; the old one no longer does."""
    world.start("db")
    [before] = servers()
    world.credentials["arn:db"] = DatabaseCredentials("master", "rotated", "app")
    world.reconcile()
    eventually(lambda: "let in" in world.refusal("db", password="rotated"), SECONDS, "the new password")
    assert "password authentication failed" in world.refusal("db", password=PASSWORD)
    assert servers() == [before]


def crash_is_recovered_from(world: World) -> None:
    """A server that dies is started again with its data, and said to be ready again."""
    world.start("db")
    world.query("db", "create table survivor ()")
    [server] = servers()
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: world.ready.count("arn:db") == 2, SECONDS, "started again")
    assert world.query("db", "select count(*) from survivor") == [[0]]
    assert [process.pid for process in servers()] != [server.pid]


def instance_goes_with_everything(world: World) -> None:
    """A deleted instance's process and data are gone; one of the same name starts empty."""
    world.start("db", "other")
    world.query("db", "create table gone ()")
    del world.instances["db"]
    world.reconcile()
    data = world.directory / "databases/eni-db"
    eventually(lambda: len(servers()) == 1 and not data.exists(), SECONDS, "the process and its data gone")
    world.ready.clear()
    world.start("db")
    assert world.query("db", "select count(*) from pg_class where relname = 'gone'") == [[0]]


def stopped_instance_keeps_its_data(world: World) -> None:
    """StopDBInstance ends the process, StartDBInstance finds the data."""
    world.start("db")
    world.query("db", "create table kept ()")
    world.instances["db"] = replace(world.instances["db"], status="stopped")
    world.reconcile()
    eventually(lambda: not servers(), SECONDS, "the process gone")
    world.ready.clear()
    world.instances["db"] = replace(world.instances["db"], status="starting")
    world.reconcile()
    eventually(lambda: "arn:db" in world.ready, SECONDS, "ready again")
    assert world.query("db", "select count(*) from kept") == [[0]]


def instance_moves_to_a_new_namespace(world: World) -> None:
    """When its interface is materialised anew, so is the process, once the old one has let go of the data."""
    world.start("db")
    world.query("db", "create table moved ()")
    world.ready.clear()
    world.start("db")
    assert world.query("db", "select count(*) from moved") == [[0]]
    log = (world.directory / "databases/eni-db/postgresql.log").read_text()
    assert log.count("database system was shut down at") == 2, log  # and not "was interrupted"


def failure_is_told(world: World) -> None:
    """What keeps a server from starting is in its state; when it is remedied, the server starts."""
    world.add("db")
    namespace = world.namespaces["eni/eni-db"]
    address = f"{world.address('db')}/32"
    namespace.run(["ip", "address", "delete", address, "dev", "lo"])
    world.reconcile()
    state = eventually(
        lambda: (found := world.databases.states()["arn:db"]).startswith("failed") and found, SECONDS, "a failure"
    )
    assert "could not bind" in str(state)
    namespace.run(["ip", "address", "add", address, "dev", "lo"])
    eventually(lambda: "arn:db" in world.ready, SECONDS, "ready after all")


def other_engines_are_not_run(world: World) -> None:
    """Nothing pretends to be MySQL."""
    world.add("db", engine="mysql")
    world.reconcile()
    assert world.databases.states() == {}
    assert servers() == []


def server_sees_nothing_of_the_host(world: World) -> None:
    """Even its superuser finds only the server's own files and processes, and no privilege."""
    world.start("db")
    entries = {row[0] for row in world.as_administrator("db", "select pg_ls_dir('/')")}
    assert entries <= {
        "data",
        "dev",
        "etc",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "postgresql",
        "proc",
        "run",
        "tmp",
        "usr",
    }
    passwd = world.as_administrator("db", "select pg_read_file('/etc/passwd')")[0][0]
    assert passwd.startswith("rdsdb:x:26:26")
    assert "root" not in passwd
    processes = {row[0] for row in world.as_administrator("db", "select pg_ls_dir('/proc')") if row[0].isdigit()}
    status = world.as_administrator("db", "select pg_read_file('/proc/1/status')")[0][0]
    assert "Name:\tpostgres" in status
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert len(processes) < 10
    for place in ("/usr/lib/written", "/postgresql/written"):
        with pytest.raises(pg8000.exceptions.DatabaseError, match="Read-only file system"):
            world.as_administrator("db", f"copy (select 1) to '{place}'")
    setting = "/proc/sys/kernel/printk_ratelimit_burst"  # the host's: it would be set to what it is
    value = int(world.as_administrator("db", f"select pg_read_file('{setting}')")[0][0])
    with pytest.raises(pg8000.exceptions.DatabaseError, match="Read-only file system"):
        world.as_administrator("db", f"copy (select {value}) to '{setting}'")


def nothing_stays(world: World) -> None:
    """After `close`, twice, even of instances that were just starting."""
    world.start("db")
    world.add("starting")
    world.reconcile()
    world.databases.close()
    world.databases.close()
    assert servers() == []
    assert not (world.directory / "databases").exists()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("server")] == []


SCENARIOS = (
    master_user_can_query_over_tls,
    master_user_has_the_rights_of_rds,
    nobody_else_is_let_in,
    old_engine_lets_plain_connections_in,
    four_run_at_once,
    password_follows,
    crash_is_recovered_from,
    instance_goes_with_everything,
    stopped_instance_keeps_its_data,
    instance_moves_to_a_new_namespace,
    failure_is_told,
    other_engines_are_not_run,
    server_sees_nothing_of_the_host,
    nothing_stays,
)


@pytest.fixture(scope="module", params=[False, True], ids=["root", "ordinary user"])
def cache(request: pytest.FixtureRequest) -> Iterator[tuple[bool, Path]]:
    """Whether to be an ordinary user, and a cache of that user's own, so that both make the template."""
    directory = Path(tempfile.mkdtemp())
    if request.param and os.geteuid() == 0:
        shutil.chown(directory, ORDINARY_USER, ORDINARY_USER)
    yield request.param, directory
    shutil.rmtree(directory)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_databases_can_be_met(scenario: Callable[[World], None], cache: tuple[bool, Path]) -> None:
    """What each scenario's docstring says."""
    rootless, directory = cache

    def run() -> None:
        with databases(directory) as world:
            scenario(world)

    in_private_world(run, rootless=rootless, seconds=90)
