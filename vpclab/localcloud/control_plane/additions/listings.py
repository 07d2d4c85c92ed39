"""What EC2's describe calls list, and where in a description the value is that each documented filter compares.

Names of filters are those of the EC2 API reference, of each call's ``Filter.N``; a path names members of the
answer, so that a filter cannot say otherwise than the description. A test holds the names against botocore's
model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """One call: the list in its answer, how its items are named, and how many a page may have.

    ``identifiers`` is the parameter that names items, ``identifier`` the member that identifies one; ``unknown``
    is the error's code and its text about an identifier that nothing has. A page has at least ``least`` items
    asked for, and at most ``most`` are given; ``alone``: pages cannot be asked for together with identifiers.
    """

    action: str
    items: str
    identifiers: str = ""
    identifier: str = ""
    unknown: tuple[str, str] = ("", "")
    filters: Mapping[str, str] = field(default_factory=dict)
    tags: str = "Tags"
    least: int = 5
    most: int = 1000
    alone: bool = False


def _permissions(prefix: str, member: str) -> dict[str, str]:
    return {
        f"{prefix}ip-permission.cidr": f"{member}.IpRanges.CidrIp",
        f"{prefix}ip-permission.from-port": f"{member}.FromPort",
        f"{prefix}ip-permission.group-id": f"{member}.UserIdGroupPairs.GroupId",
        f"{prefix}ip-permission.group-name": f"{member}.UserIdGroupPairs.GroupName",
        f"{prefix}ip-permission.ipv6-cidr": f"{member}.Ipv6Ranges.CidrIpv6",
        f"{prefix}ip-permission.prefix-list-id": f"{member}.PrefixListIds.PrefixListId",
        f"{prefix}ip-permission.protocol": f"{member}.IpProtocol",
        f"{prefix}ip-permission.to-port": f"{member}.ToPort",
        f"{prefix}ip-permission.user-id": f"{member}.UserIdGroupPairs.UserId",
    }


_OPTIONS = "PrivateDnsNameOptionsOnLaunch"
_IPV6 = "Ipv6CidrBlockAssociationSet"

LISTINGS = (
    Listing(
        "DescribeVpcs",
        "Vpcs",
        "VpcIds",
        "VpcId",
        ("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
        {
            "cidr": "CidrBlock",
            "cidr-block": "CidrBlock",
            "cidrBlock": "CidrBlock",
            "cidr-block-association.association-id": "CidrBlockAssociationSet.AssociationId",
            "cidr-block-association.cidr-block": "CidrBlockAssociationSet.CidrBlock",
            "cidr-block-association.state": "CidrBlockAssociationSet.CidrBlockState.State",
            "dhcp-options-id": "DhcpOptionsId",
            "ipv6-cidr-block-association.association-id": f"{_IPV6}.AssociationId",
            "ipv6-cidr-block-association.ipv6-cidr-block": f"{_IPV6}.Ipv6CidrBlock",
            "ipv6-cidr-block-association.ipv6-pool": f"{_IPV6}.Ipv6Pool",
            "ipv6-cidr-block-association.state": f"{_IPV6}.Ipv6CidrBlockState.State",
            "is-default": "IsDefault",
            "isDefault": "IsDefault",
            "owner-id": "OwnerId",
            "state": "State",
            "vpc-id": "VpcId",
        },
    ),
    Listing(
        "DescribeSubnets",
        "Subnets",
        "SubnetIds",
        "SubnetId",
        ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
        {
            "availability-zone": "AvailabilityZone",
            "availabilityZone": "AvailabilityZone",
            "availability-zone-id": "AvailabilityZoneId",
            "availabilityZoneId": "AvailabilityZoneId",
            "available-ip-address-count": "AvailableIpAddressCount",
            "cidr": "CidrBlock",
            "cidr-block": "CidrBlock",
            "cidrBlock": "CidrBlock",
            "customer-owned-ipv4-pool": "CustomerOwnedIpv4Pool",
            "default-for-az": "DefaultForAz",
            "defaultForAz": "DefaultForAz",
            "enable-dns64": "EnableDns64",
            "enable-lni-at-device-index": "EnableLniAtDeviceIndex",
            "ipv6-cidr-block-association.association-id": f"{_IPV6}.AssociationId",
            "ipv6-cidr-block-association.ipv6-cidr-block": f"{_IPV6}.Ipv6CidrBlock",
            "ipv6-cidr-block-association.state": f"{_IPV6}.Ipv6CidrBlockState.State",
            "ipv6-native": "Ipv6Native",
            "map-customer-owned-ip-on-launch": "MapCustomerOwnedIpOnLaunch",
            "map-public-ip-on-launch": "MapPublicIpOnLaunch",
            "outpost-arn": "OutpostArn",
            "owner-id": "OwnerId",
            "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": (
                f"{_OPTIONS}.EnableResourceNameDnsARecord"
            ),
            "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": (
                f"{_OPTIONS}.EnableResourceNameDnsAAAARecord"
            ),
            "private-dns-name-options-on-launch.hostname-type": f"{_OPTIONS}.HostnameType",
            "state": "State",
            "subnet-arn": "SubnetArn",
            "subnet-id": "SubnetId",
            "vpc-id": "VpcId",
        },
    ),
    Listing(
        "DescribeRouteTables",
        "RouteTables",
        "RouteTableIds",
        "RouteTableId",
        ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
        {
            "association.gateway-id": "Associations.GatewayId",
            "association.main": "Associations.Main",
            "association.route-table-association-id": "Associations.RouteTableAssociationId",
            "association.route-table-id": "Associations.RouteTableId",
            "association.subnet-id": "Associations.SubnetId",
            "owner-id": "OwnerId",
            "route-table-id": "RouteTableId",
            "route.destination-cidr-block": "Routes.DestinationCidrBlock",
            "route.destination-ipv6-cidr-block": "Routes.DestinationIpv6CidrBlock",
            "route.destination-prefix-list-id": "Routes.DestinationPrefixListId",
            "route.egress-only-internet-gateway-id": "Routes.EgressOnlyInternetGatewayId",
            "route.gateway-id": "Routes.GatewayId",
            "route.instance-id": "Routes.InstanceId",
            "route.nat-gateway-id": "Routes.NatGatewayId",
            "route.origin": "Routes.Origin",
            "route.state": "Routes.State",
            "route.transit-gateway-id": "Routes.TransitGatewayId",
            "route.vpc-peering-connection-id": "Routes.VpcPeeringConnectionId",
            "vpc-id": "VpcId",
        },
        most=100,
    ),
    Listing(
        "DescribeInternetGateways",
        "InternetGateways",
        "InternetGatewayIds",
        "InternetGatewayId",
        ("InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist"),
        {
            "attachment.state": "Attachments.State",
            "attachment.vpc-id": "Attachments.VpcId",
            "internet-gateway-id": "InternetGatewayId",
            "owner-id": "OwnerId",
        },
    ),
    Listing(
        "DescribeNatGateways",
        "NatGateways",
        "NatGatewayIds",
        "NatGatewayId",
        ("NatGatewayNotFound", "NatGateway {} was not found"),
        {
            "nat-gateway-id": "NatGatewayId",
            "state": "State",
            "subnet-id": "SubnetId",
            "vpc-id": "VpcId",
        },
    ),
    Listing(
        "DescribeSecurityGroups",
        "SecurityGroups",
        "GroupIds",
        "GroupId",
        ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
        {
            "description": "Description",
            "group-id": "GroupId",
            "group-name": "GroupName",
            "owner-id": "OwnerId",
            "vpc-id": "VpcId",
            **_permissions("", "IpPermissions"),
            **_permissions("egress.", "IpPermissionsEgress"),
        },
    ),
    Listing(
        "DescribeSecurityGroupRules",
        "SecurityGroupRules",
        "SecurityGroupRuleIds",
        "SecurityGroupRuleId",
        ("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '{}' does not exist"),
        {"group-id": "GroupId", "security-group-rule-id": "SecurityGroupRuleId"},
    ),
    Listing(
        "GetSecurityGroupsForVpc",
        "SecurityGroupForVpcs",
        identifier="GroupId",
        filters={
            "group-id": "GroupId",
            "description": "Description",
            "group-name": "GroupName",
            "owner-id": "OwnerId",
            "primary-vpc-id": "PrimaryVpcId",
        },
    ),
    Listing(
        "DescribeNetworkAcls",
        "NetworkAcls",
        "NetworkAclIds",
        "NetworkAclId",
        ("InvalidNetworkAclID.NotFound", "The networkAcl ID '{}' does not exist"),
        {
            "association.association-id": "Associations.NetworkAclAssociationId",
            "association.network-acl-id": "Associations.NetworkAclId",
            "association.subnet-id": "Associations.SubnetId",
            "default": "IsDefault",
            "entry.cidr": "Entries.CidrBlock",
            "entry.egress": "Entries.Egress",
            "entry.icmp.code": "Entries.IcmpTypeCode.Code",
            "entry.icmp.type": "Entries.IcmpTypeCode.Type",
            "entry.ipv6-cidr": "Entries.Ipv6CidrBlock",
            "entry.port-range.from": "Entries.PortRange.From",
            "entry.port-range.to": "Entries.PortRange.To",
            "entry.protocol": "Entries.Protocol",
            "entry.rule-action": "Entries.RuleAction",
            "entry.rule-number": "Entries.RuleNumber",
            "network-acl-id": "NetworkAclId",
            "owner-id": "OwnerId",
            "vpc-id": "VpcId",
        },
    ),
    Listing(
        "DescribeNetworkInterfaces",
        "NetworkInterfaces",
        "NetworkInterfaceIds",
        "NetworkInterfaceId",
        ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{}' does not exist"),
        {
            "addresses.association.owner-id": "Association.IpOwnerId",
            "addresses.association.public-ip": "Association.PublicIp",
            "addresses.primary": "PrivateIpAddresses.Primary",
            "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
            "association.allocation-id": "Association.AllocationId",
            "association.association-id": "Association.AssociationId",
            "association.ip-owner-id": "Association.IpOwnerId",
            "association.public-dns-name": "Association.PublicDnsName",
            "association.public-ip": "Association.PublicIp",
            "attachment.attach-time": "Attachment.AttachTime",
            "attachment.attachment-id": "Attachment.AttachmentId",
            "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
            "attachment.device-index": "Attachment.DeviceIndex",
            "attachment.instance-id": "Attachment.InstanceId",
            "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
            "attachment.status": "Attachment.Status",
            "availability-zone": "AvailabilityZone",
            "availability-zone-id": "AvailabilityZoneId",
            "description": "Description",
            "group-id": "Groups.GroupId",
            "group-name": "Groups.GroupName",
            "interface-type": "InterfaceType",
            "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
            "mac-address": "MacAddress",
            "network-interface-id": "NetworkInterfaceId",
            "operator.managed": "Operator.Managed",
            "operator.principal": "Operator.Principal",
            "owner-id": "OwnerId",
            "private-dns-name": "PrivateDnsName",
            "private-ip-address": "PrivateIpAddress",
            "requester-id": "RequesterId",
            "requester-managed": "RequesterManaged",
            "source-dest-check": "SourceDestCheck",
            "status": "Status",
            "subnet-id": "SubnetId",
            "vpc-id": "VpcId",
        },
        tags="TagSet",
        alone=True,
    ),
    Listing(
        "DescribeVpcEndpoints",
        "VpcEndpoints",
        "VpcEndpointIds",
        "VpcEndpointId",
        ("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '{}' does not exist"),
        {
            "ip-address-type": "IpAddressType",
            "service-name": "ServiceName",
            "service-region": "ServiceRegion",
            "vpc-endpoint-id": "VpcEndpointId",
            "vpc-endpoint-state": "State",
            "vpc-endpoint-type": "VpcEndpointType",
            "vpc-id": "VpcId",
        },
        least=1,
    ),
    Listing(
        "DescribeManagedPrefixLists",
        "PrefixLists",
        "PrefixListIds",
        "PrefixListId",
        ("InvalidPrefixListID.NotFound", "The prefix list ID '{}' does not exist"),
        {"owner-id": "OwnerId", "prefix-list-id": "PrefixListId", "prefix-list-name": "PrefixListName"},
        least=1,
        most=100,
    ),
    Listing(
        "DescribePrefixLists",
        "PrefixLists",
        "PrefixListIds",
        "PrefixListId",
        ("InvalidPrefixListID.NotFound", "The prefix list ID '{}' does not exist"),
        {"prefix-list-id": "PrefixListId", "prefix-list-name": "PrefixListName"},
        tags="",
        least=1,
    ),
    Listing(
        "GetManagedPrefixListAssociations",
        "PrefixListAssociations",
        identifier="ResourceId",
        tags="",
        most=255,
    ),
    Listing("GetManagedPrefixListEntries", "Entries", identifier="Cidr", tags="", least=1, most=100),
    Listing(
        "DescribeDhcpOptions",
        "DhcpOptions",
        "DhcpOptionsIds",
        "DhcpOptionsId",
        ("InvalidDhcpOptionID.NotFound", "The dhcpOption ID '{}' does not exist"),
        {
            "dhcp-options-id": "DhcpOptionsId",
            "key": "DhcpConfigurations.Key",
            "owner-id": "OwnerId",
            "value": "DhcpConfigurations.Values.Value",
        },
    ),
    Listing(
        "DescribeAddresses",
        "Addresses",
        "AllocationIds",
        "AllocationId",
        ("InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist"),
        {
            "allocation-id": "AllocationId",
            "association-id": "AssociationId",
            "domain": "Domain",
            "instance-id": "InstanceId",
            "network-border-group": "NetworkBorderGroup",
            "network-interface-id": "NetworkInterfaceId",
            "network-interface-owner-id": "NetworkInterfaceOwnerId",
            "private-ip-address": "PrivateIpAddress",
            "public-ip": "PublicIp",
        },
    ),
    Listing(
        "DescribeTags",
        "Tags",
        filters={"key": "Key", "resource-id": "ResourceId", "resource-type": "ResourceType", "value": "Value"},
    ),
)
