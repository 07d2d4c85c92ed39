"""Identifiers of EC2 that cannot be any are malformed, not unknown.

moto says of either that it does not exist, or fails. AWS: EC2 API, "Client error codes" (those that end in
``.Malformed``; kinds that have no such code are unknown); the sentence is that of users' reports.
"""

import re
from collections.abc import Iterator, Mapping

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest

_CODES: Mapping[str, tuple[str, str]] = {
    "DhcpOptionsId": ("dopt", "InvalidDhcpOptionsId.Malformed"),
    "GroupId": ("sg", "InvalidGroupId.Malformed"),
    "ImageId": ("ami", "InvalidAMIID.Malformed"),
    "InstanceId": ("i", "InvalidInstanceID.Malformed"),
    "NatGatewayId": ("nat", "NatGatewayMalformed"),
    "NetworkInterfaceId": ("eni", "InvalidNetworkInterfaceId.Malformed"),
    "PrefixListId": ("pl", "InvalidPrefixListId.Malformed"),
    "RouteTableId": ("rtb", "InvalidRouteTableId.Malformed"),
    "SecurityGroupRuleId": ("sgr", "InvalidSecurityGroupRuleId.Malformed"),
    "VpcEndpointId": ("vpce", "InvalidVpcEndpointId.Malformed"),
}
"""Of each kind: how its identifiers begin, and the error's code."""

_NUMBERED = re.compile(r"(?:.+\.)?([A-Za-z]\w*?)(?:\.\d+)?")
_DIGITS = r"-[0-9a-f]{8,17}"
_NO_OPTIONS = ("DhcpOptionsId", "default")
_NAMES = {"SecurityGroupId": "GroupId", "AddSecurityGroupId": "GroupId", "RemoveSecurityGroupId": "GroupId"}


def check(request: ApiRequest, action: str) -> None:
    """Raise the error of a request that names what cannot be an identifier; return for every other."""
    if request.service != "ec2" or action.startswith(("CreateTags", "DeleteTags", "DescribeTags")):
        return
    for kind, text in _identifiers(request.parameters):
        prefix, code = _CODES[kind]
        if not re.fullmatch(prefix + _DIGITS, text) and (kind, text) != _NO_OPTIONS:
            raise ApiError(code, f'Invalid id: "{text}" (expecting "{prefix}-...")')


def _identifiers(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in parameters.items():
        found = _NUMBERED.fullmatch(name)
        last = found[1] if found else ""
        kind = _NAMES.get(last, last)
        if kind in _CODES and text and not name.startswith("Filter"):
            yield kind, text
