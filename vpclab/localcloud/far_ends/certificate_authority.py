"""The local cloud's own certificate authority: functions trust it, and it vouches for every simulated name.

One authority lives as long as the cloud's state directory, so that what trusted it before a restart still does.
Its key never leaves that directory; the bundle is what may be handed out.
"""

import ssl
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import trustme

ORGANIZATION = "vpclab local cloud"
_CONTEXTS_KEPT = 256
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian and relatives
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora and relatives, Amazon Linux
    "/etc/ssl/cert.pem",  # Alpine, BSD
)


NamePolicy = Callable[[str, str], tuple[str, ...] | None]
"""From the name that a client asks for, and the local address it asked at, to the names on the certificate.

None refuses the handshake.
"""


class CertificateAuthority:
    """Issues certificates. ``directory`` keeps it: it is loaded from there, or made there on the first use.

    ``system_bundles`` are candidates for the file with the system's authorities; the first that exists is used.
    """

    def __init__(self, directory: Path, system_bundles: Sequence[str] = _SYSTEM_BUNDLES) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        certificate, key = directory / "authority.pem", directory / "authority.key"
        if certificate.exists() and key.exists():
            self._authority = trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
        else:
            self._authority = trustme.CA(
                organization_name=ORGANIZATION, organization_unit_name="certificate authority"
            )
            _write(key, self._authority.private_key_pem.bytes(), mode=0o600)
            _write(certificate, self._authority.cert_pem.bytes(), mode=0o644)
        system = next((Path(name) for name in system_bundles if Path(name).is_file()), None)
        authorities = system.read_bytes() + b"\n" if system else b""
        self.bundle = directory / "bundle.pem"
        """A PEM file with the system's authorities, if there are any, and ours."""
        _write(self.bundle, authorities + self._authority.cert_pem.bytes(), mode=0o644)
        self._lock = threading.Lock()
        self._context_for = lru_cache(maxsize=_CONTEXTS_KEPT)(self._issue_context)

    @property
    def certificate(self) -> str:
        """The authority's own certificate, PEM."""
        return self._authority.cert_pem.bytes().decode()

    def issue(self, *names: str) -> tuple[bytes, bytes]:
        """Issue a certificate for host names and addresses; return its private key and its chain, both PEM."""
        with self._lock:
            leaf = self._authority.issue_cert(*names, organization_name=ORGANIZATION)
        return leaf.private_key_pem.bytes(), b"".join(one.bytes() for one in leaf.cert_chain_pems)

    def server_context(self, policy: NamePolicy, *default_names: str) -> ssl.SSLContext:
        """Return a context for listening sockets that presents a certificate for the name a client asks for.

        A name that ``policy`` refuses ends the handshake with the alert ``unrecognized_name`` (RFC 6066). A client
        that asks for no name, as one does who connects to an address, gets a certificate for ``default_names``.
        """
        context = self._issue_context(default_names)
        context.sni_callback = self._choice(policy)
        return context

    def _choice(
        self, policy: NamePolicy
    ) -> Callable[[ssl.SSLSocket | ssl.SSLObject, str | None, ssl.SSLContext], int | None]:
        def choose(
            connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, initial: ssl.SSLContext
        ) -> int | None:
            del initial
            if name is None:
                return None
            local = connection.getsockname()[:1] if isinstance(connection, ssl.SSLSocket) else ()
            names = policy(name.lower().rstrip("."), local[0] if local else "")
            if names is None:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = self._context_for(names)
            return None

        return choose

    def _issue_context(self, names: tuple[str, ...]) -> ssl.SSLContext:
        with self._lock:
            leaf = self._authority.issue_cert(*names, organization_name=ORGANIZATION)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # AWS's minimum (General Reference, "TLS requirements")
        leaf.configure_cert(context)
        return context


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file in one step, never readable by more than ``mode`` allows."""
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=mode)
    temporary.write_bytes(content)
    temporary.replace(path)
