"""What an instance is told of TLS, passwords and addresses."""

from ipaddress import IPv4Address

import pytest

from vpclab.localcloud.databases.configuration import Listening, force_ssl, pg_hba_conf, postgresql_conf

FORCED = Listening(IPv4Address("10.0.1.9"), 5433, force_ssl=True)
FREE = Listening(IPv4Address("10.0.1.9"), 5433, force_ssl=False)


def settings(text: str) -> dict[str, str]:
    return dict(line.split(" = ", 1) for line in text.splitlines())


@pytest.mark.parametrize(
    ("version", "forced"),
    [("18.3", True), ("15", True), ("15.4", True), ("14.9", False), ("9.6", False), ("", True)],
)
def test_tls_can_be_forced_by_the_engine_version(version: str, *, forced: bool) -> None:
    """RDS guide: the default of rds.force_ssl is 1 from PostgreSQL 15 on, 0 before."""
    assert force_ssl(version) is forced


def test_instance_can_listen_on_its_own_address_alone() -> None:
    """Not on the loopback interface, not on every address."""
    found = settings(postgresql_conf(FORCED))
    assert (found["listen_addresses"], found["port"]) == ("'10.0.1.9'", "5433")
    assert (found["ssl"], found["rds.force_ssl"]) == ("on", "'1'")
    assert settings(postgresql_conf(FREE))["rds.force_ssl"] == "'0'"


def test_nobody_can_come_without_a_password() -> None:
    """Over the network there is SCRAM or nothing; the administrator cannot come over it at all."""
    for listening in (FORCED, FREE):
        rules = [line.split() for line in pg_hba_conf(listening).splitlines()]
        network = [rule for rule in rules if rule[0] != "local"]
        assert network[0] == ["host", "all", "rdsadmin", "all", "reject"]
        assert {rule[-1] for rule in network[1:]} == {"scram-sha-256"}
        assert [rule for rule in rules if rule[-1] == "trust"] == [["local", "all", "rdsadmin", "trust"]]


def test_plain_connections_can_only_come_where_tls_is_not_forced() -> None:
    """`hostssl` matches no connection without TLS, so PostgreSQL answers "no pg_hba.conf entry"."""
    assert "hostnossl" not in pg_hba_conf(FORCED)
    assert "hostnossl all all all scram-sha-256" in pg_hba_conf(FREE)
