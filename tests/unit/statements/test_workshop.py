"""What experiments make for a moment, and that all of it goes again."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpclab.statements.ending import Ending
from vpclab.statements.error import VerificationError
from vpclab.statements.experiments.attempt import attempt, settle
from vpclab.statements.experiments.workshop import Workshop, allow
from vpclab.statements.managed_policy import BASIC
from vpclab.statements.target import Target
from vpclab.statements.variation import AS_DOCUMENTED, Variation


def names(target: Target) -> set[str]:
    return {role["RoleName"] for role in target.client("iam").list_roles()["Roles"]}


def a_policy(target: Target, name: str = "any") -> str:
    document = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}}'
    made = target.client("iam").create_policy(PolicyName=name, PolicyDocument=document)
    return str(made["Policy"]["Arn"])


def test_what_was_made_cannot_stay(emulator: Target) -> None:
    """Roles with attached and inline policies, and queues, go in the order that services ask for."""
    policy = a_policy(emulator)
    with Workshop(emulator, AS_DOCUMENTED) as workshop:
        role = workshop.role("role", managed=[policy], allowing=[allow("sqs:SendMessage")])
        url = workshop.queue("queue")
        assert role.name in names(emulator)
        assert workshop.run in url
    assert workshop.problems == []
    assert role.name not in names(emulator)
    assert "QueueUrls" not in emulator.client("sqs").list_queues()


def test_what_was_made_cannot_stay_after_a_failure(emulator: Target) -> None:
    """An experiment that fails midway leaves nothing either."""

    def fail() -> None:
        with Workshop(emulator, AS_DOCUMENTED) as workshop:
            workshop.role("role")
            raise VerificationError("midway")

    with pytest.raises(VerificationError, match="midway"):
        fail()
    assert names(emulator) == set()


def test_what_cannot_be_undone_can_be_told(emulator: Target) -> None:
    """The rest is undone all the same."""
    with Workshop(emulator, AS_DOCUMENTED) as workshop:
        kept = workshop.role("kept")
        workshop.role("other")
        emulator.client("iam").attach_role_policy(RoleName=kept.name, PolicyArn=a_policy(emulator))
    (problem,) = workshop.problems
    assert problem.startswith(f"role {kept.name} is left: ")
    assert names(emulator) == {kept.name}


def test_a_policy_can_stand_in_place_of_a_managed_one(emulator: Target) -> None:
    """The variation decides what is attached under a managed policy's name."""
    other = a_policy(emulator, "other")
    with Workshop(emulator, Variation(policies={BASIC.name: other})) as workshop:
        role = workshop.role("role", managed=[BASIC.name])
        attached = emulator.client("iam").list_attached_role_policies(RoleName=role.name)["AttachedPolicies"]
        assert [policy["PolicyArn"] for policy in attached] == [other]


def _raise(code: str, message: str = "") -> None:
    raise ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("DryRunOperation", Ending.DONE),
        ("AccessDeniedException", Ending.DENIED),
        ("UnauthorizedOperation", Ending.DENIED),
        ("MalformedPolicyDocument", Ending.REJECTED),
    ],
)
def test_a_services_answer_can_become_an_ending(code: str, ending: Ending) -> None:
    """Denied only where a permission was missing."""
    assert attempt("a call", lambda: _raise(code)).ending is ending


def test_a_call_that_could_not_be_made_cannot_be_an_ending() -> None:
    """It is an error, which is never evidence."""

    def fail() -> None:
        raise VerificationError("there is no message to go on with")

    trial = attempt("a call", fail)
    assert (trial.ending, trial.message) == (Ending.ERROR, "there is no message to go on with")


def test_a_change_can_be_waited_for_where_it_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On AWS a call is tried until the change has come through; on this machine once."""
    monkeypatch.setattr("vpclab.statements.experiments.attempt.POLL_SECONDS", 0.0)
    answers = iter(["AccessDenied", "AccessDenied", "DryRunOperation"] * 2)

    def trying() -> Any:  # noqa: ANN401
        return attempt("a call", lambda: _raise(next(answers)))

    aws, local = Target(None, region="us-east-1"), Target.local("http://127.0.0.1:9")
    assert settle(aws, Ending.DONE, trying).ending is Ending.DONE
    assert settle(local, Ending.DONE, trying).ending is Ending.DENIED
