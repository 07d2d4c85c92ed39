"""RDS instances: an interface in the VPC, a name, and an address on the internet if they are publicly accessible.

moto's instances are available at once, have no interface, and share one name and one resource id per Region. AWS
(RDS guide, USER_VPC.WorkingWithRDSInstanceinaVPC; RDS API, CreateDBInstance): an interface of a subnet of the
subnet group with the instance's groups; ``creating`` until it listens.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import hashlib
import secrets
import string
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.rds import models
from moto.rds.exceptions import RDSClientError

from vpclab.localcloud.control_plane.additions import (
    database_catalogue,
    database_changes,
    database_choices,
    database_descriptions,
    database_exposure,
    database_life,
    database_limits,
    database_lists,
    database_parameters,
    database_passwords,
    database_secrets,
    database_subnet_groups,
    managed_interfaces,
)
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.database_credentials import DatabaseCredentials
from vpclab.localcloud.control_plane.database_settings import DatabaseSettings

REQUESTER = "amazon-rds"
DESCRIPTION = "RDSNetworkInterface"

_SERVICE = managed_interfaces.Service("interface", REQUESTER, attachment_owner=REQUESTER)
_DEFAULT_ENGINE_VERSION = "17.10"
_HOST_LETTERS = string.ascii_lowercase + string.digits
_PARTS = (
    database_subnet_groups,
    database_parameters,
    database_passwords,
    database_changes,
    database_life,
    database_descriptions,
    database_catalogue,
    database_lists,
    database_secrets,
)


class Databases:
    """The corrections of RDS, and what the rest of the cloud asks about instances."""

    def correct(self, corrections: Corrections) -> None:
        """Correct instances, their secrets, and every call that makes, changes or deletes them."""
        instance_class = models.DBInstance
        corrections.replace(instance_class, "address", property(address))
        corrections.replace(instance_class, "endpoint", property(_endpoint))
        corrections.wrap(models.RDSBackend, "create_db_instance", _create)
        for part in _PARTS:
            part.correct(corrections)

    def ready(self, identifier: str) -> None:
        """Make an instance ``available`` that was on its way there; unknown ones are ignored."""
        instance = self._find(identifier)
        if instance is not None and instance.status in database_life.BOOTING:
            instance.status = "available"
            database_descriptions.finish(instance)

    def stopped(self, identifier: str) -> None:
        """Make an instance ``stopped`` that was stopping; unknown ones are ignored."""
        instance = self._find(identifier)
        if instance is not None and instance.status == "stopping":
            instance.status = "stopped"

    def settings(self, identifier: str) -> DatabaseSettings:
        """Return what an instance's server is told. KeyError: there is no such instance."""
        instance = self._known(identifier)
        return DatabaseSettings(instance.vpclab_force_ssl, instance.vpclab_boots)

    def credentials(self, identifier: str) -> DatabaseCredentials:
        """Return the master user of an instance, by identifier or ARN. KeyError: there is none."""
        instance = self._known(identifier)
        password = database_passwords.current(instance)
        return DatabaseCredentials(instance.master_username, password, instance.db_name or "")

    def _known(self, identifier: str) -> Moto:
        instance = self._find(identifier)
        if instance is None:
            raise KeyError(f"there is no RDS instance {identifier}")
        return instance

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


def _create(plain: Moto, self: Moto, given: Moto) -> Moto:
    network = ec2_backends[self.account_id][self.region_name]
    database_limits.check_created(given)
    given["db_instance_identifier"] = given["db_instance_identifier"].lower()
    name = given.get("db_subnet_group_name")
    group = self.describe_db_subnet_groups(name.lower())[0] if name else database_subnet_groups.default_group(self)
    given["db_subnet_group_name"] = group.name
    groups = database_choices.groups_of(network, group.vpc_id, given.get("vpc_security_group_ids"))
    zone = given.get("availability_zone")
    subnets = [one for one in group._subnets if zone in (None, one.availability_zone)]
    if not subnets:
        raise RDSClientError(
            "InvalidVPCNetworkStateFault", f"No subnet of the DB subnet group is in {zone}: choose another zone."
        )
    version = database_catalogue.whole(given.get("engine_version") or _DEFAULT_ENGINE_VERSION)
    database_choices.check_version(version)
    database_passwords.check_created(given)
    database_parameters.check_fits(self, given.get("db_parameter_group_name"), version)
    public = database_exposure.wanted(network, group.vpc_id, given.get("publicly_accessible"))
    given["engine_version"] = version
    given["vpc_security_group_ids"] = groups
    database_descriptions.complete(given)
    if given["db_instance_identifier"] in self.databases:
        raise RDSClientError("DBInstanceAlreadyExists", "DB instance already exists")
    interface = _interface(network, subnets, groups)
    given["availability_zone"] = interface.subnet.availability_zone
    try:
        instance = plain(self, given)
    except Exception:
        managed_interfaces.remove(network, interface.id)
        raise
    instance.status = "creating"
    instance.dbi_resource_id = f"db-{secrets.token_hex(13).upper()}"
    instance.vpclab_interface_id, instance.vpclab_subnet_id = interface.id, interface.subnet.id
    instance.vpclab_boots = 0
    database_descriptions.begin(instance, given)
    database_parameters.adopt(instance)
    database_exposure.expose(network, instance, public=public)
    return instance


def _interface(network: Moto, subnets: list[Any], groups: list[str]) -> Moto:
    """Make the instance's interface in the first of the subnets that has a free address."""
    for subnet in subnets:
        try:
            return managed_interfaces.make(network, subnet, _SERVICE, DESCRIPTION, groups)
        except EC2ClientError as error:
            if error.code != "InsufficientFreeAddressesInSubnet":
                raise
    raise RDSClientError(
        "InvalidVPCNetworkStateFault",
        f"No free address is left in {', '.join(one.id for one in subnets)}: free some, or use larger subnets.",
    )
