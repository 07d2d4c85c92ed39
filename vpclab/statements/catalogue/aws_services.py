"""How an attached function reaches AWS's services, and how its log lines do: C24 and C25."""

from vpclab.statements.attachment import has_no_nat_gateway, printed_line_arrives
from vpclab.statements.capability import NETWORK, Capability
from vpclab.statements.catalogue import sources
from vpclab.statements.observation import ProbeName
from vpclab.statements.reach import does_not_reach, reaches, through_gateway_endpoint, through_interface_endpoint
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.variant import DEFAULT, ENDPOINTS, PRIVATE_NAT, PUBLIC

_WITH_A_WAY_OUT = Case(
    observed="a printed nonce, searched for in the function's log group",
    expected="found",
    control="the invocation's log tail has the line, so it was printed",
    flip="take the permissions for CloudWatch Logs from the execution role",
    conditions=(printed_line_arrives,),
)

_WITHOUT_A_WAY_OUT = Case(
    observed="a printed nonce, searched for in the function's log group; a call of the Logs API by the code",
    expected="the line is found; the call times out",
    control="the same call outside the VPC is answered; the invocation's log tail has the printed line",
    flip=(
        "take the permissions for CloudWatch Logs from the execution role; or add an interface endpoint for "
        "the Logs API, which gives the code's own call a way"
    ),
    conditions=(printed_line_arrives, does_not_reach(ProbeName.LOGS_API)),
)

STATEMENTS = (
    Statement(
        id="C24",
        sentence="VPC endpoints reach AWS services privately, without NAT.",
        documented=(
            "A service with an endpoint in the VPC is reached from a subnet without a way out: through an "
            "interface endpoint's private address, or a gateway endpoint's route. A service without one is not."
        ),
        source=f"{sources.LAMBDA_TROUBLESHOOTING}; {sources.PRIVATELINK}",
        expects=Verdict.HOLDS,
        needs=NETWORK,
        cases={
            ENDPOINTS: Case(
                observed="calls of STS, S3, Secrets Manager and Logs, and the addresses that they went to",
                expected="the first three answer, through the VPC's endpoints; Logs, which has none, times out",
                control="outside the VPC the Logs API answers the same call",
                flip="delete an endpoint; or add one for the Logs API",
                conditions=(
                    has_no_nat_gateway,
                    reaches(ProbeName.STS, through_interface_endpoint),
                    reaches(ProbeName.S3, through_gateway_endpoint("s3")),
                    reaches(ProbeName.SECRETSMANAGER, through_interface_endpoint),
                    does_not_reach(ProbeName.LOGS_API),
                ),
            )
        },
    ),
    Statement(
        id="C25",
        sentence="CloudWatch Logs works even without endpoint or NAT gateway.",
        documented=(
            "What a function prints is sent to CloudWatch Logs by the service, outside the VPC and with the "
            "execution role's permissions. The code's own calls of the Logs API need a way like any other."
        ),
        source=(
            "practice; no page of AWS's says it of default functions, and for Managed Instances the opposite "
            f"is documented ({sources.LAMBDA_MANAGED_INSTANCES})"
        ),
        expects=Verdict.HOLDS,
        # Whether a printed line arrives says nothing of a network that filters nothing.
        needs=NETWORK | {Capability.LOG_DELIVERY},
        cases={
            DEFAULT: _WITH_A_WAY_OUT,
            PRIVATE_NAT: _WITH_A_WAY_OUT,
            PUBLIC: _WITHOUT_A_WAY_OUT,
            ENDPOINTS: _WITHOUT_A_WAY_OUT,
        },
    ),
)
