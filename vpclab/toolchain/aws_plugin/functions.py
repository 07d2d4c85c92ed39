"""The provider's functions (``aws.get_availability_zones`` and its kind): a row each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vpclab.toolchain.aws_plugin.clients import Clients
from vpclab.toolchain.aws_plugin.errors import AwsPluginError, NotModelledError
from vpclab.toolchain.aws_plugin.lifecycle import telling

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the provider: its arguments, and what answers it."""

    token: str
    arguments: frozenset[str]
    answer: Callable[[Clients, Arguments], Answer]


def invoke(clients: Clients, token: str, arguments: Arguments) -> Answer:
    """Answer the function ``token``.

    Raises:
        AwsPluginError: it, or one of the arguments, is not modelled, or AWS refuses.
    """
    function = FUNCTIONS.get(token)
    if function is None:
        raise NotModelledError(
            f"the stand-in does not model the function {token}; it models {', '.join(sorted(FUNCTIONS))}"
        )
    unknown = sorted(arguments.keys() - function.arguments)
    if unknown:
        raise NotModelledError(
            f"the stand-in does not model {', '.join(unknown)} of {token}; "
            f"it models {', '.join(sorted(function.arguments))}"
        )
    with telling(f"calling {token}"):
        return function.answer(clients, arguments)


def _region(clients: Clients, arguments: Arguments) -> str:
    return str(arguments.get("region") or clients.configuration.region)


def _filters(arguments: Arguments) -> list[dict[str, Any]]:
    return [{"Name": one["name"], "Values": one["values"]} for one in arguments.get("filters", [])]


def _availability_zones(clients: Clients, arguments: Arguments) -> Answer:
    filters = _filters(arguments)
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    region = _region(clients, arguments)
    zones = clients.get("ec2", region).describe_availability_zones(
        Filters=filters, AllAvailabilityZones=arguments.get("allAvailabilityZones", False)
    )["AvailabilityZones"]
    zones = [
        zone
        for zone in sorted(zones, key=lambda zone: str(zone["ZoneName"]))
        if zone["ZoneName"] not in arguments.get("excludeNames", ())
        and zone["ZoneId"] not in arguments.get("excludeZoneIds", ())
    ]
    return {
        **arguments,
        "id": region,
        "region": region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName", region) for zone in zones}),
    }


def _this_region(clients: Clients, arguments: Arguments) -> Answer:
    region = _region(clients, arguments)
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _caller_identity(clients: Clients, _: Arguments) -> Answer:
    caller = clients.get("sts").get_caller_identity()
    account = caller["Account"]
    return {"id": account, "accountId": account, "arn": caller["Arn"], "userId": caller["UserId"]}


def _prefix_list(clients: Clients, arguments: Arguments) -> Answer:
    region = _region(clients, arguments)
    wanted = [arguments["prefixListId"]] if arguments.get("prefixListId") else []
    filters = _filters(arguments)
    if arguments.get("name"):
        filters.append({"Name": "prefix-list-name", "Values": [arguments["name"]]})
    answer = clients.get("ec2", region).describe_prefix_lists(PrefixListIds=wanted, Filters=filters)
    lists = [one for one in answer["PrefixLists"] if arguments.get("name") in (None, one["PrefixListName"])]
    if len(lists) != 1:
        raise AwsPluginError(f"{len(lists)} prefix lists match {dict(arguments)}; name one of them")
    (found,) = lists
    return {
        **arguments,
        "id": found["PrefixListId"],
        "region": region,
        "name": found["PrefixListName"],
        "cidrBlocks": sorted(found.get("Cidrs", [])),
    }


def _image(clients: Clients, arguments: Arguments) -> Answer:
    region = _region(clients, arguments)
    images = clients.get("ec2", region).describe_images(
        Owners=arguments.get("owners", []),
        Filters=_filters(arguments),
        IncludeDeprecated=arguments.get("includeDeprecated", False),
    )["Images"]
    pattern = re.compile(arguments.get("nameRegex", ""))
    images = sorted(
        (one for one in images if pattern.search(one.get("Name", ""))), key=lambda one: str(one["CreationDate"])
    )
    if not images:
        raise AwsPluginError(f"no image matches {dict(arguments)}; change owners or filters")
    if len(images) > 1 and not arguments.get("mostRecent"):
        raise AwsPluginError(f"{len(images)} images match {dict(arguments)}; narrow the filters or set mostRecent")
    found = images[-1]
    words = {name: found.get(f"{name[0].upper()}{name[1:]}", "") for name in _IMAGE_WORDS}
    return {
        **arguments,
        **words,
        "id": found["ImageId"],
        "region": region,
        "arn": f"arn:aws:ec2:{region}::image/{found['ImageId']}",
        "public": found.get("Public", False),
        "enaSupport": found.get("EnaSupport", False),
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
    }


_IMAGE_WORDS = (
    *("architecture", "bootMode", "creationDate", "description", "hypervisor", "imageId", "imageLocation"),
    *("imageOwnerAlias", "imageType", "imdsSupport", "name", "ownerId", "platform", "platformDetails"),
    *("rootDeviceName", "rootDeviceType", "state", "usageOperation", "virtualizationType"),
)
_IMAGE_ARGUMENTS = {"filters", "includeDeprecated", "mostRecent", "nameRegex", "owners", "region"}
_ZONE_ARGUMENTS = {"allAvailabilityZones", "excludeNames", "excludeZoneIds", "filters", "region", "state"}

FUNCTIONS = {
    function.token: function
    for function in (
        Function(
            "aws:index/getAvailabilityZones:getAvailabilityZones", frozenset(_ZONE_ARGUMENTS), _availability_zones
        ),
        Function("aws:index/getRegion:getRegion", frozenset({"region"}), _this_region),
        Function("aws:index/getCallerIdentity:getCallerIdentity", frozenset(), _caller_identity),
        Function("aws:ec2/getAmi:getAmi", frozenset(_IMAGE_ARGUMENTS), _image),
        Function(
            "aws:ec2/getPrefixList:getPrefixList",
            frozenset({"filters", "name", "prefixListId", "region"}),
            _prefix_list,
        ),
    )
}
