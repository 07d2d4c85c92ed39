"""May this principal do that? A pure evaluator of IAM's policies.

``authorize`` decides one request over all its policies and says which statements matched; ``denial_reason`` words
a refusal as AWS does. What is modelled and what is not: docs/authorization.md.
"""

from vpclab.authorization.denial import denial_reason
from vpclab.authorization.evaluation import authorize
from vpclab.authorization.grammar import check_identity_policy, check_resource_policy, check_trust_policy
from vpclab.authorization.policies import NamedPolicy, Policies, PolicyKind
from vpclab.authorization.policy import Condition, MalformedPolicyError, Policy, Statement, parse_policy
from vpclab.authorization.principal import Principal, PrincipalKind
from vpclab.authorization.published import (
    PublishedAction,
    UnknownServiceError,
    condition_keys,
    is_service,
    known_actions,
    published_action,
    resource_types,
)
from vpclab.authorization.request import Request
from vpclab.authorization.verdict import Decision, Match, NotModelledError, Verdict

__all__ = [
    "Condition",
    "Decision",
    "MalformedPolicyError",
    "Match",
    "NamedPolicy",
    "NotModelledError",
    "Policies",
    "Policy",
    "PolicyKind",
    "Principal",
    "PrincipalKind",
    "PublishedAction",
    "Request",
    "Statement",
    "UnknownServiceError",
    "Verdict",
    "authorize",
    "check_identity_policy",
    "check_resource_policy",
    "check_trust_policy",
    "condition_keys",
    "denial_reason",
    "is_service",
    "known_actions",
    "parse_policy",
    "published_action",
    "resource_types",
]
