"""Rows: security groups, and their rules as resources of their own.

A group's name, description and VPC are fixed: there is no API call that changes them. A rule's contents change by
ModifySecurityGroupRules, except to which group and direction it belongs (EC2 API reference).
"""

from collections.abc import Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import arn, first, tag, tag_specifications, tags_of
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import (
    NUMBER,
    SET,
    SWITCH,
    TEXT,
    Input,
    Kind,
    ResourceType,
    computed,
    fixed,
    local,
    required,
)

INLINE_RULE = {
    "protocol": required(TEXT),
    "fromPort": required(NUMBER),
    "toPort": required(NUMBER),
    "cidrBlocks": SET,
    "ipv6CidrBlocks": SET,
    "prefixListIds": SET,
    "securityGroups": SET,
    "self": SWITCH,
    "description": TEXT,
}
PEERS = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
EVERYTHING = "-1"


def _create_group(call: Call) -> str:
    answer = call.client.create_security_group(
        GroupName=call.inputs["name"],
        Description=call.inputs["description"],
        **given(call.inputs, VpcId="vpcId"),
        TagSpecifications=tag_specifications(call, "security-group"),
    )
    return str(answer["GroupId"])


def _settle_group(call: Call) -> None:
    group = call.client.describe_security_groups(GroupIds=[call.id])["SecurityGroups"][0]
    # AWS adds a rule that lets everything out; the official plugin takes it away again.
    if group["IpPermissionsEgress"]:
        call.client.revoke_security_group_egress(GroupId=call.id, IpPermissions=group["IpPermissionsEgress"])
    _write_rules(call, frozenset(name for name in ("ingress", "egress") if call.inputs.get(name)))


def _permission(call: Call, rule: Mapping[str, Any]) -> dict[str, Any]:
    described = {"Description": rule["description"]} if rule.get("description") else {}
    permission: dict[str, Any] = {"IpProtocol": rule["protocol"]}
    if rule["protocol"] not in (EVERYTHING, "all"):
        permission |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    for name, (key, inner) in PEERS.items():
        peers = [{inner: value, **described} for value in rule.get(name) or []]
        if name == "securityGroups" and rule.get("self"):
            peers.append({inner: call.id, **described})
        if peers:
            permission[key] = peers
    return permission


def _write_rules(call: Call, changed: frozenset[str]) -> None:
    for direction in ("ingress", "egress"):
        if direction in changed:
            there = [_permission(call, rule) for rule in call.state.get(direction) or []]
            wanted = [_permission(call, rule) for rule in call.inputs.get(direction) or []]
            gone = [permission for permission in there if permission not in wanted]
            new = [permission for permission in wanted if permission not in there]
            if gone:
                getattr(call.client, f"revoke_security_group_{direction}")(GroupId=call.id, IpPermissions=gone)
            if new:
                getattr(call.client, f"authorize_security_group_{direction}")(GroupId=call.id, IpPermissions=new)


def _inline_rules(call: Call, permissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rules as the official plugin groups them: by protocol, ports and description."""
    rules: dict[tuple[str, int, int, str], dict[str, Any]] = {}
    for permission in permissions:
        ports = permission.get("FromPort", 0), permission.get("ToPort", 0)
        for name, (key, inner) in PEERS.items():
            for peer in permission.get(key, []):
                description = peer.get("Description", "")
                rule = rules.setdefault(
                    (permission["IpProtocol"], *ports, description),
                    {
                        "protocol": permission["IpProtocol"],
                        "fromPort": ports[0],
                        "toPort": ports[1],
                        "description": description,
                        "self": False,
                        **{peers: [] for peers in PEERS},
                    },
                )
                if peer[inner] == call.id:
                    rule["self"] = True
                else:
                    rule[name] = sorted({*rule[name], peer[inner]})
    return [rules[key] for key in sorted(rules)]


def _read_group(call: Call) -> dict[str, Any] | None:
    group = first(call.client.describe_security_groups(GroupIds=[call.id])["SecurityGroups"])
    return group and {
        "arn": arn(call, group["OwnerId"], "security-group"),
        "ownerId": group["OwnerId"],
        "name": group["GroupName"],
        "description": group["Description"],
        "vpcId": group.get("VpcId", ""),
        "ingress": _inline_rules(call, group["IpPermissions"]),
        "egress": _inline_rules(call, group["IpPermissionsEgress"]),
        "tagsAll": tags_of(group),
    }


SECURITY_GROUP = ResourceType(
    type_name="aws:ec2/securityGroup:SecurityGroup",
    noun="EC2 Security Group",
    service="ec2",
    inputs={
        "name": Input(replaces=True, named=255),
        "description": Input(default="Managed by Pulumi", replaces=True),
        "vpcId": fixed(computed(TEXT)),
        "ingress": Input(Kind.OBJECTS, computed=True, fields=INLINE_RULE),
        "egress": Input(Kind.OBJECTS, computed=True, fields=INLINE_RULE),
        "revokeRulesOnDelete": local(SWITCH),
    },
    outputs=frozenset({"arn", "ownerId"}),
    create=_create_group,
    settle=_settle_group,
    read=_read_group,
    update=_write_rules,
    delete=lambda call: call.while_in_use(lambda: call.client.delete_security_group(GroupId=call.id)),
    tag=tag,
    missing=frozenset({"InvalidGroup.NotFound", "InvalidGroupId.NotFound"}),
)


def _rule_permission(call: Call) -> dict[str, Any]:
    inputs = call.inputs
    described = given(inputs, Description="description")
    permission = given(inputs, IpProtocol="ipProtocol", FromPort="fromPort", ToPort="toPort")
    for name, key, inner in (
        ("cidrIpv4", "IpRanges", "CidrIp"),
        ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("prefixListId", "PrefixListIds", "PrefixListId"),
        ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if inputs.get(name):
            permission[key] = [{inner: inputs[name], **described}]
    return permission


def _create_rule(call: Call, direction: str) -> str:
    group = call.inputs["securityGroupId"]
    try:
        answer = getattr(call.client, f"authorize_security_group_{direction}")(
            GroupId=group,
            IpPermissions=[_rule_permission(call)],
            TagSpecifications=tag_specifications(call, "security-group-rule"),
        )
    except call.client.exceptions.ClientError as refusal:
        error = refusal.response["Error"]
        if error["Code"] != "InvalidPermission.Duplicate":
            raise
        raise AwsPluginError(
            f"{error['Code']}: {error['Message']}. {group} has this rule from somebody else, as after it was "
            "revoked and authorised again by hand: revoke it, and have this stack make it"
        ) from None
    return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def _read_rule(call: Call) -> dict[str, Any] | None:
    rule = first(call.client.describe_security_group_rules(SecurityGroupRuleIds=[call.id])["SecurityGroupRules"])
    if rule is None:
        return None
    everything = rule["IpProtocol"] == EVERYTHING
    return {
        "arn": arn(call, rule.get("GroupOwnerId") or call.account, "security-group-rule"),
        "securityGroupRuleId": call.id,
        "securityGroupId": rule["GroupId"],
        "description": rule.get("Description"),
        "ipProtocol": rule["IpProtocol"],
        "fromPort": None if everything else rule.get("FromPort"),
        "toPort": None if everything else rule.get("ToPort"),
        "cidrIpv4": rule.get("CidrIpv4"),
        "cidrIpv6": rule.get("CidrIpv6"),
        "prefixListId": rule.get("PrefixListId"),
        "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
        "tagsAll": tags_of(rule),
    }


def _update_rule(call: Call, _: frozenset[str]) -> None:
    rule = given(
        call.inputs,
        IpProtocol="ipProtocol",
        FromPort="fromPort",
        ToPort="toPort",
        CidrIpv4="cidrIpv4",
        CidrIpv6="cidrIpv6",
        PrefixListId="prefixListId",
        ReferencedGroupId="referencedSecurityGroupId",
        Description="description",
    )
    call.client.modify_security_group_rules(
        GroupId=call.inputs["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": call.id, "SecurityGroupRule": rule}],
    )


def _delete_rule(call: Call, direction: str) -> None:
    getattr(call.client, f"revoke_security_group_{direction}")(
        GroupId=call.state["securityGroupId"], SecurityGroupRuleIds=[call.id]
    )


def _rule_row(direction: str) -> ResourceType:
    name = f"SecurityGroup{direction.capitalize()}Rule"
    return ResourceType(
        type_name=f"aws:vpc/s{name[1:]}:{name}",
        noun=f"VPC Security Group {direction.capitalize()} Rule",
        service="ec2",
        inputs={
            "securityGroupId": fixed(required(TEXT)),
            "ipProtocol": required(TEXT),
            "fromPort": NUMBER,
            "toPort": NUMBER,
            "cidrIpv4": TEXT,
            "cidrIpv6": TEXT,
            "prefixListId": TEXT,
            "referencedSecurityGroupId": TEXT,
            "description": TEXT,
        },
        outputs=frozenset({"arn", "securityGroupRuleId"}),
        create=lambda call: _create_rule(call, direction),
        read=_read_rule,
        update=_update_rule,
        delete=lambda call: _delete_rule(call, direction),
        tag=tag,
        missing=frozenset({"InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound"}),
    )


ROWS = (SECURITY_GROUP, _rule_row("ingress"), _rule_row("egress"))
