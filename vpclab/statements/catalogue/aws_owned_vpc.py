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
    where_deployed,
)
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.variant import ATTACHED, DEFAULT

_OTHERS = (ProbeName.CACHE, ProbeName.LOAD_BALANCER)

_DATABASE_CONTROL = (
    "RDS reports the database as available, and the same code outside the VPC reaches the internet; the "
    "attached variants of the run get an answer from a database like it"
)

_ATTACHED = Case(
    observed=(
        "a query of PostgreSQL over TLS, and the client address that it reports; a value that is set in the cache "
        "and read again; an HTTP request to the load balancer"
    ),
    expected="answers; the database's client is one of the function's own interfaces",
    control=_DATABASE_CONTROL,
    flip="remove the rule of the target's security group that admits the function's group",
    conditions=(
        reaches(ProbeName.RDS, address_is_private, source_is_function_interface),
        *(where_deployed(probe, reaches(probe, address_is_private)) for probe in _OTHERS),
    ),
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
        sentence=(
            "So it cannot reach private resources in your VPC (RDS, ElastiCache, an internal load balancer); "
            "attached to the VPC it can."
        ),
        documented=(
            "A function outside the VPC resolves their names to private addresses and times out; a function "
            "attached to the VPC, admitted by the target's security group, gets an answer."
        ),
        source=f"{sources.LAMBDA_VPC}; {sources.LAMBDA_VPC_INTERNET}",
        expects=Verdict.HOLDS,
        needs=NETWORK,
        cases={
            DEFAULT: Case(
                observed="name resolution and TCP connections to the database, the cache and the load balancer",
                expected="private addresses, then time-outs; never a refused connection",
                control=_DATABASE_CONTROL,
                flip="attach the function to the VPC with a group that the database's group admits",
                conditions=(
                    does_not_reach(ProbeName.RDS, address_is_private),
                    *(where_deployed(probe, does_not_reach(probe, address_is_private)) for probe in _OTHERS),
                ),
            ),
            **dict.fromkeys(ATTACHED, _ATTACHED),
        },
    ),
)
