"""What a target has to do as AWS does it before a statement can be put to the test there."""

from enum import StrEnum


class Capability(StrEnum):
    """Something that a target enforces, or runs, as AWS does.

    ``invocation``: functions run the code that they were given.
    ``attachment``: a function with VpcConfig has network interfaces in its subnets, and its VpcId is filled in.
    ``isolation``: packets that no route, group or ACL lets through are dropped.
    ``authorization``: requests are refused unless policies allow them, and services act with a role's permissions.
    ``policy_grammar``: IAM refuses documents that do not obey the policy grammar.
    ``event_sources``: event source mappings check the function's role, poll, and invoke the function.
    ``notifications``: a bucket's notifications are checked when configured and delivered on upload.
    ``log_delivery``: what functions print arrives in CloudWatch Logs.
    """

    INVOCATION = "invocation"
    ATTACHMENT = "attachment"
    ISOLATION = "isolation"
    AUTHORIZATION = "authorization"
    POLICY_GRAMMAR = "policy_grammar"
    EVENT_SOURCES = "event_sources"
    NOTIFICATIONS = "notifications"
    LOG_DELIVERY = "log_delivery"


NETWORK = frozenset({Capability.INVOCATION, Capability.ISOLATION})
"""What every statement needs that is about where packets go."""


class Enforcement(StrEnum):
    """Whether a target has a capability; ``unknown`` when that could not be found out."""

    ENFORCED = "enforced"
    NOT_ENFORCED = "not_enforced"
    UNKNOWN = "unknown"
