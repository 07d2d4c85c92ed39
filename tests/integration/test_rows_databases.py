"""A database as an application meets it, from inside its VPC and from the internet, through its whole life."""

import importlib.metadata
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.deadline import eventually
from tests.integration.row_cloud import Clients, Demolition, refused
from tests.integration.row_world import TIMED_OUT, Place, RowWorld

SECONDS = 60.0
AWS_OWNED = "203.0.113.240/28"
LIBRARIES = ("pg8000", "scramp", "asn1crypto", "python-dateutil", "six")
CLIENT = '''
"""Runs one statement for each ask: host, user, password, whether over TLS, SQL."""

import ssl

import pg8000.native


def attempt(host, user, password, tls, sql):
    context = ssl.create_default_context() if tls else False
    try:
        connection = pg8000.native.Connection(
            user, host=host, password=password, database="app", ssl_context=context, timeout=5
        )
    except Exception as error:
        found = error.args[0] if error.args else ""
        return found["M"] if isinstance(found, dict) else f"{type(error).__name__}: {error}"
    try:
        return [[str(value) for value in row] for row in connection.run(sql) or []]
    finally:
        connection.close()


def handler(event, context):
    return [attempt(*ask) for ask in event]
'''


def with_libraries(code: str) -> bytes:
    """A deployment package with a PostgreSQL client, readable for everybody."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name: str, content: bytes) -> None:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)

        add("probe.py", code.encode())
        for library in LIBRARIES:
            for path in importlib.metadata.files(library) or []:
                if path.suffix == ".py" or path.name == "METADATA":
                    add(str(path), path.read_binary())
    return buffer.getvalue()


@dataclass
class Public:
    """A publicly accessible instance, a function with a client in its VPC, and one in no VPC."""

    world: RowWorld
    place: Place
    group: str
    host: str
    inside: str
    outside: str
    name: str = "rows-public"

    def __post_init__(self) -> None:
        """Remember the client of RDS."""
        self.rds = self.world.clients("rds")

    def told(self) -> Any:  # noqa: ANN401 - boto3 has no types
        return self.rds.describe_db_instances(DBInstanceIdentifier=self.name)["DBInstances"][0]

    def becomes(self, status: str) -> None:
        eventually(lambda: self.told()["DBInstanceStatus"] == status, SECONDS, f"{self.name} {status}")

    def password(self, **version: str) -> str:
        secret = self.world.clients("secretsmanager").get_secret_value(
            SecretId=self.told()["MasterUserSecret"]["SecretArn"], **version
        )
        found: str = json.loads(secret["SecretString"])["password"]
        return found

    def query(self, function: str, sql: str, *, password: str | None = None, tls: bool = True) -> Any:  # noqa: ANN401
        answer = self.world.invoke(function, [[self.host, "rows", password or self.password(), tls, sql]])
        assert isinstance(answer, list), answer
        return answer[0]

    def answers(self, sql: str, wanted: object, **how: Any) -> None:  # noqa: ANN401 - as above
        """The server comes to answer so, to the function in the VPC."""
        eventually(lambda: self.query(self.inside, sql, **how) == wanted, SECONDS, f"{sql} with {how}: {wanted}")

    def set_force_ssl(self, value: str) -> None:
        parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": value, "ApplyMethod": "immediate"}
        self.rds.modify_db_parameter_group(DBParameterGroupName=self.name, Parameters=[parameter])


@pytest.fixture(scope="module")
def public(clients: Clients, execution_role: str, demolition: Demolition) -> Iterator[Public]:
    world, rds, name = RowWorld(clients, execution_role), clients("rds"), Public.name
    place, _ = world.public()
    group, other = world.group(place.vpc), world.subnet(place.vpc, "10.0.2.0/24", "b")
    world.associate(place.table, other)
    world.admit(group, place.group, 5432)
    rds.create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription=name, SubnetIds=[place.subnet, other]
    )
    world.later(rds.delete_db_subnet_group, DBSubnetGroupName=name)
    rds.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily="postgres17", Description=name)
    world.later(rds.delete_db_parameter_group, DBParameterGroupName=name)
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        DBName="app",
        MasterUsername="rows",
        ManageMasterUserPassword=True,
        DBSubnetGroupName=name,
        VpcSecurityGroupIds=[group],
        PubliclyAccessible=True,
    )
    world.later(rds.delete_db_instance, DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    package = with_libraries(CLIENT)
    functions = [world.function(place), world.function()]
    for function in functions:
        world.functions.update_function_code(FunctionName=function, ZipFile=package)
        world.functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})
    made = Public(world, place, group, "", *functions)
    made.becomes("available")
    made.host = made.told()["Endpoint"]["Address"]
    yield made
    demolition.later(world.undo)


def test_public_database_can_be_reached_from_where_its_group_admits(world: RowWorld, public: Public) -> None:
    """Outside its VPC the name is a public address, behind internet gateway and group; inside a private one."""
    probe, near = world.function(), world.function(public.place)
    [address], connection = world.ask(probe, ("resolve", public.host), ("connect", public.host, 5432))
    assert address.startswith("203.0.113."), address
    assert connection == TIMED_OUT
    assert world.ask_one(near, "resolve", public.host)[0].startswith("10.0.")
    permissions = public.world.admit(public.group, AWS_OWNED, 5432)
    sql = "select host(inet_client_addr()), host(inet_server_addr()), ssl from pg_stat_ssl where ssl limit 1"
    [[client, server, tls]] = public.query(public.outside, sql)
    assert client.startswith("203.0.113.24")
    assert (server[:5], tls) == ("10.0.", "True")
    [[client, server, tls]] = public.query(public.inside, sql)
    assert (client[:5], server[:5], tls) == ("10.0.", "10.0.", "True")
    public.world.ec2.revoke_security_group_ingress(GroupId=public.group, IpPermissions=permissions)
    assert world.ask_one(probe, "connect", public.host, 5432) == TIMED_OUT


def test_database_can_keep_its_data_over_stop_and_start(public: Public) -> None:
    """Nobody answers while it is stopped; then the data, the name and the password are as they were."""
    public.answers("create table kept (number int)", [])
    public.answers("insert into kept values (7)", [])
    given = {"DBInstanceIdentifier": public.name}
    public.rds.stop_db_instance(**given)
    public.becomes("stopped")
    assert "InterfaceError" in public.query(public.inside, "select 1")
    with refused("InvalidDBInstanceState"):
        public.rds.reboot_db_instance(**given)
    public.rds.start_db_instance(**given)
    public.becomes("available")
    assert public.query(public.inside, "select number from kept") == [["7"]]
    started = public.query(public.inside, "select pg_postmaster_start_time()")
    public.rds.reboot_db_instance(**given)
    public.becomes("available")
    assert public.query(public.inside, "select pg_postmaster_start_time()") > started
    assert public.query(public.inside, "select number from kept") == [["7"]]


def test_rotated_password_can_be_the_servers(public: Public) -> None:
    """The new version of the secret lets in, the one before no longer does."""
    public.rds.modify_db_instance(
        DBInstanceIdentifier=public.name, RotateMasterUserPassword=True, ApplyImmediately=True
    )
    public.answers("select 1", [["1"]])
    assert public.password() != public.password(VersionStage="AWSPREVIOUS")
    old = public.query(public.inside, "select 1", password=public.password(VersionStage="AWSPREVIOUS"))
    assert "password authentication failed" in old


def test_server_can_follow_its_parameter_group(public: Public) -> None:
    """rds.force_ssl: another group counts from the reboot on, a change of it at once and without one."""
    assert "no encryption" in public.query(public.inside, "select 1", tls=False)
    public.set_force_ssl("0")
    public.rds.modify_db_instance(
        DBInstanceIdentifier=public.name, DBParameterGroupName=public.name, ApplyImmediately=True
    )
    assert "no encryption" in public.query(public.inside, "select 1", tls=False)
    public.rds.reboot_db_instance(DBInstanceIdentifier=public.name)
    public.becomes("available")
    assert public.query(public.inside, "select 1", tls=False) == [["1"]]
    started = public.query(public.inside, "select pg_postmaster_start_time()")
    public.set_force_ssl("1")
    eventually(
        lambda: "no encryption" in public.query(public.inside, "select 1", tls=False), SECONDS, "TLS is forced"
    )
    assert public.query(public.inside, "select pg_postmaster_start_time()") == started


def test_database_can_become_private(world: RowWorld, public: Public) -> None:
    """Its name is a private address for everybody then, and no packet from outside reaches it."""
    public.world.admit(public.group, "0.0.0.0/0", 5432)
    probe = world.function()
    [before], reached = world.ask(probe, ("resolve", public.host), ("connect", public.host, 5432))
    assert reached == "connected"
    public.rds.modify_db_instance(DBInstanceIdentifier=public.name, PubliclyAccessible=False)
    [after], by_name, by_address = world.ask(
        probe, ("resolve", public.host), ("connect", public.host, 5432), ("connect", before, 5432)
    )
    assert after.startswith("10.0."), after
    assert (by_name, by_address) == (TIMED_OUT, TIMED_OUT)
    assert public.query(public.inside, "select 1") == [["1"]]
