"""The catalogue of statements, by topic."""

from vpclab.statements.catalogue import (
    aws_owned_vpc,
    aws_services,
    event_sources,
    execution_roles,
    function_policies,
    interfaces,
    internet_access,
    managed_policies,
)
from vpclab.statements.statement import Statement

CATALOGUE: tuple[Statement, ...] = tuple(
    sorted(
        (
            *aws_owned_vpc.STATEMENTS,
            *interfaces.STATEMENTS,
            *internet_access.STATEMENTS,
            *aws_services.STATEMENTS,
            *execution_roles.STATEMENTS,
            *managed_policies.STATEMENTS,
            *event_sources.STATEMENTS,
            *function_policies.STATEMENTS,
        ),
        key=lambda statement: int(statement.id[1:]),
    )
)


def statement(identifier: str) -> Statement:
    """Return the statement of that id; KeyError names an unknown one."""
    return {entry.id: entry for entry in CATALOGUE}[identifier]
