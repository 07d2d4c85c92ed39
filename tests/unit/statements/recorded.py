"""Observations as a faithful target gives them, recorded once: the material of the tests of judgement."""

from collections.abc import Mapping
from dataclasses import replace

from tests.unit.statements.recorded_trials import TRIALS
from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.evidence import Evidence
from vpclab.statements.facts import (
    AttachmentExperiment,
    FunctionAttachment,
    FunctionInterface,
    NetworkFacts,
)
from vpclab.statements.managed_policy import MANAGED_POLICIES
from vpclab.statements.observation import Observation, Outcome, ProbeName, Refusal
from vpclab.statements.reach import PRIVATE_TARGETS
from vpclab.statements.variant import DEFAULT, ENDPOINTS, PRIVATE_NAT, PRIVATE_NAT_INSTANCE, PUBLIC, VARIANTS

VPC, GROUP = "vpc-1", "sg-function"
SUBNETS = ("subnet-a", "subnet-b")
INTERNET, STS, S3, SECRETS, LOGS = "198.51.100.7", "192.0.2.1", "192.0.2.130", "192.0.2.2", "192.0.2.3"
DATABASE = "10.20.64.10"
LAMBDA_ADDRESS, NAT_ADDRESS = "203.0.113.240", "203.0.113.8"
STS_ENDPOINT, SECRETS_ENDPOINT = "10.20.0.30", "10.20.0.31"

IGW = Refusal("internet-gateway", "igw-1", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", "no public address")
ROUTES = Refusal("route-table", "rtb-1", "NO_ROUTE_TO_DESTINATION", "no route matches")
AWS_OWNED = Refusal("aws-owned-vpc", "lambda-service", "NO_ROUTE_TO_DESTINATION", "no route to private ranges")


def connected(address: str, **evidence: object) -> Observation:
    return Observation(
        Outcome.CONNECTED,
        {"addresses": [address], "address": address, "port": 443, **evidence},
        elapsed_seconds=0.1,
    )


def dropped(address: str, *refused_by: Refusal, port: int = 443) -> Observation:
    return Observation(
        Outcome.TIMED_OUT,
        {"addresses": [address], "address": address, "port": port},
        stage="tcp",
        error="TimeoutError: timed out",
        elapsed_seconds=2.0,
        refused_by=refused_by,
    )


PRINTED = Observation(Outcome.CONNECTED, {"printed": "nonce 1", "seen_in_log_tail": True}, elapsed_seconds=0.2)
QUERIED = connected(DATABASE, port=5432, client_address="10.20.0.10", server_address=DATABASE)

CACHE, LOAD_BALANCER = "10.20.64.11", "10.20.64.12"
TARGETS_ANSWER = {
    ProbeName.RDS: QUERIED,
    ProbeName.CACHE: connected(CACHE, port=6379),
    ProbeName.LOAD_BALANCER: connected(LOAD_BALANCER, port=80),
}
ROLE, FUNCTION = "probe-role", "probe"
IDENTITY = f"arn:aws:sts::123456789012:assumed-role/{ROLE}/{FUNCTION}"

APIS_OPEN = {
    ProbeName.STS: connected(STS, arn=IDENTITY),
    ProbeName.S3: connected(S3),
    ProbeName.SECRETSMANAGER: connected(SECRETS),
    ProbeName.LOGS_API: connected(LOGS),
}

OUTSIDE = {ProbeName.INTERNET: connected(INTERNET, source_seen=LAMBDA_ADDRESS), **APIS_OPEN}

INTERFACES = tuple(
    FunctionInterface(f"eni-{subnet}", subnet, f"10.20.{number}.10", (GROUP,))
    for number, subnet in enumerate(SUBNETS)
)

ATTACHED = NetworkFacts(
    attachment=FunctionAttachment(VPC, SUBNETS, (GROUP,)),
    interfaces=INTERFACES,
    subnet_vpc_ids=frozenset({VPC}),
    own_public_ips=frozenset({NAT_ADDRESS}),
    database_status="available",
)

FACTS: Mapping[str, NetworkFacts] = {
    DEFAULT: NetworkFacts(
        FunctionAttachment(), own_public_ips=frozenset({NAT_ADDRESS}), database_status="available"
    ),
    PRIVATE_NAT: replace(ATTACHED, nat_gateway_ids=("nat-1",)),
    PUBLIC: ATTACHED,
    PRIVATE_NAT_INSTANCE: ATTACHED,
    ENDPOINTS: replace(
        ATTACHED,
        endpoint_addresses=((STS_ENDPOINT, "vpce-sts"), (SECRETS_ENDPOINT, "vpce-secrets")),
        gateway_endpoint_ids=(("s3", "vpce-s3"),),
    ),
}


def _one_per_subnet() -> Observation:
    interfaces = [
        {"id": interface.id, "private_ip": interface.private_ip, "public_ip": None} for interface in INTERFACES
    ]
    return Observation(Outcome.ONE_PER_SUBNET, {"subnets": list(SUBNETS), "interfaces": interfaces})


_OBSERVATIONS: Mapping[str, Mapping[ProbeName, Observation]] = {
    DEFAULT: {
        **OUTSIDE,
        ProbeName.RDS: dropped(DATABASE, AWS_OWNED, port=5432),
        ProbeName.CACHE: dropped(CACHE, AWS_OWNED, port=6379),
        ProbeName.LOAD_BALANCER: dropped(LOAD_BALANCER, AWS_OWNED, port=80),
        ProbeName.LOGS_PRINTED: PRINTED,
        ProbeName.INTERFACES: Observation(Outcome.NONE, {"subnets": [], "interfaces": []}),
    },
    PRIVATE_NAT: {
        ProbeName.INTERNET: connected(INTERNET, source_seen=NAT_ADDRESS),
        **APIS_OPEN,
        **TARGETS_ANSWER,
        ProbeName.LOGS_PRINTED: PRINTED,
        ProbeName.INTERFACES: _one_per_subnet(),
    },
    PUBLIC: {
        ProbeName.INTERNET: dropped(INTERNET, IGW),
        ProbeName.STS: dropped(STS, IGW),
        ProbeName.S3: dropped(S3, IGW),
        ProbeName.SECRETSMANAGER: dropped(SECRETS, IGW),
        ProbeName.LOGS_API: dropped(LOGS, IGW),
        **TARGETS_ANSWER,
        ProbeName.LOGS_PRINTED: PRINTED,
        ProbeName.INTERFACES: _one_per_subnet(),
    },
    ENDPOINTS: {
        ProbeName.INTERNET: dropped(INTERNET, ROUTES),
        ProbeName.STS: connected(STS_ENDPOINT, arn=IDENTITY),
        ProbeName.S3: connected(S3),
        ProbeName.SECRETSMANAGER: connected(SECRETS_ENDPOINT),
        ProbeName.LOGS_API: dropped(LOGS, ROUTES),
        **TARGETS_ANSWER,
        ProbeName.LOGS_PRINTED: PRINTED,
        ProbeName.INTERFACES: _one_per_subnet(),
    },
}

INSTANCE_ADDRESS = "203.0.113.9"
OBSERVATIONS = {
    **_OBSERVATIONS,
    PRIVATE_NAT_INSTANCE: {
        **_OBSERVATIONS[PRIVATE_NAT],
        ProbeName.INTERNET: connected(INTERNET, source_seen=INSTANCE_ADDRESS),
    },
}

EXPERIMENT = AttachmentExperiment(
    interfaces_added=0,
    security_groups_added=(),
    subnets=len(SUBNETS),
    interfaces_added_by_other_groups=len(SUBNETS),
)


ALL_ENFORCED = dict.fromkeys(Capability, Enforcement.ENFORCED)
NOTHING_ENFORCED = dict.fromkeys(Capability, Enforcement.NOT_ENFORCED)


def evidence(variant: str) -> Evidence:
    """Return complete evidence, as AWS behaves."""
    return Evidence(
        variant=variant,
        enforcement=ALL_ENFORCED,
        names_components=True,
        observations=OBSERVATIONS[variant],
        controls=OUTSIDE,
        facts=FACTS[variant],
        experiment=None if variant == DEFAULT else EXPERIMENT,
        vpc_id_rejection=None if variant == DEFAULT else 'Unknown parameter in VpcConfig: "VpcId"',
        function_name=FUNCTION,
        role_name=ROLE,
        trials=TRIALS[variant],
        managed_policies={name: policy.actions for name, policy in MANAGED_POLICIES.items()},
        function_roles={FUNCTION: f"arn:aws:iam::123456789012:role/{ROLE}", "consumer": "arn:aws:iam::1:role/c"},
        nat_public_ips={PRIVATE_NAT: (NAT_ADDRESS,), PRIVATE_NAT_INSTANCE: (INSTANCE_ADDRESS,)}.get(variant, ()),
        configured_security_group_ids=() if variant == DEFAULT else (GROUP,),
        answered_elsewhere={
            probe: {other: True for other in VARIANTS if other not in (variant, DEFAULT)}
            for probe in PRIVATE_TARGETS
        },
    )


def observing(variant: str, probe: ProbeName, observation: Observation | None) -> Evidence:
    """Return complete evidence but for one observation; None leaves it out."""
    complete = evidence(variant)
    others = {name: found for name, found in complete.observations.items() if name is not probe}
    return replace(complete, observations=others if observation is None else {**others, probe: observation})
