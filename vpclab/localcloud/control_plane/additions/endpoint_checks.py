"""What an endpoint may be: its service and type, the parameters of each type, and private DNS.

AWS: EC2 API, CreateVpcEndpoint and DnsOptionsSpecification; PrivateLink guide. The wording about types, route
tables, subnets and inbound Resolver endpoints is AWS's, as users report it; the rest of it is from memory.
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import vpcs

from vpclab.localcloud.control_plane.corrections import Moto

GATEWAY, INTERFACE = "Gateway", "Interface"
GATEWAY_SERVICES = frozenset({"s3", "dynamodb"})
"""They have endpoints of both types, and so no private DNS that is not asked for."""


def check_service(backend: Moto, service_name: str | None, kind: str) -> str:
    """Return what follows the Region in the name of a service that has endpoints of the type."""
    if kind not in (GATEWAY, INTERFACE):
        raise EC2ClientError(
            "UnsupportedOperation", f"Endpoints of type {kind} are not modelled by the local cloud."
        )
    if not service_name:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter ServiceName")
    prefix = f"com.amazonaws.{backend.region_name}."
    label = service_name.removeprefix(prefix)
    known = label in vpcs.AWS_ENDPOINT_SERVICES or label in vpcs.COVERED_ENDPOINT_SERVICES
    if not service_name.startswith(prefix) or not known:
        raise EC2ClientError("InvalidServiceName", f"The Vpc Endpoint Service '{service_name}' does not exist")
    if kind == GATEWAY and label not in GATEWAY_SERVICES:
        raise EC2ClientError(
            "InvalidParameter", f"Endpoint type ({kind}) does not match available service types ([{INTERFACE}])."
        )
    return label


def check_parameters(
    kind: str,
    *,
    subnets: list[str] | None,
    groups: list[str] | None,
    route_tables: list[str] | None,
    private_dns: bool,
) -> None:
    """Raise EC2's error for what does not go with the type."""
    if kind == INTERFACE:
        if route_tables:
            raise _refusal("Route table IDs are only supported for Gateway type VPC Endpoint.")
        return
    if subnets:
        raise _refusal("Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.")
    if groups:
        raise _refusal("Security group IDs are only supported for Interface type VPC Endpoints.")
    if private_dns:
        raise _refusal("Private DNS is only supported for Interface type VPC Endpoints.")


def check_private_dns(backend: Moto, vpc: Moto, endpoint: Moto, private_name: str) -> None:
    """Raise EC2's error where an endpoint cannot have private DNS."""
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        raise _refusal(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to "
            f"true for {vpc.id}"
        )
    for other in backend.vpc_end_points.values():
        same = other.vpc_id == vpc.id and other.service_name == endpoint.service_name
        if same and other.private_dns_enabled and other is not endpoint:
            raise _refusal(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{private_name} in the VPC {vpc.id}"
            )


def inbound_only(backend: Moto, endpoint: Moto, asked: bool | None) -> bool:  # noqa: FBT001 - a parameter of AWS's
    """Return whether private DNS is for inbound Resolver endpoints alone, the default where gateways exist."""
    label = endpoint.service_name.split(".", 3)[3]
    if label not in GATEWAY_SERVICES:
        if asked:
            raise _refusal(
                "PrivateDnsOnlyForInboundResolverEndpoint is only supported for services with gateway endpoints."
            )
        return False
    if asked is False:
        return False
    gateways = (one for one in backend.vpc_end_points.values() if one.vpc_endpoint_type == GATEWAY)
    if not any((one.vpc_id, one.service_name) == (endpoint.vpc_id, endpoint.service_name) for one in gateways):
        raise _refusal(
            f"To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {endpoint.vpc_id} must have a "
            "Gateway endpoint for the service."
        )
    return True


def _refusal(text: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameter", text)
