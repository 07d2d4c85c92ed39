"""What decides whether an attached function has internet access: C21, C22 and C23."""

from vpclab.statements.attachment import has_no_public_address
from vpclab.statements.capability import NETWORK
from vpclab.statements.catalogue import sources
from vpclab.statements.observation import ProbeName
from vpclab.statements.permission import drops
from vpclab.statements.reach import does_not_reach, reaches, source_is_nat_gateway
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.trial_name import NatInstanceTrial
from vpclab.statements.variant import ENDPOINTS, PRIVATE_NAT, PRIVATE_NAT_INSTANCE, PUBLIC

_CONTROL = "the same code in a function outside the VPC reaches the same host at the same time"

STATEMENTS = (
    Statement(
        id="C21",
        sentence="A function in your VPC does not have internet access.",
        documented=(
            "An attached function has the routes of its subnets and nothing else: where none leads out, names "
            "still resolve and connections to the internet time out."
        ),
        source=sources.LAMBDA_VPC,
        expects=Verdict.HOLDS,
        needs=NETWORK,
        cases={
            ENDPOINTS: Case(
                observed="name resolution and a connection to an internet host",
                expected="the name resolves, the connection times out",
                control=_CONTROL,
                flip="route the function's subnets to a NAT gateway",
                conditions=(does_not_reach(ProbeName.INTERNET),),
            )
        },
    ),
    Statement(
        id="C22",
        sentence="A public subnet gives a function neither internet access nor a public address.",
        documented=(
            "Lambda's interfaces never get a public address, even where the subnet assigns them, and an "
            "internet gateway drops what comes from an address without one."
        ),
        source=f"{sources.LAMBDA_VPC_INTERNET}; {sources.REACHABILITY_CODES}",
        expects=Verdict.HOLDS,
        needs=NETWORK,
        cases={
            PUBLIC: Case(
                observed="connections to an internet host and to AWS's public APIs; the interfaces' addresses",
                expected="all time out; no interface has a public address",
                control=_CONTROL,
                flip="associate an Elastic IP address with the function's interface",
                conditions=(
                    has_no_public_address,
                    does_not_reach(ProbeName.INTERNET),
                    does_not_reach(ProbeName.STS),
                    does_not_reach(ProbeName.S3),
                    does_not_reach(ProbeName.SECRETSMANAGER),
                ),
            )
        },
    ),
    Statement(
        id="C23",
        sentence="A private subnet gives a function internet access if there is a NAT gateway or instance.",
        documented=(
            "With a route to a NAT gateway the function reaches the internet, AWS's public APIs included, and "
            "is seen as the gateway's Elastic IP address. A NAT instance does the same if its source/destination "
            "check is off and its security group admits the private subnets."
        ),
        source=f"{sources.LAMBDA_VPC_INTERNET}; {sources.NAT_GATEWAYS}; {sources.NAT_INSTANCES}",
        expects=Verdict.HOLDS,
        needs=NETWORK,
        cases={
            PRIVATE_NAT: Case(
                observed="the source address that an internet host sees, and calls of AWS's public APIs",
                expected="connected, and the source is the NAT gateway's Elastic IP address",
                control=_CONTROL,
                flip="delete the route to the NAT gateway",
                conditions=(
                    reaches(ProbeName.INTERNET, source_is_nat_gateway),
                    reaches(ProbeName.STS),
                    reaches(ProbeName.S3),
                    reaches(ProbeName.SECRETSMANAGER),
                    has_no_public_address,
                ),
            ),
            PRIVATE_NAT_INSTANCE: Case(
                observed=(
                    "the source address that an internet host sees, and AWS's public APIs; the same host with the "
                    "instance's check turned on, and with its group closed"
                ),
                expected="connected as the instance's public address; in both wrong states a time-out",
                control="each wrong state is put right again; the right one is connected",
                flip="leave the instance's source/destination check on, or close its security group",
                conditions=(
                    reaches(ProbeName.INTERNET, source_is_nat_gateway),
                    reaches(ProbeName.STS),
                    reaches(ProbeName.S3),
                    reaches(ProbeName.SECRETSMANAGER),
                    has_no_public_address,
                    drops("with its check on the internet times out", NatInstanceTrial.CHECKED),
                    drops("with its group closed, too", NatInstanceTrial.CLOSED),
                ),
            ),
        },
    ),
)
