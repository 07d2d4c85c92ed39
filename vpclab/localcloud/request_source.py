"""Where a request to the control plane came from, as the network saw it."""

from dataclasses import dataclass

ENVIRON_KEY = "vpclab.source"

SIGNED_HOST_KEY = "vpclab.signed_host"
"""The key of the environ under which whoever rewrites Host leaves the one that the client sent, and signed."""


@dataclass(frozen=True, slots=True)
class RequestSource:
    """Facts for ``aws:SourceIp``, ``aws:VpcSourceIp``, ``aws:SourceVpc`` and ``aws:SourceVpce``.

    ``address`` is the source address of the TCP connection at the far end; ``vpc_id`` and ``endpoint_id``
    are set when the request came through a VPC endpoint.
    """

    address: str
    vpc_id: str | None = None
    endpoint_id: str | None = None
