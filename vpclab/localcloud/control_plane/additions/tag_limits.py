"""Tags have limits, and belong to what a call makes.

moto takes any key and value, and drops tags for other resources than the one that is made. AWS: EC2 guide, "Tag
restrictions" (128 and 256 characters, 50 tags, no ``aws:`` of one's own); EC2 API, TagSpecification; RDS guide,
"Tagging Amazon RDS resources". Most sentences are from memory.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from moto.rds import models
from moto.rds.exceptions import (
    DBInstanceNotFoundError,
    DBParameterGroupNotFoundError,
    DBSubnetGroupNotFoundError,
    RDSClientError,
)

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest, is_reading
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_TAG = re.compile(r"(?:TagSpecifications?\.(\d+)\.|Tags\.)?(?:Tags?|member)\.(\d+)\.(Key|Value)")
_KIND = re.compile(r"TagSpecifications?\.\d+\.ResourceType")
_SERVICES = frozenset({"ec2", "elasticache", "elasticloadbalancing", "rds"})
_LONGEST_KEY, _LONGEST_VALUE, _MOST = 128, 256, 50
_RESERVED = "aws:"
_TAGGABLE: Mapping[str, tuple[str, ...]] = {
    "AllocateAddress": ("elastic-ip",),
    "AuthorizeSecurityGroupEgress": ("security-group-rule",),
    "AuthorizeSecurityGroupIngress": ("security-group-rule",),
    "CreateDhcpOptions": ("dhcp-options",),
    "CreateInternetGateway": ("internet-gateway",),
    "CreateManagedPrefixList": ("prefix-list",),
    "CreateNatGateway": ("natgateway",),
    "CreateNetworkAcl": ("network-acl",),
    "CreateNetworkInterface": ("network-interface",),
    "CreateRouteTable": ("route-table",),
    "CreateSecurityGroup": ("security-group",),
    "CreateSubnet": ("subnet",),
    "CreateVpc": ("vpc",),
    "CreateVpcBlockPublicAccessExclusion": ("vpc-block-public-access-exclusion",),
    "CreateVpcEndpoint": ("vpc-endpoint",),
    "RunInstances": ("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu"),
}
_OF_RDS = {
    "db": DBInstanceNotFoundError,
    "pg": DBParameterGroupNotFoundError,
    "subgrp": DBSubnetGroupNotFoundError,
}


def correct(corrections: Corrections) -> None:
    """Have RDS say what is not there to be tagged."""
    corrections.wrap(models.RDSBackend, "_get_resource_for_tagging", _tagged)


def check(request: ApiRequest, action: str) -> None:
    """Raise the error of a call that makes tags which cannot be; return for every other call."""
    if request.service not in _SERVICES or is_reading(action) or action.startswith(("Delete", "Remove")):
        return
    keys = Counter[tuple[str, str]]()
    for specification, part, text in _parts(request):
        (_check_key if part == "Key" else _check_value)(text)
        if part == "Key":
            keys[specification, text] += 1
    _check_together(keys)
    if request.service == "ec2":
        _check_halves(request)
        _check_kinds(request, action)
        if action == "CreateTags" and not keys:
            raise ApiError("MissingParameter", "The request must contain the parameter TagSet")


def _check_key(text: str) -> None:
    if not 0 < len(text) <= _LONGEST_KEY:
        raise _invalid(f"Tag keys must be between 1 and {_LONGEST_KEY} characters in length")
    if text.lower().startswith(_RESERVED):
        raise _invalid(
            "Value ( aws: ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal "
            "use"
        )


def _check_value(text: str) -> None:
    if len(text) > _LONGEST_VALUE:
        raise _invalid(f"Tag value exceeds the maximum length of {_LONGEST_VALUE} characters")


def _check_together(keys: Counter[tuple[str, str]]) -> None:
    for (_, key), count in keys.items():
        if count > 1:
            raise _invalid(f"Duplicate tag key '{key}' specified.")
    if any(count > _MOST for count in Counter(specification for specification, _ in keys).values()):
        raise ApiError("TagLimitExceeded", f"The maximum number of Tags for a resource has been reached: {_MOST}.")


def _parts(request: ApiRequest) -> Iterator[tuple[str, str, str]]:
    """Each key and value: the number of its specification, which of both it is, and the text."""
    for name, text in request.parameters.items():
        if found := _TAG.fullmatch(name):
            yield found[1] or "", found[3], text


def _check_halves(request: ApiRequest) -> None:
    """A tag of EC2 has a key and a value, which may be empty (EC2 API, CreateTags)."""
    for name in request.parameters:
        if found := _TAG.fullmatch(name):
            other = name.removesuffix(found[3]) + ("Value" if found[3] == "Key" else "Key")
            if other not in request.parameters:
                raise ApiError("MissingParameter", f"The request must contain the parameter {other}")


def _check_kinds(request: ApiRequest, action: str) -> None:
    taggable = _TAGGABLE.get(action)
    for name, kind in request.parameters.items():
        if taggable is not None and _KIND.fullmatch(name) and kind not in taggable:
            raise _invalid(f"'{kind}' is not a valid taggable resource type for this operation.")


def _invalid(text: str) -> ApiError:
    return ApiError("InvalidParameterValue", text)


def _tagged(plain: Moto, self: Moto, arn: str) -> Moto:
    found = plain(self, arn)
    if found is not None:
        return found
    kind, name = arn.split(":", 6)[5:]
    raise _OF_RDS.get(kind, _unknown)(name)


def _unknown(name: str) -> RDSClientError:
    return RDSClientError("InvalidParameterValue", f"There is no resource {name} of RDS that could have tags.")
