"""Plain moto still behaves as the additions to its EC2 and RDS correct it. A failure here is good news."""

# ruff: noqa: ANN401 - boto3 has no type information

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.control_plane.plain_moto import Client, still_wrong, succeeds


def test_describe_calls_are_still_needed(client: Client) -> None:
    """Plain moto gives everything in one page."""
    whole = client("ec2").describe_subnets(MaxResults=5)
    assert len(whole["Subnets"]) > 5
    still_wrong(wrong="NextToken" not in whole, addition="describe_calls and listings")


def test_block_public_access_is_still_needed(client: Client) -> None:
    """Plain moto does not have it."""
    with pytest.raises(NotImplementedError, match="describe_vpc_block_public_access_options"):
        client("ec2").describe_vpc_block_public_access_options()


def test_dhcp_options_are_still_needed(client: Client) -> None:
    """Plain moto takes an option that does not exist."""
    options = [{"Key": "nonsense", "Values": ["a"]}]
    taken = succeeds(lambda: client("ec2").create_dhcp_options(DhcpConfigurations=options))
    still_wrong(wrong=taken, addition="dhcp_options")


def test_request_ids_are_still_needed(client: Client) -> None:
    """Plain moto gives two answers one id."""
    one, two = (client("ec2").describe_vpcs()["ResponseMetadata"]["RequestId"] for _ in range(2))
    still_wrong(wrong=one == two, addition="request_ids")


def test_security_group_calls_are_still_needed(client: Client) -> None:
    """Plain moto keeps the first permission of a request whose second one is refused."""
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="atomic", Description="d")["GroupId"]
    ports = [
        {"IpProtocol": "tcp", "FromPort": n, "ToPort": n, "IpRanges": [{"CidrIp": "9.0.0.0/8"}]} for n in (1, 2)
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ports[1:])
    assert not succeeds(lambda: ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ports))
    [found] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    still_wrong(wrong=len(found["IpPermissions"]) == 2, addition="security_group_calls")


def test_interface_groups_are_still_needed(client: Client) -> None:
    """Plain moto takes an interface into a group of another VPC."""
    ec2 = client("ec2")
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (91, 92)]
    subnet = ec2.create_subnet(VpcId=vpcs[0], CidrBlock="10.91.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="far", Description="d", VpcId=vpcs[1])["GroupId"]
    accepted = succeeds(lambda: ec2.create_network_interface(SubnetId=subnet, Groups=[group]))
    still_wrong(wrong=accepted, addition="interface_groups")


@pytest.fixture(scope="module")
def database(client: Client) -> str:
    """An instance of plain moto."""
    client("rds").create_db_instance(
        DBInstanceIdentifier="life",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="chief",
        ManageMasterUserPassword=True,
        PubliclyAccessible=True,
    )
    return "life"


def told(client: Client, database: str) -> Any:
    return client("rds").describe_db_instances(DBInstanceIdentifier=database)["DBInstances"][0]


def test_database_life_is_still_needed(client: Client, database: str) -> None:
    """Plain moto reboots in no time."""
    answer = client("rds").reboot_db_instance(DBInstanceIdentifier=database)["DBInstance"]
    still_wrong(wrong=answer["DBInstanceStatus"] == "available", addition="database_life")


def test_database_changes_are_still_needed(client: Client, database: str) -> None:
    """Plain moto lets nothing wait."""
    client("rds").modify_db_instance(DBInstanceIdentifier=database, AllocatedStorage=30, ApplyImmediately=False)
    still_wrong(wrong=told(client, database)["AllocatedStorage"] == 30, addition="database_changes")


def test_database_choices_are_still_needed(client: Client, database: str) -> None:
    """Plain moto takes versions that there are not, and groups that do not exist."""
    change = client("rds").modify_db_instance
    accepted = succeeds(
        lambda: change(DBInstanceIdentifier=database, VpcSecurityGroupIds=["sg-0123456789abcdef0"])
    )
    still_wrong(wrong=accepted, addition="database_choices")


def test_database_exposure_is_still_needed(client: Client, database: str) -> None:
    """Plain moto's publicly accessible instance has no address."""
    attached = [{"Name": "description", "Values": ["RDSNetworkInterface"]}]
    found = client("ec2").describe_network_interfaces(Filters=attached)["NetworkInterfaces"]
    still_wrong(wrong=told(client, database)["PubliclyAccessible"] and not found, addition="database_exposure")


def test_database_parameters_are_still_needed(client: Client) -> None:
    """Plain moto takes any parameter, of a family that there is not."""
    rds = client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="p", DBParameterGroupFamily="nonsense", Description="d")
    parameter = {"ParameterName": "nonsense", "ParameterValue": "1", "ApplyMethod": "immediate"}
    accepted = succeeds(lambda: rds.modify_db_parameter_group(DBParameterGroupName="p", Parameters=[parameter]))
    still_wrong(wrong=accepted, addition="database_parameters")


def test_database_passwords_are_still_needed(client: Client, database: str) -> None:
    """Plain moto's rotation leaves a secret that nobody can read."""
    client("rds").modify_db_instance(
        DBInstanceIdentifier=database, RotateMasterUserPassword=True, ApplyImmediately=True
    )
    arn = told(client, database)["MasterUserSecret"]["SecretArn"]
    readable = succeeds(lambda: client("secretsmanager").get_secret_value(SecretId=arn))
    still_wrong(wrong=not readable, addition="database_passwords")


def test_database_subnet_groups_are_still_needed(client: Client) -> None:
    """Plain moto makes a group of one zone."""
    [subnet, *_] = client("ec2").describe_subnets()["Subnets"]
    accepted = succeeds(
        lambda: client("rds").create_db_subnet_group(
            DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=[subnet["SubnetId"]]
        )
    )
    still_wrong(wrong=accepted, addition="database_subnet_groups")


def test_error_texts_are_still_needed(client: Client) -> None:
    """Plain moto takes tags that are AWS's own."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.93.0.0/16")["Vpc"]["VpcId"]
    accepted = succeeds(lambda: ec2.create_tags(Resources=[vpc], Tags=[{"Key": "aws:own", "Value": "x"}]))
    still_wrong(wrong=accepted, addition="error_texts")


def test_route_requests_are_still_needed(client: Client) -> None:
    """Plain moto records a route without destination."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.92.0.0/16")["Vpc"]["VpcId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    accepted = succeeds(lambda: ec2.create_route(RouteTableId=table, GatewayId=gateway))
    still_wrong(wrong=accepted, addition="route_requests")


def test_host_names_are_still_needed(client: Client) -> None:
    """Plain moto names a public address like a private one."""
    ec2 = client("ec2")
    [subnet, *_] = ec2.describe_subnets()["Subnets"]
    interface = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface)
    [told] = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    wrong = told["Association"]["PublicDnsName"].endswith(".internal")
    still_wrong(wrong=wrong, addition="host_names")


def test_internet_gateways_are_still_needed(client: Client) -> None:
    """Plain moto does not look whether the VPC of a detachment exists."""
    ec2 = client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    with pytest.raises(ClientError) as caught:
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId="vpc-0123456789abcdef0")
    wrong = caught.value.response["Error"]["Code"] == "Gateway.NotAttached"
    still_wrong(wrong=wrong, addition="internet_gateways")


def test_security_group_rules_are_still_needed(client: Client) -> None:
    """Plain moto changes a rule into one that the group has already."""
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="twins", Description="d")["GroupId"]
    ports = [
        {"IpProtocol": "tcp", "FromPort": n, "ToPort": n, "IpRanges": [{"CidrIp": "9.0.0.0/8"}]} for n in (1, 2)
    ]
    one, _ = (
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[port])["SecurityGroupRules"][0]
        for port in ports
    )
    twin = {"IpProtocol": "tcp", "FromPort": 2, "ToPort": 2, "CidrIpv4": "9.0.0.0/8"}
    wanted = [{"SecurityGroupRuleId": one["SecurityGroupRuleId"], "SecurityGroupRule": twin}]
    accepted = succeeds(lambda: ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=wanted))
    still_wrong(wrong=accepted, addition="security_group_rules")


def test_security_group_texts_are_still_needed(client: Client) -> None:
    """Plain moto takes a name that begins like an id."""
    create = client("ec2").create_security_group
    accepted = succeeds(lambda: create(GroupName="sg-own", Description="d"))
    still_wrong(wrong=accepted, addition="security_group_texts")


def test_security_group_readings_are_still_needed(client: Client) -> None:
    """Plain moto cannot list the groups that a VPC may use."""
    ec2 = client("ec2")
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    try:
        ec2.get_security_groups_for_vpc(VpcId=vpc["VpcId"])
        wrong = False
    except Exception:  # noqa: BLE001 - NotImplementedError, or whatever moto makes of it
        wrong = True
    still_wrong(wrong=wrong, addition="security_group_readings")


def test_endpoint_checks_are_still_needed(client: Client) -> None:
    """Plain moto makes a gateway endpoint for a service that has none."""
    ec2 = client("ec2")
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    service = "com.amazonaws.us-east-1.ssm"
    accepted = succeeds(lambda: ec2.create_vpc_endpoint(VpcId=vpc["VpcId"], ServiceName=service))
    still_wrong(wrong=accepted, addition="endpoint_checks")


def test_endpoint_services_are_still_needed(client: Client) -> None:
    """Plain moto does not know the owner of a service."""
    filters = [{"Name": "owner", "Values": ["amazon"]}]
    known = succeeds(lambda: client("ec2").describe_vpc_endpoint_services(Filters=filters))
    still_wrong(wrong=not known, addition="endpoint_services")
