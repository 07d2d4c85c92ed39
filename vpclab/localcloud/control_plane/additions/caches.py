"""ElastiCache: a node with an interface in the VPC, a life, and names of AWS's shape.

moto's replication groups are available at once, have no interface and no clusters, share a Region's short name and
cannot change their groups. AWS: ElastiCache API reference; ElastiCache guide, "Finding connection endpoints" and
"Amazon VPCs and ElastiCache security".
"""

import hashlib
import re
import string
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elasticache import models
from moto.elasticache.exceptions import CacheSubnetGroupNotFound
from moto.elasticache.responses import ElastiCacheResponse

from vpclab.localcloud.control_plane.additions import managed_interfaces
from vpclab.localcloud.control_plane.additions.cache_subnet_groups import refusal
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

REQUESTER = "amazon-elasticache"
ENGINE, DEFAULT_PORT = "valkey", 6379

_SERVICE = managed_interfaces.Service("interface", REQUESTER, attachment_owner=REQUESTER)
_DEFAULT_ENGINE_VERSION = "8.1"
_ENGINE_VERSION = re.compile(r"7\.2|8\.[0-9]|9\.[0-9]")
_IDENTIFIER = re.compile(r"(?=.{1,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NODE = "0001"
_LETTERS = string.ascii_lowercase + string.digits


def description(cluster_id: str) -> str:
    """Return how DescribeNetworkInterfaces describes a node's interface."""
    return f"ElastiCache {cluster_id}"


class Caches:
    """The corrections of ElastiCache, and what the rest of the cloud asks about nodes."""

    def correct(self, corrections: Corrections) -> None:
        """Correct every call that makes, changes or deletes replication groups."""
        backend_class = models.ElastiCacheBackend
        corrections.wrap(backend_class, "create_replication_group", _create)
        corrections.wrap(backend_class, "delete_replication_group", _delete)
        corrections.wrap(backend_class, "create_cache_cluster", _create_cluster)
        corrections.wrap(ElastiCacheResponse, "modify_replication_group", _modify)

    def ready(self, arn: str) -> None:
        """Make the node with this ARN ``available``, and its group with it; unknown ones are ignored."""
        for regions in list(models.elasticache_backends.values()):
            for backend in list(regions.values()):
                for cluster in list(backend.cache_clusters.values()):
                    if cluster.arn == arn:
                        _make_available(backend, cluster)


def clusters() -> list[tuple[str, str, Moto]]:
    """Return account, Region and each cluster (a node each)."""
    return [
        (account, region, cluster)
        for account, regions in list(models.elasticache_backends.items())
        for region, backend in list(regions.items())
        for cluster in list(backend.cache_clusters.values())
    ]


def host_names(cluster: Moto) -> tuple[str, ...]:
    """Return every name that leads to a node: its own, its group's primary's, its group's readers'."""
    names: tuple[str, ...] = cluster.vpclab_host_names
    return names


def _short(region: str) -> str:
    """``use1`` of ``us-east-1``."""
    parts = region.split("-")
    return parts[0] + "".join(one[0] for one in parts[1:-1]) + parts[-1]


def _domain(backend: Moto) -> str:
    digest = hashlib.sha256(f"{backend.account_id} {backend.region_name} cache".encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:6])


def _host_names(backend: Moto, group_id: str, cluster_id: str) -> tuple[str, str, str]:
    """Return the names of a node, of its group's primary and of its group's readers."""
    label, suffix = _domain(backend), f"{_short(backend.region_name)}.cache.amazonaws.com"
    return (
        f"{cluster_id}.{label}.{_NODE}.{suffix}",
        f"{group_id}.{label}.ng.{_NODE}.{suffix}",
        f"{group_id}-ro.{label}.ng.{_NODE}.{suffix}",
    )


def _network(backend: Moto) -> Moto:
    return ec2_backends[backend.account_id][backend.region_name]


def _create(plain: Moto, self: Moto, **given: Moto) -> Moto:
    identifier = str(given["replication_group_id"]).lower()
    if not _IDENTIFIER.fullmatch(identifier):
        raise refusal(
            "InvalidParameterValue",
            "The parameter ReplicationGroupIdentifier is not a valid identifier. Identifiers must begin with a "
            "letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or "
            "contain two consecutive hyphens.",
        )
    node_type = given.get("cache_node_type") or ""
    if not node_type.startswith("cache."):
        raise refusal("InvalidParameterValue", f"Invalid Cache Node Type: {node_type or None}")
    version = given.get("engine_version") or _DEFAULT_ENGINE_VERSION
    if not _ENGINE_VERSION.fullmatch(version):
        raise refusal("InvalidParameterCombination", f"Cannot find version {version} for valkey")
    network = _network(self)
    subnet = _subnet(self, network, given)
    groups = _groups(network, subnet.vpc_id, given.get("security_group_ids"))
    given |= {
        "replication_group_id": identifier,
        "engine": ENGINE,
        "engine_version": version,
        "security_group_ids": groups,
        "port": int(given.get("port") or DEFAULT_PORT),
        "num_cache_clusters": 1,
        "preferred_cache_cluster_azs": [subnet.availability_zone],
    }
    if given.get("at_rest_encryption_enabled") is None:
        given["at_rest_encryption_enabled"] = True  # for Valkey, unless said otherwise
    group = plain(self, **given)
    cluster = _cluster(self, group, subnet, given)
    made = managed_interfaces.make(network, subnet, _SERVICE, description(cluster.cache_cluster_id), groups)
    cluster.vpclab_interface_id = made.id
    self.cache_clusters[cluster.cache_cluster_id] = cluster
    group.status = "creating"
    _describe(group, cluster)
    return group


def _cluster(backend: Moto, group: Moto, subnet: Moto, given: dict[str, Any]) -> Moto:
    cluster_id = f"{group.replication_group_id}-001"
    wanted = {name: given.get(name) for name in _CLUSTER_PARAMETERS}
    wanted |= {"cache_cluster_id": cluster_id, "num_cache_nodes": 1}
    wanted["preferred_availability_zone"] = subnet.availability_zone
    cluster = models.CacheCluster(account_id=backend.account_id, region_name=backend.region_name, **wanted)
    cluster.num_cache_nodes = 1
    cluster.replication_group_id = group.replication_group_id
    cluster.cache_cluster_status = "creating"
    cluster.cache_node_type = group.cache_node_type
    cluster.transit_encryption_enabled = False
    cluster.at_rest_encryption_enabled = group.at_rest_encryption_enabled
    cluster.network_type = cluster.ip_discovery = "ipv4"
    cluster.snapshot_window = group.snapshot_window
    cluster.preferred_maintenance_window = group.preferred_maintenance_window or "sun:05:00-sun:06:00"
    cluster.auto_minor_version_upgrade = group.auto_minor_version_upgrade = (
        str(given.get("auto_minor_version_upgrade")).lower() != "false"
    )
    major = given["engine_version"].partition(".")[0]
    cluster.cache_parameter_group = {
        "cache_parameter_group_name": given.get("cache_parameter_group_name") or f"default.valkey{major}",
        "parameter_apply_status": "in-sync",
        "cache_node_ids_to_reboot": [],
    }
    cluster.vpclab_host_names = _host_names(backend, group.replication_group_id, cluster_id)
    _show_groups(cluster, given["security_group_ids"])
    return cluster


_CLUSTER_PARAMETERS = (
    "cache_node_type",
    "replication_group_id",
    "az_mode",
    "engine",
    "engine_version",
    "cache_parameter_group_name",
    "cache_subnet_group_name",
    "transit_encryption_enabled",
    "network_type",
    "ip_discovery",
    "snapshot_name",
    "preferred_maintenance_window",
    "port",
    "notification_topic_arn",
    "auto_minor_version_upgrade",
    "snapshot_retention_limit",
    "snapshot_window",
    "auth_token",
    "outpost_mode",
    "preferred_outpost_arn",
    "preferred_availability_zones",
    "cache_security_group_names",
    "security_group_ids",
    "tags",
    "snapshot_arns",
    "preferred_outpost_arns",
    "log_delivery_configurations",
    "cache_node_ids_to_remove",
    "cache_node_ids_to_reboot",
)


def _show_groups(cluster: Moto, groups: list[str]) -> None:
    cluster.security_group_ids = groups
    cluster.security_groups = [{"security_group_id": one, "status": "active"} for one in groups]


def _describe(group: Moto, cluster: Moto) -> None:
    """Write what both describe calls say of the only node; endpoints are there once it is available."""
    own, primary, reader = ({"address": name, "port": cluster.port} for name in cluster.vpclab_host_names)
    available = cluster.cache_cluster_status == "available"
    member = {
        "cache_cluster_id": cluster.cache_cluster_id,
        "cache_node_id": _NODE,
        "preferred_availability_zone": cluster.preferred_availability_zone,
        "current_role": "primary",
        **({"read_endpoint": own} if available else {}),
    }
    group.member_clusters = [cluster.cache_cluster_id]
    group.node_groups = [
        {
            "node_group_id": _NODE,
            "status": group.status,
            "node_group_members": [member],
            **({"primary_endpoint": primary, "reader_endpoint": reader} if available else {}),
        }
    ]
    cluster.cache_nodes = [
        {
            "cache_node_id": _NODE,
            "cache_node_status": cluster.cache_cluster_status,
            "cache_node_create_time": cluster.cache_cluster_create_time,
            "parameter_group_status": "in-sync",
            "customer_availability_zone": cluster.preferred_availability_zone,
            **({"endpoint": own} if available else {}),
        }
    ]


def _make_available(backend: Moto, cluster: Moto) -> None:
    cluster.cache_cluster_status = cluster.status = "available"
    group = backend.replication_groups[cluster.replication_group_id]
    group.status = "available"
    _describe(group, cluster)


def _modify(plain: Moto, self: Moto) -> Moto:
    backend, identifier = self.elasticache_backend, str(self._get_param("ReplicationGroupId")).lower()
    [group] = backend.describe_replication_groups(identifier)
    if wanted := self._get_param("SecurityGroupIds"):
        network, cluster = _network(backend), backend.cache_clusters[group.member_clusters[0]]
        interface_id = cluster.vpclab_interface_id
        groups = _groups(network, network.enis[interface_id].vpc_id, wanted)
        managed_interfaces.set_groups(network, interface_id, groups)
        _show_groups(cluster, groups)
    return plain(self)


def _delete(_plain: Moto, self: Moto, replication_group_id: str, **_: Moto) -> Moto:
    [group] = self.describe_replication_groups(replication_group_id.lower())
    for identifier in group.member_clusters:
        cluster = self.cache_clusters.pop(identifier)
        managed_interfaces.remove(_network(self), cluster.vpclab_interface_id)
    del self.replication_groups[group.replication_group_id]
    group.status, group.node_groups, group.member_clusters = "deleting", [], []
    return group


def _create_cluster(_plain: Moto, _self: Moto, **given: Moto) -> Moto:
    if given.get("engine") == ENGINE:
        raise refusal(
            "InvalidParameterValue",
            "This API doesn't support Valkey engine. Please use CreateReplicationGroup API for Valkey cluster "
            "creation.",
        )
    raise ApiError(
        "UnsupportedOperation",
        f"CreateCacheCluster with Engine {given.get('engine')} is refused by the local cloud: not modelled are "
        "engines other than valkey. Use CreateReplicationGroup with Engine valkey.",
    )


def _subnet(backend: Moto, network: Moto, given: dict[str, Any]) -> Moto:
    name = str(given.get("cache_subnet_group_name") or "default").lower()
    group = backend.cache_subnet_groups.get(name)
    if group is None:
        raise CacheSubnetGroupNotFound(name)
    zones = given.get("preferred_cache_cluster_azs") or []
    subnets = [network.get_subnet(one) for one in group.subnet_ids]
    fitting = [one for one in subnets if not zones or one.availability_zone == zones[0]]
    if not fitting:
        raise refusal("InvalidParameterValue", f"No subnet of {name} is in {zones[0]}: choose another zone.")
    return fitting[0]


def _groups(network: Moto, vpc_id: str, wanted: list[str] | None) -> list[str]:
    if not wanted:
        return [network.get_default_security_group(vpc_id).id]
    for identifier in wanted:
        group = network.get_security_group_from_id(identifier)
        if group is None or group.vpc_id != vpc_id:
            raise refusal(
                "InvalidParameterValue", f"Some security group Ids are not found in the VPC: {identifier}"
            )
    return list(wanted)
