"""moto in this process: imported without what instances need, started empty, called without a web framework.

Measured on two cores: importing moto's EC2 as it is takes 0.9 s and 60 MiB more than this, for a catalogue of
instance types and machine images that are not used here.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import importlib
import json
import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from vpclab.localcloud.control_plane.api_error import ApiError, Response, render
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.corrections import Moto

_LOG = logging.getLogger(__name__)
_OWN_CODE = f"{Path(__file__).parents[2]}{os.sep}"

_EVERY_CLOUD_USES = {
    "ec2": ("moto.ec2.responses", "EC2Response"),
    "iam": ("moto.iam.responses", "IamResponse"),
    "kms": ("moto.kms.responses", "KmsResponse"),
    "lambda": ("moto.awslambda.responses", "LambdaResponse"),
    "logs": ("moto.logs.responses", "LogsResponse"),
    "rds": ("moto.rds.responses", "RDSResponse"),
    "s3": ("moto.s3.responses", "S3Response"),
    "secretsmanager": ("moto.secretsmanager.responses", "SecretsManagerResponse"),
    "sts": ("moto.sts.responses", "TokenResponse"),
}
_FAR_ENDS = {
    # What functions call through NAT gateways and endpoints: loaded when first called.
    "athena": ("moto.athena.responses", "AthenaResponse"),
    "dynamodb": ("moto.dynamodb.responses", "DynamoHandler"),
    "elasticache": ("moto.elasticache.responses", "ElastiCacheResponse"),
    "elasticloadbalancing": ("moto.elbv2.responses", "ELBV2Response"),
    "glue": ("moto.glue.responses", "GlueResponse"),
    "kinesis": ("moto.kinesis.responses", "KinesisResponse"),
    "monitoring": ("moto.cloudwatch.responses", "CloudWatchResponse"),
    "sns": ("moto.sns.responses", "SNSResponse"),
    "sqs": ("moto.sqs.responses", "SQSResponse"),
    "ssm": ("moto.ssm.responses", "SimpleSystemManagerResponse"),
}
_RESPONSES = {**_EVERY_CLOUD_USES, **_FAR_ENDS}
_TABLE_STREAMS = ("moto.dynamodbstreams.responses", "DynamoDBStreamsHandler")
_TABLE_STREAMS_TARGET = "DynamoDBStreams_"

SERVICES = (*_RESPONSES, "xray")
"""The services that the local cloud has, by the names their signatures are scoped to; X-Ray is not moto's."""


def configure() -> None:
    """Set what moto reads from the environment when it is first imported; too late after that."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ.setdefault("MOTO_AMIS_PATH", str(Path(__file__).with_name("nat_images.json")))


def load() -> None:
    """Import moto. Idempotent; must come before any other import of moto for its savings to work."""
    configure()
    # The server's application would turn on account lookups over HTTP and Docker: never imported here.
    utils: Moto = importlib.import_module("moto.utilities.utils")
    whole = utils.load_resource

    def without_instance_types(resource: str) -> Moto:
        return {} if "instance_type" in resource else whole(resource)

    utils.load_resource = without_instance_types
    try:
        importlib.import_module("moto.ec2.models.instance_types")
    finally:
        utils.load_resource = whole
    _remember_method_names()


def warm_up() -> None:
    """Load what the first calls would wait for: service models and routers, about 0.6 s together."""
    get_service_router = importlib.import_module("moto.core.routing").get_service_router
    get_service_model = importlib.import_module("moto.core.utils").get_service_model
    for service, (module, _) in _EVERY_CLOUD_USES.items():
        importlib.import_module(module)
        get_service_model(service)
        get_service_router(service)


def reset() -> None:
    """Forget every account and Region.

    moto's own way makes each backend anew before it drops it, 0.1 s for each; only S3's has files to close.
    """
    known = importlib.import_module("moto.core.base_backend").BackendDict._instances
    for backends_of_service in known:
        if backends_of_service.service_name == "s3":
            for of_account in backends_of_service.values():
                of_account.reset()
        backends_of_service.clear()
    known.clear()


def call(request: ApiRequest, account: str) -> Response:  # noqa: PLR0911 - one for each way it ends
    """Have moto answer. Refusals are responses; what it has not implemented is ``UnsupportedOperation``."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - with moto, not before
    from werkzeug.exceptions import HTTPException  # noqa: PLC0415

    environ = request.environ
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    wrapped = _request_class()(environ)
    try:
        answer = _dispatch(request)(wrapped, wrapped.raw_url, dict(wrapped.headers))
    except ApiError as own:
        return render(own, request.service, request.protocol)
    except ClientError as error:
        details = error.response["Error"]
        return render(ApiError(details["Code"], details["Message"]), request.service, request.protocol)
    except HTTPException as error:
        body = str(error.description or "")
        if (told := _told_in_json(body)) is not None and request.protocol != "json":
            return render(told, request.service, request.protocol)
        return int(error.code or 500), dict(error.get_headers()), body.encode()
    except NotImplementedError as error:
        refusal = ApiError("UnsupportedOperation", f"The local cloud does not model this: {error}", 501)
        return render(refusal, request.service, request.protocol)
    except Exception as error:  # noqa: BLE001 - whatever it was, the client gets an answer in its own format
        _LOG.exception("moto failed at %s %s", request.service, request.action or request.path)
        return render(_failure(error, request), request.service, request.protocol)
    return _response(answer)


def _failure(error: Exception, request: ApiRequest) -> ApiError:
    """What a request failed of: what moto trips over is not modelled; what an addition does is a defect."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    kind = f"{type(error).__name__}: {error}"
    if frame is not None and frame.tb_frame.f_code.co_filename.startswith(_OWN_CODE):
        return ApiError("InternalFailure", f"The control plane failed: {kind}", 500)
    return ApiError(
        "UnsupportedOperation",
        f"The local cloud does not model this: {request.action or request.path} with what was asked ({kind}).",
        501,
    )


def _told_in_json(body: str) -> ApiError | None:
    """The error that moto words in JSON, whatever the protocol; None: the body is none."""
    try:
        told = json.loads(body)
        return ApiError(str(told["__type"]), str(told["message"]))
    except (ValueError, KeyError, TypeError):
        return None


def _response(answer: Moto) -> Response:
    status, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
    raw = body if isinstance(body, bytes) else str(body if body is not None else "").encode()
    clean = {str(name): str(value) for name, value in headers.items() if str(name).lower() != "status"}
    return int(status), clean, raw


@cache
def _request_class() -> Callable[[dict[str, Any]], Any]:
    from moto.core.request import Request  # noqa: PLC0415

    class ServedRequest(Request):  # type: ignore[misc]  # moto has no type information
        """A request that moto takes for one of its own server."""

        from_wsgi_server = True

    return ServedRequest


def _dispatch(request: ApiRequest) -> Callable[..., Any]:
    service, path = request.service, request.path
    module, name = _RESPONSES[service]
    if request.environ.get("HTTP_X_AMZ_TARGET", "").startswith(_TABLE_STREAMS_TARGET):
        module, name = _TABLE_STREAMS  # another API, signed for the same service
    response = getattr(importlib.import_module(module), name)
    if service != "s3":
        found: Callable[..., Any] = response.dispatch
        return found
    segments = path.lstrip("/").partition("/")
    if not segments[0] and not path.startswith("//"):
        kind = "bucket_dispatch"
    elif not segments[2] and not path.startswith("//"):
        kind = "ambiguous_dispatch"
    else:
        kind = "key_dispatch"
    chosen: Callable[..., Any] = getattr(response, kind)
    return chosen


def forget_method_names() -> None:
    """Have the lists of methods made anew: corrections added some, or took them away."""
    responses: Moto = importlib.import_module("moto.core.responses")
    responses.method_names_from_class.cache_clear()


def _remember_method_names() -> None:
    """List a response class's methods once; moto does on every call, which costs EC2 about 2 ms each time."""
    responses: Moto = importlib.import_module("moto.core.responses")
    if not hasattr(responses.method_names_from_class, "cache_info"):
        responses.method_names_from_class = cache(responses.method_names_from_class)
