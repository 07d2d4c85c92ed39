"""Policies of VPC endpoints: checked when they are set.

moto records any text. AWS (PrivateLink guide, vpc-endpoints-access): without a policy, full access is allowed;
what the policy does not allow is refused by the service that was called, as an error of its API. The requests are
judged in ``control_plane.authorization``; here policies are refused whose answers it could never tell.
"""

from moto.ec2.exceptions import EC2ClientError

from vpclab.authorization import MalformedPolicyError, Statement, check_resource_policy, parse_policy

_ANYBODY = frozenset({"*", "AWS:*"})


def check_policy(document: str | None) -> None:
    """Return for no policy and for one that can be enforced; raise EC2's error else."""
    if not document:
        return
    try:
        check_resource_policy(document)
        statements = parse_policy(document).statements
    except MalformedPolicyError as error:
        raise EC2ClientError("InvalidPolicyDocument", f"The policy document is invalid: {error}") from None
    for statement in statements:
        if reason := _not_modelled(statement):
            raise EC2ClientError(
                "UnsupportedOperation",
                f"This endpoint policy is refused by the local cloud, because {reason}.",
            )


def _not_modelled(statement: Statement) -> str | None:
    if statement.not_principals or not _ANYBODY & set(statement.principals):
        return 'only the Principal "*" is modelled for endpoints: name principals by aws:PrincipalArn'
    if not statement.resources:
        return "a statement of an endpoint policy needs a Resource"
    return None
