"""The names that EC2 gives addresses (VPC guide, "DNS attributes for your VPC"; EC2 guide, "Hostname types")."""

import re
from ipaddress import AddressValueError, IPv4Address

_US_EAST_1 = "us-east-1"
_PUBLIC = re.compile(
    r"ec2-((?:\d{1,3}-){3}\d{1,3})\.(?:compute-1|[a-z]{2}(?:-[a-z]+)+-\d\.compute)\.amazonaws\.com"
)


def internal_domain(region: str) -> str:
    """Return the domain of private names, which is also what resolvers of the Region search."""
    return "ec2.internal" if region == _US_EAST_1 else f"{region}.compute.internal"


def internal_name(address: IPv4Address, region: str) -> str:
    """Return the IP-based private name, for example ``ip-10-0-0-1.ec2.internal``."""
    return f"ip-{_dashed(address)}.{internal_domain(region)}"


def public_name(address: IPv4Address, region: str) -> str:
    """Return the name of a public address, for example ``ec2-203-0-113-7.compute-1.amazonaws.com``."""
    domain = "compute-1" if region == _US_EAST_1 else f"{region}.compute"
    return f"ec2-{_dashed(address)}.{domain}.amazonaws.com"


def named_address(name: str) -> IPv4Address | None:
    """Return the address that is written in a public name of any Region, lower case; None: it is none."""
    match = _PUBLIC.fullmatch(name)
    try:
        return IPv4Address(match[1].replace("-", ".")) if match else None
    except AddressValueError:
        return None


def _dashed(address: IPv4Address) -> str:
    return str(address).replace(".", "-")
