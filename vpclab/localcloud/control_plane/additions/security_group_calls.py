"""Calls that change a security group's rules hold as a whole or not at all.

moto applies the permissions of a request one by one, keeps those before the one that fails, answers with the rules
of the last one, and says of a duplicate only that there is one. AWS: EC2 API, AuthorizeSecurityGroupIngress
(``SecurityGroupRules`` lists every rule that was added; InvalidPermission.Duplicate names the rule).
"""

import copy
from collections.abc import Callable
from functools import partial

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import security_groups
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions.security_groups import (
    asked_rules,
    identity,
    named_group,
    rule_text,
)
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

MOST_RULES = 60
"""Of one direction (VPC guide, "Amazon VPC quotas"); a prefix list counts as its maximum of entries."""

_AWS_MANAGED_WEIGHT = 1
"""Of the lists of S3 and DynamoDB (VPC guide, "AWS-managed prefix list weight")."""


def correct(corrections: Corrections) -> None:
    """Undo what a failing call has done so far; check what is added before anything is."""
    corrections.wrap(EC2Response, "modify_security_group_rules", _whole)
    for egress, way in ((False, "ingress"), (True, "egress")):
        corrections.wrap(EC2Response, f"authorize_security_group_{way}", partial(_authorize, egress=egress))
    corrections.replace(
        security_groups.SecurityGroupBackend,
        "_verify_group_will_respect_rule_count_limit",
        lambda *_given, **_named: None,  # counted below, with prefix lists
    )


def weight(backend: Moto, rule: Moto) -> int:
    """How much of a group's room a rule takes."""
    listed = backend.managed_prefix_lists.get(rule.prefix_list_id) if rule.prefix_list_id else None
    if listed is None:
        return 1
    return _AWS_MANAGED_WEIGHT if listed.owner_id == "AWS" else int(listed.max_entries)


def _whole(plain: Callable[[Moto], Moto], self: Moto) -> Moto:
    group = named_group(self.ec2_backend, self._get_params())
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
    group = named_group(self.ec2_backend, self._get_params())
    rules = group.egress_rules if egress else group.ingress_rules
    asked = list(asked_rules(self, group, egress=egress))
    if not asked:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter ipPermissions")
    _check_duplicates(asked, {identity(rule) for rule in rules})
    if sum(weight(self.ec2_backend, rule) for rule in (*rules, *asked)) > MOST_RULES:
        raise EC2ClientError(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        )
    before = {id(rule) for rule in rules}
    _whole(plain, self)
    added = [rule for rule in (group.egress_rules if egress else group.ingress_rules) if id(rule) not in before]
    return ActionResult({"Return": True, "SecurityGroupRules": [_answered(rule) for rule in added]})


def _answered(rule: Moto) -> Moto:
    """The rule as the call lists it: of every port, it has the ports -1."""
    shown = copy.copy(rule)
    if shown.from_port is None:
        shown.from_port = shown.to_port = -1
    return shown


def _check_duplicates(asked: list[Moto], existing: set[tuple[object, ...]]) -> None:
    seen = set()
    for rule in asked:
        key = identity(rule)
        if key in seen:
            raise EC2ClientError("InvalidParameterValue", "The same permission must not appear multiple times")
        if key in existing:
            raise EC2ClientError(
                "InvalidPermission.Duplicate", f'the specified rule "{rule_text(rule)}" already exists'
            )
        seen.add(key)
