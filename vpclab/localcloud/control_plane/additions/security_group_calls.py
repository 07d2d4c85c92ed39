"""Calls that change a security group's rules hold as a whole or not at all.

moto applies the permissions of a request one by one, keeps those before the one that fails, answers with the rules
of the last one, and says of a duplicate only that there is one. AWS: EC2 API, AuthorizeSecurityGroupIngress
(``SecurityGroupRules`` lists every rule that was added; InvalidPermission.Duplicate names the rule).
"""

# ruff: noqa: SLF001 - moto's reading of requests is a private method

from collections.abc import Callable, Iterator
from functools import partial

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions.ports import check_ports
from vpclab.localcloud.control_plane.additions.security_groups import identity
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_CHANGES = (
    "revoke_security_group_ingress",
    "revoke_security_group_egress",
    "modify_security_group_rules",
    "update_security_group_rule_descriptions_ingress",
    "update_security_group_rule_descriptions_egress",
)


def correct(corrections: Corrections) -> None:
    """Undo what a failing call has done so far; check what is added before anything is."""
    for change in _CHANGES:
        corrections.wrap(EC2Response, change, _whole)
    for egress, way in ((False, "ingress"), (True, "egress")):
        corrections.wrap(EC2Response, f"authorize_security_group_{way}", partial(_authorize, egress=egress))


def _whole(plain: Callable[[Moto], Moto], self: Moto) -> Moto:
    group = _group(self)
    if group is None:
        return plain(self)
    ingress, egress = list(group.ingress_rules), list(group.egress_rules)
    before = [(rule, dict(vars(rule))) for rule in (*ingress, *egress)]
    try:
        return plain(self)
    except Exception:
        group.ingress_rules[:], group.egress_rules[:] = ingress, egress
        for rule, state in before:
            vars(rule).clear()
            vars(rule).update(state)
        raise


def _authorize(plain: Callable[[Moto], Moto], self: Moto, *, egress: bool) -> Moto:
    group = _group(self)
    if group is None:
        return plain(self)
    rules = group.egress_rules if egress else group.ingress_rules
    _check_duplicates(self, group, {identity(rule) for rule in rules}, egress=egress)
    before = {id(rule) for rule in rules}
    _whole(plain, self)
    added = [rule for rule in (group.egress_rules if egress else group.ingress_rules) if id(rule) not in before]
    return ActionResult({"Return": True, "SecurityGroupRules": added})


def _group(response: Moto) -> Moto:
    named = response._get_param("GroupId") or response._get_param("GroupName")
    return response.ec2_backend.get_security_group_by_name_or_id(named) if named else None


def _check_duplicates(response: Moto, group: Moto, existing: set[tuple[object, ...]], *, egress: bool) -> None:
    asked = set()
    for rule in _asked(response, group, egress=egress):
        key = identity(rule)
        if key in asked:
            raise EC2ClientError("InvalidParameterValue", "The same permission must not appear multiple times")
        if key in existing:
            raise EC2ClientError(
                "InvalidPermission.Duplicate", f'the specified rule "{_text(rule)}" already exists'
            )
        asked.add(key)


def _asked(response: Moto, group: Moto, *, egress: bool) -> Iterator[Moto]:
    for given in response._process_rules_from_querystring():
        if given["ip_protocol"] is None:
            continue  # refused when it is carried out
        check_ports(given["ip_protocol"], given["from_port"], given["to_port"])
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


def _text(rule: Moto) -> str:
    peer = rule.ip_range.get("CidrIp") or rule.source_group.get("GroupId") or rule.prefix_list_id
    protocol = str(rule.ip_protocol).upper()
    if protocol == "-1":
        return f"peer: {peer}, ALL, ALLOW"
    return f"peer: {peer}, {protocol}, from port: {rule.from_port}, to port: {rule.to_port}, ALLOW"
