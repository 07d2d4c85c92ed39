"""DB parameter groups: ``rds.force_ssl``, and when an instance follows it.

moto keeps any parameter of any group and tells no instance. AWS (RDS guide, "Working with parameter groups", and
"Requiring an SSL connection to a PostgreSQL DB instance"): ``rds.force_ssl`` is dynamic, so that a change with
ApplyMethod ``immediate`` holds at once, one with ``pending-reboot`` and another group after a reboot; it is on by
default from PostgreSQL 15 on. Other parameters are refused: no server here would follow them.
"""

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.rds import models
from moto.rds.exceptions import DBParameterGroupNotFoundError, RDSClientError
from moto.rds.responses import RDSResponse

from vpclab.localcloud.control_plane.additions import database_limits
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

FORCE_SSL = "rds.force_ssl"
_FORCED_SINCE = 15
_DEFAULT_NAME = re.compile(r"default\.(postgres1[1-9])")
_FAMILY = re.compile(r"postgres1[1-9]")
_VALUES = frozenset({"0", "1"})
_IMMEDIATE, _PENDING = "immediate", "pending-reboot"
_IN_SYNC = "in-sync"


def correct(corrections: Corrections) -> None:
    """Check groups, list the one parameter, and show how far an instance has got."""
    backend_class, instance_class = models.RDSBackend, models.DBInstance
    corrections.wrap(backend_class, "create_db_parameter_group", _create)
    corrections.wrap(backend_class, "modify_db_parameter_group", _modify)
    corrections.wrap(backend_class, "delete_db_parameter_group", _delete)
    corrections.wrap(backend_class, "describe_db_parameter_groups", _describe)
    corrections.replace(RDSResponse, "describe_db_parameters", _describe_parameters)
    corrections.replace(RDSResponse, "reset_db_parameter_group", _reset)
    corrections.replace(instance_class, "default_db_parameter_group_details", _default_group)
    corrections.replace(instance_class, "db_parameter_group_status_list", property(_status))


def family(engine_version: str) -> str:
    """Return the family of an engine version's parameter groups: ``postgres17`` of ``17.10``."""
    return f"postgres{engine_version.partition('.')[0]}"


def adopt(instance: Moto) -> None:
    """Have an instance follow its group as it is: when it is made, and when it boots."""
    group = _group(instance)
    instance.vpclab_force_ssl = _value(group)
    instance.vpclab_parameters = _IN_SYNC


def check_fits(backend: Moto, name: str | None, engine_version: str) -> None:
    """Raise RDS's error for a group that does not exist or is of another engine version's family."""
    if not name or name == f"default.{family(engine_version)}":
        _ensure_default(backend, name)
        return
    group = backend.db_parameter_groups.get(name.lower())
    if group is None:
        raise DBParameterGroupNotFoundError(name)
    if group.family != family(engine_version):
        raise RDSClientError(
            "InvalidParameterCombination",
            f"The Parameter Group {name} with DBParameterGroupFamily {group.family} can't be used for this "
            f"instance. Please use a Parameter Group with DBParameterGroupFamily {family(engine_version)}",
        )


def pending(instance: Moto) -> None:
    """Note that an instance has been given another group: it follows after a reboot."""
    instance.vpclab_parameters = _PENDING


def _ensure_default(backend: Moto, name: str | None) -> None:
    """Make the default group of a version, which exists before anybody asks for it."""
    found = _DEFAULT_NAME.fullmatch(name or "")
    if found and name not in backend.db_parameter_groups:
        backend.db_parameter_groups[name] = models.DBParameterGroup(
            backend, name, f"Default parameter group for {found[1]}", found[1]
        )


def _group(instance: Moto) -> Moto:
    return instance.db_parameter_groups()[0]


def _value(group: Moto) -> bool:
    return bool(_parameter(group)["ParameterValue"] == "1")


def _default(group_family: str) -> str:
    major = group_family.removeprefix("postgres")
    return "1" if not major.isdecimal() or int(major) >= _FORCED_SINCE else "0"


def _parameter(group: Moto) -> dict[str, Any]:
    own = group.parameters.get(FORCE_SSL) or {}
    return {
        "ParameterName": FORCE_SSL,
        "ParameterValue": own.get("ParameterValue", _default(str(group.family))),
        "Description": "Force SSL connections.",
        "Source": "user" if own else "system",
        "ApplyType": "dynamic",
        "DataType": "boolean",
        "AllowedValues": "0,1",
        "IsModifiable": True,
        "ApplyMethod": own.get("ApplyMethod", _PENDING),
    }


def _create(plain: Moto, self: Moto, given: Moto) -> Moto:
    name, wanted = given["db_parameter_group_name"], given.get("db_parameter_group_family") or ""
    database_limits.check_identifier("DBParameterGroupName", name)
    if not _FAMILY.fullmatch(wanted):
        raise RDSClientError(
            "InvalidParameterValue", f"ParameterGroupFamily {wanted} is not a valid parameter group family"
        )
    if name.lower().startswith("default"):
        raise RDSClientError("InvalidParameterValue", f"The parameter group name {name} is reserved.")
    given["db_parameter_group_name"] = name.lower()
    return plain(self, given)


def _modify(plain: Moto, self: Moto, db_parameter_group_name: str, db_parameter_group_parameters: Moto) -> Moto:
    group = _own(self, db_parameter_group_name, "modified")
    asked = [dict(one) for one in db_parameter_group_parameters]
    for one in asked:
        _check(one)
    plain(self, group.name, asked)
    _tell(self, group, asked)
    return group


def _check(parameter: dict[str, Any]) -> None:
    name, value = parameter.get("ParameterName"), parameter.get("ParameterValue")
    if name != FORCE_SSL:
        raise ApiError(
            "UnsupportedOperation",
            f"The parameter {name} is refused by the local cloud, because no server would follow it: not modelled "
            f"is any other than {FORCE_SSL}. See the fidelity table in docs/local-cloud.md.",
        )
    if value not in _VALUES:
        raise RDSClientError(
            "InvalidParameterValue",
            f"Invalid parameter value: {value} for: {name} allowed values are: 0,1",
        )
    if parameter.get("ApplyMethod") not in (_IMMEDIATE, _PENDING):
        raise RDSClientError("InvalidParameterValue", f"ApplyMethod of {name} must be {_IMMEDIATE} or {_PENDING}")


def _tell(backend: Moto, group: Moto, asked: list[dict[str, Any]]) -> None:
    """Have the instances that follow the group follow the change, or wait for their reboot."""
    for instance in backend.databases.values():
        if _group(instance) is not group or not asked:
            continue
        if instance.vpclab_parameters == _IN_SYNC and all(one["ApplyMethod"] == _IMMEDIATE for one in asked):
            adopt(instance)
        elif _value(group) != instance.vpclab_force_ssl:
            pending(instance)


def _delete(plain: Moto, self: Moto, db_parameter_group_name: str) -> Moto:
    group = _own(self, db_parameter_group_name, "deleted")
    if any(_group(instance) is group for instance in self.databases.values()):
        raise RDSClientError(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {group.name}, so the group "
            "cannot be deleted",
        )
    return plain(self, group.name)


def _own(backend: Moto, name: str, what: str) -> Moto:
    if name.lower().startswith("default."):
        raise RDSClientError("InvalidParameterValue", f"Default DBParameterGroup cannot be {what}: {name}")
    group = backend.db_parameter_groups.get(name.lower())
    if group is None:
        raise DBParameterGroupNotFoundError(name)
    return group


def _describe(plain: Moto, self: Moto, given: Moto) -> Moto:
    _ensure_default(self, given.get("db_parameter_group_name"))
    found = plain(self, given)
    if given.get("db_parameter_group_name") and not found:
        raise DBParameterGroupNotFoundError(given["db_parameter_group_name"])
    return found


def _describe_parameters(self: Moto) -> Moto:
    group = self.backend.describe_db_parameter_groups(
        {"db_parameter_group_name": self.params.get("DBParameterGroupName")}
    )[0]
    found, source = _parameter(group), self.params.get("Source")
    return ActionResult({"Parameters": [found] if source in (None, found["Source"]) else []})


def _reset(self: Moto) -> Moto:
    group = _own(self.backend, self.params["DBParameterGroupName"], "reset")
    asked = [one.original_dict() for one in self.params.get("Parameters", [])]
    for one in asked:
        _check({"ParameterValue": "1", **one})
    group.parameters.pop(FORCE_SSL, None)
    _tell(self.backend, group, asked or [{"ApplyMethod": _PENDING}])
    return ActionResult({"DBParameterGroupName": group.name})


def _default_group(instance: Moto) -> tuple[str, str]:
    found = family(str(instance.engine_version))
    return found, f"default.{found}"


def _status(instance: Moto) -> list[dict[str, str]]:
    return [{"DBParameterGroupName": _group(instance).name, "ParameterApplyStatus": instance.vpclab_parameters}]
