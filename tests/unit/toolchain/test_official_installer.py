"""The official installer, played by a web server on loopback."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from vpclab.toolchain import official_installer

INSTALLER = """#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
    --version) version=$2; shift 2 ;;
    --install-root) root=$2; shift 2 ;;
    --no-edit-path) quiet=yes; shift ;;
  esac
done
[ "$quiet" = yes ] || exit 9
mkdir -p "$root/bin"
printf '#!/bin/sh\\necho v%s\\n' "$version" > "$root/bin/pulumi"
chmod +x "$root/bin/pulumi"
"""


class Site:
    """What the web server answers with."""

    body = INSTALLER

    def __init__(self, url: str) -> None:
        self.url = url


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served.body.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Keep the test's output clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


def test_installer_can_install_into_its_folder(tmp_path: Path, site: Site, told: list[str]) -> None:
    """It is told the version, the folder, and to edit no profile; only the folder is left."""
    directory = tmp_path / "pulumi"
    assert official_installer.install("3.1.2", directory, told.append, site.url) is None
    assert "v3.1.2" not in told
    assert (directory / "bin" / "pulumi").read_text().endswith("echo v3.1.2\n")
    assert list(tmp_path.iterdir()) == [directory]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("#!/bin/sh\necho no such release >&2; exit 1\n", "it failed: no such release"),
        ("<html>please sign in</html>", "answered with something that is not the installer"),
        ("#!/bin/sh\ntrue\n", "it ended without leaving an executable"),
    ],
)
def test_installer_cannot_leave_half_an_installation(tmp_path: Path, site: Site, body: str, reason: str) -> None:
    """A failure is a reason to go on with, and leaves nothing behind."""
    site.body = body
    refusal = official_installer.install("3.1.2", tmp_path / "pulumi", print, site.url)
    assert reason in (refusal or "")
    assert list(tmp_path.iterdir()) == []


def test_installer_cannot_be_reached_where_nobody_listens(tmp_path: Path, unused_port: int) -> None:
    """The reason is the network's own."""
    refusal = official_installer.install("3.1.2", tmp_path / "pulumi", print, f"http://127.0.0.1:{unused_port}")
    assert "Connection refused" in (refusal or "")
