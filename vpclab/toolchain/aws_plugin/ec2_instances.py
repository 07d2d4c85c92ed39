"""Row: EC2 instances. Image, subnet and addresses are fixed; type, groups and check change in place (EC2 API)."""

from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import arn, tag, tag_specifications, tags_of
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import (
    SET,
    TEXT,
    Input,
    Kind,
    ResourceType,
    computed,
    fixed,
)

GONE = frozenset({"shutting-down", "terminated"})


def _create(call: Call) -> str:
    inputs = call.inputs
    place = given(inputs, SubnetId="subnetId", PrivateIpAddress="privateIp")
    if inputs.get("associatePublicIpAddress") is None:
        place |= given(inputs, SecurityGroupIds="vpcSecurityGroupIds")
    else:
        # Only the description of an interface can say it, and then everything else of it is said there, too.
        interface = place | given(
            inputs, Groups="vpcSecurityGroupIds", AssociatePublicIpAddress="associatePublicIpAddress"
        )
        place = {"NetworkInterfaces": [{"DeviceIndex": 0, **interface}]}
    answer = call.client.run_instances(
        **given(inputs, ImageId="ami", InstanceType="instanceType"),
        **place,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=tag_specifications(call, "instance"),
    )
    return str(answer["Instances"][0]["InstanceId"])


def _instance(call: Call) -> dict[str, Any]:
    reservations = call.client.describe_instances(InstanceIds=[call.id])["Reservations"]
    found = [one for reservation in reservations for one in reservation["Instances"]]
    return found[0] if found else {"State": {"Name": "terminated"}}


def _wait(call: Call, wanted: str) -> None:
    def decided() -> bool | None:
        instance = _instance(call)
        state = instance["State"]["Name"]
        if state in GONE:
            told = instance.get("StateReason", {}).get("Message") or "no reason"
            raise AwsPluginError(f"{call.id} became {state}: {told}")
        return state == wanted or None

    call.until(decided, f"{call.id} is {wanted}")


def _settle(call: Call) -> None:
    _wait(call, "running")
    if not call.inputs["sourceDestCheck"]:
        call.client.modify_instance_attribute(InstanceId=call.id, SourceDestCheck={"Value": False})


def _read(call: Call) -> dict[str, Any] | None:
    found = _instance(call)
    if found["State"]["Name"] in GONE:
        return None
    interfaces: list[dict[str, Any]] = found.get("NetworkInterfaces", [])
    primary = next((one for one in interfaces if one["Attachment"]["DeviceIndex"] == 0), {})
    owner = primary.get("OwnerId") or call.account
    return {
        "arn": arn(call, owner, "instance"),
        "ami": found["ImageId"],
        "instanceType": found["InstanceType"],
        "instanceState": found["State"]["Name"],
        "instanceLifecycle": found.get("InstanceLifecycle", ""),
        "outpostArn": found.get("OutpostArn", ""),
        "passwordData": "",
        "spotInstanceRequestId": found.get("SpotInstanceRequestId", ""),
        "availabilityZone": found["Placement"]["AvailabilityZone"],
        "subnetId": found.get("SubnetId", ""),
        "vpcSecurityGroupIds": sorted(group["GroupId"] for group in found.get("SecurityGroups", [])),
        "associatePublicIpAddress": bool(primary.get("Association")),
        "primaryNetworkInterfaceId": primary.get("NetworkInterfaceId", ""),
        "privateIp": found.get("PrivateIpAddress", ""),
        "privateDns": found.get("PrivateDnsName", ""),
        "publicIp": found.get("PublicIpAddress", ""),
        "publicDns": found.get("PublicDnsName", ""),
        "sourceDestCheck": found.get("SourceDestCheck", True),
        "tagsAll": tags_of(found),
    }


def _update(call: Call, changed: frozenset[str]) -> None:
    inputs, client = call.inputs, call.client
    if "sourceDestCheck" in changed:
        client.modify_instance_attribute(InstanceId=call.id, SourceDestCheck={"Value": inputs["sourceDestCheck"]})
    if "vpcSecurityGroupIds" in changed:
        client.modify_network_interface_attribute(
            NetworkInterfaceId=call.state["primaryNetworkInterfaceId"], Groups=inputs["vpcSecurityGroupIds"]
        )
    if "instanceType" in changed:
        client.stop_instances(InstanceIds=[call.id])
        _wait(call, "stopped")
        client.modify_instance_attribute(InstanceId=call.id, InstanceType={"Value": inputs["instanceType"]})
        client.start_instances(InstanceIds=[call.id])
        _wait(call, "running")


def _delete(call: Call) -> None:
    call.client.terminate_instances(InstanceIds=[call.id])
    call.until(lambda: _instance(call)["State"]["Name"] == "terminated" or None, f"{call.id} is terminated")


INSTANCE = ResourceType(
    type_name="aws:ec2/instance:Instance",
    noun="EC2 Instance",
    service="ec2",
    inputs={
        "ami": fixed(computed(TEXT)),
        "instanceType": computed(TEXT),
        "subnetId": fixed(computed(TEXT)),
        "vpcSecurityGroupIds": computed(SET),
        "associatePublicIpAddress": fixed(computed(Input(Kind.BOOLEAN))),
        "privateIp": fixed(computed(TEXT)),
        "availabilityZone": fixed(computed(TEXT)),
        "sourceDestCheck": Input(Kind.BOOLEAN, default=True),
    },
    outputs=frozenset(
        {"arn", "instanceLifecycle", "instanceState", "outpostArn", "passwordData", "primaryNetworkInterfaceId"}
        | {"privateDns", "publicDns", "publicIp", "spotInstanceRequestId"}
    ),
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=_delete,
    tag=tag,
    missing=frozenset({"InvalidInstanceID.NotFound"}),
)

ROWS = (INSTANCE,)
