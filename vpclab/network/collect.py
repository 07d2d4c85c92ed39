"""The describe calls that make a snapshot. Reads only."""

from collections.abc import Callable, Mapping
from typing import Any

from vpclab.network.snapshot import Snapshot

DESCRIBE_CALLS: tuple[tuple[str, str, str], ...] = (
    ("ec2", "describe_vpcs", "Vpcs"),
    ("ec2", "describe_dhcp_options", "DhcpOptions"),
    ("ec2", "describe_subnets", "Subnets"),
    ("ec2", "describe_route_tables", "RouteTables"),
    ("ec2", "describe_internet_gateways", "InternetGateways"),
    ("ec2", "describe_nat_gateways", "NatGateways"),
    ("ec2", "describe_security_groups", "SecurityGroups"),
    ("ec2", "describe_network_acls", "NetworkAcls"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints"),
    ("ec2", "describe_managed_prefix_lists", "PrefixLists"),
    ("ec2", "describe_instances", "Reservations"),
    ("rds", "describe_db_instances", "DBInstances"),
    ("elasticache", "describe_replication_groups", "ReplicationGroups"),
    ("elbv2", "describe_load_balancers", "LoadBalancers"),
    ("elbv2", "describe_target_groups", "TargetGroups"),
)
"""Service, method of its boto3 client, key of the list in the response. All of them paginate."""

_ATTRIBUTES = {"EnableDnsSupport": "enableDnsSupport", "EnableDnsHostnames": "enableDnsHostnames"}


def collect(
    client: Callable[[str], Any], region: str, resolve: Callable[[str], str | None] = lambda _: None
) -> Snapshot:
    """Describe one Region of one account.

    ``client`` returns a boto3 client for a service name, with that Region and the account's credentials.
    ``resolve`` returns the address of a database's endpoint name, or None where this machine cannot tell.
    """
    described: dict[str, Any] = {}
    for service, method, key in DESCRIBE_CALLS:
        pages = client(service).get_paginator(method).paginate()
        described[key] = [one for page in pages for one in page[key]]
    ec2 = client("ec2")
    described["VpcAttributes"] = {
        vpc["VpcId"]: {
            key: ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=name)[key]["Value"]
            for key, name in _ATTRIBUTES.items()
        }
        for vpc in described["Vpcs"]
    }
    described["VpcBlockPublicAccessExclusions"] = _exclusions(ec2)
    described["VpcBlockPublicAccessOptions"] = ec2.describe_vpc_block_public_access_options()[
        "VpcBlockPublicAccessOptions"
    ]
    for listed in described["PrefixLists"]:
        pages = ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=listed["PrefixListId"])
        listed["Entries"] = [one for page in pages for one in page["Entries"]]
    nodes = client("elasticache").get_paginator("describe_cache_clusters").paginate(ShowCacheNodeInfo=True)
    described["CacheClusters"] = [one for page in nodes for one in page["CacheClusters"]]
    balancing = client("elbv2")
    described["Listeners"] = [
        one
        for balancer in described["LoadBalancers"]
        for page in balancing.get_paginator("describe_listeners").paginate(
            LoadBalancerArn=balancer["LoadBalancerArn"]
        )
        for one in page["Listeners"]
    ]
    described["TargetHealthDescriptions"] = {
        group["TargetGroupArn"]: balancing.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
        for group in described["TargetGroups"]
    }
    return Snapshot(region, described, _addresses(described, resolve))


def _exclusions(ec2: Any) -> list[Any]:  # noqa: ANN401 - boto3 has no types
    """Return the exclusions from VPC Block Public Access, whose pages boto3 knows no paginator for."""
    found: list[Any] = []
    more: dict[str, str] = {}
    while True:
        page = ec2.describe_vpc_block_public_access_exclusions(**more)
        found += page["VpcBlockPublicAccessExclusions"]
        if not page.get("NextToken"):
            return found
        more = {"NextToken": page["NextToken"]}


def _addresses(described: Mapping[str, Any], resolve: Callable[[str], str | None]) -> dict[str, str]:
    names = [one["Endpoint"]["Address"] for one in described["DBInstances"] if "Endpoint" in one]
    return {name: address for name in names if (address := resolve(name)) is not None}
