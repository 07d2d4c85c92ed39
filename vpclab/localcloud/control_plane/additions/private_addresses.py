"""Private addresses come from the subnet.

moto draws them at random, for NAT gateways and endpoints not even within the subnet. AWS: the first four and the
last address of a subnet are reserved (VPC guide, subnet-sizing); an address is unique within its subnet; a full
subnet refuses with InsufficientFreeAddressesInSubnet.
"""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_network_interfaces

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_RESERVED_FIRST = 4
_RESERVED_LAST = 1
_CURSOR = "_vpclab_next_offset"


def correct(corrections: Corrections) -> None:
    """Give every new interface an address of its subnet."""
    corrections.wrap(elastic_network_interfaces.NetworkInterface, "__init__", _initialise)


def allocate(backend: Moto, subnet: Moto, wanted: str | None = None) -> IPv4Address:
    """Return a free address of the subnet, or ``wanted`` if it is one; raises EC2's error otherwise.

    Addresses are handed out in turn, not the lowest free one first: a stale packet then meets nobody.
    """
    network = IPv4Network(subnet.cidr_block)
    taken = {IPv4Address(eni.private_ip_address) for eni in backend.enis.values() if eni.subnet.id == subnet.id}
    if wanted is not None:
        return _check(_parsed(wanted), network, taken)
    usable = network.num_addresses - _RESERVED_FIRST - _RESERVED_LAST
    start: int = getattr(subnet, _CURSOR, 0)
    for turn in range(usable):
        offset = (start + turn) % usable
        address = network.network_address + _RESERVED_FIRST + offset
        if address not in taken:
            setattr(subnet, _CURSOR, offset + 1)
            return address
    raise EC2ClientError(
        "InsufficientFreeAddressesInSubnet",
        f"The specified subnet does not have enough free addresses to satisfy the request: {subnet.id} "
        f"({network}) has {usable} usable addresses, all taken.",
    )


def _initialise(
    plain: Moto, self: Moto, ec2_backend: Moto, subnet: Moto, private_ip_address: Moto, *args: Moto, **kwargs: Moto
) -> None:
    if isinstance(subnet, str):
        subnet = ec2_backend.get_subnet(subnet)
    address = allocate(ec2_backend, subnet, _wanted(private_ip_address, args, kwargs))
    args = (None, *args[1:]) if args else args
    kwargs.pop("private_ip_addresses", None)
    plain(self, ec2_backend, subnet, str(address), *args, **kwargs)


def _parsed(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({text}) for parameter privateIpAddress is invalid. Invalid IPv4 address.",
        ) from None


def _check(address: IPv4Address, network: IPv4Network, taken: set[IPv4Address]) -> IPv4Address:
    if address not in network:
        raise EC2ClientError(
            "InvalidParameterValue", f"Address {address} does not fall within the subnet's address range {network}"
        )
    offset = int(address) - int(network.network_address)
    if offset < _RESERVED_FIRST or offset >= network.num_addresses - _RESERVED_LAST:
        raise EC2ClientError("InvalidParameterValue", f"Address {address} is in subnet's reserved address range")
    if address in taken:
        raise EC2ClientError("InvalidIPAddress.InUse", f"The address with IP {address} is in use.")
    return address


def _wanted(primary: Moto, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    if isinstance(primary, list):
        primary = primary[0] if primary else None
    if primary:
        return str(primary)
    listed = (args[0] if args else kwargs.get("private_ip_addresses")) or []
    for one in listed:
        if isinstance(one, str):
            return one
        if one.get("Primary"):
            return str(one["PrivateIpAddress"])
    return None
