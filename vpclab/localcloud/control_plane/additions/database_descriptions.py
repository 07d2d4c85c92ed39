"""What a description of an RDS instance says besides what changes: members that moto lacks or says otherwise.

AWS: RDS API, DBInstance, and the example answers of CreateDBInstance and DescribeDBInstances.
"""

from collections.abc import Callable, Mapping

from moto.rds import models

from vpclab.localcloud.control_plane.additions.database_limits import DEFAULT_CERTIFICATE
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_GP3_OPERATIONS, _GP3_THROUGHPUT = 3000, 125
_CERTIFICATE_ENDS = "2061-05-25T22:34:57Z"
_SAME_FOR_ALL: Mapping[str, object] = {
    "activity_stream_status": "stopped",
    "backup_target": "region",
    "customer_owned_ip_enabled": False,
    "db_instance_port": 0,
    "dedicated_log_volume": False,
    "is_storage_config_upgrade_available": False,
    "network_type": "IPV4",
}
PENDING_PASSWORD = {"MasterUserPassword": "****"}  # what a description shows, of no use to anybody


def correct(corrections: Corrections) -> None:
    """Have descriptions say more, and what the instance has from its engine alone."""
    instance_class = models.DBInstance
    for name, value in _SAME_FOR_ALL.items():
        corrections.replace(instance_class, name, property(_constant(value)))
    corrections.replace(instance_class, "certificate_details", property(_certificate))
    corrections.replace(models.DBSubnetGroup, "supported_network_types", property(lambda _: ["IPV4"]))


def complete(given: dict[str, Moto]) -> None:
    """Add what RDS chooses where CreateDBInstance does not say it."""
    given["license_model"] = "postgresql-license"
    given["ca_certificate_identifier"] = given.get("ca_certificate_identifier") or DEFAULT_CERTIFICATE
    if given.get("storage_type") == "gp3":
        given["iops"] = given.get("iops") or _GP3_OPERATIONS
        given["storage_throughput"] = given.get("storage_throughput") or _GP3_THROUGHPUT


def begin(instance: Moto, given: Mapping[str, Moto]) -> None:
    """Note what is true of an instance from its creation until it is available."""
    instance.performance_insights_enabled = bool(given.get("enable_performance_insights"))
    instance.option_group_name = f"default:postgres-{str(instance.engine_version).partition('.')[0]}"
    instance.pending_modified_values = {} if given.get("manage_master_user_password") else dict(PENDING_PASSWORD)
    instance.instance_create_time = None


def finish(instance: Moto) -> None:
    """Note that an instance has become available."""
    if instance.instance_create_time is None:
        instance.instance_create_time = instance.created
        instance.pending_modified_values = {
            name: value for name, value in instance.pending_modified_values.items() if name not in PENDING_PASSWORD
        }


def _constant(value: object) -> Callable[[Moto], object]:
    return lambda _: value


def _certificate(instance: Moto) -> dict[str, str]:
    return {"CAIdentifier": instance.ca_certificate_identifier, "ValidTill": _CERTIFICATE_ENDS}
