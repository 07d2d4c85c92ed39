"""Elastic and public addresses come from 203.0.113.0/24 (RFC 5737), never from a range of somebody else.

moto draws Elastic addresses from 127.0.0.0/8, and says of none to which pool it belongs. One pool serves all
accounts and Regions, as the internet does.
203.0.113.240/28 is left out: functions without VpcConfig leave from there.
"""

from ipaddress import IPv4Address, IPv4Network

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends, elastic_ip_addresses

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

POOL = IPv4Network("203.0.113.0/24")
AWS_OWNED = IPv4Network("203.0.113.240/28")

_USABLE = tuple(address for address in POOL.hosts() if address not in AWS_OWNED)


def correct(corrections: Corrections) -> None:
    """Have AllocateAddress take the next free address of the pool."""

    def initialise(  # noqa: PLR0913, PLR0917 - moto's parameters
        plain: Moto, self: Moto, ec2_backend: Moto, domain: str, address: str | None = None, tags: Moto = None
    ) -> None:
        del domain  # EC2-Classic is gone: every address is for VPCs
        taken = _taken()
        if address is None:
            chosen = _CURSOR.next(taken)
        else:
            try:
                chosen = IPv4Address(address)
            except ValueError:
                raise EC2ClientError("InvalidParameterValue", f"Invalid value '{address}' for address") from None
            if chosen not in _USABLE or chosen in taken:
                raise EC2ClientError("InvalidAddress.NotFound", f"Address '{address}' not found.")
        plain(self, ec2_backend, domain="vpc", address=str(chosen), tags=tags)

    address_class = elastic_ip_addresses.ElasticAddress
    corrections.wrap(address_class, "__init__", initialise)
    corrections.replace(address_class, "public_ipv4_pool", "amazon")
    corrections.replace(address_class, "network_border_group", property(lambda self: self.ec2_backend.region_name))


class _Cursor:
    """Hands addresses out in turn, so that a released one rests before it is used again."""

    def __init__(self) -> None:
        self._start = 0

    def next(self, taken: set[IPv4Address]) -> IPv4Address:
        for turn in range(len(_USABLE)):
            index = (self._start + turn) % len(_USABLE)
            if _USABLE[index] not in taken:
                self._start = index + 1
                return _USABLE[index]
        raise EC2ClientError(
            "AddressLimitExceeded",
            f"The maximum number of addresses has been reached: all {len(_USABLE)} of {POOL} are allocated.",
        )


_CURSOR = _Cursor()


def next_address() -> str:
    """Take a free address for an interface that gets one automatically. EC2's error: there is none left."""
    return str(_CURSOR.next(_taken()))


def _taken() -> set[IPv4Address]:
    backends = [backend for regions in list(ec2_backends.values()) for backend in list(regions.values())]
    elastic = {address.public_ip for backend in backends for address in backend.addresses}
    automatic = {eni.public_ip for backend in backends for eni in backend.enis.values() if eni.public_ip}
    return {IPv4Address(address) for address in elastic | automatic}
