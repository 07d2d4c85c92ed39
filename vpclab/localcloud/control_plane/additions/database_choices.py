"""What CreateDBInstance and ModifyDBInstance may choose: versions and security groups."""

import re

from moto.rds.exceptions import RDSClientError

from vpclab.localcloud.control_plane.corrections import Moto

_ENGINE_VERSION = re.compile(r"1[1-9](\.\d+)?")


def check_version(version: str) -> None:
    """Raise RDS's error for a version of PostgreSQL that it does not have."""
    if not _ENGINE_VERSION.fullmatch(version):
        raise RDSClientError("InvalidParameterCombination", f"Cannot find version {version} for postgres")


def groups_of(network: Moto, vpc_id: str, wanted: list[str] | None) -> list[str]:
    """Return the security groups that are wanted, or the VPC's default one; RDS's error where they cannot be."""
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
