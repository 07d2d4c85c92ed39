"""What RDS offers: versions of PostgreSQL, instance classes, certificates. Tools ask before they create.

moto answers none of it, or another list. AWS: RDS API, DescribeDBEngineVersions, DescribeCertificates,
DescribeOrderableDBInstanceOptions, DescribePendingMaintenanceActions. One minor version of each major one is
listed; the server behind all of them is the same.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.rds import models
from moto.rds.exceptions import RDSClientError
from moto.rds.responses import RDSResponse

from vpclab.localcloud.control_plane.additions.database_limits import CERTIFICATES, DEFAULT_CERTIFICATE
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_ENGINE = "postgres"
_DEFAULT_MAJOR = "17"
_MINORS: Mapping[str, str] = {
    "11": "11.22",
    "12": "12.22",
    "13": "13.23",
    "14": "14.23",
    "15": "15.18",
    "16": "16.14",
    "17": "17.10",
    "18": "18.4",
}
_CLASSES = tuple(
    f"db.{family}.{size}"
    for family, sizes in (
        ("t3", "micro small medium large xlarge 2xlarge"),
        ("t4g", "micro small medium large xlarge 2xlarge"),
        ("m5", "large xlarge 2xlarge 4xlarge"),
        ("m6g", "large xlarge 2xlarge 4xlarge"),
        ("m7g", "large xlarge 2xlarge 4xlarge"),
        ("r5", "large xlarge 2xlarge 4xlarge"),
        ("r6g", "large xlarge 2xlarge 4xlarge"),
        ("r7g", "large xlarge 2xlarge 4xlarge"),
    )
    for size in sizes.split()
)
_STORAGE_TYPES = ("gp2", "gp3", "io1")
_LOG_TYPES = ["postgresql", "upgrade", "iam-db-auth-error"]
_FROM, _UNTIL = datetime(2021, 5, 21, 23, 24, 17, tzinfo=UTC), datetime(2061, 5, 25, 22, 34, 57, tzinfo=UTC)


def correct(corrections: Corrections) -> None:
    """Answer what tools ask."""
    answers = {
        "describe_db_engine_versions": _engine_versions,
        "describe_orderable_db_instance_options": _orderable,
        "describe_certificates": _certificates,
        "describe_pending_maintenance_actions": lambda _: ActionResult({"PendingMaintenanceActions": []}),
    }
    for name, answer in answers.items():
        corrections.replace(RDSResponse, name, answer)
    corrections.wrap(models.RDSBackend, "describe_option_groups", _option_groups)


def whole(version: str) -> str:
    """Return the version that RDS takes a version for: the newest one listed, where only the major one is said."""
    return _MINORS.get(version, version)


def _engine_versions(self: Moto) -> Moto:
    asked = self.params
    if asked.get("Engine") not in (None, _ENGINE):
        return ActionResult({"DBEngineVersions": []})
    found = [
        (major, version)
        for major, version in _MINORS.items()
        if asked.get("EngineVersion") in (None, major, version)
        and asked.get("DBParameterGroupFamily") in (None, f"{_ENGINE}{major}")
        and (not asked.get("DefaultOnly") or asked.get("EngineVersion") or major == _DEFAULT_MAJOR)
    ]
    return ActionResult({"DBEngineVersions": [_described(major, version) for major, version in found]})


def _described(major: str, version: str) -> dict[str, Any]:
    later = [one for one in _MINORS if int(one) > int(major)]
    return {
        "Engine": _ENGINE,
        "MajorEngineVersion": major,
        "EngineVersion": version,
        "DBParameterGroupFamily": f"{_ENGINE}{major}",
        "DBEngineDescription": "PostgreSQL",
        "DBEngineVersionDescription": f"PostgreSQL {version}-R1",
        "ExportableLogTypes": _LOG_TYPES,
        "Status": "available",
        "SupportedEngineModes": ["provisioned"],
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": False,
        "ValidUpgradeTarget": [
            {
                "Engine": _ENGINE,
                "EngineVersion": _MINORS[one],
                "Description": f"PostgreSQL {_MINORS[one]}-R1",
                "AutoUpgrade": False,
                "IsMajorVersionUpgrade": True,
            }
            for one in later
        ],
    }


def _orderable(self: Moto) -> Moto:
    asked = self.params
    versions = [
        version for major, version in _MINORS.items() if asked.get("EngineVersion") in (None, major, version)
    ]
    classes = [one for one in _CLASSES if asked.get("DBInstanceClass") in (None, one)]
    licenced = asked.get("LicenseModel") in (None, "postgresql-license")
    wanted = asked.get("Engine") == _ENGINE and licenced and asked.get("Vpc") is not False
    zones = [{"Name": f"{self.region}{letter}"} for letter in "abc"]
    options = [
        {
            "Engine": _ENGINE,
            "EngineVersion": version,
            "DBInstanceClass": name,
            "LicenseModel": "postgresql-license",
            "AvailabilityZones": zones,
            "StorageType": storage_type,
            "Vpc": True,
            "MultiAZCapable": False,
            "ReadReplicaCapable": False,
            "SupportsStorageEncryption": True,
            "SupportsIAMDatabaseAuthentication": False,
            "SupportedEngineModes": ["provisioned"],
            "SupportedNetworkTypes": ["IPV4"],
            "SupportsClusters": False,
        }
        for version in versions
        for name in classes
        for storage_type in _STORAGE_TYPES
    ]
    return ActionResult({"OrderableDBInstanceOptions": options if wanted else []})


def _certificates(self: Moto) -> Moto:
    wanted = self.params.get("CertificateIdentifier")
    if wanted is not None and wanted not in CERTIFICATES:
        raise RDSClientError("CertificateNotFound", f"Certificate not found: {wanted}")
    found = [
        {
            "CertificateIdentifier": one,
            "CertificateType": "CA",
            "CertificateArn": f"arn:aws:rds:{self.region}::cert:{one}",
            "ValidFrom": _FROM,
            "ValidTill": _UNTIL,
            "CustomerOverride": False,
        }
        for one in sorted(CERTIFICATES)
        if wanted in (None, one)
    ]
    answer: dict[str, object] = {"Certificates": found, "DefaultCertificateForNewLaunches": DEFAULT_CERTIFICATE}
    return ActionResult(answer)


def _option_groups(plain: Moto, self: Moto, asked: Moto) -> Moto:
    return plain(self, asked) if asked.get("option_group_name") else list(self.option_groups.values())
