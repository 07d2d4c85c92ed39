"""Where a function runs by default, and what it cannot reach from there: C15 and C16."""

from vpclab.statements.attachment import has_no_interface
from vpclab.statements.capability import NETWORK
from vpclab.statements.catalogue import sources
from vpclab.statements.observation import ProbeName
from vpclab.statements.reach import (
    address_is_private,
    does_not_reach,
    reaches,
    source_is_function_interface,
    source_is_not_ours,
)
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.variant import ATTACHED, DEFAULT

_DATABASE_CONTROL = (
    "RDS reports the database as available, and the same code outside the VPC reaches the internet; the "
    "attached variants of the run get an answer from a database like it"
)

_ATTACHED = Case(
    observed="a query over TLS from the attached function, and the client address that PostgreSQL reports",
    expected="an answer; the client is one of the function's own interfaces",
    control=_DATABASE_CONTROL,
    flip="remove the rule of the database's security group that admits the function's group",
    conditions=(reaches(ProbeName.RDS, address_is_private, source_is_function_interface),),
)

STATEMENTS = (
    Statement(
        id="C15",
        sentence="By default a function runs outside your VPC, in one that AWS owns.",
        documented=(
            "Without VpcConfig a function runs in a VPC owned by the Lambda service: it has internet access "
            "from an address of AWS's, and no interface in any VPC of yours."
        ),
        source=sources.LAMBDA_VPC,
        expects=Verdict.HOLDS,
        needs=NETWORK,
        cases={
            DEFAULT: Case(
                observed="the source address that an internet host sees, and the Lambda interfaces in the VPC",
                expected="connected, from an address that is none of the account's; no interface",
                control="the answer of the internet host is itself the positive",
                flip="attach the function to subnets of the VPC",
                conditions=(reaches(ProbeName.INTERNET, source_is_not_ours), has_no_interface),
            )
        },
    ),
    Statement(
        id="C16",
        sentence="So it cannot reach private resources in your VPC, such as RDS; attached to the VPC it can.",
        documented=(
            "A function outside the VPC resolves the private database's name to a private address and times "
            "out; a function attached to the VPC, admitted by the database's security group, gets an answer."
        ),
        source=f"{sources.LAMBDA_VPC}; {sources.LAMBDA_VPC_INTERNET}",
        expects=Verdict.HOLDS,
        needs=NETWORK,
        cases={
            DEFAULT: Case(
                observed="name resolution and a TCP connection from the function to the database",
                expected="a private address, then a time-out; never a refused connection",
                control=_DATABASE_CONTROL,
                flip="attach the function to the VPC with a group that the database's group admits",
                conditions=(does_not_reach(ProbeName.RDS, address_is_private),),
            ),
            **dict.fromkeys(ATTACHED, _ATTACHED),
        },
    ),
)
