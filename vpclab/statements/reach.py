"""Conditions on what a function reaches, and on what it does not.

Both sides follow two rules. A time-out counts only beside a control that shows that the probe and the far end
work, and, where the target names components, only with the component that refused the packet. And what could
not be observed is unknown, whatever was expected.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

from vpclab.statements.evidence import Evidence
from vpclab.statements.observation import Observation, Outcome, ProbeName, Refusal
from vpclab.statements.opinion import Condition, Opinion, contradicted, met, not_asked, unknown

Check = Callable[[Evidence, Observation], str | None]
"""Looks at how something was reached; says what is not as expected, or None."""

PRIVATE_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""RFC 1918 and RFC 6598. ``IPv4Address.is_private`` also counts the documentation ranges in."""

NOT_DESCRIBED = "the deployment was not described"

SUBJECTS = {
    ProbeName.INTERNET: "the internet",
    ProbeName.RDS: "the database",
    ProbeName.CACHE: "the cache",
    ProbeName.LOAD_BALANCER: "the load balancer",
    ProbeName.STS: "STS",
    ProbeName.S3: "S3",
    ProbeName.SECRETSMANAGER: "Secrets Manager",
    ProbeName.LOGS_API: "the Logs API",
    ProbeName.LOGS_PRINTED: "the printed line",
}


PRIVATE_TARGETS = frozenset({ProbeName.RDS, ProbeName.CACHE, ProbeName.LOAD_BALANCER})
"""What a function outside the VPC cannot reach, so that it is no control of it."""


def where_deployed(probe: ProbeName, condition: Condition) -> Condition:
    """Ask ``condition`` only where the deployment has what ``probe`` is about."""

    def asked(evidence: Evidence) -> Opinion:
        if probe in evidence.absent_targets:
            return not_asked(f"{SUBJECTS[probe]} is not deployed")
        return condition(evidence)

    return asked


def reaches(probe: ProbeName, *checks: Check) -> Condition:
    """Expect ``probe`` to be answered by the far service, and every check to be content with how."""

    def condition(evidence: Evidence) -> Opinion:
        observation = evidence.observations.get(probe)
        if observation is None:
            return unknown(f"{SUBJECTS[probe]} was not probed")
        if evidence.facts is None:
            return unknown(NOT_DESCRIBED)
        if observation.reached:
            for check in checks:
                complaint = check(evidence, observation)
                if complaint:
                    return contradicted(f"reached {SUBJECTS[probe]}, but {complaint}")
            return met(f"reached {SUBJECTS[probe]}{_how(evidence, probe, observation)}")
        if observation.declined_by_endpoint_policy:
            return contradicted(
                f"{SUBJECTS[probe]}: declined by the endpoint's policy", (_policy(evidence, observation),)
            )
        return _negative(evidence, probe, observation, contradicted)

    return condition


def does_not_reach(probe: ProbeName, *checks: Check) -> Condition:
    """Expect the packets of ``probe`` to be dropped: the name resolves, and the connection times out.

    The checks look at what was tried, for instance at the address that the name resolved to.
    """

    def condition(evidence: Evidence) -> Opinion:
        observation = evidence.observations.get(probe)
        if observation is None:
            return unknown(f"{SUBJECTS[probe]} was not probed")
        if evidence.facts is None:
            return unknown(NOT_DESCRIBED)
        if observation.reached:
            return contradicted(f"reached {SUBJECTS[probe]}{_how(evidence, probe, observation)}")
        if observation.declined_by_endpoint_policy:
            return contradicted(f"reached an endpoint of {SUBJECTS[probe]}, whose policy declined")
        for check in checks:
            complaint = check(evidence, observation)
            if complaint:
                return contradicted(f"{SUBJECTS[probe]} timed out, but {complaint}")
        return _negative(evidence, probe, observation, met)

    return condition


def control_problem(evidence: Evidence, probe: ProbeName) -> str | None:
    """Say why a failure of ``probe`` proves nothing yet, or None where its positive control stands."""
    witness = ProbeName.INTERNET if probe in PRIVATE_TARGETS else probe
    control = evidence.controls.get(witness)
    if control is None:
        return f"no control: {SUBJECTS[witness]} was not probed from outside the VPC"
    if not control.reached:
        return f"control failed: outside the VPC, {SUBJECTS[witness]} gave {control.outcome}"
    if probe is not ProbeName.RDS:
        return _elsewhere(evidence, probe)
    if evidence.facts is None or evidence.facts.database_status != "available":
        status = evidence.facts.database_status if evidence.facts else ""
        return f"control failed: the database is {status or 'unknown'}, not available"
    return _elsewhere(evidence, probe)


def _elsewhere(evidence: Evidence, probe: ProbeName) -> str | None:
    """Say that nobody else reaches a target of this kind either, or None where somebody does, or nobody tried."""
    answers = evidence.answered_elsewhere.get(probe, {})
    if answers and not any(answers.values()):
        return f"control failed: {', '.join(answers)} got no answer from {SUBJECTS[probe]} either"
    return None


def _negative(
    evidence: Evidence,
    probe: ProbeName,
    observation: Observation,
    conclude: Callable[[str, tuple[Refusal, ...]], Opinion],
) -> Opinion:
    """Judge an attempt that got no answer: ``conclude`` only from a time-out that control and component back."""
    subject = SUBJECTS[probe]
    if observation.outcome is not Outcome.TIMED_OUT:
        return unknown(_not_a_drop(subject, observation))
    if observation.stage != "tcp":
        return unknown(f"{subject}: the connection opened, then nothing came (stage {observation.stage})")
    problem = control_problem(evidence, probe)
    if problem:
        return unknown(f"{subject} timed out; {problem}")
    if evidence.names_components and not observation.refused_by:
        return unknown(f"{subject} timed out, but the target names no component that dropped the packets")
    addresses = ", ".join(observation.addresses)
    return conclude(f"{subject} timed out ({addresses})", observation.refused_by)


def _not_a_drop(subject: str, observation: Observation) -> str:
    match observation.outcome:
        case Outcome.REFUSED:
            return f"{subject}: refused, so the far host was reached and does not serve"
        case Outcome.UNREACHABLE:
            return f"{subject}: unreachable, which AWS never answers"
        case Outcome.NAME_NOT_RESOLVED:
            return f"{subject}: {observation.text('host')} does not resolve, so nothing was tried"
        case _:
            return f"{subject}: {observation.error or observation.outcome}"


def _how(evidence: Evidence, probe: ProbeName, observation: Observation) -> str:
    """Say as whom, or through what, something was reached."""
    source = observation.text("source_seen") or observation.text("client_address")
    if source:
        return f" as {source}"
    through = endpoint_used(evidence, observation)
    facts = evidence.facts
    if not through and facts is not None and not facts.nat_gateway_ids:
        through = dict(facts.gateway_endpoint_ids).get(probe.value)
    return f" through {through}" if through else ""


def endpoint_used(evidence: Evidence, observation: Observation) -> str | None:
    """Name the interface endpoint whose address was connected to, or None."""
    if evidence.facts is None:
        return None
    return dict(evidence.facts.endpoint_addresses).get(observation.text("address"))


def _policy(evidence: Evidence, observation: Observation) -> Refusal:
    component = endpoint_used(evidence, observation) or "gateway endpoint"
    return Refusal("vpc-endpoint", component, reason=observation.error or "")


# Checks on how something was reached:


def source_is_nat_gateway(evidence: Evidence, observation: Observation) -> str | None:
    """Expect the far end to have seen a NAT gateway's Elastic IP (several NAT gateways: one of theirs)."""
    seen = observation.text("source_seen")
    if seen in evidence.nat_public_ips:
        return None
    own = ", ".join(dict.fromkeys(evidence.nat_public_ips)) or "which has none"
    return f"the source seen was {seen or 'not told'}, not the NAT's {own}"


def source_is_not_ours(evidence: Evidence, observation: Observation) -> str | None:
    """Expect the far end to have seen a public address that belongs to nobody in this account."""
    seen = observation.text("source_seen")
    if evidence.facts is None or not seen:
        return "the source seen is not known"
    if seen in evidence.facts.own_public_ips:
        return f"the source seen was {seen}, an address of this account"
    return None


def source_is_function_interface(evidence: Evidence, observation: Observation) -> str | None:
    """Expect the database to have seen one of the function's own interfaces."""
    seen = observation.text("client_address")
    own = {interface.private_ip for interface in evidence.facts.function_interfaces} if evidence.facts else set()
    return None if seen in own else f"the client seen was {seen or 'not told'}, no interface of the function"


def address_is_private(_: Evidence, observation: Observation) -> str | None:
    """Expect the name to have resolved to private addresses only."""
    public = [
        address
        for address in observation.addresses
        if not any(IPv4Address(address) in range_ for range_ in PRIVATE_RANGES)
    ]
    return f"its name resolved to {', '.join(public)}, which is public" if public else None


def through_interface_endpoint(evidence: Evidence, observation: Observation) -> str | None:
    """Expect the service's own name to have led to an interface endpoint of the VPC."""
    if endpoint_used(evidence, observation):
        return None
    return f"{observation.text('address') or 'its address'} is no interface endpoint of the VPC"


def through_gateway_endpoint(service: str) -> Check:
    """Expect the VPC to have a gateway endpoint for ``service``; the name keeps its public address."""

    def check(evidence: Evidence, observation: Observation) -> str | None:
        if evidence.facts is None or service not in dict(evidence.facts.gateway_endpoint_ids):
            return f"the VPC has no gateway endpoint for {service}"
        if endpoint_used(evidence, observation):
            return f"{observation.text('address')} is an interface endpoint, not a gateway endpoint's address"
        return None

    return check
