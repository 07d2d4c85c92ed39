"""How a target of a load balancer is, as DescribeTargetHealth says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """``state`` is ``initial``, ``healthy``, ``unhealthy``, …; a healthy one has no reason."""

    state: str
    reason: str = ""
    description: str = ""


INITIAL = TargetHealth("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
HEALTHY = TargetHealth("healthy")
NOT_IN_USE = TargetHealth(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
NOT_REGISTERED = TargetHealth("unused", "Target.NotRegistered", "Target is not registered to the target group")
INVALID_STATE = TargetHealth("unused", "Target.InvalidState", "Target is in the stopped state")
CHECK_DISABLED = TargetHealth(
    "unavailable", "Target.HealthCheckDisabled", "Health checks are not enabled for this target"
)
