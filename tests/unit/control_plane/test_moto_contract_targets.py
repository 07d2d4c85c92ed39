"""Plain moto still behaves as the additions for caches, load balancers and instances correct it.

As in ``test_moto_contract``: a failure here is good news.
"""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.control_plane.plain_moto import (
    Client,
    interfaces,
    still_wrong,
    succeeds,
)


def subnet_group(client: Client, subnet: str, name: str) -> None:
    client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName=name, CacheSubnetGroupDescription="d", SubnetIds=[subnet]
    )


def load_balancer(client: Client, subnet: str, name: str) -> dict[str, Any]:
    made = client("elbv2").create_load_balancer(Name=name, Subnets=[subnet], Scheme="internal")
    found: dict[str, Any] = made["LoadBalancers"][0]
    return found


def instance(client: Client, subnet: str) -> str:
    made = client("ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=subnet)
    identifier: str = made["Instances"][0]["InstanceId"]
    return identifier


def test_caches_are_still_needed(client: Client, vpc: str, subnet: str) -> None:
    """Plain moto's replication group has no interface and no cluster, and another name than AWS gives."""
    subnet_group(client, subnet, "one")
    made = client("elasticache").create_replication_group(
        ReplicationGroupId="one", ReplicationGroupDescription="d", Engine="valkey", CacheSubnetGroupName="one"
    )["ReplicationGroup"]
    shaped = ".ng.0001." in made["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    clusters = client("elasticache").describe_cache_clusters()["CacheClusters"]
    still_wrong(wrong=not interfaces(client, "vpc-id", vpc) and not clusters and not shaped, addition="caches")


def test_cache_subnet_groups_are_still_needed(client: Client, subnet: str) -> None:
    """Plain moto cannot delete one, and accepts a subnet that does not exist."""
    subnet_group(client, subnet, "two")
    deleted = True
    try:
        client("elasticache").delete_cache_subnet_group(CacheSubnetGroupName="two")
    except (ClientError, NotImplementedError):
        deleted = False
    accepted = succeeds(lambda: subnet_group(client, "subnet-00000000", "three"))
    still_wrong(wrong=not deleted and accepted, addition="cache_subnet_groups")


def test_load_balancers_are_still_needed(client: Client, vpc: str, subnet: str) -> None:
    """Plain moto's load balancer has no interface, one zone is enough for it, its name has the number 1."""
    made = load_balancer(client, subnet, "one")
    named = made["DNSName"].startswith("internal-one-")
    still_wrong(wrong=not interfaces(client, "vpc-id", vpc) and not named, addition="load_balancers")


def test_target_groups_are_still_needed(client: Client, vpc: str, subnet: str) -> None:
    """Plain moto's targets are healthy whatever they are, and a port can have two listeners."""
    elb, arn = client("elbv2"), load_balancer(client, subnet, "two")["LoadBalancerArn"]
    group = elb.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    target_group = group["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=target_group, Targets=[{"Id": "10.77.0.9"}])
    [health] = elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    forward = [{"Type": "forward", "TargetGroupArn": target_group}]
    twice = [
        succeeds(
            lambda: elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=forward)
        )
        for _ in range(2)
    ]
    still_wrong(wrong=health["TargetHealth"]["State"] == "healthy" and all(twice), addition="target_groups")


def test_instances_are_still_needed(client: Client, subnet: str) -> None:
    """Plain moto keeps an instance's check apart from its interface's."""
    identifier = instance(client, subnet)
    client("ec2").modify_instance_attribute(InstanceId=identifier, SourceDestCheck={"Value": False})
    [found] = interfaces(client, "attachment.instance-id", identifier)
    still_wrong(wrong=found["SourceDestCheck"] is True, addition="instances")


def test_termination_of_instances_is_still_needed(client: Client, subnet: str) -> None:
    """Plain moto leaves the interface of a terminated instance behind."""
    identifier = instance(client, subnet)
    [found] = interfaces(client, "attachment.instance-id", identifier)
    client("ec2").terminate_instances(InstanceIds=[identifier])
    left = interfaces(client, "network-interface-id", found["NetworkInterfaceId"])
    still_wrong(wrong=bool(left), addition="instances")


def test_public_addresses_of_instances_are_still_needed(client: Client, subnet: str) -> None:
    """Plain moto's automatic addresses are outside the documentation range."""
    network = [{"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True}]
    made = client("ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, NetworkInterfaces=network)
    address = made["Instances"][0]["PublicIpAddress"]
    still_wrong(wrong=IPv4Address(address) not in IPv4Network("203.0.113.0/24"), addition="public_addresses")


def test_images_are_still_needed(client: Client) -> None:
    """Plain moto takes every image for Amazon's."""
    found = client("ec2").describe_images(Owners=["amazon"])["Images"]
    still_wrong(wrong="568608671756" in {one["OwnerId"] for one in found}, addition="images")
