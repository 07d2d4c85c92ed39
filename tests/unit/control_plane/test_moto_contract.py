"""Plain moto still behaves as the additions correct it. A failure here is good news: upstream caught up.

Each test does with plain moto what one addition changes, and asserts the behaviour that AWS does not have.
"""

# ruff: noqa: ANN401, PLC0415, SLF001 - boto3 has no type information; moto may only be imported once it is loaded

import json
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.control_plane_world import package
from vpclab.localcloud.control_plane import ControlPlane, moto_process

REGION = "us-east-1"
Client = Callable[[str], Any]


def still_wrong(*, wrong: bool, addition: str) -> None:
    assert wrong, f"upstream caught up: remove {addition}"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Clients of plain moto, without any control plane in the process. One for all: it takes a second to make."""
    if ControlPlane.current is not None:
        ControlPlane.current.close()
    moto_process.load()
    from moto import mock_aws

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield cache(lambda service: boto3.client(service, region_name=REGION))


@pytest.fixture
def vpc(client: Client) -> str:
    made: str = client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    return made


@pytest.fixture
def subnet(client: Client, vpc: str) -> str:
    made = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.77.0.0/28", AvailabilityZone="us-east-1a")
    identifier: str = made["Subnet"]["SubnetId"]
    return identifier


@pytest.fixture(scope="module")
def role(client: Client) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
    made = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))
    arn: str = made["Role"]["Arn"]
    return arn


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ClientError:
        return False
    return True


def interfaces(client: Client, name: str, value: str) -> list[Any]:
    given = client("ec2").describe_network_interfaces(Filters=[{"Name": name, "Values": [value]}])
    found: list[Any] = given["NetworkInterfaces"]
    return found


def create_function(client: Client, name: str, role: str, **more: Any) -> Any:
    return client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package()},
        **more,
    )


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


def test_function_policies_are_still_needed(client: Client, role: str) -> None:
    """Plain moto takes a statement id twice."""
    functions = client("lambda")
    functions.create_function(
        FunctionName="permitted",
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package()},
    )
    given = {"FunctionName": "permitted", "StatementId": "s", "Action": "lambda:*", "Principal": "123456789012"}
    functions.add_permission(**given)
    still_wrong(wrong=succeeds(lambda: functions.add_permission(**given)), addition="function_policies")


def test_bucket_permissions_are_still_needed(client: Client) -> None:
    """Plain moto refuses everybody what a bucket's policy denies to one principal."""
    s3 = client("s3")
    s3.create_bucket(Bucket="permitted")
    s3.put_object(Bucket="permitted", Key="k", Body=b"b")
    denying = {
        "Effect": "Deny",
        "Principal": {"AWS": "arn:aws:iam::123456789012:user/somebody-else"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::permitted/*",
    }
    s3.put_bucket_policy(Bucket="permitted", Policy=json.dumps({"Version": "2012-10-17", "Statement": [denying]}))
    refused = not succeeds(lambda: s3.get_object(Bucket="permitted", Key="k"))
    still_wrong(wrong=refused, addition="bucket_permissions")


def test_deletions_in_use_are_still_needed(client: Client, subnet: str) -> None:
    """Plain moto deletes a subnet under an interface."""
    client("ec2").create_network_interface(SubnetId=subnet)
    still_wrong(wrong=succeeds(lambda: client("ec2").delete_subnet(SubnetId=subnet)), addition="deletions_in_use")


def test_databases_are_still_needed(client: Client) -> None:
    """Plain moto's managed password is the same for everybody, and its instance has no interface."""
    made = client("rds").create_db_instance(
        DBInstanceIdentifier="d",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="chief",
        ManageMasterUserPassword=True,
    )["DBInstance"]
    secret = client("secretsmanager").get_secret_value(SecretId=made["MasterUserSecret"]["SecretArn"])
    wrong_user = json.loads(secret["SecretString"])["username"] != "chief"
    no_interface = interfaces(client, "description", "RDSNetworkInterface") == []
    still_wrong(wrong=wrong_user and no_interface, addition="databases")


def test_functions_are_still_needed(client: Client, role: str) -> None:
    """Plain moto accepts subnets and groups that do not exist, and answers a constant for the VPC."""
    config = {"SubnetIds": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}
    made = create_function(client, "nowhere", role, VpcConfig=config)
    still_wrong(wrong=made["VpcConfig"]["VpcId"] == "vpc-123abc", addition="functions")


def test_function_interfaces_are_still_needed(client: Client, role: str, vpc: str, subnet: str) -> None:
    """Plain moto's functions have no interfaces."""
    group = client("ec2").create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    create_function(client, "inside", role, VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]})
    still_wrong(wrong=interfaces(client, "subnet-id", subnet) == [], addition="function_interfaces")


def test_execution_roles_are_still_needed(client: Client) -> None:
    """Plain moto accepts a role that does not trust Lambda."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
    arn = client("iam").create_role(RoleName="no", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    still_wrong(wrong=succeeds(lambda: create_function(client, "distrusted", arn)), addition="execution_roles")


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


def test_function_limits_are_still_needed(client: Client, role: str) -> None:
    """Plain moto accepts a timeout of two days and reserved keys."""
    accepted = succeeds(
        lambda: create_function(
            client, "greedy", role, Timeout=172800, Environment={"Variables": {"AWS_REGION": "elsewhere"}}
        )
    )
    still_wrong(wrong=accepted, addition="function_limits")


def test_function_code_is_still_needed(client: Client, role: str) -> None:
    """Plain moto makes a function from an object that does not exist."""
    client("s3").create_bucket(Bucket="packages")
    made = client("lambda").create_function(
        FunctionName="empty",
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Code={"S3Bucket": "packages", "S3Key": "nothing.zip"},
    )
    still_wrong(wrong=made["CodeSize"] == 0, addition="function_code")


def test_function_versions_are_still_needed(client: Client, role: str) -> None:
    """Plain moto publishes whatever CodeSha256 was given."""
    create_function(client, "versioned", role)
    accepted = succeeds(lambda: client("lambda").publish_version(FunctionName="versioned", CodeSha256="another"))
    still_wrong(wrong=accepted, addition="function_versions")


def test_function_layers_are_still_needed(client: Client, role: str) -> None:
    """Plain moto takes another account's layer for the own one of that name."""
    functions = client("lambda")
    content = {"ZipFile": package()}
    arn = functions.publish_layer_version(LayerName="shared", Content=content)["LayerVersionArn"]
    foreign = arn.replace(arn.split(":")[4], "210987654321")
    accepted = succeeds(lambda: create_function(client, "layered", role, Layers=[foreign]))
    still_wrong(wrong=accepted, addition="function_layers")


def test_function_concurrency_is_still_needed(client: Client, role: str) -> None:
    """Plain moto reserves more than an account has."""
    create_function(client, "reserved", role)
    accepted = succeeds(
        lambda: client("lambda").put_function_concurrency(
            FunctionName="reserved", ReservedConcurrentExecutions=5000
        )
    )
    client("lambda").delete_function_concurrency(FunctionName="reserved")
    still_wrong(wrong=accepted, addition="function_concurrency")


def test_function_listings_are_still_needed(client: Client, role: str) -> None:
    """Plain moto lists everything at once."""
    for name in ("listed", "listed-too"):
        create_function(client, name, role)
    page = client("lambda").list_functions(MaxItems=1)
    still_wrong(wrong="NextMarker" not in page, addition="function_listings")


def test_function_logging_is_still_needed(client: Client, role: str) -> None:
    """Plain moto keeps nothing of a LoggingConfig."""
    made = create_function(client, "logging", role, LoggingConfig={"LogFormat": "JSON"})
    still_wrong(wrong="LoggingConfig" not in made, addition="function_logging")


def test_code_locations_are_still_needed(client: Client) -> None:
    """Plain moto tells a layer's location as ``s3://``."""
    made = client("lambda").publish_layer_version(LayerName="nowhere", Content={"ZipFile": package()})
    still_wrong(wrong=made["Content"]["Location"] == "s3://", addition="code_locations")


def test_log_shipping_is_still_needed() -> None:
    """Plain moto writes a function's output itself, without asking its role."""
    import inspect

    from moto.awslambda.models import LambdaFunction

    text = inspect.getsource(LambdaFunction.save_logs)
    still_wrong(wrong="put_log_events" in text and "role" not in text, addition="log_shipping")


def test_invocations_are_still_needed() -> None:
    """Plain moto runs functions in Docker."""
    import inspect

    from moto.awslambda.models import LambdaFunction

    still_wrong(wrong="docker" in inspect.getsource(LambdaFunction._invoke_lambda), addition="invocations")


def make_queue(client: Client, name: str) -> tuple[str, str]:
    url = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    told = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, told["Attributes"]["QueueArn"]


def test_event_source_mappings_are_still_needed(client: Client, role: str) -> None:
    """Plain moto maps a queue for a role that may not receive from it."""
    create_function(client, "unfed", role)
    _, queue = make_queue(client, "unreadable")
    accepted = succeeds(
        lambda: client("lambda").create_event_source_mapping(FunctionName="unfed", EventSourceArn=queue)
    )
    still_wrong(wrong=accepted, addition="event_source_mappings")


def test_bucket_notifications_are_still_needed(client: Client, role: str) -> None:
    """Plain moto configures notifications for a function that does not let S3 invoke it."""
    made = create_function(client, "closed", role)
    client("s3").create_bucket(Bucket="telling")
    rule = {"LambdaFunctionArn": made["FunctionArn"], "Events": ["s3:ObjectCreated:*"]}
    accepted = succeeds(
        lambda: client("s3").put_bucket_notification_configuration(
            Bucket="telling", NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
        )
    )
    still_wrong(wrong=accepted, addition="bucket_notifications")


def test_invocation_settings_are_still_needed(client: Client, role: str) -> None:
    """Plain moto keeps the first of two configurations, and forgets a dead-letter queue."""
    _, queue = make_queue(client, "dead")
    made = create_function(client, "first", role, DeadLetterConfig={"TargetArn": queue})
    for retries in (0, 1):
        client("lambda").put_function_event_invoke_config(FunctionName="first", MaximumRetryAttempts=retries)
    told = client("lambda").get_function_event_invoke_config(FunctionName="first")
    still_wrong(
        wrong=told["MaximumRetryAttempts"] == 0 and "DeadLetterConfig" not in made, addition="invocation_settings"
    )


def test_long_polling_is_still_needed() -> None:
    """Plain moto waits inside the call, where nobody else gets an answer."""
    import inspect

    from moto.sqs.models import SQSBackend

    still_wrong(
        wrong="wait_for_messages" in inspect.getsource(SQSBackend.receive_message), addition="long_polling"
    )


def test_corrections_can_be_undone() -> None:
    """After a control plane is closed, moto is as it was shipped."""
    moto_process.load()
    from moto.ec2.models import route_tables
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.responses import EC2Response

    def now() -> tuple[object, ...]:
        return (
            NetworkInterface.__init__,
            NetworkInterface.attachment,
            route_tables.Route.state,
            dict(EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER),
        )

    class Nothing:
        def network_changed(self) -> None: ...

        def invoke(self, invocation: object) -> Any: ...

        def function_changed(self, function_arn: str) -> None: ...

        def admin(self, path: str, query: dict[str, str]) -> None: ...

    if ControlPlane.current is not None:
        ControlPlane.current.close()
    before = now()
    with ControlPlane(Nothing()):
        assert now() != before
    assert now() == before
