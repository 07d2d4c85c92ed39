"""One test per statement and variant: observed with real packets, as documented, with complete evidence."""

import pytest

from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.denial import EXPLICIT, IDENTITY, IMPLICIT, RESOURCE
from vpclab.statements.ending import Ending
from vpclab.statements.managed_policy import MANAGED_POLICIES, ManagedPolicy
from vpclab.statements.observation import Observation, Outcome, ProbeName
from vpclab.statements.report import Report
from vpclab.statements.statement import Statement, Verdict
from vpclab.statements.trial_name import FeedTrial, InvokeTrial, NatInstanceTrial, RoleTrial, UploadTrial
from vpclab.statements.variant import (
    ATTACHED,
    DEFAULT,
    ENDPOINTS,
    PRIVATE_NAT,
    PRIVATE_NAT_INSTANCE,
    PUBLIC,
    VARIANTS,
)

CASES = [
    pytest.param(entry, variant, id=f"{entry.id}-{variant}") for entry in CATALOGUE for variant in entry.cases
]

YES, NO = Outcome.CONNECTED, Outcome.TIMED_OUT

TRUTH_TABLE = {
    ProbeName.INTERNET: {DEFAULT: YES, PRIVATE_NAT: YES, PUBLIC: NO, ENDPOINTS: NO},
    ProbeName.RDS: {DEFAULT: NO, PRIVATE_NAT: YES, PUBLIC: YES, ENDPOINTS: YES},
    ProbeName.CACHE: {DEFAULT: NO, PRIVATE_NAT: YES, PUBLIC: YES, ENDPOINTS: YES},
    ProbeName.LOAD_BALANCER: {DEFAULT: NO, PRIVATE_NAT: YES, PUBLIC: YES, ENDPOINTS: YES},
    ProbeName.STS: {DEFAULT: YES, PRIVATE_NAT: YES, PUBLIC: NO, ENDPOINTS: YES},
    ProbeName.S3: {DEFAULT: YES, PRIVATE_NAT: YES, PUBLIC: NO, ENDPOINTS: YES},
    ProbeName.SECRETSMANAGER: {DEFAULT: YES, PRIVATE_NAT: YES, PUBLIC: NO, ENDPOINTS: YES},
    ProbeName.LOGS_PRINTED: dict.fromkeys(VARIANTS, YES),
    ProbeName.LOGS_API: {DEFAULT: YES, PRIVATE_NAT: YES, PUBLIC: NO, ENDPOINTS: NO},
    ProbeName.INTERFACES: {DEFAULT: Outcome.NONE, **dict.fromkeys(ATTACHED, Outcome.ONE_PER_SUBNET)},
}
"""What AWS documents, as one table; written down here a second time, so that the catalogue cannot drift."""

EVIDENCE = {
    ProbeName.INTERNET: {"source_seen", "http_status", "tls_version", "certificate_verified"},
    ProbeName.RDS: {"client_address", "server_address", "server_version", "tls_version", "certificate_verified"},
    ProbeName.CACHE: {"ping", "value"},
    ProbeName.LOAD_BALANCER: {"http_status"},
    ProbeName.STS: {"arn", "tls_version", "certificate_verified", "request_id"},
    ProbeName.S3: {"buckets", "tls_version", "certificate_verified"},
    ProbeName.SECRETSMANAGER: {"secrets", "tls_version", "certificate_verified"},
    ProbeName.LOGS_API: {"log_groups", "tls_version", "certificate_verified"},
    ProbeName.LOGS_PRINTED: {"printed", "log_group", "log_stream", "message", "seen_in_log_tail"},
    ProbeName.INTERFACES: {"subnets", "interfaces"},
}
"""What a positive answer has to bring along."""


@pytest.mark.parametrize(("entry", "variant"), CASES)
def test_a_statement_can_be_put_to_the_test(entry: Statement, variant: str, report: Report) -> None:
    """Exactly one verdict, the documented one, with what was observed; who refused is named where somebody did."""
    (judgement,) = (row for row in report.judgements if (row.statement, row.variant) == (entry.id, variant))
    assert judgement.verdict is entry.expects, judgement.observed
    assert judgement.observed
    if "timed out" in judgement.observed or "denied" in judgement.observed:
        assert judgement.refused_by
    for refusal in judgement.refused_by:
        assert all((refusal.kind, refusal.component, refusal.code, refusal.reason))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("probe", ProbeName)
def test_an_observation_can_be_read_in_the_truth_table(probe: ProbeName, variant: str, report: Report) -> None:
    """Every probe was observed in every variant, with the documented outcome and complete evidence."""
    observation = report.observations[variant][probe]
    assert observation.outcome is TRUTH_TABLE[probe][variant], observation
    if observation.outcome is Outcome.TIMED_OUT:
        assert_dropped(observation)
    else:
        assert set(observation.evidence) >= EVIDENCE[probe]
        assert observation.evidence.get("certificate_verified", True) is True


def assert_dropped(observation: Observation) -> None:
    """The name resolved, the connection timed out, after its deadline and by a named component."""
    assert observation.stage == "tcp"
    assert observation.addresses
    assert observation.elapsed_seconds is not None
    assert observation.elapsed_seconds >= 2
    assert observation.refused_by


def test_the_verification_can_be_complete(report: Report) -> None:
    """Every statement has one verdict on every variant it speaks of, every probe is observed everywhere."""
    judged = [(row.statement, row.variant) for row in report.judgements]
    expected = [(entry.id, variant) for entry in CATALOGUE for variant in entry.cases]
    assert sorted(judged) == sorted(expected)
    for variant in VARIANTS:
        assert set(report.observations[variant]) == set(ProbeName)
    assert report.left == ()
    assert report.exit_code == 0


def test_the_notes_can_be_corrected(report: Report) -> None:
    """What they have wrong or dated is refuted on every variant, never by default."""
    refuted = {(row.statement, row.variant) for row in report.judgements if row.verdict is Verdict.REFUTED}
    about_interfaces = {(identifier, variant) for identifier in ("C17", "C18", "C20") for variant in ATTACHED}
    assert refuted == about_interfaces | {("C12", DEFAULT), ("C14", DEFAULT)}


class TestSources:
    """As whom a function is seen, by the far end's own account."""

    def test_the_internet_can_see_aws_outside_the_vpc(self, report: Report) -> None:
        """The default function's source is the service's."""
        assert report.observations[DEFAULT][ProbeName.INTERNET].text("source_seen") == "203.0.113.240"

    def test_the_internet_can_see_the_nat_gateway(
        self, report: Report, outputs: dict[str, dict[str, list[str]]]
    ) -> None:
        """The private function's source is the NAT gateway's Elastic IP address."""
        seen = report.observations[PRIVATE_NAT][ProbeName.INTERNET].text("source_seen")
        assert seen in outputs[PRIVATE_NAT]["nat_public_ips"]

    @pytest.mark.parametrize("variant", ATTACHED)
    def test_the_database_can_see_the_functions_interface(self, variant: str, report: Report) -> None:
        """``inet_client_addr()`` is the address of an interface of the function."""
        interfaces = report.observations[variant][ProbeName.INTERFACES].evidence["interfaces"]
        assert isinstance(interfaces, list)
        client = report.observations[variant][ProbeName.RDS].text("client_address")
        assert client in {interface["private_ip"] for interface in interfaces}


class TestPermissions:
    """Who refuses whom, in the service's own words."""

    DENIALS = (
        (RoleTrial.BEFORE, IDENTITY, IMPLICIT),
        (RoleTrial.ONLY_CODE_DENIED, IDENTITY, EXPLICIT),
        (InvokeTrial.SAME_NEITHER, IDENTITY, IMPLICIT),
        (InvokeTrial.SAME_IDENTITY_DENY, IDENTITY, EXPLICIT),
        (InvokeTrial.SAME_RESOURCE_DENY, RESOURCE, EXPLICIT),
        (InvokeTrial.CROSS_IDENTITY, RESOURCE, IMPLICIT),
        (InvokeTrial.CROSS_RESOURCE, IDENTITY, IMPLICIT),
        (InvokeTrial.CROSS_NEITHER, IDENTITY, IMPLICIT),
    )

    @pytest.mark.parametrize(("name", "kind", "code"), DENIALS)
    def test_a_denial_can_name_the_policy(self, name: str, kind: str, code: str, report: Report) -> None:
        """Which kind of policy did not allow, or explicitly denied, the call."""
        trial = report.trials[DEFAULT][name]
        assert trial.ending is Ending.DENIED
        assert trial.code == "AccessDeniedException"
        assert trial.refused_by is not None
        assert (trial.refused_by.kind, trial.refused_by.code) == (kind, code)

    @pytest.mark.parametrize("policy", MANAGED_POLICIES.values(), ids=lambda policy: policy.name)
    def test_a_managed_policy_can_do_what_it_is_for(self, policy: ManagedPolicy, report: Report) -> None:
        """A role that has nothing else is allowed its calls, and denied those beyond it."""
        trials = report.trials[DEFAULT]
        assert {trials[policy.trial(action)].ending for action in policy.allowed} == {Ending.DONE}
        assert {trials[policy.trial(action)].ending for action in policy.refused} == {Ending.DENIED}

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_every_placement_can_be_fed(self, variant: str, report: Report) -> None:
        """Queue, stream, table and bucket reach a function wherever it stands: who brings them is the service."""
        for name in (*FeedTrial, *UploadTrial):
            assert report.trials[variant][name].ending is Ending.DONE

    def test_two_wrong_nat_instances_can_be_told_apart(self, report: Report) -> None:
        """The check drops at the instance's interface, the closed group names itself."""
        trials = report.trials[PRIVATE_NAT_INSTANCE]
        refusals = [trials[name].refused_by for name in NatInstanceTrial]
        assert all(refusals)
        assert len({refusal.code for refusal in refusals if refusal}) == len(NatInstanceTrial)
