"""The AWS API of the local cloud: one WSGI application, and what the rest of the cloud asks it."""

import json
import logging
import re
import threading
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import parse_qsl, unquote_to_bytes

from vpclab.localcloud.control_plane.api_error import ApiError, Response, render
from vpclab.localcloud.control_plane.api_request import ApiRequest, is_reading
from vpclab.localcloud.control_plane.database_credentials import DatabaseCredentials
from vpclab.localcloud.control_plane.database_settings import DatabaseSettings
from vpclab.localcloud.control_plane.effects import Effects
from vpclab.localcloud.control_plane.event_sources.trace_header import carrying
from vpclab.localcloud.control_plane.settings import Settings
from vpclab.localcloud.control_plane.target_health import TargetHealth
from vpclab.localcloud.network_refusal import NetworkRefusal, name_in
from vpclab.localcloud.request_source import ENVIRON_KEY

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import StartResponse, WSGIEnvironment

    from vpclab.localcloud.lambda_runtime.invocation import LogEvent
    from vpclab.network.model import Network

_LOG = logging.getLogger(__name__)

_ADMIN = "/_vpclab/"
_NETWORK_SERVICES = frozenset({"ec2", "rds", "lambda", "elasticache", "elasticloadbalancing"})
_DEFAULT_SETTINGS = Settings()
_IDENTIFIER = re.compile(rb"\b[a-z]+-[0-9a-f]{8,}\b")
_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*")
_PREFIX_LIST_CALLS = "ManagedPrefixList"


class ControlPlane:
    """moto, corrected, behind ``application``. Starts empty.

    There is one per process at a time, because moto's state is the process's: making another one closes the
    first. ``close`` gives the process plain moto back.
    """

    current: ClassVar["ControlPlane | None"] = None
    """The open one, if any."""

    _warm: ClassVar[bool] = False

    def __init__(self, effects: Effects, settings: Settings = _DEFAULT_SETTINGS) -> None:
        from vpclab.localcloud.control_plane import moto_process  # noqa: PLC0415 - the heavy part, wanted here

        if ControlPlane.current is not None:
            ControlPlane.current.close()
        ControlPlane.current = self
        moto_process.load()
        moto_process.reset()
        from vpclab.localcloud.control_plane.corrected_moto import CorrectedMoto  # noqa: PLC0415 - needs moto

        self._effects = effects
        self._settings = settings
        self._lock = threading.RLock()
        self._moto = CorrectedMoto(settings, effects, self._lock)
        if not ControlPlane._warm:
            ControlPlane._warm = True
            threading.Thread(target=moto_process.warm_up, name="warm up moto", daemon=True).start()

    def close(self) -> None:
        """Undo the corrections and end what waits for its time. Safe to call twice."""
        if ControlPlane.current is self:
            ControlPlane.current = None
            self._moto.close()

    def stop_events(self) -> None:
        """Feed no function any more, while the API still answers. Safe to call twice."""
        self._moto.event_sources.close()

    def __enter__(self) -> Self:
        """Return this control plane, open."""
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def application(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if environ["PATH_INFO"].startswith(_ADMIN) and ENVIRON_KEY not in environ:  # inside, there is only AWS
            status, headers, body = self._admin(environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        else:
            request = ApiRequest.read(environ)
            try:
                with carrying(environ.get("HTTP_X_AMZN_TRACE_ID")):
                    status, headers, body = self._answer(request)
            except ApiError as error:
                status, headers, body = render(error, request.service, request.protocol)
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = ""
        start_response(f"{status} {phrase}", list(headers.items()))
        return [body]

    def network(self) -> "Network":
        """Return the whole inventory, of every account and Region, consistent in itself."""
        with self._lock:
            network, _ = self._moto.network()
            return network

    def read_network(self) -> "tuple[Network, NetworkRefusal | None]":
        """Return the inventory, and which VPCs, or what in them, are in it as they were: they cannot be read."""
        with self._lock:
            return self._moto.network()

    def database_ready(self, identifier: str) -> None:
        """Make the RDS instance with this identifier or ARN ``available``. Unknown ones are ignored: deleted."""
        with self._lock:
            self._moto.databases.ready(identifier)

    def database_credentials(self, identifier: str) -> DatabaseCredentials:
        """Return the master user of the RDS instance with this identifier or ARN. KeyError: there is none."""
        with self._lock:
            return self._moto.databases.credentials(identifier)

    def database_stopped(self, identifier: str) -> None:
        """Make the RDS instance with this identifier or ARN ``stopped``, if it is stopping."""
        with self._lock:
            self._moto.databases.stopped(identifier)

    def database_settings(self, identifier: str) -> DatabaseSettings:
        """Return what an RDS instance's server is told, by identifier or ARN. KeyError: there is none."""
        with self._lock:
            return self._moto.databases.settings(identifier)

    def cache_ready(self, arn: str) -> None:
        """Make the ElastiCache node with this ARN ``available``. Unknown ones are ignored: deleted."""
        with self._lock:
            self._moto.caches.ready(arn)

    def target_health(self, target_group_arn: str, target_id: str, health: TargetHealth) -> None:
        """Note what a load balancer's health check found of a target."""
        with self._lock:
            self._moto.target_groups.report(target_group_arn, target_id, health)

    def invoke_target(self, target_group_arn: str, function_arn: str, payload: bytes) -> bytes | None:
        """Run a function for a load balancer and return what it returned.

        None: its resource policy does not let the load balancer, or it could not run, or it failed.
        """
        with self._lock:
            if not self._moto.target_groups.may_invoke(target_group_arn, function_arn):
                return None
        try:
            result = self._moto.invocations.run(function_arn, payload)
        except ApiError:
            return None
        return result.payload if result.function_error is None else None

    def put_log_events(
        self,
        *,
        function_arn: str,
        role_arn: str,
        log_group: str,
        log_stream: str,
        events: "Sequence[LogEvent]",
    ) -> bool:
        """Ship a function's log with its role's permissions; False when they do not suffice (nothing is kept)."""
        with self._lock:
            return self._moto.log_shipping.put(
                function_arn=function_arn,
                role_arn=role_arn,
                log_group=log_group,
                log_stream=log_stream,
                events=events,
            )

    def put_trace_segments(self, *, function_arn: str, role_arn: str, documents: "Sequence[str]") -> bool:
        """Send a function's segments with its role's permissions; False when they do not suffice."""
        with self._lock:
            return self._moto.trace_shipping.put(function_arn=function_arn, role_arn=role_arn, documents=documents)

    def _admin(self, path: str, query: str) -> Response:
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._effects.admin(path, dict(parse_qsl(query)))
        except ValueError as error:
            return 400, headers, json.dumps({"error": f"{path}?{query} is not understood: {error}"}).encode()
        if answer is None:
            known = "the local cloud has /_vpclab/health, /_vpclab/status and /_vpclab/drops"
            return 404, headers, json.dumps({"error": f"there is no {path}: {known}"}).encode()
        return 200, headers, json.dumps(answer, default=str).encode()

    def _answer(self, request: ApiRequest) -> Response:
        moto = self._moto
        if moto.code_locations.concerns(request):
            return moto.code_locations.answer(request)
        moto.authenticator.caller(request)
        if moto.invocations.concerns(request):
            moto.authorize(request, "Invoke")
            return moto.invocations.answer(request)
        request.check_document()
        action = moto.action(request)
        moto.authorize(request, action)
        moto.unmodelled.refuse(request, action)
        moto.check(request, action)
        moto.dry_runs.answer(request, action)
        request = moto.canonical_ranges.canonical(request)
        long_polling = moto.event_sources.long_polling
        if long_polling.concerns(request, action):
            region = request.region or self._settings.region
            return long_polling.answer(request, moto.account(request), region, lambda: self._call(request, action))
        with self._lock:
            response = moto.call(request, action)
            if response[0] >= HTTPStatus.BAD_REQUEST or is_reading(action):
                return response
            begun, changed = moto.functions.begin_settling()
        try:
            if request.service in _NETWORK_SERVICES:
                self._follow(request, action, response)
            for arn in changed:
                self._effects.function_changed(arn)
        finally:
            with self._lock:
                moto.functions.settle(begun)
        moto.event_sources.changed(request.service, action)
        return response

    def _call(self, request: ApiRequest, action: str) -> Response:
        with self._lock:
            return self._moto.call(request, action)

    def _follow(self, request: ApiRequest, action: str, response: Response) -> None:
        """Let the world follow a change before its caller hears that it was made."""
        try:
            self._effects.network_changed()
        except NetworkRefusal as refusal:
            identifiers = _identifiers(request, response)
            causes = refusal.concerning(identifiers, identifiers if _PREFIX_LIST_CALLS in action else frozenset())
            _LOG.warning("after %s: %s", action, refusal)
            if causes:
                raise ApiError(
                    "InternalError",
                    f"{action} was recorded, but the network could not follow: "
                    f"{'; '.join(f'{vpc_id}: {cause}' for vpc_id, cause in causes.items())}. Until that is mended "
                    "the packets go as before; other VPCs are not concerned.",
                    500,
                ) from None
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller must not take it for success
            _LOG.exception("%s %s was recorded, but the network could not follow", request.service, action)
            raise ApiError(
                "InternalError",
                f"{action} was recorded, but the local cloud's network could not follow it: {error}. Its log has "
                "the rest.",
                500,
            ) from None


def _identifiers(request: ApiRequest, response: Response) -> frozenset[str]:
    """What a request and its answer name: identifiers of EC2 as they are, names in other services with theirs."""
    texts = unquote_to_bytes(request.body), unquote_to_bytes(request.query), response[2]
    found = {one.decode() for text in texts for one in _IDENTIFIER.findall(text)}
    if request.service != "ec2":
        found |= {name_in(request.service, one.decode()) for text in texts for one in _NAME.findall(text)}
    return frozenset(found)
