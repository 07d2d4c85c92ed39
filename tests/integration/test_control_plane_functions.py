"""Lambda's functions: their runtime, limits, code and versions."""

import base64
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from tests.integration.control_plane_world import ACCOUNT, REGION, World, package, refused

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_function_cannot_run_what_is_not_python(here: World) -> None:
    """Other runtimes and container images are refused."""
    role = here.role()
    given = {"FunctionName": "f", "Role": role, "Code": {"ZipFile": package()}, "Handler": "index.handler"}
    for more, text in (
        ({"Runtime": "nodejs24.x"}, "runs Python only"),
        (
            {"PackageType": "Image", "Code": {"ImageUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a:b"}},
            "images",
        ),
    ):
        with refused("InvalidParameterValueException", text):
            here.functions.create_function(**(given | more))
    assert here.functions.list_functions()["Functions"] == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"Timeout": 901},
            "'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
        ),
        ({"MemorySize": 10241}, "less than or equal to 10240"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "Reserved keys used in this request: AWS_REGION"),
        (
            {"Environment": {"Variables": {"AB": "x" * 4088}}},
            """exceeded the 4KB limit. String measured: {"AB":"xxx.*x"}$""",
        ),
        ({"Environment": {"Variables": {"A=B": "x"}}}, r"Value '\[A=B\]' at .*Map keys must satisfy constraint"),
        ({"TracingConfig": {"Mode": "On"}}, r"ValidationException.* enum value set: \[Active, PassThrough\]"),
        ({"Environment": {"Variables": {"A": "x"}}}, "Map keys must satisfy constraint"),
        ({"Environment": {"Variables": {"AB": "x\0y"}}}, "NUL character"),
        ({"Runtime": "python3.8"}, "python3.8 is no longer supported for creating or updating"),
        ({"Handler": "a handler"}, "'handler' failed to satisfy constraint"),
        ({"Description": "x" * 257}, "'description' failed to satisfy constraint"),
        ({"EphemeralStorage": {"Size": 10241}}, "less than or equal to 10240"),
        ({"LoggingConfig": {"LogFormat": "XML"}}, r"enum value set: \[JSON, Text\]"),
        ({"LoggingConfig": {"SystemLogLevel": "WARN"}}, "only where LogFormat is JSON"),
        ({"Layers": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{n}:1" for n in "abcdef"]}, "more than 5 layers"),
        ({"Layers": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:a:{n}" for n in (1, 2)]}, "Two different versions"),
        ({"Layers": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:a:1"]}, "LayerVersion does not exist"),
        ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "not modelled is snapshots of functions"),
        ({"KMSKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/a"}, "not modelled is encryption"),
        ({"DurableConfig": {"ExecutionTimeout": 60}}, "not modelled is durable functions"),
    ],
)
def test_function_cannot_exceed_its_limits(here: World, given: dict[str, Any], text: str) -> None:
    """At creation and at each update; an update that is refused changes nothing."""
    here.function("f", here.role())
    before = here.functions.get_function_configuration(FunctionName="f")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", before["LastModified"])
    with pytest.raises(ClientError, match=text):
        here.functions.update_function_configuration(FunctionName="f", **given)
    after = here.functions.get_function_configuration(FunctionName="f")
    assert {**before, "ResponseMetadata": None} == {**after, "ResponseMetadata": None}
    with pytest.raises(ClientError, match=text):
        here.functions.create_function(
            FunctionName="g",
            **(
                {"Role": before["Role"], "Runtime": "python3.12", "Handler": "index.handler"}
                | {"Code": {"ZipFile": package()}}
                | given
            ),
        )


def test_function_cannot_have_any_name(here: World) -> None:
    """64 letters, digits, hyphens and underscores; and code from a .zip file needs a handler."""
    given = {"Role": here.role(), "Runtime": "python3.12", "Code": {"ZipFile": package()}}
    for name in ("a name", "x" * 65, "a.b"):
        with refused("ValidationException", "'functionName' failed to satisfy constraint"):
            here.functions.create_function(FunctionName=name, Handler="a.b", **given)
    code = {name: given[name] for name in ("Role", "Code")}
    for half in ({"Runtime": "python3.12"}, {"Handler": "a.b"}):
        with refused("InvalidParameterValueException", "Runtime and Handler are mandatory"):
            here.functions.create_function(FunctionName="f", **code, **half)
    assert here.functions.list_functions()["Functions"] == []


def test_lists_can_come_in_pages(here: World) -> None:
    """Marker and MaxItems, 50 at most; aliases by the version that they point to."""
    role = here.role()
    names = [f"f{number:02}" for number in range(51)]
    for name in names:
        here.function(name, role)
    first = here.functions.list_functions(MaxItems=100)
    assert len(first["Functions"]) == 50
    pages = here.functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 20})
    assert [one["FunctionName"] for page in pages for one in page["Functions"]] == names
    with refused("InvalidParameterValueException", "The marker"):
        here.functions.list_functions(Marker="???")
    here.functions.publish_version(FunctionName="f00")
    for name, version in (("a", "1"), ("b", "$LATEST"), ("c", "1")):
        here.functions.create_alias(FunctionName="f00", Name=name, FunctionVersion=version)
    found = here.functions.list_aliases(FunctionName="f00", FunctionVersion="1")["Aliases"]
    assert [one["Name"] for one in found] == ["a", "c"]
    page = here.functions.list_aliases(FunctionName="f00", MaxItems=2)
    rest = here.functions.list_aliases(FunctionName="f00", Marker=page["NextMarker"])
    assert [[one["Name"] for one in part["Aliases"]] for part in (page, rest)] == [["a", "b"], ["c"]]


def test_function_code_can_come_from_a_bucket(here: World) -> None:
    """S3Bucket and S3Key; what is not there is refused and leaves nothing."""
    s3 = here.client("s3")
    s3.create_bucket(Bucket="packages")
    s3.put_object(Bucket="packages", Key="f.zip", Body=package())
    usual = {"Role": here.role(), "Runtime": "python3.12", "Handler": "index.handler"}
    here.functions.create_function(FunctionName="f", Code={"S3Bucket": "packages", "S3Key": "f.zip"}, **usual)
    here.functions.invoke(FunctionName="f")
    assert (
        here.effects.invocations[0].code.zip_file == s3.get_object(Bucket="packages", Key="f.zip")["Body"].read()
    )
    s3.put_bucket_versioning(Bucket="packages", VersioningConfiguration={"Status": "Enabled"})
    old, _ = (
        s3.put_object(Bucket="packages", Key="g.zip", Body=package(text))["VersionId"]
        for text in ("a = 1", "b = 2")
    )
    versioned = {"S3Bucket": "packages", "S3Key": "g.zip", "S3ObjectVersion": old}
    layer = here.functions.publish_layer_version(LayerName="l", Content=versioned)
    updated = here.functions.update_function_code(FunctionName="f", **versioned)
    here.functions.invoke(FunctionName="f")
    assert b"a = 1" in here.effects.invocations[1].code.zip_file
    assert layer["Content"]["CodeSha256"] == updated["CodeSha256"]
    assert updated["LastUpdateStatusReasonCode"] == "Creating"
    for code in ({"S3Bucket": "packages", "S3Key": "no.zip"}, {"S3Bucket": "nowhere", "S3Key": "f.zip"}):
        with refused("InvalidParameterValueException", "Error occurred while GetObject"):
            here.functions.create_function(FunctionName="g", Code=code, **usual)
    with refused("InvalidParameterValueException", "Could not unzip uploaded file"):
        here.functions.create_function(FunctionName="g", Code={"ZipFile": b"no zip"}, **usual)
    with refused("InvalidParameterValueException", "Could not unzip uploaded file"):
        here.functions.update_function_code(FunctionName="f", ZipFile=b"no zip")
    for nothing in (b"", zipped({})):
        with refused("InvalidParameterValueException", "Uploaded file must be a non-empty zip"):
            here.functions.update_function_code(FunctionName="f", ZipFile=nothing)
    with refused("InvalidParameterValueException", "do not provide other FunctionCode parameters"):
        here.functions.update_function_code(
            FunctionName="f", ZipFile=package(), S3Bucket="packages", S3Key="f.zip"
        )
    assert [one["FunctionName"] for one in here.functions.list_functions()["Functions"]] == ["f"]


def test_code_cannot_be_larger_than_its_limits(here: World) -> None:
    """50 MB in a request, more from a bucket; 250 MB unzipped; 4 KB of environment: each to the byte."""
    role, s3 = here.role(), here.client("s3")
    usual = {"Role": role, "Runtime": "python3.12", "Handler": "index.handler"}
    large = zipped({"index.py": os.urandom(50 * 1024 * 1024)}, zipfile.ZIP_STORED)
    with refused("RequestEntityTooLargeException", "Request must be smaller than 70167211 bytes"):
        here.functions.create_function(FunctionName="f", Code={"ZipFile": large}, **usual)
    s3.create_bucket(Bucket="packages")
    s3.put_object(Bucket="packages", Key="f.zip", Body=large)
    here.functions.create_function(
        FunctionName="f",
        Code={"S3Bucket": "packages", "S3Key": "f.zip"},
        Environment={"Variables": {"AB": "x" * 4087}},
        **usual,
    )
    for size, is_small in ((262_144_000, True), (262_144_001, False)):
        update = partial(
            here.functions.update_function_code, FunctionName="f", ZipFile=zipped({"index.py": bytes(size)})
        )
        if is_small:
            update()
        else:
            with refused("InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes"):
                update()


def test_functions_can_be_listed_with_their_versions(here: World) -> None:
    """Publishing at creation and later; each version keeps its code."""
    here.functions.create_function(
        FunctionName="f",
        Role=here.role(),
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package()},
        Publish=True,
    )
    here.functions.update_function_code(FunctionName="f", ZipFile=package("handler = print"), Publish=True)
    listed = here.functions.list_functions(FunctionVersion="ALL")["Functions"]
    assert [one["Version"] for one in listed] == ["$LATEST", "1", "2"]
    for qualifier in ("1", "2", "$LATEST"):
        here.functions.invoke(FunctionName="f", Qualifier=qualifier)
    first, second, latest = (one.code.sha256 for one in here.effects.invocations)
    assert first != second == latest


def test_code_can_be_downloaded(here: World) -> None:
    """GetFunction and GetLayerVersion tell a location, which is signed; what is not signed stays closed."""
    here.function("f", here.role())
    here.functions.publish_version(FunctionName="f")
    here.functions.update_function_code(FunctionName="f", ZipFile=package("handler = print"))
    layer = here.functions.publish_layer_version(LayerName="l", Content={"ZipFile": package("x = 1")})
    told = [here.functions.get_function(FunctionName="f", **more) for more in ({}, {"Qualifier": "1"})]
    locations = [one["Code"]["Location"] for one in told]
    again = here.functions.get_layer_version(LayerName="l", VersionNumber=1)
    digests = [
        base64.b64encode(hashlib.sha256(_download(place)).digest()).decode()
        for place in (*locations, layer["Content"]["Location"], again["Content"]["Location"])
    ]
    assert digests == [
        *(one["Configuration"]["CodeSha256"] for one in told),
        layer["Content"]["CodeSha256"],
        layer["Content"]["CodeSha256"],
    ]
    for bad in (
        locations[0].replace("Signature=", "Signature=0"),
        locations[0].replace("Expires=", "Expires=9"),
        locations[0].partition("?")[0],
    ):
        with pytest.raises(HTTPError, match="403"):
            _download(bad)


def _download(location: str) -> bytes:
    with urlopen(location, timeout=10) as response:  # noqa: S310 - the control plane's own
        content: bytes = response.read()
        return content


def test_warm_environments_can_hear_of_changes(here: World) -> None:
    """New code, new configuration and deletion end them; the new code is what runs next."""
    here.function("f", here.role())
    here.functions.invoke(FunctionName="f")
    here.functions.update_function_code(FunctionName="f", ZipFile=package("handler = print"))
    here.functions.invoke(FunctionName="f")
    first, second = here.effects.invocations
    assert first.code.sha256 != second.code.sha256
    here.functions.update_function_configuration(FunctionName="f", Timeout=9)
    here.functions.delete_function(FunctionName="f")
    assert here.effects.changed_functions == [ARN] * 3
