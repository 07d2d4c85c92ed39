"""moto's databases, caches, load balancers and instances as the network's facts, one by one; see ``inventory``."""

from ipaddress import AddressValueError, IPv4Address

from moto.ec2.models import ec2_backends

from vpclab.localcloud.control_plane.additions import caches as additions_caches
from vpclab.localcloud.control_plane.additions import databases as additions_databases
from vpclab.localcloud.control_plane.additions import instances as additions_instances
from vpclab.localcloud.control_plane.additions import load_balancers as additions_load_balancers
from vpclab.localcloud.control_plane.additions.target_groups import target_group_arns
from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.network.model import (
    Cache,
    DatabaseInstance,
    FixedResponse,
    Forward,
    HealthCheck,
    Instance,
    Listener,
    LoadBalancer,
    Target,
    TargetGroup,
    TargetType,
)


def database(account: str, region: str, instance: Moto) -> DatabaseInstance:
    """Return an RDS instance of that account and Region."""
    interface = ec2_backends[account][region].enis[instance.vpclab_interface_id]
    return DatabaseInstance(
        identifier=instance.db_instance_identifier,
        arn=instance.db_instance_arn,
        vpc_id=interface.subnet.vpc_id,
        endpoint_address=additions_databases.address(instance),
        port=int(instance.port),
        network_interface_id=interface.id,
        engine=instance.engine,
        engine_version=instance.engine_version,
        database_name=instance.db_name or "",
        status=instance.status,
        publicly_accessible=bool(instance.publicly_accessible),
    )


def cache(account: str, region: str, cluster: Moto) -> Cache:
    """Return a node of that account and Region."""
    interface = ec2_backends[account][region].enis[cluster.vpclab_interface_id]
    return Cache(
        identifier=cluster.cache_cluster_id,
        arn=cluster.arn,
        vpc_id=interface.subnet.vpc_id,
        host_names=additions_caches.host_names(cluster),
        port=int(cluster.port),
        network_interface_id=interface.id,
        engine=cluster.engine,
        engine_version=cluster.engine_version,
        status=cluster.cache_cluster_status,
    )


def load_balancer(balancer: Moto) -> LoadBalancer:
    """Return a load balancer with its listeners."""
    return LoadBalancer(
        arn=balancer.arn,
        name=balancer.name,
        vpc_id=balancer.vpc_id,
        scheme=balancer.scheme,
        type=balancer.type,
        dns_name=balancer.dns_name,
        security_group_ids=tuple(balancer.security_groups),
        network_interface_ids=tuple(getattr(balancer, additions_load_balancers.INTERFACES).values()),
        listeners=tuple(
            Listener(one.arn, one.protocol, int(one.port), _action(one.default_actions))
            for one in balancer.listeners.values()
        ),
    )


def _action(actions: list[Moto]) -> FixedResponse | Forward | None:
    if len(actions) != 1:
        return None
    [action] = actions
    if action.type == "fixed-response":
        config = action.data["FixedResponseConfig"]
        return FixedResponse(
            int(config["StatusCode"]), config.get("ContentType") or "text/plain", config.get("MessageBody") or ""
        )
    return Forward(tuple(target_group_arns(action))) if action.type == "forward" else None


def target_group(group: Moto) -> TargetGroup:
    """Return a target group with its targets."""
    port = str(group.health_check_port or "")
    matcher = getattr(group, "matcher", None) or {}
    return TargetGroup(
        arn=group.arn,
        name=group.name,
        target_type=TargetType(group.target_type),
        protocol=group.protocol or "",
        health_check=HealthCheck(
            enabled=group.health_check_enabled,
            protocol=group.health_check_protocol or "",
            port=int(port) if port.isdecimal() else None,
            path=group.health_check_path or "",
            interval=int(group.health_check_interval_seconds),
            timeout=int(group.health_check_timeout_seconds),
            healthy_threshold=int(group.healthy_threshold_count),
            unhealthy_threshold=int(group.unhealthy_threshold_count),
            matcher=matcher.get("HttpCode") or "",
        ),
        targets=tuple(_target(group, one) for one in group.targets.values()),
    )


def _target(group: Moto, target: dict[str, Moto]) -> Target:
    identifier, port = target["Id"], target.get("Port")
    address = identifier
    if group.target_type == "instance":
        instance = group.ec2_backend.get_instance_by_id(identifier)
        address = instance.private_ip if instance is not None else None
    try:
        return Target(identifier, int(port) if port is not None else None, IPv4Address(address or ""))
    except AddressValueError:
        return Target(identifier, int(port) if port is not None else None)


def instance(one: Moto) -> Instance | None:
    """Return an instance; None: it is gone."""
    if one.state == additions_instances.TERMINATED:
        return None
    return Instance(one.id, one.image_id, one.state, tuple(eni.id for eni in one.nics.values()))
