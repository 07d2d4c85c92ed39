"""moto's objects as the network's facts. Read in this process, because it is asked after every change.

The same facts come out of describe calls (``vpclab.network.snapshot``); a test holds the two equal, so what the
kernel is made to do is what the API says. What cannot be read concerns its VPC at most (``inventory_reading``).
"""

from collections.abc import Iterator
from functools import partial

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from vpclab.localcloud.control_plane import inventory_targets, inventory_vpcs
from vpclab.localcloud.control_plane.additions import block_public_access, caches, instances
from vpclab.localcloud.control_plane.additions import load_balancers as balancers
from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.localcloud.control_plane.inventory_reading import Part, Reading
from vpclab.localcloud.network_refusal import NetworkRefusal
from vpclab.network.block_public_access import BlockPublicAccess
from vpclab.network.model import Network, NetworkAcl, Subnet


class Inventory:
    """Everything, of all accounts and Regions, in the order in which it was made; remembers its last reading."""

    def __init__(self) -> None:
        self._last = Network()
        self._unread: frozenset[str] = frozenset()

    def read(self) -> tuple[Network, NetworkRefusal | None]:
        """Return the network, and what of it is as it was because it cannot be read."""
        reading, last = Reading(self._last, self._unread), self._last
        ec2 = [backend for regions in list(ec2_backends.values()) for backend in list(regions.values())]
        acls, subnets = _boundaries(reading, ec2)
        network = Network(
            vpcs=tuple(
                fact
                for one in ec2
                for fact in reading.of_vpcs(
                    _named(one.vpcs, itself=True),
                    partial(inventory_vpcs.vpc, account=one.account_id, region=one.region_name),
                )
            ),
            subnets=subnets,
            route_tables=reading.of_vpcs(_all(ec2, "route_tables"), inventory_vpcs.route_table),
            internet_gateways=reading.of_vpcs(_all(ec2, "internet_gateways"), inventory_vpcs.internet_gateway),
            nat_gateways=reading.of_vpcs(_all(ec2, "nat_gateways"), inventory_vpcs.nat_gateway),
            security_groups=reading.of_vpcs(_groups(ec2), inventory_vpcs.security_group),
            network_acls=acls,
            network_interfaces=reading.of_vpcs(_all(ec2, "enis"), inventory_vpcs.interface),
            vpc_endpoints=reading.of_vpcs(_all(ec2, "vpc_end_points"), inventory_vpcs.endpoint),
            prefix_lists=reading.alone(
                _all(ec2, "managed_prefix_lists"),
                inventory_vpcs.prefix_list,
                last.prefix_lists,
                lambda fact: fact.id,
            ),
            databases=reading.alone(
                _databases(), lambda one: inventory_targets.database(*one), last.databases, lambda fact: fact.arn
            ),
            caches=reading.alone(
                _caches(), lambda one: inventory_targets.cache(*one), last.caches, lambda fact: fact.arn
            ),
            load_balancers=reading.alone(
                _load_balancers(), inventory_targets.load_balancer, last.load_balancers, lambda fact: fact.arn
            ),
            target_groups=reading.alone(
                _target_groups(), inventory_targets.target_group, last.target_groups, lambda fact: fact.arn
            ),
            instances=reading.alone(
                _instances(ec2), inventory_targets.instance, last.instances, lambda fact: fact.id
            ),
            block_public_access=tuple(_block_public_access(reading, ec2, last)),
        )
        exist = frozenset(vpc_id for one in ec2 for vpc_id in one.vpcs)
        self._unread = frozenset(reading.unread)
        self._last, refusal = reading.result(network, exist)
        return self._last, refusal


def _boundaries(reading: Reading, ec2: list[Moto]) -> tuple[tuple[NetworkAcl, ...], tuple[Subnet, ...]]:
    """Read the network ACLs, and the subnets that they guard."""
    acls = reading.of_vpcs(_all(ec2, "network_acls"), inventory_vpcs.network_acl)
    guarding = {subnet_id: acl.id for acl in acls for subnet_id in acl.subnet_ids}
    zones = [Part(name, item) for one in ec2 for zone in one.subnets.values() for name, item in zone.items()]
    return acls, reading.of_vpcs(zones, partial(inventory_vpcs.subnet, guarding=guarding))


def _named(items: dict[str, Moto], *, itself: bool = False) -> Iterator[Part]:
    for name, item in items.items():
        yield Part(name, item, name if itself else None)


def _all(backends: list[Moto], attribute: str) -> Iterator[Part]:
    for backend in backends:
        yield from _named(getattr(backend, attribute))


def _groups(backends: list[Moto]) -> Iterator[Part]:
    for backend in backends:
        for vpc_id, groups in backend.groups.items():
            for name, group in groups.items():
                yield Part(name, group, vpc_id)


def _databases() -> Iterator[Part]:
    for account, regions in list(rds_backends.items()):
        for region, backend in list(regions.items()):
            for name, instance in list(backend.databases.items()):
                yield Part(f"arn:aws:rds:{region}:{account}:db:{name}", (account, region, instance))


def _caches() -> Iterator[Part]:
    for account, region, cluster in caches.clusters():
        yield Part(cluster.arn, (account, region, cluster))


def _load_balancers() -> Iterator[Part]:
    for _, balancer in balancers.all_of_everybody():
        yield Part(balancer.arn, balancer)


def _target_groups() -> Iterator[Part]:
    for regions in list(elbv2_backends.values()):
        for backend in list(regions.values()):
            for arn, group in list(backend.target_groups.items()):
                yield Part(arn, group)


def _instances(backends: list[Moto]) -> Iterator[Part]:
    for backend in backends:
        for one in instances.all_of(backend):
            yield Part(one.id, one)


def _block_public_access(reading: Reading, backends: list[Moto], last: Network) -> Iterator[BlockPublicAccess]:
    """Read the blocks; one that cannot be read concerns all VPCs of its account and Region."""
    for backend in backends:
        try:
            blocking = block_public_access.fact(backend)
            hash(blocking)
        except Exception as error:  # noqa: BLE001 - whatever it is, other accounts have nothing to do with it
            for vpc_id in backend.vpcs:
                reading.refuse(vpc_id, "vpc-block-public-access-options", error)
            place = backend.account_id, backend.region_name
            blocking = next((one for one in last.block_public_access if (one.owner_id, one.region) == place), None)
        if blocking is not None:
            yield blocking
