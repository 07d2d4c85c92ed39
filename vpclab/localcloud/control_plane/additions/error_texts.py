"""Refusals of unknown identifiers in AWS's words, and tags that are AWS's own.

moto says ``VpcID {'vpc-1'} does not exist.`` and accepts reserved tags. AWS: EC2 API, "Client error codes"; EC2
guide, "Tag restrictions".
"""

from moto.ec2 import exceptions
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.tags import TagBackend

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_TEXTS = (
    (exceptions.InvalidVPCIdError, "InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    (
        exceptions.InvalidInternetGatewayIdError,
        "InvalidInternetGatewayID.NotFound",
        "The internetGateway ID '{}' does not exist",
    ),
    (
        exceptions.InvalidVpcCidrBlockAssociationIdError,
        "InvalidVpcCidrBlockAssociationID.NotFound",
        "The vpc CIDR block association ID '{}' does not exist",
    ),
    (exceptions.InvalidAddressError, "InvalidAddress.NotFound", "Address '{}' not found."),
    (exceptions.InvalidAllocationIdError, "InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist"),
    (
        exceptions.InvalidAssociationIdError,
        "InvalidAssociationID.NotFound",
        "The association ID '{}' does not exist",
    ),
    (
        exceptions.InvalidNetworkAclIdError,
        "InvalidNetworkAclID.NotFound",
        "The networkAcl ID '{}' does not exist",
    ),
    (
        exceptions.InvalidDHCPOptionsIdError,
        "InvalidDhcpOptionID.NotFound",
        "The dhcpOption ID '{}' does not exist",
    ),
)
_RESERVED = "aws:"


def correct(corrections: Corrections) -> None:
    """Word the errors, refuse the tags."""
    for error_class, code, text in _TEXTS:
        corrections.replace(error_class, "__init__", _initialiser(code, text))
    corrections.wrap(TagBackend, "create_tags", _create_tags)


def _initialiser(code: str, text: str) -> Moto:
    def initialise(self: Moto, named: Moto) -> None:
        several = isinstance(named, (list, tuple, set, frozenset))
        EC2ClientError.__init__(self, code, text.format(", ".join(sorted(named)) if several else named))

    return initialise


def _create_tags(plain: Moto, self: Moto, resource_ids: list[str], tags: dict[str, str]) -> Moto:
    if any(key.lower().startswith(_RESERVED) for key in tags):
        raise EC2ClientError(
            "InvalidParameterValue",
            "Value ( aws: ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal "
            "use",
        )
    return plain(self, resource_ids, tags)
