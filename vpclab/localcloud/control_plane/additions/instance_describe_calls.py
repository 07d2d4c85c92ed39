"""Describe calls whose answers moto makes otherwise: instances by reservation, zones, Regions, account attributes.

moto knows some filters of instances only, and ignores names of account attributes. AWS: EC2 API,
DescribeInstances, DescribeAvailabilityZones, DescribeRegions, DescribeAccountAttributes.
"""

# ruff: noqa: SLF001 - the answer's list is a private attribute of moto's

import copy
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions import describe_calls
from vpclab.localcloud.control_plane.additions.instance_listings import INSTANCES, OF_RESERVATIONS
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_NO_OPT_IN = "opt-in-not-required"
_NOT_OPTED_IN = "not-opted-in"
_DEFAULT_VPC = "default-vpc"


def correct(corrections: Corrections) -> None:
    """Replace the answers; ``describe_calls`` puts filters and pages around most of them."""
    corrections.replace(EC2Response, "describe_instances", _describe_instances)  # moto's pages, and filters some
    corrections.wrap(EC2Response, "describe_regions", _describe_regions)
    corrections.wrap(EC2Response, "describe_account_attributes", _describe_account_attributes)
    corrections.replace(Zone, "opt_in_status", property(lambda _: _NO_OPT_IN))
    corrections.replace(Zone, "network_border_group", property(lambda zone: zone.region_name))
    corrections.replace(Zone, "group_name", property(lambda zone: f"{zone.region_name}-zg-1"))


def _describe_instances(self: Moto) -> Moto:
    wanted = list(self._get_param("InstanceIds", []))
    given = self._filters_from_querystring()
    tests = [describe_calls.test(INSTANCES, name, values) for name, values in given.items() if not _outer(name)]
    outer = [
        describe_calls.test_path(_reservation_shape(), OF_RESERVATIONS[name], values)
        for name, values in given.items()
        if _outer(name)
    ]
    limit = describe_calls.limit(INSTANCES, self._get_param("MaxResults"), wanted)
    describe_calls.without_filters(self)
    reservations = _every(self.ec2_backend, wanted)
    found = [one for one in reservations if all(test(one) for test in outer)]
    kept = [_with(one, [item for item in one.instances if all(test(item) for test in tests)]) for one in found]
    page, token = describe_calls.page(
        INSTANCES, [one for one in kept if one.instances], limit, self._get_param("NextToken")
    )
    return ActionResult({"Reservations": page, "NextToken": token})


def _every(backend: Moto, wanted: list[str]) -> list[Any]:
    """Every reservation, or those of the instances that are named; EC2's error where one is not there."""
    known = {one.id for reservation in backend.reservations.values() for one in reservation.instances}
    missing = [one for one in wanted if one not in known]
    if len(missing) > 1:
        raise EC2ClientError(INSTANCES.unknown[0], f"The instance IDs '{', '.join(missing)}' do not exist")
    if missing:
        raise EC2ClientError(INSTANCES.unknown[0], INSTANCES.unknown[1].format(missing[0]))
    every = list(backend.reservations.values())
    if not wanted:
        return every
    return [_with(one, [item for item in one.instances if item.id in wanted]) for one in every]


def _outer(name: str) -> bool:
    return name in OF_RESERVATIONS


def _reservation_shape() -> Moto:
    return describe_calls.item_shape(INSTANCES)


def _with(reservation: Moto, instances: list[Any]) -> Moto:
    changed = copy.copy(reservation)
    changed.instances = instances
    return changed


def _describe_regions(plain: Callable[[Moto], Moto], self: Moto) -> Moto:
    answer = plain(self)
    if str(self._get_param("AllRegions")).lower() != "true" and not self._get_param("RegionNames", []):
        regions = answer._result["Regions"]
        answer._result["Regions"] = [one for one in regions if one.opt_in_status != _NOT_OPTED_IN]
    return answer


def _describe_account_attributes(plain: Callable[[Moto], Moto], self: Moto) -> Moto:
    wanted = self._get_param("AttributeNames", [])
    attributes = {one["AttributeName"]: one for one in plain(self)._result["AccountAttributes"]}
    if unknown := [one for one in wanted if one not in attributes]:
        raise EC2ClientError(
            "InvalidParameterValue", f"Value ({unknown[0]}) for parameter attributeName is invalid."
        )
    default = self.ec2_backend.get_default_vpc()
    attributes[_DEFAULT_VPC]["AttributeValues"] = [{"AttributeValue": default.id if default else "none"}]
    found = [one for name, one in attributes.items() if not wanted or name in wanted]
    return ActionResult({"AccountAttributes": found})
