"""Rows: target groups of load balancers, and what is in them.

Kind of target, protocol, port and VPC are fixed; health checks and attributes change in place (Elastic Load
Balancing API reference).
"""

from collections.abc import Mapping
from typing import Any

from vpclab.toolchain.aws_plugin import elbv2
from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import first
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import (
    NUMBER,
    TEXT,
    Input,
    Kind,
    ResourceType,
    computed,
    fixed,
    required,
)

LONGEST_NAME = 32

ATTRIBUTES: elbv2.Attributes = {
    "deregistrationDelay": ("deregistration_delay.timeout_seconds", 300),
    "slowStart": ("slow_start.duration_seconds", 0),
}
OF_FUNCTIONS: elbv2.Attributes = {
    "lambdaMultiValueHeadersEnabled": ("lambda.multi_value_headers.enabled", False),
}
HEALTH_CHECK = {
    "HealthCheckEnabled": "enabled",
    "HealthCheckIntervalSeconds": "interval",
    "HealthCheckPath": "path",
    "HealthCheckPort": "port",
    "HealthCheckProtocol": "protocol",
    "HealthCheckTimeoutSeconds": "timeout",
    "HealthyThresholdCount": "healthyThreshold",
    "UnhealthyThresholdCount": "unhealthyThreshold",
}


def _attributes(inputs: Mapping[str, Any]) -> elbv2.Attributes:
    return OF_FUNCTIONS if inputs.get("targetType") == "lambda" else ATTRIBUTES


def _health_check(inputs: Mapping[str, Any]) -> dict[str, Any]:
    check = inputs.get("healthCheck") or {}
    matcher = {"Matcher": {"HttpCode": check["matcher"]}} if check.get("matcher") else {}
    return {**given(check, **HEALTH_CHECK), **matcher}


def _create(call: Call) -> str:
    answer = call.client.create_target_group(
        **given(
            call.inputs,
            Name="name",
            Port="port",
            Protocol="protocol",
            ProtocolVersion="protocolVersion",
            VpcId="vpcId",
            TargetType="targetType",
        ),
        **_health_check(call.inputs),
        **elbv2.tag_list(call),
    )
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


def _settle(call: Call) -> None:
    attributes = _attributes(call.inputs)
    _write_attributes(call, attributes, elbv2.unusual(attributes, call.inputs))


def _write_attributes(call: Call, attributes: elbv2.Attributes, names: frozenset[str]) -> None:
    changes = elbv2.written(attributes, call.inputs, names)
    if changes:
        call.client.modify_target_group_attributes(TargetGroupArn=call.id, Attributes=changes)


def _read(call: Call) -> dict[str, Any] | None:
    found = first(call.client.describe_target_groups(TargetGroupArns=[call.id])["TargetGroups"])
    if found is None:
        return None
    told = call.client.describe_target_group_attributes(TargetGroupArn=call.id)["Attributes"]
    check = {name: found.get(parameter) for parameter, name in HEALTH_CHECK.items()}
    return {
        "arn": found["TargetGroupArn"],
        "arnSuffix": elbv2.suffix(found["TargetGroupArn"]),
        "loadBalancerArns": found.get("LoadBalancerArns", []),
        "name": found["TargetGroupName"],
        "port": found.get("Port"),
        "protocol": found.get("Protocol"),
        "protocolVersion": found.get("ProtocolVersion"),
        "vpcId": found.get("VpcId"),
        "targetType": found.get("TargetType", "instance"),
        "healthCheck": {
            **{name: value for name, value in check.items() if value is not None},
            "matcher": found.get("Matcher", {}).get("HttpCode", ""),
        },
        **elbv2.read({**ATTRIBUTES, **OF_FUNCTIONS}, told),
        "tagsAll": elbv2.tags_of(call),
    }


def _update(call: Call, changed: frozenset[str]) -> None:
    if "healthCheck" in changed:
        call.client.modify_target_group(TargetGroupArn=call.id, **_health_check(call.inputs))
    _write_attributes(call, _attributes(call.inputs), changed)


TARGET_GROUP = ResourceType(
    type_name="aws:lb/targetGroup:TargetGroup",
    noun="ELBv2 Target Group",
    service="elbv2",
    inputs={
        "name": Input(replaces=True, named=LONGEST_NAME),
        "port": fixed(NUMBER),
        "protocol": fixed(TEXT),
        "protocolVersion": fixed(computed(TEXT)),
        "vpcId": fixed(TEXT),
        "targetType": Input(default="instance", replaces=True),
        "healthCheck": Input(
            Kind.OBJECT,
            computed=True,
            fields={
                **dict.fromkeys(("matcher", "path", "port", "protocol"), computed(TEXT)),
                **dict.fromkeys(
                    ("interval", "timeout", "healthyThreshold", "unhealthyThreshold"), computed(NUMBER)
                ),
                "enabled": Input(Kind.BOOLEAN, default=True),
            },
        ),
        **elbv2.attribute_inputs({**ATTRIBUTES, **OF_FUNCTIONS}),
    },
    outputs=frozenset({"arn", "arnSuffix", "loadBalancerArns"}),
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=lambda call: call.while_in_use(
        lambda: call.client.delete_target_group(TargetGroupArn=call.id), ("ResourceInUse",)
    ),
    tag=elbv2.tag,
    missing=frozenset({"TargetGroupNotFound"}),
)


def _target(properties: Mapping[str, Any]) -> dict[str, Any]:
    return given(properties, Id="targetId", Port="port", AvailabilityZone="availabilityZone")


def _register(call: Call) -> str:
    group = call.inputs["targetGroupArn"]
    call.client.register_targets(TargetGroupArn=group, Targets=[_target(call.inputs)])
    return f"{group}-{call.inputs['targetId']}"


def _read_attachment(call: Call) -> dict[str, Any] | None:
    known = call.inputs or call.state
    if not known:
        raise AwsPluginError("an attachment to a target group cannot be imported, as officially")
    described = call.client.describe_target_health(
        TargetGroupArn=known["targetGroupArn"], Targets=[_target(known)]
    )["TargetHealthDescriptions"]
    gone = {"Target.NotRegistered", "Target.DeregistrationInProgress"}
    if all(one["TargetHealth"].get("Reason") in gone for one in described):
        return None
    return {name: known.get(name) for name in ("targetGroupArn", "targetId", "port", "availabilityZone")}


TARGET_GROUP_ATTACHMENT = ResourceType(
    type_name="aws:lb/targetGroupAttachment:TargetGroupAttachment",
    noun="ELBv2 Target Group Attachment",
    service="elbv2",
    inputs={
        "targetGroupArn": fixed(required(TEXT)),
        "targetId": fixed(required(TEXT)),
        "port": fixed(NUMBER),
        "availabilityZone": fixed(TEXT),
    },
    outputs=frozenset(),
    create=_register,
    read=_read_attachment,
    delete=lambda call: call.client.deregister_targets(
        TargetGroupArn=call.state["targetGroupArn"], Targets=[_target(call.state)]
    ),
    missing=frozenset({"TargetGroupNotFound", "InvalidTarget"}),
)

ROWS = (TARGET_GROUP, TARGET_GROUP_ATTACHMENT)
