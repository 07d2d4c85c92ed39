"""boto3 clients: one per service and Region, made when first needed."""

import os
import threading
from typing import TYPE_CHECKING, Any

from vpclab.toolchain.aws_plugin.endpoint import Configuration

if TYPE_CHECKING:
    from boto3.session import Session

CONNECTIONS = 64
"""As many requests can be under way to one service; the engine runs up to that many operations at once."""


class Clients:
    """Makes and keeps clients. They may be used by several threads, but have to be made by one at a time."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._clients: dict[tuple[str, str], Any] = {}

    def get(self, service: str, region: str | None = None) -> Any:  # noqa: ANN401 - boto3's clients have no types
        """Return the client of ``service`` in ``region``, by default the provider's."""
        key = (service, region or self.configuration.region)
        if key not in self._clients:
            with self._lock:
                if key not in self._clients:
                    self._clients[key] = self._make(*key)
        return self._clients[key]

    def _make(self, service: str, region: str) -> Any:  # noqa: ANN401 - see get
        endpoint = self.configuration.endpoint(service)
        if self._session is None:
            self._session = _session(self.configuration)
        from botocore.config import Config  # noqa: PLC0415 - see _session

        return self._session.client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            # A proxy from the environment would carry requests off this machine.
            config=Config(proxies={}, max_pool_connections=CONNECTIONS, retries={"mode": "standard"}),
        )


def _session(configuration: Configuration) -> "Session":
    # Nobody's real profile is to take part, not even by its Region or its endpoint.
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ.pop("AWS_PROFILE", None)
    from boto3.session import Session  # noqa: PLC0415 - the engine waits for the port, not for boto3

    return Session(
        aws_access_key_id=configuration.access_key,
        aws_secret_access_key=configuration.secret_key,
        aws_session_token=configuration.token,
        region_name=configuration.region,
    )
