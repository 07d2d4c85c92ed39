"""What the kernel is made to do is what the API describes."""

# ruff: noqa: ANN401 - boto3 has no type information

import dataclasses
from typing import Any

import pytest

from tests.integration.control_plane_world import REGION, VPC_ACCESS, World, world
from vpclab.network.collect import collect
from vpclab.network.model import (
    EndpointType,
    InterfaceType,
    Network,
    RouteOrigin,
    RouteState,
    TargetKind,
)
from vpclab.network.snapshot import SnapshotError, merged, network_of


def rich_deployment(here: World) -> dict[str, Any]:
    """Something of everything that is modelled, some of it broken on purpose."""
    ec2 = here.ec2
    vpc = here.vpc(internet=True)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/16")
    public, one, two = (
        here.subnet(vpc),
        here.subnet(vpc, "10.0.1.0/24"),
        here.subnet(vpc, "10.1.0.0/24", "b"),
    )
    ec2.modify_subnet_attribute(SubnetId=public, MapPublicIpOnLaunch={"Value": True})
    options = ec2.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["198.51.100.53"]}]
    )
    ec2.associate_dhcp_options(
        DhcpOptionsId=options["DhcpOptions"]["DhcpOptionsId"], VpcId=here.vpc("10.9.0.0/16")
    )
    allocation, _ = here.address()
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    ec2.create_nat_gateway(SubnetId=one, ConnectivityType="private")
    gone, _ = here.address()
    doomed = ec2.create_nat_gateway(SubnetId=public, AllocationId=gone)["NatGateway"]["NatGatewayId"]
    table = here.table(vpc)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="198.51.100.0/25", NatGatewayId=doomed)
    ec2.delete_nat_gateway(NatGatewayId=doomed)
    for subnet in (one, two):
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    functions, database = here.group(vpc), here.group(vpc, "db")
    permission = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    ec2.authorize_security_group_ingress(
        GroupId=database,
        IpPermissions=[
            permission | {"UserIdGroupPairs": [{"GroupId": functions, "Description": "from functions"}]},
            permission | {"IpRanges": [{"CidrIp": "10.0.9.0/24"}, {"CidrIp": "10.0.8.0/24"}]},
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        ],
    )
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.sts",
        VpcEndpointType="Interface",
        SubnetIds=[one, two],
        SecurityGroupIds=[functions],
        PrivateDnsEnabled=True,
    )
    s3 = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[table])
    listed = ec2.describe_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    )
    ec2.authorize_security_group_egress(
        GroupId=database,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "PrefixListIds": [{"PrefixListId": listed["PrefixLists"][0]["PrefixListId"]}],
            }
        ],
    )
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=100,
        Protocol="6",
        RuleAction="allow",
        Egress=False,
        CidrBlock="0.0.0.0/0",
        PortRange={"From": 1024, "To": 65535},
    )
    ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=110,
        Protocol="1",
        RuleAction="deny",
        Egress=True,
        CidrBlock="10.0.0.0/8",
        IcmpTypeCode={"Type": 8, "Code": -1},
    )
    associations = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [two]}])
    association = next(
        found for found in associations["NetworkAcls"][0]["Associations"] if found["SubnetId"] == two
    )
    ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)
    plain = ec2.create_network_interface(SubnetId=public, Groups=[functions], Description="mine")[
        "NetworkInterface"
    ]
    elastic, _ = here.address()
    ec2.associate_address(AllocationId=elastic, NetworkInterfaceId=plain["NetworkInterfaceId"])
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=plain["NetworkInterfaceId"], SourceDestCheck={"Value": False}
    )
    ec2.create_managed_prefix_list(
        PrefixListName="office",
        MaxEntries=5,
        AddressFamily="IPv4",
        Entries=[{"Cidr": "198.51.100.8/29", "Description": "x"}],
    )
    here.function("f", here.role("r", VPC_ACCESS), [one, two], [functions])
    here.client("rds").create_db_subnet_group(
        DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=[one, two]
    )
    here.database("d", "g", [database], DBName="app")
    here.plane.database_ready("d")
    targets(here, vpc, [one, two], functions)
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    ec2.create_vpc_block_public_access_exclusion(
        SubnetId=public, InternetGatewayExclusionMode="allow-bidirectional"
    )
    return {"vpc": vpc, "table": table, "s3": s3["VpcEndpoint"]["VpcEndpointId"], "public": public}


def targets(here: World, vpc: str, subnets: list[str], group: str) -> None:
    """A cache, a load balancer with listeners of both kinds, and a NAT instance without its check."""
    caches, balancing = here.client("elasticache"), here.client("elbv2")
    caches.create_cache_subnet_group(CacheSubnetGroupName="g", CacheSubnetGroupDescription="d", SubnetIds=subnets)
    made = caches.create_replication_group(
        ReplicationGroupId="c",
        ReplicationGroupDescription="d",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
        CacheSubnetGroupName="g",
        SecurityGroupIds=[group],
    )["ReplicationGroup"]
    cluster = made["ARN"].replace("replicationgroup", "cluster") + "-001"
    here.plane.cache_ready(cluster)
    balancer = balancing.create_load_balancer(
        Name="inner", Scheme="internal", Subnets=subnets, SecurityGroups=[group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    target_group = balancing.create_target_group(
        Name="t", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip", HealthCheckPath="/health"
    )["TargetGroups"][0]["TargetGroupArn"]
    balancing.register_targets(TargetGroupArn=target_group, Targets=[{"Id": "10.0.0.99"}])
    fixed = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "hello"}
    for port, action in (
        (80, {"Type": "fixed-response", "FixedResponseConfig": fixed}),
        (8080, {"Type": "forward", "TargetGroupArn": target_group}),
    ):
        balancing.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=[action])
    [image] = here.ec2.describe_images(
        Owners=["568608671756"], Filters=[{"Name": "architecture", "Values": ["arm64"]}]
    )["Images"]
    instance = here.ec2.run_instances(
        ImageId=image["ImageId"], InstanceType="t4g.nano", MinCount=1, MaxCount=1, SubnetId=subnets[0]
    )["Instances"][0]["InstanceId"]
    here.ec2.modify_instance_attribute(InstanceId=instance, SourceDestCheck={"Value": False})


def sorted_facts(fact: Any) -> Any:
    """The same facts with every collection in one order: describe calls group rules, moto does not."""
    if dataclasses.is_dataclass(fact):
        return [(one.name, sorted_facts(getattr(fact, one.name))) for one in dataclasses.fields(fact)]
    if isinstance(fact, tuple):
        return sorted((sorted_facts(one) for one in fact), key=repr)
    return str(fact)


def test_inventory_can_be_told_from_describe_calls() -> None:
    """The network compiled into the kernel equals the one that the API describes, in every fact."""
    with world() as here:
        rich_deployment(here)
        described = network_of(collect(here.client, REGION))
        inventory = here.plane.network()
    for name in Network.__dataclass_fields__:
        assert sorted_facts(getattr(inventory, name)) == sorted_facts(getattr(described, name)), name


def test_inventory_can_hold_all_accounts_and_regions() -> None:
    """One data plane serves everybody: each account's and Region's network is in it, told apart by owner."""
    with world() as here:
        rich_deployment(here)
        here.client("ec2", "eu-west-1").create_vpc(CidrBlock="10.0.0.0/16")
        here.client("ec2", REGION, "210987654321").create_vpc(CidrBlock="10.0.0.0/16")
        parts = [
            network_of(collect(lambda service, of=of: here.client(service, *of), of[0]))  # type: ignore[misc]
            for of in ((REGION, "test"), ("eu-west-1", "test"), (REGION, "210987654321"))
        ]
        inventory = here.plane.network()
    assert sorted_facts(inventory) == sorted_facts(merged(parts))
    assert {(vpc.owner_id, vpc.region) for vpc in inventory.vpcs} == {
        ("123456789012", REGION),
        ("123456789012", "eu-west-1"),
        ("210987654321", REGION),
    }


def test_inventory_can_name_what_matters_to_packets() -> None:
    """States, origins, owners and guards are there, not only identifiers."""
    with world() as here:
        made = rich_deployment(here)
        network = here.plane.network()
    table = next(one for one in network.route_tables if one.id == made["table"])
    by_destination = {str(route.destination or route.prefix_list_id): route for route in table.routes}
    assert by_destination["198.51.100.0/25"].state is RouteState.BLACKHOLE
    assert by_destination["0.0.0.0/0"].state is RouteState.ACTIVE
    through = next(route for route in table.routes if route.origin is RouteOrigin.PREFIX_LIST)
    assert (through.target.kind, through.target.id) == (TargetKind.GATEWAY_ENDPOINT, made["s3"])
    kinds = [one.interface_type for one in network.network_interfaces]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        InterfaceType.NAT_GATEWAY: 2,
        InterfaceType.VPC_ENDPOINT: 2,
        InterfaceType.LAMBDA: 2,
        InterfaceType.DATABASE: 1,
        InterfaceType.CACHE: 1,
        InterfaceType.LOAD_BALANCER: 2,
        InterfaceType.INTERFACE: 2,
    }
    assert len(network.nat_gateways) == 2
    assert {one.endpoint_type for one in network.vpc_endpoints} == {EndpointType.GATEWAY, EndpointType.INTERFACE}
    [database] = network.databases
    interface = next(one for one in network.network_interfaces if one.id == database.network_interface_id)
    assert interface.vpc_id == made["vpc"]


def test_databases_cannot_be_told_apart_without_their_addresses() -> None:
    """Two instances with the same groups and zone: DNS tells which interface is whose; nothing is guessed.

    From outside the VPC, the name of a publicly accessible one is its public address.
    """
    with world() as here:
        vpc = here.vpc(internet=True)
        here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnets = [here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")]
        here.client("rds").create_db_subnet_group(
            DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=subnets
        )
        group = here.group(vpc)
        for name in ("one", "two"):
            here.database(name, "g", [group], PubliclyAccessible=name == "two")
            here.plane.database_ready(name)
        network = here.plane.network()
        addresses = {one.id: str(one.public_ip or one.private_ip) for one in network.network_interfaces}
        known = {one.endpoint_address: addresses[one.network_interface_id] for one in network.databases}
        with pytest.raises(SnapshotError, match="2 interfaces could be that of the database"):
            network_of(collect(here.client, REGION))
        assert network_of(collect(here.client, REGION, known.get)).databases == network.databases
