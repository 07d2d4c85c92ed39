"""Elastic addresses are associated with one interface, and stay with it while it is in use.

moto lets NAT gateways lose theirs, associates in VPCs without an internet gateway, and moves an address only where
it is told to. AWS (EC2 API, AssociateAddress, DisassociateAddress, ReleaseAddress): moving is the default.
"""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_ip_addresses
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_REASSOCIATION = "AllowReassociation"
FOR_ITS_GATEWAY = "vpclab_takes_its_own_address"
"""Set on a NAT gateway's interface while the gateway itself gives it its address."""


def correct(corrections: Corrections) -> None:
    """Check before moto associates, disassociates or releases an address."""
    backend_class = elastic_ip_addresses.ElasticAddressBackend
    corrections.wrap(backend_class, "associate_address", _associate)
    corrections.wrap(backend_class, "disassociate_address", _disassociate)
    corrections.wrap(backend_class, "release_address", _release)
    corrections.wrap(EC2Response, "associate_address", _associate_call)


def _associate_call(plain: Moto, self: Moto) -> Moto:
    if self._get_param(_REASSOCIATION) is None:
        self.params[_REASSOCIATION] = True
    return plain(self)


def _associate(plain: Moto, self: Moto, instance: Moto = None, eni: Moto = None, **given: Moto) -> Moto:
    found = _find(self, given)
    if found.eni is not None and found.eni is not eni and found.eni.requester_managed:
        raise _not_yours()
    if instance is not None and eni is None:
        eni = _primary_interface(instance)
    if eni is not None:
        instance = eni.instance
        _check_interface(self, eni, found)
        if found.eni is eni:
            return found  # idempotent
        for other in [one for one in self.addresses if one.eni is eni and one is not found]:
            if not given.get("reassociate"):
                raise EC2ClientError(
                    "Resource.AlreadyAssociated",
                    f"resource {eni.id} is already associated with {other.allocation_id}",
                )
            self.disassociate_address(address=other.public_ip)
    if found.eni is not None and found.eni is not eni and given.get("reassociate"):
        found.eni.public_ip = None
    return plain(self, instance, eni, **given)


def _disassociate(plain: Moto, self: Moto, **given: Moto) -> None:
    found = _find(self, given)
    if found.eni is not None and found.eni.requester_managed:
        raise _not_yours()
    plain(self, **given)


def _release(plain: Moto, self: Moto, **given: Moto) -> None:
    found = _find(self, given)
    if found.eni is not None:
        if found.eni.requester_managed:
            raise _not_yours()
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {found.public_ip} is in use.")
    plain(self, **given)


def _check_interface(backend: Moto, eni: Moto, address: Moto) -> None:
    if not any(igw.vpc and igw.vpc.id == eni.vpc_id for igw in backend.internet_gateways.values()):
        raise EC2ClientError(
            "Gateway.NotAttached", f"Network {eni.vpc_id} is not attached to any internet gateway"
        )
    if eni.requester_managed and address.eni is not eni and not getattr(eni, FOR_ITS_GATEWAY, False):
        raise _not_yours()


def _primary_interface(instance: Moto) -> Moto:
    if not instance.nics:
        raise EC2ClientError(
            "IncorrectInstanceState", f"The instance '{instance.id}' is not in a valid state for this operation."
        )
    return instance.nics[0]


def _find(backend: Moto, given: dict[str, Any]) -> Moto:
    if address := given.get("address"):
        return backend.address_by_ip([address])[0]
    if allocation_id := given.get("allocation_id"):
        return backend.address_by_allocation([allocation_id])[0]
    return backend.address_by_association([given.get("association_id")])[0]


def _not_yours() -> EC2ClientError:
    return EC2ClientError("AuthFailure", "You do not have permission to access the specified resource.")
