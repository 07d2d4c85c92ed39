"""NAT gateways: their interface, their Elastic IP address, and the ones that cannot work.

moto makes one available in any VPC, leaves its interface behind, and stores no connectivity type. AWS (VPC guide,
nat-gateway-basics and nat-gateway-troubleshooting): a public one needs an internet gateway in its VPC and an
address that is free, any a free address of its subnet, else it ends ``failed``; deleting it frees its interface
and disassociates its address; it stays visible as ``deleted``.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import nat_gateways
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_nat_gateway_id

from vpclab.localcloud.control_plane.additions import managed_interfaces
from vpclab.localcloud.control_plane.additions.address_associations import FOR_ITS_GATEWAY
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

GONE = frozenset({"failed", "deleting", "deleted"})
"""States in which a NAT gateway forwards nothing and holds no interface."""

_SERVICE = managed_interfaces.Service("nat_gateway")
_FULL = "InsufficientFreeAddressesInSubnet"
_FIRST_STATE = "CreateNatGatewayResult.NatGateway.State"


class _FailureError(Exception):
    """Why a gateway cannot work: FailureCode and FailureMessage."""


def correct(corrections: Corrections) -> None:
    """Replace creation and deletion; know every gateway that is asked for."""
    backend_class = nat_gateways.NatGatewayBackend
    corrections.wrap(backend_class, "create_nat_gateway", _create)
    corrections.wrap(backend_class, "delete_nat_gateway", _delete)
    corrections.wrap(backend_class, "describe_nat_gateways", _describe)
    corrections.wrap(EC2Response, "create_nat_gateway", _with_its_token)
    corrections.replace_item(EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER, _FIRST_STATE, lambda _: "pending")


def _with_its_token(plain: Moto, self: Moto) -> Moto:
    made = plain(self)
    made.result["ClientToken"] = self._get_param("ClientToken")
    return made


def _create(
    _plain: Moto,
    self: Moto,
    *,
    subnet_id: str,
    allocation_id: str | None,
    tags: dict[str, str] | None,
    connectivity_type: str | None,
) -> Moto:
    subnet = self.get_subnet(subnet_id)
    address = _address(self, allocation_id, connectivity_type)
    gateway = nat_gateways.NatGateway.__new__(nat_gateways.NatGateway)
    gateway.id = random_nat_gateway_id()
    gateway.ec2_backend = self
    gateway.subnet_id = subnet_id
    gateway.vpc_id = subnet.vpc_id
    gateway.connectivity_type = connectivity_type or "public"
    gateway.state = "available"
    gateway._created_at = utcnow()
    gateway._eni = gateway.private_ip = None
    gateway.add_tags(tags or {})
    try:
        _check(gateway, address)
        _connect(gateway, subnet, address)
    except _FailureError as failure:
        gateway.state = "failed"
        gateway.failure_code, gateway.failure_message = failure.args
        gateway.address_set = [{"allocationId": allocation_id}] if allocation_id else []
    self.nat_gateways[gateway.id] = gateway
    return gateway


def _check(gateway: Moto, address: Moto) -> None:
    """Raise why a gateway will end ``failed``, by the codes of NatGateway's FailureCode (EC2 API)."""
    gateways = gateway.ec2_backend.internet_gateways.values()
    attached = any(one.vpc and one.vpc.id == gateway.vpc_id for one in gateways)
    if gateway.connectivity_type == "public" and not attached:
        raise _FailureError("Gateway.NotAttached", f"Network {gateway.vpc_id} has no internet gateway attached")
    if address is not None and address.eni is not None:
        raise _FailureError(
            "Resource.AlreadyAssociated", f"Elastic IP address [{address.allocation_id}] is already associated"
        )


def _connect(gateway: Moto, subnet: Moto, address: Moto) -> None:
    backend = gateway.ec2_backend
    try:
        interface = managed_interfaces.make(backend, subnet, _SERVICE, f"Interface for NAT Gateway {gateway.id}")
    except EC2ClientError as error:
        if error.code != _FULL:
            raise
        raise _FailureError(_FULL, "Subnet has insufficient free addresses to create this NAT gateway") from None
    interface.source_dest_check = False
    gateway._eni = interface
    gateway.private_ip = interface.private_ip_address
    entry: dict[str, Any] = {
        "networkInterfaceId": interface.id,
        "privateIp": interface.private_ip_address,
        "isPrimary": True,
    }
    if address is not None:
        setattr(interface, FOR_ITS_GATEWAY, True)
        backend.associate_address(eni=interface, allocation_id=address.allocation_id)
        entry |= {
            "allocationId": address.allocation_id,
            "publicIp": address.public_ip,
            "associationId": address.association_id,
            "status": "succeeded",
        }
    gateway.address_set = [entry]


def _address(backend: Moto, allocation_id: str | None, connectivity_type: str | None) -> Moto:
    if connectivity_type not in {None, "public", "private"}:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({connectivity_type}) for parameter connectivityType is invalid. Use public or private",
        )
    if connectivity_type == "private":
        if allocation_id:
            raise EC2ClientError(
                "InvalidParameterCombination", "A private NAT gateway takes no AllocationId: leave it out."
            )
        return None
    if not allocation_id:
        raise EC2ClientError(
            "MissingParameter", "The request must contain the parameter AllocationId for a public NAT gateway"
        )
    return backend.address_by_allocation([allocation_id])[0]


def _delete(_plain: Moto, self: Moto, nat_gateway_id: str) -> Moto:
    gateway = _find(self, nat_gateway_id)
    if gateway._eni is not None:
        managed_interfaces.remove(self, gateway._eni.id)
    if gateway.state != "deleted":
        gateway.state, gateway.delete_time = "deleted", utcnow()
    return gateway


def _describe(plain: Moto, self: Moto, filters: Moto, nat_gateway_ids: list[str] | None) -> Moto:
    for identifier in nat_gateway_ids or []:
        _find(self, identifier)
    return plain(self, filters, nat_gateway_ids)


def _find(backend: Moto, nat_gateway_id: str) -> Moto:
    gateway = backend.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        raise EC2ClientError("NatGatewayNotFound", f"NatGateway {nat_gateway_id} was not found")
    return gateway
