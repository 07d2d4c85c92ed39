"""Elastic and public addresses come from 203.0.113.0/24 (RFC 5737), never from a range of somebody else.

moto draws Elastic addresses from 127.0.0.0/8. One pool serves all accounts and Regions, as the internet does.
203.0.113.240/28 is left out: functions without VpcConfig leave from there.
"""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends, elastic_ip_addresses

from vpclab.localcloud.control_plane.corrections import Corrections

POOL = IPv4Network("203.0.113.0/24")
AWS_OWNED = IPv4Network("203.0.113.240/28")

_USABLE = tuple(address for address in POOL.hosts() if address not in AWS_OWNED)


def correct(corrections: Corrections) -> None:
    """Have AllocateAddress take the next free address of the pool, and refuse to give up one in use."""
    plain = elastic_ip_addresses.ElasticAddress.__init__
    cursor = _Cursor()

    def initialise(self: Any, ec2_backend: Any, domain: str, address: str | None = None, tags: Any = None) -> None:  # noqa: ANN401
        taken = _taken()
        if address is None:
            chosen = cursor.next(taken)
        else:
            chosen = IPv4Address(address)
            if chosen not in _USABLE or chosen in taken:
                raise EC2ClientError("InvalidAddress.NotFound", f"Address '{address}' not found.")
        plain(self, ec2_backend, domain="vpc", address=str(chosen), tags=tags)
        del domain  # EC2-Classic is gone: every address is for VPCs

    corrections.replace(elastic_ip_addresses.ElasticAddress, "__init__", initialise)
    _correct_use(corrections)


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


def _taken() -> set[IPv4Address]:
    return {
        IPv4Address(address.public_ip)
        for regions in list(ec2_backends.values())
        for backend in list(regions.values())
        for address in backend.addresses
    }


def _correct_use(corrections: Corrections) -> None:
    backend_class = elastic_ip_addresses.ElasticAddressBackend
    release, associate, disassociate = (
        backend_class.release_address,
        backend_class.associate_address,
        backend_class.disassociate_address,
    )

    def find(self: Any, address: str | None, allocation_id: str | None) -> Any:  # noqa: ANN401
        found = self.address_by_ip([address]) if address else self.address_by_allocation([allocation_id])
        return found[0]

    def release_address(self: Any, address: str | None = None, allocation_id: str | None = None) -> None:  # noqa: ANN401
        found = find(self, address, allocation_id)
        if found.eni is not None:
            if found.eni.requester_managed:
                raise EC2ClientError("AuthFailure", "You do not have permission to access the specified resource.")
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {found.public_ip} is in use.")
        release(self, address=address, allocation_id=allocation_id)

    def associate_address(
        self: Any,  # noqa: ANN401
        instance: Any = None,  # noqa: ANN401
        eni: Any = None,  # noqa: ANN401
        address: str | None = None,
        allocation_id: str | None = None,
        reassociate: bool = False,  # noqa: FBT001, FBT002 - moto's signature
    ) -> Any:  # noqa: ANN401
        found = find(self, address, allocation_id)
        if eni is not None:
            if not any(igw.vpc and igw.vpc.id == eni.vpc_id for igw in self.internet_gateways.values()):
                raise EC2ClientError(
                    "Gateway.NotAttached", f"Network {eni.vpc_id} is not attached to any internet gateway"
                )
            if eni.requester_managed and found.eni is not eni and not getattr(eni, "vpclab_own_address", False):
                raise EC2ClientError("AuthFailure", "You do not have permission to access the specified resource.")
            for other in self.addresses:
                if other.eni is eni and other is not found:
                    if not reassociate:
                        raise EC2ClientError(
                            "Resource.AlreadyAssociated",
                            f"resource {eni.id} is already associated with {other.allocation_id}",
                        )
                    disassociate(self, address=other.public_ip)
        if found.eni is not None and found.eni is not eni and reassociate:
            found.eni.public_ip = None
        return associate(
            self, instance, eni, address=address, allocation_id=allocation_id, reassociate=reassociate
        )

    def disassociate_address(self: Any, address: str | None = None, association_id: str | None = None) -> None:  # noqa: ANN401
        found = self.address_by_ip([address]) if address else self.address_by_association([association_id])
        if found[0].eni is not None and found[0].eni.requester_managed:
            raise EC2ClientError("AuthFailure", "You do not have permission to access the specified resource.")
        disassociate(self, address=address, association_id=association_id)

    corrections.replace(backend_class, "release_address", release_address)
    corrections.replace(backend_class, "associate_address", associate_address)
    corrections.replace(backend_class, "disassociate_address", disassociate_address)
