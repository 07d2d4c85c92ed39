"""RDS instances: an interface in the VPC, a life, and a master password that exists.

moto's instances are available at once, have no interface, share one name and one resource id per Region, and
keep a managed password that is the same constant for all. AWS (RDS guide, USER_VPC.WorkingWithRDSInstanceinaVPC
and rds-secrets-manager): an interface of a subnet of the subnet group with the instance's groups; ``creating``
until it listens; a secret with the real user name and a random password.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import hashlib
import json
import re
import secrets
import string
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds import models
from moto.rds.exceptions import RDSClientError

from vpclab.localcloud.control_plane.additions import managed_interfaces
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.database_credentials import DatabaseCredentials

REQUESTER = "amazon-rds"
DESCRIPTION = "RDSNetworkInterface"

_SERVICE = managed_interfaces.Service("interface", REQUESTER, attachment_owner=REQUESTER)
_DEFAULT_ENGINE_VERSION = "17.10"
_ENGINE_VERSION = re.compile(r"1[1-9](\.\d+)?")
_LEAST_ZONES = 2
_PASSWORD_LETTERS = string.ascii_letters + string.digits + "!#$%&()*+,-.:;<=>?[]^_{|}~"
_PASSWORD_LENGTH = 28
_HOST_LETTERS = string.ascii_lowercase + string.digits


class Databases:
    """The corrections of RDS, and what the rest of the cloud asks about instances."""

    def correct(self, corrections: Corrections) -> None:
        """Correct instances, their secrets, and every call that makes, changes or deletes them."""
        instance_class, secret_class = models.DBInstance, models.MasterUserSecret
        corrections.replace(instance_class, "address", property(address))
        corrections.replace(instance_class, "endpoint", property(_endpoint))
        corrections.replace(secret_class, "_generate_secret_string", _secret_string)
        _correct_backend(corrections)

    def ready(self, identifier: str) -> None:
        """Make an instance ``available``; unknown ones are ignored."""
        instance = self._find(identifier)
        if instance is not None:
            instance.status = "available"

    def credentials(self, identifier: str) -> DatabaseCredentials:
        """Return the master user of an instance, by identifier or ARN. KeyError: there is none."""
        instance = self._find(identifier)
        if instance is None:
            raise KeyError(f"there is no RDS instance {identifier}")
        if instance.manage_master_user_password:
            secret = instance.master_user_secret.secret
            version = secret.versions[secret.default_version_id]
            password = json.loads(version["secret_string"])["password"]
        else:
            password = instance._master_user_password
        return DatabaseCredentials(instance.master_username, password, instance.db_name or "")

    def _find(self, identifier: str) -> Moto:
        for regions in list(models.rds_backends.values()):
            for backend in list(regions.values()):
                for instance in list(backend.databases.values()):
                    if identifier in (instance.db_instance_identifier, instance.db_instance_arn):
                        return instance
        return None


def address(instance: Moto) -> str:
    """Return the endpoint's name: ``<identifier>.<12 characters>.<region>.rds.amazonaws.com``."""
    digest = hashlib.sha256(f"{instance.account_id} {instance.region}".encode()).digest()
    label = "c" + "".join(_HOST_LETTERS[byte % len(_HOST_LETTERS)] for byte in digest[:11])
    return f"{instance.db_instance_identifier}.{label}.{instance.region}.rds.amazonaws.com"


def _endpoint(instance: Moto) -> dict[str, Any] | None:
    if instance.status == "creating":
        return None
    return {"Address": address(instance), "Port": instance.port, "HostedZoneId": "Z2R2ITUGPM61AM"}


def _secret_string(self: Moto) -> str:
    password = "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(_PASSWORD_LENGTH))
    return json.dumps({"username": self.resource.master_username, "password": password})


def _correct_backend(corrections: Corrections) -> None:
    backend_class = models.RDSBackend
    corrections.wrap(backend_class, "create_db_instance", _create)
    corrections.wrap(backend_class, "modify_db_instance", _modify)
    corrections.wrap(backend_class, "delete_db_instance", _delete)
    corrections.wrap(backend_class, "create_subnet_group", _create_subnet_group)
    corrections.wrap(backend_class, "modify_db_subnet_group", _modify_subnet_group)
    corrections.wrap(backend_class, "delete_subnet_group", _delete_subnet_group)


def _network(backend: Moto) -> Moto:
    return ec2_backends[backend.account_id][backend.region_name]


def _create(plain: Moto, self: Moto, db_kwargs: Moto) -> Moto:
    network = _network(self)
    subnets = _subnets(self, network, db_kwargs)
    groups = _groups(network, subnets[0].vpc_id, db_kwargs.get("vpc_security_group_ids"))
    zone = db_kwargs.get("availability_zone")
    subnet = next((one for one in subnets if zone in (None, one.availability_zone)), None)
    if subnet is None:
        raise RDSClientError(
            "InvalidVPCNetworkStateFault", f"No subnet of the DB subnet group is in {zone}: choose another zone."
        )
    version = db_kwargs.get("engine_version") or _DEFAULT_ENGINE_VERSION
    if not _ENGINE_VERSION.fullmatch(version):
        raise RDSClientError("InvalidParameterCombination", f"Cannot find version {version} for postgres")
    db_kwargs["engine_version"] = version
    db_kwargs["vpc_security_group_ids"] = groups
    db_kwargs["availability_zone"] = subnet.availability_zone
    instance = plain(self, db_kwargs)
    instance.status = "creating"
    instance.publicly_accessible = False
    instance.dbi_resource_id = f"db-{secrets.token_hex(13).upper()}"
    instance.vpclab_interface_id = managed_interfaces.make(network, subnet, _SERVICE, DESCRIPTION, groups).id
    return instance


def _modify(plain: Moto, self: Moto, db_instance_identifier: str, db_kwargs: Moto) -> Moto:
    instance = self.describe_db_instances(db_instance_identifier)[0]
    if wanted := db_kwargs.get("vpc_security_group_ids"):
        network, interface_id = _network(self), instance.vpclab_interface_id
        groups = _groups(network, network.enis[interface_id].vpc_id, wanted)
        managed_interfaces.set_groups(network, interface_id, groups)
    changed = plain(self, db_instance_identifier, db_kwargs)
    port = int(db_kwargs.get("db_port_number") or instance.port)
    if port != int(instance.port):
        instance.port = port
        instance.status = "modifying"  # until it listens there: a new port restarts the server (RDS API)
    return changed


def _delete(plain: Moto, self: Moto, db_instance_identifier: str, **options: Moto) -> Moto:
    if not options.get("skip_final_snapshot") and not options.get("final_db_snapshot_identifier"):
        raise RDSClientError(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    instance = plain(self, db_instance_identifier, **options)
    managed_interfaces.remove(_network(self), instance.vpclab_interface_id)
    return instance


def _create_subnet_group(plain: Moto, self: Moto, name: str, description: str, subnets: Moto, *args: Moto) -> Moto:
    _check_zones(subnets)
    return plain(self, name, description, subnets, *args)


def _modify_subnet_group(
    _plain: Moto, self: Moto, subnet_name: str, description: str | None, subnets: Moto
) -> Moto:
    group = self.describe_db_subnet_groups(subnet_name)[0]
    _check_zones(subnets)
    group.subnets = subnets
    if description is not None:
        group.description = description
    return group  # moto would forget it


def _delete_subnet_group(plain: Moto, self: Moto, subnet_name: str) -> Moto:
    for instance in self.databases.values():
        group = getattr(instance, "db_subnet_group", None)
        if group is not None and group.name == subnet_name.lower():
            raise RDSClientError(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
                f"{instance.db_instance_identifier} is still using it.",
            )
    return plain(self, subnet_name)


def _subnets(backend: Moto, network: Moto, db_kwargs: Moto) -> list[Any]:
    name = db_kwargs.get("db_subnet_group_name")
    if name:
        found: list[Any] = backend.describe_db_subnet_groups(name)[0]._subnets
        return found
    default = [one for one in network.describe_subnets() if one.default_for_az]
    if not default:
        raise RDSClientError(
            "InvalidSubnet",
            "No default subnet detected in VPC. Please contact AWS Support to recreate the default "
            "Subnets, or name a DB subnet group.",
        )
    return sorted(default, key=lambda one: one.availability_zone)


def _groups(network: Moto, vpc_id: str, wanted: list[str] | None) -> list[str]:
    if not wanted:
        return [network.get_default_security_group(vpc_id).id]
    for identifier in wanted:
        group = network.get_security_group_from_id(identifier)
        if group is None:
            raise RDSClientError(
                "InvalidParameterValue", f"Invalid security group , groupId= {identifier}, groupName=."
            )
        if group.vpc_id != vpc_id:
            raise RDSClientError(
                "InvalidParameterCombination",
                "The DB instance and EC2 security group are in different VPCs. The DB instance is in "
                f"{vpc_id} and the EC2 security group is in {group.vpc_id}",
            )
    return list(wanted)


def _check_zones(subnets: list[Any]) -> None:
    zones = sorted({one.availability_zone for one in subnets})
    if len({one.vpc_id for one in subnets}) > 1:
        raise RDSClientError("InvalidSubnet", "The subnets of a DB subnet group must be in one VPC.")
    if len(zones) < _LEAST_ZONES:
        raise RDSClientError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(zones)}. Add subnets to cover at least {_LEAST_ZONES} AZs.",
        )
