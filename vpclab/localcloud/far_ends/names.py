"""Which address a name has, and who may ask.

Pure: ``Names`` is an index over one ``Network``. A question comes from inside a VPC, or from outside every VPC
(``vpc_id`` None: functions without VpcConfig, and public resolvers). Rules, by their AWS pages:

- VPC guide "DNS attributes for your VPC": internal names exist inside their VPC only.
- PrivateLink guide "Manage DNS names for VPC endpoint services": with private DNS the service's own name means
  the endpoint in the *whole* VPC; endpoint-specific names resolve everywhere, to private addresses.
- PrivateLink guide "Gateway endpoints": names of S3 and DynamoDB keep their public addresses.
- Elastic Load Balancing guide "Internal load balancers", ElastiCache guide "Accessing your cluster": their names
  give private addresses to everybody.
- EC2 guide "Hostname types": the name of a public address gives the private one inside the VPC that has it, if the
  VPC gives names, and the public one to everybody else.
- RDS guide "Working with a DB instance in a VPC": the endpoint's name gives the private address, except for a
  publicly accessible instance when asked from outside its VPC.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from vpclab.localcloud.far_ends import addresses, private_names
from vpclab.localcloud.far_ends.aws_host import DYNAMODB, S3, AwsHost, aws_host
from vpclab.network.host_names import internal_domain, internal_name, named_address, public_name
from vpclab.network.model import DatabaseInstance, EndpointType, Network, NetworkInterface, Vpc, VpcEndpoint

DATABASE_TTL = 5
"""Seconds; RDS keeps it short because a failover moves the name (RDS guide, Multi-AZ failover)."""

CACHE_TTL = 15

DEFAULT_TTL = 60

CHECKIP = "checkip.amazonaws.com"
_DOCUMENTATION_DOMAINS = ("example.com", "example.net", "example.org")
_WELL_KNOWN = frozenset(
    [
        "api.github.com",
        "api.ipify.org",
        "aws.amazon.com",
        "github.com",
        "google.com",
        "httpbin.org",
        "icanhazip.com",
        "ifconfig.me",
        "pypi.org",
        "www.amazon.com",
        "www.google.com",
    ]
)
_INTERNAL_NAME = re.compile(r"ip-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\.(.+)")
_US_EAST_1 = "us-east-1"


@dataclass(frozen=True, slots=True)
class Answer:
    """A name that exists: its IPv4 addresses, and for how many seconds to remember them."""

    addresses: tuple[IPv4Address, ...]
    ttl: int = DEFAULT_TTL


def is_internet_name(name: str) -> bool:
    """Whether the simulated internet has the name.

    It has ``checkip.amazonaws.com``, the example domains of RFC 2606, and whom people ask whether there is a way.
    """
    return (
        name == CHECKIP
        or name in _WELL_KNOWN
        or any(name == domain or name.endswith(f".{domain}") for domain in _DOCUMENTATION_DOMAINS)
    )


def public_address(host: AwsHost, region: str) -> IPv4Address:
    """Return the public address of an AWS name for someone in ``region``.

    S3 and DynamoDB of that Region lie in the ranges of its prefix lists, those of other Regions outside them.
    """
    ranges = {S3: addresses.S3, DYNAMODB: addresses.DYNAMODB}
    within = ranges.get(host.service, addresses.OTHER_SERVICES)
    if host.service in ranges and host.home_region != region:
        within = addresses.OTHER_REGIONS
    return addresses.address_of(host.name, within)


class Names:
    """Answers for one state of the network. ``region`` is where askers outside every VPC are."""

    def __init__(self, network: Network, region: str = _US_EAST_1) -> None:
        self._region = region
        self._vpcs = {vpc.id: vpc for vpc in network.vpcs}
        interfaces = {interface.id: interface for interface in network.network_interfaces}
        self._internal = {(one.vpc_id, one.private_ip): one for one in network.network_interfaces}
        self._public = {one.public_ip: one for one in network.network_interfaces if one.public_ip is not None}
        self._databases = {
            instance.endpoint_address.lower(): (instance, interfaces[instance.network_interface_id])
            for instance in network.databases
            if instance.endpoint_address and instance.network_interface_id in interfaces
        }
        self._targets = dict(_targets(network, interfaces))
        zones = {subnet.id: subnet.availability_zone for subnet in network.subnets}
        self._endpoint_specific: dict[str, tuple[IPv4Address, ...]] = {}
        self._private: dict[str, dict[str, tuple[IPv4Address, ...]]] = {}
        for endpoint in network.vpc_endpoints:
            if endpoint.endpoint_type is EndpointType.INTERFACE and endpoint.state.lower() == "available":
                members = [interfaces[one] for one in endpoint.network_interface_ids if one in interfaces]
                self._add_endpoint(endpoint, members, zones)

    def lookup(self, name: str, vpc_id: str | None) -> Answer | None:
        """Return what a name (any case, no trailing dot) means to an asker; None: there is no such name."""
        name = name.lower()
        private = self._private_addresses(name, vpc_id) or _wildcard(self._endpoint_specific, name)
        if private:
            return Answer(private)
        if name in self._databases:
            return Answer((_database_address(*self._databases[name], vpc_id),), DATABASE_TTL)
        if name in self._targets:
            return self._targets[name]
        if is_internet_name(name):
            return Answer((addresses.address_of(name, addresses.INTERNET),))
        vpc = self._vpcs.get(vpc_id) if vpc_id is not None else None
        host = aws_host(name)
        if host is not None:
            return Answer((public_address(host, vpc.region if vpc else self._region),))
        public = named_address(name)
        return self._internal_answer(name, vpc) if public is None else self._public_answer(public, vpc)

    def pointer(self, address: IPv4Address, vpc_id: str | None) -> str | None:
        """Return the name of a public address, or of a private one of the asker's VPC, for a PTR answer."""
        if address in addresses.ELASTIC:
            holder = self._public.get(address)
            home = self._vpcs.get(holder.vpc_id) if holder is not None else None
            return public_name(address, home.region if home is not None else self._region)
        vpc = self._vpcs.get(vpc_id) if vpc_id is not None else None
        if vpc is None or (vpc.id, address) not in self._internal:
            return None
        return internal_name(address, vpc.region)

    def _add_endpoint(
        self, endpoint: VpcEndpoint, members: list[NetworkInterface], zones: Mapping[str, str]
    ) -> None:
        everywhere = tuple(member.private_ip for member in members)
        for name in endpoint.dns_names:
            first = name.lower().removeprefix("*.").split(".", 1)[0]
            zonal = tuple(
                member.private_ip
                for member in members
                if (zone := zones.get(member.subnet_id)) and first.endswith(f"-{zone}")
            )
            if name.lower().endswith(private_names.ENDPOINT_SPECIFIC_SUFFIX):
                self._endpoint_specific[name.lower()] = zonal or everywhere
        vpc = self._vpcs.get(endpoint.vpc_id)
        if endpoint.private_dns_enabled and vpc and vpc.enable_dns_support and vpc.enable_dns_hostnames:
            for name in private_names.private_names(endpoint.service_name):
                self._private.setdefault(endpoint.vpc_id, {})[name] = everywhere

    def _private_addresses(self, name: str, vpc_id: str | None) -> tuple[IPv4Address, ...] | None:
        if vpc_id is None:
            return None
        return _wildcard(self._private.get(vpc_id, {}), name)

    def _public_answer(self, address: IPv4Address, vpc: Vpc | None) -> Answer | None:
        """Every public address of AWS's has its name, whether in use or not."""
        if address not in addresses.ELASTIC:
            return None
        holder = self._public.get(address)
        at_home = vpc is not None and vpc.enable_dns_hostnames and holder is not None and holder.vpc_id == vpc.id
        return Answer((holder.private_ip if at_home and holder is not None else address,))

    def _internal_answer(self, name: str, vpc: Vpc | None) -> Answer | None:
        match = _INTERNAL_NAME.fullmatch(name)
        if vpc is None or match is None or match[5] != internal_domain(vpc.region):
            return None
        try:
            address = IPv4Address(".".join(match.groups()[:4]))
        except ValueError:
            return None
        return Answer((address,)) if (vpc.id, address) in self._internal else None


def _targets(network: Network, interfaces: Mapping[str, NetworkInterface]) -> Iterator[tuple[str, Answer]]:
    """The names of caches and load balancers, each with the addresses of the interfaces behind it."""
    for cache in network.caches:
        if cache.network_interface_id in interfaces:
            answer = Answer((interfaces[cache.network_interface_id].private_ip,), CACHE_TTL)
            yield from ((name.lower(), answer) for name in cache.host_names)
    for balancer in network.load_balancers:
        members = [interfaces[one] for one in balancer.network_interface_ids if one in interfaces]
        if members:
            yield balancer.dns_name.lower(), Answer(tuple(member.private_ip for member in members))


def _wildcard(names: Mapping[str, tuple[IPv4Address, ...]], name: str) -> tuple[IPv4Address, ...] | None:
    """Return what is said of a name, or else of the closest ``*.`` above it."""
    exact = names.get(name)
    parent = name
    while not exact and "." in parent:
        parent = parent.split(".", 1)[1]
        exact = names.get(f"*.{parent}")
    return exact


def _database_address(instance: DatabaseInstance, interface: NetworkInterface, vpc_id: str | None) -> IPv4Address:
    if instance.publicly_accessible and interface.public_ip is not None and vpc_id != instance.vpc_id:
        return interface.public_ip
    return interface.private_ip
