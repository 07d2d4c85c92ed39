"""The local cloud put together: the API, and the kernel, the far ends, the databases and functions that follow it.

Runs inside a private world (``private_world.spawn``). Everything here is wiring; each part is usable by itself.
"""

import logging
import os
import socket
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vpclab import __version__
from vpclab.localcloud.caches import Caches
from vpclab.localcloud.control_plane import ControlPlane, Settings
from vpclab.localcloud.control_plane.server import WsgiServer
from vpclab.localcloud.data_plane import DataPlane, NatLimits
from vpclab.localcloud.databases import Databases
from vpclab.localcloud.far_ends import CertificateAuthority, FarEnds
from vpclab.localcloud.flow_log import FlowLog
from vpclab.localcloud.lambda_runtime import LambdaRuntime
from vpclab.localcloud.lambda_runtime.limits import Limits
from vpclab.localcloud.load_balancers import LoadBalancers
from vpclab.localcloud.memory_cgroup import CloudCgroup
from vpclab.localcloud.network_refusal import Refusals
from vpclab.localcloud.reconciliation import Reconciliation

if TYPE_CHECKING:
    from vpclab.localcloud.lambda_runtime import Invocation, InvocationResult

_LOG = logging.getLogger(__name__)

_DEFAULT_SETTINGS = Settings()


class Cloud:
    """A serving local cloud. ``listening`` is the API's socket; ``state`` the directory for everything on disk.

    ``cgroups`` bound the memory of functions; ``memory_bound`` says it for ``status``, and why there are none.
    """

    def __init__(
        self,
        listening: socket.socket,
        state: Path,
        settings: Settings = _DEFAULT_SETTINGS,
        cgroups: CloudCgroup | None = None,
        memory_bound: str = "",
    ) -> None:
        self._settings = settings
        self._memory_bound = memory_bound or (cgroups.description if cgroups else "polling")
        self._started = time.time()
        self._flow_log = FlowLog()
        self._reconciliation = Reconciliation(self._reconcile)
        with ExitStack() as undo:
            authority = CertificateAuthority(state / "certificates")
            self._control_plane = ControlPlane(self, settings)
            undo.callback(self._control_plane.close)
            self._data_plane = DataPlane(
                self._flow_log.record,
                nat_limits=NatLimits(
                    settings.nat_gateway_idle_seconds,
                    settings.nat_gateway_connections,
                    settings.nat_gateway_first_port,
                    settings.nat_gateway_last_port,
                ),
            )
            undo.callback(self._data_plane.close)
            self._far_ends = FarEnds(self._control_plane.application, authority)
            undo.callback(self._far_ends.close)
            self._databases = Databases(
                state / "databases",
                authority,
                self._control_plane.database_credentials,
                self._control_plane.database_ready,
                settings=self._control_plane.database_settings,
                stopped=self._control_plane.database_stopped,
            )
            undo.callback(self._databases.close)
            self._caches = Caches(state / "caches", self._control_plane.cache_ready)
            undo.callback(self._caches.close)
            self._load_balancers = LoadBalancers(
                self._control_plane.target_health, self._control_plane.invoke_target
            )
            undo.callback(self._load_balancers.close)
            self._lambda_runtime = LambdaRuntime(
                self._data_plane,
                self._control_plane.put_log_events,
                authority.bundle,
                state / "functions",
                Limits(
                    idle=settings.environment_idle_seconds,
                    life=settings.environment_life_seconds,
                    environments=settings.concurrent_environments,
                ),
                put_trace_segments=self._control_plane.put_trace_segments,
                cgroups=cgroups,
            )
            undo.callback(self._lambda_runtime.close)
            undo.callback(self._control_plane.stop_events)  # before the functions that it would feed
            self._reconciliation.request()
            self._server = WsgiServer(listening, self._control_plane.application).start()
            undo.callback(self._server.close)
            self._undo = undo.pop_all()

    def close(self) -> None:
        """End the API first, then functions, databases, far ends and networks."""
        self._undo.close()

    # What the control plane needs from the rest of the cloud (control_plane.Effects):

    def network_changed(self) -> None:
        """Have the kernel and the far ends follow the API before the caller gets its answer."""
        self._reconciliation.request()

    def invoke(self, invocation: "Invocation") -> "InvocationResult":
        """Run a function."""
        return self._lambda_runtime.invoke(invocation)

    def function_changed(self, function_arn: str) -> None:
        """End warm environments of a function whose code or configuration is no longer what they run."""
        self._lambda_runtime.function_changed(function_arn)

    def admin(self, path: str, query: dict[str, str]) -> dict[str, object] | None:
        """Answer the cloud's own endpoints under ``/_vpclab/``; None for one that does not exist."""
        if path == "/_vpclab/health":
            return {
                "status": "serving",
                "version": __version__,
                "isolates_network": True,
                "authorizes": self._settings.authorization,
                "pid": os.getpid(),
            }
        if path == "/_vpclab/drops":
            return {"drops": self._flow_log.since(float(query.get("since", "0")), query.get("interface"))}
        if path == "/_vpclab/status":
            return self._status()
        return None

    def _status(self) -> dict[str, object]:
        network = self._control_plane.network()
        return {
            "version": __version__,
            "started": self._started,
            "settings": asdict(self._settings),
            "namespaces": sorted(self._data_plane.namespaces()),
            "vpcs": [vpc.id for vpc in network.vpcs],
            "databases": self._databases.states(),
            "caches": self._caches.states(),
            "functions": self._lambda_runtime.status(),
            "memory_bound": self._memory_bound,
        }

    def _reconcile(self) -> None:
        network, unread = self._control_plane.read_network()
        refusals = Refusals(unread)
        with refusals:
            self._data_plane.reconcile(network)
        namespaces = self._data_plane.namespaces()
        for part in (self._far_ends, self._databases, self._caches, self._load_balancers):
            with refusals:
                part.reconcile(network, namespaces)
        refusals.raise_all()
