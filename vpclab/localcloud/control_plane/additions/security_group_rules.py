"""Single rules of a security group: changed by their ids, described anew, and revoked.

moto's ModifySecurityGroupRules changes ranges only, into anything, also into what another rule already says; its
descriptions are lost where a rule has no range; what cannot be revoked is always an error. AWS: EC2 API,
ModifySecurityGroupRules, UpdateSecurityGroupRuleDescriptionsIngress, RevokeSecurityGroupIngress. The text about
another kind of source is AWS's, as users report it; the one about a missing source is from memory.
"""

# ruff: noqa: SLF001 - moto's reading of requests is a private method

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import security_groups
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions.ports import check_ports
from vpclab.localcloud.control_plane.additions.security_group_texts import check_description
from vpclab.localcloud.control_plane.additions.security_groups import (
    asked_rules,
    check_protocol,
    check_sources,
    describe,
    identity,
    named_group,
    rule_text,
)
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_SOURCES = {
    "CidrIpv4": "IPv4 CIDR",
    "CidrIpv6": "IPv6 CIDR",
    "PrefixListId": "prefix list id",
    "ReferencedGroupId": "referenced group id",
}
_KEPT = frozenset({"id", "tags", "filters"})


def correct(corrections: Corrections) -> None:
    """Replace changes, descriptions and revocation."""
    corrections.replace(
        security_groups.SecurityGroupBackend, "modify_security_group_rules", modify_security_group_rules
    )
    for egress, way in ((False, "ingress"), (True, "egress")):
        for name, operation in (
            (f"update_security_group_rule_descriptions_{way}", _describe_anew),
            (f"revoke_security_group_{way}", _revoke),
        ):
            corrections.replace(EC2Response, name, _method(operation, egress=egress))


def _method(operation: Moto, *, egress: bool) -> Moto:
    bound = partial(operation, egress=egress)

    def method(self: Moto) -> Moto:
        return bound(self)

    return method


def modify_security_group_rules(self: Moto, group_id: str, rules: Mapping[str, Mapping[str, Any]]) -> None:
    """Give rules of a group other contents; a source stays of its kind."""
    group = named_group(self, {"GroupId": group_id})
    for identifier, wanted in rules.items():
        rule = group.get_rule(identifier)
        if rule is None:
            raise _unknown(identifier)
        changed = _changed(self, group, rule, wanted)
        others = group.egress_rules if rule.is_egress else group.ingress_rules
        if any(identity(one) == identity(changed) for one in others if one is not rule):
            raise EC2ClientError(
                "InvalidPermission.Duplicate", f'the specified rule "{rule_text(changed)}" already exists'
            )
        vars(rule).update({name: value for name, value in vars(changed).items() if name not in _KEPT})


def _changed(backend: Moto, group: Moto, rule: Moto, wanted: Mapping[str, Any]) -> Moto:
    given = [name for name in _SOURCES if wanted.get(name)]
    if len(given) != 1:
        code = "InvalidParameterCombination" if given else "MissingParameter"
        raise EC2ClientError(code, f"The request must contain exactly one of: {', '.join(_SOURCES)}")
    [source] = given
    if source != (kind := _kind(rule)):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Invalid rule type for security group rule '{rule.id}'. You may not specify a {_SOURCES[source]} for "
            f"an existing {_SOURCES[kind]} rule.",
        )
    protocol, first, last = wanted.get("IpProtocol"), wanted.get("FromPort"), wanted.get("ToPort")
    check_protocol(protocol)
    check_ports(str(protocol), first, last)
    check_description(wanted.get("Description"))
    described = {"Description": wanted["Description"]} if wanted.get("Description") else {}
    ranges = [{"CidrIp": wanted[source], **described}] if source == "CidrIpv4" else []
    groups = [{"GroupId": wanted[source], **described}] if source == "ReferencedGroupId" else []
    lists = [{"PrefixListId": wanted[source], **described}] if source == "PrefixListId" else []
    check_sources(backend, group, groups, lists)
    [changed] = backend._iterate_security_rules(
        protocol, group.id, first, last, ranges, backend._add_source_group(groups, None), lists, rule.is_egress
    )
    return changed


def _kind(rule: Moto) -> str:
    if rule.source_group:
        return "ReferencedGroupId"
    if rule.prefix_list_id:
        return "PrefixListId"
    return "CidrIpv6" if rule.ip_range.get("CidrIpv6") else "CidrIpv4"


def _describe_anew(self: Moto, *, egress: bool) -> Moto:
    group = named_group(self.ec2_backend, self._get_params())
    rules = group.egress_rules if egress else group.ingress_rules
    texts = self._get_param("SecurityGroupRuleDescriptions", [])
    pairs = list(_by_identifier(rules, texts)) if texts else list(_by_contents(self, group, rules, egress=egress))
    for _, text in pairs:
        check_description(text)
    for rule, text in pairs:
        describe(rule, text)
    return ActionResult({"Return": True})


def _by_identifier(rules: Iterable[Moto], texts: Iterable[Mapping[str, str]]) -> Iterator[tuple[Moto, str | None]]:
    known = {rule.id: rule for rule in rules}
    for one in texts:
        identifier = one.get("SecurityGroupRuleId", "")
        if identifier not in known:
            raise _unknown(identifier)
        yield known[identifier], one.get("Description")


def _by_contents(
    response: Moto, group: Moto, rules: Iterable[Moto], *, egress: bool
) -> Iterator[tuple[Moto, str | None]]:
    known = {identity(rule): rule for rule in rules}
    for asked in asked_rules(response, group, egress=egress):
        if identity(asked) not in known:
            raise _not_found()
        yield known[identity(asked)], asked.description


def _revoke(self: Moto, *, egress: bool) -> Moto:
    """Take rules away: all that are named, or none where one is unknown; in a default VPC the known ones."""
    group = named_group(self.ec2_backend, self._get_params())
    rules = group.egress_rules if egress else group.ingress_rules
    identifiers = self._get_param("SecurityGroupRuleIds", [])
    unknown: list[Moto] = []
    if identifiers:
        known = {rule.id: rule for rule in rules}
        for identifier in identifiers:
            if identifier not in known:
                raise _unknown(identifier)
        revoked = [known[identifier] for identifier in identifiers]
    else:
        asked = list(asked_rules(self, group, egress=egress))
        if not asked:
            raise EC2ClientError(
                "MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided."
            )
        present = {identity(rule): rule for rule in rules}
        unknown = [one for one in asked if identity(one) not in present]
        if unknown and not self.ec2_backend.get_vpc(group.vpc_id).is_default:
            raise _not_found()
        revoked = [present[identity(one)] for one in asked if identity(one) in present]
    gone = {rule.id for rule in revoked}
    rules[:] = [rule for rule in rules if rule.id not in gone]
    answer: dict[str, Any] = {"Return": True, "RevokedSecurityGroupRules": [_revoked(rule) for rule in revoked]}
    if unknown:
        answer["UnknownIpPermissions"] = group._flattened_rules(unknown)
    return ActionResult(answer)


def _revoked(rule: Moto) -> dict[str, Any]:
    whole = rule.from_port is None
    return {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.ip_protocol,
        "FromPort": -1 if whole else rule.from_port,
        "ToPort": -1 if whole else rule.to_port,
        "CidrIpv4": rule.ip_range.get("CidrIp"),
        "ReferencedGroupId": rule.source_group.get("GroupId"),
        "PrefixListId": rule.prefix_list_id,
        "Description": rule.description,
    }


def _unknown(identifier: str) -> EC2ClientError:
    return EC2ClientError(
        "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{identifier}' does not exist"
    )


def _not_found() -> EC2ClientError:
    return EC2ClientError(
        "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
    )
