"""VPC endpoints: names, interfaces, routes, private DNS, and changes of all of these.

moto gives names of another shape, interfaces without groups or type, ignores what ModifyVpcEndpoint adds and
removes, and lets private DNS be on where the VPC's DNS is off. AWS: PrivateLink guide, create-interface-endpoint
and gateway-endpoints; EC2 API, CreateVpcEndpoint and ModifyVpcEndpoint.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import vpcs
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_resource_id, random_vpc_ep_id

from vpclab.localcloud.control_plane.additions import managed_interfaces
from vpclab.localcloud.control_plane.additions.endpoint_policies import check_policy
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

GATEWAY, INTERFACE = "Gateway", "Interface"
GATEWAY_SERVICES = frozenset({"s3", "dynamodb"})

_S3 = "s3"
_SERVICE = managed_interfaces.Service("vpc_endpoint")


def correct(corrections: Corrections) -> None:
    """Replace creation, change and deletion."""
    backend_class = vpcs.VPCBackend
    corrections.replace(backend_class, "create_vpc_endpoint", _create)
    corrections.replace(backend_class, "modify_vpc_endpoint", _modify)
    corrections.replace(backend_class, "delete_vpc_endpoints", _delete)
    corrections.wrap(EC2Response, "modify_vpc_endpoint", _modify_more)
    corrections.replace(EC2Response, "delete_vpc_endpoints", _delete_each)


def _modify_more(plain: Moto, self: Moto) -> Moto:
    """Take the parameters that moto's response does not hand on to its model."""
    if self._get_bool_param("ResetPolicy"):
        self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId")).policy_document = None
    wanted = self._get_param("PrivateDnsEnabled")
    if wanted is not None:
        endpoint = self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId"))
        if wanted and not endpoint.private_dns_enabled:
            _check_private_dns(self.ec2_backend, self.ec2_backend.get_vpc(endpoint.vpc_id), endpoint)
        endpoint.private_dns_enabled = wanted
        _name(endpoint)
    return plain(self)


def service_label(service_name: str) -> str:
    """Return what follows the Region: ``sts`` of ``com.amazonaws.us-east-1.sts``, ``ecr.api``."""
    return service_name.split(".", 3)[3]


def _create(  # noqa: PLR0913 - the parameters of CreateVpcEndpoint, as moto names them
    self: Moto,
    *,
    vpc_id: str,
    service_name: str,
    endpoint_type: str | None,
    policy_document: str | None,
    route_table_ids: list[str],
    subnet_ids: list[str],
    security_group_ids: list[str],
    tags: dict[str, str] | None,
    private_dns_enabled: bool | None,
    client_token: str | None,
) -> Moto:
    vpc = self.get_vpc(vpc_id)
    kind = endpoint_type or GATEWAY
    label = _check_service(self, service_name, kind)
    interface = kind == INTERFACE
    _check_parameters(interface=interface, subnet_ids=subnet_ids, route_table_ids=route_table_ids)
    check_policy(policy_document)
    endpoint = vpcs.VPCEndPoint(
        self,
        random_vpc_ep_id(),
        vpc_id,
        service_name,
        kind,
        policy_document,
        [],
        [],
        [],
        dns_entries=[],
        client_token=client_token,
        security_group_ids=[],
        tags=tags,
        private_dns_enabled=False,
    )
    endpoint.vpclab_label = random_resource_id(8)
    endpoint.vpclab_zone = f"Z{random_resource_id(13).upper()}"
    if interface:
        if private_dns_enabled is not False:
            _check_private_dns(self, vpc, endpoint)
            endpoint.private_dns_enabled = True
        default = self.get_default_security_group(vpc_id)
        _groups(self, endpoint, security_group_ids or [default.id], [])
        _interfaces(self, endpoint, subnet_ids, [])
    else:
        endpoint.destination_prefix_list_id = next(
            one.id
            for one in self.managed_prefix_lists.values()
            if one.prefix_list_name == f"com.amazonaws.{self.region_name}.{label}"
        )
        _routes(self, endpoint, route_table_ids, [])
    self.vpc_end_points[endpoint.id] = endpoint
    return endpoint


def _modify(self: Moto, vpc_id: str, policy_doc: str | None, **changes: list[str] | None) -> None:
    endpoint = self.get_vpc_end_point(vpc_id)
    given = {name: ids for name, ids in changes.items() if ids}
    for name in given:
        about_routes = name.endswith("route_tables")
        if about_routes != (endpoint.vpc_endpoint_type == GATEWAY):
            raise EC2ClientError(
                "InvalidParameter",
                f"{name} does not go with the endpoint type {endpoint.vpc_endpoint_type} of {vpc_id}.",
            )
    if policy_doc:
        check_policy(policy_doc)
        endpoint.policy_document = policy_doc
    for target, change in (("security_groups", _groups), ("subnets", _interfaces), ("route_tables", _routes)):
        added, removed = given.get(f"add_{target}", []), given.get(f"remove_{target}", [])
        if added or removed:
            change(self, endpoint, added, removed)


def _delete_each(self: Moto) -> Moto:
    """Delete those that exist, and list the others as unsuccessful (EC2 API, DeleteVpcEndpoints)."""
    asked, backend = self._get_param("VpcEndpointIds", []), self.ec2_backend
    unknown = [identifier for identifier in asked if identifier not in backend.vpc_end_points]
    backend.delete_vpc_endpoints(vpce_ids=[one for one in asked if one not in unknown])
    return ActionResult(
        {
            "Unsuccessful": [
                {
                    "ResourceId": identifier,
                    "Error": {
                        "Code": "InvalidVpcEndpoint.NotFound",
                        "Message": f"The Vpc Endpoint Id '{identifier}' does not exist",
                    },
                }
                for identifier in unknown
            ]
        }
    )


def _delete(self: Moto, vpce_ids: list[str] | None = None) -> None:
    for identifier in vpce_ids or []:
        endpoint = self.vpc_end_points.pop(identifier)
        endpoint.state = "deleted"
        for interface_id in endpoint.network_interface_ids:
            managed_interfaces.remove(self, interface_id)
        _routes(self, endpoint, [], list(endpoint.route_table_ids))


def _check_service(backend: Moto, service_name: str, kind: str) -> str:
    prefix = f"com.amazonaws.{backend.region_name}."
    label = service_name.removeprefix(prefix)
    known = label in vpcs.AWS_ENDPOINT_SERVICES or label in vpcs.COVERED_ENDPOINT_SERVICES
    if not service_name.startswith(prefix) or not known or (kind == GATEWAY and label not in GATEWAY_SERVICES):
        raise EC2ClientError(
            "InvalidServiceName", f"The Vpc Endpoint Service '{service_name}' does not exist ({kind} endpoint)"
        )
    if kind not in (GATEWAY, INTERFACE):
        raise EC2ClientError(
            "UnsupportedOperation", f"Endpoints of type {kind} are not modelled by the local cloud."
        )
    return label


def _check_parameters(*, interface: bool, subnet_ids: list[str], route_table_ids: list[str]) -> None:
    if interface and route_table_ids:
        raise EC2ClientError("InvalidParameter", "Interface endpoints take no RouteTableIds.")
    if not interface and subnet_ids:
        raise EC2ClientError("InvalidParameter", "Gateway endpoints take no SubnetIds.")


def _check_private_dns(backend: Moto, vpc: Moto, endpoint: Moto) -> None:
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        raise EC2ClientError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to "
            f"true for {vpc.id}",
        )
    for other in backend.vpc_end_points.values():
        same = other.vpc_id == vpc.id and other.service_name == endpoint.service_name
        if same and other.private_dns_enabled and other is not endpoint:
            raise EC2ClientError(
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{_private_name(endpoint)} in the VPC {vpc.id}",
            )


def _groups(backend: Moto, endpoint: Moto, added: list[str], removed: list[str]) -> None:
    for identifier in added:
        group = backend.get_security_group_from_id(identifier)
        if group is None or group.vpc_id != endpoint.vpc_id:
            raise EC2ClientError(
                "InvalidSecurityGroupId.NotFound",
                f"The security group '{identifier}' does not exist in VPC {endpoint.vpc_id}",
            )
    kept = [one for one in endpoint.security_group_ids if one not in removed]
    kept += [one for one in added if one not in kept]
    if not kept:
        raise EC2ClientError("InvalidParameter", f"{endpoint.id} must keep at least one security group.")
    endpoint.security_group_ids = kept
    for interface_id in endpoint.network_interface_ids:
        managed_interfaces.set_groups(backend, interface_id, kept)


def _interfaces(backend: Moto, endpoint: Moto, added: list[str], removed: list[str]) -> None:
    chosen = [backend.get_subnet(one) for one in endpoint.subnet_ids if one not in removed]
    for identifier in added:
        subnet = backend.get_subnet(identifier)
        if subnet.vpc_id != endpoint.vpc_id:
            raise EC2ClientError("InvalidParameter", f"{identifier} is not in VPC {endpoint.vpc_id}.")
        if any(one.availability_zone == subnet.availability_zone for one in chosen):
            raise EC2ClientError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {identifier}. VPC endpoint "
                "subnets should be in different availability zones supported by the VPC endpoint service.",
            )
        chosen.append(subnet)
    made = []
    for identifier in added:
        interface = managed_interfaces.make(
            backend,
            backend.get_subnet(identifier),
            _SERVICE,
            f"VPC Endpoint Interface {endpoint.id}",
            endpoint.security_group_ids,
        )
        made.append(interface.id)
    gone = [one for one in endpoint.network_interface_ids if backend.enis[one].subnet.id in removed]
    for interface_id in gone:
        managed_interfaces.remove(backend, interface_id)
    endpoint.network_interface_ids = [one for one in endpoint.network_interface_ids if one not in gone] + made
    endpoint.subnet_ids = [one.id for one in chosen]
    _name(endpoint)


def _routes(backend: Moto, endpoint: Moto, added: list[str], removed: list[str]) -> None:
    tables = [backend.get_route_table(identifier) for identifier in added]
    for table in tables:
        if table.vpc_id != endpoint.vpc_id:
            raise EC2ClientError("InvalidParameter", f"{table.id} is not in VPC {endpoint.vpc_id}.")
        if any(route.destination_prefix_list_id == endpoint.destination_prefix_list_id for route in table.routes):
            raise EC2ClientError(
                "RouteAlreadyExists",
                f"route table {table.id} already has a route with destination-prefix-list-id "
                f"{endpoint.destination_prefix_list_id}",
            )
    backend.vpc_end_points[endpoint.id] = endpoint  # the new routes lead to it
    try:
        for table in tables:
            backend.create_route(
                table.id,
                None,
                gateway_id=endpoint.id,
                destination_prefix_list_id=endpoint.destination_prefix_list_id,
            )
    finally:
        if endpoint.state == "deleted":
            del backend.vpc_end_points[endpoint.id]
    for identifier in removed:
        table = backend.route_tables.get(identifier)
        for route in table.routes if table else []:
            if route.gateway is endpoint:
                del table._routes[route.id]
    kept = [one for one in endpoint.route_table_ids if one not in removed]
    endpoint.route_table_ids = kept + [one for one in added if one not in kept]


def _private_name(endpoint: Moto) -> str:
    labels = service_label(endpoint.service_name).split(".")
    return ".".join([*reversed(labels), endpoint.ec2_backend.region_name, "amazonaws.com"])


def _name(endpoint: Moto) -> None:
    """Make DnsEntries: the Regional name, one for each zone, and the service's own when private DNS is on."""
    backend = endpoint.ec2_backend
    stem = f"{endpoint.id}-{endpoint.vpclab_label}"
    parent = f"{service_label(endpoint.service_name)}.{backend.region_name}.vpce.amazonaws.com"
    zones = sorted(backend.get_subnet(one).availability_zone for one in endpoint.subnet_ids)
    own = "*." if service_label(endpoint.service_name) == _S3 else ""  # bucket.vpce-…, accesspoint.vpce-…
    names = [f"{own}{stem}.{parent}", *(f"{own}{stem}-{zone}.{parent}" for zone in zones)]
    entries = [{"DnsName": name, "HostedZoneId": endpoint.vpclab_zone} for name in names]
    if endpoint.private_dns_enabled:
        entries.append({"DnsName": _private_name(endpoint), "HostedZoneId": endpoint.vpclab_zone})
    endpoint.dns_entries = entries
