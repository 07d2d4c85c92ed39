"""Security group rules: descriptions that are kept, sources of the group's own network, ports that can be.

moto forgets the description of a rule whose source is a group or a prefix list, takes one for another rule when
its description is another, and accepts groups of other VPCs, prefix lists that do not exist, and impossible ports;
it finds groups of every VPC by name. AWS: DescribeSecurityGroupRules shows every description; EC2 API reference,
IpPermission, "Client error codes"; names are for groups of a default VPC.
"""

# ruff: noqa: SLF001 - moto's reading of requests is a private method

from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import security_groups

from vpclab.localcloud.control_plane.additions.ports import check_ports
from vpclab.localcloud.control_plane.additions.security_group_texts import check_description, check_group
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.network.protocol import protocol_name

_DESCRIPTION = "vpclab_prefix_list_description"
_POSITION_OF_PROTOCOL, _POSITION_OF_PREFIX_LIST = 1, 7
_RESERVED = "default"


def correct(corrections: Corrections) -> None:
    """Check sources, keep descriptions."""
    rule_class, backend_class = security_groups.SecurityGroupRule, security_groups.SecurityGroupBackend
    corrections.wrap(rule_class, "__init__", _initialise)
    corrections.replace(rule_class, "description", property(_description))
    corrections.replace(rule_class, "__eq__", _is_same)
    corrections.replace(rule_class, "group_owner_id", property(lambda rule: rule.ec2_backend.account_id))
    corrections.replace(rule_class, "security_group_rule_arn", property(_arn))
    corrections.wrap(security_groups.SecurityGroup, "_flattened_rules", _flattened)
    corrections.wrap(backend_class, "create_security_group", _create)
    corrections.wrap(backend_class, "describe_security_groups", _describe)
    corrections.wrap(backend_class, "authorize_security_group_ingress", _authorize)
    corrections.wrap(backend_class, "authorize_security_group_egress", _authorize)


def _initialise(plain: Moto, self: Moto, *args: Moto, **kwargs: Moto) -> None:
    if len(args) > _POSITION_OF_PROTOCOL and args[_POSITION_OF_PROTOCOL]:
        args = (args[0], protocol_name(args[_POSITION_OF_PROTOCOL]), *args[_POSITION_OF_PROTOCOL + 1 :])
    plain(self, *args, **kwargs)
    given = (*args, *[None] * _POSITION_OF_PREFIX_LIST)[_POSITION_OF_PREFIX_LIST] or kwargs.get("prefix_list_id")
    setattr(self, _DESCRIPTION, (given or {}).get("Description"))


def _description(rule: Moto) -> str | None:
    of_source: str | None = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return of_source or getattr(rule, _DESCRIPTION)


def describe(rule: Moto, text: str | None) -> None:
    """Give a rule another description, or none."""
    for source in (rule.ip_range, rule.source_group):
        source.pop("Description", None)
    setattr(rule, _DESCRIPTION, text)


def _arn(rule: Moto) -> str:
    backend = rule.ec2_backend
    return f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:security-group-rule/{rule.id}"


def _flattened(plain: Moto, self: Moto, rules: list[Moto]) -> list[Moto]:
    """Group rules by protocol and ports; each source comes with its description, for prefix lists too."""
    views: list[Moto] = plain(self, rules)
    for view in views:
        same = [
            rule
            for rule in rules
            if (rule.from_port, rule.to_port, rule.ip_protocol) == (view.from_port, view.to_port, view.ip_protocol)
        ]
        view.all_ip_ranges = [_described(rule, rule.ip_range) for rule in same if rule.ip_range]
        view.source_groups = [_described(rule, rule.source_group) for rule in same if rule.source_group]
        view.prefix_list_ids = [
            _described(rule, {"PrefixListId": rule.prefix_list_id}) for rule in same if rule.prefix_list_id
        ]
    return views


def _described(rule: Moto, source: dict[str, str]) -> dict[str, str]:
    return {**source, "Description": rule.description} if rule.description else source


def _is_same(self: Moto, other: Moto) -> bool:
    """A rule is its protocol, ports and source: neither its description nor who owns the source group."""
    return identity(self) == identity(other)


def identity(rule: Moto) -> tuple[object, ...]:
    """Return what two rules of one group may not have in common."""
    every_port = rule.ip_protocol == "-1"
    return (
        rule.ip_protocol,
        None if every_port else rule.from_port,
        None if every_port else rule.to_port,
        rule.ip_range.get("CidrIp"),
        rule.ip_range.get("CidrIpv6"),
        rule.source_group.get("GroupId"),
        rule.prefix_list_id,
    )


def named_group(backend: Moto, parameters: Mapping[str, Any]) -> Moto:
    """Return the group that a request is about; EC2's error when there is none, or when it may not be named so."""
    identifier, name = parameters.get("GroupId"), parameters.get("GroupName")
    if identifier:
        if not identifier.startswith("sg-"):
            raise EC2ClientError("InvalidGroupId.Malformed", f'Invalid id: "{identifier}" (expecting "sg-...")')
        group = backend.get_security_group_from_id(identifier)
        if group is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{identifier}' does not exist")
        return group
    if not name:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter groupName or groupId")
    vpc = backend.default_vpc
    group = backend.get_security_group_from_name(name, vpc.id) if vpc else None
    if group is None and backend.get_security_group_from_name(name) is not None:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Invalid value '{name}' for groupName. You may not reference Amazon VPC security groups by name. "
            "Please use the corresponding id for this operation.",
        )
    if group is None:
        raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
    return group


def asked_rules(response: Moto, group: Moto, *, egress: bool) -> Iterator[Moto]:
    """Return the rules that a request spells out, as moto's, without adding them to the group."""
    if not any(response._get_params().get(one) for one in ("IpPermissions", "IpProtocol", "CidrIp")):
        return
    for given in response._process_rules_from_querystring():
        check_protocol(given["ip_protocol"])
        check_ports(given["ip_protocol"], given["from_port"], given["to_port"])
        if not (given["ip_ranges"] or given["source_groups"] or given["prefix_list_ids"]):
            raise EC2ClientError(
                "MissingParameter",
                "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
            )
        yield from response.ec2_backend._iterate_security_rules(
            given["ip_protocol"],
            group.group_id,
            given["from_port"],
            given["to_port"],
            given["ip_ranges"],
            given["source_groups"],
            given["prefix_list_ids"],
            is_egress=egress,
        )


def rule_text(rule: Moto) -> str:
    """Spell a rule as InvalidPermission.Duplicate does."""
    peer = rule.ip_range.get("CidrIp") or rule.source_group.get("GroupId") or rule.prefix_list_id
    protocol = str(rule.ip_protocol).upper()
    if protocol == "-1":
        return f"peer: {peer}, ALL, ALLOW"
    return f"peer: {peer}, {protocol}, from port: {rule.from_port}, to port: {rule.to_port}, ALLOW"


def check_protocol(protocol: str | None) -> None:
    """Raise EC2's error for a rule that does not say which protocol."""
    if protocol is None:
        raise EC2ClientError(
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        )


def check_sources(
    backend: Moto, own: Moto, groups: list[dict[str, str]], prefix_lists: list[dict[str, str]]
) -> None:
    """Raise EC2's error for groups of other networks, and for prefix lists that do not exist."""
    for source in groups:
        group = backend.get_security_group_from_id(source.get("GroupId", ""))
        if group is not None and own is not None and group.vpc_id != own.vpc_id:
            raise EC2ClientError(
                "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
            )
    for listed in prefix_lists:
        if listed["PrefixListId"] not in backend.managed_prefix_lists:
            raise EC2ClientError(
                "InvalidPrefixListID.NotFound", f"The prefix list ID '{listed['PrefixListId']}' does not exist"
            )


def _create(plain: Moto, self: Moto, name: str, description: str, *args: Moto, **kwargs: Moto) -> Moto:
    vpc_id = kwargs.get("vpc_id")
    if not kwargs.get("is_default"):
        check_group(name, description)
        vpc = self.get_vpc(vpc_id) if vpc_id else self.default_vpc  # raises when there is none of that id
        if name == _RESERVED:
            raise EC2ClientError("InvalidParameterValue", f"Cannot use reserved security group name: {_RESERVED}")
        if vpc is None:
            raise EC2ClientError("VPCIdNotSpecified", "No default VPC for this user")
        if self.get_security_group_from_name(name, vpc.id) is not None:
            raise EC2ClientError(
                "InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'"
            )
    group = plain(self, name, description, *args, **kwargs)
    if group.is_default:
        self.authorize_security_group_ingress(
            group.id,
            ip_protocol="-1",
            from_port=None,
            to_port=None,
            ip_ranges=[],
            source_groups=[{"GroupId": group.id}],
            vpc_id=group.vpc_id,
        )
    return group


def _describe(
    plain: Moto, self: Moto, group_ids: Moto = None, groupnames: list[str] | None = None, filters: Moto = None
) -> Moto:
    """Find groups by name in the default VPC alone."""
    found = plain(self, group_ids, None, filters)
    if not groupnames:
        return found
    default = self.default_vpc.id if self.default_vpc else "none"
    named = {group.name: group for group in found if group.vpc_id == default}
    for name in groupnames:
        if name not in named:
            raise EC2ClientError(
                "InvalidGroup.NotFound",
                f"The security group '{name}' does not exist in default VPC '{default}'",
            )
    return [named[name] for name in groupnames]


def _authorize(plain: Moto, self: Moto, group_name_or_id: str, *args: Moto, **kwargs: Moto) -> Moto:
    check_protocol(kwargs.get("ip_protocol"))
    check_ports(kwargs["ip_protocol"], kwargs.get("from_port"), kwargs.get("to_port"))
    own = self.get_security_group_by_name_or_id(group_name_or_id, kwargs.get("vpc_id"))
    groups, lists = kwargs.get("source_groups") or [], kwargs.get("prefix_list_ids") or []
    check_sources(self, own, groups, lists)
    for one in (*(kwargs.get("ip_ranges") or []), *groups, *lists):
        check_description(one.get("Description"))
    return plain(self, group_name_or_id, *args, **kwargs)
