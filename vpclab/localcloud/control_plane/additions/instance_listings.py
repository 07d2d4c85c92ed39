"""What EC2 lists of instances, images, zones and Regions, and where each documented filter finds its value.

As ``listings``; a path that is empty stands for what no instance or image here has.
"""

from collections.abc import Iterable, Mapping

from vpclab.localcloud.control_plane.additions.listings import Listing

_ABSENT = ""
_UNKNOWN_INSTANCE = ("InvalidInstanceID.NotFound", "The instance ID '{}' does not exist")


def _paths(prefix: str, member: str, names: Iterable[str]) -> dict[str, str]:
    """Filters whose names are their members' names, spelled with hyphens."""
    return {f"{prefix}{name}": f"{member}{_member(name)}" for name in names}


def _member(name: str) -> str:
    return ".".join("".join(word.capitalize() for word in part.split("-")) for part in name.split("."))


_INTERFACE = "network-interface."
_OF_INTERFACES: Mapping[str, str] = {
    **_paths(
        _INTERFACE,
        "NetworkInterfaces.",
        (
            *("association.carrier-ip", "association.ip-owner-id", "association.public-dns-name"),
            *("association.public-ip", "attachment.attach-time", "attachment.attachment-id"),
            *("attachment.delete-on-termination", "attachment.device-index", "attachment.network-card-index"),
            *("attachment.status", "description", "mac-address", "network-interface-id", "operator.managed"),
            *("operator.principal", "owner-id", "private-dns-name", "private-ip-address", "source-dest-check"),
            *("status", "subnet-id", "vpc-id"),
        ),
    ),
    f"{_INTERFACE}addresses.association.carrier-ip": "NetworkInterfaces.PrivateIpAddresses.Association.CarrierIp",
    f"{_INTERFACE}addresses.association.ip-owner-id": "NetworkInterfaces.PrivateIpAddresses.Association.IpOwnerId",
    f"{_INTERFACE}addresses.association.public-dns-name": (
        "NetworkInterfaces.PrivateIpAddresses.Association.PublicDnsName"
    ),
    f"{_INTERFACE}addresses.association.public-ip": "NetworkInterfaces.PrivateIpAddresses.Association.PublicIp",
    f"{_INTERFACE}addresses.primary": "NetworkInterfaces.PrivateIpAddresses.Primary",
    f"{_INTERFACE}addresses.private-dns-name": "NetworkInterfaces.PrivateIpAddresses.PrivateDnsName",
    f"{_INTERFACE}addresses.private-ip-address": "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress",
    f"{_INTERFACE}attachment.instance-id": "InstanceId",
    f"{_INTERFACE}attachment.instance-owner-id": "NetworkInterfaces.OwnerId",
    f"{_INTERFACE}availability-zone": "Placement.AvailabilityZone",
    f"{_INTERFACE}group-id": "NetworkInterfaces.Groups.GroupId",
    f"{_INTERFACE}group-name": "NetworkInterfaces.Groups.GroupName",
    **dict.fromkeys(
        (
            f"{_INTERFACE}{name}"
            for name in (
                *("addresses.association.allocation-id", "addresses.association.association-id"),
                *("addresses.association.customer-owned-ip", "association.allocation-id"),
                *("association.association-id", "association.customer-owned-ip", "deny-all-igw-traffic"),
                *("ipv4-prefixes.ipv4-prefix", "ipv6-address", "ipv6-addresses.ipv6-address"),
                *("ipv6-addresses.is-primary-ipv6", "ipv6-native", "ipv6-prefixes.ipv6-prefix", "outpost-arn"),
                *("public-dns-name", "requester-id", "requester-managed", "tag-key", "tag-value"),
            )
        ),
        _ABSENT,
    ),
}
INSTANCES = Listing(
    "DescribeInstances",
    "Reservations",
    "InstanceIds",
    "InstanceId",
    _UNKNOWN_INSTANCE,
    {
        **_paths(
            "",
            "",
            (
                *("architecture", "boot-mode", "capacity-reservation-id", "client-token", "ebs-optimized"),
                *("ena-support", "enclave-options.enabled", "hibernation-options.configured", "hypervisor"),
                *("iam-instance-profile.arn", "iam-instance-profile.id", "image-id", "instance-id"),
                *("instance-lifecycle", "instance-type", "kernel-id", "key-name", "launch-time"),
                *("maintenance-options.auto-recovery", "metadata-options.http-endpoint"),
                *("metadata-options.http-put-response-hop-limit", "metadata-options.http-tokens"),
                *("metadata-options.instance-metadata-tags", "metadata-options.state", "operator.managed"),
                *("operator.principal", "outpost-arn", "platform", "platform-details", "private-dns-name"),
                *("private-dns-name-options.hostname-type", "private-ip-address", "ramdisk-id"),
                *("root-device-name", "root-device-type", "source-dest-check", "spot-instance-request-id"),
                *("state-reason.code", "subnet-id", "tpm-support", "usage-operation"),
                *("usage-operation-update-time", "virtualization-type", "vpc-id"),
                *("current-instance-boot-mode", "network-performance-options.bandwidth-weighting"),
            ),
        ),
        "affinity": "Placement.Affinity",
        "availability-zone": "Placement.AvailabilityZone",
        "availability-zone-id": "Placement.AvailabilityZoneId",
        "block-device-mapping.attach-time": "BlockDeviceMappings.Ebs.AttachTime",
        "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
        "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
        "block-device-mapping.status": "BlockDeviceMappings.Ebs.Status",
        "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
        "capacity-reservation-specification.capacity-reservation-preference": _ABSENT,
        "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id": _ABSENT,
        "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn": (
            _ABSENT
        ),
        "dns-name": "PublicDnsName",
        "host-id": "Placement.HostId",
        "instance-state-code": "State.Code",
        "instance-state-name": "State.Name",
        "instance.group-id": "SecurityGroups.GroupId",
        "instance.group-name": "SecurityGroups.GroupName",
        "ip-address": "PublicIpAddress",
        "ipv6-address": _ABSENT,
        "launch-index": "AmiLaunchIndex",
        "metadata-options.http-protocol-ipv4": _ABSENT,
        "metadata-options.http-protocol-ipv6": "MetadataOptions.HttpProtocolIpv6",
        "monitoring-state": "Monitoring.State",
        "placement-group-name": "Placement.GroupName",
        "placement-partition-number": "Placement.PartitionNumber",
        "private-dns-name-options.enable-resource-name-dns-a-record": _ABSENT,
        "private-dns-name-options.enable-resource-name-dns-aaaa-record": _ABSENT,
        "product-code": "ProductCodes.ProductCodeId",
        "product-code.type": "ProductCodes.ProductCodeType",
        "reason": "StateTransitionReason",
        "state-reason-code": "StateReason.Code",
        "state-reason-message": "StateReason.Message",
        "tenancy": "Placement.Tenancy",
        **_OF_INTERFACES,
    },
    alone=True,
)
"""Of the instances within the reservations that are listed."""

OF_RESERVATIONS: Mapping[str, str] = {
    "owner-id": "OwnerId",
    "requester-id": "RequesterId",
    "reservation-id": "ReservationId",
}
"""Filters that compare what an instance's reservation says."""

INSTANCE_LISTINGS = (
    Listing(
        "DescribeInstanceStatus",
        "InstanceStatuses",
        "InstanceIds",
        "InstanceId",
        _UNKNOWN_INSTANCE,
        {
            "availability-zone": "AvailabilityZone",
            "availability-zone-id": "AvailabilityZoneId",
            "instance-state-code": "InstanceState.Code",
            "instance-state-name": "InstanceState.Name",
            "instance-status.reachability": "InstanceStatus.Details.Status",
            "instance-status.status": "InstanceStatus.Status",
            "system-status.reachability": "SystemStatus.Details.Status",
            "system-status.status": "SystemStatus.Status",
            **dict.fromkeys(
                (
                    *("event.code", "event.description", "event.instance-event-id", "event.not-after"),
                    *("event.not-before", "event.not-before-deadline", "operator.managed", "operator.principal"),
                    *("attached-ebs-status.status", "application-status.status"),
                ),
                _ABSENT,
            ),
        },
        tags="",
        alone=True,
    ),
    Listing(
        "DescribeImages",
        "Images",
        "ImageIds",
        "ImageId",
        ("InvalidAMIID.NotFound", "The image id '[{}]' does not exist"),
        {
            **_paths(
                "",
                "",
                (
                    *("architecture", "boot-mode", "creation-date", "description", "ena-support", "hypervisor"),
                    *("free-tier-eligible", "image-allowed", "image-id", "image-type", "kernel-id", "name"),
                    *("owner-id", "platform", "ramdisk-id", "root-device-name", "root-device-type"),
                    *("source-image-id", "source-image-region", "source-instance-id", "state"),
                    *("sriov-net-support", "virtualization-type"),
                ),
            ),
            "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
            "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
            "block-device-mapping.encrypted": "BlockDeviceMappings.Ebs.Encrypted",
            "block-device-mapping.snapshot-id": "BlockDeviceMappings.Ebs.SnapshotId",
            "block-device-mapping.volume-size": "BlockDeviceMappings.Ebs.VolumeSize",
            "block-device-mapping.volume-type": "BlockDeviceMappings.Ebs.VolumeType",
            "is-public": "Public",
            "manifest-location": "ImageLocation",
            "owner-alias": "ImageOwnerAlias",
            "product-code": "ProductCodes.ProductCodeId",
            "product-code.type": "ProductCodes.ProductCodeType",
            "state-reason-code": "StateReason.Code",
            "state-reason-message": "StateReason.Message",
            "public-ssm-parameter-name": _ABSENT,
        },
        least=1,
        alone=True,
    ),
    Listing(
        "DescribeAvailabilityZones",
        "AvailabilityZones",
        "ZoneNames",
        "ZoneName",
        ("InvalidParameterValue", "Invalid availability zone: [{}]"),
        _paths(
            "",
            "",
            (
                *("group-long-name", "group-name", "opt-in-status", "parent-zone-id", "parent-zone-name"),
                *("region-name", "state", "zone-id", "zone-name", "zone-type"),
            ),
        )
        | {"message": "Messages.Message"},
        tags="",
    ),
    Listing(
        "DescribeRegions",
        "Regions",
        "RegionNames",
        "RegionName",
        ("InvalidParameterValue", "Invalid region names have been detected. {}"),
        {"endpoint": "Endpoint", "opt-in-status": "OptInStatus", "region-name": "RegionName"},
        tags="",
    ),
)
