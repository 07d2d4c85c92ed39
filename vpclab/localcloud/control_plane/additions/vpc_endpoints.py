"""VPC endpoints: names, interfaces, routes, private DNS, and changes of all of these.

moto gives names of another shape, interfaces without groups or type, ignores what ModifyVpcEndpoint adds and
removes, and lets private DNS be on where the VPC's DNS is off. With PrivateDnsOnlyForInboundResolverEndpoint names
in the VPC stay public, so that its traffic goes by the gateway endpoint: ``resolves_privately`` says which.
AWS: PrivateLink guide, create-interface-endpoint and gateway-endpoints; EC2 API, CreateVpcEndpoint and
ModifyVpcEndpoint.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import json

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import route_tables, vpcs
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_resource_id, random_vpc_ep_id

from vpclab.localcloud.control_plane.additions import managed_interfaces
from vpclab.localcloud.control_plane.additions.endpoint_checks import (
    GATEWAY,
    GATEWAY_SERVICES,
    INTERFACE,
    check_parameters,
    check_private_dns,
    check_service,
    inbound_only,
)
from vpclab.localcloud.control_plane.additions.endpoint_policies import check_policy
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_S3 = "s3"
_SERVICE = managed_interfaces.Service("vpc_endpoint")
_INBOUND_ONLY = "vpclab_inbound_only"


def correct(corrections: Corrections) -> None:
    """Replace creation, change and deletion."""
    backend_class = vpcs.VPCBackend
    corrections.replace(backend_class, "create_vpc_endpoint", _create)
    corrections.replace(backend_class, "modify_vpc_endpoint", _modify)
    corrections.replace(backend_class, "delete_vpc_endpoints", _delete)
    corrections.wrap(EC2Response, "create_vpc_endpoint", _create_with_options)
    corrections.wrap(EC2Response, "modify_vpc_endpoint", _modify_whole)
    corrections.replace(EC2Response, "delete_vpc_endpoints", _delete_each)
    for name in ("describe_vpc_endpoint_connections", "describe_vpc_endpoint_associations"):
        corrections.replace(EC2Response, name, _nothing)
    corrections.wrap(route_tables.RouteBackend, "delete_route_table", _delete_table)
    corrections.replace(vpcs.VPCEndPoint, "dns_options", property(_dns_options))
    corrections.replace(vpcs.VPCEndPoint, "requester_managed", False)


def resolves_privately(endpoint: Moto) -> bool:
    """Whether the service's own name leads to the endpoint in its VPC."""
    return bool(endpoint.private_dns_enabled) and not getattr(endpoint, _INBOUND_ONLY, False)


def _dns_options(endpoint: Moto) -> dict[str, object]:
    options: dict[str, object] = {"DnsRecordIpType": "ipv4"}
    if endpoint.vpc_endpoint_type == INTERFACE and service_label(endpoint.service_name) in GATEWAY_SERVICES:
        options["PrivateDnsOnlyForInboundResolverEndpoint"] = getattr(endpoint, _INBOUND_ONLY, False)
    return options


def _nothing(self: Moto) -> Moto:
    """Endpoint services of one's own, and resources behind endpoints, are not modelled: there are none."""
    of_services = "Connections" in self._get_action()
    return ActionResult({"VpcEndpointConnections" if of_services else "VpcEndpointAssociations": []})


def _create_with_options(plain: Moto, self: Moto) -> Moto:
    """Tell private DNS that is asked for from the default, and take DnsOptions, as moto's response does not."""
    kind = self._get_param("VpcEndpointType") or GATEWAY
    dns = self._get_bool_param("PrivateDnsEnabled")
    check_service(self.ec2_backend, self._get_param("ServiceName"), kind)
    check_parameters(
        kind,
        subnets=self._get_param("SubnetIds"),
        groups=self._get_param("SecurityGroupIds"),
        route_tables=self._get_param("RouteTableIds"),
        private_dns=bool(dns),
    )
    if dns is None and service_label(self._get_param("ServiceName")) in GATEWAY_SERVICES:
        self.params["PrivateDnsEnabled"] = False
    self.ec2_backend.vpclab_dns_options = self._get_param("DnsOptions", {})
    return plain(self)


def _modify_whole(plain: Moto, self: Moto) -> Moto:
    """Take also what moto's response does not hand on; when some of it is refused, none of it has been done."""
    endpoint = self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId"))
    before = dict(vars(endpoint))
    try:
        dns = self._get_bool_param("PrivateDnsEnabled")
        check_parameters(
            endpoint.vpc_endpoint_type,
            subnets=[*self._get_param("AddSubnetIds", []), *self._get_param("RemoveSubnetIds", [])],
            groups=[*self._get_param("AddSecurityGroupIds", []), *self._get_param("RemoveSecurityGroupIds", [])],
            route_tables=[*self._get_param("AddRouteTableIds", []), *self._get_param("RemoveRouteTableIds", [])],
            private_dns=bool(dns),
        )
        if self._get_bool_param("ResetPolicy"):
            endpoint.policy_document = json.dumps(vpcs.VPCEndPoint.DEFAULT_POLICY)
        if endpoint.vpc_endpoint_type == INTERFACE:
            _set_private_dns(self.ec2_backend, endpoint, dns, self._get_param("DnsOptions", {}))
            _name(endpoint)
        return plain(self)
    except Exception:
        vars(endpoint).update(before)
        for interface_id in endpoint.network_interface_ids:
            managed_interfaces.set_groups(self.ec2_backend, interface_id, endpoint.security_group_ids)
        raise


def _set_private_dns(
    backend: Moto,
    endpoint: Moto,
    wanted: bool | None,  # noqa: FBT001 - a parameter of AWS's
    options: dict[str, Moto],
) -> None:
    """Turn private DNS on or off; None leaves it. ``options`` are DnsOptions of the request."""
    asked = options.get("PrivateDnsOnlyForInboundResolverEndpoint")
    asked = None if asked is None else str(asked).lower() == "true"
    was_on = bool(endpoint.private_dns_enabled)
    if wanted and not was_on:
        check_private_dns(backend, backend.get_vpc(endpoint.vpc_id), endpoint, _private_name(endpoint))
    on = was_on if wanted is None else wanted
    if on and (not was_on or asked is not None):
        setattr(endpoint, _INBOUND_ONLY, inbound_only(backend, endpoint, asked))
    endpoint.private_dns_enabled = on


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
    self.get_vpc(vpc_id)
    kind = endpoint_type or GATEWAY
    label = check_service(self, service_name, kind)
    interface = kind == INTERFACE
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
        options = self.__dict__.pop("vpclab_dns_options", {})
        _set_private_dns(self, endpoint, private_dns_enabled is not False, options)
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
    if policy_doc:
        check_policy(policy_doc)
        endpoint.policy_document = policy_doc
    for target, change in (("security_groups", _groups), ("subnets", _interfaces), ("route_tables", _routes)):
        added, removed = given.get(f"add_{target}", []), given.get(f"remove_{target}", [])
        if added or removed:
            change(self, endpoint, added, removed)


def _delete_table(plain: Moto, self: Moto, route_table_id: str) -> Moto:
    deleted = plain(self, route_table_id)
    for endpoint in self.vpc_end_points.values():
        endpoint.route_table_ids = [one for one in endpoint.route_table_ids if one != route_table_id]
    return deleted


def _delete_each(self: Moto) -> Moto:
    """Delete those that exist, and list the others as unsuccessful (EC2 API, DeleteVpcEndpoints)."""
    asked, backend = dict.fromkeys(self._get_param("VpcEndpointIds", [])), self.ec2_backend
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
    made: list[str] = []
    try:
        for identifier in added:
            interface = managed_interfaces.make(
                backend,
                backend.get_subnet(identifier),
                _SERVICE,
                f"VPC Endpoint Interface {endpoint.id}",
                endpoint.security_group_ids,
            )
            made.append(interface.id)
    except EC2ClientError:  # the subnet is full: an endpoint is made in all of its subnets or in none
        for interface_id in made:
            managed_interfaces.remove(backend, interface_id)
        raise
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
