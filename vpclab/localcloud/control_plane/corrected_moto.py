"""moto with every addition installed, and what the control plane asks of it. Needs moto to be loaded."""

import threading
from typing import TYPE_CHECKING

from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from werkzeug.exceptions import NotFound

from vpclab.localcloud.control_plane import moto_process
from vpclab.localcloud.control_plane.additions import (
    address_associations,
    block_public_access,
    bucket_permissions,
    cache_subnet_groups,
    canonical_ranges,
    default_vpcs,
    deletions_in_use,
    describe_calls,
    dhcp_options,
    dry_runs,
    endpoint_services,
    error_texts,
    function_policies,
    function_recursion,
    host_names,
    identifier_forms,
    identities,
    images,
    instance_describe_calls,
    instances,
    interface_groups,
    internet_gateways,
    load_balancers,
    managed_interfaces,
    nat_gateways,
    network_acls,
    permissions_boundaries,
    policy_documents,
    prefix_lists,
    private_addresses,
    public_addresses,
    request_ids,
    request_readings,
    request_shapes,
    resource_policy_documents,
    route_requests,
    route_table_associations,
    routes,
    security_group_calls,
    security_group_readings,
    security_group_rules,
    security_groups,
    subnets,
    tag_limits,
    unmodelled,
    vpc_attributes,
    vpc_endpoints,
    vpc_ranges,
)
from vpclab.localcloud.control_plane.additions.caches import Caches
from vpclab.localcloud.control_plane.additions.client_tokens import ClientTokens
from vpclab.localcloud.control_plane.additions.code_locations import CodeLocations
from vpclab.localcloud.control_plane.additions.databases import Databases
from vpclab.localcloud.control_plane.additions.event_permissions import EventPermissions
from vpclab.localcloud.control_plane.additions.event_sources import EventSources
from vpclab.localcloud.control_plane.additions.execution_roles import ExecutionRoles
from vpclab.localcloud.control_plane.additions.function_interfaces import FunctionInterfaces
from vpclab.localcloud.control_plane.additions.functions import Functions
from vpclab.localcloud.control_plane.additions.invocations import Invocations
from vpclab.localcloud.control_plane.additions.log_shipping import LogShipping
from vpclab.localcloud.control_plane.additions.role_sessions import RoleSessions
from vpclab.localcloud.control_plane.additions.target_groups import TargetGroups
from vpclab.localcloud.control_plane.additions.trace_shipping import TraceShipping
from vpclab.localcloud.control_plane.additions.traces import Traces
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication import Authenticator, caller_of
from vpclab.localcloud.control_plane.authentication.session import Sessions
from vpclab.localcloud.control_plane.authorization import Authorizer
from vpclab.localcloud.control_plane.authorization.authorizer import REFUSED_KEY
from vpclab.localcloud.control_plane.authorization.operation_input import LOCATED_KEY, located
from vpclab.localcloud.control_plane.corrections import Corrections
from vpclab.localcloud.control_plane.effects import Effects
from vpclab.localcloud.control_plane.inventory import Inventory
from vpclab.localcloud.control_plane.settings import Settings

if TYPE_CHECKING:
    from vpclab.localcloud.network_refusal import NetworkRefusal
    from vpclab.network.model import Network

_MODELS = (
    request_readings,
    request_ids,
    error_texts,
    tag_limits,
    bucket_permissions,
    private_addresses,
    public_addresses,
    address_associations,
    prefix_lists,
    managed_interfaces,
    host_names,
    images,
    instances,
    nat_gateways,
    routes,
    route_requests,
    route_table_associations,
    vpc_attributes,
    vpc_ranges,
    subnets,
    security_groups,
    security_group_rules,
    security_group_calls,
    security_group_readings,
    interface_groups,
    network_acls,
    vpc_endpoints,
    endpoint_services,
    block_public_access,
    default_vpcs,
    dhcp_options,
    deletions_in_use,
    internet_gateways,
    instance_describe_calls,
    describe_calls,
    cache_subnet_groups,
    load_balancers,
    identities,
    policy_documents,
    resource_policy_documents,
    permissions_boundaries,
    function_recursion,
)
_REST_SERVICES = frozenset({"lambda", "s3", "xray"})
_GLOBAL_SERVICES = frozenset({"iam", "sts", "s3"})
_ACCOUNT_KEY = "vpclab.account"


class CorrectedMoto:
    """Installs the additions; ``close`` takes them out again."""

    def __init__(self, settings: Settings, effects: Effects, lock: threading.RLock) -> None:
        self._settings = settings
        self._corrections = Corrections()
        self._client_tokens = ClientTokens()
        self._inventory = Inventory()
        for addition in _MODELS:
            addition.correct(self._corrections)
        self.unmodelled = unmodelled
        self.dry_runs = dry_runs
        self.canonical_ranges = canonical_ranges
        self.databases = Databases()
        self.databases.correct(self._corrections)
        self.caches = Caches()
        self.caches.correct(self._corrections)
        sessions, known = Sessions(), identities.MotoIdentities()
        self.authenticator = Authenticator(settings, known, sessions)
        self.authorizer = Authorizer(settings, lock)
        self.target_groups = TargetGroups(EventPermissions(self.authorizer))
        self.target_groups.correct(self._corrections)
        self.role_sessions = RoleSessions(sessions, known, authorization=settings.authorization)
        roles = ExecutionRoles(self.authorizer, self.role_sessions)
        self.log_shipping = LogShipping(roles)
        self.traces = Traces()
        self.trace_shipping = TraceShipping(roles, self.traces)
        self._interfaces = FunctionInterfaces(
            settings.interface_linger_seconds, lock, effects.network_changed, roles.role_id
        )
        self.functions = Functions(roles, self._interfaces)
        self.functions.correct(self._corrections)
        self.code_locations = CodeLocations()
        self.code_locations.correct(self._corrections)
        self.invocations = Invocations(
            effects=effects,
            roles=roles,
            interfaces=self._interfaces,
            lock=lock,
            account_of=self.account,
            region=settings.region,
            queue=lambda event: self.event_sources.put(event),  # noqa: PLW0108 - made below
        )
        self.event_sources = EventSources(settings, lock, EventPermissions(self.authorizer), self.invocations)
        self.event_sources.correct(self._corrections)
        moto_process.forget_method_names()
        self.functions.check_dead_letters = self.event_sources.settings.check_dead_letter

    def close(self) -> None:
        """Give the process plain moto back, empty."""
        self.event_sources.close()
        self._interfaces.close()
        self._corrections.undo()
        moto_process.forget_method_names()
        moto_process.reset()

    def account(self, request: ApiRequest) -> str:
        """Return the account that a request is about: the one whose resource it names, else its caller's."""
        return str(request.environ.get(_ACCOUNT_KEY) or caller_of(request).account)

    def action(self, request: ApiRequest) -> str:
        """Return the operation's name, empty where moto knows none by that path."""
        if request.service not in _REST_SERVICES:
            return request.action
        try:
            operation, path = get_service_router(request.service).match(Request(request.environ))
        except (NotFound, NotImplementedError):
            return ""
        request.environ[LOCATED_KEY] = located(operation, path, request.query)
        return str(operation.name)

    def authorize(self, request: ApiRequest, action: str) -> None:
        """Raise the refusal of what its caller may not do, and note whose resources the request is about."""
        request.environ[_ACCOUNT_KEY] = self.authorizer.check(request, caller_of(request), action)
        bucket_permissions.refuse(request.environ.get(REFUSED_KEY) or frozenset())

    def check(self, request: ApiRequest, action: str) -> None:
        """Raise the error of a request that no operation could carry out, whatever there is."""
        self._check_region(request)
        identifier_forms.check(request, action)
        request_shapes.check(request, action)
        tag_limits.check(request, action)

    def _check_region(self, request: ApiRequest) -> None:
        """Raise an error for a Region that does not exist; AWS has no endpoint there at all."""
        known = [one.name for one in RegionsAndZonesBackend.regions]
        if request.region is not None and request.region not in known and request.service not in _GLOBAL_SERVICES:
            raise ApiError("InvalidRegion", f"There is no Region {request.region}: use one of {', '.join(known)}.")

    def call(self, request: ApiRequest, action: str) -> Response:
        """Have moto answer, or what answers in its place."""
        if function_policies.concerns(request, action):
            return function_policies.answer(request, action, self.account(request), self._settings.region)
        if self.traces.concerns(request):
            return self.traces.answer(request, action, self.account(request), self._settings.region)
        if request.service == "sts":
            return self.role_sessions.answer(request)
        request_readings.fix(request)
        account = self.account(request)
        return self._client_tokens.answer(request, action, account, lambda: moto_process.call(request, account))

    def network(self) -> "tuple[Network, NetworkRefusal | None]":
        """Return the inventory of every account and Region, and what of it cannot be read."""
        return self._inventory.read()
