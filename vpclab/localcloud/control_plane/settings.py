"""What may be chosen about a local cloud."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Self

_PORTS = 1, 65_535
_BOUNDS: dict[str, tuple[int, int]] = {
    "concurrent_environments": (1, 10_000),
    "nat_gateway_idle_seconds": (1, 1_000_000),
    "nat_gateway_connections": (1, 1_000_000),
    "nat_gateway_first_port": _PORTS,
    "nat_gateway_last_port": _PORTS,
}
"""What the kernel can follow."""

_TIMES = 0, 31_536_000
"""The bounds of settings that have none of their own: a year."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``region`` and ``account`` serve callers that name none.

    ``interface_linger_seconds``: how long a Lambda interface stays after its last user is gone. AWS takes up to 20
    minutes (Lambda guide, configuration-vpc); the default here shows the behaviour without the wait.

    ``concurrent_environments``: so many execution environments exist at a time; one more is throttled. AWS lets an
    account have 1,000 at first.

    ``environment_idle_seconds`` and ``environment_life_seconds``: how long an execution environment waits for its
    next invocation, and how old it gets at most; AWS tells neither, and replaces environments every few hours.

    ``asynchronous_retry_seconds``: the wait before each retry of an asynchronous invocation that ended
    in an error of the function ("Error handling for an asynchronous invocation").

    ``authorization``: whether requests are held against policies. Off, whoever is authenticated may do everything;
    what services do with a role, or in their own name, is judged either way.

    ``nat_gateway_idle_seconds``, ``nat_gateway_connections`` (to one destination), ``nat_gateway_first_port`` and
    ``nat_gateway_last_port``: what NAT gateways can hold, by default as AWS's (VPC guide, "NAT gateway basics").
    """

    region: str = "us-east-1"
    account: str = "123456789012"
    interface_linger_seconds: float = 2.0
    concurrent_environments: int = 128
    environment_idle_seconds: float = 300.0
    environment_life_seconds: float = 7200.0
    asynchronous_retry_seconds: tuple[float, ...] = (60.0, 120.0)
    authorization: bool = True
    nat_gateway_idle_seconds: int = 350
    nat_gateway_connections: int = 55_000
    nat_gateway_first_port: int = 1024
    nat_gateway_last_port: int = 65535

    def with_assignments(self, assignments: Iterable[str]) -> Self:
        """Return these settings with numbers changed by ``name=value``.

        Raises:
            ValueError: there is no such setting, or the value is not one of its kind.
        """
        known: dict[str, Callable[[str], float]] = {
            one.name: int if isinstance(one.default, int) else float
            for one in fields(self)
            if isinstance(one.default, int | float) and not isinstance(one.default, bool)
        }
        changed: dict[str, float] = {}
        for assignment in assignments:
            name, _, value = assignment.partition("=")
            try:
                changed[name] = known[name](value)
            except KeyError:
                names = ", ".join(known)
                raise ValueError(
                    f"there is no setting {name!r} that can be given so: use one of {names}"
                ) from None
            except ValueError:
                raise ValueError(f"{assignment!r} is not understood: {name} is a number, as in {name}=5") from None
            least, most = _BOUNDS.get(name, _TIMES)
            if not least <= changed[name] <= most:  # also not a number at all: nan
                raise ValueError(f"{assignment!r} cannot be: {name} is from {least} to {most}")
        settings = replace(self, **changed)  # type: ignore[arg-type]  # of each field's own type, by the above
        if settings.nat_gateway_first_port > settings.nat_gateway_last_port:
            raise ValueError("nat_gateway_first_port is greater than nat_gateway_last_port")
        return settings
