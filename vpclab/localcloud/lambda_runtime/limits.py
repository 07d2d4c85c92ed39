"""The bounds that the service sets for itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds.

    ``initialisation``: how long an initialisation may take before it is started anew within the invocation's
    timeout. ``idle``: unused for so long, an environment ends. ``environments``: so many exist at a time; one more
    answers TooManyRequestsException. ``retry_delays``: before each retry of an asynchronous invocation that
    ended in an error ("Error handling for an asynchronous invocation": one minute, then two).
    """

    initialisation: float = 10.0
    idle: float = 300.0
    environments: int = 64
    retry_delays: tuple[float, ...] = (60.0, 120.0)


DEFAULT_LIMITS = Limits()
