"""Invoke: from HTTP to the Lambda runtime and back, without moto's dispatch.

moto wants Docker, executes on DryRun, ignores a reserved concurrency of 0, and words errors differently. AWS:
Lambda API reference, Invoke. This is the only path of the API whose speed a user feels, hence its own short one.
"""

import base64
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends
from moto.ec2.models import ec2_backends

from vpclab.localcloud.control_plane.additions.execution_roles import ExecutionRoles
from vpclab.localcloud.control_plane.additions.function_interfaces import FunctionInterfaces, pairs_of
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.localcloud.control_plane.effects import Effects
from vpclab.localcloud.lambda_runtime.invocation import Archive, Invocation, InvocationRefused, InvocationResult

MOST_SYNCHRONOUS = 6 * 1024 * 1024
MOST_ASYNCHRONOUS = 1024 * 1024

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
_ARN = re.compile(
    r"(?:arn:aws:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([A-Za-z0-9_-]+)(?::([$\w-]+))?"
)
_MOST_ARCHIVES = 256
_TYPES = ("RequestResponse", "Event", "DryRun")
_SERVING = frozenset({"Active", "Inactive"})


class Invocations:
    """Answers Invoke. ``account_of`` tells whose call it is; ``region`` serves callers without one."""

    def __init__(  # noqa: PLR0913 - the places it brings together
        self,
        *,
        effects: Effects,
        roles: ExecutionRoles,
        interfaces: FunctionInterfaces,
        lock: threading.RLock,
        account_of: Callable[[ApiRequest], str],
        region: str,
    ) -> None:
        self._effects = effects
        self._roles = roles
        self._interfaces = interfaces
        self._lock = lock
        self._account_of = account_of
        self._region = region
        self._running: Counter[str] = Counter()
        self._archives: dict[str, Archive] = {}

    @staticmethod
    def concerns(request: ApiRequest) -> bool:
        """Whether this is an Invoke request."""
        return request.method == "POST" and _PATH.fullmatch(request.path) is not None

    def answer(self, request: ApiRequest) -> Response:
        """Invoke, and word the answer as the Lambda service does."""
        kind = request.environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind not in _TYPES:
            raise ApiError(
                "InvalidParameterValueException", f"X-Amz-Invocation-Type is {kind}: use one of {_TYPES}."
            )
        most = MOST_ASYNCHRONOUS if kind == "Event" else MOST_SYNCHRONOUS
        if len(request.body) > most:
            raise ApiError(
                "RequestEntityTooLargeException",
                f"Request must be smaller than {most} bytes for the InvokeFunction operation",
                413,
            )
        request_id = str(uuid.uuid4())
        headers = {"x-amzn-RequestId": request_id, "x-amzn-Remapped-Content-Length": "0"}
        with self._lock:
            function, invoked_arn = self._function(request)
            _check_state(function)
            if kind == "DryRun":
                return 204, headers, b""
            limit = function.reserved_concurrency
            key = unqualified_arn(function)
            if limit is not None and self._running[key] >= int(limit):
                raise ApiError("TooManyRequestsException", "Rate Exceeded.", 429)
            invocation = self._invocation(request, function, invoked_arn, kind, request_id)
            self._running[key] += 1
        try:
            result = self._effects.invoke(invocation)
        except InvocationRefused as refusal:
            raise ApiError(refusal.code, refusal.message, refusal.status) from None
        finally:
            with self._lock:
                self._running[key] -= 1
        return _response(result, headers, tail=request.environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail", kind=kind)

    def _function(self, request: ApiRequest) -> tuple[Any, str]:
        match = _PATH.fullmatch(request.path)
        given = unquote(match[1]) if match else ""
        named = _ARN.fullmatch(given)
        if named is None:
            raise ApiError("ValidationException", f"'{given}' is neither the name nor the ARN of a function.")
        region, account, name, own_qualifier = named.groups()
        caller = self._account_of(request)
        qualifier = own_qualifier or parse_qs(request.query).get("Qualifier", [None])[0]
        region = region or request.region or self._region
        arn = f"arn:aws:lambda:{region}:{account or caller}:function:{name}"
        invoked_arn = f"{arn}:{qualifier}" if qualifier else arn
        if account not in (None, caller):
            raise ApiError(
                "AccessDeniedException",
                f"User is not authorized to perform: lambda:InvokeFunction on resource: {invoked_arn} because no "
                "resource-based policy allows the lambda:InvokeFunction action (calls between accounts are not "
                "modelled by the local cloud)",
                403,
            )
        try:
            function = lambda_backends[caller][region].get_function(name, qualifier)
        except LambdaClientError:
            raise ApiError("ResourceNotFoundException", f"Function not found: {invoked_arn}", 404) from None
        except KeyError:
            raise ApiError("ResourceNotFoundException", f"Function not found: {invoked_arn}", 404) from None
        return function, invoked_arn

    def _invocation(
        self,
        request: ApiRequest,
        function: Moto,
        invoked_arn: str,
        kind: str,
        request_id: str,
    ) -> Invocation:
        name, region = function.function_name, function.region
        context = request.environ.get("HTTP_X_AMZ_CLIENT_CONTEXT")
        return Invocation(
            function_arn=unqualified_arn(function),
            role_arn=function.role,
            code=self._archive(function.code_sha_256, function.code_bytes),
            handler=function.handler,
            runtime=function.run_time,
            payload=request.body or b"{}",
            request_id=request_id,
            log_group=function.logs_group_name,
            version=str(function.version),
            invoked_arn=invoked_arn,
            timeout=float(function.timeout),
            memory_mb=int(function.memory_size),
            ephemeral_storage_mb=int(function.ephemeral_storage),
            layers=self._layers(function),
            environment={
                **function.environment_vars,
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                **self._roles.credentials(function.role, name, region),
            },
            interfaces=self._interfaces.of(pairs_of(function)),
            availability_zone_ids=self._zone_ids(function),
            invocation_type=kind,
            client_context=base64.b64decode(context).decode() if context else None,
            trace_id=request.environ.get("HTTP_X_AMZN_TRACE_ID"),
            maximum_retry_attempts=_retries(function),
        )

    def _zone_ids(self, function: Moto) -> dict[str | None, str]:
        """Return the zone of each interface; None stands for the VPC that AWS owns, in one zone here."""
        network = ec2_backends[function.account_id][function.region]
        zones: dict[str | None, str] = {None: network.describe_availability_zones()[0].zone_id}
        for interface_id in self._interfaces.of(pairs_of(function)):
            zones[interface_id] = network.enis[interface_id].subnet.availability_zone_id
        return zones

    def _archive(self, sha256: str, zip_file: bytes) -> Archive:
        """The same object for the same package, so that nothing downstream compares megabytes."""
        known = self._archives.get(sha256)
        if known is None:
            if len(self._archives) >= _MOST_ARCHIVES:  # packages come and go; the runtime keeps what it uses
                self._archives.clear()
            known = self._archives[sha256] = Archive(sha256, zip_file)
        return known

    def _layers(self, function: Moto) -> tuple[Archive, ...]:
        if not function.layers:
            return ()
        backend = lambda_backends[function.account_id][function.region]
        versions = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
        return tuple(self._archive(one.code_sha_256, one.code_bytes) for one in versions if one is not None)


def unqualified_arn(function: Moto) -> str:
    """Return the function's unqualified ARN."""
    return f"arn:aws:lambda:{function.region}:{function.account_id}:function:{function.function_name}"


def _check_state(function: Moto) -> None:
    if function.state not in _SERVING:
        raise ApiError(
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: "
            f"{function.state}",
            409,
        )


def _retries(function: Moto) -> int:
    for config in function.event_invoke_config:
        found = config.config.get("MaximumRetryAttempts")
        if found is not None:
            return int(found)
    return 2


def _response(result: InvocationResult, headers: dict[str, str], *, tail: bool, kind: str) -> Response:
    headers["X-Amz-Executed-Version"] = result.executed_version
    if result.function_error is not None:
        headers["X-Amz-Function-Error"] = result.function_error
    if kind == "Event":
        del headers["X-Amz-Executed-Version"]
        return result.status, headers, b""
    if tail:
        headers["X-Amz-Log-Result"] = base64.b64encode(result.log_tail).decode()
    headers["Content-Type"] = "application/json"
    return result.status, headers, result.payload
