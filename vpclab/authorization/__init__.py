"""May this principal do that? A pure evaluator of IAM policy documents.

Modelled: Effect, Action and NotAction, Resource and NotResource with wildcards, Principal of a trust policy; an
explicit deny wins, everything else is an implicit deny (IAM guide, reference_policies_evaluation-logic).
Not modelled, and said so when the answer depends on it: Condition, policy variables.
"""

from vpclab.authorization.decision import Decision, NotModelledError, decide
from vpclab.authorization.policy import MalformedPolicyError, Policy, Statement, parse_policy
from vpclab.authorization.trust import service_may_assume

__all__ = [
    "Decision",
    "MalformedPolicyError",
    "NotModelledError",
    "Policy",
    "Statement",
    "decide",
    "parse_policy",
    "service_may_assume",
]
