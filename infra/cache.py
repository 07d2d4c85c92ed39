"""A Valkey cache in private subnets, beside the database."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.security_groups import TARGETS

NODE_TYPE = "cache.t4g.micro"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheArgs:
    """``subnet_ids``: private subnets; ``vpc``: what they are in, which a cache cannot leave."""

    prefix: str
    vpc: pulumi.Resource
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]


class Cache(pulumi.ComponentResource):
    """One node of ElastiCache for Valkey, which only its security group guards.

    An ElastiCache endpoint's name resolves to a private address for everybody, and nothing outside the VPC
    reaches it (ElastiCache user guide, "Understanding Amazon VPCs"). It holds nothing: so there is no replica, no
    snapshot, and no encryption in transit, which would ask every client for TLS. Turn
    ``transit_encryption_enabled`` on where there is something to protect.
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:cache:Cache", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self, replace_with=[args.vpc])
        tags = {"Name": f"{args.prefix}-{name}"}
        subnets = aws.elasticache.SubnetGroup(
            name,
            description="Private subnets of the cache",
            subnet_ids=list(args.subnet_ids),
            tags=tags,
            opts=child,
        )
        group = aws.elasticache.ReplicationGroup(
            name,
            description="A cache that only functions in the VPC can reach",
            engine="valkey",
            node_type=NODE_TYPE,
            num_cache_clusters=1,
            automatic_failover_enabled=False,
            port=TARGETS[name].port,
            subnet_group_name=subnets.name,
            security_group_ids=[args.security_group_id],
            at_rest_encryption_enabled=True,
            transit_encryption_enabled=False,
            apply_immediately=True,
            tags=tags,
            opts=child,
        )
        self.host = group.primary_endpoint_address
        self.port = group.port
        self.register_outputs({"host": self.host, "port": self.port})
