"""EC2's requests: identifiers that cannot be, shapes, tags, tokens; and lists of instances, zones and Regions."""

import http.client
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.integration.control_plane_world import REGION, World, endpoint, refused

MODEL = botocore.session.get_session().get_service_model("ec2")


def by_hand(action: str, service: str = "ec2", version: str = "2016-11-15", **parameters: str) -> tuple[int, str]:
    """A request that no SDK would make."""
    body = urlencode({"Action": action, "Version": version, **parameters})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", endpoint() + "/", data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), service, REGION).add_auth(request)
    with closing(http.client.HTTPConnection(urlsplit(endpoint()).netloc, timeout=30)) as connection:
        connection.request("POST", "/", body, dict(request.headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_identifier_that_cannot_be_one_cannot_pass_for_unknown(here: World) -> None:
    """Where EC2 has a code for it, an identifier of another form is malformed, wherever it stands."""
    ec2 = here.ec2
    calls: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("InvalidGroupId.Malformed", lambda: ec2.describe_security_groups(GroupIds=["garbage"])),
        ("InvalidGroupId.Malformed", lambda: ec2.delete_security_group(GroupId="sg-XYZ")),
        ("InvalidRouteTableId.Malformed", lambda: ec2.describe_route_tables(RouteTableIds=["rtb-1", "rtb-2"])),
        ("InvalidNetworkInterfaceId.Malformed", lambda: ec2.delete_network_interface(NetworkInterfaceId="eni")),
        ("NatGatewayMalformed", lambda: ec2.delete_nat_gateway(NatGatewayId="garbage")),
        ("InvalidInstanceID.Malformed", lambda: ec2.terminate_instances(InstanceIds=["garbage"])),
        ("InvalidAMIID.Malformed", lambda: ec2.describe_images(ImageIds=["garbage"])),
        ("InvalidVpcEndpointId.Malformed", lambda: ec2.delete_vpc_endpoints(VpcEndpointIds=["vpc-01234567"])),
    )
    for code, call in calls:
        with refused(code, "Invalid id"):
            call()
    assert (
        ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": ["garbage"]}])["SecurityGroups"] == []
    )


def test_request_cannot_lack_what_its_operation_needs(here: World) -> None:
    """Missing parameters, texts for numbers and flags, actions that nobody has: each has its code."""
    del here
    for parameters, code in (
        ({"action": "CreateSubnet", "CidrBlock": "10.0.0.0/24"}, "MissingParameter"),
        ({"action": "CreateVpc"}, "MissingParameter"),
        ({"action": "DescribeVpcs", "MaxResults": "many"}, "InvalidParameterValue"),
        ({"action": "RunInstances", "MinCount": "1"}, "MissingParameter"),
        ({"action": "CreateVpc", "CidrBlock": "10.0.0.0/16", "DryRun": "perhaps"}, "InvalidParameterValue"),
        ({"action": "DescribeNothing"}, "InvalidAction"),
        (
            {"action": "CreateNetworkInterface", "SubnetId": "x", "SecurityGroupId.1": "y"},
            "InvalidGroupId.Malformed",
        ),
    ):
        status, text = by_hand(**parameters)
        assert (status, f"<Code>{code}</Code>" in text) == (400, True), text
    status, text = by_hand("DescribeDBInstances", "rds", "2014-10-31", Marker="nonsense")
    assert (status, "<Code>InvalidParameterValue</Code>" in text) == (400, True), text


def test_private_address_cannot_be_just_any_text(here: World) -> None:
    """An address that is none, and the five of a subnet that are reserved."""
    subnet = here.subnet(here.vpc(), "10.0.1.0/28")
    for address in ("nope", "10.0.1.0", "10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.15", "10.0.2.4"):
        with refused("InvalidParameterValue"):
            here.ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=address)
    [told] = here.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert told["AvailableIpAddressCount"] == 11


def test_vpc_attributes_cannot_be_changed_together(here: World) -> None:
    """One at a time (EC2 API, ModifyVpcAttribute)."""
    vpc = here.vpc()
    with refused("InvalidParameterCombination", "enableDnsHostnames, enableDnsSupport"):
        here.ec2.modify_vpc_attribute(
            VpcId=vpc, EnableDnsHostnames={"Value": True}, EnableDnsSupport={"Value": False}
        )
    with refused("InvalidParameterCombination"):
        here.ec2.modify_vpc_attribute(VpcId=vpc)
    told = here.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
    assert told["EnableDnsSupport"]["Value"] is True


def test_tags_cannot_pass_their_limits(here: World) -> None:
    """Keys of 128 and values of 256 characters, none twice, none of AWS's own, none for something else."""
    vpc, ec2 = here.vpc(), here.ec2
    for tags in (
        [{"Key": "k" * 129, "Value": "v"}],
        [{"Key": "k", "Value": "v" * 257}],
        [{"Key": "", "Value": "v"}],
        [{"Key": "aws:k", "Value": "v"}],
        [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
    ):
        with refused("InvalidParameterValue"):
            ec2.create_tags(Resources=[vpc], Tags=tags)
        with refused("InvalidParameterValue"):
            ec2.create_vpc(CidrBlock="10.5.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    with refused("TagLimitExceeded"):
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(51)])
    with refused("InvalidParameterValue", "'subnet' is not a valid taggable resource type"):
        ec2.create_vpc(
            CidrBlock="10.5.0.0/16",
            TagSpecifications=[{"ResourceType": "subnet", "Tags": [{"Key": "k", "Value": "v"}]}],
        )
    assert len(ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]) == 1
    rds = here.client("rds")
    group = {"DBParameterGroupFamily": "postgres17", "Description": "d", "DBParameterGroupName": "g"}
    with refused("InvalidParameterValue", "reserved for internal use"):
        rds.create_db_parameter_group(**group, Tags=[{"Key": "aws:k", "Value": "v"}])
    arn = rds.create_db_parameter_group(**group)["DBParameterGroup"]["DBParameterGroupArn"]
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert rds.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "k", "Value": "v"}]
    for kind, code in (("db", "DBInstanceNotFound"), ("subgrp", "DBSubnetGroupNotFoundFault")):
        with refused(code):
            rds.list_tags_for_resource(ResourceName=f"arn:aws:rds:{REGION}:123456789012:{kind}:nobody")


def test_call_cannot_happen_twice_with_one_client_token(here: World) -> None:
    """Repeated it is answered as before; changed, it is refused; in another account it is another call."""
    vpc = here.vpc()
    subnet = here.subnet(vpc)
    allocations = [here.address()[0] for _ in range(2)]
    calls: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
        (
            "create_nat_gateway",
            {"SubnetId": subnet, "AllocationId": allocations[0]},
            {"AllocationId": allocations[1]},
        ),
        (
            "create_vpc_endpoint",
            {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.s3"},
            {"ServiceName": f"com.amazonaws.{REGION}.dynamodb"},
        ),
        ("create_network_interface", {"SubnetId": subnet}, {"Description": "another"}),
        ("create_route_table", {"VpcId": vpc}, {"VpcId": here.vpc("10.1.0.0/16")}),
    )
    for name, given, changes in calls:
        call = getattr(here.ec2, name)
        first, second = (call(**given, ClientToken="t") for _ in range(2))
        told = [{key: value for key, value in one.items() if key != "ResponseMetadata"} for one in (first, second)]
        assert told[0] == told[1]
        with refused("IdempotentParameterMismatch"):
            call(**given | changes, ClientToken="t")
    other = here.client("ec2", key="210987654321")
    foreign = other.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = other.create_route_table(VpcId=foreign, ClientToken="t")["RouteTable"]
    assert made["VpcId"] == foreign


def test_instances_can_be_found_by_what_is_told_of_them(here: World) -> None:
    """Every documented filter is known; those that the description answers find the instance; pages and codes."""
    ec2 = here.ec2
    subnet = here.subnet(here.vpc())
    [image] = [
        one["ImageId"]
        for one in ec2.describe_images(
            Filters=[{"Name": "architecture", "Values": ["x86_64"]}, {"Name": "name", "Values": ["fck-nat-*"]}]
        )["Images"]
    ]
    made = [
        ec2.run_instances(
            ImageId=image,
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": f"box {number}"}]}],
        )
        for number in range(6)
    ]
    [reservation] = ec2.describe_instances(InstanceIds=[made[0]["Instances"][0]["InstanceId"]])["Reservations"]
    [told] = reservation["Instances"]
    [interface] = told["NetworkInterfaces"]
    for name, value in {
        "instance-id": told["InstanceId"],
        "reservation-id": reservation["ReservationId"],
        "private-ip-address": told["PrivateIpAddress"],
        "private-dns-name": told["PrivateDnsName"],
        "network-interface.network-interface-id": interface["NetworkInterfaceId"],
        "network-interface.addresses.private-ip-address": told["PrivateIpAddress"],
        "network-interface.mac-address": interface["MacAddress"],
        "tag:Name": "b?x 0",
    }.items():
        found = ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}])["Reservations"]
        assert [one["InstanceId"] for each in found for one in each["Instances"]] == [told["InstanceId"]], name
    for name, value in {
        "instance-state-name": "running",
        "instance-state-code": "16",
        "subnet-id": subnet,
        "network-interface.subnet-id": subnet,
        "instance.group-name": "default",
        "root-device-type": "ebs",
        "virtualization-type": "hvm",
        "tenancy": "default",
        "owner-id": "123456789012",
        "launch-time": "20*",
    }.items():
        found = ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}])["Reservations"]
        assert len(found) == 6, name
    documentation = MODEL.operation_model("DescribeInstances").input_shape.members["Filters"].documentation
    for name in set(re.findall(r"<li> <p> <code>([a-z0-9.-]+)</code>", documentation)):
        answer = ec2.describe_instances(Filters=[{"Name": name, "Values": ["no such value"]}])
        assert answer["Reservations"] == [], name
    with refused("InvalidParameterValue", "The filter 'colour' is invalid"):
        ec2.describe_instances(Filters=[{"Name": "colour", "Values": ["red"]}])
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Reservations"]) for page in pages] == [5, 1]
    with refused("InvalidParameterCombination"):
        ec2.describe_instances(InstanceIds=[told["InstanceId"]], MaxResults=5)
    with refused("InvalidInstanceID.NotFound"):
        ec2.describe_instances(InstanceIds=["i-0123456789abcdef0"])
    with refused("InvalidAMIID.NotFound", "ami-0123456789abcdef0"):
        ec2.describe_images(ImageIds=["ami-0123456789abcdef0"])
    with refused("InvalidParameterValue", "The filter 'colour' is invalid"):
        ec2.describe_images(Filters=[{"Name": "colour", "Values": ["red"]}])


def test_zones_regions_and_account_can_be_described(here: World) -> None:
    """By name and by filter; the Regions that an account has; attributes one by one; the groups of a VPC."""
    ec2 = here.ec2
    zones = ec2.describe_availability_zones(
        Filters=[
            {"Name": "opt-in-status", "Values": ["opt-in-not-required"]},
            {"Name": "zone-name", "Values": ["*a"]},
        ]
    )["AvailabilityZones"]
    assert [(one["ZoneName"], one["GroupName"]) for one in zones] == [(f"{REGION}a", f"{REGION}-zg-1")]
    with refused("InvalidParameterValue", "colour"):
        ec2.describe_availability_zones(Filters=[{"Name": "colour", "Values": ["red"]}])
    with refused("InvalidParameterValue", "nowhere"):
        ec2.describe_availability_zones(ZoneNames=["nowhere"])
    [region] = ec2.describe_regions(Filters=[{"Name": "region-name", "Values": ["eu-west-?"]}])["Regions"][:1]
    assert region["Endpoint"] == "ec2.eu-west-1.amazonaws.com"
    assert {one["OptInStatus"] for one in ec2.describe_regions()["Regions"]} == {"opt-in-not-required"}
    with refused("InvalidParameterValue", "nowhere"):
        ec2.describe_regions(RegionNames=["nowhere"])
    [default] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    [told] = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    assert told["AttributeValues"] == [{"AttributeValue": default["VpcId"]}]
    vpc = here.vpc()
    group = here.group(vpc)
    found = ec2.get_security_groups_for_vpc(VpcId=vpc, Filters=[{"Name": "group-name", "Values": ["f"]}])
    assert [one["GroupId"] for one in found["SecurityGroupForVpcs"]] == [group]


def test_race_for_one_object_cannot_have_two_winners(here: World) -> None:
    """Eight clients at once delete or create the same thing: one does, the others hear why not."""
    ec2, vpc = here.ec2, here.vpc()
    subnet, group = here.subnet(vpc), here.group(vpc)
    allocation = here.address()[0]
    races: tuple[tuple[str, Callable[[], Any], str], ...] = (
        ("group", lambda: here.group(vpc, "raced"), "InvalidGroup.Duplicate"),
        ("subnet", lambda: here.subnet(vpc, "10.0.9.0/24"), "InvalidSubnet.Conflict"),
        ("no group", lambda: ec2.delete_security_group(GroupId=group), "InvalidGroup.NotFound"),
        ("no address", lambda: ec2.release_address(AllocationId=allocation), "InvalidAllocationID.NotFound"),
        ("no subnet", lambda: ec2.delete_subnet(SubnetId=subnet), "InvalidSubnetID.NotFound"),
    )
    with ThreadPoolExecutor(8) as pool:
        for name, call, code in races:
            answers = [pool.submit(_code_of, call) for _ in range(8)]
            assert sorted(one.result() for one in answers) == sorted(["", *[code] * 7]), name


def _code_of(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
