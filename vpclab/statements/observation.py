"""What was observed of one function: facts, without any opinion on what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class ProbeName(StrEnum):
    """What is observed of each variant: answers of the function, two of which are read from the API.

    ``cache`` and ``load_balancer`` are asked where the deployment has one.
    """

    INTERNET = "internet"
    RDS = "rds"
    CACHE = "cache"
    LOAD_BALANCER = "load_balancer"
    STS = "sts"
    S3 = "s3"
    SECRETSMANAGER = "secretsmanager"
    LOGS_PRINTED = "logs_printed"
    LOGS_API = "logs_api"
    INTERFACES = "interfaces"


class Outcome(StrEnum):
    """The probe's closed vocabulary, then the verifier's own words.

    ``logs_printed`` uses the probe's words: ``connected`` when the printed line arrived in CloudWatch Logs,
    ``timed_out`` when it had not before the deadline. ``interfaces`` uses the words for counts. ``error``
    means that the observation could not be made; it is never evidence of anything.
    """

    CONNECTED = "connected"
    NAME_NOT_RESOLVED = "name_not_resolved"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DENIED_BY_SERVICE = "denied_by_service"

    NONE = "none"
    ONE_PER_SUBNET = "one_per_subnet"
    SOME = "some"

    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A component that refused a packet.

    ``kind`` and ``component`` name it (``route-table``, ``rtb-…``); ``code`` is Reachability Analyzer's
    explanation code where one fits; ``returning`` is true when it refused the answer, not the request.
    """

    kind: str
    component: str
    code: str = ""
    reason: str = ""
    returning: bool = False

    def __str__(self) -> str:
        """Give kind, id and code in one line."""
        code = f" ({self.code})" if self.code else ""
        return f"{self.kind} {self.component}{code}{' on the way back' if self.returning else ''}"


NO_EVIDENCE: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Observation:
    """One probe's answer about one function.

    ``stage`` is the step that failed, if one did; ``error`` the failure in the library's words. ``evidence``
    holds JSON values. ``refused_by`` lists the components that the target named for this very flow.
    """

    outcome: Outcome
    evidence: Mapping[str, object] = field(default_factory=lambda: NO_EVIDENCE)
    stage: str | None = None
    error: str | None = None
    elapsed_seconds: float | None = None
    refused_by: tuple[Refusal, ...] = ()

    @property
    def reached(self) -> bool:
        """Whether the far service answered. A service that declined by its own rules was reached.

        A VPC endpoint's policy is no rule of the service: who is declined by it stands before the service.
        """
        if self.outcome is Outcome.DENIED_BY_SERVICE:
            return not self.declined_by_endpoint_policy
        return self.outcome is Outcome.CONNECTED

    @property
    def declined_by_endpoint_policy(self) -> bool:
        """Whether a VPC endpoint's policy said no, by the sentence in which AWS says so."""
        return "no VPC endpoint policy allows" in (self.error or "")

    def text(self, key: str) -> str:
        """Return one piece of evidence as text, empty where there is none."""
        return str(self.evidence.get(key, ""))

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that the name resolved to inside the function."""
        found = self.evidence.get("addresses", ())
        return tuple(str(address) for address in found) if isinstance(found, list | tuple) else ()
