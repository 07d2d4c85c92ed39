"""Rows: application load balancers and their listeners.

Scheme, type and name are fixed; subnets, groups and attributes change in place (Elastic Load Balancing API
reference). Network and gateway load balancers, certificates and authentication are not modelled.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin import elbv2
from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import first
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import (
    NUMBER,
    SET,
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
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", False),
    "enableDeletionProtection": ("deletion_protection.enabled", False),
    "enableHttp2": ("routing.http2.enabled", True),
    "idleTimeout": ("idle_timeout.timeout_seconds", 60),
}


def _create(call: Call) -> str:
    answer = call.client.create_load_balancer(
        **given(
            call.inputs,
            Name="name",
            Subnets="subnets",
            SecurityGroups="securityGroups",
            Type="loadBalancerType",
            IpAddressType="ipAddressType",
        ),
        **({"Scheme": "internal"} if call.inputs["internal"] else {}),
        **elbv2.tag_list(call),
    )
    return str(answer["LoadBalancers"][0]["LoadBalancerArn"])


def _balancer(call: Call) -> dict[str, Any] | None:
    return first(call.client.describe_load_balancers(LoadBalancerArns=[call.id])["LoadBalancers"])


def _settle(call: Call) -> None:
    def decided() -> bool | None:
        state = (_balancer(call) or {"State": {"Code": "deleted"}})["State"]
        if state["Code"] in ("failed", "deleted"):
            raise AwsPluginError(f"{call.id} became {state['Code']}: {state.get('Reason') or 'no reason'}")
        return state["Code"] == "active" or None

    call.until(decided, f"{call.id} is active")
    _write_attributes(call, elbv2.unusual(ATTRIBUTES, call.inputs))


def _write_attributes(call: Call, names: frozenset[str]) -> None:
    attributes = elbv2.written(ATTRIBUTES, call.inputs, names)
    if attributes:
        call.client.modify_load_balancer_attributes(LoadBalancerArn=call.id, Attributes=attributes)


def _read(call: Call) -> dict[str, Any] | None:
    found = _balancer(call)
    if found is None:
        return None
    told = call.client.describe_load_balancer_attributes(LoadBalancerArn=call.id)["Attributes"]
    return {
        "arn": found["LoadBalancerArn"],
        "arnSuffix": elbv2.suffix(found["LoadBalancerArn"]),
        "name": found["LoadBalancerName"],
        "dnsName": found["DNSName"],
        "zoneId": found["CanonicalHostedZoneId"],
        "vpcId": found["VpcId"],
        "internal": found["Scheme"] == "internal",
        "loadBalancerType": found["Type"],
        "ipAddressType": found.get("IpAddressType", "ipv4"),
        "subnets": sorted(zone["SubnetId"] for zone in found["AvailabilityZones"]),
        "securityGroups": sorted(found.get("SecurityGroups", [])),
        **elbv2.read(ATTRIBUTES, told),
        "tagsAll": elbv2.tags_of(call),
    }


def _update(call: Call, changed: frozenset[str]) -> None:
    if "subnets" in changed:
        call.client.set_subnets(LoadBalancerArn=call.id, Subnets=call.inputs["subnets"])
    if "securityGroups" in changed:
        call.client.set_security_groups(LoadBalancerArn=call.id, SecurityGroups=call.inputs["securityGroups"])
    if "ipAddressType" in changed:
        call.client.set_ip_address_type(LoadBalancerArn=call.id, IpAddressType=call.inputs["ipAddressType"])
    _write_attributes(call, changed)


def _problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if inputs.get("loadBalancerType", "application") != "application":
        yield "loadBalancerType", "the stand-in models application load balancers only"
    if not inputs.get("subnets"):
        yield "subnets", "subnets are required: the stand-in does not model subnetMappings"


LOAD_BALANCER = ResourceType(
    type_name="aws:lb/loadBalancer:LoadBalancer",
    noun="ELBv2 Load Balancer",
    service="elbv2",
    inputs={
        "name": Input(replaces=True, named=LONGEST_NAME),
        "internal": Input(Kind.BOOLEAN, default=False, replaces=True),
        "loadBalancerType": Input(default="application", replaces=True),
        "ipAddressType": computed(TEXT),
        "subnets": computed(SET),
        "securityGroups": computed(SET),
        **elbv2.attribute_inputs(ATTRIBUTES),
    },
    outputs=frozenset({"arn", "arnSuffix", "dnsName", "vpcId", "zoneId"}),
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=lambda call: call.client.delete_load_balancer(LoadBalancerArn=call.id),
    tag=elbv2.tag,
    missing=frozenset({"LoadBalancerNotFound"}),
    problems=_problems,
)


def _actions(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    actions = []
    for one in inputs["defaultActions"]:
        action = given(one, Type="type", Order="order", TargetGroupArn="targetGroupArn")
        if one.get("fixedResponse"):
            action["FixedResponseConfig"] = given(
                one["fixedResponse"], ContentType="contentType", MessageBody="messageBody", StatusCode="statusCode"
            )
        actions.append(action)
    return actions


def _listen(call: Call) -> str:
    answer = call.client.create_listener(
        **given(call.inputs, LoadBalancerArn="loadBalancerArn", Port="port", Protocol="protocol"),
        DefaultActions=_actions(call.inputs),
        **elbv2.tag_list(call),
    )
    return str(answer["Listeners"][0]["ListenerArn"])


def _read_listener(call: Call) -> dict[str, Any] | None:
    found = first(call.client.describe_listeners(ListenerArns=[call.id])["Listeners"])
    if found is None:
        return None
    return {
        "arn": found["ListenerArn"],
        "loadBalancerArn": found["LoadBalancerArn"],
        "port": found["Port"],
        "protocol": found["Protocol"],
        "defaultActions": [_action(number, one) for number, one in enumerate(found["DefaultActions"], 1)],
        "tagsAll": elbv2.tags_of(call),
    }


def _action(number: int, found: Mapping[str, Any]) -> dict[str, Any]:
    action = {"type": found["Type"], "order": found.get("Order", number)}
    target = found.get("TargetGroupArn") or next(
        (one["TargetGroupArn"] for one in found.get("ForwardConfig", {}).get("TargetGroups", [])), None
    )
    if target:
        action["targetGroupArn"] = target
    fixed_response = found.get("FixedResponseConfig")
    if fixed_response:
        action["fixedResponse"] = {
            "contentType": fixed_response.get("ContentType", ""),
            "messageBody": fixed_response.get("MessageBody", ""),
            "statusCode": fixed_response.get("StatusCode", ""),
        }
    return action


def _update_listener(call: Call, _: frozenset[str]) -> None:
    call.client.modify_listener(
        ListenerArn=call.id,
        **given(call.inputs, Port="port", Protocol="protocol"),
        DefaultActions=_actions(call.inputs),
    )


FIXED_RESPONSE = {"contentType": required(TEXT), "messageBody": TEXT, "statusCode": computed(TEXT)}

LISTENER = ResourceType(
    type_name="aws:lb/listener:Listener",
    noun="ELBv2 Listener",
    service="elbv2",
    inputs={
        "loadBalancerArn": fixed(required(TEXT)),
        "port": NUMBER,
        "protocol": computed(TEXT),
        "defaultActions": Input(
            Kind.OBJECTS,
            required=True,
            fields={
                "type": required(TEXT),
                "order": computed(NUMBER),
                "targetGroupArn": TEXT,
                "fixedResponse": Input(Kind.OBJECT, fields=FIXED_RESPONSE),
            },
        ),
    },
    outputs=frozenset({"arn"}),
    create=_listen,
    read=_read_listener,
    update=_update_listener,
    delete=lambda call: call.client.delete_listener(ListenerArn=call.id),
    tag=elbv2.tag,
    missing=frozenset({"ListenerNotFound", "LoadBalancerNotFound"}),
)

ROWS = (LOAD_BALANCER, LISTENER)
