"""One test per statement and variant: observed with real packets, as documented, with complete evidence."""

import pytest

from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.observation import Observation, Outcome, ProbeName
from vpclab.statements.report import Report
from vpclab.statements.statement import Statement, Verdict
from vpclab.statements.variant import ATTACHED, DEFAULT, ENDPOINTS, PRIVATE_NAT, PUBLIC, VARIANTS

CASES = [
    pytest.param(entry, variant, id=f"{entry.id}-{variant}") for entry in CATALOGUE for variant in entry.cases
]

YES, NO = Outcome.CONNECTED, Outcome.TIMED_OUT

TRUTH_TABLE = {
    ProbeName.INTERNET: {DEFAULT: YES, PRIVATE_NAT: YES, PUBLIC: NO, ENDPOINTS: NO},
    ProbeName.RDS: {DEFAULT: NO, PRIVATE_NAT: YES, PUBLIC: YES, ENDPOINTS: YES},
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
    """Exactly one verdict, the documented one, with what was observed; who refused is named where packets were."""
    (judgement,) = (row for row in report.judgements if (row.statement, row.variant) == (entry.id, variant))
    assert judgement.verdict is entry.expects, judgement.observed
    assert judgement.observed
    assert ("timed out" in judgement.observed) is bool(judgement.refused_by)
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
    assert {variant: set(probes) for variant, probes in report.observations.items()} == {
        variant: set(ProbeName) for variant in VARIANTS
    }
    assert report.exit_code == 0


def test_the_notes_can_be_corrected(report: Report) -> None:
    """What they have wrong or dated is refuted on every variant, never by default."""
    refuted = {(row.statement, row.variant) for row in report.judgements if row.verdict is Verdict.REFUTED}
    assert refuted == {(identifier, variant) for identifier in ("C17", "C18", "C20") for variant in ATTACHED}


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
