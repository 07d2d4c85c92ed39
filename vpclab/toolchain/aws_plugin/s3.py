"""Rows: buckets, and what they notify.

A bucket's name is fixed (Amazon S3 API reference). What has resource types of its own (versioning, encryption,
public access, policies) is not modelled as inputs of a bucket.
"""

from typing import Any

from vpclab.toolchain.aws_plugin.call import Call
from vpclab.toolchain.aws_plugin.schema import (
    SET,
    SWITCH,
    TEXT,
    Input,
    Kind,
    ResourceType,
    computed,
    fixed,
    local,
    required,
)

LONGEST_NAME = 63
FIRST_REGION = "us-east-1"
"""The Region that CreateBucket takes for granted, and refuses to be told."""

HOSTED_ZONES = {
    "ap-northeast-1": "Z2M4EHUR26P7ZW",
    "ap-south-1": "Z11RGJOFQNVJUP",
    "ap-southeast-1": "Z3O0J2DXBE1FTB",
    "ap-southeast-2": "Z1WCIGYICN2BYD",
    "ca-central-1": "Z1QDHH18159H29",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-north-1": "Z3BAZG2TWCNX0D",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "sa-east-1": "Z7KQH4QJS55SO",
    "us-east-1": "Z3AQBSTGFJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
}
"""Of websites in a bucket, by Region (AWS General Reference, "Amazon S3 website endpoints")."""

MISSING = frozenset({"NoSuchBucket", "404"})


def _create(call: Call) -> str:
    name, region = call.inputs["bucket"], call.region
    place = {} if region == FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    call.client.create_bucket(Bucket=name, **place)
    return str(name)


def _write_tags(call: Call) -> None:
    if call.tags:
        tags = [{"Key": name, "Value": value} for name, value in call.tags.items()]
        call.client.put_bucket_tagging(Bucket=call.id, Tagging={"TagSet": tags})


def _read(call: Call) -> dict[str, Any] | None:
    call.client.head_bucket(Bucket=call.id)
    region = call.region
    return {
        "arn": f"arn:aws:s3:::{call.id}",
        "bucket": call.id,
        "bucketDomainName": f"{call.id}.s3.amazonaws.com",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{call.id}.s3.{region}.amazonaws.com",
        "hostedZoneId": HOSTED_ZONES.get(region, ""),
        "websiteDomain": "",
        "websiteEndpoint": "",
        "tagsAll": _tags(call),
    }


def _tags(call: Call) -> dict[str, str]:
    try:
        tags = call.client.get_bucket_tagging(Bucket=call.id)["TagSet"]
    except call.client.exceptions.ClientError as answer:
        if answer.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        return {}
    return {tag["Key"]: tag["Value"] for tag in tags}


def _tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    """Write all tags at once: the API knows no other way."""
    del wanted, unwanted
    call.client.delete_bucket_tagging(Bucket=call.id)
    _write_tags(call)


def _delete(call: Call) -> None:
    if call.state.get("forceDestroy"):
        for page in call.client.get_paginator("list_object_versions").paginate(Bucket=call.id):
            objects = [
                {"Key": one["Key"], "VersionId": one["VersionId"]}
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            if objects:
                call.client.delete_objects(Bucket=call.id, Delete={"Objects": objects, "Quiet": True})
    call.client.delete_bucket(Bucket=call.id)


BUCKET = ResourceType(
    type_name="aws:s3/bucket:Bucket",
    noun="S3 Bucket",
    service="s3",
    inputs={"bucket": Input(replaces=True, named=LONGEST_NAME), "forceDestroy": local(SWITCH)},
    outputs=frozenset(
        {"arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId"}
        | {"websiteDomain", "websiteEndpoint"}
    ),
    create=_create,
    settle=_write_tags,
    read=_read,
    delete=_delete,
    tag=_tag,
    missing=MISSING,
)


def _notify(call: Call) -> str:
    functions = [
        {
            "LambdaFunctionArn": one["lambdaFunctionArn"],
            "Events": one["events"],
            **({"Id": one["id"]} if one.get("id") else {}),
            **_filter(one),
        }
        for one in call.inputs.get("lambdaFunctions", [])
    ]
    _configure(call, call.inputs["bucket"], {"LambdaFunctionConfigurations": functions} if functions else {})
    return str(call.inputs["bucket"])


def _configure(call: Call, bucket: str, configuration: dict[str, Any]) -> None:
    bridged: dict[str, Any] = {"EventBridgeConfiguration": {}} if call.inputs.get("eventbridge") else {}
    call.client.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={**configuration, **bridged}
    )


def _filter(one: dict[str, Any]) -> dict[str, Any]:
    rules = [
        {"Name": name, "Value": one[key]}
        for name, key in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
        if one.get(key)
    ]
    return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}


def _read_notification(call: Call) -> dict[str, Any] | None:
    found = call.client.get_bucket_notification_configuration(Bucket=call.id)
    return {
        "bucket": call.id,
        "eventbridge": "EventBridgeConfiguration" in found,
        "lambdaFunctions": [_notified(one) for one in found.get("LambdaFunctionConfigurations", [])],
    }


def _notified(one: dict[str, Any]) -> dict[str, Any]:
    rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    by_name = {rule["Name"].lower(): rule["Value"] for rule in rules}
    return {
        "id": one["Id"],
        "lambdaFunctionArn": one["LambdaFunctionArn"],
        "events": sorted(one["Events"]),
        "filterPrefix": by_name.get("prefix", ""),
        "filterSuffix": by_name.get("suffix", ""),
    }


def _renotify(call: Call, _: frozenset[str]) -> None:
    _notify(call)


BUCKET_NOTIFICATION = ResourceType(
    type_name="aws:s3/bucketNotification:BucketNotification",
    noun="S3 Bucket Notification",
    service="s3",
    inputs={
        "bucket": fixed(required(TEXT)),
        "eventbridge": SWITCH,
        "lambdaFunctions": Input(
            Kind.OBJECTS,
            fields={
                "id": computed(TEXT),
                "lambdaFunctionArn": TEXT,
                "events": required(SET),
                "filterPrefix": TEXT,
                "filterSuffix": TEXT,
            },
        ),
    },
    outputs=frozenset(),
    create=_notify,
    read=_read_notification,
    update=_renotify,
    delete=lambda call: _configure(call, call.id, {}),
    missing=MISSING,
)

ROWS = (BUCKET, BUCKET_NOTIFICATION)
