"""Security group rules: descriptions that are kept, sources of the group's own network.

moto forgets the description of a rule whose source is a group or a prefix list, and accepts groups of other VPCs
and prefix lists that do not exist. AWS: DescribeSecurityGroupRules shows every rule's description;
InvalidGroup.NotFound and InvalidPrefixListID.NotFound.
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import security_groups

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Check sources, keep descriptions."""
    rule_class, backend_class = security_groups.SecurityGroupRule, security_groups.SecurityGroupBackend
    plain = rule_class.__init__

    def initialise(self: Moto, *args: Moto, **kwargs: Moto) -> None:
        plain(self, *args, **kwargs)
        listed = args[7] if len(args) > 7 else kwargs.get("prefix_list_id")
        self.vpclab_prefix_list_description = (listed or {}).get("Description")

    def description(self: Moto) -> str | None:
        found: str | None = (
            self.ip_range.get("Description")
            or self.source_group.get("Description")
            or self.vpclab_prefix_list_description
        )
        return found

    corrections.replace(rule_class, "__init__", initialise)
    corrections.replace(rule_class, "description", property(description))
    for direction in ("ingress", "egress"):
        name = f"authorize_security_group_{direction}"
        corrections.replace(backend_class, name, _checked(getattr(backend_class, name)))


def _checked(plain: Moto) -> Moto:
    def authorize(self: Moto, group_name_or_id: str, *args: Moto, **kwargs: Moto) -> Moto:
        own = self.get_security_group_by_name_or_id(group_name_or_id, kwargs.get("vpc_id"))
        for source in kwargs.get("source_groups") or []:
            identifier = source.get("GroupId")
            group = self.get_security_group_from_id(identifier) if identifier else None
            if group is not None and own is not None and group.vpc_id != own.vpc_id:
                raise EC2ClientError(
                    "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
                )
        for listed in kwargs.get("prefix_list_ids") or []:
            if listed["PrefixListId"] not in self.managed_prefix_lists:
                raise EC2ClientError(
                    "InvalidPrefixListID.NotFound",
                    f"The prefix list ID '{listed['PrefixListId']}' does not exist",
                )
        return plain(self, group_name_or_id, *args, **kwargs)

    return authorize
