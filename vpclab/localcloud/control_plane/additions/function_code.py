"""A function's code: a .zip file that exists.

moto makes a function without code when the S3 object is missing, and takes any bytes for a .zip file. AWS: Lambda
API reference, FunctionCode; both are InvalidParameterValueException.
"""

import base64
import binascii
import io
import zipfile
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Moto

_PARTITION = "aws"


LARGEST_ZIPPED, LARGEST_UNZIPPED = 50 * 1024 * 1024, 250 * 1024 * 1024
"""Bytes of a package in a request, and unpacked with all layers ("Lambda quotas")."""
_LARGEST_REQUEST = 70167211
_EMPTY = "Uploaded file must be a non-empty zip"


def check_code(backend: Moto, code: Mapping[str, Any]) -> bytes:
    """Return the package; raise Lambda's error when it cannot be had or unzipped, or is too large."""
    if "ZipFile" in code and ("S3Bucket" in code or "S3Key" in code):
        raise InvalidParameterValueException(
            "Please do not provide other FunctionCode parameters when providing a ZipFile."
        )
    if "ZipFile" in code:
        package = _decoded(code["ZipFile"])
    elif "S3Bucket" in code and "S3Key" in code:
        package = _stored(backend, code)
    else:
        raise InvalidParameterValueException("Please provide a source for function code.")
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            is_empty = not archive.infolist()
        size = unzipped_size(package)
    except zipfile.BadZipFile:
        if not package:
            raise InvalidParameterValueException(_EMPTY) from None
        raise InvalidParameterValueException(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from None
    if is_empty:
        raise InvalidParameterValueException(_EMPTY)
    if "ZipFile" in code and len(package) > LARGEST_ZIPPED:
        raise ApiError(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {_LARGEST_REQUEST} bytes for this operation",
            413,
        )
    if size > LARGEST_UNZIPPED:
        raise InvalidParameterValueException(f"Unzipped size must be smaller than {LARGEST_UNZIPPED} bytes")
    return package


def as_zip_file(package: bytes) -> dict[str, str]:
    """Return the code of a request for moto, which would read the latest version of an S3 object."""
    return {"ZipFile": base64.b64encode(package).decode()}


def unzipped_size(package: bytes) -> int:
    """Bytes of all files in a .zip file, by its own directory."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _stored(backend: Moto, code: Mapping[str, Any]) -> bytes:
    store = s3_backends[backend.account_id][_PARTITION]
    try:
        found = store.get_object(code["S3Bucket"], code["S3Key"], code.get("S3ObjectVersion"))
    except MissingBucket:
        raise _not_found("NoSuchBucket", "The specified bucket does not exist") from None
    if found is None:
        raise _not_found("NoSuchKey", "The specified key does not exist.")
    return bytes(found.value)


def _not_found(code: str, message: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    )
