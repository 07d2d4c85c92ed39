"""Application load balancers: interfaces in their subnets, a name of AWS's shape, and what cannot be.

moto's load balancers have no interfaces, share one number in their names, take subnets of one zone or of several
VPCs, and are deleted under protection. AWS: Application Load Balancer guide, "Subnets for your load balancer" and
"Security groups"; Elastic Load Balancing API reference.
"""

import hashlib
import re
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2 import models
from moto.elbv2.exceptions import (
    DuplicateLoadBalancerName,
    ELBClientError,
    LoadBalancerNotFoundError,
    SubnetNotFoundError,
)

from vpclab.localcloud.control_plane.additions import managed_interfaces
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

REQUESTER = "amazon-elb"
INTERFACES = "vpclab_interface_ids"
"""On a load balancer: the id of its interface by subnet."""

_SERVICE = managed_interfaces.Service("interface", REQUESTER, attachment_owner=REQUESTER)
_NAME = re.compile(r"(?!internal-)(?=.{1,32}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_LEAST_ZONES = 2
_PROTECTION = "deletion_protection.enabled"


def correct(corrections: Corrections) -> None:
    """Check before, make and take interfaces after."""
    backend_class = models.ELBv2Backend
    corrections.wrap(backend_class, "create_load_balancer", _create)
    corrections.wrap(backend_class, "delete_load_balancer", _delete)
    corrections.wrap(backend_class, "set_security_groups", _set_groups)
    corrections.wrap(backend_class, "set_subnets", _set_subnets)


def all_of_everybody() -> list[tuple[Moto, Moto]]:
    """Return each load balancer, with its backend before it."""
    return [
        (backend, one)
        for regions in list(models.elbv2_backends.values())
        for backend in list(regions.values())
        for one in list(backend.load_balancers.values())
    ]


def description(arn: str) -> str:
    """Return how DescribeNetworkInterfaces describes its interfaces: ``ELB app/<name>/<id>``."""
    return f"ELB {arn.partition(':loadbalancer/')[2]}"


def _network(backend: Moto) -> Moto:
    return ec2_backends[backend.account_id][backend.region_name]


def _create(
    plain: Moto, self: Moto, name: str, security_groups: list[str], subnet_ids: list[str], **given: Moto
) -> Moto:
    if not _NAME.fullmatch(name):
        raise ELBClientError(
            "ValidationError",
            f"The load balancer name '{name}' must have at most 32 letters, digits and single hyphens, not begin "
            "or end with a hyphen, and not begin with 'internal-'.",
        )
    if any(one.name == name for one in self.load_balancers.values()):
        raise DuplicateLoadBalancerName
    network = _network(self)
    wanted = [*(subnet_ids or ()), *(one["SubnetId"] for one in given.pop("subnet_mappings", None) or ())]
    subnets = _subnets(network, wanted)
    groups = _groups(network, subnets[0].vpc_id, security_groups)
    given["loadbalancer_type"] = "application"
    balancer = plain(self, name, groups, wanted, **given)
    digest = hashlib.sha256(balancer.arn.encode()).digest()
    balancer.dns_name = (
        f"internal-{name}-{int.from_bytes(digest[:4]) % 10**10:010d}.{self.region_name}.elb.amazonaws.com"
    )
    balancer.attrs |= {"load_balancing.cross_zone.enabled": "true", "idle_timeout.timeout_seconds": "60"}
    setattr(balancer, INTERFACES, {})
    try:
        _follow(self, balancer)
    except Exception:
        _remove(self, balancer, getattr(balancer, INTERFACES))
        self.load_balancers.pop(balancer.arn)
        raise
    return balancer


def _follow(backend: Moto, balancer: Moto) -> None:
    """Have an interface in each subnet of the load balancer and in no other."""
    network, interfaces = _network(backend), getattr(balancer, INTERFACES)
    wanted = {subnet.id: subnet for subnet in balancer.subnets}
    for subnet_id in wanted.keys() - interfaces.keys():
        made = managed_interfaces.make(
            network, wanted[subnet_id], _SERVICE, description(balancer.arn), balancer.security_groups
        )
        interfaces[subnet_id] = made.id
    _remove(backend, balancer, interfaces.keys() - wanted.keys())


def _remove(backend: Moto, balancer: Moto, subnet_ids: Any) -> None:  # noqa: ANN401 - any collection
    interfaces = getattr(balancer, INTERFACES)
    for subnet_id in list(subnet_ids):
        managed_interfaces.remove(_network(backend), interfaces.pop(subnet_id))


def _delete(plain: Moto, self: Moto, arn: str) -> None:
    balancer = self.load_balancers.get(arn)
    if balancer is not None:
        if balancer.attrs.get(_PROTECTION) == "true":
            raise ELBClientError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        _remove(self, balancer, getattr(balancer, INTERFACES))
    plain(self, arn)


def _set_groups(plain: Moto, self: Moto, arn: str, sec_groups: list[str]) -> None:
    balancer = _find(self, arn)
    network = _network(self)
    groups = _groups(network, balancer.vpc_id, sec_groups)
    plain(self, arn, groups)
    for interface_id in getattr(balancer, INTERFACES).values():
        managed_interfaces.set_groups(network, interface_id, groups)


def _set_subnets(
    plain: Moto, self: Moto, arn: str, subnets: list[str], subnet_mappings: list[dict[str, Any]]
) -> Moto:
    balancer = _find(self, arn)
    wanted = _subnets(_network(self), [*subnets, *(one["SubnetId"] for one in subnet_mappings)])
    if wanted[0].vpc_id != balancer.vpc_id:
        raise ELBClientError(
            "InvalidSubnet", f"The subnets must be in the VPC of the load balancer, {balancer.vpc_id}."
        )
    zones = plain(self, arn, subnets, subnet_mappings)
    _follow(self, balancer)
    return zones


def _find(backend: Moto, arn: str) -> Moto:
    balancer = backend.load_balancers.get(arn)
    if balancer is None:
        raise LoadBalancerNotFoundError
    return balancer


def _subnets(network: Moto, identifiers: list[str]) -> list[Moto]:
    known = {one.id: one for one in network.describe_subnets()}
    missing = [one for one in identifiers if one not in known]
    if missing:
        raise ELBClientError("SubnetNotFound", f"The subnet ID '{missing[0]}' does not exist")
    if not identifiers:
        raise SubnetNotFoundError
    subnets = [known[one] for one in identifiers]
    if len({one.vpc_id for one in subnets}) > 1:
        raise ELBClientError("InvalidConfigurationRequest", "All subnets must be in one VPC.")
    zones = [one.availability_zone for one in subnets]
    if len(set(zones)) < len(zones):
        raise ELBClientError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if len(zones) < _LEAST_ZONES:
        raise ELBClientError(
            "ValidationError", "At least two subnets in two different Availability Zones must be specified"
        )
    return subnets


def _groups(network: Moto, vpc_id: str, wanted: list[str]) -> list[str]:
    if not wanted:
        return [network.get_default_security_group(vpc_id).id]
    for identifier in wanted:
        group = network.get_security_group_from_id(identifier)
        if group is None:
            raise ELBClientError(
                "InvalidSecurityGroup", f"One or more security groups are invalid: {identifier} does not exist"
            )
        if group.vpc_id != vpc_id:
            raise ELBClientError(
                "InvalidConfigurationRequest",
                f"One or more security groups are invalid: {identifier} is in another VPC than the subnets",
            )
    return list(wanted)
