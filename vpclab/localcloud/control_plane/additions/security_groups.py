"""Security group rules: descriptions that are kept, sources of the group's own network, ports that can be.

moto forgets the description of a rule whose source is a group or a prefix list, takes one for another rule when
its description is another, and accepts groups of other VPCs, prefix lists that do not exist, and impossible ports.
AWS: DescribeSecurityGroupRules shows every description; InvalidGroup.NotFound and InvalidPrefixListID.NotFound;
EC2 API reference, IpPermission.
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import security_groups

from vpclab.localcloud.control_plane.additions.ports import check_ports
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_DESCRIPTION = "vpclab_prefix_list_description"
_POSITION_OF_PREFIX_LIST = 7
_RESERVED = "default"


def correct(corrections: Corrections) -> None:
    """Check sources, keep descriptions."""
    rule_class, backend_class = security_groups.SecurityGroupRule, security_groups.SecurityGroupBackend
    corrections.wrap(rule_class, "__init__", _initialise)
    corrections.replace(rule_class, "description", property(_description))
    corrections.replace(rule_class, "__eq__", _is_same)
    corrections.wrap(backend_class, "create_security_group", _create)
    corrections.wrap(backend_class, "authorize_security_group_ingress", _authorize)
    corrections.wrap(backend_class, "authorize_security_group_egress", _authorize)


def _initialise(plain: Moto, self: Moto, *args: Moto, **kwargs: Moto) -> None:
    plain(self, *args, **kwargs)
    given = (*args, *[None] * _POSITION_OF_PREFIX_LIST)[_POSITION_OF_PREFIX_LIST] or kwargs.get("prefix_list_id")
    setattr(self, _DESCRIPTION, (given or {}).get("Description"))


def _description(rule: Moto) -> str | None:
    of_source: str | None = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return of_source or getattr(rule, _DESCRIPTION)


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


def _create(plain: Moto, self: Moto, name: str, description: str, *args: Moto, **kwargs: Moto) -> Moto:
    vpc_id = kwargs.get("vpc_id")
    if vpc_id and not kwargs.get("is_default"):
        self.get_vpc(vpc_id)  # raises when there is none
        if name == _RESERVED:
            raise EC2ClientError("InvalidParameterValue", f"Cannot use reserved security group name: {_RESERVED}")
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


def _authorize(plain: Moto, self: Moto, group_name_or_id: str, *args: Moto, **kwargs: Moto) -> Moto:
    if kwargs.get("ip_protocol") is None:
        raise EC2ClientError(
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        )
    check_ports(kwargs["ip_protocol"], kwargs.get("from_port"), kwargs.get("to_port"))
    own = self.get_security_group_by_name_or_id(group_name_or_id, kwargs.get("vpc_id"))
    for source in kwargs.get("source_groups") or []:
        group = self.get_security_group_from_id(source.get("GroupId", ""))
        if group is not None and own is not None and group.vpc_id != own.vpc_id:
            raise EC2ClientError(
                "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
            )
    for listed in kwargs.get("prefix_list_ids") or []:
        if listed["PrefixListId"] not in self.managed_prefix_lists:
            raise EC2ClientError(
                "InvalidPrefixListID.NotFound", f"The prefix list ID '{listed['PrefixListId']}' does not exist"
            )
    return plain(self, group_name_or_id, *args, **kwargs)
