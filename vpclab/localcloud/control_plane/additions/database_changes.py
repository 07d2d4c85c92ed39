"""ModifyDBInstance: what holds at once, what waits, what restarts the server, and what is refused.

moto sets everything at once. AWS (RDS guide, "Modifying an Amazon RDS DB instance", settings and when they apply):
without ApplyImmediately some changes are pending until the maintenance window, and a later immediate change takes
them along; port, groups, passwords and public accessibility never wait; another class, version or port restarts
the server; another parameter group holds after a reboot. There is no maintenance window here.
"""

from collections.abc import Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds import models
from moto.rds.exceptions import RDSClientError

from vpclab.localcloud.control_plane.additions import (
    database_catalogue,
    database_choices,
    database_exposure,
    database_life,
    database_limits,
    database_parameters,
    database_passwords,
    managed_interfaces,
)
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_WAITING: Mapping[str, str] = {
    "db_instance_class": "DBInstanceClass",
    "engine_version": "EngineVersion",
    "allocated_storage": "AllocatedStorage",
    "backup_retention_period": "BackupRetentionPeriod",
    "storage_type": "StorageType",
    "iops": "Iops",
    "storage_throughput": "StorageThroughput",
}
"""What waits without ApplyImmediately, by moto's name and the member of PendingModifiedValues."""

_RESTARTING = frozenset({"db_instance_class", "engine_version"})


def correct(corrections: Corrections) -> None:
    """Put the rules around moto's setting of attributes."""
    corrections.wrap(models.RDSBackend, "modify_db_instance", _modify)


def _modify(plain: Moto, self: Moto, db_instance_identifier: str, asked: Moto) -> Moto:
    instance = self.describe_db_instances(db_instance_identifier)[0]
    database_life.check_available(instance)
    given = {name: value for name, value in dict(asked).items() if value is not None}
    network = ec2_backends[self.account_id][self.region_name]
    immediately = bool(given.get("apply_immediately"))
    if "engine_version" in given:
        given["engine_version"] = database_catalogue.whole(given["engine_version"])
    if given.get("rotate_master_user_password") and not immediately:
        raise RDSClientError(
            "InvalidParameterCombination",
            "You must specify apply immediately when rotating the master user password.",
        )
    database_passwords.check_changed(instance, given)
    database_limits.check_common(given)
    waiting = _waiting(instance, given, immediately=immediately)
    _check_sizes(instance, waiting, major=bool(given.get("allow_major_version_upgrade")))
    _check_subnet_group(instance, given.pop("db_subnet_group_name", None))
    version = (
        str(waiting.get("engine_version", instance.engine_version)) if immediately else instance.engine_version
    )
    parameters = given.get("db_parameter_group_name") or instance.db_parameter_group_name
    if "engine_version" in waiting and not given.get("db_parameter_group_name") and _is_default(parameters):
        parameters = None
    database_parameters.check_fits(self, parameters, version)
    vpc_id = network.enis[instance.vpclab_interface_id].vpc_id
    public = database_exposure.wanted(
        network, vpc_id, given.pop("publicly_accessible", instance.publicly_accessible)
    )
    if groups := given.get("vpc_security_group_ids"):
        groups = database_choices.groups_of(network, vpc_id, groups)
        managed_interfaces.set_groups(network, instance.vpclab_interface_id, groups)
    database_exposure.expose(network, instance, public=public)
    _follow_parameters(instance, given)
    if not immediately:
        instance.pending_modified_values |= {_WAITING[name]: value for name, value in waiting.items()}
    else:
        given |= waiting
        instance.pending_modified_values = {}
    changed = plain(self, instance.db_instance_identifier, given)
    _restart(instance, given, restarting=immediately and bool(_RESTARTING & waiting.keys()))
    return changed


def _waiting(instance: Moto, given: dict[str, Any], *, immediately: bool) -> dict[str, Any]:
    """Take out of ``given`` what may wait, if it changes anything; what waited joins an immediate change."""
    found = {name: given.pop(name) for name in _WAITING if name in given}
    if immediately:
        waited = instance.pending_modified_values
        found = {name: waited[member] for name, member in _WAITING.items() if member in waited} | found
    return {name: value for name, value in found.items() if str(value) != str(getattr(instance, name))}


def _check_sizes(instance: Moto, waiting: Mapping[str, Any], *, major: bool) -> None:
    size, now = int(waiting.get("allocated_storage", instance.allocated_storage)), int(instance.allocated_storage)
    if size < now:
        raise RDSClientError(
            "InvalidParameterCombination",
            f"Requested storage size ({size}) cannot be less than the current storage size ({now})",
        )
    if waiting.keys() & {"allocated_storage", "storage_type", "iops", "storage_throughput"}:
        _check_storage(instance, waiting)
    version, current = str(waiting.get("engine_version", instance.engine_version)), str(instance.engine_version)
    database_choices.check_version(version)
    if _number(version) < _number(current):
        raise RDSClientError("InvalidParameterCombination", f"Cannot upgrade postgres from {current} to {version}")
    if _number(version)[0] > _number(current)[0] and not major:
        raise RDSClientError(
            "InvalidParameterCombination",
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
        )


def _check_storage(instance: Moto, waiting: Mapping[str, Any]) -> None:
    now = str(waiting.get("storage_type", instance.storage_type))
    kept = {} if now != instance.storage_type or now == "gp3" else {"iops": instance.iops}
    database_limits.check_storage(
        now,
        waiting.get("allocated_storage", instance.allocated_storage),
        waiting.get("iops", kept.get("iops")),
        waiting.get("storage_throughput"),
    )


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _check_subnet_group(instance: Moto, name: str | None) -> None:
    if name is not None and name.lower() != instance.db_subnet_group.name:
        raise ApiError(
            "UnsupportedOperation",
            "ModifyDBInstance with DBSubnetGroupName is refused by the local cloud: not modelled is moving an "
            "instance to another subnet group. See the fidelity table in docs/local-cloud.md.",
        )


def _is_default(name: str | None) -> bool:
    return not name or name.startswith("default.")


def _follow_parameters(instance: Moto, given: dict[str, Any]) -> None:
    name = given.get("db_parameter_group_name")
    if name is None:
        return
    given["db_parameter_group_name"] = name.lower()
    if name.lower() != instance.db_parameter_groups()[0].name:
        instance.db_parameter_group_name = None if _is_default(name) else name.lower()
        given["db_parameter_group_name"] = instance.db_parameter_groups()[0].name  # made, if it is a default one
        database_parameters.pending(instance)


def _restart(instance: Moto, given: Mapping[str, Any], *, restarting: bool) -> None:
    port = int(given.get("db_port_number") or instance.port)
    if port != int(instance.port):
        instance.port = port
        instance.status = "modifying"  # until it listens there: a new port restarts the server (RDS API)
    if restarting:
        if _is_default(instance.db_parameter_group_name):
            instance.db_parameter_group_name = None  # the default group of the version that it is now
        database_life.boot(instance, "modifying")
