"""Ranges are stored in their canonical form.

moto keeps ``10.0.0.5/8`` as it was typed. AWS modifies a range to its canonical form (EC2 API, CreateVpc,
CreateRoute: 100.68.0.18/18 becomes 100.68.0.0/18) and refuses what is none.
"""

import re
from ipaddress import IPv4Network
from urllib.parse import urlencode

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest

_RANGE = re.compile(
    r"(?:CidrBlock|DestinationCidrBlock|CidrIp|IpPermissions\.\d+\.IpRanges\.\d+\.CidrIp"
    r"|SecurityGroupRule\.\d+\.SecurityGroupRule\.CidrIpv4|(?:Entry|AddEntry|RemoveEntry)\.\d+\.Cidr)"
)


def canonical(request: ApiRequest) -> ApiRequest:
    """Return the request with every range in canonical form. ApiError: one of them is no IPv4 range."""
    changed = {}
    for name, value in request.parameters.items():
        if _RANGE.fullmatch(name):
            try:
                found = str(IPv4Network(value, strict=False))
            except ValueError:
                raise _refusal(name, value) from None
            if "/" not in value:
                raise _refusal(name, value)
            if found != value:
                changed[name] = found
    if not changed:
        return request
    return request.with_body(urlencode({**request.parameters, **changed}).encode())


def _refusal(name: str, value: str) -> ApiError:
    if "CidrIp" in name:
        return ApiError("InvalidParameterValue", f"CIDR block {value} is malformed")
    return ApiError(
        "InvalidParameterValue",
        f"Value ({value}) for parameter {name[0].lower()}{name[1:]} is invalid. This is not a valid CIDR block.",
    )
