"""What CreateDBInstance and ModifyDBInstance may say of classes, names, ports, storage and the rest: RDS's bounds.

moto records any of it. AWS: RDS API, CreateDBInstance (constraints of each parameter, of PostgreSQL); RDS guide,
"Amazon RDS DB instance storage". Sentences are RDS's where they were found in reports of users, else from memory.
"""

import re
from collections.abc import Mapping
from typing import Any

from moto.rds.exceptions import RDSClientError

_CLASS = re.compile(
    r"db\.(?:t[1-4]g?|m[1-9][a-z]*|r[3-9][a-z]*|x[12][a-z]*|z1d|c6gd)\.(?:micro|small|medium|(?:\d+)?x?large)"
    r"(?:\.tpc[12]\.mem\dx)?"
)
_IDENTIFIER = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
_LONGEST_IDENTIFIER = 63
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED_NAMES = frozenset({"db", "rdsadmin", "template0", "template1"})
_PORTS = range(1150, 65536)
_RETENTION = range(36)
_INTERVALS = frozenset({0, 1, 5, 10, 15, 30, 60})
_SIZES: Mapping[str, range] = {
    "gp2": range(20, 65537),
    "gp3": range(20, 65537),
    "io1": range(100, 65537),
    "io2": range(100, 65537),
    "standard": range(5, 3073),
}
_PROVISIONED = frozenset({"io1", "io2"})
_LEAST_PROVISIONED_GP3 = 400
_LOG_TYPES = frozenset({"postgresql", "upgrade", "iam-db-auth-error"})
CERTIFICATES = frozenset({"rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"})
_LICENSE = "postgresql-license"
_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
_OF_OTHER_ENGINES: Mapping[str, str] = {
    "character_set_name": "CharacterSetName",
    "nchar_character_set_name": "NcharCharacterSetName",
    "timezone": "Timezone",
}
DEFAULT_CERTIFICATE = "rds-ca-rsa2048-g1"


def check_created(given: Mapping[str, Any]) -> None:
    """Raise RDS's error for a new instance that cannot be; what is not given is as RDS chooses it."""
    check_identifier("DBInstanceIdentifier", given.get("db_instance_identifier"), _LONGEST_IDENTIFIER)
    if given.get("db_security_groups"):
        raise RDSClientError(
            "InvalidParameterCombination",
            "DBSecurityGroups cannot be given for an instance in a VPC: use VpcSecurityGroupIds.",
        )
    for name, parameter in _OF_OTHER_ENGINES.items():
        if given.get(name):
            raise RDSClientError(
                "InvalidParameterCombination", f"{parameter} cannot be specified with engine postgres"
            )
    if given.get("license_model") not in (None, _LICENSE):
        raise RDSClientError(
            "InvalidParameterCombination",
            f"Invalid license model '{given['license_model']}' for engine 'postgres'. Valid license models are: "
            f"{_LICENSE}.",
        )
    _check_name(given.get("db_name"))
    _check_port(given.get("port"))
    if given.get("allocated_storage") is None:
        raise RDSClientError(
            "InvalidParameterValue", "The parameter AllocatedStorage must be provided and must not be blank."
        )
    storage_type = given.get("storage_type") or ("io1" if given.get("iops") else "gp2")
    check_storage(storage_type, given["allocated_storage"], given.get("iops"), given.get("storage_throughput"))
    check_common(given)


def check_common(given: Mapping[str, Any]) -> None:
    """Raise RDS's error for what neither creation nor change may say."""
    check_class(given.get("db_instance_class"))
    _check_port(given.get("db_port_number"))
    retention = given.get("backup_retention_period")
    if retention is not None and int(retention) not in _RETENTION:
        raise RDSClientError(
            "InvalidParameterValue",
            f"Invalid backup retention period: {retention}. Retention period must be between 0 and 35",
        )
    interval = given.get("monitoring_interval")
    if interval is not None and int(interval) not in _INTERVALS:
        valid = ", ".join(map(str, sorted(_INTERVALS)))
        raise RDSClientError(
            "InvalidParameterValue", f"Invalid monitoring interval: {interval}. Valid values are {valid}."
        )
    window = given.get("preferred_backup_window")
    if window and not _WINDOW.fullmatch(window):
        raise RDSClientError(
            "InvalidParameterValue",
            f"Invalid backup window format: {window}. Should be specified as a range hh24:mi-hh24:mi (24H Clock "
            "UTC). Example: 01:15-02:00",
        )
    certificate = given.get("ca_certificate_identifier")
    if certificate and certificate not in CERTIFICATES:
        raise RDSClientError("CertificateNotFound", f"Certificate not found: {certificate}")
    unknown = sorted(set(given.get("enable_cloudwatch_logs_exports") or ()) - _LOG_TYPES)
    if unknown:
        raise RDSClientError(
            "InvalidParameterCombination",
            f"You cannot use the log types '{', '.join(unknown)}' with engine postgres. For supported log types, "
            "see the documentation.",
        )


def check_identifier(parameter: str, text: object, longest: int = 255) -> None:
    """Raise RDS's error for a name that RDS's objects cannot have."""
    if not _IDENTIFIER.fullmatch(str(text or "")) or len(str(text)) > longest:
        raise RDSClientError(
            "InvalidParameterValue",
            f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must "
            "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
            "consecutive hyphens.",
        )


def check_class(name: object) -> None:
    """Raise RDS's error for a name that no instance class has."""
    if name is not None and not _CLASS.fullmatch(str(name)):
        raise RDSClientError("InvalidParameterValue", f"Invalid DB Instance class: {name}")


def check_storage(storage_type: str, size: object, iops: object, throughput: object) -> None:
    """Raise RDS's error for a storage type, its size in GiB, its operations or MiB per second that do not fit."""
    sizes = _SIZES.get(storage_type)
    if sizes is None:
        raise RDSClientError("InvalidParameterValue", f"Invalid storage type: {storage_type}")
    gibibytes = int(str(size))
    if gibibytes not in sizes:
        raise RDSClientError(
            "InvalidParameterCombination",
            f"Invalid storage size for engine name postgres and storage type {storage_type}: {gibibytes}",
        )
    if storage_type in _PROVISIONED and not iops:
        raise RDSClientError(
            "InvalidParameterCombination", f"You must specify Iops when the storage type is {storage_type}."
        )
    asked = bool(iops) or bool(throughput)
    if storage_type == "gp3" and asked and gibibytes < _LEAST_PROVISIONED_GP3:
        raise RDSClientError(
            "InvalidParameterCombination",
            "You can't specify IOPS or storage throughput for engine postgres and a storage size less than "
            f"{_LEAST_PROVISIONED_GP3}.",
        )
    if storage_type in ("gp2", "standard") and asked:
        raise RDSClientError(
            "InvalidParameterCombination",
            f"Iops and StorageThroughput cannot be specified for the storage type {storage_type}.",
        )


def _check_name(name: object) -> None:
    if not name:
        return
    if not _NAME.fullmatch(str(name)):
        raise RDSClientError(
            "InvalidParameterValue", "DBName must begin with a letter and contain only alphanumeric characters."
        )
    if len(str(name)) > _LONGEST_IDENTIFIER:
        raise RDSClientError(
            "InvalidParameterValue", f"The parameter DBName is longer than {_LONGEST_IDENTIFIER} characters."
        )
    if str(name).lower() in _RESERVED_NAMES:
        raise RDSClientError(
            "InvalidParameterValue", f"DBName {name} cannot be used as it is a reserved word used by the engine"
        )


def _check_port(port: object) -> None:
    if port is not None and int(str(port)) not in _PORTS:
        raise RDSClientError(
            "InvalidParameterValue",
            f"Invalid endpoint port {port}, valid range is {_PORTS.start}-{_PORTS.stop - 1}",
        )
