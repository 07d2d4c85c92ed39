"""Rows: VPCs, subnets, internet gateways.

Whatever ModifyVpcAttribute and ModifySubnetAttribute cannot change forces a new resource (EC2 API reference).
"""

from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import arn, filters, first, tag, tag_specifications, tags_of
from vpclab.toolchain.aws_plugin.schema import SWITCH, TEXT, Input, Kind, ResourceType, computed, fixed, required

VPC_ATTRIBUTES = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}
SUBNET_ATTRIBUTES = {
    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
    "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
    "enableDns64": "EnableDns64",
}


def _create_vpc(call: Call) -> str:
    parameters = given(call.inputs, CidrBlock="cidrBlock", InstanceTenancy="instanceTenancy")
    answer = call.client.create_vpc(**parameters, TagSpecifications=tag_specifications(call, "vpc"))
    return str(answer["Vpc"]["VpcId"])


def _settle_vpc(call: Call) -> None:
    call.until(lambda: _vpc_is_available(call), f"{call.id} is available")
    there = {"enableDnsSupport": True}
    _set_vpc(call, [name for name in VPC_ATTRIBUTES if call.inputs.get(name, False) != there.get(name, False)])


def _vpc_is_available(call: Call) -> bool | None:
    return call.client.describe_vpcs(VpcIds=[call.id])["Vpcs"][0]["State"] == "available" or None


def _set_vpc(call: Call, names: list[str]) -> None:
    for name in names:  # the API takes one attribute at a time
        call.client.modify_vpc_attribute(
            VpcId=call.id, **{VPC_ATTRIBUTES[name]: {"Value": call.inputs.get(name, False)}}
        )


def _read_vpc(call: Call) -> dict[str, Any] | None:
    vpc = first(call.client.describe_vpcs(VpcIds=[call.id])["Vpcs"])
    if vpc is None:
        return None
    mine = filters(vpc_id=call.id)
    attributes = {
        name: call.client.describe_vpc_attribute(VpcId=call.id, Attribute=name)[attribute]["Value"]
        for name, attribute in VPC_ATTRIBUTES.items()
    }
    table = first(
        call.client.describe_route_tables(Filters=[*mine, *filters(**{"association.main": "true"})])["RouteTables"]
    )
    acl = first(call.client.describe_network_acls(Filters=[*mine, *filters(default="true")])["NetworkAcls"])
    group = first(
        call.client.describe_security_groups(Filters=[*mine, *filters(group_name="default")])["SecurityGroups"]
    )
    return {
        "arn": arn(call, vpc["OwnerId"], "vpc"),
        "cidrBlock": vpc["CidrBlock"],
        "instanceTenancy": vpc["InstanceTenancy"],
        "ownerId": vpc["OwnerId"],
        "dhcpOptionsId": vpc["DhcpOptionsId"],
        "mainRouteTableId": table and table["RouteTableId"],
        "defaultRouteTableId": table and table["RouteTableId"],
        "defaultNetworkAclId": acl and acl["NetworkAclId"],
        "defaultSecurityGroupId": group and group["GroupId"],
        "assignGeneratedIpv6CidrBlock": False,
        "ipv6AssociationId": "",
        "tagsAll": tags_of(vpc),
        **attributes,
    }


VPC = ResourceType(
    type_name="aws:ec2/vpc:Vpc",
    noun="EC2 VPC",
    service="ec2",
    inputs={
        "cidrBlock": fixed(required(TEXT)),
        "instanceTenancy": Input(default="default", replaces=True),
        "enableDnsSupport": Input(Kind.BOOLEAN, default=True),
        "enableDnsHostnames": SWITCH,
        "enableNetworkAddressUsageMetrics": SWITCH,
    },
    outputs=frozenset(
        {"arn", "ownerId", "dhcpOptionsId", "mainRouteTableId", "defaultRouteTableId", "defaultNetworkAclId"}
        | {"defaultSecurityGroupId", "ipv6AssociationId", "assignGeneratedIpv6CidrBlock"}
    ),
    create=_create_vpc,
    settle=_settle_vpc,
    read=_read_vpc,
    update=lambda call, changed: _set_vpc(call, sorted(changed)),
    delete=lambda call: call.while_in_use(lambda: call.client.delete_vpc(VpcId=call.id)),
    tag=tag,
    missing=frozenset({"InvalidVpcID.NotFound"}),
)


def _create_subnet(call: Call) -> str:
    parameters = given(
        call.inputs,
        VpcId="vpcId",
        CidrBlock="cidrBlock",
        AvailabilityZone="availabilityZone",
        AvailabilityZoneId="availabilityZoneId",
    )
    answer = call.client.create_subnet(**parameters, TagSpecifications=tag_specifications(call, "subnet"))
    return str(answer["Subnet"]["SubnetId"])


def _settle_subnet(call: Call) -> None:
    _set_subnet(call, [name for name in SUBNET_ATTRIBUTES if call.inputs.get(name)])


def _set_subnet(call: Call, names: list[str]) -> None:
    for name in names:  # the API takes one attribute at a time
        call.client.modify_subnet_attribute(
            SubnetId=call.id, **{SUBNET_ATTRIBUTES[name]: {"Value": call.inputs.get(name, False)}}
        )


def _read_subnet(call: Call) -> dict[str, Any] | None:
    subnet = first(call.client.describe_subnets(SubnetIds=[call.id])["Subnets"])
    if subnet is None:
        return None
    return {
        "arn": arn(call, subnet["OwnerId"], "subnet"),
        "ownerId": subnet["OwnerId"],
        "vpcId": subnet["VpcId"],
        "cidrBlock": subnet["CidrBlock"],
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet["AvailabilityZoneId"],
        "ipv6CidrBlockAssociationId": "",
        "tagsAll": tags_of(subnet),
        **{name: subnet.get(attribute, False) for name, attribute in SUBNET_ATTRIBUTES.items()},
    }


SUBNET = ResourceType(
    type_name="aws:ec2/subnet:Subnet",
    noun="EC2 Subnet",
    service="ec2",
    inputs={
        "vpcId": fixed(required(TEXT)),
        "cidrBlock": fixed(TEXT),
        "availabilityZone": fixed(computed(TEXT)),
        "availabilityZoneId": fixed(computed(TEXT)),
        **dict.fromkeys(SUBNET_ATTRIBUTES, SWITCH),
    },
    outputs=frozenset({"arn", "ownerId", "ipv6CidrBlockAssociationId"}),
    create=_create_subnet,
    settle=_settle_subnet,
    read=_read_subnet,
    update=lambda call, changed: _set_subnet(call, sorted(changed)),
    delete=lambda call: call.while_in_use(lambda: call.client.delete_subnet(SubnetId=call.id)),
    tag=tag,
    missing=frozenset({"InvalidSubnetID.NotFound"}),
)


def _create_gateway(call: Call) -> str:
    answer = call.client.create_internet_gateway(TagSpecifications=tag_specifications(call, "internet-gateway"))
    return str(answer["InternetGateway"]["InternetGatewayId"])


def _attach(call: Call) -> None:
    if call.inputs.get("vpcId"):
        call.client.attach_internet_gateway(InternetGatewayId=call.id, VpcId=call.inputs["vpcId"])


def _detach(call: Call) -> None:
    # Refused for as long as something in the VPC has a public address.
    if call.state.get("vpcId"):
        call.while_in_use(
            lambda: call.client.detach_internet_gateway(InternetGatewayId=call.id, VpcId=call.state["vpcId"])
        )


def _move_gateway(call: Call, _: frozenset[str]) -> None:
    _detach(call)
    _attach(call)


def _read_gateway(call: Call) -> dict[str, Any] | None:
    gateway = first(call.client.describe_internet_gateways(InternetGatewayIds=[call.id])["InternetGateways"])
    if gateway is None:
        return None
    owner = gateway.get("OwnerId") or call.account
    attachment = first(gateway.get("Attachments", []))
    return {
        "arn": arn(call, owner, "internet-gateway"),
        "ownerId": owner,
        "vpcId": attachment["VpcId"] if attachment else "",
        "tagsAll": tags_of(gateway),
    }


def _delete_gateway(call: Call) -> None:
    try:
        _detach(call)
    except call.client.exceptions.ClientError as answer:
        if answer.response["Error"]["Code"] != "Gateway.NotAttached":
            raise
    call.while_in_use(lambda: call.client.delete_internet_gateway(InternetGatewayId=call.id))


INTERNET_GATEWAY = ResourceType(
    type_name="aws:ec2/internetGateway:InternetGateway",
    noun="EC2 Internet Gateway",
    service="ec2",
    inputs={"vpcId": computed(TEXT)},
    outputs=frozenset({"arn", "ownerId"}),
    create=_create_gateway,
    settle=_attach,
    read=_read_gateway,
    update=_move_gateway,
    delete=_delete_gateway,
    tag=tag,
    missing=frozenset({"InvalidInternetGatewayID.NotFound"}),
)

ROWS = (VPC, SUBNET, INTERNET_GATEWAY)
