"""Cache subnet groups: subnets that exist, and changes of them.

moto's may name subnets that do not exist, and can neither be changed nor deleted. AWS: ElastiCache API reference,
CreateCacheSubnetGroup and its relatives.
"""

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends
from moto.elasticache import models
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.responses import ElastiCacheResponse

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Check before, and add what is missing."""
    corrections.wrap(models.ElastiCacheBackend, "create_cache_subnet_group", _create)
    corrections.replace(ElastiCacheResponse, "modify_cache_subnet_group", _modify)
    corrections.replace(ElastiCacheResponse, "delete_cache_subnet_group", _delete)


def refusal(code: str, message: str) -> ElastiCacheException:
    """Return an error of ElastiCache's."""
    error = ElastiCacheException(message)
    error.code = code
    return error


def _network(backend: Moto) -> Moto:
    return ec2_backends[backend.account_id][backend.region_name]


def _create(plain: Moto, self: Moto, **given: Moto) -> Moto:
    given["cache_subnet_group_name"] = given["cache_subnet_group_name"].lower()
    subnets = _checked_subnets(self, given["subnet_ids"])
    group = plain(self, **given)
    _show_subnets(group, subnets)
    return group


def _modify(self: Moto) -> Moto:
    backend = self.elasticache_backend
    [group] = backend.describe_cache_subnet_groups(str(self._get_param("CacheSubnetGroupName")).lower())
    if wanted := self._get_param("SubnetIds"):
        subnets = _checked_subnets(backend, wanted)
        used = {_network(backend).enis[one.vpclab_interface_id].subnet.id for one in _users(backend, group)}
        if used - set(wanted):
            raise refusal("SubnetInUse", f"The subnet {min(used - set(wanted))} is in use by a cache cluster.")
        group.subnet_ids = wanted
        _show_subnets(group, subnets)
    text = self._get_param("CacheSubnetGroupDescription")
    group.cache_subnet_group_description = text or group.cache_subnet_group_description
    return ActionResult({"CacheSubnetGroup": group})


def _delete(self: Moto) -> Moto:
    backend = self.elasticache_backend
    [group] = backend.describe_cache_subnet_groups(str(self._get_param("CacheSubnetGroupName")).lower())
    if _users(backend, group):
        raise refusal(
            "CacheSubnetGroupInUse",
            f"Cache subnet group {group.cache_subnet_group_name} is currently in use by a cache cluster.",
        )
    del backend.cache_subnet_groups[group.cache_subnet_group_name]
    return EmptyResult()


def _users(backend: Moto, group: Moto) -> list[Moto]:
    name = group.cache_subnet_group_name
    return [one for one in backend.cache_clusters.values() if str(one.cache_subnet_group_name).lower() == name]


def _checked_subnets(backend: Moto, identifiers: list[str]) -> list[Moto]:
    known = {one.id: one for one in _network(backend).describe_subnets()}
    for identifier in identifiers:
        if identifier not in known:
            raise refusal("InvalidSubnet", f"Subnet {identifier} is invalid: it does not exist.")
    subnets = [known[one] for one in identifiers]
    if len({one.vpc_id for one in subnets}) != 1:
        raise refusal("InvalidSubnet", "The subnets of a cache subnet group must be in one VPC.")
    return subnets


def _show_subnets(group: Moto, subnets: list[Moto]) -> None:
    group.vpc_id = subnets[0].vpc_id
    group.supported_network_types = ["ipv4"]
    group.subnets = [
        {
            "subnet_identifier": one.id,
            "subnet_availability_zone": {"name": one.availability_zone},
            "supported_network_types": ["ipv4"],
        }
        for one in subnets
    ]
