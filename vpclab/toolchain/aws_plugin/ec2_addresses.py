"""Rows: Elastic IP addresses and NAT gateways.

A NAT gateway's subnet, address and connectivity type are fixed when it is made (EC2 API reference).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import arn, filters, first, tag, tag_specifications, tags_of
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import TEXT, Input, ResourceType, computed, fixed


def _allocate(call: Call) -> str:
    answer = call.client.allocate_address(
        Domain=call.inputs.get("domain", "vpc"),
        **given(call.inputs, Address="address"),
        TagSpecifications=tag_specifications(call, "elastic-ip"),
    )
    return str(answer["AllocationId"])


def _associate(call: Call) -> None:
    parameters = given(
        call.inputs,
        InstanceId="instance",
        NetworkInterfaceId="networkInterface",
        PrivateIpAddress="associateWithPrivateIp",
    )
    if "InstanceId" in parameters or "NetworkInterfaceId" in parameters:
        call.client.associate_address(AllocationId=call.id, AllowReassociation=True, **parameters)


def _disassociate(call: Call) -> None:
    address = first(call.client.describe_addresses(AllocationIds=[call.id])["Addresses"])
    ours = call.state.get("instance") or call.state.get("networkInterface")
    if address and address.get("AssociationId") and ours:
        call.client.disassociate_address(AssociationId=address["AssociationId"])


def _move_address(call: Call, _: frozenset[str]) -> None:
    _disassociate(call)
    _associate(call)


def _read_address(call: Call) -> dict[str, Any] | None:
    address = first(call.client.describe_addresses(AllocationIds=[call.id])["Addresses"])
    if address is None:
        return None
    suffix = "compute-1.amazonaws.com" if call.region == "us-east-1" else f"{call.region}.compute.amazonaws.com"
    public, private = address["PublicIp"], address.get("PrivateIpAddress") or ""
    return {
        "allocationId": call.id,
        "arn": arn(call, address.get("NetworkInterfaceOwnerId") or call.account, "elastic-ip"),
        "associationId": address.get("AssociationId", ""),
        "carrierIp": address.get("CarrierIp", ""),
        "customerOwnedIp": address.get("CustomerOwnedIp", ""),
        "domain": address["Domain"],
        "instance": address.get("InstanceId", ""),
        "networkBorderGroup": address.get("NetworkBorderGroup", call.region),
        "networkInterface": address.get("NetworkInterfaceId", ""),
        "privateDns": f"ip-{private.replace('.', '-')}.ec2.internal" if private else None,
        "privateIp": private,
        "ptrRecord": "",
        "publicDns": f"ec2-{public.replace('.', '-')}.{suffix}",
        "publicIp": public,
        "publicIpv4Pool": address.get("PublicIpv4Pool", "amazon"),
        "tagsAll": tags_of(address),
    }


def _release(call: Call) -> None:
    _disassociate(call)
    # A NAT gateway that is being deleted holds the address for a moment.
    codes = ("InvalidIPAddress.InUse", "DependencyViolation", "AuthFailure")
    call.while_in_use(lambda: call.client.release_address(AllocationId=call.id), codes)


EIP = ResourceType(
    type_name="aws:ec2/eip:Eip",
    noun="EC2 EIP",
    service="ec2",
    inputs={
        "domain": fixed(computed(TEXT)),
        "address": fixed(TEXT),
        "instance": computed(TEXT),
        "networkInterface": computed(TEXT),
        "associateWithPrivateIp": Input(local=True),
    },
    outputs=frozenset(
        {
            "allocationId",
            "arn",
            "associationId",
            "carrierIp",
            "customerOwnedIp",
            "networkBorderGroup",
            "privateDns",
        }
        | {"privateIp", "ptrRecord", "publicDns", "publicIp", "publicIpv4Pool"}
    ),
    create=_allocate,
    settle=_associate,
    read=_read_address,
    update=_move_address,
    delete=_release,
    tag=tag,
    missing=frozenset({"InvalidAllocationID.NotFound", "InvalidAddress.NotFound"}),
)


def _create_nat(call: Call) -> str:
    parameters = given(
        call.inputs,
        SubnetId="subnetId",
        AllocationId="allocationId",
        ConnectivityType="connectivityType",
        PrivateIpAddress="privateIp",
    )
    answer = call.client.create_nat_gateway(**parameters, TagSpecifications=tag_specifications(call, "natgateway"))
    return str(answer["NatGateway"]["NatGatewayId"])


def _nat(call: Call) -> dict[str, Any] | None:
    return first(call.client.describe_nat_gateways(NatGatewayIds=[call.id])["NatGateways"])


def _settle_nat(call: Call) -> None:
    def decided() -> bool | None:
        gateway = _nat(call) or {"State": "deleted"}
        if gateway["State"] in ("failed", "deleting", "deleted"):
            told = gateway.get("FailureMessage") or "no message"
            raise AwsPluginError(f"{call.id} became {gateway['State']}: {told}")
        return gateway["State"] == "available" or None

    call.until(decided, f"{call.id} is available")


def _read_nat(call: Call) -> dict[str, Any] | None:
    gateway = _nat(call)
    if gateway is None or gateway["State"] in ("deleting", "deleted", "failed"):
        return None
    address = gateway["NatGatewayAddresses"][0] if gateway.get("NatGatewayAddresses") else {}
    interface = address.get("NetworkInterfaceId", "")
    return {
        "allocationId": address.get("AllocationId", ""),
        "associationId": address.get("AssociationId") or _association_of(call, interface),
        "availabilityMode": gateway.get("AvailabilityMode", "zonal"),
        "connectivityType": gateway["ConnectivityType"],
        "networkInterfaceId": interface,
        "privateIp": address.get("PrivateIp", ""),
        "publicIp": address.get("PublicIp", ""),
        "subnetId": gateway["SubnetId"],
        "vpcId": gateway["VpcId"],
        "autoProvisionZones": gateway.get("AutoProvisionZones", ""),
        "autoScalingIps": gateway.get("AutoScalingIps", ""),
        "regionalNatGatewayAddresses": [],
        "regionalNatGatewayAutoMode": "",
        "routeTableId": gateway.get("RouteTableId", ""),
        "secondaryAllocationIds": [],
        "secondaryPrivateIpAddressCount": 0,
        "secondaryPrivateIpAddresses": [],
        "tagsAll": tags_of(gateway),
    }


def _association_of(call: Call, interface: str) -> str:
    found = call.client.describe_addresses(Filters=filters(network_interface_id=interface))["Addresses"]
    return str(found[0].get("AssociationId", "")) if interface and found else ""


def _delete_nat(call: Call) -> None:
    call.client.delete_nat_gateway(NatGatewayId=call.id)

    def gone() -> bool | None:
        gateway = _nat(call)
        return gateway is None or gateway["State"] == "deleted" or None

    call.until(gone, f"{call.id} is deleted")


def _nat_problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if inputs.get("connectivityType", "public") == "public" and not inputs.get("allocationId"):
        yield "allocationId", "a public NAT gateway requires the allocation id of an Elastic IP"
    if inputs.get("connectivityType") == "private" and inputs.get("allocationId"):
        yield "allocationId", "a private NAT gateway cannot have an Elastic IP: leave allocationId out"


NAT_GATEWAY = ResourceType(
    type_name="aws:ec2/natGateway:NatGateway",
    noun="EC2 NAT Gateway",
    service="ec2",
    inputs={
        "subnetId": Input(required=True, replaces=True),
        "allocationId": fixed(TEXT),
        "connectivityType": Input(default="public", replaces=True),
        "privateIp": fixed(computed(TEXT)),
    },
    outputs=frozenset(
        {"associationId", "availabilityMode", "networkInterfaceId", "publicIp", "vpcId", "autoProvisionZones"}
        | {"autoScalingIps", "regionalNatGatewayAddresses", "regionalNatGatewayAutoMode", "routeTableId"}
        | {"secondaryAllocationIds", "secondaryPrivateIpAddressCount", "secondaryPrivateIpAddresses"}
    ),
    create=_create_nat,
    settle=_settle_nat,
    read=_read_nat,
    delete=_delete_nat,
    tag=tag,
    missing=frozenset({"NatGatewayNotFound", "InvalidNatGatewayID.NotFound"}),
    problems=_nat_problems,
)

ROWS = (EIP, NAT_GATEWAY)
