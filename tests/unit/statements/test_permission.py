"""Judgement on what was tried under known permissions."""

from dataclasses import replace

import pytest

from tests.unit.statements import recorded
from tests.unit.statements.recorded import evidence
from tests.unit.statements.recorded_trials import absent, denied, done, rejected
from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.catalogue import CATALOGUE, statement
from vpclab.statements.denial import EXPLICIT, IDENTITY, RESOURCE
from vpclab.statements.ending import Ending
from vpclab.statements.evidence import Evidence
from vpclab.statements.managed_policy import DYNAMODB, KINESIS, MANAGED_POLICIES, SQS, ManagedPolicy
from vpclab.statements.observation import ProbeName, Refusal
from vpclab.statements.opinion import Status
from vpclab.statements.permission import denied as is_denied
from vpclab.statements.statement import Verdict
from vpclab.statements.trial import Trial
from vpclab.statements.trial_name import (
    BucketTrial,
    FeedTrial,
    InterfaceTrial,
    InvokeTrial,
    LogPolicyTrial,
    MappingTrial,
    NatInstanceTrial,
    RoleTrial,
)
from vpclab.statements.variant import DEFAULT, ENDPOINTS, PRIVATE_NAT_INSTANCE, PUBLIC
from vpclab.statements.verdict import Judgement, judge

PERMISSIONS = [
    (entry.id, variant)
    for entry in CATALOGUE
    if Capability.AUTHORIZATION in entry.needs
    for variant in entry.cases
]


SUBJECTS = ("feed/", "upload/", "trace/", KINESIS.name, DYNAMODB.name)
"""What begins so was tried with the functions that only statements about permissions speak of."""


def with_trials(variant: str, *trials: dict[str, Trial]) -> Evidence:
    """Return complete evidence but for these trials."""
    material = evidence(variant)
    found = dict(material.trials)
    for some in trials:
        found |= some
    return replace(material, trials=found)


def verdict(identifier: str, material: Evidence) -> Judgement:
    return judge(statement(identifier), material)


class TestFlips:
    """What makes each statement come out otherwise."""

    @pytest.mark.parametrize(
        ("identifier", "trial"),
        [
            ("C1", RoleTrial.BEFORE),
            ("C1", RoleTrial.REVOKED),
            ("C1", RoleTrial.ONLY_CODE_DENIED),
            ("C10", InvokeTrial.CROSS_IDENTITY),
            ("C10", InvokeTrial.SAME_RESOURCE_DENY),
            ("C11", InvokeTrial.SAME_NEITHER),
            ("C11", InvokeTrial.SAME_IDENTITY_DENY),
            ("C13", BucketTrial.UNPERMITTED),
            ("C13", BucketTrial.OTHER_ACCOUNT),
            ("C13", BucketTrial.REMOVED),
            ("C8", MappingTrial.REFUSED),
        ],
    )
    def test_a_refusal_that_did_not_happen_can_refute(self, identifier: str, trial: str) -> None:
        """What should be refused was done."""
        assert verdict(identifier, with_trials(DEFAULT, done(trial))).verdict is Verdict.REFUTED

    @pytest.mark.parametrize("policy", MANAGED_POLICIES.values(), ids=lambda policy: policy.name)
    def test_a_managed_policy_can_grant_too_much_or_too_little(self, policy: ManagedPolicy) -> None:
        """One action more or less, and one call allowed or denied, refute what is documented of it."""
        identifier = next(entry.id for entry in CATALOGUE if entry.sentence.startswith(policy.name))
        complete, material = evidence(DEFAULT).managed_policies, evidence(DEFAULT)
        for actions in (policy.actions | {"iam:PassRole"}, policy.actions - {policy.allowed[0]}):
            changed = replace(material, managed_policies={**complete, policy.name: actions})
            assert verdict(identifier, changed).verdict is Verdict.REFUTED
        allowed = with_trials(DEFAULT, done(policy.trial(policy.refused[0])))
        assert verdict(identifier, allowed).verdict is Verdict.REFUTED
        missing = with_trials(DEFAULT, denied(policy.trial(policy.allowed[-1])))
        assert verdict(identifier, missing).verdict is Verdict.REFUTED

    def test_c9_can_be_refuted_by_a_shared_role(self) -> None:
        """Both functions and the role are named."""
        shared = replace(evidence(PUBLIC), function_roles={"one": "role", "two": "role", "three": "other"})
        judgement = verdict("C9", shared)
        assert judgement.verdict is Verdict.REFUTED
        assert judgement.observed == "one and two share role"

    def test_c9_cannot_be_asked_of_one_function(self) -> None:
        """It is an error, and which setting brings the others is said."""
        judgement = verdict("C9", replace(evidence(PUBLIC), function_roles={"one": "role"}))
        assert judgement.verdict is Verdict.ERROR
        assert "set vpclab:permissionSubjects to true, and `vpclab up public`" in judgement.observed

    def test_statements_of_subjects_cannot_be_asked_without_them(self) -> None:
        """A setting leaves them out: attached variants are not asked, and what needs no subject still is."""
        roles = {"one": "role"}
        without = replace(evidence(PUBLIC), has_subjects=False, trials={}, function_roles=roles)
        for identifier in ("C8", "C9", "C13"):
            judgement = verdict(identifier, without)
            assert judgement.verdict is Verdict.NOT_ASKED
            assert judgement.as_expected
            assert "vpclab:permissionSubjects is false" in judgement.observed
        left = {name: trial for name, trial in evidence(DEFAULT).trials.items() if not name.startswith(SUBJECTS)}
        for identifier in ("C3", "C4", "C7", "C8", "C13"):
            default = verdict(identifier, replace(evidence(DEFAULT), has_subjects=False, trials=left))
            assert default.verdict is Verdict.HOLDS, default.observed
            assert "permissionSubjects" in default.observed

    def test_c9_cannot_be_told_from_roles_that_were_not_read(self) -> None:
        """That is another error, with the reason for it, and no setting mends it."""
        unread = replace(evidence(PUBLIC), function_roles={}, problems=("listing roles: no such function",))
        judgement = verdict("C9", unread)
        assert judgement.verdict is Verdict.ERROR
        assert judgement.observed == "the execution roles could not be read; listing roles: no such function"

    def test_c12_can_hold_where_one_policy_is_enough(self) -> None:
        """That is what the notes lead to when they are read as general."""
        either = with_trials(DEFAULT, done(InvokeTrial.CROSS_IDENTITY, InvokeTrial.CROSS_RESOURCE))
        assert verdict("C12", either).verdict is Verdict.HOLDS

    def test_c14_can_hold_where_the_typed_text_is_taken(self) -> None:
        """An IAM that takes it as typed makes the notes right."""
        assert verdict("C14", with_trials(DEFAULT, done(LogPolicyTrial.AS_TYPED))).verdict is Verdict.HOLDS

    def test_c19_can_be_refuted_by_a_function_that_was_made(self) -> None:
        """A role for logs only that is accepted."""
        assert verdict("C19", with_trials(PUBLIC, done(InterfaceTrial.WITHOUT))).verdict is Verdict.REFUTED

    def test_c8_can_be_refuted_by_the_role(self) -> None:
        """A record that did not come counts where the role is known to hold it back."""
        role = Refusal("execution-role", "consumer", reason="no identity-based policy allows sqs:ReceiveMessage")
        judgement = verdict("C8", with_trials(ENDPOINTS, absent(FeedTrial.SQS, role)))
        assert (judgement.verdict, judgement.refused_by) == (Verdict.REFUTED, (role,))

    def test_c23_can_be_refuted_by_a_nat_instance_that_forwards_all_the_same(self) -> None:
        """With its check on nothing may come through."""
        forwarded = with_trials(PRIVATE_NAT_INSTANCE, done(NatInstanceTrial.CHECKED))
        assert verdict("C23", forwarded).verdict is Verdict.REFUTED

    def test_c1_can_be_refuted_by_another_identity(self) -> None:
        """A session of another role, or of another function."""
        other = recorded.connected(recorded.STS, arn="arn:aws:sts::1:assumed-role/other/probe")
        judgement = verdict("C1", recorded.observing(ENDPOINTS, ProbeName.STS, other))
        assert judgement.verdict is Verdict.REFUTED


class TestDoubts:
    """What makes a negative worth nothing."""

    def test_a_record_that_did_not_come_cannot_count_without_a_cause(self) -> None:
        """It may be late."""
        assert verdict("C8", with_trials(ENDPOINTS, absent(FeedTrial.SQS))).verdict is Verdict.ERROR

    @pytest.mark.parametrize(("identifier", "variant"), PERMISSIONS)
    def test_a_target_without_authorisation_cannot_pass(self, identifier: str, variant: str) -> None:
        """``not enforced here``, whatever was observed."""
        enforcement = {**recorded.ALL_ENFORCED, Capability.AUTHORIZATION: Enforcement.NOT_ENFORCED}
        judgement = verdict(identifier, replace(evidence(variant), enforcement=enforcement))
        assert judgement.verdict is Verdict.NOT_ENFORCED
        assert "allows what no policy allows" in judgement.observed

    def test_a_denial_cannot_count_without_its_control(self) -> None:
        """Where nobody is allowed, a denial shows nothing."""
        nobody = with_trials(DEFAULT, denied(InvokeTrial.SAME_IDENTITY))
        condition = is_denied("", InvokeTrial.SAME_NEITHER, by=IDENTITY, controls=[InvokeTrial.SAME_IDENTITY])
        assert condition(nobody).status is Status.UNKNOWN

    def test_a_denial_by_somebody_else_can_contradict(self) -> None:
        """The kind of policy, and whether it denied explicitly, are part of the expectation."""
        condition = is_denied("", InvokeTrial.SAME_NEITHER, by=IDENTITY)
        for kind, code in ((RESOURCE, "implicit deny"), (IDENTITY, EXPLICIT)):
            opinion = condition(with_trials(DEFAULT, denied(InvokeTrial.SAME_NEITHER, kind, code)))
            assert opinion.status is Status.CONTRADICTED

    def test_a_denial_without_a_name_can_count_only_where_nobody_names_any(self) -> None:
        """A target that says who refuses has to say it here, too."""
        trial = Trial("a call", Ending.DENIED, "AccessDenied", "Access Denied")
        nameless = with_trials(DEFAULT, {InvokeTrial.SAME_NEITHER: trial})
        condition = is_denied("", InvokeTrial.SAME_NEITHER, by=IDENTITY)
        assert condition(nameless).status is Status.UNKNOWN
        assert condition(replace(nameless, names_components=False)).status is Status.MET

    @pytest.mark.parametrize("code", ["ThrottlingException", "UnsupportedOperation"])
    def test_another_refusal_cannot_pass_for_a_denial(self, code: str) -> None:
        """What was declined for another reason is neither allowed nor denied."""
        for trial in (InvokeTrial.SAME_NEITHER, InvokeTrial.SAME_IDENTITY):
            material = with_trials(DEFAULT, rejected(trial, code))
            assert verdict("C11", material).verdict is Verdict.ERROR

    def test_another_rejection_cannot_pass_for_the_expected_one(self) -> None:
        """The code, and the words, have to be those of the statement."""
        other = with_trials(
            DEFAULT, rejected(MappingTrial.REFUSED, "InvalidParameterValueException", "Unrecognized")
        )
        assert verdict("C8", other).verdict is Verdict.ERROR

    def test_a_missing_second_account_can_be_told(self) -> None:
        """The cases across accounts are errors that say so."""
        crossing = [name for name in InvokeTrial if name.name.startswith("CROSS")]
        error: dict[str, Trial] = {
            name: Trial(name, Ending.ERROR, message="no second account was given") for name in crossing
        }
        judgement = verdict("C12", with_trials(DEFAULT, error))
        assert judgement.verdict is Verdict.ERROR
        assert "no second account was given" in judgement.observed
        assert verdict("C11", with_trials(DEFAULT, error)).verdict is Verdict.HOLDS

    def test_an_experiment_that_ended_early_can_say_why(self) -> None:
        """Its reason stands in the verdicts that it would have served."""
        failed = replace(evidence(DEFAULT), trials={}, failures={SQS.name: "the role could not be made"})
        judgement = verdict("C5", failed)
        assert judgement.verdict is Verdict.ERROR
        assert "the role could not be made" in judgement.observed
        assert "the role could not be made" not in verdict("C4", failed).observed

    def test_a_target_that_is_not_deployed_cannot_be_missed(self) -> None:
        """C16 is about the database alone where the stack has no cache and no load balancer."""
        absent_targets = frozenset({ProbeName.CACHE, ProbeName.LOAD_BALANCER})
        material = replace(
            evidence(PUBLIC),
            absent_targets=absent_targets,
            observations={
                probe: found
                for probe, found in evidence(PUBLIC).observations.items()
                if probe not in absent_targets
            },
        )
        judgement = verdict("C16", material)
        assert judgement.verdict is Verdict.HOLDS
        assert "the cache is not deployed" in judgement.observed
