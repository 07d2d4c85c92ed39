"""DB subnet groups: which AWS refuses, and what cannot change under an instance.

moto takes any subnets, replaces a group by one of its name, forgets changed ones, and deletes used ones. AWS: RDS
API, CreateDBSubnetGroup, ModifyDBSubnetGroup, DeleteDBSubnetGroup; RDS guide, "Working with DB subnet groups".
"""

import re
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.rds import models
from moto.rds.exceptions import RDSClientError
from moto.rds.responses import RDSResponse

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

DEFAULT = "default"
_LEAST_ZONES = 2
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]{0,254}")


def correct(corrections: Corrections) -> None:
    """Check before a group is made, changed or deleted."""
    backend_class = models.RDSBackend
    corrections.wrap(RDSResponse, "create_db_subnet_group", _with_known_subnets)
    corrections.wrap(RDSResponse, "modify_db_subnet_group", _with_known_subnets)
    corrections.wrap(backend_class, "create_subnet_group", _create)
    corrections.wrap(backend_class, "modify_db_subnet_group", _modify)
    corrections.wrap(backend_class, "delete_subnet_group", _delete)


def default_group(backend: Moto) -> Moto:
    """Return the group ``default``, over the default subnets; made when an instance first needs it.

    Raises:
        RDSClientError: there are no default subnets.
    """
    if DEFAULT not in backend.subnet_groups:
        network = ec2_backends[backend.account_id][backend.region_name]
        subnets = [one for one in network.describe_subnets() if one.default_for_az]
        if not subnets:
            raise RDSClientError(
                "InvalidSubnet",
                "No default subnet detected in VPC. Please contact AWS Support to recreate the default "
                "Subnets, or name a DB subnet group.",
            )
        subnets.sort(key=lambda one: one.availability_zone)
        backend.subnet_groups[DEFAULT] = models.DBSubnetGroup(backend, DEFAULT, DEFAULT, subnets, [])
    return backend.subnet_groups[DEFAULT]


def _with_known_subnets(plain: Moto, self: Moto) -> Moto:
    try:
        return plain(self)
    except EC2ClientError:
        unknown = ", ".join(self.params.get("SubnetIds", []))
        raise RDSClientError("InvalidSubnet", f"Some input subnets in :[{unknown}] are invalid.") from None


def _create(plain: Moto, self: Moto, name: str, description: str, subnets: Moto, *args: Moto) -> Moto:
    if name.lower() in self.subnet_groups:
        raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    if name.lower() == DEFAULT:
        raise RDSClientError("InvalidParameterValue", "The DB subnet group name 'default' is reserved.")
    if not _NAME.fullmatch(name):
        raise RDSClientError(
            "InvalidParameterValue",
            "The parameter DBSubnetGroupName must be 1 to 255 letters, numbers, periods, underscores, spaces, or "
            "hyphens, and begin with a letter.",
        )
    if not description:
        raise RDSClientError(
            "InvalidParameterValue",
            "The parameter DBSubnetGroupDescription must be provided and must not be blank.",
        )
    _check(subnets)
    return plain(self, name.lower(), description, subnets, *args)


def _modify(_plain: Moto, self: Moto, subnet_name: str, description: str | None, subnets: Moto) -> Moto:
    group = self.describe_db_subnet_groups(subnet_name.lower())[0]
    _check(subnets)
    if subnets[0].vpc_id != group.vpc_id:
        raise RDSClientError(
            "InvalidSubnet",
            f"The subnets are in {subnets[0].vpc_id} and the DB subnet group is in {group.vpc_id}: a group cannot "
            "go from one VPC to another.",
        )
    kept = {one.id for one in subnets}
    for instance in _instances(self, group):
        if instance.vpclab_subnet_id not in kept:
            raise RDSClientError(
                "SubnetAlreadyInUse",
                f"The subnet {instance.vpclab_subnet_id} is in use by the database instance "
                f"{instance.db_instance_identifier}.",
            )
    group.subnets = subnets
    if description is not None:
        group.description = description
    return group  # moto would forget it


def _delete(plain: Moto, self: Moto, subnet_name: str) -> Moto:
    group = self.describe_db_subnet_groups(subnet_name.lower())[0]
    for instance in _instances(self, group):
        raise RDSClientError(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
            f"{instance.db_instance_identifier} is still using it.",
        )
    return plain(self, subnet_name.lower())


def _instances(backend: Moto, group: Moto) -> list[Moto]:
    return [one for one in backend.databases.values() if getattr(one, "db_subnet_group", None) is group]


def _check(subnets: list[Any]) -> None:
    zones = sorted({one.availability_zone for one in subnets})
    if len({one.vpc_id for one in subnets}) > 1:
        raise RDSClientError("InvalidSubnet", "The subnets of a DB subnet group must be in one VPC.")
    if len(zones) < _LEAST_ZONES:
        raise RDSClientError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(zones)}. Add subnets to cover at least {_LEAST_ZONES} AZs.",
        )
