"""NAT gateways: their interface, their Elastic IP address, and the ones that cannot work.

moto makes one available in any VPC, leaves its interface behind, and stores no connectivity type. AWS (VPC guide,
nat-gateway-basics and nat-gateway-troubleshooting): a public one needs an internet gateway in its VPC, else it
ends ``failed``; deleting it frees its interface and disassociates its address; it stays visible as ``deleted``.
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import nat_gateways
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions import managed_interfaces
from vpclab.localcloud.control_plane.additions.address_associations import FOR_ITS_GATEWAY
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

GONE = frozenset({"failed", "deleting", "deleted"})
"""States in which a NAT gateway forwards nothing and holds no interface."""


def correct(corrections: Corrections) -> None:
    """Replace creation and deletion."""
    gateway_class, backend_class = nat_gateways.NatGateway, nat_gateways.NatGatewayBackend
    corrections.replace(gateway_class, "__init__", _initialise)
    corrections.replace(backend_class, "create_nat_gateway", _create)
    corrections.replace(backend_class, "delete_nat_gateway", _delete)
    plain_describe = backend_class.describe_nat_gateways

    def describe_nat_gateways(self: Moto, filters: Moto, nat_gateway_ids: list[str] | None) -> Moto:
        for identifier in nat_gateway_ids or []:
            _find(self, identifier)
        return plain_describe(self, filters, nat_gateway_ids)

    corrections.replace(backend_class, "describe_nat_gateways", describe_nat_gateways)
    corrections.replace_item(
        EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER,
        "CreateNatGatewayResult.NatGateway.State",
        lambda _: "pending",
    )


def _initialise(
    self: Moto,
    backend: Moto,
    subnet_id: str,
    allocation_id: str | None,
    tags: dict[str, str] | None = None,
    connectivity_type: str | None = None,
) -> None:
    from moto.core.utils import utcnow
    from moto.ec2.utils import random_nat_gateway_id

    subnet = backend.get_subnet(subnet_id)
    address = _address(backend, allocation_id, connectivity_type)
    self.id = random_nat_gateway_id()
    self.ec2_backend = backend
    self.subnet_id = subnet_id
    self.vpc_id = subnet.vpc_id
    self.connectivity_type = connectivity_type or "public"
    self.state = "available"
    self._created_at = utcnow()
    self._eni = None
    self.private_ip = None
    self.address_set = []
    self.add_tags(tags or {})
    attached = any(igw.vpc and igw.vpc.id == subnet.vpc_id for igw in backend.internet_gateways.values())
    if self.connectivity_type == "public" and not attached:
        self.state = "failed"
        self.failure_code = "Gateway.NotAttached"
        self.failure_message = f"Network {subnet.vpc_id} has no internet gateway attached"
        self.address_set = [{"allocationId": allocation_id}]
        return
    self._eni = managed_interfaces.make(
        backend,
        subnet,
        interface_type="nat_gateway",
        description=f"Interface for NAT Gateway {self.id}",
        requester_id="amazon-aws",
    )
    self.private_ip = self._eni.private_ip_address
    entry = {"networkInterfaceId": self._eni.id, "privateIp": self.private_ip, "isPrimary": True}
    if address is not None:
        setattr(self._eni, FOR_ITS_GATEWAY, True)
        backend.associate_address(eni=self._eni, allocation_id=allocation_id)
        entry |= {
            "allocationId": allocation_id,
            "publicIp": address.public_ip,
            "associationId": address.association_id,
            "status": "succeeded",
        }
    self.address_set = [entry]


def _address(backend: Moto, allocation_id: str | None, connectivity_type: str | None) -> Moto:
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
    address = backend.address_by_allocation([allocation_id])[0]
    if address.eni is not None:
        raise EC2ClientError(
            "Resource.AlreadyAssociated", f"Elastic IP address [{allocation_id}] is already associated"
        )
    return address


def _create(
    self: Moto,
    subnet_id: str,
    allocation_id: str | None,
    tags: dict[str, str] | None = None,
    connectivity_type: str | None = None,
) -> Moto:
    gateway = nat_gateways.NatGateway(self, subnet_id, allocation_id, tags, connectivity_type)
    self.nat_gateways[gateway.id] = gateway
    return gateway


def _delete(self: Moto, nat_gateway_id: str) -> Moto:
    gateway = _find(self, nat_gateway_id)
    if gateway._eni is not None:
        managed_interfaces.remove(self, gateway._eni.id)
    gateway.state = "deleted"
    return gateway


def _find(backend: Moto, nat_gateway_id: str) -> Moto:
    gateway = backend.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        raise EC2ClientError("NatGatewayNotFound", f"NatGateway {nat_gateway_id} was not found")
    return gateway
