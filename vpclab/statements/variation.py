"""What experiments do otherwise than the statements assume."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vpclab.statements.log_policy import AS_TYPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """The changes of configuration that flip verdicts on things that exist only for a moment.

    ``policies`` gives another policy's ARN in place of a managed policy's name; ``boundary`` is the ARN of a
    permissions boundary for every temporary role; ``log_policy`` is another text in place of the notes';
    ``interface_policies`` are ARNs of policies for the role that is to be refused interfaces;
    ``second_function_groups`` are security groups of its own for the second function with the same subnets.
    """

    policies: Mapping[str, str] = field(default_factory=dict)
    boundary: str | None = None
    log_policy: str = AS_TYPED
    interface_policies: tuple[str, ...] = ()
    second_function_groups: tuple[str, ...] = ()


AS_DOCUMENTED = Variation()
