"""Conditions on execution roles: who a function is, what its managed policy allows, and that it shares none."""

from collections import Counter
from collections.abc import Iterable

from vpclab.statements.denial import IDENTITY
from vpclab.statements.evidence import Evidence
from vpclab.statements.managed_policy import ManagedPolicy
from vpclab.statements.observation import Outcome, ProbeName
from vpclab.statements.opinion import Condition, Opinion, contradicted, met, not_asked, unknown
from vpclab.statements.permission import denied, done

FEWEST_FUNCTIONS = 2


def is_its_role(evidence: Evidence) -> Opinion:
    """Expect STS to tell the function that it is a session of its execution role, named after the function."""
    observation = evidence.observations.get(ProbeName.STS)
    if observation is None or observation.outcome is not Outcome.CONNECTED:
        outcome = observation.error or observation.outcome if observation else "not asked"
        return unknown(f"who the function is: {outcome}")
    arn = observation.text("arn")
    if not arn:
        return unknown("STS did not tell who the function is")
    if arn.rpartition(":")[2] != f"assumed-role/{evidence.role_name}/{evidence.function_name}":
        return contradicted(f"the function is {arn}, no session of {evidence.role_name}")
    return met(f"the function is {arn.rpartition(':')[2]}")


def grants_what_is_documented(policy: ManagedPolicy) -> Condition:
    """Expect the policy's default version to allow exactly the documented actions, on everything."""

    def condition(evidence: Evidence) -> Opinion:
        found = evidence.managed_policies.get(policy.name)
        if found is None:
            return unknown(f"{policy.name} could not be read")
        more, less = found - policy.actions, policy.actions - found
        if more or less:
            said = [f"also {', '.join(sorted(more))}"] if more else []
            said += [f"not {', '.join(sorted(less))}"] if less else []
            return contradicted(f"it grants {' and '.join(said)}")
        return met(f"it grants the {len(found)} documented actions")

    return condition


def is_good_for(policy: ManagedPolicy) -> tuple[Condition, Condition]:
    """Expect a role with nothing but the policy to be allowed what it is for, and nothing beyond it."""
    allowed = [policy.trial(action) for action in policy.allowed]
    return (
        done(f"with it alone: {', '.join(map(_verb, policy.allowed))}", *allowed),
        denied(
            f"not {', '.join(policy.refused)}",
            *(policy.trial(action) for action in policy.refused),
            by=IDENTITY,
            controls=allowed[:1],
        ),
    )


def shares_no_role(evidence: Evidence) -> Opinion:
    """Expect each function of the deployment to have a role of its own."""
    roles = evidence.function_roles
    if not evidence.has_subjects:
        return not_asked(
            "vpclab:permissionSubjects is false, so the stack has one function, which can share no role"
        )
    if not roles:
        return unknown("the execution roles could not be read")
    if len(roles) < FEWEST_FUNCTIONS:
        return unknown(
            "the deployment has one function, which can share no role: set vpclab:permissionSubjects to true, and "
            f"`vpclab up {evidence.variant}`"
        )
    shared = {role: sorted(f for f, own in roles.items() if own == role) for role in _repeated(roles.values())}
    if shared:
        said = [f"{' and '.join(functions)} share {role}" for role, functions in shared.items()]
        return contradicted("; ".join(said))
    return met(f"{len(roles)} functions, {len(set(roles.values()))} roles")


def _repeated(roles: Iterable[str]) -> list[str]:
    return [role for role, times in Counter(roles).items() if times > 1]


def _verb(action: str) -> str:
    return action.partition(":")[2]
