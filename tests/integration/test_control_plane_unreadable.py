"""What moto holds and the network's facts cannot express concerns nobody but its own VPC, or only itself."""

# ruff: noqa: ANN401 - boto3 and moto have no type information

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from moto.ec2.models import ec2_backends
from moto.elasticache.models import elasticache_backends
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from tests.integration.control_plane_world import ACCOUNT, REGION, World, refused
from tests.integration.test_control_plane_inventory import sorted_facts
from vpclab.network.model import Network

UNREADABLE = "unreadable"


@dataclass
class Place:
    """A VPC with one of everything, a neighbour, and the cloud's way of following them."""

    here: World
    vpc: str
    subnets: list[str]
    neighbour: str
    network: Network
    made: dict[str, str]

    @property
    def ec2(self) -> Any:
        return self.here.ec2

    def follow(self) -> None:
        self.network, refusal = self.here.plane.read_network()
        if refusal is not None:
            raise refusal

    def of(self, vpc_id: str) -> Any:
        """Facts of one VPC, in one order."""
        names = ("subnets", "route_tables", "security_groups", "network_acls", "network_interfaces")
        return [
            sorted_facts(tuple(one for one in getattr(self.network, name) if one.vpc_id == vpc_id))
            for name in (*names, "internet_gateways", "nat_gateways", "vpc_endpoints")
        ] + [one for one in self.network.vpcs if one.id == vpc_id]


@pytest.fixture
def place(here: World) -> Place:
    vpc, neighbour = here.vpc(internet=True), here.vpc("10.7.0.0/16")
    subnets = [here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")]
    ec2, made = here.ec2, {}
    made["subnet"] = here.subnet(vpc, "10.0.9.0/24")
    made["table"], made["group"] = here.table(vpc), here.group(vpc, "doomed")
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=made["group"], IpPermissions=[permission])
    made["acl"] = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    made["interface"] = ec2.create_network_interface(SubnetId=subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
    made["endpoint"] = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[here.table(vpc)]
    )["VpcEndpoint"]["VpcEndpointId"]
    made["nat"] = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=here.address()[0])["NatGateway"][
        "NatGatewayId"
    ]
    place = Place(here, vpc, subnets, neighbour, Network(), made)
    here.effects.network_changed = place.follow  # type: ignore[method-assign]
    place.follow()
    return place


def _break_table(backend: Any, made: dict[str, str]) -> None:
    next(iter(backend.route_tables[made["table"]]._routes.values())).destination_cidr_block = UNREADABLE  # noqa: SLF001


def _break_group(backend: Any, made: dict[str, str]) -> None:
    backend.get_security_group_from_id(made["group"]).ingress_rules[0].ip_range = {"CidrIp": UNREADABLE}


def _break_acl(backend: Any, made: dict[str, str]) -> None:
    backend.network_acls[made["acl"]].network_acl_entries[0].cidr_block = UNREADABLE


def _break_interface(backend: Any, made: dict[str, str]) -> None:
    backend.enis[made["interface"]].interface_type = UNREADABLE


def _break_endpoint(backend: Any, made: dict[str, str]) -> None:
    backend.vpc_end_points[made["endpoint"]].vpc_endpoint_type = UNREADABLE


def _break_nat(backend: Any, made: dict[str, str]) -> None:
    backend.nat_gateways[made["nat"]].connectivity_type = [UNREADABLE]


def _subnet(backend: Any, made: dict[str, str]) -> Any:
    return next(zone[made["subnet"]] for zone in backend.subnets.values() if made["subnet"] in zone)


def _break_subnet(backend: Any, made: dict[str, str]) -> None:
    _subnet(backend, made).cidr_block = UNREADABLE


def _break_subnets_vpc(backend: Any, made: dict[str, str]) -> None:
    _subnet(backend, made).vpc_id = [UNREADABLE]


@pytest.mark.parametrize(
    ("kind", "spoil", "delete", "parameter"),
    [
        ("table", _break_table, "delete_route_table", "RouteTableId"),
        ("group", _break_group, "delete_security_group", "GroupId"),
        ("acl", _break_acl, "delete_network_acl", "NetworkAclId"),
        ("interface", _break_interface, "delete_network_interface", "NetworkInterfaceId"),
        ("endpoint", _break_endpoint, "delete_vpc_endpoints", "VpcEndpointIds"),
        ("nat", _break_nat, "delete_nat_gateway", "NatGatewayId"),
        ("subnet", _break_subnet, "delete_subnet", "SubnetId"),
        ("subnet", _break_subnets_vpc, "delete_subnet", "SubnetId"),
    ],
)
def test_vpc_that_cannot_be_read_cannot_hold_up_the_others(
    place: Place, kind: str, spoil: Callable[[Any, dict[str, str]], None], delete: str, parameter: str
) -> None:
    """It stays as it was and its own calls say why; others follow; without the object all is well again."""
    made = place.made
    before = place.of(place.vpc)
    spoil(ec2_backends[ACCOUNT][REGION], made)
    subnet = place.here.subnet(place.neighbour, "10.7.0.0/24")
    assert subnet in {one.id for one in place.network.subnets}, "the neighbour follows"
    new = place.here.vpc("10.8.0.0/16")
    assert new in {one.id for one in place.network.vpcs}
    with refused("InternalError", f"could not follow: {place.vpc}: {made[kind]} holds what is not modelled"):
        place.here.group(place.vpc, "late")
    with refused("InternalError", "other VPCs are not concerned"):
        place.ec2.modify_subnet_attribute(SubnetId=place.subnets[0], MapPublicIpOnLaunch={"Value": True})
    assert place.of(place.vpc) == before, "its packets go as before"
    named = [made[kind]] if parameter.endswith("s") else made[kind]
    getattr(place.ec2, delete)(**{parameter: named})
    after = place.of(place.vpc)
    assert after != before
    assert made[kind] not in str(after)
    assert any(one.map_public_ip_on_launch for one in place.network.subnets if one.id == place.subnets[0])
    place.here.group(place.vpc, "later")


def test_vpc_that_never_could_be_read_cannot_be_there(place: Place) -> None:
    """It has no network until it can; it can always be deleted; a gateway can be detached from it."""
    backend = ec2_backends[ACCOUNT][REGION]
    place.here.effects.network_changed = lambda: None  # type: ignore[method-assign]
    vpc = place.here.vpc("10.3.0.0/16", internet=True)
    place.here.subnet(vpc, "10.3.0.0/24")
    place.here.effects.network_changed = place.follow  # type: ignore[method-assign]
    [association] = backend.vpcs[vpc].get_cidr_block_association_set()
    good, association["cidr_block_state"] = association["cidr_block_state"], {}
    place.here.subnet(place.neighbour, "10.7.0.0/24")
    assert place.of(vpc) == [[]] * 8
    with refused("InternalError", f"could not follow: {vpc}: {vpc} holds what is not modelled"):
        place.here.subnet(vpc, "10.3.1.0/24")
    association["cidr_block_state"] = good
    place.here.subnet(vpc, "10.3.2.0/24")
    assert len(place.of(vpc)[0]) == 3
    association["cidr_block_state"] = {}
    [gateway] = [one for one in backend.internet_gateways.values() if one.vpc and one.vpc.id == vpc]
    with refused("InternalError", vpc):
        place.ec2.detach_internet_gateway(InternetGatewayId=gateway.id, VpcId=vpc)
    for subnet in [one for zone in backend.subnets.values() for one in list(zone.values()) if one.vpc_id == vpc]:
        with refused("InternalError", vpc):
            place.ec2.delete_subnet(SubnetId=subnet.id)
    place.ec2.delete_vpc(VpcId=vpc)
    assert place.of(vpc) == [[]] * 8


def test_region_whose_block_cannot_be_read_cannot_hold_up_other_regions(place: Place) -> None:
    """Block Public Access concerns the VPCs of its account and Region, which stay blocked as they were."""
    place.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    before = place.network.block_public_access
    assert before
    state = ec2_backends[ACCOUNT][REGION].vpclab_block_public_access
    good, state.mode = state.mode, [UNREADABLE]
    place.here.client("ec2", "eu-west-1").create_vpc(CidrBlock="10.0.0.0/16")
    place.here.client("ec2", REGION, "210987654321").create_vpc(CidrBlock="10.0.0.0/16")
    with refused("InternalError", "block-public-access"):
        place.here.subnet(place.neighbour, "10.7.0.0/24")
    assert place.network.block_public_access == before
    state.mode = good
    place.here.subnet(place.neighbour, "10.7.1.0/24")


def test_service_that_cannot_be_read_can_only_concern_itself(place: Place) -> None:
    """A prefix list, database, cache, load balancer, target group or instance stays as it was; its VPC follows."""
    here, ec2 = place.here, ec2_backends[ACCOUNT][REGION]
    listed = place.ec2.create_managed_prefix_list(
        PrefixListName="office", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.8/29"}]
    )["PrefixList"]["PrefixListId"]
    rds, caches, balancing = here.client("rds"), here.client("elasticache"), here.client("elbv2")
    rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=place.subnets)
    group = here.group(place.vpc)
    here.database("orders", "g", [group])
    here.plane.database_ready("orders")
    caches.create_cache_subnet_group(
        CacheSubnetGroupName="g", CacheSubnetGroupDescription="d", SubnetIds=place.subnets
    )
    caches.create_replication_group(
        ReplicationGroupId="sessions",
        ReplicationGroupDescription="d",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
        CacheSubnetGroupName="g",
        SecurityGroupIds=[group],
    )
    balancer = balancing.create_load_balancer(
        Name="inner", Scheme="internal", Subnets=place.subnets, SecurityGroups=[group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    targets = balancing.create_target_group(
        Name="t", Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="ip", HealthCheckPath="/health"
    )["TargetGroups"][0]["TargetGroupArn"]
    [image] = place.ec2.describe_images(
        Owners=["568608671756"], Filters=[{"Name": "architecture", "Values": ["arm64"]}]
    )["Images"]
    instance = place.ec2.run_instances(
        ImageId=image["ImageId"], InstanceType="t4g.nano", MinCount=1, MaxCount=1, SubnetId=place.subnets[0]
    )["Instances"][0]["InstanceId"]
    cluster = next(iter(elasticache_backends[ACCOUNT][REGION].cache_clusters.values()))
    database = rds_backends[ACCOUNT][REGION].databases["orders"]
    elb = elbv2_backends[ACCOUNT][REGION]
    fields = ("prefix_lists", "databases", "caches", "load_balancers", "target_groups", "instances")
    cases: list[tuple[Any, str, Any, Any]] = [
        (
            ec2.managed_prefix_lists[listed],
            "entries",
            lambda: place.ec2.modify_managed_prefix_list(PrefixListId=listed, PrefixListName="home"),
            lambda: place.ec2.delete_managed_prefix_list(PrefixListId=listed),
        ),
        (
            database,
            "vpclab_interface_id",
            lambda: rds.add_tags_to_resource(ResourceName=database.arn, Tags=[{"Key": "a", "Value": "b"}]),
            lambda: rds.delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True),
        ),
        (
            cluster,
            "port",
            None,
            lambda: caches.delete_replication_group(ReplicationGroupId="sessions"),
        ),
        (
            elb.load_balancers[balancer],
            "security_groups",
            None,
            lambda: balancing.delete_load_balancer(LoadBalancerArn=balancer),
        ),
        (
            elb.target_groups[targets],
            "health_check_interval_seconds",
            lambda: balancing.register_targets(TargetGroupArn=targets, Targets=[{"Id": "10.0.0.99"}]),
            lambda: balancing.delete_target_group(TargetGroupArn=targets),
        ),
        (
            ec2.get_instance_by_id(instance),
            "image_id",
            None,
            lambda: place.ec2.terminate_instances(InstanceIds=[instance]),
        ),
    ]
    for number, (item, attribute, own, gone) in enumerate(cases):
        before = place.network
        setattr(
            item,
            attribute,
            7 if attribute in ("entries", "security_groups", "vpclab_interface_id") else [UNREADABLE],
        )
        subnet = here.subnet(place.vpc, f"10.0.{20 + number}.0/24")
        assert subnet in {one.id for one in place.network.subnets}, "its VPC follows"
        for field in fields:
            assert getattr(place.network, field) == getattr(before, field), f"{field} after {attribute}"
        if own is not None:
            with refused("InternalError", "holds what is not modelled"):
                own()
        gone()
        assert len([one for field in fields for one in getattr(place.network, field)]) < len(
            [one for field in fields for one in getattr(before, field)]
        )
        place.follow()
