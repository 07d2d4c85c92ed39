"""One request of the engine about one resource, as the functions of a row see it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from vpclab.toolchain.aws_plugin.clients import Clients
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.waiting import Patience

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """``inputs`` and ``tags`` are to be, the default tags included; ``state`` is what was there before."""

    clients: Clients
    service: str
    patience: Patience
    id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The Region of the resource: its own where it has one, else the provider's."""
        chosen = self.inputs.get("region") or self.state.get("region") or self.clients.configuration.region
        return str(chosen)

    @property
    def client(self) -> Any:  # noqa: ANN401 - boto3's clients have no types
        """The client of the row's service."""
        return self.clients.get(self.service, self.region)

    @property
    def account(self) -> str:
        """The number of the account."""
        return str(self.clients.get("sts").get_caller_identity()["Account"])

    def named(self, id_: str) -> "Call":
        """Return this call for the resource that ``id_`` names."""
        return replace(self, id=id_)

    def until(self, condition: Callable[[], T | None], what: str) -> T:
        """Wait for an answer that is not None; see :meth:`Patience.until`."""
        return self.patience.until(condition, what)

    def until_not_found(self, ask: Callable[[], Any]) -> None:
        """Wait until the service answers ``ask`` with ResourceNotFoundException: the resource is deleted."""

        def gone() -> bool | None:
            try:
                ask()
            except self.client.exceptions.ResourceNotFoundException:
                return True
            return None

        self.until(gone, f"{self.id} is deleted")

    def while_in_use(self, action: Callable[[], Any], codes: Collection[str] = ("DependencyViolation",)) -> None:
        """Do ``action`` again and again while AWS answers that something still depends on the resource.

        Interfaces of a deleted function, for one, outlive it by minutes, and the subnet and groups have to wait.
        """
        last = ""

        def attempt() -> bool | None:
            nonlocal last
            try:
                action()
            except self.client.exceptions.ClientError as refused:
                if refused.response["Error"]["Code"] not in codes:
                    raise
                last = refused.response["Error"]["Message"]
                return None
            return True

        try:
            self.until(attempt, f"{self.id} is free to be deleted")
        except AwsPluginError as given_up:
            raise AwsPluginError(f"{given_up}. AWS says: {last}") from None


def given(inputs: Mapping[str, Any], **parameters: str) -> dict[str, Any]:
    """Return API parameters: ``given(inputs, CidrBlock="cidrBlock")``; inputs that are left out stay out."""
    return {name: inputs[key] for name, key in parameters.items() if inputs.get(key) is not None}
