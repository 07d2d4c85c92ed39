"""Who may invoke a function: every combination of the caller's policies and the function's, in two accounts."""

import json
from collections.abc import Callable

from botocore.exceptions import ClientError

from vpclab.statements.deployment import Deployment
from vpclab.statements.ending import Ending
from vpclab.statements.error import VerificationError
from vpclab.statements.experiments.attempt import attempt, settle
from vpclab.statements.experiments.workshop import Role, Workshop, allow, deny, document
from vpclab.statements.managed_policy import BASIC
from vpclab.statements.target import Target
from vpclab.statements.trial import Trial
from vpclab.statements.trial_name import InvokeTrial

INVOKE = "lambda:InvokeFunction"
ADDED = "added"
NO_SECOND_ACCOUNT = (
    "no second account was given, so nobody from another account could call; name a profile of another account"
)


def experiment(workshop: Workshop, deployment: Deployment) -> None:
    """Make a function and callers, and have them invoke it while its resource policy changes."""
    name = workshop.function("invoked", workshop.role("invoked", managed=[BASIC.name]), deployment.function_name)
    function = _Function(workshop, name)
    _within_the_account(workshop, function)
    second = workshop.target.in_second_account()
    if second is None:
        for trial in (t for t in InvokeTrial if t.name.startswith("CROSS")):
            workshop.trials[trial] = Trial(trial.value, Ending.ERROR, message=NO_SECOND_ACCOUNT)
    else:
        _across_accounts(workshop, function, second)
    _whole_policy(workshop, function)


class _Function:
    """The function that callers invoke."""

    def __init__(self, workshop: Workshop, name: str) -> None:
        self._workshop = workshop
        self.name = name
        self.service = workshop.target.client("lambda")
        self.arn = str(self.service.get_function_configuration(FunctionName=name)["FunctionArn"])

    def admit(self, role: Role) -> Callable[[], object]:
        """Name the role in the resource policy; returns what takes it out again."""
        self.service.add_permission(FunctionName=self.name, StatementId=ADDED, Action=INVOKE, Principal=role.arn)
        return lambda: self.service.remove_permission(FunctionName=self.name, StatementId=ADDED)

    def statement_ids(self) -> list[str]:
        """Return the ids of the resource policy's statements."""
        try:
            policy = json.loads(self.service.get_policy(FunctionName=self.name)["Policy"])
        except ClientError as failure:
            if failure.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise
        return [str(statement.get("Sid")) for statement in policy["Statement"]]

    def invoked_by(self, caller: Target, trial: InvokeTrial, wanted: Ending) -> None:
        """Have a caller invoke the function, and note how it ends."""

        def call() -> None:
            answer = caller.client("lambda").invoke(FunctionName=self.arn, Payload=json.dumps({"probes": {}}))
            if answer.get("FunctionError"):
                raise VerificationError(f"the function failed: {answer['Payload'].read()[:200]!r}")

        what = trial.partition("/")[2]
        self._workshop.trials[trial] = settle(self._workshop.target, wanted, lambda: attempt(what, call))


def _within_the_account(workshop: Workshop, function: _Function) -> None:
    permitted = workshop.role("permitted", allowing=[allow(INVOKE, function.arn)])
    bare = workshop.role("bare")
    forbidden = workshop.role("forbidden", allowing=[deny(INVOKE, function.arn)])
    by_permitted, by_bare, by_forbidden = map(workshop.session, (permitted, bare, forbidden))
    function.invoked_by(by_permitted, InvokeTrial.SAME_IDENTITY, Ending.DONE)
    function.invoked_by(by_bare, InvokeTrial.SAME_NEITHER, Ending.DENIED)
    for role, caller, trial, wanted in (
        (bare, by_bare, InvokeTrial.SAME_RESOURCE, Ending.DONE),
        (permitted, by_permitted, InvokeTrial.SAME_BOTH, Ending.DONE),
        (forbidden, by_forbidden, InvokeTrial.SAME_IDENTITY_DENY, Ending.DENIED),
    ):
        withdraw = function.admit(role)
        function.invoked_by(caller, trial, wanted)
        withdraw()


def _across_accounts(workshop: Workshop, function: _Function, second: Target) -> None:
    permitted = workshop.role("permitted-elsewhere", allowing=[allow(INVOKE, function.arn)], home=second)
    bare = workshop.role("bare-elsewhere", home=second)
    by_permitted, by_bare = workshop.session(permitted), workshop.session(bare)
    withdraw = function.admit(permitted)
    function.invoked_by(by_permitted, InvokeTrial.CROSS_BOTH, Ending.DONE)
    withdraw()
    function.invoked_by(by_permitted, InvokeTrial.CROSS_IDENTITY, Ending.DENIED)
    function.invoked_by(by_bare, InvokeTrial.CROSS_NEITHER, Ending.DENIED)
    withdraw = function.admit(bare)
    function.invoked_by(by_bare, InvokeTrial.CROSS_RESOURCE, Ending.DENIED)
    withdraw()


def _whole_policy(workshop: Workshop, function: _Function) -> None:
    """Put a policy with a deny over what AddPermission had added; the newer API of 2026."""
    denied = workshop.role("denied", allowing=[allow(INVOKE, function.arn)])
    caller = workshop.session(denied)
    function.admit(denied)
    what = InvokeTrial.WHOLE_POLICY.partition("/")[2]
    policy = document(deny(INVOKE, function.arn, Sid="whole", Principal={"AWS": denied.arn}))
    workshop.trials[InvokeTrial.WHOLE_POLICY] = settle(
        workshop.target,
        Ending.DONE,
        lambda: attempt(
            what, lambda: function.service.put_resource_policy(ResourceArn=function.arn, Policy=policy)
        ),
    )
    what = InvokeTrial.OVERWRITTEN.partition("/")[2]
    if workshop.trials[InvokeTrial.WHOLE_POLICY].ending is not Ending.DONE:
        return
    ending = Ending.ABSENT if ADDED in function.statement_ids() else Ending.DONE
    workshop.trials[InvokeTrial.OVERWRITTEN] = Trial(what, ending)
    function.invoked_by(caller, InvokeTrial.SAME_RESOURCE_DENY, Ending.DENIED)
