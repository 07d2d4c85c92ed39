"""What the verifier speaks to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vpclab.statements.error import VerificationError
from vpclab.statements.target import Target

ANSWERS = {
    "/_vpclab/health": {"status": "serving", "isolates_network": True},
    "/_vpclab/drops?since=17.5": {"drops": [{"kind": "route-table"}]},
}


class _Admin(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(ANSWERS[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def isolating() -> Iterator[Target]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Admin) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield Target.local(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def test_a_local_cloud_can_claim_isolation_and_name_components(isolating: Target) -> None:
    """Its health and its list of refused packets are read over HTTP."""
    assert isolating.claims_isolation()
    assert isolating.drops(17.5) == [{"kind": "route-table"}]
    assert isolating.is_on_loopback


def test_an_ordinary_emulator_cannot_claim_isolation(emulator: Target) -> None:
    """It has no such endpoints, so nothing is taken for granted and no component is expected."""
    assert not emulator.claims_isolation()
    assert emulator.drops(0) is None


def test_a_proxy_cannot_come_between(isolating: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the user's shell is no way to this machine itself."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Target.local(str(isolating.endpoint)).claims_isolation()


def test_a_missing_target_cannot_be_verified() -> None:
    """The error says where nothing answers and what to do."""
    with pytest.raises(
        VerificationError, match=r"nothing answers at http://127\.0\.0\.1:9 .*`vpclab cloud start`"
    ):
        Target.local("http://127.0.0.1:9").claims_isolation()


def test_aws_can_be_taken_at_its_word() -> None:
    """It isolates, and tells nobody who refused a packet."""
    aws = Target(None)
    assert aws.claims_isolation()
    assert aws.drops(0) is None
    assert not aws.is_on_loopback
