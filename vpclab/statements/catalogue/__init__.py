"""The catalogue of statements, by topic."""

from vpclab.statements.catalogue import aws_owned_vpc, aws_services, interfaces, internet_access
from vpclab.statements.statement import Statement

CATALOGUE: tuple[Statement, ...] = tuple(
    sorted(
        (
            *aws_owned_vpc.STATEMENTS,
            *interfaces.STATEMENTS,
            *internet_access.STATEMENTS,
            *aws_services.STATEMENTS,
        ),
        key=lambda statement: statement.id,
    )
)


def statement(identifier: str) -> Statement:
    """Return the statement of that id; KeyError names an unknown one."""
    return {entry.id: entry for entry in CATALOGUE}[identifier]
