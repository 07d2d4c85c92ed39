"""What describe calls returned of caches, load balancers and instances, as the network's facts."""

from collections.abc import Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Any, TypeAlias

from vpclab.network.model import (
    Cache,
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

Json: TypeAlias = Mapping[str, Any]

_GONE = "terminated"


def caches(given: Json) -> Iterator[Cache]:
    """Return each node of each cluster whose interface can be told by its description."""
    interfaces = {one.get("Description", ""): one for one in given["NetworkInterfaces"]}
    group_names = {
        member["CacheClusterId"]: tuple(
            node_group[kind]["Address"] for kind in ("PrimaryEndpoint", "ReaderEndpoint") if kind in node_group
        )
        for group in given["ReplicationGroups"]
        for node_group in group.get("NodeGroups", ())
        for member in node_group.get("NodeGroupMembers", ())
        if member.get("CurrentRole") == "primary"
    }
    for one in given["CacheClusters"]:
        interface = interfaces.get(f"ElastiCache {one['CacheClusterId']}")
        endpoints = [node["Endpoint"] for node in one.get("CacheNodes", ()) if "Endpoint" in node]
        if interface is None:
            continue
        yield Cache(
            identifier=one["CacheClusterId"],
            arn=one["ARN"],
            vpc_id=interface["VpcId"],
            host_names=(
                *(endpoint["Address"] for endpoint in endpoints),
                *group_names.get(one["CacheClusterId"], ()),
            ),
            port=endpoints[0]["Port"] if endpoints else 0,
            network_interface_id=interface["NetworkInterfaceId"],
            engine=one["Engine"],
            engine_version=one["EngineVersion"],
            status=one["CacheClusterStatus"],
        )


def load_balancers(given: Json) -> Iterator[LoadBalancer]:
    """Return each load balancer with its listeners."""
    for one in given["LoadBalancers"]:
        arn = one["LoadBalancerArn"]
        described = f"ELB {arn.partition(':loadbalancer/')[2]}"
        yield LoadBalancer(
            arn=arn,
            name=one["LoadBalancerName"],
            vpc_id=one["VpcId"],
            scheme=one["Scheme"],
            type=one["Type"],
            dns_name=one["DNSName"],
            security_group_ids=tuple(one.get("SecurityGroups", ())),
            network_interface_ids=tuple(
                interface["NetworkInterfaceId"]
                for interface in given["NetworkInterfaces"]
                if interface.get("Description") == described
            ),
            listeners=tuple(
                Listener(
                    listener["ListenerArn"],
                    listener["Protocol"],
                    listener["Port"],
                    _action(listener["DefaultActions"]),
                )
                for listener in given["Listeners"]
                if listener["LoadBalancerArn"] == arn
            ),
        )


def _action(actions: list[Json]) -> FixedResponse | Forward | None:
    if len(actions) != 1:
        return None
    [action] = actions
    if action["Type"] == "fixed-response":
        config = action["FixedResponseConfig"]
        return FixedResponse(
            int(config["StatusCode"]), config.get("ContentType", "text/plain"), config.get("MessageBody", "")
        )
    if action["Type"] == "forward":
        groups = action.get("ForwardConfig", {}).get("TargetGroups") or [
            {"TargetGroupArn": action["TargetGroupArn"]}
        ]
        return Forward(tuple((one["TargetGroupArn"], one.get("Weight", 1)) for one in groups))
    return None


def target_groups(given: Json) -> Iterator[TargetGroup]:
    """Return each target group with its targets."""
    instance_addresses = {
        instance["InstanceId"]: instance.get("PrivateIpAddress")
        for reservation in given["Reservations"]
        for instance in reservation["Instances"]
    }
    for one in given["TargetGroups"]:
        kind = TargetType(one["TargetType"])
        port = one.get("HealthCheckPort", "traffic-port")
        yield TargetGroup(
            arn=one["TargetGroupArn"],
            name=one["TargetGroupName"],
            target_type=kind,
            protocol=one.get("Protocol", ""),
            health_check=HealthCheck(
                enabled=one["HealthCheckEnabled"],
                protocol=one.get("HealthCheckProtocol", ""),
                port=int(port) if port.isdecimal() else None,
                path=one.get("HealthCheckPath", ""),
                interval=one["HealthCheckIntervalSeconds"],
                timeout=one["HealthCheckTimeoutSeconds"],
                healthy_threshold=one["HealthyThresholdCount"],
                unhealthy_threshold=one["UnhealthyThresholdCount"],
                matcher=one.get("Matcher", {}).get("HttpCode", ""),
            ),
            targets=tuple(
                _target(described["Target"], kind, instance_addresses)
                for described in given["TargetHealthDescriptions"][one["TargetGroupArn"]]
            ),
        )


def _target(target: Json, kind: TargetType, instance_addresses: Mapping[str, str | None]) -> Target:
    address = instance_addresses.get(target["Id"]) if kind is TargetType.INSTANCE else target["Id"]
    try:
        return Target(target["Id"], target.get("Port"), IPv4Address(address or ""))
    except AddressValueError:
        return Target(target["Id"], target.get("Port"))


def instances(given: Json) -> Iterator[Instance]:
    """Return each instance that is not gone."""
    for reservation in given["Reservations"]:
        for one in reservation["Instances"]:
            if one["State"]["Name"] != _GONE:
                yield Instance(
                    one["InstanceId"],
                    one["ImageId"],
                    one["State"]["Name"],
                    tuple(interface["NetworkInterfaceId"] for interface in one["NetworkInterfaces"]),
                )
