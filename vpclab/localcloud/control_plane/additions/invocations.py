"""Invoke: from HTTP to the Lambda runtime and back, without moto's dispatch; and what the service itself invokes.

moto wants Docker, executes on DryRun, ignores a reserved concurrency of 0, and words errors differently. AWS:
Lambda API reference, Invoke. This is the only path of the API whose speed a user feels, hence its own short one.
"""

import base64
import json
import logging
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends
from moto.ec2.models import ec2_backends

from vpclab.localcloud.control_plane.additions.execution_roles import ExecutionRoles
from vpclab.localcloud.control_plane.additions.function_concurrency import reserved_concurrency
from vpclab.localcloud.control_plane.additions.function_interfaces import FunctionInterfaces, pairs_of
from vpclab.localcloud.control_plane.additions.function_layers import layers_of
from vpclab.localcloud.control_plane.additions.function_logging import logging_of
from vpclab.localcloud.control_plane.additions.function_names import check_qualifiers, check_region
from vpclab.localcloud.control_plane.additions.function_recursion import check_recursion
from vpclab.localcloud.control_plane.additions.function_versions import serving
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.localcloud.control_plane.effects import Effects
from vpclab.localcloud.control_plane.event_sources.asynchronous_invocations import QueuedEvent
from vpclab.localcloud.control_plane.event_sources.invocation_rate import REQUESTS_PER_UNIT, InvocationRate
from vpclab.localcloud.control_plane.event_sources.trace_header import TraceHeader
from vpclab.localcloud.lambda_runtime.invocation import Archive, Invocation, InvocationRefused, InvocationResult

_LOG = logging.getLogger(__name__)

MOST_SYNCHRONOUS = 6 * 1024 * 1024
MOST_ASYNCHRONOUS = 1024 * 1024

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
_ARN = re.compile(
    r"(?:arn:aws:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([A-Za-z0-9_-]+)(?::([$\w-]+))?"
)
_MOST_ARCHIVES = 256
_TYPES = ("RequestResponse", "Event", "DryRun")
_LOG_TYPES = ("None", "Tail")
_UNMODELLED = {
    "HTTP_X_AMZ_TENANT_ID": "tenant isolation",
    "HTTP_X_AMZ_DURABLE_EXECUTION_NAME": "durable executions",
}
_SERVING = frozenset({"Active", "Inactive"})


@dataclass(frozen=True, slots=True)
class _Call:
    """What a caller hands over with an invocation."""

    payload: bytes
    request_id: str
    client_context: str | None = None
    trace_id: str | None = None
    is_metered: bool = False
    """Whether the rate of invocations bounds it: what callers wait for; what is queued knows concurrency alone."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A function as it was named."""

    account: str
    region: str
    name: str
    qualifier: str | None

    @property
    def arn(self) -> str:
        """Its ARN, with the qualifier where one was given."""
        arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"
        return f"{arn}:{self.qualifier}" if self.qualifier else arn


class Invocations:
    """Answers Invoke. ``account_of`` tells whose call it is; ``region`` serves callers without one.

    ``queue`` takes asynchronous invocations.
    """

    def __init__(  # noqa: PLR0913 - the places it brings together
        self,
        *,
        effects: Effects,
        roles: ExecutionRoles,
        interfaces: FunctionInterfaces,
        lock: threading.RLock,
        account_of: Callable[[ApiRequest], str],
        region: str,
        queue: Callable[[QueuedEvent], None],
    ) -> None:
        self._effects = effects
        self._roles = roles
        self._interfaces = interfaces
        self._lock = lock
        self._account_of = account_of
        self._region = region
        self._queue = queue
        self._running: Counter[str] = Counter()
        self._rate = InvocationRate()
        self._archives: dict[str, Archive] = {}

    @staticmethod
    def concerns(request: ApiRequest) -> bool:
        """Whether this is an Invoke request."""
        return (
            request.service == "lambda" and request.method == "POST" and _PATH.fullmatch(request.path) is not None
        )

    def answer(self, request: ApiRequest) -> Response:
        """Invoke, and word the answer as the Lambda service does."""
        kind = _choice(request, "HTTP_X_AMZ_INVOCATION_TYPE", "invocationType", _TYPES)
        log_type = _choice(request, "HTTP_X_AMZ_LOG_TYPE", "logType", _LOG_TYPES)
        for header, what in _UNMODELLED.items():
            if header in request.environ:
                raise ApiError(
                    "UnsupportedOperation",
                    f"Invoke is refused by the local cloud: not modelled is {what}. See the fidelity table in "
                    "docs/local-cloud.md.",
                )
        size = len(request.body)
        if kind == "Event" and size > MOST_ASYNCHRONOUS:
            raise _too_large(
                f"{size} byte payload is too large for the Event invocation type (limit {MOST_ASYNCHRONOUS} bytes)"
            )
        if size > MOST_SYNCHRONOUS:
            raise _too_large(
                f"Request must be smaller than {MOST_SYNCHRONOUS} bytes for the InvokeFunction operation"
            )
        named = self._named(request)
        context = request.environ.get("HTTP_X_AMZ_CLIENT_CONTEXT")
        call = _Call(
            request.body or b"{}",
            str(uuid.uuid4()),
            base64.b64decode(context).decode() if context else None,
            request.environ.get("HTTP_X_AMZN_TRACE_ID"),
            is_metered=True,
        )
        headers = {"x-amzn-RequestId": call.request_id, "x-amzn-Remapped-Content-Length": "0"}
        if kind == "RequestResponse":
            result = self._run(named, call)
            return _response(result, headers, tail=log_type == "Tail")
        with self._lock:
            _check_state(self._function(named))
        if kind == "DryRun":
            return 204, headers, b""
        _check_json(call.payload)
        self._queue(
            QueuedEvent(
                function_arn=named.arn,
                payload=call.payload,
                request_id=call.request_id,
                client_context=call.client_context,
                trace_id=call.trace_id,
            )
        )
        return 202, headers, b""

    def run(self, function_arn: str, payload: bytes, trace_id: str | None = None) -> InvocationResult:
        """Run a function as the service does, and wait. ApiError: it could not run."""
        return self._run(_named_by(function_arn), _Call(payload, str(uuid.uuid4()), trace_id=trace_id))

    def run_event(self, event: QueuedEvent) -> InvocationResult:
        """Run a function with an event that was queued. ApiError: it could not run."""
        call = _Call(event.payload, event.request_id, event.client_context, event.trace_id)
        return self._run(_named_by(event.function_arn), call)

    def named(self, account: str, region: str, name: str) -> tuple[Moto, str]:
        """Return the function that an account calls by this name or ARN, and its ARN as named. ApiError: none."""
        found = _ARN.fullmatch(name)
        if found is None:
            raise ApiError("ValidationException", f"'{name}' is neither the name nor the ARN of a function.")
        named = _Named(found[2] or account, found[1] or region, found[3], found[4])
        if named.account != account:
            raise ApiError("ResourceNotFoundException", f"Function not found: {named.arn}", 404)
        return self._function(named), named.arn

    def function(self, function_arn: str) -> Moto | None:
        """Return the function or version with this ARN, with the lock held; None: there is none."""
        try:
            return self._function(_named_by(function_arn))
        except ApiError:
            return None

    def _run(self, named: _Named, call: _Call) -> InvocationResult:
        with self._place(named, call) as invocation:
            try:
                return self._effects.invoke(invocation)
            except InvocationRefused as refusal:
                if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
                    raise _throttled("ConcurrentInvocationLimitExceeded") from None
                raise ApiError(refusal.code, refusal.message, refusal.status) from None
            except Exception as defect:  # noqa: BLE001 - a caller, or a poller, must hear of it in the API's words
                _LOG.exception("%s could not be run", named.arn)
                raise ApiError("ServiceException", f"The function could not be run: {defect}", 500) from None

    @contextmanager
    def _place(self, named: _Named, call: _Call) -> Iterator[Invocation]:
        """Count the invocation against the function's reserved concurrency while it runs, and in its chain."""
        with self._lock:
            function = self._function(named)
            _check_state(function)
            limit, key = reserved_concurrency(function), unqualified_arn(function)
            header = TraceHeader.read(call.trace_id)
            check_recursion(function, key, header)
            if limit is not None and self._running[key] >= limit:
                raise _throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if call.is_metered and limit is not None and not self._rate.take(key, limit * REQUESTS_PER_UNIT):
                raise _throttled("ReservedFunctionInvocationRateLimitExceeded")
            invocation = self._invocation(function, named.arn, call, header.after(key))
            self._running[key] += 1
        try:
            yield invocation
        finally:
            with self._lock:
                self._running[key] -= 1
                if not self._running[key]:
                    del self._running[key]

    def _named(self, request: ApiRequest) -> _Named:
        match = _PATH.fullmatch(request.path)
        text = unquote(match[1]) if match else ""
        named = _ARN.fullmatch(text)
        if named is None:
            raise ApiError("ValidationException", f"'{text}' is neither the name nor the ARN of a function.")
        region, account, name, own_qualifier = named.groups()
        caller = self._account_of(request)
        given = parse_qs(request.query).get("Qualifier", [None])[0]
        check_qualifiers(own_qualifier, given)
        check_region(region, request.region)
        qualifier = own_qualifier or given
        return _Named(account or caller, region or request.region or self._region, name, qualifier)

    @staticmethod
    def _function(named: _Named) -> Moto:
        try:
            return serving(lambda_backends[named.account][named.region], named.name, named.qualifier)
        except (LambdaClientError, KeyError):
            raise ApiError("ResourceNotFoundException", f"Function not found: {named.arn}", 404) from None

    def _invocation(self, function: Moto, invoked_arn: str, call: _Call, header: TraceHeader) -> Invocation:
        name, region, log = function.function_name, function.region, logging_of(function)
        is_traced = (function.tracing_config or {}).get("Mode") == "Active"
        return Invocation(
            function_arn=unqualified_arn(function),
            role_arn=function.role,
            code=self._archive(function.code_sha_256, function.code_bytes),
            handler=function.handler,
            runtime=function.run_time,
            payload=call.payload,
            request_id=call.request_id,
            log_group=log["LogGroup"],
            log_format=log["LogFormat"],
            system_log_level=log.get("SystemLogLevel", "INFO"),
            application_log_level=log.get("ApplicationLogLevel", "INFO"),
            version=str(function.version),
            invoked_arn=invoked_arn,
            timeout=float(function.timeout),
            memory_mb=int(function.memory_size),
            ephemeral_storage_mb=int(function.ephemeral_storage),
            layers=tuple(self._archive(one.code_sha_256, one.code_bytes) for one in layers_of(function)),
            environment={
                **function.environment_vars,
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                **self._roles.credentials(function.role, name, region),
            },
            interfaces=self._interfaces.of(pairs_of(function)),
            availability_zone_ids=self._zone_ids(function),
            client_context=call.client_context,
            trace_id=str(header if is_traced else header.untraced()),
            is_traced=is_traced,
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


def unqualified_arn(function: Moto) -> str:
    """Return the function's unqualified ARN."""
    return f"arn:aws:lambda:{function.region}:{function.account_id}:function:{function.function_name}"


def _throttled(reason: str) -> ApiError:
    return ApiError("TooManyRequestsException", "Rate Exceeded.", 429, fields={"Reason": reason, "Type": "User"})


def _check_state(function: Moto) -> None:
    if function.state not in _SERVING:
        raise ApiError(
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: "
            f"{function.state}",
            409,
        )


def _too_large(text: str) -> ApiError:
    return ApiError("RequestEntityTooLargeException", text, 413)


def _named_by(function_arn: str) -> _Named:
    _, _, _, region, account, _, name, *qualifier = function_arn.split(":")
    return _Named(account, region, name, qualifier[0] if qualifier else None)


def _check_json(payload: bytes) -> None:
    try:
        json.loads(payload)
    except ValueError as error:
        raise ApiError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from None


def _choice(request: ApiRequest, header: str, name: str, choices: tuple[str, ...]) -> str:
    """Return what a header says, the first of its choices where it is absent; Lambda's error for any other."""
    chosen = str(request.environ.get(header, choices[0]))
    if chosen not in choices:
        raise ApiError(
            "ValidationException",
            f"1 validation error detected: Value '{chosen}' at '{name}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(choices)}]",
        )
    return chosen


def _response(result: InvocationResult, headers: dict[str, str], *, tail: bool) -> Response:
    headers["X-Amz-Executed-Version"] = result.executed_version
    if result.function_error is not None:
        headers["X-Amz-Function-Error"] = result.function_error
    if tail:
        headers["X-Amz-Log-Result"] = base64.b64encode(result.log_tail).decode()
    headers["Content-Type"] = "application/json"
    return result.status, headers, result.payload
