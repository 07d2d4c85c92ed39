"""The life of an RDS instance: reboot, stop, start, delete.

moto does all of it at once and reboots nothing. AWS (RDS guide, "Viewing Amazon RDS DB instance status",
"Stopping an Amazon RDS DB instance temporarily", "Rebooting a DB instance", "Deleting a DB instance"): states on
the way, and refusals out of order. Data and endpoint outlive a stop.
"""

from moto.ec2.models import ec2_backends
from moto.rds import models
from moto.rds.exceptions import RDSClientError
from moto.rds.responses import RDSResponse

from vpclab.localcloud.control_plane.additions import database_parameters, managed_interfaces
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

BOOTING = frozenset({"creating", "starting", "rebooting", "modifying"})
"""States that end when the server listens."""


def correct(corrections: Corrections) -> None:
    """Replace what moto does in no time."""
    backend_class = models.RDSBackend
    corrections.wrap(RDSResponse, "reboot_db_instance", _reboot_call)
    corrections.wrap(backend_class, "reboot_db_instance", _reboot)
    corrections.wrap(backend_class, "stop_db_instance", _stop)
    corrections.wrap(backend_class, "start_db_instance", _start)
    corrections.wrap(backend_class, "delete_db_instance", _delete)


def check_available(instance: Moto) -> None:
    """Raise RDS's error unless an instance is ``available``."""
    if instance.status != "available":
        raise RDSClientError(
            "InvalidDBInstanceState",
            f"Database instance {instance.db_instance_identifier} is not in available state.",
        )


def boot(instance: Moto, status: str) -> None:
    """Have the server started anew, with what waited for that."""
    database_parameters.adopt(instance)
    instance.vpclab_boots += 1
    instance.status = status


def _reboot_call(plain: Moto, self: Moto) -> Moto:
    if self.params.get("ForceFailover"):
        raise RDSClientError(
            "InvalidParameterCombination",
            "ForceFailover cannot be specified since the instance is not configured for MultiAZ.",
        )
    return plain(self)


def _reboot(_plain: Moto, self: Moto, db_instance_identifier: str) -> Moto:
    instance = self.describe_db_instances(db_instance_identifier)[0]
    check_available(instance)
    boot(instance, "rebooting")
    return instance


def _stop(
    _plain: Moto, self: Moto, db_instance_identifier: str, db_snapshot_identifier: str | None = None
) -> Moto:
    del db_snapshot_identifier  # refused before: nothing would be in that snapshot
    instance = self.describe_db_instances(db_instance_identifier)[0]
    check_available(instance)
    instance.status = "stopping"
    return instance


def _start(_plain: Moto, self: Moto, db_instance_identifier: str) -> Moto:
    instance = self.describe_db_instances(db_instance_identifier)[0]
    if instance.status != "stopped":
        raise RDSClientError(
            "InvalidDBInstanceState",
            f"Instance {instance.db_instance_identifier} is not stopped, it cannot be started.",
        )
    boot(instance, "starting")
    return instance


def _delete(plain: Moto, self: Moto, db_instance_identifier: str, **options: Moto) -> Moto:
    instance = self.describe_db_instances(db_instance_identifier)[0]
    skipped, snapshot = options.get("skip_final_snapshot"), options.get("final_db_snapshot_identifier")
    if not skipped and not snapshot:
        raise RDSClientError(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    if skipped and snapshot:
        raise RDSClientError(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true.",
        )
    if snapshot and instance.status == "creating":
        raise RDSClientError(
            "InvalidDBInstanceState",
            f"Cannot create a snapshot because the database instance {instance.db_instance_identifier} is not "
            "currently in the available state.",
        )
    deleted = plain(self, instance.db_instance_identifier, **options)
    managed_interfaces.remove(ec2_backends[self.account_id][self.region_name], instance.vpclab_interface_id)
    return deleted
