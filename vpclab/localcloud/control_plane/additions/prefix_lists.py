"""AWS-managed prefix lists name the ranges that S3 and DynamoDB have in the local cloud.

moto lists AWS's real ranges, which nothing here answers on.
"""

from moto.ec2.models import managed_prefixes

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

RANGES = {"s3": "192.0.2.128/26", "dynamodb": "192.0.2.192/26"}
"""The last label of the list's name to its only entry."""


def correct(corrections: Corrections) -> None:
    """Replace the entries as the lists are made, one set for each account and Region."""
    corrections.wrap(managed_prefixes.ManagedPrefixListBackend, "_create_aws_managed_prefix_list", _create)


def _create(plain: Moto, self: Moto, name: str, address_family: str, entries: list[dict[str, str]]) -> None:
    service = name.rpartition(".")[2]
    if name == f"com.amazonaws.{self.region_name}.{service}" and service in RANGES:
        entries = [{"Cidr": RANGES[service], "Description": "default"}]
    plain(self, name=name, address_family=address_family, entries=entries)
