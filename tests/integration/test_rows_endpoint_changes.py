"""Rows about endpoints that change under a function: groups, subnets, names, and S3's two kinds of them."""

import json
from collections.abc import Mapping
from typing import Any

from tests.integration.row_cloud import refused
from tests.integration.row_world import CONNECTED, TIMED_OUT, RowWorld

SSM = "ssm.us-east-1.amazonaws.com"
S3 = "s3.us-east-1.amazonaws.com"
PUBLIC = "192.0.2."


def bucket(world: RowWorld) -> str:
    """A bucket with one object."""
    name = f"rows-changes-{id(world)}"
    world.clients("s3").create_bucket(Bucket=name)
    world.later(world.clients("s3").delete_bucket, Bucket=name)
    world.clients("s3").put_object(Bucket=name, Key="k", Body=b"x")
    world.later(world.clients("s3").delete_object, Bucket=name, Key="k")
    return name


def test_endpoint_can_follow_its_changes_at_once(world: RowWorld) -> None:
    """2.5: ModifyVpcEndpoint: groups, subnets with zonal names, private DNS; and the VPC's DNS attributes."""
    place = world.isolated()
    function, closed = world.function(place), world.group(place.vpc)
    other = world.subnet(place.vpc, "10.0.51.0/24", "b")
    made = world.open_endpoint(place, "ssm")
    identifier, [opened] = made["VpcEndpointId"], [one["GroupId"] for one in made["Groups"]]

    def change(**wanted: object) -> dict[str, Any]:
        world.ec2.modify_vpc_endpoint(VpcEndpointId=identifier, **wanted)
        [found] = world.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
        return dict(found)

    change(AddSecurityGroupIds=[closed], RemoveSecurityGroupIds=[opened])
    assert world.ask_one(function, "connect", SSM) == TIMED_OUT
    change(AddSecurityGroupIds=[opened])
    assert world.ask_one(function, "connect", SSM) == CONNECTED
    names = [one["DnsName"] for one in change(AddSubnetIds=[other])["DnsEntries"]]
    assert [len(world.ask_one(function, "resolve", one)) for one in names] == [2, 1, 1, 2]
    [first] = world.ask_one(function, "resolve", names[1])
    change(RemoveSubnetIds=[place.subnet])
    gone, left = world.ask(function, ("connect", first), ("resolve", SSM))
    assert (gone, [one.rpartition(".")[0] for one in left]) == (TIMED_OUT, ["10.0.51"])
    for turn in (
        lambda on: change(PrivateDnsEnabled=on),
        lambda on: world.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsHostnames={"Value": on}),
    ):
        turn(False)
        assert world.ask_one(function, "resolve", SSM)[0].startswith(PUBLIC)
        turn(True)
        assert world.ask_one(function, "resolve", SSM) == left


def test_change_of_an_endpoint_cannot_be_made_by_half(world: RowWorld) -> None:
    """When one part of it is refused, the others have not been done: here the group, and private DNS."""
    place = world.isolated()
    same_zone = world.subnet(place.vpc, "10.0.51.0/24")
    made = world.open_endpoint(place, "ssm")
    with refused("DuplicateSubnetsInSameZone"):
        world.ec2.modify_vpc_endpoint(
            VpcEndpointId=made["VpcEndpointId"],
            PrivateDnsEnabled=False,
            AddSubnetIds=[same_zone],
            AddSecurityGroupIds=[place.group],
            RemoveSecurityGroupIds=[one["GroupId"] for one in made["Groups"]],
        )
    connected, [address] = world.ask(world.function(place), ("connect", SSM), ("resolve", SSM))
    assert (connected, address.rpartition(".")[0]) == (CONNECTED, "10.0.1")
    [found] = world.ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"]
    assert (found["Groups"], found["PrivateDnsEnabled"]) == (made["Groups"], True)


def test_private_dns_of_s3_can_be_for_inbound_resolvers_only(world: RowWorld) -> None:
    """S3 has none by default; turned on, it wants a gateway endpoint, and leaves the VPC's names public.

    With PrivateDnsOnlyForInboundResolverEndpoint off the interface endpoint takes the names over.
    """
    place = world.isolated()
    name, function = bucket(world), world.function(place)
    group = world.group(place.vpc)
    world.admit(group, place.group, 443)
    made = world.ec2.create_vpc_endpoint(
        VpcId=place.vpc,
        ServiceName="com.amazonaws.us-east-1.s3",
        VpcEndpointType="Interface",
        SubnetIds=[place.subnet],
        SecurityGroupIds=[group],
    )["VpcEndpoint"]
    identifier = made["VpcEndpointId"]
    world.later(world.delete_endpoint, identifier)
    assert made["PrivateDnsEnabled"] is False
    change = world.ec2.modify_vpc_endpoint
    with refused("InvalidParameter", "PrivateDnsOnlyForInboundResolverEndpoint", "must have a Gateway endpoint"):
        change(VpcEndpointId=identifier, PrivateDnsEnabled=True)
    world.gateway_endpoint(place, "s3", place.table)
    change(VpcEndpointId=identifier, PrivateDnsEnabled=True)
    head = ("call", "s3", "head_bucket", {"Bucket": name}, None, f"https://{S3}")
    [address], status = world.ask(function, ("resolve", f"{name}.{S3}"), head)
    assert (address.startswith(PUBLIC), status) == (True, 200)
    change(VpcEndpointId=identifier, DnsOptions={"PrivateDnsOnlyForInboundResolverEndpoint": False})
    [address], status = world.ask(function, ("resolve", f"{name}.{S3}"), head)
    assert (address.rpartition(".")[0], status) == ("10.0.1", 200)


def test_s3_and_dynamodb_can_be_asked_by_plain_http(world: RowWorld) -> None:
    """General Reference, "Service endpoints": HTTP and HTTPS; by gateway endpoint and NAT; buckets may mind."""
    place, _ = world.private()
    name, function = bucket(world), world.function(place)
    get = ("call", "s3", "get_object", {"Bucket": name, "Key": "k"}, None, f"http://{S3}")
    tables = ("call", "dynamodb", "list_tables", None, None, "http://dynamodb.us-east-1.amazonaws.com")
    assert world.ask(function, get, tables) == [200, 200]
    world.gateway_endpoint(place, "s3", place.table)
    assert world.ask_one(function, *get) == 200
    _deny(world, name, {"Bool": {"aws:SecureTransport": "false"}})
    assert "AccessDenied" in world.ask_one(function, *get)
    assert world.ask_one(function, *get[:-1], f"https://{S3}") == 200


def test_address_of_a_request_can_tell_the_way_it_came(world: RowWorld) -> None:
    """2.5: aws:SourceIp is the NAT gateway's Elastic IP; by an endpoint there is none, but aws:SourceVpc."""
    place, nat = world.private()
    name, function = bucket(world), world.function(place)
    get = ("call", "s3", "get_object", {"Bucket": name, "Key": "k"}, None, f"https://{S3}")
    _deny(world, name, {"NotIpAddress": {"aws:SourceIp": f"{nat.public_ip}/32"}})
    assert world.ask_one(function, *get) == 200
    endpoint = world.gateway_endpoint(place, "s3", place.table)
    assert "AccessDenied" in world.ask_one(function, *get)
    for condition in (
        {"StringNotEquals": {"aws:SourceVpce": endpoint}},
        {"StringNotEquals": {"aws:SourceVpc": place.vpc}},
        {"NotIpAddress": {"aws:VpcSourceIp": "10.0.1.0/24"}},
    ):
        _deny(world, name, condition)
        assert world.ask_one(function, *get) == 200, condition
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=[place.table])
    assert "AccessDenied" in world.ask_one(function, *get)


def _deny(world: RowWorld, name: str, condition: Mapping[str, Mapping[str, str]]) -> None:
    """Have the bucket refuse everybody its objects under that condition."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": condition,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    world.clients("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
