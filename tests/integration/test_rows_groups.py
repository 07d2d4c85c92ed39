"""The rows about security groups (behaviours 2.3), with a database and endpoints as what is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.integration.row_cloud import Clients, Demolition, refused
from tests.integration.row_world import CONNECTED, INTERNET_HOST, REFUSED, TIMED_OUT, Gateway, Place, RowWorld

STS = "sts.us-east-1.amazonaws.com"
OUT = ("connect", INTERNET_HOST)
WAITING = {"Delay": 1, "MaxAttempts": 120}


@dataclass(frozen=True)
class Database:
    """A private PostgreSQL instance whose group admits nobody, and a place with NAT beside it."""

    world: RowWorld
    place: Place
    nat: Gateway
    group: str
    host: str
    name: str = "rows-database"

    def listen(self, port: int) -> None:
        """Have it listen on another port, and wait until it does."""
        rds = self.world.clients("rds")
        changed = rds.modify_db_instance(DBInstanceIdentifier=self.name, DBPortNumber=port, ApplyImmediately=True)[
            "DBInstance"
        ]
        assert changed["Endpoint"]["Port"] == port
        rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=self.name, WaiterConfig=WAITING)

    @contextmanager
    def admitting(self, source: str, port: int = 5432) -> Iterator[None]:
        """While inside, the database's group admits that source."""
        permissions = self.world.admit(self.group, source, port)
        yield
        self.world.ec2.revoke_security_group_ingress(GroupId=self.group, IpPermissions=permissions)


@pytest.fixture(scope="module")
def database(clients: Clients, execution_role: str, demolition: Demolition) -> Iterator[Database]:
    world = RowWorld(clients, execution_role)
    place, nat = world.private()
    group, other = world.group(place.vpc), world.subnet(place.vpc, "10.0.2.0/24", "b")
    rds, name = clients("rds"), Database.name
    rds.create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription=name, SubnetIds=[place.subnet, other]
    )
    world.later(rds.delete_db_subnet_group, DBSubnetGroupName=name)
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="rows",
        ManageMasterUserPassword=True,
        DBSubnetGroupName=name,
        VpcSecurityGroupIds=[group],
        PubliclyAccessible=False,  # the default where there is an internet gateway is otherwise
    )
    world.later(rds.get_waiter("db_instance_deleted").wait, DBInstanceIdentifier=name, WaiterConfig=WAITING)
    world.later(rds.delete_db_instance, DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name, WaiterConfig=WAITING)
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    yield Database(world, place, nat, group, found["Endpoint"]["Address"])
    demolition.later(world.undo)


def test_function_without_vpc_cannot_reach_a_private_database(world: RowWorld, database: Database) -> None:
    """R02, C16: no VPC: the name resolves to the private address, the connection times out, never refused."""
    with database.admitting("0.0.0.0/0"):
        addresses, connection = world.ask(
            world.function(), ("resolve", database.host), ("connect", database.host, 5432)
        )
    assert addresses[0].startswith("10.0."), addresses
    assert connection == TIMED_OUT


def test_group_without_egress_can_still_ask_the_resolver(world: RowWorld, database: Database) -> None:
    """R27: no egress rule, NAT fine: internet and RDS time out, the VPC's DNS still answers."""
    group = world.group(database.place.vpc, egress=False)
    function = world.function(database.place, groups=[group])
    with database.admitting(group):
        name, *asked, out, rds = world.ask(
            function,
            ("resolve", "checkip.amazonaws.com"),
            ("ask_resolver", "10.0.0.2", "checkip.amazonaws.com"),
            ("ask_resolver", "169.254.169.253", "checkip.amazonaws.com"),
            OUT,
            ("connect", database.host, 5432),
        )
    assert [name[0], name[0]] == asked
    assert (out, rds) == (TIMED_OUT, TIMED_OUT)


def test_group_with_egress_443_can_only_use_443(world: RowWorld, database: Database) -> None:
    """R28: egress 443 only: 5432 times out, 443 ok, and so does not port 80."""
    group = world.group(database.place.vpc, egress=False)
    world.admit(group, "0.0.0.0/0", 443, egress=True)
    function = world.function(database.place, groups=[group])
    with database.admitting(group):
        asks = OUT, ("connect", database.host, 5432), ("connect", INTERNET_HOST, 80)
        assert world.ask(function, *asks) == [CONNECTED, TIMED_OUT, TIMED_OUT]


def test_database_can_be_reached_from_an_admitted_group(world: RowWorld, database: Database) -> None:
    """R29: the database's group allows 5432 from Lambda's group: ok; revoked: timeout for the next connection."""
    function = world.function(database.place)
    ask = ("postgres", database.host)
    with database.admitting(database.place.group):
        assert world.ask_one(function, *ask) == "S"
    assert world.ask_one(function, *ask) == TIMED_OUT


def test_database_can_be_reached_from_an_admitted_range(world: RowWorld, database: Database) -> None:
    """2.3: a rule by range; another range, another port: timeout."""
    function = world.function(database.place)
    ask = ("postgres", database.host)
    with database.admitting("10.0.1.0/24"):
        assert world.ask_one(function, *ask) == "S"
    with database.admitting("10.0.2.0/24"), database.admitting("10.0.1.0/24", 5433):
        assert world.ask_one(function, *ask) == TIMED_OUT


def test_database_cannot_be_reached_from_a_wrong_group(world: RowWorld, database: Database) -> None:
    """R30: the database's group allows a group that nobody is in: timeout, not refused."""
    wrong = world.group(database.place.vpc)
    with database.admitting(wrong):
        assert world.ask_one(world.function(database.place), "connect", database.host, 5432) == TIMED_OUT


def test_closed_port_can_refuse(world: RowWorld, database: Database) -> None:
    """R31: the group admits, nobody listens: ECONNREFUSED, at once; the contrast to every filter."""
    with database.admitting(database.place.group, 5433):
        assert world.ask_one(world.function(database.place), "connect", database.host, 5433) == REFUSED


def test_moved_database_can_refuse_at_its_old_port(world: RowWorld, database: Database) -> None:
    """R31: ModifyDBInstance moves it to 5433: the old port refuses, the new one answers; and back again."""
    function = world.function(database.place)
    with database.admitting(database.place.group), database.admitting(database.place.group, 5433):
        database.listen(5433)
        try:
            asks = ("connect", database.host, 5432), ("postgres", database.host, 5433)
            assert world.ask(function, *asks) == [REFUSED, "S"]
        finally:
            database.listen(5432)
        assert world.ask_one(function, "postgres", database.host) == "S"


def test_answers_cannot_need_an_ingress_rule(world: RowWorld, database: Database) -> None:
    """R32: no ingress rule on Lambda's group: answers come back, because groups are stateful."""
    (group,) = world.ec2.describe_security_groups(GroupIds=[database.place.group])["SecurityGroups"]
    assert group["IpPermissions"] == []
    with database.admitting(database.place.group):
        asks = OUT, ("postgres", database.host)
        assert world.ask(world.function(database.place), *asks) == [CONNECTED, "S"]


def test_answers_cannot_need_an_egress_rule_of_the_server(world: RowWorld, database: Database) -> None:
    """2.3, the other side: the database's group without egress still answers."""
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    world.ec2.revoke_security_group_egress(GroupId=database.group, IpPermissions=everything)
    try:
        with database.admitting(database.place.group):
            assert world.ask_one(world.function(database.place), "postgres", database.host) == "S"
    finally:
        world.ec2.authorize_security_group_egress(GroupId=database.group, IpPermissions=everything)


def test_groups_of_an_interface_can_add_up(world: RowWorld) -> None:
    """2.3: the union of all groups: one allows 443, the other 80; either alone allows its own only."""
    place, _ = world.private()
    by_port = {}
    for port in (443, 80):
        by_port[port] = world.group(place.vpc, egress=False)
        world.admit(by_port[port], "0.0.0.0/0", port, egress=True)
    asks = OUT, ("connect", INTERNET_HOST, 80)
    both = world.function(place, groups=list(by_port.values()))
    assert world.ask(both, *asks) == [CONNECTED, CONNECTED]
    assert world.ask(world.function(place, groups=[by_port[80]]), *asks) == [TIMED_OUT, CONNECTED]


def test_group_can_admit_itself(world: RowWorld) -> None:
    """2.3: a rule that names its own group; without it, being members of one group admits nobody."""
    place = world.isolated()
    world.endpoint(place, "sts", place.group)
    function = world.function(place)
    assert world.ask_one(function, "connect", STS) == TIMED_OUT
    permissions = world.admit(place.group, place.group, 443)
    assert world.ask_one(function, "connect", STS) == CONNECTED
    world.ec2.revoke_security_group_ingress(GroupId=place.group, IpPermissions=permissions)
    assert world.ask_one(function, "connect", STS) == TIMED_OUT


def test_egress_rule_can_name_a_group(world: RowWorld) -> None:
    """2.3: egress to a group means the private addresses of its members, and nothing else."""
    place, _ = world.private()
    group, server = world.group(place.vpc, egress=False), world.group(place.vpc)
    world.admit(server, "0.0.0.0/0", 443)
    world.admit(group, server, 443, egress=True)
    world.endpoint(place, "sts", server)
    asks = ("connect", STS), OUT
    assert world.ask(world.function(place, groups=[group]), *asks) == [CONNECTED, TIMED_OUT]


def test_rule_can_name_a_prefix_list(world: RowWorld) -> None:
    """2.3: a customer-managed prefix list: its entries are what the rule means, also after they change."""
    place, _ = world.private()
    made = world.ec2.create_managed_prefix_list(
        PrefixListName="rows",
        MaxEntries=5,
        AddressFamily="IPv4",
        Entries=[{"Cidr": f"{INTERNET_HOST}/32"}],
    )["PrefixList"]
    listed = made["PrefixListId"]
    world.later(world.ec2.delete_managed_prefix_list, PrefixListId=listed)
    group = world.group(place.vpc, egress=False)
    world.admit(group, listed, 443, egress=True)
    function = world.function(place, groups=[group])
    asks = OUT, ("connect", "198.51.100.9")
    assert world.ask(function, *asks) == [CONNECTED, TIMED_OUT]
    world.ec2.modify_managed_prefix_list(
        PrefixListId=listed,
        CurrentVersion=made["Version"],
        AddEntries=[{"Cidr": "198.51.100.9/32"}],
        RemoveEntries=[{"Cidr": f"{INTERNET_HOST}/32"}],
    )
    assert world.ask(function, *asks) == [TIMED_OUT, CONNECTED]


def test_group_can_be_given_to_and_taken_from_a_function(world: RowWorld) -> None:
    """UpdateFunctionConfiguration with other groups: an interface of its own, and what its groups allow."""
    place, _ = world.private()
    closed = world.group(place.vpc, egress=False)
    function = world.function(place)
    for groups, expected in (([closed], TIMED_OUT), ([closed, place.group], CONNECTED)):
        world.functions.update_function_configuration(
            FunctionName=function, VpcConfig={"SubnetIds": [place.subnet], "SecurityGroupIds": groups}
        )
        world.functions.get_waiter("function_updated_v2").wait(FunctionName=function)
        assert world.ask_one(function, *OUT) == expected


def test_tracked_connection_can_outlive_its_rule(world: RowWorld) -> None:
    """2.3: a tracked flow (its rule names a range) survives the removal of the rule; a new one does not begin."""
    place, _ = world.private()
    group = world.group(place.vpc, egress=False)
    permissions = world.admit(group, "198.51.100.0/24", 80, egress=True)
    function = world.function(place, groups=[group])
    assert world.ask_one(function, "hold", "kept", INTERNET_HOST) == "HTTP/1.1 200 OK"
    world.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=permissions)
    asks = ("talk", "kept"), ("connect", INTERNET_HOST, 80)
    assert world.ask(function, *asks) == ["HTTP/1.1 200 OK", TIMED_OUT]


def test_function_cannot_have_an_untracked_connection(world: RowWorld) -> None:
    """2.3: everything allowed both ways is untracked elsewhere; Lambda's interfaces track each flow all the same.

    EC2 guide, security-group-connection-tracking, "Automatically tracked connections".
    """
    place, _ = world.private()
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    world.ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=everything)
    function = world.function(place)
    assert world.ask_one(function, "hold", "kept", INTERNET_HOST) == "HTTP/1.1 200 OK"
    world.ec2.revoke_security_group_egress(GroupId=place.group, IpPermissions=everything)
    assert world.ask(function, ("talk", "kept"), OUT) == ["HTTP/1.1 200 OK", TIMED_OUT]


def test_function_cannot_be_connected_to(world: RowWorld) -> None:
    """R63: whatever its group admits, there is no inbound path to a function's interface: timeout."""
    place = world.isolated()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    world.ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=everything)
    world.function(place)
    address = world.interface_of(place)["PrivateIpAddress"]
    asks = [("connect", address, port) for port in (22, 80, 443, 9001)]
    assert world.ask(world.function(place, subnets=[other]), *asks) == [TIMED_OUT] * 4


def test_group_of_another_vpc_cannot_be_named(world: RowWorld) -> None:
    """A rule may only name groups of its own network (no peering here)."""
    here, there = world.isolated(), world.isolated("10.1.0.0/16")
    with refused("InvalidGroup.NotFound"):
        world.admit(here.group, there.group, 443)
    with refused("InvalidParameterValueException"):
        world.functions.create_function(
            FunctionName="rows-foreign-group",
            Runtime="python3.13",
            Handler="probe.handler",
            Role=world.role,
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
            VpcConfig={"SubnetIds": [here.subnet], "SecurityGroupIds": [there.group]},
        )
