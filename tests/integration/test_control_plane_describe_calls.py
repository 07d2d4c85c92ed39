"""EC2's describe calls: filters, pages, identifiers, and how requests are told apart."""

# ruff: noqa: ANN401 - boto3 has no type information

import re
from collections import Counter
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.integration.control_plane_world import REGION, World, refused

MODEL = botocore.session.get_session().get_service_model("ec2")
LISTED = {
    "DescribeVpcs": "Vpcs",
    "DescribeSubnets": "Subnets",
    "DescribeRouteTables": "RouteTables",
    "DescribeInternetGateways": "InternetGateways",
    "DescribeNatGateways": "NatGateways",
    "DescribeSecurityGroups": "SecurityGroups",
    "DescribeSecurityGroupRules": "SecurityGroupRules",
    "DescribeNetworkAcls": "NetworkAcls",
    "DescribeNetworkInterfaces": "NetworkInterfaces",
    "DescribeVpcEndpoints": "VpcEndpoints",
    "DescribeManagedPrefixLists": "PrefixLists",
    "DescribePrefixLists": "PrefixLists",
    "DescribeDhcpOptions": "DhcpOptions",
    "DescribeAddresses": "Addresses",
    "DescribeTags": "Tags",
}


def call(here: World, action: str, filters: list[dict[str, Any]] | None = None, **given: Any) -> Any:
    """The call by its API name, with ``Filters``, or ``Filter`` where the API says so."""
    name = "Filters" if "Filters" in MODEL.operation_model(action).input_shape.members else "Filter"
    return getattr(here.ec2, xform_name(action))(**({name: filters} if filters else {}), **given)


@pytest.fixture
def several(here: World) -> World:
    """Six of everything that is listed."""
    for number in range(6):
        vpc = here.vpc(f"10.{number}.0.0/16", internet=True)
        subnet, table = here.subnet(vpc, f"10.{number}.0.0/24"), here.table(vpc)
        here.group(vpc)
        here.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=here.address()[0])
        here.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[table])
        here.ec2.create_network_acl(VpcId=vpc)
        servers = [{"Key": "domain-name-servers", "Values": [f"8.8.8.{number}"]}]
        here.ec2.create_dhcp_options(DhcpConfigurations=servers)
        here.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": f"vpc {number}"}])
    return here


@pytest.mark.parametrize("action", LISTED)
def test_description_can_come_in_pages(several: World, action: str) -> None:
    """Pages of five have every item once, in the order of the whole; a token belongs to its call."""
    key = LISTED[action]
    whole = call(several, action)[key]
    assert len(whole) > 5
    if "MaxResults" not in MODEL.operation_model(action).input_shape.members:
        assert action == "DescribeAddresses"
        return
    answer = call(several, action, None, MaxResults=5)
    pages = [answer[key]]
    while answer.get("NextToken"):
        answer = call(several, action, None, MaxResults=5, NextToken=answer["NextToken"])
        pages.append(answer[key])
    assert [len(page) for page in pages[:-1]] == [5] * (len(pages) - 1)
    assert [item for page in pages for item in page] == whole
    for wrong in ("nonsense", "RGVzY3JpYmVTb21ldGhpbmcgNSB4"):
        with refused("InvalidNextToken"):
            call(several, action, None, NextToken=wrong)


def test_page_can_follow_what_was_given(several: World) -> None:
    """What is deleted between pages makes no other item be missed."""
    made = [
        several.ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "ntp-servers", "Values": ["10.0.0.4"]}])[
            "DhcpOptions"
        ]["DhcpOptionsId"]
        for _ in range(6)
    ]
    whole = [one["DhcpOptionsId"] for one in several.ec2.describe_dhcp_options()["DhcpOptions"]]
    first = several.ec2.describe_dhcp_options(MaxResults=8)
    gone = next(one for one in made if one in {each["DhcpOptionsId"] for each in first["DhcpOptions"][:-1]})
    several.ec2.delete_dhcp_options(DhcpOptionsId=gone)
    second = several.ec2.describe_dhcp_options(MaxResults=8, NextToken=first["NextToken"])
    assert [one["DhcpOptionsId"] for one in (*first["DhcpOptions"], *second["DhcpOptions"])] == whole


def test_page_cannot_be_of_any_size(here: World) -> None:
    """At least five; interfaces by identifier come in no pages (EC2 API, DescribeNetworkInterfaces)."""
    with refused("InvalidParameterValue", "Expecting a value greater than 5"):
        here.ec2.describe_tags(MaxResults=4)
    with refused("InvalidParameterCombination"):
        here.ec2.describe_network_interfaces(NetworkInterfaceIds=["eni-0123456789abcdef0"], MaxResults=5)


@pytest.mark.parametrize("action", LISTED)
def test_documented_filter_can_be_used(several: World, action: str) -> None:
    """Every filter of the API reference, with a value that nothing has; another is refused."""
    members = MODEL.operation_model(action).input_shape.members
    documentation = (members.get("Filters") or members["Filter"]).documentation
    names = set(re.findall(r"<code>([a-z0-9.-]+)</code>(?: -|:)", documentation)) - {"tag"}
    assert len(names) >= 2, documentation
    for name in (*sorted(names), "tag:Name") if "tag-key" in names else sorted(names):
        assert call(several, action, [{"Name": name, "Values": ["no such value"]}])[LISTED[action]] == [], name
    with refused("InvalidParameterValue", "The filter 'colour' is invalid"):
        call(several, action, [{"Name": "colour", "Values": ["red"]}])


@pytest.mark.parametrize(
    ("action", "name", "value", "count"),
    [
        ("DescribeVpcs", "tag:Name", "vpc 3", 1),
        ("DescribeVpcs", "tag:Name", "vpc ?", 6),
        ("DescribeVpcs", "tag:Name", "vpc \\?", 0),
        ("DescribeVpcs", "tag:Name", "VPC 3", 0),
        ("DescribeVpcs", "tag-key", "Na*", 6),
        ("DescribeVpcs", "cidr-block-association.cidr-block", "10.3.*", 1),
        ("DescribeVpcs", "is-default", "true", 1),
        ("DescribeSubnets", "available-ip-address-count", "250", 6),
        ("DescribeRouteTables", "route.destination-prefix-list-id", "pl-*", 6),
        ("DescribeRouteTables", "route.origin", "CreateRoute", 7),
        ("DescribeInternetGateways", "attachment.state", "available", 7),
        ("DescribeNatGateways", "state", "available", 6),
        ("DescribeSecurityGroups", "egress.ip-permission.cidr", "0.0.0.0/0", 13),
        ("DescribeNetworkAcls", "entry.rule-action", "deny", 13),
        ("DescribeNetworkInterfaces", "requester-managed", "true", 6),
        ("DescribeNetworkInterfaces", "addresses.association.public-ip", "203.0.113.*", 6),
        ("DescribeNetworkInterfaces", "availability-zone-id", "use1-az*", 6),
        ("DescribeVpcEndpoints", "service-region", REGION, 6),
        ("DescribeDhcpOptions", "value", "8.8.8.4", 1),
        ("DescribeTags", "tag:Name", "vpc 4", 1),
    ],
)
def test_filter_can_find_what_the_description_says(
    several: World, action: str, name: str, value: str, count: int
) -> None:
    """Values are joined by or, may have wildcards, and are compared case by case."""
    found = call(several, action, [{"Name": name, "Values": [value, "no such value"]}])[LISTED[action]]
    if action == "DescribeRouteTables" and name == "route.origin":
        assert all(any(route["Origin"] == value for route in one["Routes"]) for one in found)
        return
    assert len(found) == count


def test_filters_can_be_joined(several: World) -> None:
    """All of them have to hold, also on top of pages."""
    filters = [{"Name": "tag:Name", "Values": ["vpc *"]}, {"Name": "cidr", "Values": ["10.1.0.0/16", "172.31.*"]}]
    [found] = several.ec2.describe_vpcs(Filters=filters, MaxResults=5)["Vpcs"]
    assert found["CidrBlock"] == "10.1.0.0/16"


@pytest.mark.parametrize(
    ("action", "parameter", "identifier", "code"),
    [
        ("DescribeVpcs", "VpcIds", "vpc", "InvalidVpcID.NotFound"),
        ("DescribeSubnets", "SubnetIds", "subnet", "InvalidSubnetID.NotFound"),
        ("DescribeRouteTables", "RouteTableIds", "rtb", "InvalidRouteTableID.NotFound"),
        ("DescribeInternetGateways", "InternetGatewayIds", "igw", "InvalidInternetGatewayID.NotFound"),
        ("DescribeNatGateways", "NatGatewayIds", "nat", "NatGatewayNotFound"),
        ("DescribeSecurityGroups", "GroupIds", "sg", "InvalidGroup.NotFound"),
        ("DescribeSecurityGroupRules", "SecurityGroupRuleIds", "sgr", "InvalidSecurityGroupRuleId.NotFound"),
        ("DescribeNetworkAcls", "NetworkAclIds", "acl", "InvalidNetworkAclID.NotFound"),
        ("DescribeNetworkInterfaces", "NetworkInterfaceIds", "eni", "InvalidNetworkInterfaceID.NotFound"),
        ("DescribeVpcEndpoints", "VpcEndpointIds", "vpce", "InvalidVpcEndpointId.NotFound"),
        ("DescribeManagedPrefixLists", "PrefixListIds", "pl", "InvalidPrefixListID.NotFound"),
        ("DescribeDhcpOptions", "DhcpOptionsIds", "dopt", "InvalidDhcpOptionID.NotFound"),
        ("DescribeAddresses", "AllocationIds", "eipalloc", "InvalidAllocationID.NotFound"),
    ],
)
def test_unknown_identifier_cannot_be_described(
    here: World, action: str, parameter: str, identifier: str, code: str
) -> None:
    """The error names the identifier as it was given."""
    unknown = f"{identifier}-0123456789abcdef0"
    with refused(code, rf"['\s]{unknown}['\s]"):
        call(here, action, None, **{parameter: [unknown]})


def test_requests_can_be_told_apart(here: World) -> None:
    """Each answer and each refusal has a request id of its own."""
    answers = [here.ec2.describe_vpcs()["ResponseMetadata"]["RequestId"] for _ in range(3)]
    for refusal in (
        lambda: here.ec2.describe_vpcs(VpcIds=["vpc-0123456789abcdef0"]),
        here.ec2.create_transit_gateway,
        lambda: here.client("rds").describe_db_instances(DBInstanceIdentifier="none"),
        lambda: here.client("rds").create_db_cluster(DBClusterIdentifier="c", Engine="aurora-postgresql"),
    ):
        with pytest.raises(ClientError) as caught:
            refusal()
        answers.append(caught.value.response["ResponseMetadata"]["RequestId"])
    answers.append(here.client("rds").describe_db_instances()["ResponseMetadata"]["RequestId"])
    assert [one for one, times in Counter(answers).items() if times > 1 or len(one) < 30] == []
