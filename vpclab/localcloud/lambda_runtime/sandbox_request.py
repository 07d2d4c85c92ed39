"""What the fork server is asked for: one sandbox with the runtime client, as JSON beside descriptors."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

FREEZE, THAW = b"F", b"T"
"""What a sandbox's first process is told through a pipe of its own, which keeps their order and their number.

Signals would not: of two that are the same one is lost, and the function could send them, too.
"""
DESCRIPTORS = 6
"""With each request: the network namespace; pipes for output, telemetry frames, the process's end and what it is
told; and, where memory is bounded by a cgroup, the file to join it by."""


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
