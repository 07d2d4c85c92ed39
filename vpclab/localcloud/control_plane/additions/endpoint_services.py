"""Which services have endpoints: every documented filter of DescribeVpcEndpointServices, with wildcards.

moto knows some of the filters, fails at one of them, and compares exactly. AWS: EC2 API,
DescribeVpcEndpointServices; all services here are Amazon's, in their Region, and speak IPv4.
"""

from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import vpcs

from vpclab.localcloud.control_plane.additions.describe_calls import matches
from vpclab.localcloud.control_plane.corrections import Corrections

_Service = Mapping[str, Any]
_TAG = "tag:"
_VALUES: Mapping[str, Callable[[_Service], list[str]]] = {
    "owner": lambda service: [service["Owner"]],
    "service-name": lambda service: [service["ServiceName"]],
    "service-region": lambda service: [service["ServiceName"].split(".")[2]],
    "service-type": lambda service: [one["ServiceType"] for one in service["ServiceType"]],
    "supported-ip-address-types": lambda _: ["ipv4"],
    "tag-key": lambda service: [one["Key"] for one in service["Tags"]],
}


def correct(corrections: Corrections) -> None:
    """Replace moto's filter."""
    corrections.replace(vpcs.VPCBackend, "_filter_endpoint_services", staticmethod(_chosen))


def _chosen(names: list[str], filters: list[dict[str, Any]], services: list[_Service]) -> list[_Service]:
    tests = [_test(one["Name"], [str(value) for value in one.get("Values", [])]) for one in filters]
    return [
        service
        for service in services
        if (not names or service["ServiceName"] in names) and all(test(service) for test in tests)
    ]


def _test(name: str, patterns: list[str]) -> Callable[[_Service], bool]:
    if name.startswith(_TAG):
        key = name.removeprefix(_TAG)
        return lambda service: any(
            one["Key"] == key and matches(pattern, one["Value"]) for one in service["Tags"] for pattern in patterns
        )
    values = _VALUES.get(name)
    if values is None:
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return lambda service: any(matches(pattern, value) for value in values(service) for pattern in patterns)
