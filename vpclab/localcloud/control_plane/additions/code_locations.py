"""Where packages can be downloaded: the Location that GetFunction and GetLayerVersion tell, good for ten minutes.

moto tells the address of a bucket that nobody has. AWS: API reference, FunctionCodeLocation and
LayerVersionContentOutput (a presigned URL, valid for 10 minutes). Callers from outside the cloud get it at the
endpoint that they called.
"""

import hmac
import json
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

from moto.awslambda.responses import LambdaResponse

from vpclab.localcloud.control_plane.additions import function_layers
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

VALID_SECONDS = 600
_MOST_KEPT = 64
_BUCKET = r"awslambda-[a-z0-9-]+-(?:tasks|layers)"
_PATH = re.compile(rf"(?:/{_BUCKET})?(/snapshots/\d{{12}}/[\w-]+)")
_ANY_PATH = re.compile(rf"/{_BUCKET}/snapshots/.*")
_HOST = re.compile(rf"{_BUCKET}\.s3\.")


class CodeLocations:
    """Makes locations and answers for them. ``now`` is in seconds since the epoch."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._packages: OrderedDict[str, bytes] = OrderedDict()

    def correct(self, corrections: Corrections) -> None:
        """Have the three calls that tell a location tell one of these."""
        corrections.wrap(LambdaResponse, "get_function", self._get_function)
        corrections.wrap(LambdaResponse, "get_layer_version", self._get_layer_version)
        corrections.wrap(LambdaResponse, "publish_layer_version", self._publish_layer_version)

        def by_arn(response: Moto) -> str:  # a function, so that it becomes a method
            return self._get_layer_version_by_arn(response)

        corrections.replace(LambdaResponse, "get_layer_version_by_arn", by_arn)

    @staticmethod
    def concerns(request: ApiRequest) -> bool:
        """Whether somebody wants a package."""
        host = request.environ.get("HTTP_HOST", "")
        named = _ANY_PATH.fullmatch(request.path) or _HOST.match(host)
        return request.method == "GET" and named is not None

    def answer(self, request: ApiRequest) -> Response:
        """Return the package, or S3's refusal."""
        found = _PATH.fullmatch(request.path)
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        expires, signature = query.get("Expires", ""), query.get("X-Amz-Signature", "")
        package = self._packages.get(found[1]) if found else None
        if found is None or not hmac.compare_digest(self._sign(found[1], expires), signature):
            raise ApiError("AccessDenied", "Access Denied", 403)
        if package is None or float(expires) < self._now():
            raise ApiError("AccessDenied", "Request has expired", 403)
        return 200, {"Content-Type": "application/zip"}, package

    def _get_function(self, plain: Moto, response: Moto) -> str:
        document: dict[str, Any] = json.loads(plain(response))
        configuration = document["Configuration"]
        name, version = configuration["FunctionName"], configuration["Version"]
        function = response.backend.get_function(name, version)
        location = self._location(response, "tasks", f"{name}-{version.strip('$')}", function)
        document["Code"] = {"RepositoryType": "S3", "Location": location}
        return json.dumps(document)

    def _get_layer_version(self, plain: Moto, response: Moto) -> str:
        return self._of_layer(response, plain(response))

    def _publish_layer_version(self, plain: Moto, response: Moto) -> Moto:
        status, headers, text = plain(response)
        return status, headers, self._of_layer(response, text)

    def _get_layer_version_by_arn(self, response: Moto) -> str:
        """GetLayerVersionByArn, which moto does not have."""
        arn = str(response.querystring.get("Arn", [""])[0])
        [version] = function_layers.found(response.backend, [arn])
        return self._of_layer(response, json.dumps(version.get_layer_version()))

    def _of_layer(self, response: Moto, text: str) -> str:
        document: dict[str, Any] = json.loads(text)
        [version] = function_layers.found(response.backend, [document["LayerVersionArn"]])
        name, number = version.name, version.version
        document["Content"]["Location"] = self._location(response, "layers", f"{name}-{number}", version)
        return json.dumps(document)

    def _location(self, response: Moto, bucket: str, name: str, package: Moto) -> str:
        region, account = response.backend.region_name, response.backend.account_id
        digest = sha256(package.code_bytes).hexdigest()[:32]
        path = f"/snapshots/{account}/{name}-{digest}"
        self._packages[path] = package.code_bytes
        self._packages.move_to_end(path)
        while len(self._packages) > _MOST_KEPT:
            self._packages.popitem(last=False)
        host = str(response.headers.get("Host", ""))
        bucket = f"awslambda-{region}-{bucket}"
        is_inside = host.partition(":")[0].endswith(".amazonaws.com")
        origin = f"https://{bucket}.s3.{region}.amazonaws.com" if is_inside else f"http://{host}/{bucket}"
        expires = str(int(self._now()) + VALID_SECONDS)
        return f"{origin}{path}?Expires={expires}&X-Amz-Signature={self._sign(path, expires)}"

    def _sign(self, path: str, expires: str) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), sha256).hexdigest()
