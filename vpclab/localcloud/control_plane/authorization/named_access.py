"""What operations of EC2, RDS, ElastiCache, load balancing and the rest need, read off the published ARN formats.

Every required type of resource of an action must be allowed, and every optional one that the request names. A new
resource has no id yet: AWS asks for it as ``vpc/*``. Where the request names a resource by something else than
what its ARN holds, it is not told which.
"""

import re
from collections.abc import Mapping
from functools import cache

from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked
from vpclab.localcloud.control_plane.authorization.published import (
    is_published,
    is_service_published,
    types_of,
)

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PLACE = frozenset({"Partition", "Region", "Account"})
_MAKING = ("Allocate", "Create", "Register", "Request", "Run")
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    # EC2
    "DhcpOptionsId": ("DhcpOptionsId",),
    "ElasticIpId": ("AllocationId",),
    "AllocationId": ("AllocationId",),
    "ImageId": ("ImageId",),
    "InstanceId": ("InstanceId",),
    "InternetGatewayId": ("InternetGatewayId",),
    "NaclId": ("NetworkAclId",),
    "NatGatewayId": ("NatGatewayId",),
    "NetworkInterfaceId": ("NetworkInterfaceId",),
    "PrefixListId": ("PrefixListId",),
    "RouteTableId": ("RouteTableId",),
    "SecurityGroupId": ("GroupId", "SecurityGroupId"),
    "SubnetId": ("SubnetId",),
    "VpcEndpointId": ("VpcEndpointId",),
    "VpcId": ("VpcId",),
    # RDS
    "DbInstanceName": ("DBInstanceIdentifier",),
    "SubnetGroupName": ("DBSubnetGroupName",),
    "ParameterGroupName": ("DBParameterGroupName",),
    # ElastiCache
    "CacheClusterId": ("CacheClusterId",),
    "CacheSubnetGroupName": ("CacheSubnetGroupName",),
    "CacheParameterGroupName": ("CacheParameterGroupName",),
    "ReplicationGroupId": ("ReplicationGroupId",),
}
_ARNS = (
    "ListenerArn",
    "LoadBalancerArn",
    "ResourceArn",
    "ResourceName",
    "RuleArn",
    "TargetGroupArn",
)
_PREFIXES = {"monitoring": "cloudwatch"}


def accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation needs."""
    action = f"{_PREFIXES.get(asked.service, asked.service)}:{asked.operation}"
    if asked.operation and not is_service_published(action.partition(":")[0]):
        return (Access(action, None),)
    if not asked.operation or not is_published(action):
        return (Access(None, None),)
    types = types_of(action)
    if not types:
        return (Access(action),)
    needed: list[Access] = []
    untold = False
    for template, required in types.items():
        arns = _arns(asked, template)
        if arns:
            needed += [asked.access(action, arn) for arn in arns]
        elif required:
            made = _made(asked, template)
            untold = untold or made is None
            needed.append(Access(action, made))
    if untold or not needed:
        return (Access(action, None),)
    return tuple(needed)


def _arns(asked: Asked, template: str) -> list[str]:
    """The ARNs of this format that a request names, by their own parameters or by what the format leaves open."""
    pattern = _pattern(template)
    found = [arn for arn in asked.given.all(*_ARNS) if pattern.fullmatch(arn)]
    variables = [one for one in _VARIABLE.findall(template) if one not in _PLACE]
    if len(variables) == 1:
        names = _PARAMETERS.get(variables[0], ())
        found += [_filled(asked, template, value) for value in asked.given.all(*names)]
    return found


@cache
def _pattern(template: str) -> re.Pattern[str]:
    literal = _VARIABLE.sub("\0", template)
    return re.compile(".+".join(re.escape(one) for one in literal.split("\0")))


def _made(asked: Asked, template: str) -> str | None:
    return _filled(asked, template, "*") if asked.operation.startswith(_MAKING) else None


def _filled(asked: Asked, template: str, value: str) -> str:
    place = {"Partition": "aws", "Region": asked.region, "Account": asked.account}
    return _VARIABLE.sub(lambda found: place.get(found[1], value), template)
