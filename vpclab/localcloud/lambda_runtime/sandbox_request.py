"""What the fork server is asked for: one sandbox with the runtime client, as JSON beside descriptors."""

import json
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass

FREEZE, THAW = signal.SIGUSR1, signal.SIGUSR2
"""What a sandbox's first process is sent; where both are pending, they come in this order (signal(7))."""
DESCRIPTORS = 5
"""With each request: the network namespace, and pipes for output, telemetry frames and the process's end; and,
where memory is bounded by a cgroup, the file to join it by."""


@dataclass(frozen=True, slots=True)
class SandboxRequest:
    """``code`` and ``layers`` are folder names inside the store of unpacked archives (``layers`` empty: none)."""

    code: str
    layers: str
    handler: str
    nameservers: tuple[str, ...]
    hostname: str
    memory_mb: int
    ephemeral_storage_mb: int
    environment: Mapping[str, str]

    def encode(self) -> bytes:
        """As one message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> "SandboxRequest":
        """From one message."""
        fields = json.loads(message)
        return cls(**{**fields, "nameservers": tuple(fields["nameservers"])})
