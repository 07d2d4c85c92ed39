"""Endpoint policies other than full access are refused: nothing here would enforce them.

moto records any text. AWS (PrivateLink guide, vpc-endpoints-access) applies the policy to every request through
the endpoint; without one, full access is allowed.
"""

from moto.ec2.exceptions import EC2ClientError

from vpclab.authorization import MalformedPolicyError, Statement, parse_policy

_ANYBODY = frozenset({"*", "AWS:*"})


def check_policy(document: str | None) -> None:
    """Return for no policy and for full access; raise EC2's error for every other."""
    if not document:
        return
    try:
        statements = parse_policy(document).statements
    except MalformedPolicyError as error:
        raise EC2ClientError("InvalidPolicyDocument", f"The policy document is invalid: {error}") from None
    if not all(_is_full_access(one) for one in statements):
        raise EC2ClientError(
            "UnsupportedOperation",
            "Endpoint policies other than full access are refused by the local cloud, because nothing would "
            "enforce them: leave PolicyDocument out.",
        )


def _is_full_access(statement: Statement) -> bool:
    unconditional = statement.allow and not statement.conditional
    positive = not statement.not_actions and not statement.not_resources
    everything = statement.actions == ("*",) and statement.resources == ("*",)
    return unconditional and positive and everything and bool(_ANYBODY & set(statement.principals))
