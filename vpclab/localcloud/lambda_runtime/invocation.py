"""One invocation of a function, what comes back from it, and what the Lambda service asks of its surroundings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import socket

UNHANDLED = "Unhandled"
"""``X-Amz-Function-Error`` of a function that raised, timed out, exited or could not be initialised."""
TEXT, JSON = "Text", "JSON"
"""The formats that a LoggingConfig names."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A deployment package or layer version: the zip file and its SHA-256 (``CodeSha256``, Base64)."""

    sha256: str
    zip_file: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the Lambda service knows when it invokes a function (Lambda API reference, Invoke and CreateFunction).

    ``function_arn`` is unqualified, ``invoked_arn`` is what the caller named (``context.invoked_function_arn``;
    empty: the same as ``function_arn``). ``timeout`` is in seconds. ``environment`` holds the function's own
    variables and, from its execution role, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; the
    runtime adds the other variables that Lambda defines. ``interfaces`` are the network interfaces that it may
    run behind, one per subnet; empty means no VpcConfig. ``client_context`` is decoded JSON text. ``trace_id`` is
    the tracing header; ``is_traced`` says that the function's TracingConfig is Active. The log levels hold for
    ``log_format`` JSON alone.
    """

    function_arn: str
    role_arn: str
    code: Archive
    handler: str
    runtime: str
    payload: bytes
    request_id: str
    log_group: str
    log_format: str = TEXT
    system_log_level: str = "INFO"
    application_log_level: str = "INFO"
    version: str = "$LATEST"
    invoked_arn: str = ""
    timeout: float = 3.0
    memory_mb: int = 128
    ephemeral_storage_mb: int = 512
    layers: tuple[Archive, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    interfaces: tuple[str, ...] = ()
    availability_zone_ids: Mapping[str | None, str] = field(default_factory=dict)
    client_context: str | None = None
    trace_id: str | None = None
    is_traced: bool = False

    @property
    def function_name(self) -> str:
        """The name inside ``arn:aws:lambda:<region>:<account>:function:<name>``."""
        return self.function_arn.split(":")[6]

    @property
    def region(self) -> str:
        """The Region inside the function's ARN."""
        return self.function_arn.split(":")[3]


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """The response of Invoke: HTTP status, payload, and ``X-Amz-Function-Error``.

    ``log_tail`` is the last 4 KiB of the invocation's log, not yet Base64, for ``LogType=Tail``.
    """

    status: int
    payload: bytes
    function_error: str | None = None
    log_tail: bytes = b""
    executed_version: str = "$LATEST"


class InvocationRefused(Exception):  # noqa: N818 - it is what the service answers, not a defect
    """The service could not invoke the function: an error of the Invoke API, with its code and HTTP status."""

    def __init__(self, code: str, message: str, *, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An InputLogEvent of PutLogEvents: ``timestamp`` in milliseconds since the epoch."""

    timestamp: int
    message: str


class ShipLogs(Protocol):
    """Writes events to CloudWatch Logs with the permissions of the execution role.

    Makes the stream where it does not exist (the group as well, where the role may). Answers False when the
    role does not allow it: the events are then lost, as on AWS.
    """

    def __call__(
        self, *, function_arn: str, role_arn: str, log_group: str, log_stream: str, events: Sequence[LogEvent]
    ) -> bool:
        """Ship ``events``, which are in order of time."""


class PutTraceSegments(Protocol):
    """Sends segment documents to X-Ray with the permissions of the execution role; False: it does not allow it."""

    def __call__(self, *, function_arn: str, role_arn: str, documents: Sequence[str]) -> bool:
        """Send ``documents``."""


class Namespace(Protocol):
    """A network namespace that a process can enter by its file descriptor."""

    def bind_udp(self, address: str, port: int) -> "socket.socket":
        """Return a UDP socket of the namespace, bound."""

    def fileno(self) -> int:
        """The open file descriptor of the namespace."""


class ListeningSocket(Protocol):
    """A listening TCP socket."""

    def fileno(self) -> int:
        """The open file descriptor of the socket."""


class AttachedNetwork(Protocol):
    """The network of one execution environment, as the data plane made it.

    ``runtime_api`` listens on 169.254.100.1:9001 inside ``namespace``.
    """

    @property
    def namespace(self) -> Namespace:
        """Where the function's processes run."""

    @property
    def interface_id(self) -> str | None:
        """The interface it is behind; None: the VPC that AWS owns."""

    @property
    def nameservers(self) -> tuple[str, ...]:
        """Addresses for resolv.conf."""

    @property
    def runtime_api(self) -> ListeningSocket:
        """Where the Runtime API is served."""


class EnvironmentNetworks(Protocol):
    """The part of the data plane that execution environments need."""

    def attach_environment(self, interface_id: str | None) -> AttachedNetwork:
        """Make the network of a new execution environment."""

    def detach_environment(self, environment: Any) -> None:  # noqa: ANN401 - its own kind of AttachedNetwork
        """Take down what ``attach_environment`` of the same object returned."""
