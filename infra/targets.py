"""What stands in the VPC for functions to connect to: the database always, the others as the settings say."""

from collections.abc import Mapping
from typing import Any

from infra.cache import Cache, CacheArgs
from infra.database import DATABASE_NAME, Database, DatabaseArgs
from infra.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.network import SubnetTier, SubnetTierArgs
from infra.settings import Settings
from infra.variants import Site


def chosen(settings: Settings) -> tuple[str, ...]:
    """Return the names of the targets that ``settings`` ask for."""
    return (
        "database",
        *(("cache",) if settings.cache else ()),
        *(("load-balancer",) if settings.load_balancer else ()),
    )


def declare(site: Site) -> Mapping[str, Any]:
    """Declare them in private subnets of their own; return the outputs that say where they are.

    Every variant has the same ones, so that the function outside the VPC has something that it cannot reach.
    """
    settings, options, group_ids = site.settings, site.region.options, site.groups.target_ids
    tier = SubnetTier(
        "database",
        SubnetTierArgs(
            vpc_id=site.vpc.vpc_id,
            prefix=site.prefix,
            availability_zones=site.region.zones,
            cidr_blocks=settings.database_cidrs,
        ),
        options,
    )
    database = Database(
        "database",
        DatabaseArgs(
            prefix=site.prefix,
            vpc=site.vpc.vpc,
            subnet_ids=tier.subnet_ids,
            security_group_id=group_ids["database"],
            instance_class=settings.database_instance_class,
            engine_version=settings.database_engine_version,
        ),
        options,
    )
    outputs: dict[str, Any] = {
        "database_security_group_id": group_ids["database"],
        "database_endpoint": database.address,
        "database_port": database.port,
        "database_name": DATABASE_NAME,
        "database_secret_arn": database.secret_arn,
        "cache": {},
        "load_balancer": {},
    }
    common = {"prefix": site.prefix, "vpc": site.vpc.vpc, "subnet_ids": tier.subnet_ids}
    if "cache" in group_ids:
        group_id = group_ids["cache"]
        cache = Cache("cache", CacheArgs(security_group_id=group_id, **common), options)
        outputs["cache"] = {"host": cache.host, "port": cache.port, "security_group_id": group_id}
    if "load-balancer" in group_ids:
        group_id = group_ids["load-balancer"]
        args = LoadBalancerArgs(security_group_id=group_id, **common)
        balancer = LoadBalancer("load-balancer", args, options)
        outputs["load_balancer"] = {
            "host": balancer.host,
            "port": balancer.port,
            "arn": balancer.arn,
            "security_group_id": group_id,
        }
    return outputs
