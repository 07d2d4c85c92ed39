"""The rows about VPC endpoints and their names (behaviours 2.5)."""

import json

import pytest

from tests.integration.row_cloud import refused
from tests.integration.row_world import CONNECTED, INTERNET_HOST, TIMED_OUT, RowWorld

STS = "sts.us-east-1.amazonaws.com"
WHO = ("call", "sts", "get_caller_identity")
CONNECT_TIMEOUT = 'ConnectTimeoutError: Connect timeout on endpoint URL: "https://'


def bucket(world: RowWorld, region: str = "us-east-1") -> str:
    """An empty bucket."""
    s3 = world.clients("s3", region)
    name = f"rows-{next(world._numbers)}"  # noqa: SLF001 - the same row of numbers
    elsewhere = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **elsewhere)
    world.later(s3.delete_bucket, Bucket=name)
    return name


def test_gateway_endpoint_can_serve_an_isolated_subnet(world: RowWorld) -> None:
    """R10: an S3 gateway endpoint in the subnet's table: S3 ok; the name keeps its public address."""
    place = world.isolated()
    name = bucket(world)
    world.gateway_endpoint(place, "s3", place.table)
    addresses, listed, put, other = world.ask(
        world.function(place),
        ("resolve", f"{name}.s3.us-east-1.amazonaws.com"),
        ("call", "s3", "list_objects_v2", {"Bucket": name}),
        ("call", "s3", "head_bucket", {"Bucket": name}, "us-east-1"),
        ("connect", STS),
    )
    assert all(one.startswith("192.0.2.") for one in addresses)
    assert (listed, put, other) == (200, 200, TIMED_OUT)


def test_gateway_endpoint_can_only_serve_its_tables(world: RowWorld) -> None:
    """2.5: taken out of the table by ModifyVpcEndpoint: timeout, and the route is gone; back again: ok."""
    place = world.isolated()
    endpoint = world.gateway_endpoint(place, "s3", place.table)
    function = world.function(place)
    call = ("connect", "s3.us-east-1.amazonaws.com")

    def through() -> list[str]:
        (table,) = world.ec2.describe_route_tables(RouteTableIds=[place.table])["RouteTables"]
        return [one["GatewayId"] for one in table["Routes"] if "DestinationPrefixListId" in one]

    assert (world.ask_one(function, *call), through()) == (CONNECTED, [endpoint])
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=[place.table])
    assert (world.ask_one(function, *call), through()) == (TIMED_OUT, [])
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[place.table])
    assert (world.ask_one(function, *call), through()) == (CONNECTED, [endpoint])
    world.delete_endpoint(endpoint)
    assert (world.ask_one(function, *call), through()) == (TIMED_OUT, [])


def test_gateway_endpoint_can_win_over_nat(world: RowWorld) -> None:
    """2.1: its prefix-list entries are longer than 0.0.0.0/0; without the endpoint the NAT gateway carries S3."""
    place, nat = world.private()
    endpoint = world.gateway_endpoint(place, "s3", place.table)
    function = world.function(place)
    world.delete_nat(nat.id)
    call = ("connect", "s3.us-east-1.amazonaws.com")
    assert world.ask(function, call, ("connect", STS)) == [CONNECTED, TIMED_OUT]
    world.delete_endpoint(endpoint)
    assert world.ask_one(function, *call) == TIMED_OUT


def test_gateway_endpoint_cannot_serve_another_region(world: RowWorld) -> None:
    """R51: a bucket of another Region: timeout without NAT, ok through it; the own Region: ok in both."""
    here, there = bucket(world), bucket(world, "eu-west-1")
    asks = [
        ("call", "s3", "list_objects_v2", {"Bucket": name}, region)
        for name, region in ((here, "us-east-1"), (there, "eu-west-1"))
    ]
    isolated, (private, _) = world.isolated(), world.private("10.1.0.0/16")
    for place in (isolated, private):
        world.gateway_endpoint(place, "s3", place.table)
    near, far = world.ask(world.function(isolated), *asks)
    assert near == 200
    assert far.startswith(CONNECT_TIMEOUT), far
    assert world.ask(world.function(private), *asks) == [200, 200]


def test_gateway_endpoint_can_be_shut_by_a_group(world: RowWorld) -> None:
    """2.5: the client's group must admit the prefix list: without egress timeout, with a rule for the list ok."""
    place = world.isolated()
    world.gateway_endpoint(place, "s3", place.table)
    group = world.group(place.vpc, egress=False)
    function = world.function(place, groups=[group])
    call = ("connect", "s3.us-east-1.amazonaws.com")
    assert world.ask_one(function, *call) == TIMED_OUT
    (listed,) = world.ec2.describe_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": ["com.amazonaws.us-east-1.s3"]}]
    )["PrefixLists"]
    world.admit(group, listed["PrefixListId"], 443, egress=True)
    assert world.ask(function, call, ("connect", INTERNET_HOST)) == [CONNECTED, TIMED_OUT]


def test_dynamodb_gateway_endpoint_can_serve_dynamodb_only(world: RowWorld) -> None:
    """2.5: gateway endpoints exist for S3 and DynamoDB, each for itself."""
    place = world.isolated()
    world.gateway_endpoint(place, "dynamodb", place.table)
    asks = [("connect", f"{service}.us-east-1.amazonaws.com") for service in ("dynamodb", "s3")]
    assert world.ask(world.function(place), *asks) == [CONNECTED, TIMED_OUT]


def test_endpoint_can_be_in_another_subnet(world: RowWorld) -> None:
    """R14: an SSM interface endpoint in another subnet, private DNS, group ok: isolated function reaches SSM."""
    place = world.isolated()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    function = world.function(place)
    before = world.ask_one(function, "resolve", "ssm.us-east-1.amazonaws.com")
    world.open_endpoint(place, "ssm", subnets=[other])
    addresses, connected, called = world.ask(
        function,
        ("resolve", "ssm.us-east-1.amazonaws.com"),
        ("connect", "ssm.us-east-1.amazonaws.com"),
        ("call", "ssm", "describe_parameters"),
    )
    assert before[0].startswith("192.0.2.")
    assert [one.rpartition(".")[0] for one in addresses] == ["10.0.2"]
    assert (connected, called) == (CONNECTED, 200)


def test_endpoint_cannot_answer_whom_its_group_does_not_admit(world: RowWorld) -> None:
    """R17: the endpoint's group does not admit 443: private addresses, timeout; with Lambda's group added: ok."""
    place = world.isolated("172.31.0.0/16")
    other = world.subnet(place.vpc, "172.31.2.0/24", "b")
    group = world.group(place.vpc)
    world.endpoint(place, "kms", group, subnets=[place.subnet, other])
    function = world.function(place)
    name = "kms.us-east-1.amazonaws.com"
    addresses, *connections = world.ask(
        function, ("resolve", name), ("connect", name), ("call", "kms", "list_keys")
    )
    assert [one.rpartition(".")[0] for one in addresses] == ["172.31.1", "172.31.2"]
    # Two addresses are tried one after the other.
    assert connections[0] == TIMED_OUT
    assert connections[1].startswith(CONNECT_TIMEOUT)
    world.admit(group, place.group, 443)
    assert world.ask_one(function, "call", "kms", "list_keys") == 200


def test_endpoint_without_groups_can_only_admit_the_default_group(world: RowWorld) -> None:
    """2.5: default group if none is given, which admits only itself."""
    place = world.isolated()
    world.endpoint(place, "sts")
    (default,) = world.ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [place.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    assert world.ask_one(world.function(place), "connect", STS) == TIMED_OUT
    member = world.function(place, groups=[place.group, default["GroupId"]])
    assert world.ask_one(member, "connect", STS) == CONNECTED


NAIVE = """
import boto3
def handler(event, context):
    return boto3.client(event["service"]).meta.endpoint_url if event.get("name") else getattr(
        boto3.client(event["service"]), event["operation"])()["ResponseMetadata"]["HTTPStatusCode"]
"""


@pytest.mark.parametrize(
    ("service", "operation"), [("monitoring", "list_metrics"), ("sns", "list_topics")], ids=["monitoring", "sns"]
)
def test_naive_call_can_end_in_the_functions_timeout(world: RowWorld, service: str, operation: str) -> None:
    """R18: no endpoint for the service, no NAT: Sandbox.Timedout; after adding the endpoint: ok."""
    place = world.isolated()
    client = "cloudwatch" if service == "monitoring" else service
    event = {"service": client, "operation": operation}
    function = world.function(place, code=NAIVE, timeout=2)
    answer = world.invoke(function, event)
    assert answer["errorType"] == "Sandbox.Timedout", answer
    assert answer["errorMessage"].endswith("Error: Task timed out after 2.00 seconds"), answer
    world.open_endpoint(place, service)
    patient = world.function(place)
    assert world.ask_one(patient, "call", client, operation) == 200


def test_global_name_cannot_be_covered_by_a_regional_endpoint(world: RowWorld) -> None:
    """R19: endpoints present, but https://sts.amazonaws.com/: ConnectTimeoutError; the Regional name: ok."""
    place = world.isolated()
    for service in ("sts", "athena", "glue"):
        world.open_endpoint(place, service)
    globally, regionally, *others = world.ask(
        world.function(place),
        (*WHO, None, "us-east-1", "https://sts.amazonaws.com/"),
        (*WHO, None, "us-east-1", f"https://{STS}"),
        ("connect", "athena.us-east-1.amazonaws.com"),
        ("connect", "glue.us-east-1.amazonaws.com"),
    )
    assert globally == 'ConnectTimeoutError: Connect timeout on endpoint URL: "https://sts.amazonaws.com/"'
    assert regionally == 200
    assert others == [CONNECTED, CONNECTED]


def test_logs_api_cannot_be_reached_without_an_endpoint(world: RowWorld) -> None:
    """R21, R22: the Logs API from an isolated function: timeout; with the logs endpoint: ok."""
    place = world.isolated()
    function = world.function(place)
    call = ("call", "logs", "describe_log_groups")
    assert world.ask_one(function, *call).startswith(f"{CONNECT_TIMEOUT}logs.us-east-1.amazonaws.com/")
    world.open_endpoint(place, "logs")
    assert world.ask_one(function, *call) == 200


@pytest.mark.parametrize("attribute", ["EnableDnsHostnames", "EnableDnsSupport"])
def test_private_dns_cannot_be_had_without_both_attributes(world: RowWorld, attribute: str) -> None:
    """R24: 400 InvalidParameter with the documented message, and nothing is made; without private DNS: ok."""
    place = world.isolated()
    world.ec2.modify_vpc_attribute(VpcId=place.vpc, **{attribute: {"Value": False}})
    with refused(
        "InvalidParameter",
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
        f"for {place.vpc}",
    ):
        world.endpoint(place, "sts", place.group)
    assert not world.interfaces(**{"vpc-id": place.vpc})
    assert world.endpoint(place, "sts", place.group, private_dns=False)["State"] in {"pending", "available"}


def test_endpoint_without_private_dns_can_be_reached_by_its_own_names(world: RowWorld) -> None:
    """2.5: private DNS off: the service's name stays public (timeout), the endpoint-specific ones work."""
    place = world.isolated()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    endpoint = world.open_endpoint(place, "sts", subnets=[place.subnet, other], private_dns=False)
    names = [entry["DnsName"] for entry in endpoint["DnsEntries"]]
    assert len(names) == 3
    (regional,) = [name for name in names if "-us-east-1a." not in name and "-us-east-1b." not in name]
    (zonal,) = [name for name in names if "-us-east-1b." in name]
    function = world.function(place)
    public, private, in_zone, *calls = world.ask(
        function,
        ("resolve", STS),
        ("resolve", regional),
        ("resolve", zonal),
        WHO,
        (*WHO, None, "us-east-1", f"https://{regional}"),
        (*WHO, None, "us-east-1", f"https://{zonal}"),
    )
    assert public[0].startswith("192.0.2.")
    assert [one.rpartition(".")[0] for one in private] == ["10.0.1", "10.0.2"]
    assert [one.rpartition(".")[0] for one in in_zone] == ["10.0.2"]
    assert calls[0].startswith(CONNECT_TIMEOUT)
    assert calls[1:] == [200, 200]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], PrivateDnsEnabled=True)
    assert world.ask(function, ("resolve", STS), WHO) == [private, 200]


def test_s3_interface_endpoint_can_be_reached_by_its_own_names(world: RowWorld) -> None:
    """2.5: S3 has interface endpoints too: bucket.vpce-… leads there, with and without a bucket before it."""
    place = world.isolated()
    name = bucket(world)
    endpoint = world.open_endpoint(place, "s3", private_dns=False)
    regional = endpoint["DnsEntries"][0]["DnsName"]
    assert regional.startswith(f"*.{endpoint['VpcEndpointId']}-"), regional
    url = f"https://bucket.{regional.removeprefix('*.')}"
    of_bucket, listed, contents, public = world.ask(
        world.function(place),
        ("resolve", f"{name}.bucket.{regional.removeprefix('*.')}"),
        ("call", "s3", "list_buckets", None, None, url),
        ("call", "s3", "list_objects_v2", {"Bucket": name}, None, url),
        ("connect", "s3.us-east-1.amazonaws.com"),
    )
    assert of_bucket[0].startswith("10.0.1.")
    assert (listed, contents, public) == (200, 200, TIMED_OUT)


def test_private_dns_cannot_reach_beyond_its_vpc(world: RowWorld) -> None:
    """2.5: private DNS is for the whole VPC, and for no other, nor for functions outside every VPC."""
    place = world.isolated()
    world.open_endpoint(place, "sts")
    elsewhere = world.isolated("10.1.0.0/16")
    for function in (world.function(elsewhere), world.function()):
        assert world.ask_one(function, "resolve", STS)[0].startswith("192.0.2.")


def test_deleted_endpoint_cannot_leave_its_name_behind(world: RowWorld) -> None:
    """After deletion the name is public again, the interfaces are gone, the connection times out."""
    place = world.isolated()
    endpoint = world.open_endpoint(place, "sts")
    function = world.function(place)
    assert world.ask_one(function, *WHO) == 200
    world.delete_endpoint(endpoint["VpcEndpointId"])
    addresses, called = world.ask(function, ("resolve", STS), ("connect", STS))
    assert addresses[0].startswith("192.0.2.")
    assert called == TIMED_OUT
    assert not world.interfaces(**{"vpc-id": place.vpc, "interface-type": "vpc_endpoint"})


def test_public_subnet_can_reach_an_endpoint(world: RowWorld) -> None:
    """Contested 1: nothing stops a function in a public subnet from using an interface endpoint of its VPC."""
    place, _ = world.public()
    world.open_endpoint(place, "sts")
    assert world.ask(world.function(place), WHO, ("connect", INTERNET_HOST)) == [200, TIMED_OUT]


def test_isolated_function_cannot_invoke_another_without_lambdas_endpoint(world: RowWorld) -> None:
    """R61: lambda.invoke of another function: timeout; with the lambda endpoint: ok."""
    place = world.isolated()
    other, function = world.function(), world.function(place)
    call = ("call", "lambda", "invoke", {"FunctionName": other, "Payload": "[]"})
    assert world.ask_one(function, *call).startswith(f"{CONNECT_TIMEOUT}lambda.us-east-1.amazonaws.com/")
    world.open_endpoint(place, "lambda")
    assert world.ask_one(function, *call) == 200


def test_endpoint_can_be_recognised_by_its_interfaces(world: RowWorld) -> None:
    """2.5: one interface per chosen subnet, vpc_endpoint, requester-managed, with the endpoint's groups."""
    place = world.isolated()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    endpoint = world.endpoint(place, "sts", place.group, subnets=[place.subnet, other])
    found = world.interfaces(**{"vpc-id": place.vpc, "interface-type": "vpc_endpoint"})
    (described,) = world.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])["VpcEndpoints"]
    assert sorted(one["NetworkInterfaceId"] for one in found) == sorted(described["NetworkInterfaceIds"])
    assert {one["SubnetId"] for one in found} == {place.subnet, other}
    assert all(one["RequesterManaged"] for one in found)
    assert [[group["GroupId"] for group in one["Groups"]] for one in found] == [[place.group]] * 2


def policy(*actions: str, resource: str = "*", effect: str = "Allow") -> str:
    """An endpoint policy of full access, or with one statement about those actions."""
    statement = {"Effect": effect, "Principal": "*", "Action": list(actions) or "*", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_policy_of_a_gateway_endpoint_can_refuse(world: RowWorld) -> None:
    """2.5: an endpoint policy refuses by an API error of the service, no timeout; changed, it holds at once."""
    place = world.isolated()
    names = bucket(world), bucket(world)
    endpoint = world.gateway_endpoint(place, "s3", place.table)
    function = world.function(place)
    asks = (
        ("call", "s3", "list_objects_v2", {"Bucket": names[0]}),
        ("call", "s3", "list_objects_v2", {"Bucket": names[1]}),
        ("call", "s3", "get_object", {"Bucket": names[0], "Key": "none"}),
    )
    world.ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint, PolicyDocument=policy("s3:ListBucket", resource=f"arn:aws:s3:::{names[0]}")
    )
    listed, other, got = world.ask(function, *asks)
    assert listed == 200
    for answer, action in ((other, "s3:ListBucket"), (got, "s3:GetObject")):
        assert "(AccessDenied)" in answer, answer
        assert f"because no VPC endpoint policy allows the {action} action" in answer
    role = world.role.rpartition("/")[2]
    assert f"User: arn:aws:sts::123456789012:assumed-role/{role}/{function} is not authorized" in got
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=policy("s3:PutObject"))
    assert "(AccessDenied)" in world.ask_one(function, *asks[0])
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, ResetPolicy=True)
    assert world.ask(function, *asks)[:2] == [200, 200]
    assert world.ask_one(function, *asks[2]).startswith("NoSuchKey")


def test_policy_of_an_interface_endpoint_can_refuse(world: RowWorld) -> None:
    """2.5: the same for interface endpoints, each service in its own words; an explicit deny says so."""
    place = world.isolated()
    sts, kms = (world.open_endpoint(place, service)["VpcEndpointId"] for service in ("sts", "kms"))
    allow, deny = policy("sts:AssumeRole"), policy("kms:ListKeys", effect="Deny")
    world.ec2.modify_vpc_endpoint(VpcEndpointId=sts, PolicyDocument=allow)
    world.ec2.modify_vpc_endpoint(VpcEndpointId=kms, PolicyDocument=deny)
    who, keys, connected = world.ask(world.function(place), WHO, ("call", "kms", "list_keys"), ("connect", STS))
    assert "(AccessDenied)" in who
    assert "because no VPC endpoint policy allows the sts:GetCallerIdentity action" in who
    assert "AccessDeniedException" in keys
    assert "with an explicit deny in a VPC endpoint policy" in keys
    assert connected == CONNECTED


def test_policy_cannot_bind_who_comes_another_way(world: RowWorld) -> None:
    """2.5: it is the endpoint's, not the service's: through NAT the same call passes."""
    isolated, (private, _) = world.isolated(), world.private("10.1.0.0/16")
    endpoint = world.open_endpoint(isolated, "sts")["VpcEndpointId"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=policy("sts:AssumeRole"))
    assert world.ask_one(world.function(private), *WHO) == 200
