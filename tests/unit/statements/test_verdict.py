"""Judgement on recorded observations."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statements import recorded
from tests.unit.statements.recorded import evidence, observing
from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.catalogue import CATALOGUE, statement
from vpclab.statements.evidence import Evidence
from vpclab.statements.facts import FunctionAttachment
from vpclab.statements.observation import Observation, Outcome, ProbeName, Refusal
from vpclab.statements.statement import Statement, Verdict
from vpclab.statements.variant import DEFAULT, ENDPOINTS, PRIVATE_NAT, PRIVATE_NAT_INSTANCE, PUBLIC
from vpclab.statements.verdict import Judgement, judge

CASES = [(entry.id, variant) for entry in CATALOGUE for variant in entry.cases]

GROUP_REFUSAL = Refusal("security-group", "sg-database", "ENI_SG_RULES_MISMATCH")
ENDPOINT_POLICY = "AccessDenied: ... because no VPC endpoint policy allows the sts:GetCallerIdentity action"


def _judge(identifier: str, material: Evidence) -> Judgement:
    return judge(statement(identifier), material)


@pytest.mark.parametrize(("identifier", "variant"), CASES)
def test_a_statement_can_be_judged_as_documented(identifier: str, variant: str) -> None:
    """Observations as AWS gives them lead to the documented verdict everywhere."""
    judgement = _judge(identifier, evidence(variant))
    assert judgement.verdict is statement(identifier).expects
    assert judgement.as_expected
    assert judgement.observed


@pytest.mark.parametrize(
    ("identifier", "variant"), [(identifier, variant) for identifier, variant in CASES if identifier != "C20"]
)
def test_what_was_refused_can_be_named_with_the_component(identifier: str, variant: str) -> None:
    """A verdict that rests on dropped packets names who dropped them, one on denials whose policy denied."""
    rests_on_drops = {("C16", DEFAULT), ("C21", ENDPOINTS), ("C22", PUBLIC), ("C24", ENDPOINTS)}
    rests_on_drops |= {("C25", PUBLIC), ("C25", ENDPOINTS), ("C23", PRIVATE_NAT_INSTANCE)}
    rests_on_denials = {(f"C{number}", DEFAULT) for number in (*range(1, 8), 10, 11, 12)}
    refused_by = _judge(identifier, evidence(variant)).refused_by
    assert bool(refused_by) is ((identifier, variant) in rests_on_drops | rests_on_denials)


# Nothing is concluded from what was not observed.

_PIECES = [
    *ProbeName,
    *("facts", "experiment", "vpc_id_rejection", "controls", "trials", "function_roles", "managed_policies"),
]


def _without(material: Evidence, missing: set[ProbeName | str], *, as_errors: bool) -> Evidence:
    error = Observation(Outcome.ERROR, error="could not run")
    observations = {name: found for name, found in material.observations.items() if name not in missing}
    if as_errors:
        observations |= dict.fromkeys((name for name in ProbeName if name in missing), error)
    return replace(
        material,
        observations=observations,
        facts=None if "facts" in missing else material.facts,
        experiment=None if "experiment" in missing else material.experiment,
        vpc_id_rejection=None if "vpc_id_rejection" in missing else material.vpc_id_rejection,
        controls={} if "controls" in missing else material.controls,
        trials={} if "trials" in missing else material.trials,
        function_roles={} if "function_roles" in missing else material.function_roles,
        managed_policies={} if "managed_policies" in missing else material.managed_policies,
    )


def _needed(entry: Statement, variant: str) -> set[ProbeName | str]:
    """Which pieces matter: those without which the verdict is another one."""
    return {
        piece
        for piece in _PIECES
        if judge(entry, _without(evidence(variant), {piece}, as_errors=False)).verdict is not entry.expects
    }


@given(
    case=st.sampled_from(CASES),
    missing=st.sets(st.sampled_from(_PIECES)),
    as_errors=st.booleans(),
    components=st.booleans(),
)
def test_missing_observations_cannot_yield_a_verdict(
    *, case: tuple[str, str], missing: set[ProbeName | str], as_errors: bool, components: bool
) -> None:
    """No combination of missing or failed observations yields a verdict, where one of them matters."""
    entry, variant = statement(case[0]), case[1]
    material = replace(evidence(variant), names_components=components)
    verdict = judge(entry, _without(material, missing, as_errors=as_errors)).verdict
    if missing & _needed(entry, variant):
        assert verdict is Verdict.ERROR
    else:
        assert verdict is entry.expects


@pytest.mark.parametrize(("identifier", "variant"), CASES)
def test_an_empty_observation_cannot_hold(identifier: str, variant: str) -> None:
    """Without anything observed every verdict is an error."""
    nothing = Evidence(variant, recorded.ALL_ENFORCED, names_components=True, problems=("invoking: no function",))
    judgement = _judge(identifier, nothing)
    assert judgement.verdict is Verdict.ERROR
    assert "no function" in judgement.observed


@given(
    case=st.sampled_from(CASES),
    words=st.fixed_dictionaries({}, optional=dict.fromkeys(ProbeName, st.sampled_from(Outcome))),
)
def test_other_outcomes_cannot_hold(case: tuple[str, str], words: dict[ProbeName, Outcome]) -> None:
    """Bare outcomes, without stage, source, control or component, never make a packet statement hold."""
    entry, variant = statement(case[0]), case[1]
    bare = {probe: Observation(word) for probe, word in words.items()}
    material = replace(evidence(variant), observations=bare, controls={}, facts=None, trials={}, function_roles={})
    verdict = judge(entry, material).verdict
    if entry.id != "C25":
        assert verdict is not Verdict.HOLDS


@pytest.mark.parametrize(
    ("identifier", "variant", "probe"),
    [
        ("C21", ENDPOINTS, ProbeName.INTERNET),
        ("C22", PUBLIC, ProbeName.INTERNET),
        ("C16", DEFAULT, ProbeName.RDS),
        ("C25", ENDPOINTS, ProbeName.LOGS_API),
    ],
)
class TestNegatives:
    """What a time-out needs to count."""

    def test_a_negative_cannot_count_without_its_control(
        self, identifier: str, variant: str, probe: ProbeName
    ) -> None:
        """When the control fails too, the far end may simply be down."""
        witness = ProbeName.INTERNET if probe is ProbeName.RDS else probe
        failed = {**recorded.OUTSIDE, witness: recorded.dropped("198.51.100.7")}
        judgement = _judge(identifier, replace(evidence(variant), controls=failed))
        assert judgement.verdict is Verdict.ERROR
        assert "control failed" in judgement.observed

    def test_a_negative_cannot_count_without_a_named_component(
        self, identifier: str, variant: str, probe: ProbeName
    ) -> None:
        """On a target that tells who refused, a refusal without a name is an error; elsewhere it counts."""
        nameless = observing(variant, probe, recorded.dropped("10.20.64.10"))
        assert _judge(identifier, nameless).verdict is Verdict.ERROR
        assert _judge(identifier, replace(nameless, names_components=False)).verdict is Verdict.HOLDS

    @pytest.mark.parametrize(
        "outcome", [Outcome.NAME_NOT_RESOLVED, Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.ERROR]
    )
    def test_another_failure_cannot_pass_for_a_dropped_packet(
        self, identifier: str, variant: str, probe: ProbeName, outcome: Outcome
    ) -> None:
        """Only a connection that times out is what AWS's dropping looks like."""
        failed = Observation(outcome, stage="tcp", refused_by=(recorded.IGW,))
        assert _judge(identifier, observing(variant, probe, failed)).verdict is Verdict.ERROR

    def test_a_late_time_out_cannot_pass_for_a_dropped_packet(
        self, identifier: str, variant: str, probe: ProbeName
    ) -> None:
        """A connection that opened went through the network."""
        opened = replace(recorded.dropped("10.20.64.10", recorded.IGW), stage="tls")
        assert _judge(identifier, observing(variant, probe, opened)).verdict is Verdict.ERROR

    def test_a_target_that_isolates_nothing_cannot_pass(
        self, identifier: str, variant: str, probe: ProbeName
    ) -> None:
        """``not enforced here`` is neither a pass nor a refutation, whatever was observed."""
        open_target = replace(
            evidence(variant),
            enforcement={**recorded.ALL_ENFORCED, Capability.ISOLATION: Enforcement.NOT_ENFORCED},
        )
        reached = replace(open_target, observations={probe: recorded.connected("10.20.64.10")})
        assert _judge(identifier, open_target).verdict is Verdict.NOT_ENFORCED
        assert _judge(identifier, reached).verdict is Verdict.NOT_ENFORCED

    def test_a_target_of_unknown_isolation_cannot_pass(
        self, identifier: str, variant: str, probe: ProbeName
    ) -> None:
        """Where even that could not be found out, it is an error."""
        assert probe in evidence(variant).observations
        unknown = replace(
            evidence(variant), enforcement={**recorded.ALL_ENFORCED, Capability.ISOLATION: Enforcement.UNKNOWN}
        )
        assert _judge(identifier, unknown).verdict is Verdict.ERROR


# Every statement is falsifiable.


def test_c15_can_be_refuted_by_attaching_the_function() -> None:
    """A default function that has an interface in the VPC is not outside of it."""
    attached = replace(evidence(DEFAULT), facts=recorded.ATTACHED)
    judgement = _judge("C15", attached)
    assert judgement.verdict is Verdict.REFUTED
    assert "subnet-a" in judgement.observed


def test_c15_can_be_refuted_by_the_source_address() -> None:
    """An address of this account's is not AWS's."""
    ours = observing(
        DEFAULT, ProbeName.INTERNET, recorded.connected(recorded.INTERNET, source_seen=recorded.NAT_ADDRESS)
    )
    assert _judge("C15", ours).verdict is Verdict.REFUTED


def test_c16_can_be_refuted_by_an_answer() -> None:
    """A default function that queries the database refutes it."""
    judgement = _judge("C16", observing(DEFAULT, ProbeName.RDS, recorded.QUERIED))
    assert judgement.verdict is Verdict.REFUTED
    assert "10.20.0.10" in judgement.observed


def test_c16_cannot_hold_for_a_public_database() -> None:
    """It speaks of private resources: a public address is another case."""
    public = recorded.dropped("198.51.100.20", recorded.AWS_OWNED, port=5432)
    assert _judge("C16", observing(DEFAULT, ProbeName.RDS, public)).verdict is Verdict.REFUTED


@pytest.mark.parametrize("variant", [PRIVATE_NAT, PUBLIC, ENDPOINTS])
def test_c16_can_be_refuted_by_the_databases_group(variant: str) -> None:
    """Without the rule of its group the attached function is dropped, and the group is named."""
    refused = recorded.dropped(recorded.DATABASE, GROUP_REFUSAL, port=5432)
    judgement = _judge("C16", observing(variant, ProbeName.RDS, refused))
    assert (judgement.verdict, judgement.refused_by) == (Verdict.REFUTED, (GROUP_REFUSAL,))


def test_c16_cannot_hold_when_somebody_else_queried() -> None:
    """The client that the database saw has to be an interface of the function."""
    other = recorded.connected(recorded.DATABASE, port=5432, client_address="10.20.99.99")
    judgement = _judge("C16", observing(PRIVATE_NAT, ProbeName.RDS, other))
    assert judgement.verdict is Verdict.REFUTED
    assert "10.20.99.99, no interface of the function" in judgement.observed


def test_c16_cannot_be_refuted_by_a_database_that_is_down() -> None:
    """A refused connection and an instance that is not available prove nothing about the network."""
    closed = Observation(Outcome.REFUSED, stage="tcp")
    assert _judge("C16", observing(PUBLIC, ProbeName.RDS, closed)).verdict is Verdict.ERROR
    refused = observing(PUBLIC, ProbeName.RDS, recorded.dropped(recorded.DATABASE, GROUP_REFUSAL))
    stopped = replace(refused, facts=replace(recorded.ATTACHED, database_status="stopped"))
    assert _judge("C16", stopped).verdict is Verdict.ERROR


def test_c16_cannot_count_when_no_function_of_the_run_reaches_a_database() -> None:
    """Where the attached variants of the run get no answer either, the databases are in question."""
    nobody = replace(evidence(DEFAULT), answered_elsewhere={ProbeName.RDS: {PUBLIC: False, ENDPOINTS: False}})
    assert _judge("C16", nobody).verdict is Verdict.ERROR


@pytest.mark.parametrize("variant", [PRIVATE_NAT, PUBLIC, ENDPOINTS])
def test_c17_can_hold_on_a_service_that_wants_the_vpc_id(variant: str) -> None:
    """A service that takes VpcId, or does not fill it in, is what the notes say."""
    assert _judge("C17", replace(evidence(variant), vpc_id_rejection="")).verdict is Verdict.HOLDS
    empty = replace(recorded.ATTACHED, attachment=FunctionAttachment("", recorded.SUBNETS, (recorded.GROUP,)))
    assert _judge("C17", replace(evidence(variant), facts=empty)).verdict is Verdict.HOLDS


@pytest.mark.parametrize("variant", [PRIVATE_NAT, PUBLIC, ENDPOINTS])
def test_the_notes_cannot_be_right_while_anything_is_unknown(variant: str) -> None:
    """One contradiction does not make a refuted statement hold when the rest was not observed."""
    own = replace(recorded.EXPERIMENT, interfaces_added=2, security_groups_added=("sg-new",))
    partly = replace(evidence(variant), experiment=own, vpc_id_rejection="", facts=None)
    assert {_judge(identifier, partly).verdict for identifier in ("C17", "C18", "C20")} == {Verdict.ERROR}


def test_c18_can_hold_when_a_second_function_adds_interfaces() -> None:
    """An interface per function is what the notes say."""
    own = replace(recorded.EXPERIMENT, interfaces_added=2)
    judgement = _judge("C18", replace(evidence(PUBLIC), experiment=own))
    assert judgement.verdict is Verdict.HOLDS
    assert "2 of its own" in judgement.observed


def test_c20_can_hold_when_a_group_appears() -> None:
    """A group that nobody chose is what the notes say."""
    appeared = replace(recorded.EXPERIMENT, security_groups_added=("sg-new",))
    assert _judge("C20", replace(evidence(PUBLIC), experiment=appeared)).verdict is Verdict.HOLDS
    other = replace(evidence(PUBLIC), configured_security_group_ids=("sg-other",))
    assert _judge("C20", other).verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    ("identifier", "variant", "probe"),
    [
        ("C21", ENDPOINTS, ProbeName.INTERNET),
        ("C22", PUBLIC, ProbeName.INTERNET),
        ("C22", PUBLIC, ProbeName.S3),
        ("C24", ENDPOINTS, ProbeName.LOGS_API),
        ("C25", PUBLIC, ProbeName.LOGS_API),
        ("C25", ENDPOINTS, ProbeName.LOGS_API),
    ],
)
def test_a_negative_statement_can_be_refuted_by_an_answer(identifier: str, variant: str, probe: ProbeName) -> None:
    """What should be out of reach answers: the statement is false here."""
    reached = observing(variant, probe, recorded.connected("192.0.2.9"))
    assert _judge(identifier, reached).verdict is Verdict.REFUTED


def test_a_denial_by_the_service_can_only_mean_that_it_was_reached() -> None:
    """A service that says no was reached; a VPC endpoint's policy that says no stands before it."""
    denied = Observation(Outcome.DENIED_BY_SERVICE, {"error_code": "AccessDenied"}, stage="api", error="denied")
    assert _judge("C23", observing(PRIVATE_NAT, ProbeName.S3, denied)).verdict is Verdict.HOLDS
    assert _judge("C22", observing(PUBLIC, ProbeName.S3, denied)).verdict is Verdict.REFUTED
    by_policy = replace(denied, error=ENDPOINT_POLICY, evidence={"address": recorded.STS_ENDPOINT})
    judgement = _judge("C24", observing(ENDPOINTS, ProbeName.STS, by_policy))
    assert judgement.verdict is Verdict.REFUTED
    assert judgement.refused_by[0].component == "vpce-sts"


def test_c22_can_be_refuted_by_an_elastic_address() -> None:
    """The interface's public address is named."""
    first, second = recorded.INTERFACES
    elastic = replace(recorded.ATTACHED, interfaces=(replace(first, public_ip="203.0.113.9"), second))
    judgement = _judge("C22", replace(evidence(PUBLIC), facts=elastic))
    assert judgement.verdict is Verdict.REFUTED
    assert judgement.observed == "eni-subnet-a has 203.0.113.9"


def test_c23_can_be_refuted_by_a_missing_route() -> None:
    """Without the route the route table is named; and another source than the NAT gateway's refutes it too."""
    judgement = _judge(
        "C23", observing(PRIVATE_NAT, ProbeName.INTERNET, recorded.dropped(recorded.INTERNET, recorded.ROUTES))
    )
    assert (judgement.verdict, judgement.refused_by) == (Verdict.REFUTED, (recorded.ROUTES,))
    other = recorded.connected(recorded.INTERNET, source_seen="203.0.113.77")
    judgement = _judge("C23", observing(PRIVATE_NAT, ProbeName.INTERNET, other))
    assert judgement.verdict is Verdict.REFUTED
    assert judgement.observed == (
        f"reached the internet, but the source seen was 203.0.113.77, not the NAT's {recorded.NAT_ADDRESS}"
    )
    twice = replace(observing(PRIVATE_NAT, ProbeName.INTERNET, other), nat_public_ips=(recorded.NAT_ADDRESS,) * 2)
    assert _judge("C23", twice).observed == judgement.observed


def test_c24_cannot_hold_where_the_way_is_not_an_endpoint() -> None:
    """A public address of STS, a missing gateway endpoint or a NAT gateway is another way."""
    assert (
        _judge("C24", observing(ENDPOINTS, ProbeName.STS, recorded.connected(recorded.STS))).verdict
        is Verdict.REFUTED
    )
    facts = recorded.FACTS[ENDPOINTS]
    no_gateway = replace(evidence(ENDPOINTS), facts=replace(facts, gateway_endpoint_ids=()))
    assert _judge("C24", no_gateway).verdict is Verdict.REFUTED
    with_nat = replace(evidence(ENDPOINTS), facts=replace(facts, nat_gateway_ids=("nat-1",)))
    assert _judge("C24", with_nat).verdict is Verdict.REFUTED


@pytest.mark.parametrize("variant", [DEFAULT, PRIVATE_NAT, PUBLIC, ENDPOINTS])
def test_c25_can_be_refuted_by_the_role(variant: str) -> None:
    """A printed line that the role holds back is missing, and the role is named."""
    role = Refusal("execution-role", "probe-role", reason="no identity-based policy allows logs:PutLogEvents")
    missing = Observation(Outcome.TIMED_OUT, {"seen_in_log_tail": True}, stage="delivery", refused_by=(role,))
    judgement = _judge("C25", observing(variant, ProbeName.LOGS_PRINTED, missing))
    assert (judgement.verdict, judgement.refused_by) == (Verdict.REFUTED, (role,))


def test_c25_cannot_be_refuted_by_a_line_that_was_never_printed() -> None:
    """Missing in the log group counts only where the invocation's log tail has it, and a reason is known."""
    unseen = Observation(Outcome.TIMED_OUT, {"seen_in_log_tail": False}, refused_by=(recorded.IGW,))
    assert _judge("C25", observing(DEFAULT, ProbeName.LOGS_PRINTED, unseen)).verdict is Verdict.ERROR
    unexplained = Observation(Outcome.TIMED_OUT, {"seen_in_log_tail": True})
    assert _judge("C25", observing(DEFAULT, ProbeName.LOGS_PRINTED, unexplained)).verdict is Verdict.ERROR
