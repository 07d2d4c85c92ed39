"""moto with every addition installed, and what the control plane asks of it. Needs moto to be loaded."""

import threading
from typing import TYPE_CHECKING

from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.iam.models import iam_backends
from werkzeug.exceptions import NotFound

from vpclab.localcloud.control_plane import moto_process
from vpclab.localcloud.control_plane.additions import (
    address_associations,
    canonical_ranges,
    default_vpcs,
    deletions_in_use,
    dry_runs,
    endpoint_policies,
    images,
    instances,
    load_balancers,
    managed_interfaces,
    nat_gateways,
    network_acls,
    prefix_lists,
    private_addresses,
    public_addresses,
    route_table_associations,
    routes,
    security_groups,
    subnets,
    unmodelled,
    vpc_endpoints,
    vpc_ranges,
)
from vpclab.localcloud.control_plane.additions.caches import Caches
from vpclab.localcloud.control_plane.additions.databases import Databases
from vpclab.localcloud.control_plane.additions.execution_roles import ExecutionRoles
from vpclab.localcloud.control_plane.additions.function_interfaces import FunctionInterfaces
from vpclab.localcloud.control_plane.additions.functions import Functions
from vpclab.localcloud.control_plane.additions.invocations import Invocations
from vpclab.localcloud.control_plane.additions.log_shipping import LogShipping
from vpclab.localcloud.control_plane.additions.target_groups import TargetGroups
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.corrections import Corrections
from vpclab.localcloud.control_plane.effects import Effects
from vpclab.localcloud.control_plane.inventory import inventory
from vpclab.localcloud.control_plane.settings import Settings

if TYPE_CHECKING:
    from vpclab.network.model import Network

_MODELS = (
    private_addresses,
    public_addresses,
    address_associations,
    prefix_lists,
    managed_interfaces,
    images,
    instances,
    nat_gateways,
    routes,
    route_table_associations,
    vpc_ranges,
    subnets,
    security_groups,
    network_acls,
    vpc_endpoints,
    default_vpcs,
    deletions_in_use,
    load_balancers,
)
_REST_SERVICES = frozenset({"lambda", "s3"})
_GLOBAL_SERVICES = frozenset({"iam", "sts", "s3"})
_PARTITION = "aws"


class CorrectedMoto:
    """Installs the additions; ``close`` takes them out again."""

    def __init__(self, settings: Settings, effects: Effects, lock: threading.RLock) -> None:
        self._settings = settings
        self._corrections = Corrections()
        for addition in _MODELS:
            addition.correct(self._corrections)
        self.unmodelled = unmodelled
        self.dry_runs = dry_runs
        self.canonical_ranges = canonical_ranges
        self.databases = Databases()
        self.databases.correct(self._corrections)
        self.caches = Caches()
        self.caches.correct(self._corrections)
        self.target_groups = TargetGroups()
        self.target_groups.correct(self._corrections)
        moto_process.forget_method_names()
        roles = ExecutionRoles()
        self.log_shipping = LogShipping(roles)
        self._interfaces = FunctionInterfaces(settings.interface_linger_seconds, lock, effects.network_changed)
        self.functions = Functions(roles, self._interfaces)
        self.functions.correct(self._corrections)
        self.invocations = Invocations(
            effects=effects,
            roles=roles,
            interfaces=self._interfaces,
            lock=lock,
            account_of=self.account,
            region=settings.region,
        )

    def close(self) -> None:
        """Give the process plain moto back, empty."""
        self._interfaces.close()
        self._corrections.undo()
        moto_process.forget_method_names()
        moto_process.reset()

    def account(self, request: ApiRequest) -> str:
        """Return the account that a request's credentials belong to; unknown ones are the default account's."""
        if request.account is not None:
            return request.account
        for account, partitions in list(iam_backends.items()):
            if request.access_key_id in partitions[_PARTITION].access_keys:
                return str(account)
        return self._settings.account

    def action(self, request: ApiRequest) -> str:
        """Return the operation's name, empty where moto knows none by that path."""
        if request.service not in _REST_SERVICES:
            return request.action
        try:
            operation, _ = get_service_router(request.service).match(Request(request.environ))
        except (NotFound, NotImplementedError):
            return ""
        return str(operation.name)

    def refuse_by_endpoint_policy(self, request: ApiRequest, action: str) -> None:
        """Raise the refusal of what came through a VPC endpoint whose policy does not allow it."""
        endpoint_policies.refuse(request, action, self.account(request))

    def check_region(self, request: ApiRequest) -> None:
        """Raise an error for a Region that does not exist; AWS has no endpoint there at all."""
        known = [one.name for one in RegionsAndZonesBackend.regions]
        if request.region is not None and request.region not in known and request.service not in _GLOBAL_SERVICES:
            raise ApiError("InvalidRegion", f"There is no Region {request.region}: use one of {', '.join(known)}.")

    def call(self, request: ApiRequest) -> Response:
        """Have moto answer."""
        return moto_process.call(request, self.account(request))

    def network(self) -> "Network":
        """Return the inventory of every account and Region."""
        return inventory()
