"""What the control plane asks of the rest of the local cloud."""

from typing import Protocol

from vpclab.localcloud.lambda_runtime.invocation import Invocation, InvocationResult


class Effects(Protocol):
    """The world that an API call changes. Called from the thread of the request, holding no lock."""

    def network_changed(self) -> None:
        """Follow ``ControlPlane.network()``; the caller gets its answer only after this returns."""

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run a function; may raise ``InvocationRefused``."""

    def function_changed(self, function_arn: str) -> None:
        """End warm environments of a function that was updated or deleted."""

    def admin(self, path: str, query: dict[str, str]) -> dict[str, object] | None:
        """Answer one of the local cloud's own endpoints, ``/_vpclab/…``; None when there is no such one."""
