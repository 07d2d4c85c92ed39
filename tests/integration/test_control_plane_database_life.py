"""RDS: changes, reboots, stops, parameter and subnet groups, passwords and public access, and their refusals."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from typing import Any

import pytest

from tests.integration.control_plane_world import World, refused


class Rds:
    """A VPC with a subnet group ``g``, and instances whose servers are ready as soon as they are asked to be."""

    def __init__(self, here: World) -> None:
        self.here, self.client = here, here.client("rds")
        self.vpc = here.vpc()
        self.subnets = [here.subnet(self.vpc), here.subnet(self.vpc, "10.0.1.0/24", "b")]
        self.group = here.group(self.vpc)
        self.client.create_db_subnet_group(
            DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=self.subnets
        )

    def make(self, name: str = "d", **more: Any) -> Any:
        made = self.here.database(name, "g", [self.group], **more)
        self.here.plane.database_ready(name)
        return made

    def modify(self, name: str = "d", *, immediately: bool = True, **changes: Any) -> Any:
        return self.client.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=immediately, **changes)[
            "DBInstance"
        ]

    def told(self, name: str = "d") -> Any:
        return self.client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def status(self, name: str = "d") -> str:
        found: str = self.told(name)["DBInstanceStatus"]
        return found

    def internet(self) -> None:
        self.here.gateway(self.vpc)
        self.here.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})

    def parameters(self, name: str, family: str = "postgres17", **given: str) -> None:
        self.client.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily=family, Description="d"
        )
        if given:
            self.set(name, **given)

    def set(self, name: str, value: str, method: str = "immediate") -> None:
        parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": value, "ApplyMethod": method}
        self.client.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[parameter])

    def forced(self, name: str = "d") -> tuple[bool, str]:
        """Whether the server forces TLS, and how the instance stands to its group."""
        [group] = self.told(name)["DBParameterGroups"]
        return self.here.plane.database_settings(name).force_ssl, group["ParameterApplyStatus"]


@pytest.fixture
def rds(here: World) -> Rds:
    return Rds(here)


def test_database_can_reboot_stop_and_start(rds: Rds) -> None:
    """Rebooting, stopping, stopped, starting: each is a state on the way that the server's doings end."""
    rds.make()
    plane, call, given = rds.here.plane, rds.client, {"DBInstanceIdentifier": "d"}
    boots = [plane.database_settings("d").boots]
    assert call.reboot_db_instance(**given)["DBInstance"]["DBInstanceStatus"] == "rebooting"
    plane.database_ready("d")
    boots.append(plane.database_settings("d").boots)
    assert rds.status() == "available"
    assert call.stop_db_instance(**given)["DBInstance"]["DBInstanceStatus"] == "stopping"
    plane.database_ready("d")  # from a server that had just started
    assert rds.status() == "stopping"
    for refusal in (call.reboot_db_instance, call.stop_db_instance, call.start_db_instance):
        with refused("InvalidDBInstanceState"):
            refusal(**given)
    plane.database_stopped("d")
    assert rds.status() == "stopped"
    assert rds.told()["Endpoint"]["Port"] == 5432
    with refused("InvalidDBInstanceState"):
        rds.modify(DBPortNumber=5433)
    assert call.start_db_instance(**given)["DBInstance"]["DBInstanceStatus"] == "starting"
    plane.database_stopped("d")  # too late
    plane.database_ready("d")
    boots.append(plane.database_settings("d").boots)
    call.get_waiter("db_instance_available").wait(**given)
    assert boots == sorted(set(boots))
    with refused("InvalidDBInstanceState", "it cannot be started"):
        call.start_db_instance(**given)
    with refused("InvalidParameterCombination", "not configured for MultiAZ"):
        call.reboot_db_instance(**given, ForceFailover=True)
    with refused("UnsupportedOperation", "snapshots"):
        call.stop_db_instance(**given, DBSnapshotIdentifier="s")
    for action in (call.reboot_db_instance, call.stop_db_instance, call.start_db_instance):
        with refused("DBInstanceNotFound"):
            action(DBInstanceIdentifier="none")


def test_change_can_wait(rds: Rds) -> None:
    """Without ApplyImmediately it is pending; a later immediate change takes it along, and restarts the server."""
    rds.make()
    told = rds.modify(immediately=False, DBInstanceClass="db.t4g.small", AllocatedStorage=30)
    assert told["PendingModifiedValues"] == {"DBInstanceClass": "db.t4g.small", "AllocatedStorage": 30}
    assert (told["DBInstanceClass"], told["AllocatedStorage"]) == ("db.t4g.micro", 20)
    assert (told["DBInstanceStatus"], rds.here.plane.database_settings("d").boots) == ("available", 0)
    told = rds.modify(BackupRetentionPeriod=3)
    assert "PendingModifiedValues" not in told or not told["PendingModifiedValues"]
    assert (told["DBInstanceClass"], told["AllocatedStorage"]) == ("db.t4g.small", 30)
    assert (told["DBInstanceStatus"], rds.here.plane.database_settings("d").boots) == ("modifying", 1)
    with refused("InvalidDBInstanceState"):
        rds.modify(AllocatedStorage=40)
    rds.here.plane.database_ready("d")
    assert rds.status() == "available"


def test_change_cannot_be_of_what_does_not_fit(rds: Rds) -> None:
    """Less storage, older and unknown versions, a new major version without saying so, another subnet group."""
    rds.make(EngineVersion="16.3")
    for change, code, text in (
        ({"AllocatedStorage": 10}, "InvalidParameterCombination", "less than the current storage size"),
        ({"EngineVersion": "15.4"}, "InvalidParameterCombination", "Cannot upgrade postgres from 16.3 to 15.4"),
        ({"EngineVersion": "9.6"}, "InvalidParameterCombination", "Cannot find version 9.6"),
        ({"EngineVersion": "17.2"}, "InvalidParameterCombination", "AllowMajorVersionUpgrade"),
        ({"DBSubnetGroupName": "h"}, "UnsupportedOperation", "another subnet group"),
        ({"VpcSecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidParameterValue", "Invalid security group"),
        ({"DBParameterGroupName": "none"}, "DBParameterGroupNotFound", ""),
        ({"PubliclyAccessible": True}, "InvalidVPCNetworkStateFault", "no internet gateway attached"),
        ({"MasterUserPassword": "swordfish"}, "InvalidParameterCombination", "ManageMasterUserPassword"),
    ):
        with refused(code, text):
            rds.modify(**change)
    assert rds.status() == "available"
    told = rds.modify(EngineVersion="17.2", AllowMajorVersionUpgrade=True)
    assert told["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres17"


def test_database_cannot_go_without_an_answer_about_its_data(rds: Rds) -> None:
    """A final snapshot or none, not both; never while it is protected (RDS API, DeleteDBInstance)."""
    rds.make(DeletionProtection=True)
    for given, text in (
        ({}, "FinalDBSnapshotIdentifier is required"),
        ({"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "s"}, "can not be specified"),
        ({"SkipFinalSnapshot": True}, "Cannot delete protected DB Instance"),
    ):
        with refused("InvalidParameterCombination", text):
            rds.client.delete_db_instance(DBInstanceIdentifier="d", **given)
    rds.modify(DeletionProtection=False)
    rds.client.delete_db_instance(DBInstanceIdentifier="D", FinalDBSnapshotIdentifier="s")
    rds.make()
    with refused("DBSnapshotAlreadyExists"):
        rds.client.delete_db_instance(DBInstanceIdentifier="d", FinalDBSnapshotIdentifier="s")
    with refused("UnsupportedOperation", "restoring"):
        rds.client.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="e", DBSnapshotIdentifier="s")
    assert [one.identifier for one in rds.here.plane.network().databases] == ["d"]


def test_parameter_can_hold_at_once_or_after_a_reboot(rds: Rds) -> None:
    """A dynamic change of the instance's group at once, a pending one and another group when it boots."""
    rds.make()
    assert rds.forced() == (True, "in-sync")
    rds.parameters("open", value="0")
    rds.modify(DBParameterGroupName="open")
    assert rds.forced() == (True, "pending-reboot")
    rds.client.reboot_db_instance(DBInstanceIdentifier="d")
    rds.here.plane.database_ready("d")
    assert rds.forced() == (False, "in-sync")
    boots = rds.here.plane.database_settings("d").boots
    rds.set("open", "1")
    assert rds.forced() == (True, "in-sync")
    rds.set("open", "0", "pending-reboot")
    assert rds.forced() == (True, "pending-reboot")
    assert rds.here.plane.database_settings("d").boots == boots
    [listed] = rds.client.describe_db_parameters(DBParameterGroupName="open", Source="user")["Parameters"]
    assert (listed["ParameterName"], listed["ParameterValue"]) == ("rds.force_ssl", "0")
    rds.make("old", EngineVersion="14.9")
    assert rds.forced("old") == (False, "in-sync")


def test_parameter_group_cannot_pretend(rds: Rds) -> None:
    """Other families, other parameters, other values; default groups are not to be changed, used ones stay."""
    rds.parameters("own")
    rds.parameters("old", "postgres14")
    rds.make(DBParameterGroupName="own")
    change, delete = rds.client.modify_db_parameter_group, rds.client.delete_db_parameter_group
    other = [{"ParameterName": "work_mem", "ParameterValue": "64", "ApplyMethod": "immediate"}]
    with refused("UnsupportedOperation", "work_mem"):
        change(DBParameterGroupName="own", Parameters=other)
    with refused("InvalidParameterValue", "allowed values are: 0,1"):
        rds.set("own", "yes")
    with refused("InvalidParameterValue", "Default DBParameterGroup cannot be modified"):
        rds.set("default.postgres17", "0")
    with refused("InvalidParameterValue", "Default DBParameterGroup cannot be deleted"):
        delete(DBParameterGroupName="default.postgres17")
    with refused("InvalidDBParameterGroupState", "still members"):
        delete(DBParameterGroupName="own")
    with refused("InvalidParameterCombination", "postgres14 can't be used"):
        rds.modify(DBParameterGroupName="old")
    with refused("InvalidParameterCombination", "postgres14 can't be used"):
        rds.make("e", DBParameterGroupName="old")
    with refused("DBParameterGroupAlreadyExists"):
        rds.parameters("own")
    with refused("InvalidParameterValue", "not a valid parameter group family"):
        rds.parameters("m", "mysql8.0")
    with refused("DBParameterGroupNotFound"):
        rds.client.describe_db_parameters(DBParameterGroupName="none")
    for name, value in (("default.postgres14", "0"), ("default.postgres15", "1")):
        [found] = rds.client.describe_db_parameters(DBParameterGroupName=name)["Parameters"]
        assert (found["ParameterValue"], found["Source"]) == (value, "system")
    assert rds.forced() == (True, "in-sync")
    rds.modify(DBParameterGroupName="default.postgres17")
    delete(DBParameterGroupName="own")


def test_subnet_group_cannot_be_of_what_does_not_fit(rds: Rds) -> None:
    """Subnets of two VPCs, one zone, unknown ones; taken and reserved names; what an instance stands in stays."""
    here, make = rds.here, rds.client.create_db_subnet_group
    far = here.subnet(here.vpc("10.9.0.0/16"), "10.9.0.0/24", "b")
    spare = here.subnet(rds.vpc, "10.0.2.0/24", "c")
    for name, subnets, code in (
        ("h", [rds.subnets[0], far], "InvalidSubnet"),
        ("h", rds.subnets[:1], "DBSubnetGroupDoesNotCoverEnoughAZs"),
        ("h", [rds.subnets[0], "subnet-0123456789abcdef0"], "InvalidSubnet"),
        ("G", rds.subnets, "DBSubnetGroupAlreadyExists"),
        ("default", rds.subnets, "InvalidParameterValue"),
    ):
        with refused(code):
            make(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=subnets)
    rds.make()
    change = rds.client.modify_db_subnet_group
    with refused("SubnetAlreadyInUse"):
        change(DBSubnetGroupName="g", SubnetIds=[rds.subnets[1], spare])
    change(DBSubnetGroupName="g", SubnetIds=[rds.subnets[0], spare])
    with refused("DBSubnetGroupNotFoundFault"):
        rds.client.delete_db_subnet_group(DBSubnetGroupName="none")
    with refused("DBSubnetGroupNotFoundFault"):
        here.database("e", "none", [rds.group])
    with refused("DependencyViolation"):
        here.ec2.delete_subnet(SubnetId=rds.subnets[0])


def test_database_cannot_take_an_address_that_is_not_free(rds: Rds) -> None:
    """The next subnet of the group serves while one is full; when all are, the instance cannot be made."""
    here = rds.here
    small = [here.subnet(rds.vpc, f"10.0.{n}.0/28", zone) for n, zone in ((8, "a"), (9, "b"))]
    rds.client.create_db_subnet_group(DBSubnetGroupName="s", DBSubnetGroupDescription="d", SubnetIds=small)
    for subnet, count in zip(small, (11, 10), strict=True):
        for _ in range(count):
            here.ec2.create_network_interface(SubnetId=subnet)
    assert here.database("d", "s", [rds.group])["AvailabilityZone"].endswith("b")
    with refused("InvalidVPCNetworkStateFault", "No free address is left"):
        here.database("e", "s", [rds.group])


def test_managed_password_can_rotate(rds: Rds) -> None:
    """A new version of the secret, which the server is to follow; the one before stays as AWSPREVIOUS."""
    rds.make()
    arn = rds.told()["MasterUserSecret"]["SecretArn"]
    read = rds.here.client("secretsmanager").get_secret_value
    before = read(SecretId=arn)
    with refused("InvalidParameterCombination", "apply immediately"):
        rds.modify(immediately=False, RotateMasterUserPassword=True)
    rds.modify(RotateMasterUserPassword=True)
    after, previous = read(SecretId=arn), read(SecretId=arn, VersionStage="AWSPREVIOUS")
    assert after["VersionId"] != before["VersionId"] == previous["VersionId"]
    assert json.loads(after["SecretString"]) == {
        "username": "chief",
        "password": rds.here.plane.database_credentials("d").password,
    }
    assert after["SecretString"] != before["SecretString"] == previous["SecretString"]
    with refused("InvalidParameterCombination", "You must specify MasterUserPassword"):
        rds.modify(ManageMasterUserPassword=False)
    rds.modify(ManageMasterUserPassword=False, MasterUserPassword="swordfish")
    assert rds.here.plane.database_credentials("d").password == "swordfish"
    with refused("ResourceNotFoundException"):
        read(SecretId=arn)
    with refused("InvalidParameterCombination", "ManageMasterUserPassword"):
        rds.modify(RotateMasterUserPassword=True)
    rds.modify(ManageMasterUserPassword=True)
    assert rds.told()["MasterUserSecret"]["SecretArn"] != arn


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"MasterUserPassword": "swordfish"}, "together with ManageMasterUserPassword"),
        ({"ManageMasterUserPassword": False}, "MasterUserPassword must be provided"),
        ({"ManageMasterUserPassword": False, "MasterUserPassword": "short"}, "shorter than 8 characters"),
        ({"ManageMasterUserPassword": False, "MasterUserPassword": "sword/fish"}, "Only printable ASCII"),
        ({"MasterUsername": "rdsadmin"}, "reserved word"),
        ({"MasterUsername": "1st"}, "not a valid identifier"),
    ],
)
def test_master_user_cannot_be_just_anybody(rds: Rds, given: dict[str, Any], text: str) -> None:
    """RDS API, CreateDBInstance, MasterUsername and MasterUserPassword."""
    with refused("InvalidParameter(Value|Combination)", text):
        rds.make(**given)
    assert rds.here.interfaces(description="RDSNetworkInterface") == []


def test_database_can_be_publicly_accessible(rds: Rds) -> None:
    """It has a public address while it is; it needs an internet gateway and both DNS attributes."""
    here = rds.here
    with refused("InvalidVPCNetworkStateFault", "no internet gateway attached"):
        rds.make(PubliclyAccessible=True)
    gateway = here.gateway(rds.vpc)
    with refused("InvalidVPCNetworkStateFault", "does not support DNS resolution, DNS hostnames, or both"):
        rds.make(PubliclyAccessible=True)
    here.ec2.modify_vpc_attribute(VpcId=rds.vpc, EnableDnsHostnames={"Value": True})
    assert rds.make(PubliclyAccessible=True)["PubliclyAccessible"] is True
    [interface] = here.interfaces(description="RDSNetworkInterface")
    assert interface["Association"]["PublicIp"].startswith("203.0.113.")
    with refused("DependencyViolation", "mapped public address"):
        here.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=rds.vpc)
    assert rds.modify(immediately=False, PubliclyAccessible=False)["PubliclyAccessible"] is False
    [interface] = here.interfaces(description="RDSNetworkInterface")
    assert "Association" not in interface
    here.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=rds.vpc)


def test_database_can_be_as_public_as_its_vpc_when_nothing_is_said(rds: Rds) -> None:
    """CreateDBInstance without PubliclyAccessible: private without an internet gateway, else public."""
    assert rds.make()["PubliclyAccessible"] is False
    rds.internet()
    assert rds.make("e")["PubliclyAccessible"] is True
    assert rds.make("f", PubliclyAccessible=False)["PubliclyAccessible"] is False
