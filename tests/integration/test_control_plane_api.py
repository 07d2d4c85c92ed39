"""The API as a whole: whose call it is, what is refused, what the cloud adds, and logs by role."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from tests.integration.control_plane_world import ACCOUNT, BASIC, REGION, World, endpoint, world
from vpclab.localcloud.control_plane import ControlPlane
from vpclab.localcloud.lambda_runtime.invocation import LogEvent

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
GROUP = "/aws/lambda/f"


def unsupported(text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\(UnsupportedOperation\).*{text}")


def test_what_is_not_modelled_cannot_be_recorded(here: World) -> None:
    """Each change that nothing would follow is refused, with a text that says what is not modelled."""
    vpc = here.vpc()
    subnet, table, group = here.subnet(vpc), here.table(vpc), here.group(vpc)
    ec2, functions = here.ec2, here.functions
    changes = here.effects.network_changes
    attempts: list[tuple[Callable[[], object], str]] = [
        (lambda: ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1), "EC2 instances"),
        (lambda: ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=vpc), "VPC peering"),
        (ec2.create_transit_gateway, "transit gateways"),
        (lambda: ec2.create_egress_only_internet_gateway(VpcId=vpc), "egress-only"),
        (lambda: ec2.create_vpn_gateway(Type="ipsec.1"), "VPN"),
        (lambda: ec2.create_carrier_gateway(VpcId=vpc), "carrier gateways"),
        (lambda: ec2.create_vpc(CidrBlock="10.2.0.0/16", AmazonProvidedIpv6CidrBlock=True), "IPv6"),
        (lambda: ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", Ipv6CidrBlock="2001:db8::/64"), "IPv6"),
        (
            lambda: ec2.authorize_security_group_ingress(
                GroupId=group, IpPermissions=[{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
            ),
            "IPv6",
        ),
        (lambda: ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="50", CidrIp="10.0.0.0/8"), "TCP"),
        (lambda: ec2.create_nat_gateway(VpcId=vpc, AvailabilityMode="regional"), "regional NAT"),
        (
            lambda: ec2.create_route(
                RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", VpcPeeringConnectionId="pcx-1"
            ),
            "VpcPeeringConnectionId",
        ),
        (lambda: ec2.assign_private_ip_addresses(NetworkInterfaceId="eni-1"), "secondary private addresses"),
        (lambda: ec2.create_flow_logs(ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL"), "flow logs"),
        (lambda: ec2.associate_route_table(RouteTableId=table, GatewayId="igw-1"), "edge associations"),
        (
            lambda: functions.create_event_source_mapping(
                FunctionName="f", EventSourceArn=f"arn:aws:kafka:{REGION}:{ACCOUNT}:c", Topics=["t"]
            ),
            "Kafka",
        ),
        (lambda: functions.create_function_url_config(FunctionName="f", AuthType="NONE"), "function URLs"),
        (
            lambda: functions.update_function_configuration(
                FunctionName="f", VpcConfig={"SubnetIds": [subnet], "Ipv6AllowedForDualStack": True}
            ),
            "IPv6",
        ),
        (lambda: here.client("events").list_rules(), "service events is not modelled"),
        (lambda: here.client("route53").list_hosted_zones(), "service route53 is not modelled"),
        (lambda: here.client("network-firewall").list_firewalls(), "service network-firewall is not modelled"),
        (
            lambda: here.client("rds").create_db_cluster(DBClusterIdentifier="c", Engine="aurora-postgresql"),
            "Aurora",
        ),
    ]
    for attempt, text in attempts:
        with unsupported(text):
            attempt()
    assert here.effects.network_changes == changes


def test_ipv6_can_be_declined_explicitly(here: World) -> None:
    """Saying no to IPv6 is not asking for it."""
    vpc = here.ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=False)["Vpc"]["VpcId"]
    subnet = here.subnet(vpc)
    here.ec2.modify_subnet_attribute(SubnetId=subnet, AssignIpv6AddressOnCreation={"Value": False})


def test_account_can_be_chosen_by_key(here: World) -> None:
    """A key of twelve digits is an account; any other unknown key is the default account's."""
    assert here.client("sts").get_caller_identity()["Account"] == ACCOUNT
    other = here.client("sts", REGION, "210987654321")
    assert other.get_caller_identity()["Account"] == "210987654321"
    here.vpc("10.7.0.0/16")
    found = here.client("ec2", REGION, "210987654321").describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in found] == [True]


def test_objects_can_be_stored_and_read(here: World) -> None:
    """S3 through the same door: odd keys, metadata with underscores, errors in its own format."""
    s3 = here.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="a b/ü", Body=b"hey", Metadata={"my_key": "1"})
    assert s3.get_object(Bucket="bucket", Key="a b/ü")["Body"].read() == b"hey"
    assert s3.head_object(Bucket="bucket", Key="a b/ü")["Metadata"] == {"my_key": "1"}
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["a b/ü"]
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="bucket", Key="nothing")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.list_objects_v2(Bucket="nobucket")


def test_cloud_can_answer_about_itself(here: World) -> None:
    """/_vpclab/ is the cloud's own: JSON, with the query; 404 names what there is."""
    del here
    assert requests.get(f"{endpoint()}/_vpclab/health?since=3", timeout=5).json() == {"asked": {"since": "3"}}
    nothing = requests.get(f"{endpoint()}/_vpclab/nothing", timeout=5)
    assert nothing.status_code == 404
    assert "/_vpclab/drops" in nothing.json()["error"]


@pytest.mark.usefixtures("here")
def test_admin_request_cannot_be_misunderstood() -> None:
    """What the cloud's own endpoints cannot read is 400, and says what."""
    answer = requests.get(f"{endpoint()}/_vpclab/health?since=never", timeout=5)
    assert answer.status_code == 400
    assert "since=never" in answer.json()["error"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_malformed_document_cannot_pass_for_a_defect(body: bytes) -> None:
    """What is no JSON object is the client's error, in each service's words."""
    scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/%s/aws4_request, SignedHeaders=host, Signature=0"
    logs = requests.post(
        endpoint(),
        body,
        headers={
            "Authorization": scope % "logs",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "Logs_20140328.CreateLogGroup",
        },
        timeout=5,
    )
    assert (logs.status_code, logs.json()["__type"]) == (400, "SerializationException")
    functions = requests.post(
        f"{endpoint()}/2015-03-31/functions", body, headers={"Authorization": scope % "lambda"}, timeout=5
    )
    assert (functions.status_code, functions.json()["__type"]) == (400, "InvalidRequestContentException")


def test_calls_can_arrive_at_once(here: World) -> None:
    """Many threads making interfaces in one subnet get different addresses."""
    subnet = here.subnet(here.vpc())
    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda _: here.ec2.create_network_interface(SubnetId=subnet), range(60)))
    assert len({one["NetworkInterface"]["PrivateIpAddress"] for one in made}) == 60


def ship(here: World, role: str, *lines: str) -> bool:
    now = int(time.time() * 1000)
    return here.plane.put_log_events(
        function_arn=FUNCTION,
        role_arn=role,
        log_group=GROUP,
        log_stream="2026/11/24/[$LATEST]0123",
        events=[LogEvent(now, line) for line in lines],
    )


def logged(here: World) -> list[str]:
    return [one["message"] for one in here.client("logs").filter_log_events(logGroupName=GROUP)["events"]]


def test_log_can_be_shipped_with_the_roles_permission(here: World) -> None:
    """AWSLambdaBasicExecutionRole allows group, stream and events; a missing group is made."""
    role = here.role("r", BASIC)
    assert ship(here, role, "one", "two")
    assert ship(here, role, "three")
    assert logged(here) == ["one", "two", "three"]


def test_log_cannot_be_shipped_without_permission(here: World) -> None:
    """Nothing is kept without logs:PutLogEvents; a change of the role holds for the next call, either way."""
    role = here.role("r", BASIC)
    iam = here.client("iam")
    assert ship(here, role, "kept")
    iam.detach_role_policy(RoleName="r", PolicyArn=BASIC)
    assert not ship(here, role, "lost")
    iam.attach_role_policy(RoleName="r", PolicyArn=BASIC)
    assert ship(here, role, "kept again")
    deny = {"Effect": "Deny", "Action": "logs:PutLogEvents", "Resource": f"arn:aws:logs:*:*:log-group:{GROUP}:*"}
    iam.put_role_policy(
        RoleName="r", PolicyName="deny", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )
    assert not ship(here, role, "lost")
    iam.delete_role_policy(RoleName="r", PolicyName="deny")
    iam.detach_role_policy(RoleName="r", PolicyArn=BASIC)
    iam.delete_role(RoleName="r")
    assert not ship(here, role, "lost")
    assert logged(here) == ["kept", "kept again"]


def test_log_group_cannot_be_made_without_permission(here: World) -> None:
    """Only where the group exists are CreateLogStream and PutLogEvents enough."""
    role = here.role("r")
    allow = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*",
    }
    here.client("iam").put_role_policy(
        RoleName="r", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    assert not ship(here, role, "lost")
    here.client("logs").create_log_group(logGroupName=GROUP)
    assert ship(here, role, "kept")
    assert logged(here) == ["kept"]


def test_new_control_plane_can_start_empty(here: World) -> None:
    """There is one per process; making another closes the first and forgets its state."""
    here.vpc()
    with world() as second:
        assert second.plane.network().vpcs == ()
        assert ControlPlane.current is second.plane
