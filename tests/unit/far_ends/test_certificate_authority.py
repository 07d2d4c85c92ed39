"""Certificates for simulated names: who trusts them, and what is not given one."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from vpclab.localcloud.far_ends.certificate_authority import CertificateAuthority


def names(name: str, local_address: str) -> tuple[str, ...] | None:
    del local_address
    return (name,) if name.endswith(".example.com") else None


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> list[str]:
    """The names on the certificate that a client is shown; raises what the client raises."""
    near, far = socket.socketpair()

    def serve() -> None:
        with far:
            try:
                server.wrap_socket(far, server_side=True).close()
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(near, server_hostname=name) as connection:
            certificate = connection.getpeercert()
            assert certificate is not None
            return [str(entry[1]) for entry in certificate["subjectAltName"]]
    finally:
        near.close()
        thread.join()


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "authority")


def test_client_can_trust_a_name_by_the_bundle(authority: CertificateAuthority) -> None:
    """A certificate is issued for the name that is asked for, and the bundle vouches for it."""
    client = ssl.create_default_context(cafile=str(authority.bundle))
    server = authority.server_context(names, "198.51.100.1")
    assert handshake(server, client, "a.example.com") == ["a.example.com"]
    assert handshake(server, client, "B.example.com") == ["b.example.com"]


def test_client_cannot_trust_a_name_without_the_bundle(authority: CertificateAuthority) -> None:
    """Nobody else's authorities vouch for the simulated names."""
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority.server_context(names, "198.51.100.1"), ssl.create_default_context(), "a.example.com")


def test_unknown_name_cannot_get_a_certificate(authority: CertificateAuthority) -> None:
    """The handshake ends with the alert for it."""
    client = ssl.create_default_context(cafile=str(authority.bundle))
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        handshake(authority.server_context(names, "198.51.100.1"), client, "example.net")


def test_address_can_be_connected_to_without_a_name(authority: CertificateAuthority) -> None:
    """Who connects to an address names none, and is shown the certificate for the addresses."""
    client = ssl.create_default_context(cafile=str(authority.bundle))
    server = authority.server_context(names, "198.51.100.1", "198.51.100.2")
    assert handshake(server, client, "198.51.100.2") == ["198.51.100.1", "198.51.100.2"]


def test_authority_can_outlive_its_process(tmp_path: Path) -> None:
    """What trusted it before a restart does so after, and the key is readable by its owner alone."""
    first, second = CertificateAuthority(tmp_path), CertificateAuthority(tmp_path)
    assert first.certificate == second.certificate
    client = ssl.create_default_context(cadata=first.certificate)
    assert handshake(second.server_context(names, "::1"), client, "a.example.com")
    assert (tmp_path / "authority.key").stat().st_mode & 0o777 == 0o600


def test_bundle_can_hold_the_systems_authorities(tmp_path: Path) -> None:
    """The first system bundle that exists comes before our authority."""
    system = tmp_path / "system.pem"
    system.write_text("the system's authorities\n")
    authority = CertificateAuthority(tmp_path / "authority", ("/nonexistent", str(system)))
    assert authority.bundle.read_text() == f"the system's authorities\n\n{authority.certificate}"
