"""RDS: an instance's interface, its life, and its master password."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.integration.control_plane_world import ACCOUNT, REGION, World, refused


@pytest.fixture
def network(here: World) -> tuple[list[str], str]:
    """A subnet group ``g`` over two subnets, and a security group."""
    vpc = here.vpc()
    subnets = [here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")]
    here.client("rds").create_db_subnet_group(
        DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=subnets
    )
    return subnets, here.group(vpc)


def test_database_can_move_to_another_port(here: World, network: tuple[list[str], str]) -> None:
    """ModifyDBInstance with DBPortNumber: modifying until it listens there; the same port changes nothing."""
    _, group = network
    here.database("d", "g", [group])
    here.plane.database_ready("d")
    change = here.client("rds").modify_db_instance
    for port, status in ((5433, "modifying"), (5433, "available")):
        changed = change(DBInstanceIdentifier="d", DBPortNumber=port, ApplyImmediately=True)["DBInstance"]
        assert (changed["Endpoint"]["Port"], changed["DBInstanceStatus"]) == (port, status)
        here.plane.database_ready("d")
    assert [one.port for one in here.plane.network().databases] == [5433]


def test_database_can_have_an_interface_in_the_vpc(here: World, network: tuple[list[str], str]) -> None:
    """In a subnet of its group, with its security groups; requester amazon-rds; it goes with the instance."""
    subnets, group = network
    other = here.group(here.ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"], "other")
    made = here.database("d", "g", [group], AvailabilityZone=f"{REGION}b")
    here.plane.database_ready("d")
    [found] = here.interfaces(description="RDSNetworkInterface")
    assert found["SubnetId"] == subnets[1]
    assert made["AvailabilityZone"] == f"{REGION}b"
    assert (found["RequesterId"], found["RequesterManaged"]) == ("amazon-rds", True)
    assert [one["GroupId"] for one in found["Groups"]] == [group]
    with refused("OperationNotPermitted"):
        here.ec2.modify_network_interface_attribute(NetworkInterfaceId=found["NetworkInterfaceId"], Groups=[other])
    here.client("rds").modify_db_instance(
        DBInstanceIdentifier="d", VpcSecurityGroupIds=[other], ApplyImmediately=True
    )
    [moved] = here.interfaces(description="RDSNetworkInterface")
    assert [one["GroupId"] for one in moved["Groups"]] == [other]
    with pytest.raises(ClientError, match="FinalDBSnapshotIdentifier is required"):
        here.client("rds").delete_db_instance(DBInstanceIdentifier="d")
    here.client("rds").delete_db_instance(DBInstanceIdentifier="d", SkipFinalSnapshot=True)
    here.client("rds").get_waiter("db_instance_deleted").wait(DBInstanceIdentifier="d")
    assert here.interfaces(description="RDSNetworkInterface") == []
    assert here.plane.network().databases == ()


def test_database_can_become_available(here: World, network: tuple[list[str], str]) -> None:
    """It is creating, without an endpoint, until somebody listens; the inventory knows its name from the start."""
    here.database("d", "g", [network[1]])
    rds = here.client("rds")
    [creating] = rds.describe_db_instances(DBInstanceIdentifier="d")["DBInstances"]
    assert creating["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in creating
    [known] = here.plane.network().databases
    assert known.endpoint_address.startswith("d.")
    assert known.endpoint_address.endswith(f".{REGION}.rds.amazonaws.com")
    here.plane.database_ready("d")
    here.plane.database_ready("unknown")
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="d")
    [available] = rds.describe_db_instances(DBInstanceIdentifier="d")["DBInstances"]
    assert available["Endpoint"]["Address"] == known.endpoint_address
    assert available["Endpoint"]["Port"] == 5432


def test_managed_password_can_be_read_from_its_secret(here: World, network: tuple[list[str], str]) -> None:
    """The secret holds the real user name and a random password; it is deleted with the instance (rds-secrets)."""
    secrets = here.client("secretsmanager")
    rds = here.client("rds")
    passwords = set()
    for name in ("one", "two"):
        made = here.database(name, "g", [network[1]], DBName="app")
        arn = made["MasterUserSecret"]["SecretArn"]
        held = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        assert held["username"] == "chief"
        given = here.plane.database_credentials(name)
        assert (
            given == here.plane.database_credentials(made["DBInstanceArn"]) == ("chief", held["password"], "app")
        )
        passwords.add(held["password"])
        here.plane.database_ready(name)
        [found] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        assert found["MasterUserSecret"]["SecretStatus"] == "active"
        assert found["MasterUserSecret"]["KmsKeyId"].startswith("arn:aws:kms:")
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        with pytest.raises(ClientError, match="ResourceNotFound"):
            secrets.get_secret_value(SecretId=arn)
    assert len(passwords) == 2
    with pytest.raises(KeyError):
        here.plane.database_credentials("one")


def test_password_can_be_the_callers_own(here: World, network: tuple[list[str], str]) -> None:
    """MasterUserPassword is what one logs in with; there is no secret; it can be changed."""
    made = here.database(
        "d", "g", [network[1]], ManageMasterUserPassword=False, MasterUserPassword="correct-horse"
    )
    assert "MasterUserSecret" not in made
    assert here.plane.database_credentials("d") == ("chief", "correct-horse", "")
    here.plane.database_ready("d")
    here.client("rds").modify_db_instance(
        DBInstanceIdentifier="d", MasterUserPassword="battery-staple", ApplyImmediately=True
    )
    assert here.plane.database_credentials("d").password == "battery-staple"


def test_database_cannot_be_made_of_what_does_not_fit(here: World, network: tuple[list[str], str]) -> None:
    """Groups of other VPCs, zones without a subnet, subnet groups of one zone; other engines are not modelled."""
    subnets, group = network
    foreign = here.group(here.vpc("10.1.0.0/16"))
    with refused("InvalidParameterCombination", "are in different VPCs"):
        here.database("d", "g", [foreign])
    with refused("InvalidVPCNetworkStateFault"):
        here.database("d", "g", [group], AvailabilityZone=f"{REGION}c")
    with refused("InvalidParameterCombination", "Cannot find version 9.6 for postgres"):
        here.database("d", "g", [group], EngineVersion="9.6")
    with refused("DBSubnetGroupDoesNotCoverEnoughAZs"):
        here.client("rds").create_db_subnet_group(
            DBSubnetGroupName="h", DBSubnetGroupDescription="d", SubnetIds=subnets[:1]
        )
    for more, what in (
        ({"Engine": "mysql"}, "engines other than postgres"),
        ({"MultiAZ": True}, "standby"),
        ({"EnableIAMDatabaseAuthentication": True}, "IAM database authentication"),
    ):
        with refused("UnsupportedOperation", what):
            here.database("d", "g", [group], **more)
    assert here.plane.network().databases == ()
    assert here.interfaces(description="RDSNetworkInterface") == []


def test_subnet_group_can_change_but_not_go_while_used(here: World, network: tuple[list[str], str]) -> None:
    """Plain moto would forget a changed group; a used one cannot be deleted."""
    subnets, group = network
    rds = here.client("rds")
    changed = rds.modify_db_subnet_group(
        DBSubnetGroupName="g", DBSubnetGroupDescription="new", SubnetIds=subnets[::-1]
    )
    assert changed["DBSubnetGroup"]["DBSubnetGroupDescription"] == "new"
    here.database("d", "g", [group])
    with refused("InvalidDBSubnetGroupStateFault"):
        rds.delete_db_subnet_group(DBSubnetGroupName="g")
    rds.delete_db_instance(DBInstanceIdentifier="d", SkipFinalSnapshot=True)
    rds.delete_db_subnet_group(DBSubnetGroupName="g")


def test_database_names_cannot_collide_between_regions(here: World, network: tuple[list[str], str]) -> None:
    """The name holds a part of account and Region; the ARN tells two instances of one identifier apart."""
    here.database("d", "g", [network[1]], DBName="here")
    far = here.client("rds", "eu-west-1")
    far.create_db_instance(
        DBInstanceIdentifier="d",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="chief",
        ManageMasterUserPassword=True,
        DBName="there",
    )
    names = [one.endpoint_address for one in here.plane.network().databases]
    assert len({name.split(".")[1] for name in names}) == 2
    arn = f"arn:aws:rds:eu-west-1:{ACCOUNT}:db:d"
    assert here.plane.database_credentials(arn).database_name == "there"
