"""Internal application load balancers: by boto3 alone from functions, and what the API says of them."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest

from tests.deadline import eventually
from tests.integration.control_plane_world import World, refused
from tests.integration.row_world import BASIC, CONNECTED, PROBE, TIMED_OUT, Place, RowWorld

if TYPE_CHECKING:
    from collections.abc import Callable

ASKING = (
    PROBE
    + '''

def exchange(url, method="GET", body=None):
    """Return status, headers and body, also of an answer that is an error's."""
    connect(str(urlsplit(url).hostname), urlsplit(url).port or 80)
    import urllib.error
    request = urllib.request.Request(url, data=body.encode() if body else None, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return [answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()]
'''
)
ECHO = """
import json
def handler(event, context):
    return {"statusCode": 201, "headers": {"Content-Type": "application/json", "X-Made-By": "function"},
            "body": json.dumps({k: event[k] for k in ("httpMethod", "path", "queryStringParameters", "body")})}
"""
QUICK = {
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 2,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
}
WAIT = 60.0


def fixed(text: str, status: str = "200") -> dict[str, Any]:
    config = {"StatusCode": status, "ContentType": "text/plain", "MessageBody": text}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


class Balancer:
    """A load balancer in two zones of a place's VPC, whose own group admits nobody yet."""

    def __init__(self, world: RowWorld, place: Place, second: str, name: str) -> None:
        self.world, self.place, self.elb = world, place, world.clients("elbv2")
        self.group = world.group(place.vpc)
        [made] = self.elb.create_load_balancer(
            Name=name, Scheme="internal", Subnets=[place.subnet, second], SecurityGroups=[self.group]
        )["LoadBalancers"]
        self.arn: str = made["LoadBalancerArn"]
        self.host: str = made["DNSName"]
        world.later(self.elb.delete_load_balancer, LoadBalancerArn=self.arn)
        waiting = {"Delay": 1, "MaxAttempts": 30}
        self.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[self.arn], WaiterConfig=waiting)

    def listen(self, action: dict[str, Any], port: int = 80) -> str:
        [made] = self.elb.create_listener(
            LoadBalancerArn=self.arn, Protocol="HTTP", Port=port, DefaultActions=[action]
        )["Listeners"]
        arn: str = made["ListenerArn"]
        return arn

    def target_group(self, name: str, **given: Any) -> str:
        [made] = self.elb.create_target_group(Name=name, **given)["TargetGroups"]
        arn: str = made["TargetGroupArn"]
        self.world.undo.callback(self._delete_group, arn)
        return arn

    def _delete_group(self, arn: str) -> None:
        for listener in self.elb.describe_listeners(LoadBalancerArn=self.arn)["Listeners"]:
            self.elb.delete_listener(ListenerArn=listener["ListenerArn"])
        self.elb.delete_target_group(TargetGroupArn=arn)

    def addresses(self) -> list[str]:
        found = self.world.interfaces(description="ELB " + self.arn.partition("loadbalancer/")[2])
        return sorted(one["PrivateIpAddress"] for one in found)

    def health(self, target_group: str) -> tuple[str, str]:
        [found] = self.elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
        return found["TargetHealth"]["State"], found["TargetHealth"].get("Reason", "")


def balancer(world: RowWorld, name: str) -> tuple[Place, Balancer]:
    place = world.isolated()
    return place, Balancer(world, place, world.subnet(place.vpc, "10.0.2.0/24", "b"), name)


def test_load_balancer_can_answer_an_admitted_function(world: RowWorld) -> None:
    """C16: its name resolves to an address in each of its subnets, where it answers."""
    place, inner = balancer(world, "answering")
    inner.listen(fixed("hello"))
    world.admit(inner.group, place.group, 80)
    addresses, answer = world.ask(
        world.function(place, code=ASKING), ["resolve", inner.host], ["exchange", f"http://{inner.host}/x"]
    )
    assert addresses == inner.addresses()
    assert len(addresses) == 2
    status, headers, body = answer
    assert (status, headers["server"], headers["content-type"], body) == (
        200,
        "awselb/2.0",
        "text/plain",
        "hello",
    )


def test_load_balancer_cannot_be_reached_from_outside_its_vpc(world: RowWorld) -> None:
    """C16: without VpcConfig the name resolves to private addresses, and the connection times out."""
    place, inner = balancer(world, "outside")
    inner.listen(fixed("hello"))
    world.admit(inner.group, place.group, 80)
    assert world.ask_one(world.function(place), "connect", inner.host, 80) == CONNECTED
    addresses, answer = world.ask(world.function(), ["resolve", inner.host], ["connect", inner.host, 80])
    assert all(IPv4Address(one).is_private for one in addresses)
    assert answer == TIMED_OUT


def test_load_balancer_cannot_be_reached_by_whom_its_group_does_not_admit(world: RowWorld) -> None:
    """Its groups decide; SetSecurityGroups changes them."""
    place, inner = balancer(world, "guarded")
    inner.listen(fixed("hello"))
    function = world.function(place)
    assert world.ask_one(function, "connect", inner.host, 80) == TIMED_OUT
    world.admit(inner.group, place.group, 80)
    assert world.ask_one(function, "connect", inner.host, 80) == CONNECTED
    other = world.group(place.vpc)
    inner.elb.set_security_groups(LoadBalancerArn=inner.arn, SecurityGroups=[other])
    assert world.ask_one(function, "connect", inner.host, 80) == TIMED_OUT
    inner.elb.set_security_groups(LoadBalancerArn=inner.arn, SecurityGroups=[inner.group])


def test_listener_can_change_its_answer(world: RowWorld) -> None:
    """ModifyListener holds for the next request; a deleted listener refuses connections."""
    place, inner = balancer(world, "changing")
    listener = inner.listen(fixed("before"))
    world.admit(inner.group, place.group, 80)
    function, url = world.function(place, code=ASKING), f"http://{inner.host}/"
    assert world.ask_one(function, "exchange", url)[2] == "before"
    inner.elb.modify_listener(ListenerArn=listener, DefaultActions=[fixed("after", "503")])
    assert world.ask_one(function, "exchange", url)[::2] == [503, "after"]
    inner.elb.delete_listener(ListenerArn=listener)
    assert world.ask_one(function, "exchange", url).startswith("ConnectionRefusedError")


def test_load_balancer_can_forward_from_its_own_addresses(world: RowWorld) -> None:
    """To an ip target, here another load balancer, whose group must admit the first one's, not the client's."""
    place, front = balancer(world, "front")
    back = Balancer(world, place, world.subnet(place.vpc, "10.0.3.0/24", "b"), "back")
    back.listen(fixed("from the back"))
    world.admit(back.group, front.group, 80)
    world.admit(front.group, place.group, 80)
    group = front.target_group("to-back", Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="ip", **QUICK)
    assert front.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"] == []
    front.listen({"Type": "forward", "TargetGroupArn": group})
    function, url = world.function(place, code=ASKING), f"http://{front.host}/"
    assert world.ask_one(function, "exchange", url)[0] == 503  # nobody is registered
    front.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": back.addresses()[0]}])
    eventually(lambda: front.health(group)[0] == "healthy", WAIT, "the target is healthy")
    assert world.ask_one(function, "exchange", url)[::2] == [200, "from the back"]
    assert world.ask_one(function, "connect", back.host, 80) == TIMED_OUT


def test_target_cannot_be_healthy_behind_a_closed_group(world: RowWorld) -> None:
    """The target's group decides over health checks too; once it admits the load balancer's, checks succeed."""
    place, front = balancer(world, "checking")
    back = Balancer(world, place, world.subnet(place.vpc, "10.0.3.0/24", "b"), "checked")
    back.listen(fixed("fine"))
    back.listen(fixed("unwell", "500"), 8080)
    group = front.target_group("to-checked", Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="ip", **QUICK)
    target = back.addresses()[0]
    front.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    assert front.health(group) == ("unused", "Target.NotInUse")
    front.listen({"Type": "forward", "TargetGroupArn": group})
    eventually(lambda: front.health(group) == ("unhealthy", "Target.Timeout"), WAIT, "checks time out")
    world.admit(back.group, front.group, 80)
    world.admit(back.group, front.group, 8080)
    world.admit(back.group, front.group, 8081)
    eventually(lambda: front.health(group)[0] == "healthy", WAIT, "checks succeed")
    front.elb.modify_target_group(TargetGroupArn=group, HealthCheckPort="8080")
    mismatch = ("unhealthy", "Target.ResponseCodeMismatch")
    eventually(lambda: front.health(group) == mismatch, WAIT, "checks see another code")
    front.elb.modify_target_group(TargetGroupArn=group, HealthCheckPort="8081")
    failed = ("unhealthy", "Target.FailedHealthChecks")
    eventually(lambda: front.health(group) == failed, WAIT, "checks are refused")


def test_function_can_be_a_target(world: RowWorld) -> None:
    """It needs no way through the VPC, but a resource policy that lets load balancers call it for the group."""
    place, inner = balancer(world, "calling")
    world.admit(inner.group, place.group, 80)
    role = world.iam_role(BASIC)
    target = world.function(code=ECHO, role=role)
    arn = world.functions.get_function(FunctionName=target)["Configuration"]["FunctionArn"]
    group = inner.target_group("functions", TargetType="lambda")
    with pytest.raises(inner.elb.exceptions.ClientError, match=r"AccessDenied.*does not have permission"):
        inner.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])
    world.functions.add_permission(
        FunctionName=target,
        StatementId="elb",
        Action="lambda:InvokeFunction",
        Principal="elasticloadbalancing.amazonaws.com",
        SourceArn=group,
    )
    inner.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])
    inner.listen({"Type": "forward", "TargetGroupArn": group})
    function = world.function(place, code=ASKING)
    url = f"http://{inner.host}/a/b?c=d"
    status, headers, body = world.ask_one(function, "exchange", url, "POST", "sent")
    assert (status, headers["x-made-by"]) == (201, "function")
    assert json.loads(body) == {
        "httpMethod": "POST",
        "path": "/a/b",
        "queryStringParameters": {"c": "d"},
        "body": "sent",
    }
    world.functions.remove_permission(FunctionName=target, StatementId="elb")
    assert world.ask_one(function, "exchange", url)[0] == 502


def two_subnets(here: World) -> tuple[Any, str, list[str]]:
    vpc = here.vpc()
    subnets = [here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")]
    return here.client("elbv2"), vpc, subnets


def test_load_balancer_can_be_described_as_aws_does(here: World) -> None:
    """Its name, its state, its interfaces."""
    elb, vpc, subnets = two_subnets(here)
    group = here.group(vpc)
    [made] = elb.create_load_balancer(
        Name="inner", Scheme="internal", Subnets=subnets, SecurityGroups=[group], Tags=[{"Key": "k", "Value": "v"}]
    )["LoadBalancers"]
    name, *rest = made["DNSName"].split(".")
    assert (name.rpartition("-")[0], ".".join(rest)) == ("internal-inner", "us-east-1.elb.amazonaws.com")
    assert made["State"]["Code"] == "provisioning"
    [found] = elb.describe_load_balancers(Names=["inner"])["LoadBalancers"]
    assert (found["State"]["Code"], found["Type"], found["Scheme"]) == ("active", "application", "internal")
    interfaces = here.interfaces(vpc_id=vpc)
    assert {one["SubnetId"] for one in interfaces} == set(subnets)
    for one in interfaces:
        assert one["Description"] == "ELB " + made["LoadBalancerArn"].partition("loadbalancer/")[2]
        assert (one["RequesterId"], one["RequesterManaged"]) == ("amazon-elb", True)
        assert one["Attachment"]["InstanceOwnerId"] == "amazon-elb"
        assert [each["GroupId"] for each in one["Groups"]] == [group]


def test_what_a_load_balancer_uses_cannot_be_deleted(here: World) -> None:
    """Subnets, groups, target groups; and itself, while it is protected."""
    elb, vpc, subnets = two_subnets(here)
    group = here.group(vpc)
    [made] = elb.create_load_balancer(Name="b", Scheme="internal", Subnets=subnets, SecurityGroups=[group])[
        "LoadBalancers"
    ]
    arn = made["LoadBalancerArn"]
    [target] = elb.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")[
        "TargetGroups"
    ]
    forward = {"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}
    elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[forward])
    protection = "deletion_protection.enabled"
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": protection, "Value": "true"}])
    with refused("OperationNotPermitted", "deletion protection"):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    with refused("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=target["TargetGroupArn"])
    with refused("DependencyViolation"):
        here.ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation"):
        here.ec2.delete_subnet(SubnetId=subnets[0])
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": protection, "Value": "false"}])
    elb.delete_load_balancer(LoadBalancerArn=arn)
    [left] = elb.describe_target_groups(Names=["t"])["TargetGroups"]
    assert left.get("LoadBalancerArns", []) == []
    elb.delete_target_group(TargetGroupArn=target["TargetGroupArn"])
    here.ec2.delete_security_group(GroupId=group)
    here.ec2.delete_subnet(SubnetId=subnets[0])


def test_load_balancer_can_move_to_other_subnets(here: World) -> None:
    """SetSubnets makes and takes interfaces."""
    elb, vpc, subnets = two_subnets(here)
    third = here.subnet(vpc, "10.0.2.0/24", "c")
    [made] = elb.create_load_balancer(Name="b", Scheme="internal", Subnets=subnets)["LoadBalancers"]
    elb.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=[subnets[1], third])
    assert {one["SubnetId"] for one in here.interfaces(vpc_id=vpc)} == {subnets[1], third}


def test_load_balancer_cannot_be_made_of_what_does_not_fit(here: World) -> None:
    """AWS's errors, and nothing half-made."""
    elb, vpc, subnets = two_subnets(here)
    same_zone = here.subnet(vpc, "10.0.2.0/24", "a")
    foreign = here.group(here.vpc("10.1.0.0/16"))

    def create(**more: Any) -> None:
        elb.create_load_balancer(**({"Name": "b", "Scheme": "internal", "Subnets": subnets} | more))

    for code, more in (
        ("ValidationError", {"Subnets": subnets[:1]}),
        ("InvalidConfigurationRequest", {"Subnets": [subnets[0], same_zone]}),
        ("SubnetNotFound", {"Subnets": ["subnet-0", subnets[1]]}),
        ("InvalidSecurityGroup", {"SecurityGroups": ["sg-0"]}),
        ("InvalidConfigurationRequest", {"SecurityGroups": [foreign]}),
        ("ValidationError", {"Name": "internal-b"}),
    ):
        with refused(code):
            create(**more)
    assert here.interfaces(vpc_id=vpc) == []
    create()
    with refused("DuplicateLoadBalancerName"):
        create()


def test_listener_and_targets_cannot_be_what_does_not_fit(here: World) -> None:
    """One listener for a port; target groups of its VPC; addresses of a private range."""
    elb, _, subnets = two_subnets(here)
    [made] = elb.create_load_balancer(Name="b", Scheme="internal", Subnets=subnets)["LoadBalancers"]
    arn, other = made["LoadBalancerArn"], here.vpc("10.1.0.0/16")
    elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[fixed("x")])
    with refused("DuplicateListener"):
        elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[fixed("x")])
    [foreign] = elb.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=other, TargetType="ip")[
        "TargetGroups"
    ]
    with refused("InvalidConfigurationRequest", "different VPCs"):
        elb.create_listener(
            LoadBalancerArn=arn,
            Protocol="HTTP",
            Port=81,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": foreign["TargetGroupArn"]}],
        )
    for target in ("198.51.100.7", "not-an-address"):
        with refused("ValidationError"):
            elb.register_targets(TargetGroupArn=foreign["TargetGroupArn"], Targets=[{"Id": target}])


def test_load_balancer_cannot_be_recorded_without_effect(here: World) -> None:
    """What nothing would follow is refused, with what it is."""
    elb, vpc, subnets = two_subnets(here)
    [made] = elb.create_load_balancer(Name="b", Scheme="internal", Subnets=subnets)["LoadBalancers"]
    arn = made["LoadBalancerArn"]
    redirect = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Host": "example.com"}}
    balancer = {"Name": "c", "Subnets": subnets}
    listener = {"LoadBalancerArn": arn, "Port": 80}
    attempts: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: elb.create_load_balancer(**balancer), "internet-facing"),
        (lambda: elb.create_load_balancer(**balancer, Scheme="internet-facing"), "internet-facing"),
        (
            lambda: elb.create_load_balancer(**balancer, Scheme="internal", Type="network"),
            "other than application",
        ),
        (
            lambda: elb.create_listener(**listener, Protocol="HTTPS", DefaultActions=[fixed("x")]),
            "other than HTTP",
        ),
        (lambda: elb.create_listener(**listener, Protocol="HTTP", DefaultActions=[redirect]), "action"),
        (lambda: elb.create_target_group(Name="t", Protocol="TCP", Port=1, VpcId=vpc), "protocols"),
        (
            lambda: elb.create_target_group(Name="t", TargetType="lambda", HealthCheckEnabled=True),
            "health checks of functions",
        ),
        (
            lambda: elb.modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=[{"Key": "access_logs.s3.enabled", "Value": "true"}]
            ),
            "attribute",
        ),
        (
            lambda: elb.create_rule(
                ListenerArn=arn,
                Priority=1,
                Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
                Actions=[fixed("x")],
            ),
            "rules of listeners",
        ),
    )
    for attempt, text in attempts:
        with refused("UnsupportedOperation", text):
            attempt()
