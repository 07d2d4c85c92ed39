"""Plain moto still behaves as the additions for VPCs correct it. A failure here is good news."""

from ipaddress import IPv4Address, IPv4Network

from tests.unit.control_plane.plain_moto import REGION, Client, interfaces, still_wrong, succeeds


def test_private_addresses_are_still_needed(client: Client, subnet: str) -> None:
    """Plain moto gives more addresses than a subnet has."""
    made = [
        client("ec2").create_network_interface(SubnetId=subnet)["NetworkInterface"]["PrivateIpAddress"]
        for _ in range(12)
    ]
    reserved = {IPv4Address(f"10.77.0.{last}") for last in (0, 1, 2, 3, 15)}
    duplicate = len(set(made)) < len(made)
    still_wrong(wrong=duplicate or bool(reserved & set(map(IPv4Address, made))), addition="private_addresses")


def test_public_addresses_are_still_needed(client: Client) -> None:
    """Plain moto's Elastic addresses are outside the documentation range."""
    address = client("ec2").allocate_address(Domain="vpc")["PublicIp"]
    still_wrong(wrong=IPv4Address(address) not in IPv4Network("203.0.113.0/24"), addition="public_addresses")


def test_prefix_lists_are_still_needed(client: Client) -> None:
    """Plain moto lists ranges of the real S3."""
    [found] = client("ec2").describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    )["PrefixLists"]
    entries = client("ec2").get_managed_prefix_list_entries(PrefixListId=found["PrefixListId"])["Entries"]
    still_wrong(wrong=[one["Cidr"] for one in entries] != ["192.0.2.128/26"], addition="prefix_lists")


def test_managed_interfaces_are_still_needed(client: Client, vpc: str, subnet: str) -> None:
    """Plain moto's endpoint interfaces have no type, and can be deleted by hand."""
    client("ec2").create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.sts",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        PrivateDnsEnabled=False,
    )
    [made] = interfaces(client, "vpc-id", vpc)
    deleted = succeeds(
        lambda: client("ec2").delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    )
    still_wrong(wrong=made["InterfaceType"] == "interface" and deleted, addition="managed_interfaces")


def test_nat_gateways_are_still_needed(client: Client, subnet: str) -> None:
    """Plain moto's public NAT gateway is available without an internet gateway, at an address of no subnet."""
    allocation = client("ec2").allocate_address(Domain="vpc")["AllocationId"]
    made = client("ec2").create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]
    outside = IPv4Address(made["NatGatewayAddresses"][0]["PrivateIp"]) not in IPv4Network("10.77.0.0/28")
    still_wrong(wrong=made["State"] == "available" and outside, addition="nat_gateways")


def test_routes_are_still_needed(client: Client, vpc: str) -> None:
    """Plain moto's routes stay active when their target is gone."""
    ec2 = client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    [found] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    still_wrong(wrong={route["State"] for route in found["Routes"]} == {"active"}, addition="routes")


def test_route_table_associations_are_still_needed(client: Client, vpc: str, subnet: str) -> None:
    """Plain moto associates a subnet with a second table without doing it."""
    ec2 = client("ec2")
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    ec2.associate_route_table(RouteTableId=tables[0], SubnetId=subnet)
    accepted = succeeds(lambda: ec2.associate_route_table(RouteTableId=tables[1], SubnetId=subnet))
    still_wrong(wrong=accepted, addition="route_table_associations")


def test_subnets_are_still_needed(client: Client, vpc: str) -> None:
    """Plain moto makes subnets smaller than /28."""
    accepted = succeeds(lambda: client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/29"))
    still_wrong(wrong=accepted, addition="subnets")


def test_security_groups_are_still_needed(client: Client, vpc: str) -> None:
    """Plain moto forgets the description of a rule whose source is a group."""
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    pair = {"GroupId": group, "Description": "each other"}
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [pair]}]
    )
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    kept = any(rule.get("Description") == "each other" for rule in found["SecurityGroupRules"])
    still_wrong(wrong=not kept, addition="security_groups")


def test_rule_identity_is_still_needed(client: Client, vpc: str) -> None:
    """Plain moto cannot revoke a described rule that is named by its source group alone."""
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="identity", Description="d", VpcId=vpc)["GroupId"]

    def permission(**pair: str) -> list[dict[str, object]]:
        return [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group, **pair}]}]

    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permission(Description="each other"))
    revoked = succeeds(lambda: ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=permission()))
    still_wrong(wrong=not revoked, addition="security_groups")


def test_default_vpcs_are_still_needed(client: Client) -> None:
    """Plain moto's default VPC has no internet gateway."""
    (default,) = client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    attached = [{"Name": "attachment.vpc-id", "Values": [default["VpcId"]]}]
    found = client("ec2").describe_internet_gateways(Filters=attached)["InternetGateways"]
    still_wrong(wrong=not found, addition="default_vpcs")


def test_default_groups_are_still_needed(client: Client, vpc: str) -> None:
    """Plain moto's default group does not admit its own members."""
    named = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = client("ec2").describe_security_groups(Filters=named)["SecurityGroups"]
    still_wrong(wrong=not default["IpPermissions"], addition="security_groups")


def test_vpc_endpoints_are_still_needed(client: Client, vpc: str) -> None:
    """Plain moto's ModifyVpcEndpoint names route tables without putting routes into them."""
    ec2 = client("ec2")
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[])
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpoint"]["VpcEndpointId"], AddRouteTableIds=[table])
    [found] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    still_wrong(
        wrong=not any("DestinationPrefixListId" in route for route in found["Routes"]), addition="vpc_endpoints"
    )


def test_endpoint_policies_are_still_needed(client: Client, vpc: str) -> None:
    """Plain moto takes any text for a policy."""
    accepted = succeeds(
        lambda: client("ec2").create_vpc_endpoint(
            VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", PolicyDocument="no policy"
        )
    )
    still_wrong(wrong=accepted, addition="endpoint_policies")


def test_deletions_in_use_are_still_needed(client: Client, subnet: str) -> None:
    """Plain moto deletes a subnet under an interface."""
    client("ec2").create_network_interface(SubnetId=subnet)
    still_wrong(wrong=succeeds(lambda: client("ec2").delete_subnet(SubnetId=subnet)), addition="deletions_in_use")


def test_unmodelled_is_still_needed(client: Client, vpc: str) -> None:
    """Plain moto records a peering connection that connects nothing."""
    accepted = succeeds(lambda: client("ec2").create_vpc_peering_connection(VpcId=vpc, PeerVpcId=vpc))
    still_wrong(wrong=accepted, addition="unmodelled")


def test_address_associations_are_still_needed(client: Client, subnet: str) -> None:
    """Plain moto associates an address in a VPC without an internet gateway."""
    ec2 = client("ec2")
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    accepted = succeeds(lambda: ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface))
    still_wrong(wrong=accepted, addition="address_associations")


def test_network_acls_are_still_needed(client: Client, vpc: str) -> None:
    """Plain moto's new network ACL has no entries that deny."""
    made = client("ec2").create_network_acl(VpcId=vpc)["NetworkAcl"]
    still_wrong(wrong=made["Entries"] == [], addition="network_acls")


def test_vpc_ranges_are_still_needed(client: Client, vpc: str) -> None:
    """Plain moto associates overlapping ranges."""
    accepted = succeeds(lambda: client("ec2").associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.77.8.0/24"))
    still_wrong(wrong=accepted, addition="vpc_ranges")


def test_canonical_ranges_are_still_needed(client: Client) -> None:
    """Plain moto stores a range as it was typed."""
    made = client("ec2").create_vpc(CidrBlock="10.78.3.4/16")["Vpc"]
    still_wrong(wrong=made["CidrBlock"] == "10.78.3.4/16", addition="canonical_ranges")


def test_dry_runs_are_still_needed(client: Client) -> None:
    """Plain moto carries out a dry run."""
    accepted = succeeds(lambda: client("ec2").create_vpc(CidrBlock="10.79.0.0/16", DryRun=True))
    still_wrong(wrong=accepted, addition="dry_runs")
