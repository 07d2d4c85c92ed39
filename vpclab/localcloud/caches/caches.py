"""All caches of the local cloud, brought in line with the network's ElastiCache nodes after each change."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vpclab.localcloud.caches.cache_process import CacheProcess, CacheSpecification
from vpclab.localcloud.servers import Servers
from vpclab.network.model import Cache, Network

if TYPE_CHECKING:
    from vpclab.localcloud.namespace import NetworkNamespace

_LOG = logging.getLogger(__name__)

ENGINE = "valkey"


class Caches:
    """Starts and stops Valkey to match ``Network.caches``; returns at once, the work is done by threads.

    ``directory`` holds what nodes need while they exist. ``ready`` is told the ARN of a node that answers, from a
    thread of ours.
    """

    def __init__(self, directory: Path, ready: Callable[[str], None]) -> None:
        self._directory = directory
        self._ready = ready
        self._servers = Servers(directory, self._make)

    def reconcile(self, network: Network, namespaces: "Mapping[str, NetworkNamespace]") -> None:
        """Start what should run and does not, stop what runs and should not, restart what changed."""
        exist = {cache.network_interface_id for cache in network.caches}
        self._servers.reconcile(dict(_wanted(network, namespaces)), exist)

    def states(self) -> dict[str, str]:
        """Return how each node is, by ARN: ``starting``, ``available``, or ``failed: …`` with the cause."""
        return self._servers.states()

    def close(self) -> None:
        """Stop everything and remove the files. Safe to call twice."""
        self._servers.close()

    def _make(
        self, key: str, specification: CacheSpecification, predecessor: threading.Thread | None
    ) -> CacheProcess:
        return CacheProcess(
            specification, self._directory / key, partial(self._ready, specification.name), predecessor
        )


def _wanted(
    network: Network, namespaces: "Mapping[str, NetworkNamespace]"
) -> Iterator[tuple[str, CacheSpecification]]:
    addresses = {interface.id: interface.private_ip for interface in network.network_interfaces}
    for cache in network.caches:
        key = cache.network_interface_id
        namespace = namespaces.get(f"eni/{key}")
        if namespace is not None and key in addresses and _runs(cache):
            yield key, CacheSpecification(cache.arn, addresses[key], cache.port, namespace)


def _runs(cache: Cache) -> bool:
    if cache.engine != ENGINE:
        _LOG.error("cache %s: nothing answers for engine %s, only %s", cache.arn, cache.engine, ENGINE)
        return False
    return True
