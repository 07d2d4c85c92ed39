"""Prefix lists: AWS-managed ones name the ranges of the local cloud, and only existing ones are changed.

moto lists AWS's real ranges, which nothing here answers on; a change without a name takes a list's name away; an
unknown list is a defect. AWS: VPC guide, working-with-aws-managed-prefix-lists (not the customer's to change).
"""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import managed_prefixes
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

RANGES = {"s3": "192.0.2.128/26", "dynamodb": "192.0.2.192/26"}
"""The last label of the list's name to its only entry."""


def correct(corrections: Corrections) -> None:
    """Replace the entries as the lists are made, one set for each account and Region; check changes."""
    backend_class = managed_prefixes.ManagedPrefixListBackend
    corrections.wrap(backend_class, "_create_aws_managed_prefix_list", _create)
    corrections.wrap(backend_class, "create_managed_prefix_list", _create_own)
    corrections.wrap(backend_class, "modify_managed_prefix_list", _modify)
    corrections.wrap(EC2Response, "modify_managed_prefix_list", _resize)
    corrections.wrap(backend_class, "delete_managed_prefix_list", _delete)


def _create(plain: Moto, self: Moto, name: str, address_family: str, entries: list[dict[str, str]]) -> None:
    service = name.rpartition(".")[2]
    if name == f"com.amazonaws.{self.region_name}.{service}" and service in RANGES:
        entries = [{"Cidr": RANGES[service], "Description": "default"}]
    plain(self, name=name, address_family=address_family, entries=entries)


def _create_own(plain: Moto, self: Moto, **given: Any) -> Moto:  # noqa: ANN401 - moto's parameters
    if given.get("owner_id") != "AWS":
        if given.get("address_family") != "IPv4":
            raise EC2ClientError(
                "UnsupportedOperation", "Prefix lists of IPv6 are refused: the local cloud models no IPv6."
            )
        _check_size(len(given.get("entry") or []), int(given.get("max_entries") or 0))
    return plain(self, **given)


def _check_size(entries: int, most: int) -> None:
    if entries > most:
        raise EC2ClientError(
            "PrefixListMaxEntriesExceeded",
            f"You've reached the maximum number of entries for the prefix list: {entries} are more than {most}.",
        )


def _resize(plain: Moto, self: Moto) -> Moto:
    """Take MaxEntries, which moto's response does not hand on; it goes without changes of entries."""
    most = self._get_param("MaxEntries")
    if most is not None:
        listed = _own(self.ec2_backend, self._get_param("PrefixListId"))
        if self._get_param("AddEntries") or self._get_param("RemoveEntries"):
            raise EC2ClientError(
                "InvalidParameterCombination", "MaxEntries cannot be changed together with entries: ask twice."
            )
        _check_size(len(listed.entries.get(listed.version) or []), int(most))
        listed.max_entries = int(most)
    return plain(self)


def _modify(plain: Moto, self: Moto, **given: Any) -> Moto:  # noqa: ANN401 - moto's parameters
    listed = _own(self, given["prefix_list_id"])
    given["prefix_list_name"] = given.get("prefix_list_name") or listed.prefix_list_name
    added, removed = given.get("add_entry") or [], given.get("remove_entry") or []
    if added or removed:
        if str(given.get("current_version")) != str(listed.version):
            raise EC2ClientError(
                "PrefixListVersionMismatch",
                f"The prefix list has the incorrect version number: {listed.version} is the current one.",
            )
        kept = {one["Cidr"] for one in listed.entries.get(listed.version) or []}
        kept -= {one["Cidr"] for one in removed}
        _check_size(len(kept | {one["Cidr"] for one in added}), int(listed.max_entries))
    return plain(self, **given)


def _delete(plain: Moto, self: Moto, prefix_list_id: str) -> Moto:
    listed = _own(self, prefix_list_id)
    routes = (route for table in self.route_tables.values() for route in table.routes)
    rules = (
        rule
        for groups in self.groups.values()
        for group in groups.values()
        for rule in (*group.ingress_rules, *group.egress_rules)
    )
    if any(route.destination_prefix_list is listed for route in routes) or any(
        rule.prefix_list_id == prefix_list_id for rule in rules
    ):
        raise EC2ClientError("DependencyViolation", f"resource {prefix_list_id} has a dependent object")
    return plain(self, prefix_list_id)


def _own(backend: Moto, prefix_list_id: str) -> Moto:
    listed = backend.managed_prefix_lists.get(prefix_list_id)
    if listed is None or listed.state == "delete-complete":
        raise EC2ClientError(
            "InvalidPrefixListID.NotFound", f"The prefix list ID '{prefix_list_id}' does not exist"
        )
    if listed.owner_id == "AWS":
        raise EC2ClientError("OperationNotPermitted", f"{prefix_list_id} is managed by AWS and cannot be changed.")
    return listed
