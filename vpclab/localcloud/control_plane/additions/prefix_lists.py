"""Prefix lists: AWS-managed ones name the ranges of the local cloud, and only existing ones are changed.

moto lists AWS's real ranges, which nothing here answers on; a change without a name takes a list's name away; an
unknown list is a defect or empty; it neither restores versions nor tells who refers to a list. AWS: VPC guide,
working-with-aws-managed-prefix-lists (not the customer's to change) and "Resize a prefix list" (it fails where a
group that refers to it has no room); EC2 API, RestoreManagedPrefixListVersion, GetManagedPrefixListAssociations.
The texts about duplicates, reserved names and versions that do not exist are from memory.
"""

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import managed_prefixes
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions.security_group_calls import MOST_RULES, weight
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

RANGES = {"s3": "192.0.2.128/26", "dynamodb": "192.0.2.192/26"}
"""The last label of the list's name to its only entry."""

_RESERVED = "com.amazonaws"


def correct(corrections: Corrections) -> None:
    """Replace the entries as the lists are made, one set for each account and Region; check changes."""
    backend_class = managed_prefixes.ManagedPrefixListBackend
    corrections.wrap(backend_class, "_create_aws_managed_prefix_list", _create)
    corrections.wrap(backend_class, "create_managed_prefix_list", _create_own)
    corrections.wrap(backend_class, "modify_managed_prefix_list", _modify)
    corrections.wrap(EC2Response, "modify_managed_prefix_list", _resize)
    corrections.wrap(backend_class, "delete_managed_prefix_list", _delete)
    corrections.wrap(EC2Response, "get_managed_prefix_list_entries", _entries)
    corrections.replace(EC2Response, "get_managed_prefix_list_associations", _associations)
    corrections.replace(EC2Response, "restore_managed_prefix_list_version", _restore)


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
        if str(given.get("prefix_list_name") or "").startswith(_RESERVED):
            raise EC2ClientError("InvalidParameterValue", f"Prefix list names cannot start with {_RESERVED}.")
        _check_duplicates(given.get("entry") or [])
        _check_size(len(given.get("entry") or []), int(given.get("max_entries") or 0))
    return plain(self, **given)


def _check_size(entries: int, most: int) -> None:
    if entries > most:
        raise EC2ClientError(
            "PrefixListMaxEntriesExceeded",
            f"You've reached the maximum number of entries for the prefix list: {entries} are more than {most}.",
        )


def _check_duplicates(entries: list[dict[str, str]]) -> None:
    ranges = [one["Cidr"] for one in entries]
    if len(set(ranges)) < len(ranges):
        raise EC2ClientError("InvalidParameterValue", "The same CIDR block must not appear multiple times.")


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
        before, listed.max_entries = listed.max_entries, int(most)
        if any(_is_too_full(self.ec2_backend, rules) for rules in _rules(self.ec2_backend, listed.id)):
            answer = plain(self)
            listed.max_entries, listed.state = before, "modify-failed"
            listed.state_message = "The maximum number of rules per security group has been reached."
            return answer
        listed.state_message = None
    return plain(self)


def _rules(backend: Moto, prefix_list_id: str) -> Iterator[list[Moto]]:
    """Return the rules of each direction of each group in which one refers to the list."""
    for groups in backend.groups.values():
        for group in groups.values():
            for rules in (group.ingress_rules, group.egress_rules):
                if any(rule.prefix_list_id == prefix_list_id for rule in rules):
                    yield rules


def _is_too_full(backend: Moto, rules: list[Moto]) -> bool:
    return sum(weight(backend, rule) for rule in rules) > MOST_RULES


def _entries(plain: Moto, self: Moto) -> Moto:
    listed, wanted = _known(self.ec2_backend, self._get_param("PrefixListId")), self._get_param("TargetVersion")
    if wanted is not None and listed.owner_id != "AWS":
        _check_version(listed, int(wanted))
        return ActionResult({"Entries": listed.entries.get(int(wanted)) or []})
    return plain(self)


def _check_version(listed: Moto, version: int) -> None:
    if not 1 <= version <= int(listed.version):
        raise EC2ClientError("InvalidPrefixListVersion", f"The prefix list {listed.id} has no version {version}.")


def _restore(self: Moto) -> Moto:
    """Make a new version with the entries of an earlier one."""
    listed = _own(self.ec2_backend, self._get_param("PrefixListId"))
    previous = int(self._get_param("PreviousVersion"))
    _check_current(listed, self._get_param("CurrentVersion"))
    _check_version(listed, previous)
    entries = list(listed.entries.get(previous) or [])
    _check_size(len(entries), int(listed.max_entries))
    listed.version += 1
    listed.entries[listed.version] = entries
    listed.state = "restore-complete"
    return ActionResult({"PrefixList": listed})


def _associations(self: Moto) -> Moto:
    backend = self.ec2_backend
    listed = _known(backend, self._get_param("PrefixListId"))
    groups = [
        group.id
        for of_vpc in backend.groups.values()
        for group in of_vpc.values()
        if any(rule.prefix_list_id == listed.id for rule in (*group.ingress_rules, *group.egress_rules))
    ]
    tables = [
        table.id
        for table in backend.route_tables.values()
        if any(route.destination_prefix_list is listed for route in table.routes)
    ]
    found = [{"ResourceId": one, "ResourceOwner": backend.account_id} for one in (*groups, *tables)]
    return ActionResult({"PrefixListAssociations": found})


def _modify(plain: Moto, self: Moto, **given: Any) -> Moto:  # noqa: ANN401 - moto's parameters
    listed = _own(self, given["prefix_list_id"])
    given["prefix_list_name"] = given.get("prefix_list_name") or listed.prefix_list_name
    added, removed = given.get("add_entry") or [], given.get("remove_entry") or []
    if added or removed:
        _check_current(listed, given.get("current_version"))
        _check_duplicates(added)
        kept = {one["Cidr"] for one in listed.entries.get(listed.version) or []}
        kept -= {one["Cidr"] for one in removed}
        _check_size(len(kept | {one["Cidr"] for one in added}), int(listed.max_entries))
        given["remove_entry"] = [*removed, *added]  # what is added anew has another description
    return plain(self, **given)


def _check_current(listed: Moto, version: Moto) -> None:
    if str(version) != str(listed.version):
        raise EC2ClientError(
            "PrefixListVersionMismatch",
            f"The prefix list has the incorrect version number: {listed.version} is the current one.",
        )


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


def _known(backend: Moto, prefix_list_id: str) -> Moto:
    listed = backend.managed_prefix_lists.get(prefix_list_id)
    if listed is None or listed.state == "delete-complete":
        raise EC2ClientError(
            "InvalidPrefixListID.NotFound", f"The prefix list ID '{prefix_list_id}' does not exist"
        )
    return listed


def _own(backend: Moto, prefix_list_id: str) -> Moto:
    listed = _known(backend, prefix_list_id)
    if listed.owner_id == "AWS":
        raise EC2ClientError("OperationNotPermitted", f"{prefix_list_id} is managed by AWS and cannot be changed.")
    return listed
