"""The bounds that the service sets for itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds.

    ``initialisation``: how long an initialisation may take before it is started anew within the invocation's
    timeout. ``idle``: unused for so long, an environment ends. ``life``: so old, it gets no further invocation,
    as AWS replaces environments every few hours ("Lambda execution environment lifecycle"). ``environments``: so
    many exist at a time; one more answers TooManyRequestsException.
    """

    initialisation: float = 10.0
    idle: float = 300.0
    life: float = 2 * 3600.0
    environments: int = 128


DEFAULT_LIMITS = Limits()
