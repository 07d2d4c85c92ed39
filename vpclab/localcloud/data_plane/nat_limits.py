"""What a NAT gateway can hold, and for how long: AWS's numbers, or smaller ones to meet them in a test."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NatLimits:
    """Source: VPC guide, "NAT gateway basics".

    ``idle_seconds`` without a packet end a flow, whose next packet is answered by a reset. ``connections`` may be
    open at a time to one destination: address, port and protocol. ``first_port`` to ``last_port`` are the source
    ports that flows leave from.
    """

    idle_seconds: int = 350
    connections: int = 55_000
    first_port: int = 1024
    last_port: int = 65535
