"""What may be asked of NAT instances, caches and load balancers: the rest is refused, not recorded and ignored.

For each change that is modelled, the parameters that something follows, and the values of the others that ask for
nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Accepts: TypeAlias = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Refusal:
    """``asked`` is the call with the parameter that asks too much, ``what`` it asks for."""

    asked: str
    what: str


EC2_ACTIONS = frozenset(
    ["RunInstances", "TerminateInstances", "StartInstances", "StopInstances", "ModifyInstanceAttribute"]
)
ELASTICACHE_ACTIONS = frozenset(
    [
        "CreateReplicationGroup",
        "ModifyReplicationGroup",
        "DeleteReplicationGroup",
        "CreateCacheCluster",
        "CreateCacheSubnetGroup",
        "ModifyCacheSubnetGroup",
        "DeleteCacheSubnetGroup",
        "AddTagsToResource",
        "RemoveTagsFromResource",
    ]
)
LOAD_BALANCING_ACTIONS = frozenset(
    [
        "CreateLoadBalancer",
        "DeleteLoadBalancer",
        "SetSecurityGroups",
        "SetSubnets",
        "ModifyLoadBalancerAttributes",
        "CreateTargetGroup",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
        "DeleteTargetGroup",
        "RegisterTargets",
        "DeregisterTargets",
        "CreateListener",
        "ModifyListener",
        "DeleteListener",
        "AddTags",
        "RemoveTags",
    ]
)


def _any(_: str) -> bool:
    return True


def _one_of(*values: str) -> Accepts:
    return lambda value: value.lower() in values


_OFF, _FIRST, _IPV4 = _one_of("false"), _one_of("1"), _one_of("ipv4")

_COMMON = dict.fromkeys(("Action", "Version", "DryRun", "ClientToken", "Tags"), _any)
_PARAMETERS: Mapping[str, Mapping[str, tuple[Accepts, str]]] = {
    "RunInstances": {
        "MinCount": (_FIRST, "several instances at once"),
        "MaxCount": (_FIRST, "several instances at once"),
        "UserData": (_one_of(""), "user data: nothing would run it"),
        "KeyName": (_one_of(""), "logging in to an instance"),
        "IamInstanceProfile": (_one_of(""), "roles of instances"),
        "LaunchTemplate": (_one_of(""), "launch templates"),
        "InstanceMarketOptions": (_one_of(""), "Spot Instances"),
        "SecurityGroup": (_one_of(""), "security groups by name"),
        "SecondaryInterface": (_one_of(""), "secondary interfaces"),
        "HibernationOptions": (_one_of("false"), "hibernation"),
    },
    "ModifyInstanceAttribute": {
        "InstanceType": (_one_of(""), "other instance types"),
        "UserData": (_one_of(""), "user data: nothing would run it"),
        "Kernel": (_one_of(""), "kernels"),
        "Ramdisk": (_one_of(""), "RAM disks"),
    },
    "CreateReplicationGroup": {
        "Engine": (_one_of("valkey"), "engines other than valkey"),
        "NumCacheClusters": (_FIRST, "replicas"),
        "NumNodeGroups": (_FIRST, "several shards"),
        "ReplicasPerNodeGroup": (_one_of("0"), "replicas"),
        "NodeGroupConfiguration": (_one_of(""), "shards by configuration"),
        "AutomaticFailoverEnabled": (_OFF, "failover"),
        "MultiAZEnabled": (_OFF, "a standby in another zone"),
        "ClusterMode": (_one_of("disabled"), "cluster mode"),
        "TransitEncryptionEnabled": (_OFF, "encryption in transit"),
        "AuthToken": (_one_of(""), "passwords of caches"),
        "UserGroupIds": (_one_of(""), "users of caches"),
        "SnapshotRetentionLimit": (_one_of("0"), "snapshots"),
        "SnapshotName": (_one_of(""), "snapshots"),
        "SnapshotArns": (_one_of(""), "snapshots"),
        "ServerlessCacheSnapshotName": (_one_of(""), "snapshots"),
        "GlobalReplicationGroupId": (_one_of(""), "global datastores"),
        "PrimaryClusterId": (_one_of(""), "replication groups of existing clusters"),
        "CacheParameterGroupName": (lambda value: value.startswith("default."), "parameter groups"),
        "CacheSecurityGroupNames": (_one_of(""), "cache security groups"),
        "NotificationTopicArn": (_one_of(""), "notifications"),
        "LogDeliveryConfigurations": (_one_of(""), "logs of caches"),
        "DataTieringEnabled": (_OFF, "data tiering"),
        "NetworkType": (_IPV4, "IPv6"),
        "IpDiscovery": (_IPV4, "IPv6"),
        "Durability": (_one_of(""), "durability"),
    },
    "ModifyReplicationGroup": {
        "Engine": (_one_of("valkey"), "engines other than valkey"),
        "EngineVersion": (_one_of(""), "other versions of a running cache"),
        "AutomaticFailoverEnabled": (_OFF, "failover"),
        "MultiAZEnabled": (_OFF, "a standby in another zone"),
        "ClusterMode": (_one_of("disabled"), "cluster mode"),
        "TransitEncryptionEnabled": (_OFF, "encryption in transit"),
        "AuthToken": (_one_of(""), "passwords of caches"),
        "UserGroupIdsToAdd": (_one_of(""), "users of caches"),
        "SnapshotRetentionLimit": (_one_of("0"), "snapshots"),
        "CacheParameterGroupName": (lambda value: value.startswith("default."), "parameter groups"),
        "NotificationTopicArn": (_one_of(""), "notifications"),
        "LogDeliveryConfigurations": (_one_of(""), "logs of caches"),
        "PrimaryClusterId": (_one_of(""), "failover"),
        "Durability": (_one_of(""), "durability"),
    },
    "DeleteReplicationGroup": {
        "RetainPrimaryCluster": (_OFF, "clusters without a replication group"),
        "FinalSnapshotIdentifier": (_one_of(""), "snapshots"),
    },
    "CreateLoadBalancer": {
        "Type": (_one_of("application"), "load balancers other than application load balancers"),
        "Scheme": (_one_of("internal"), "internet-facing load balancers"),
        "IpAddressType": (_IPV4, "IPv6"),
        "CustomerOwnedIpv4Pool": (_one_of(""), "Outposts"),
        "IpamPools": (_one_of(""), "IPAM pools"),
        "MinimumLoadBalancerCapacity": (_one_of(""), "reserved capacity"),
    },
    "SetSubnets": {"IpAddressType": (_IPV4, "IPv6")},
    "CreateTargetGroup": {
        "TargetType": (_one_of("instance", "ip", "lambda"), "load balancers as targets"),
        "Protocol": (_one_of("http", "https"), "protocols other than HTTP and HTTPS"),
        "ProtocolVersion": (_one_of("http1"), "HTTP/2 and gRPC to targets"),
        "HealthCheckProtocol": (_one_of("http", "https"), "protocols other than HTTP and HTTPS"),
        "IpAddressType": (_IPV4, "IPv6"),
    },
    "ModifyTargetGroup": {
        "HealthCheckProtocol": (_one_of("http", "https"), "protocols other than HTTP and HTTPS")
    },
    "CreateListener": {
        "Protocol": (_one_of("http"), "listeners other than HTTP"),
        "Certificates": (_one_of(""), "certificates of listeners"),
        "MutualAuthentication": (_one_of("off"), "mutual authentication"),
    },
    "ModifyListener": {
        "Protocol": (_one_of("http"), "listeners other than HTTP"),
        "Certificates": (_one_of(""), "certificates of listeners"),
        "MutualAuthentication": (_one_of("off"), "mutual authentication"),
    },
}
_ACTION_TYPES = _one_of("fixed-response", "forward")
_USUAL_ATTRIBUTES: Mapping[str, Accepts] = {
    # A load balancer's and a target group's, with the values that they have anyway.
    "access_logs.s3.enabled": _OFF,
    "access_logs.s3.bucket": _one_of(""),
    "access_logs.s3.prefix": _one_of(""),
    "connection_logs.s3.enabled": _OFF,
    "connection_logs.s3.bucket": _one_of(""),
    "connection_logs.s3.prefix": _one_of(""),
    "health_check_logs.s3.enabled": _OFF,
    "client_keep_alive.seconds": _one_of("3600"),
    "deletion_protection.enabled": _any,
    "idle_timeout.timeout_seconds": _one_of("60"),
    "load_balancing.cross_zone.enabled": _one_of("true", "use_load_balancer_configuration"),
    "routing.http.desync_mitigation_mode": _one_of("defensive"),
    "routing.http.drop_invalid_header_fields.enabled": _OFF,
    "routing.http.preserve_host_header.enabled": _OFF,
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": _OFF,
    "routing.http.xff_client_port.enabled": _OFF,
    "routing.http.xff_header_processing.mode": _one_of("append"),
    "routing.http2.enabled": _one_of("true"),
    "waf.fail_open.enabled": _OFF,
    "zonal_shift.config.enabled": _OFF,
    "deregistration_delay.timeout_seconds": _any,
    "lambda.multi_value_headers.enabled": _OFF,
    "load_balancing.algorithm.type": _one_of("round_robin"),
    "load_balancing.algorithm.anomaly_mitigation": _one_of("off"),
    "slow_start.duration_seconds": _one_of("0"),
    "stickiness.enabled": _OFF,
    "stickiness.type": _one_of("lb_cookie"),
    "stickiness.lb_cookie.duration_seconds": _any,
    "stickiness.app_cookie.cookie_name": _one_of(""),
    "stickiness.app_cookie.duration_seconds": _any,
}


def refusal(action: str, parameters: Mapping[str, str]) -> Refusal | None:
    """Return what a call asks for that nothing would follow; None when there is no such thing."""
    known = _PARAMETERS.get(action, {})
    for name, value in parameters.items():
        head = name.partition(".")[0]
        if head in _COMMON:
            continue
        accepts, what = known.get(head, (_any, ""))
        if not accepts(value):
            return Refusal(f"{action} with {name} {value}".strip(), what)
        if (found := _nested(action, name, value)) is not None:
            return found
    if action == "CreateReplicationGroup" and "Engine" not in parameters:
        return Refusal(f"{action} without Engine", "engines other than valkey")
    if action == "CreateLoadBalancer" and "Scheme" not in parameters:
        return Refusal(f"{action} without Scheme", "internet-facing load balancers")
    return _attributes(action, parameters)


def _nested(action: str, name: str, value: str) -> Refusal | None:
    asked = f"{action} with {name}"
    if name.startswith("DefaultActions.") and name.count(".") == 3 and name.endswith(".Type"):  # noqa: PLR2004
        return None if _ACTION_TYPES(value) else Refusal(f"{asked} {value}", "that action of a listener")
    if name.startswith("DefaultActions.member.2."):
        return Refusal(asked, "several actions of a listener")
    if name.endswith("TargetGroupStickinessConfig.Enabled"):
        return None if _OFF(value) else Refusal(asked, "stickiness")
    if name.startswith("SubnetMappings.") and not name.endswith(".SubnetId"):
        return Refusal(asked, "the choice of a load balancer's addresses")
    if name.startswith("NetworkInterface.2."):
        return Refusal(asked, "several interfaces of an instance")
    return None


def _attributes(action: str, parameters: Mapping[str, str]) -> Refusal | None:
    for name, key in parameters.items():
        if name.startswith("Attributes.") and name.endswith(".Key"):
            value = parameters.get(f"{name.removesuffix('.Key')}.Value", "")
            accepts = _USUAL_ATTRIBUTES.get(key)
            if accepts is None or not accepts(value):
                return Refusal(f"{action} with {key}={value}", "that attribute")
    return None
