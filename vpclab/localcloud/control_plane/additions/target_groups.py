"""Listeners and target groups: targets that can be, health as checked, and who uses whom.

moto finds every target healthy, never forgets which load balancers used a target group, takes two listeners on
one port and targets of any kind. AWS: Application Load Balancer guide, "Target groups" and "Health checks".
"""

from ipaddress import AddressValueError, IPv4Address, IPv4Network

from moto.elbv2 import models
from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError, ValidationError

from vpclab.localcloud.control_plane.additions import instances
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources.permissions import Permissions
from vpclab.localcloud.control_plane.target_health import (
    CHECK_DISABLED,
    INITIAL,
    INVALID_STATE,
    NOT_IN_USE,
    NOT_REGISTERED,
    TargetHealth,
)

_PRINCIPAL = "elasticloadbalancing.amazonaws.com"
_ELSEWHERE = tuple(IPv4Network(one) for one in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))


class TargetGroups:
    """The corrections of target groups, and what health checks found."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions
        self._health: dict[tuple[str, str], TargetHealth] = {}

    def correct(self, corrections: Corrections) -> None:
        """Check targets, tell their health, and know a group's load balancers from their listeners."""
        group_class, backend_class = models.FakeTargetGroup, models.ELBv2Backend
        corrections.replace(group_class, "load_balancer_arns", property(_load_balancer_arns, lambda *_: None))
        corrections.wrap(group_class, "__init__", _initialise)
        corrections.wrap(group_class, "register", self._register)
        corrections.wrap(group_class, "deregister", _deregister)

        def health_for(group: Moto, target: dict[str, Moto], ec2_backend: Moto) -> Moto:
            return self._health_for(group, target, ec2_backend)

        corrections.replace(group_class, "health_for", health_for)
        corrections.wrap(backend_class, "create_listener", _create_listener)
        corrections.wrap(backend_class, "modify_listener", _modify_listener)
        corrections.wrap(backend_class, "modify_target_group", _modify)

    def report(self, target_group_arn: str, target_id: str, health: TargetHealth) -> None:
        """Note what a health check found."""
        self._health[target_group_arn, target_id] = health

    def may_invoke(self, target_group_arn: str, function_arn: str) -> bool:
        """Tell whether the function's resource policy lets load balancers call it for that target group."""
        account = target_group_arn.split(":")[4]
        return self._permissions.service_allows(
            _PRINCIPAL, target_group_arn, account, "lambda:InvokeFunction", function_arn
        )

    def _register(self, plain: Moto, group: Moto, targets: list[dict[str, Moto]]) -> None:
        for target in targets:
            _check_target(group, target)
        if group.target_type != "lambda":
            plain(group, targets)
            return
        if len({*group.targets, *(one["Id"] for one in targets)}) > 1:
            raise ELBClientError("TooManyTargets", "A Lambda target group can only have one function registered.")
        for one in targets:
            if not self.may_invoke(group.arn, one["Id"]):
                raise ApiError(
                    "AccessDenied",
                    f"elasticloadbalancing principal does not have permission to invoke {one['Id']} from target "
                    f"group {group.arn}",
                )
            group.targets[one["Id"]] = {"Id": one["Id"]}

    def _health_for(self, group: Moto, target: dict[str, Moto], ec2_backend: Moto) -> Moto:
        known = group.targets.get(target["Id"])
        port = (known or target).get("Port", group.port)
        health = NOT_REGISTERED if known is None else self._health_of(group, target["Id"], ec2_backend)
        check = group.health_check_port
        shown = str(port) if check == "traffic-port" else check
        return models.FakeHealthStatus(
            target["Id"],
            None if group.target_type == "lambda" else port,
            shown,
            health.state,
            health.reason or None,
            health.description or None,
        )

    def _health_of(self, group: Moto, target_id: str, ec2_backend: Moto) -> TargetHealth:
        if group.target_type == "instance":
            instance = ec2_backend.get_instance_by_id(target_id)
            if instance is None or instance.state != instances.RUNNING:
                return INVALID_STATE
        if not group.load_balancer_arns:
            return NOT_IN_USE
        if not group.health_check_enabled:
            return CHECK_DISABLED
        return self._health.get((group.arn, target_id), INITIAL)


def target_group_arns(action: Moto) -> list[tuple[str, int]]:
    """Return the target groups of a forward action with their weights."""
    if config := action.data.get("ForwardConfig"):
        return [(one["TargetGroupArn"], int(one.get("Weight", 1))) for one in config.get("TargetGroups", [])]
    return [(action.data["TargetGroupArn"], 1)] if "TargetGroupArn" in action.data else []


def _load_balancer_arns(group: Moto) -> list[str]:
    backend = models.elbv2_backends[group.account_id][group.region_name]
    return [
        balancer.arn
        for balancer in backend.load_balancers.values()
        if any(
            arn == group.arn
            for listener in balancer.listeners.values()
            for action in listener.default_actions
            for arn, _ in target_group_arns(action)
        )
    ]


def _initialise(plain: Moto, self: Moto, **given: Moto) -> None:
    _check_function_health(given.get("target_type") or "", given.get("healthcheck_enabled"))
    plain(self, **given)
    enabled = given.get("healthcheck_enabled")
    if enabled is not None:  # moto understands its text alone
        self.health_check_enabled = str(enabled).lower() == "true"


def _modify(plain: Moto, self: Moto, arn: str, *args: Moto, **given: Moto) -> Moto:
    group = self.target_groups.get(arn)
    enabled = str(given.pop("health_check_enabled", None)).lower()
    if group is not None and enabled != "none":
        _check_function_health(group.target_type, enabled)
        group.health_check_enabled = enabled == "true"  # moto would keep its text
    return plain(self, arn, *args, **given)


def _check_function_health(target_type: str, enabled: object) -> None:
    if target_type == "lambda" and str(enabled).lower() == "true":
        raise ApiError(
            "UnsupportedOperation",
            "HealthCheckEnabled for functions is refused by the local cloud: not modelled are health checks of "
            "functions.",
        )


def _deregister(plain: Moto, self: Moto, targets: list[dict[str, Moto]]) -> None:
    registered = [one for one in targets if one["Id"] in self.targets]
    plain(self, registered)  # AWS says nothing of those that are not registered


def _check_target(group: Moto, target: dict[str, Moto]) -> None:
    identifier = target["Id"]
    if group.target_type == "instance":
        if group.ec2_backend.get_instance_by_id(identifier) is None:
            raise ELBClientError("InvalidTarget", f"The following targets are not valid: '{identifier}'")
    elif group.target_type == "ip":
        _check_address(group, identifier)
    known = group.targets.get(identifier)
    port = target.get("Port", group.port)
    if known is not None and str(known.get("Port")) != str(port):
        raise ApiError(
            "UnsupportedOperation",
            f"Registering {identifier} on port {port} and on {known['Port']} is refused by the local cloud: "
            "not modelled are several ports of one target.",
        )


def _check_address(group: Moto, identifier: str) -> None:
    try:
        address = IPv4Address(identifier)
    except AddressValueError:
        raise ValidationError(f"The IP address '{identifier}' is not a valid IPv4 address") from None
    vpc = group.ec2_backend.get_vpc(group.vpc_id)
    own = [
        IPv4Network(one["cidr_block"])
        for one in vpc.get_cidr_block_association_set()
        if one["cidr_block_state"]["state"] == "associated"
    ]
    if not any(address in network for network in (*own, *_ELSEWHERE)):
        raise ValidationError(
            f"The IP address '{identifier}' is not within a range of the VPC, RFC 1918 or RFC 6598 ranges"
        )


def _create_listener(plain: Moto, self: Moto, load_balancer_arn: str, *args: Moto, **given: Moto) -> Moto:
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer is not None:
        _check_port(balancer, given.get("port"), None)
        _check_groups(self, balancer, given.get("actions") or [])
    listener = plain(self, load_balancer_arn, *args, **given)
    listener.ssl_policy = None  # of HTTPS listeners alone
    return listener


def _modify_listener(plain: Moto, self: Moto, arn: str, port: Moto = None, *args: Moto, **given: Moto) -> Moto:
    [listener] = self.describe_listeners(load_balancer_arn=None, listener_arns=[arn])
    balancer = self.load_balancers[listener.load_balancer_arn]
    if port is not None:
        _check_port(balancer, port, listener)
    actions = args[3] if len(args) > 3 else given.get("actions")  # noqa: PLR2004 - after protocol, policy, certificates
    if actions:
        self._validate_actions([models.FakeAction(dict(one)) for one in actions])
        _check_groups(self, balancer, actions)
    return plain(self, arn, port, *args, **given)


def _check_port(balancer: Moto, port: Moto, own: Moto) -> None:
    if any(str(one.port) == str(port) for one in balancer.listeners.values() if one is not own):
        raise DuplicateListenerError


def _check_groups(backend: Moto, balancer: Moto, actions: list[dict[str, Moto]]) -> None:
    for action in actions:
        for arn, _ in target_group_arns(models.FakeAction(dict(action))):
            group = backend.target_groups.get(arn)
            if group is not None and group.vpc_id not in (None, balancer.vpc_id):
                raise ELBClientError(
                    "InvalidConfigurationRequest",
                    f"The target group '{arn}' and the load balancer are in different VPCs.",
                )
