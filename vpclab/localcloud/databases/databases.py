"""All databases of the local cloud, brought in line with the network's RDS instances after each change."""

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vpclab.localcloud.control_plane.database_settings import DatabaseSettings
from vpclab.localcloud.databases import template
from vpclab.localcloud.databases.configuration import force_ssl
from vpclab.localcloud.databases.database_process import (
    Certificates,
    DatabaseProcess,
    DatabaseSpecification,
    Surroundings,
)
from vpclab.localcloud.servers import Servers
from vpclab.network.model import DatabaseInstance, Network

if TYPE_CHECKING:
    from vpclab.localcloud.control_plane.database_credentials import DatabaseCredentials
    from vpclab.localcloud.namespace import NetworkNamespace

_LOG = logging.getLogger(__name__)

ENGINE = "postgres"
_STOPPING = "stopping"
_NOT_RUNNING = frozenset({_STOPPING, "stopped", "deleting", "deleted"})


class Databases:
    """Starts and stops PostgreSQL to match ``Network.databases``; returns at once, the work is done by threads.

    ``directory`` holds the instances' data while they exist. ``credentials`` gives an instance's master user,
    ``ready`` is told when an instance accepts connections; both are called with its ARN, from threads of ours.
    ``stopped`` is told when the server of an instance that is stopping has ended. ``settings`` gives what a server
    is told besides; without it, what is the default of the engine version. ``cache`` keeps the template of data
    directories.
    """

    def __init__(  # noqa: PLR0913 - what connects it to the API, each by itself
        self,
        directory: Path,
        authority: Certificates,
        credentials: "Callable[[str], DatabaseCredentials]",
        ready: Callable[[str], None],
        cache: Path | None = None,
        *,
        settings: Callable[[str], DatabaseSettings] | None = None,
        stopped: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._directory = directory
        self._authority = authority
        self._credentials = credentials
        self._ready = ready
        self._stopped = stopped
        self._settings = settings or self._default_settings
        self._engine_versions: dict[str, str] = {}
        self._cache = cache or template.cache_directory()
        self._servers = Servers(directory, self._make)

    def reconcile(self, network: Network, namespaces: "Mapping[str, NetworkNamespace]") -> None:
        """Start what should run and does not, stop what runs and should not, restart what changed."""
        exist = {instance.network_interface_id for instance in network.databases}
        self._engine_versions = {instance.arn: instance.engine_version for instance in network.databases}
        self._servers.reconcile(dict(self._wanted(network, namespaces)), exist)
        for instance in network.databases:
            if instance.status == _STOPPING:
                self._servers.when_ended(instance.network_interface_id, partial(self._stopped, instance.arn))

    def states(self) -> dict[str, str]:
        """Return how each instance is, by ARN: ``starting``, ``available``, or ``failed: …`` with the cause."""
        return self._servers.states()

    def close(self) -> None:
        """Stop everything and remove the data. Safe to call twice."""
        self._servers.close()

    def _wanted(
        self, network: Network, namespaces: "Mapping[str, NetworkNamespace]"
    ) -> "list[tuple[str, DatabaseSpecification]]":
        addresses = {interface.id: interface.private_ip for interface in network.network_interfaces}
        found = []
        for instance in network.databases:
            key = instance.network_interface_id
            namespace = namespaces.get(f"eni/{key}")
            if namespace is None or key not in addresses or not _runs(instance):
                continue
            try:
                boots = self._settings(instance.arn).boots
            except KeyError:
                continue  # deleted meanwhile: the next reconciliation does not see it
            place = (addresses[key], instance.port, namespace)
            found.append((key, DatabaseSpecification(instance.arn, instance.endpoint_address, *place, boots)))
        return found

    def _default_settings(self, arn: str) -> DatabaseSettings:
        return DatabaseSettings(force_ssl(self._engine_versions[arn]), 0)

    def _make(
        self, key: str, specification: DatabaseSpecification, predecessor: threading.Thread | None
    ) -> DatabaseProcess:
        surroundings = Surroundings(
            directory=self._directory / key,
            cache=self._cache,
            authority=self._authority,
            credentials=partial(self._credentials, specification.name),
            settings=partial(self._settings, specification.name),
            ready=partial(self._ready, specification.name),
        )
        return DatabaseProcess(specification, surroundings, predecessor)


def _runs(instance: DatabaseInstance) -> bool:
    if instance.engine != ENGINE:
        _LOG.error("database %s: nothing answers for engine %s, only %s", instance.arn, instance.engine, ENGINE)
        return False
    return bool(instance.endpoint_address) and instance.status not in _NOT_RUNNING
