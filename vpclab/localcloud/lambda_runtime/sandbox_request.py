"""What the fork server is asked for: one sandbox with the runtime client, as JSON beside four descriptors."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

DESCRIPTORS = 4
"""With each request: the network namespace, and pipes for output, telemetry frames and the process's end."""


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
