"""Row: VPC endpoints. ModifyVpcEndpoint changes all but the VPC, the service and the type (EC2 API reference)."""

from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import arn, filters, first, tag, tag_specifications, tags_of
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import SET, TEXT, Input, Kind, ResourceType, computed, fixed, required

SETS = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}
DNS_OPTIONS = {
    "dnsRecordIpType": computed(TEXT),
    "privateDnsOnlyForInboundResolverEndpoint": Input(Kind.BOOLEAN, computed=True),
}


def _endpoint(call: Call) -> dict[str, Any] | None:
    return first(call.client.describe_vpc_endpoints(VpcEndpointIds=[call.id])["VpcEndpoints"])


def _create(call: Call) -> str:
    parameters = given(
        call.inputs,
        VpcId="vpcId",
        ServiceName="serviceName",
        VpcEndpointType="vpcEndpointType",
        PrivateDnsEnabled="privateDnsEnabled",
        PolicyDocument="policy",
        IpAddressType="ipAddressType",
        **{parameter: name for name, parameter in SETS.items()},
    )
    answer = call.client.create_vpc_endpoint(
        **parameters, TagSpecifications=tag_specifications(call, "vpc-endpoint")
    )
    return str(answer["VpcEndpoint"]["VpcEndpointId"])


def _settle(call: Call) -> None:
    def decided() -> bool | None:
        endpoint = _endpoint(call) or {"State": "deleted"}
        state = endpoint["State"].lower()
        if state in ("failed", "rejected", "deleted", "expired"):
            told = endpoint.get("LastError", {}).get("Message") or "no message"
            raise AwsPluginError(f"{call.id} became {state}: {told}")
        return state == "available" or None

    call.until(decided, f"{call.id} is available")


def _read(call: Call) -> dict[str, Any] | None:
    endpoint = _endpoint(call)
    if endpoint is None or endpoint["State"].lower() in ("deleting", "deleted"):
        return None
    owner, interface = endpoint["OwnerId"], endpoint["VpcEndpointType"] == "Interface"
    prefix_list = None if interface else _prefix_list(call, endpoint["ServiceName"])
    return {
        "arn": arn(call, owner, "vpc-endpoint"),
        "ownerId": owner,
        "vpcId": endpoint["VpcId"],
        "serviceName": endpoint["ServiceName"],
        "serviceRegion": endpoint.get("ServiceRegion", call.region),
        "vpcEndpointType": endpoint["VpcEndpointType"],
        "state": endpoint["State"].lower(),
        "policy": endpoint.get("PolicyDocument"),
        "privateDnsEnabled": endpoint.get("PrivateDnsEnabled", False),
        "requesterManaged": endpoint.get("RequesterManaged", False),
        "ipAddressType": endpoint.get("IpAddressType", "ipv4"),
        "dnsOptions": {"dnsRecordIpType": endpoint.get("DnsOptions", {}).get("DnsRecordIpType", "ipv4")},
        "dnsEntries": [
            {"dnsName": entry["DnsName"], "hostedZoneId": entry.get("HostedZoneId", "")}
            for entry in endpoint.get("DnsEntries", [])
        ],
        "networkInterfaceIds": sorted(endpoint.get("NetworkInterfaceIds", [])),
        "routeTableIds": sorted(endpoint.get("RouteTableIds", [])),
        "subnetIds": sorted(endpoint.get("SubnetIds", [])),
        "securityGroupIds": sorted(group["GroupId"] for group in endpoint.get("Groups", [])),
        "subnetConfigurations": [],
        "prefixListId": prefix_list and prefix_list["PrefixListId"],
        "cidrBlocks": sorted(prefix_list.get("Cidrs", [])) if prefix_list else [],
        "tagsAll": tags_of(endpoint),
    }


def _prefix_list(call: Call, service: str) -> dict[str, Any] | None:
    lists = call.client.describe_prefix_lists(Filters=filters(prefix_list_name=service))["PrefixLists"]
    return first([one for one in lists if one["PrefixListName"] == service])


def _update(call: Call, changed: frozenset[str]) -> None:
    parameters = (
        given(call.inputs, PrivateDnsEnabled="privateDnsEnabled") if "privateDnsEnabled" in changed else {}
    )
    if "policy" in changed:
        parameters |= (
            given(call.inputs, PolicyDocument="policy") if call.inputs.get("policy") else {"ResetPolicy": True}
        )
    for name in changed & SETS.keys():
        wanted, there = set(call.inputs.get(name) or []), set(call.state.get(name) or [])
        parameters |= {
            key: sorted(ids)
            for key, ids in ((f"Add{SETS[name]}", wanted - there), (f"Remove{SETS[name]}", there - wanted))
            if ids
        }
    call.client.modify_vpc_endpoint(VpcEndpointId=call.id, **parameters)
    _settle(call)


def _delete(call: Call) -> None:
    answer = call.client.delete_vpc_endpoints(VpcEndpointIds=[call.id])
    for refused in answer.get("Unsuccessful", []):
        if refused["Error"]["Code"] not in {"InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"}:
            raise AwsPluginError(f"{refused['Error']['Code']}: {refused['Error']['Message']}")
    call.until(lambda: _is_gone(call), f"{call.id} is deleted")


def _is_gone(call: Call) -> bool | None:
    try:
        endpoint = _endpoint(call)
    except call.client.exceptions.ClientError as answer:
        if answer.response["Error"]["Code"] != "InvalidVpcEndpointId.NotFound":
            raise
        return True
    return endpoint is None or endpoint["State"].lower() == "deleted" or None


def _problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    gateway = inputs.get("vpcEndpointType", "Gateway") == "Gateway"
    for name in ("subnetIds", "securityGroupIds", "privateDnsEnabled") if gateway else ("routeTableIds",):
        if inputs.get(name):
            yield name, f"{name} does not go with an endpoint of type {inputs.get('vpcEndpointType', 'Gateway')}"


VPC_ENDPOINT = ResourceType(
    type_name="aws:ec2/vpcEndpoint:VpcEndpoint",
    noun="EC2 VPC Endpoint",
    service="ec2",
    inputs={
        "vpcId": fixed(required(TEXT)),
        "serviceName": fixed(TEXT),
        "vpcEndpointType": Input(default="Gateway", replaces=True),
        "policy": Input(Kind.POLICY, computed=True),
        "privateDnsEnabled": Input(Kind.BOOLEAN, computed=True),
        "ipAddressType": fixed(computed(TEXT)),
        "dnsOptions": Input(Kind.OBJECT, computed=True, fields=DNS_OPTIONS),
        **dict.fromkeys(SETS, computed(SET)),
    },
    outputs=frozenset(
        {"arn", "cidrBlocks", "dnsEntries", "networkInterfaceIds", "ownerId", "prefixListId", "requesterManaged"}
        | {"serviceRegion", "state", "subnetConfigurations"}
    ),
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=_delete,
    tag=tag,
    missing=frozenset({"InvalidVpcEndpointId.NotFound"}),
    problems=_problems,
)

ROWS = (VPC_ENDPOINT,)
