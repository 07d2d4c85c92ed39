"""The address plan of what lies outside every VPC: the simulated internet and AWS's public APIs.

The ranges are those that RFC 5737 keeps for documentation, so hardly anything can be mistaken for a real host.
"""

import hashlib
from ipaddress import IPv4Address, IPv4Network

INTERNET = IPv4Network("198.51.100.0/24")
"""Hosts of the simulated internet: each address answers HTTP and HTTPS."""

INTERNET_RESOLVER = IPv4Address("198.51.100.53")
"""A public resolver, for VPCs and functions whose DNS is not Amazon's."""

PUBLIC_RESOLVERS = tuple(map(IPv4Address, ("1.0.0.1", "1.1.1.1", "8.8.4.4", "8.8.8.8", "9.9.9.9")))
"""Addresses that everybody knows by heart: they resolve and answer like any host of the simulated internet."""

OTHER_SERVICES = IPv4Network("192.0.2.0/26")
"""Every service but S3 and DynamoDB, whatever its Region."""

OTHER_REGIONS = IPv4Network("192.0.2.64/26")
"""S3 and DynamoDB of another Region than the asker's: not in the prefix lists of the asker's Region."""

S3 = IPv4Network("192.0.2.128/26")
"""S3 of the asker's Region, the range of the prefix list ``com.amazonaws.<region>.s3``."""

DYNAMODB = IPv4Network("192.0.2.192/26")
"""DynamoDB of the asker's Region, the range of the prefix list ``com.amazonaws.<region>.dynamodb``."""

ELASTIC = IPv4Network("203.0.113.0/24")
"""Public addresses of interfaces, and what functions without VpcConfig leave from."""

AMAZON_RESOLVER = IPv4Address("169.254.169.253")
"""The Amazon resolver's link-local address, the same in every VPC (VPC guide, AmazonDNS)."""


def address_of(name: str, within: IPv4Network) -> IPv4Address:
    """Return the host address that ``name`` has in a range: always the same, never the range's first or last."""
    digest = hashlib.sha256(name.encode()).digest()
    hosts = within.num_addresses - 2
    return within.network_address + 1 + int.from_bytes(digest[:8]) % hosts


def resolver_of(cidr_block: IPv4Network) -> IPv4Address:
    """Return the Amazon resolver's address in a VPC: the base of the primary range plus two."""
    return cidr_block.network_address + 2


def is_internet(address: IPv4Address) -> bool:
    """Whether a host of the simulated internet has that address."""
    return address in INTERNET or address in PUBLIC_RESOLVERS
