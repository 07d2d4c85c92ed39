"""RDS: bounds of each parameter, what descriptions say, what is on offer, pages, and who may touch its secrets."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from typing import Any

import pytest

from tests.integration.control_plane_world import World, refused


@pytest.fixture
def rds(here: World) -> Any:
    vpc = here.vpc()
    subnets = [here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")]
    client = here.client("rds")
    client.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=subnets)
    return client


def _create(rds: Any, name: str = "d", **changes: Any) -> Any:
    usual = {
        "DBInstanceClass": "db.t4g.micro",
        "Engine": "postgres",
        "AllocatedStorage": 20,
        "MasterUsername": "chief",
        "MasterUserPassword": "not-so-secret",
        "DBSubnetGroupName": "g",
    }
    given = {key: value for key, value in (usual | changes).items() if value is not None}
    return rds.create_db_instance(DBInstanceIdentifier=name, **given)["DBInstance"]


VALUE, COMBINATION, REFUSED = "InvalidParameterValue", "InvalidParameterCombination", "UnsupportedOperation"


BOUNDS: list[tuple[dict[str, Any], str, str]] = [
    ({"DBInstanceClass": "db.enormous.large"}, VALUE, "Invalid DB Instance class: db.enormous.large"),
    ({"DBInstanceClass": "t4g.micro"}, VALUE, "Invalid DB Instance class: t4g.micro"),
    *(({"name": name}, VALUE, "not a valid identifier") for name in ("1a", "a_b", "a--b", "a-", "a" * 64)),
    *(({"Port": port}, VALUE, "1150-65535") for port in (80, 1149, 70000)),
    ({"AllocatedStorage": 5}, COMBINATION, "Invalid storage size for engine name postgres"),
    ({"AllocatedStorage": 70000}, COMBINATION, "storage type gp2: 70000"),
    ({"AllocatedStorage": None}, VALUE, "AllocatedStorage must be provided"),
    ({"StorageType": "gp9"}, VALUE, "Invalid storage type: gp9"),
    ({"StorageType": "gp2", "Iops": 1000}, COMBINATION, "gp2"),
    ({"StorageType": "io1", "AllocatedStorage": 100}, COMBINATION, "Iops"),
    ({"StorageType": "gp3", "Iops": 12000}, COMBINATION, "storage size less than 400"),
    ({"BackupRetentionPeriod": 36}, VALUE, "between 0 and 35"),
    ({"DBName": "1a"}, VALUE, "DBName"),
    ({"DBName": "a-b"}, VALUE, "DBName"),
    ({"DBName": "a" * 64}, VALUE, "DBName"),
    ({"DBName": "db"}, VALUE, "reserved"),
    ({"LicenseModel": "bring-your-own-license"}, COMBINATION, "postgresql-license"),
    ({"CharacterSetName": "AL32UTF8"}, COMBINATION, "CharacterSetName"),
    ({"Timezone": "UTC"}, COMBINATION, "Timezone"),
    ({"DBSecurityGroups": ["x"]}, COMBINATION, "VpcSecurityGroupIds"),
    ({"PreferredBackupWindow": "morning"}, VALUE, "hh24:mi"),
    ({"PreferredMaintenanceWindow": "monday"}, VALUE, "maintenance window"),
    (
        {"PreferredBackupWindow": "05:00-06:00", "PreferredMaintenanceWindow": "mon:05:00-mon:06:00"},
        VALUE,
        "must not overlap",
    ),
    ({"CACertificateIdentifier": "own"}, "CertificateNotFound", "own"),
    ({"MonitoringInterval": 7}, VALUE, "monitoring interval"),
    ({"MonitoringInterval": 60}, COMBINATION, "MonitoringRoleARN"),
    ({"EnableCloudwatchLogsExports": ["audit"]}, COMBINATION, "audit"),
    ({"NetworkType": "DUAL"}, REFUSED, "IPv6"),
    ({"OptionGroupName": "o"}, REFUSED, "options"),
    ({"Domain": "d-1"}, REFUSED, "directories"),
    ({"EnableIAMDatabaseAuthentication": True}, REFUSED, "IAM database authentication"),
]


def test_database_cannot_leave_its_bounds(rds: Any) -> None:
    """CreateDBInstance refuses names, classes, ports, storage and the rest outside their documented bounds."""
    for changes, code, text in BOUNDS:
        with refused(code, text):
            _create(rds, **changes)
    assert not rds.describe_db_instances()["DBInstances"]


def test_changed_database_cannot_leave_its_bounds(here: World, rds: Any) -> None:
    """ModifyDBInstance has the same bounds, and changes nothing when one is passed."""
    _create(rds)
    here.plane.database_ready("d")
    before = _told(rds)
    for code, changes in (
        (VALUE, {"DBInstanceClass": "db.enormous.large"}),
        (VALUE, {"DBPortNumber": 22}),
        (VALUE, {"BackupRetentionPeriod": 99}),
        (VALUE, {"MonitoringInterval": 7}),
        ("CertificateNotFound", {"CACertificateIdentifier": "own"}),
        (COMBINATION, {"AllocatedStorage": 70000}),
        (COMBINATION, {"StorageType": "gp3", "Iops": 12000}),
        (VALUE, {"StorageType": "gp9"}),
    ):
        with refused(code):
            rds.modify_db_instance(DBInstanceIdentifier="d", ApplyImmediately=True, **changes)
    assert _told(rds) == before


def _told(rds: Any) -> Any:
    [told] = rds.describe_db_instances()["DBInstances"]
    return {name: value for name, value in told.items() if name != "LatestRestorableTime"}


def test_description_of_a_database_can_say_what_rds_chose(here: World, rds: Any) -> None:
    """Before it is available an instance has no endpoint, no time of creation, and a password that is pending."""
    made = _create(rds, StorageType="gp3", EngineVersion="16")
    assert "InstanceCreateTime" not in made
    assert "Endpoint" not in made
    assert made["PendingModifiedValues"] == {"MasterUserPassword": "****"}
    assert made["EngineVersion"].startswith("16.")
    assert made["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres16"
    assert made["OptionGroupMemberships"] == [{"OptionGroupName": "default:postgres-16", "Status": "in-sync"}]
    assert (made["Iops"], made["StorageThroughput"]) == (3000, 125)
    chosen = {
        "LicenseModel": "postgresql-license",
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "NetworkType": "IPV4",
        "DbInstancePort": 0,
        "BackupTarget": "region",
        "PerformanceInsightsEnabled": False,
        "DeletionProtection": False,
    }
    assert {name: made[name] for name in chosen} == chosen
    here.plane.database_ready("d")
    [told] = rds.describe_db_instances()["DBInstances"]
    assert told["InstanceCreateTime"]
    assert told["PendingModifiedValues"] == {}
    [group] = rds.describe_db_subnet_groups()["DBSubnetGroups"]
    assert group["SupportedNetworkTypes"] == ["IPV4"]


def test_lists_of_rds_can_come_in_pages(here: World, rds: Any) -> None:
    """MaxRecords is 20 to 100, Marker leads on, and belongs to its own list."""
    for number in range(25):
        rds.create_db_parameter_group(
            DBParameterGroupName=f"p{number}", DBParameterGroupFamily="postgres17", Description="d"
        )
        _create(rds, f"d{number}")
        rds.create_db_subnet_group(
            DBSubnetGroupName=f"s{number}",
            DBSubnetGroupDescription="d",
            SubnetIds=[one["SubnetIdentifier"] for one in _subnets(rds)],
        )
    for call, items, every in (
        ("describe_db_instances", "DBInstances", 25),
        ("describe_db_subnet_groups", "DBSubnetGroups", 26),
        ("describe_db_parameter_groups", "DBParameterGroups", 26),
    ):
        pages = list(rds.get_paginator(call).paginate(PaginationConfig={"PageSize": 20}))
        assert [len(page[items]) for page in pages] == [20, every - 20]
        one_list = getattr(rds, call)
        for size in (19, 101):
            with refused(VALUE, "MaxRecords"):
                one_list(MaxRecords=size)
        for marker in ("nonsense", rds.describe_events(MaxRecords=20)["Marker"]):
            with refused(VALUE, "marker"):
                one_list(Marker=marker)
    of_directory = [{"Name": "domain", "Values": ["d-1"]}]
    assert not rds.describe_db_instances(Filters=of_directory)["DBInstances"]
    with refused(VALUE, "nope"):
        rds.describe_db_instances(Filters=[{"Name": "nope", "Values": ["x"]}])
    del here


def _subnets(rds: Any) -> Any:
    return rds.describe_db_subnet_groups(DBSubnetGroupName="g")["DBSubnetGroups"][0]["Subnets"]


def test_offer_of_rds_can_be_asked_for(rds: Any) -> None:
    """Versions, instance classes and certificates, as tools ask before they create."""
    versions = rds.describe_db_engine_versions(Engine="postgres", DefaultOnly=True)["DBEngineVersions"]
    assert [(one["EngineVersion"], one["DBParameterGroupFamily"]) for one in versions] == [("17.10", "postgres17")]
    of_family = rds.describe_db_engine_versions(Engine="postgres", DBParameterGroupFamily="postgres16")
    [sixteen] = of_family["DBEngineVersions"]
    assert {one["IsMajorVersionUpgrade"] for one in sixteen["ValidUpgradeTarget"]} == {True}
    assert not rds.describe_db_engine_versions(Engine="mysql")["DBEngineVersions"]
    options = rds.describe_orderable_db_instance_options(Engine="postgres", DBInstanceClass="db.t4g.micro")
    for option in options["OrderableDBInstanceOptions"]:
        _create(
            rds,
            f"v{option['EngineVersion'].replace('.', '-')}-{option['StorageType']}",
            EngineVersion=option["EngineVersion"],
            DBInstanceClass=option["DBInstanceClass"],
            StorageType=option["StorageType"],
            AllocatedStorage=100,
            Iops=1000 if option["StorageType"] == "io1" else None,
        )
    certificates = rds.describe_certificates()["Certificates"]
    assert "rds-ca-rsa2048-g1" in {one["CertificateIdentifier"] for one in certificates}
    with refused("CertificateNotFound"):
        rds.describe_certificates(CertificateIdentifier="own")
    assert rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"] == []
    assert rds.describe_option_groups()["OptionGroupsList"] == []


def test_managed_secret_cannot_be_changed_by_hand(here: World, rds: Any) -> None:
    """Only RDS changes or deletes the secret that it manages; its description tells the rotation."""
    made = _create(rds, MasterUserPassword=None, ManageMasterUserPassword=True)
    secret, client = {"SecretId": made["MasterUserSecret"]["SecretArn"]}, here.client("secretsmanager")
    for call, given in (
        (client.delete_secret, {}),
        (client.put_secret_value, {"SecretString": "x"}),
        (client.update_secret, {"SecretString": "x"}),
    ):
        with refused("InvalidRequestException", "managed by rds"):
            call(**secret, **given)
    told = client.describe_secret(**secret)
    assert (told["OwningService"], told["RotationEnabled"]) == ("rds", True)
    assert json.loads(client.get_secret_value(**secret)["SecretString"]).keys() == {"username", "password"}
    rds.delete_db_instance(DBInstanceIdentifier="d", SkipFinalSnapshot=True)
    with refused("ResourceNotFoundException"):
        client.describe_secret(**secret)


def test_groups_of_rds_cannot_have_any_name(rds: Any) -> None:
    """Names of subnet and parameter groups, families, and a description that says nothing."""
    subnets = [one["SubnetIdentifier"] for one in _subnets(rds)]
    for name, description in (("x/y", "d"), ("1x", "d"), ("x" * 256, "d"), ("x", "")):
        with refused(VALUE):
            rds.create_db_subnet_group(
                DBSubnetGroupName=name, DBSubnetGroupDescription=description, SubnetIds=subnets
            )
    for name, family in (("1_", "postgres17"), ("a--b", "postgres17"), ("p", "postgres99"), ("p", "mysql8.0")):
        with refused(VALUE):
            rds.create_db_parameter_group(
                DBParameterGroupName=name, DBParameterGroupFamily=family, Description="d"
            )
