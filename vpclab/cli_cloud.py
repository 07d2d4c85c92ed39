"""``vpclab cloud``: the local cloud's process, and what it dropped."""

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from vpclab.cli_terminal import CANNOT, answer, say
from vpclab.localcloud import daemon
from vpclab.localcloud.daemon import DaemonError, DaemonStatus
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project

DEFAULT_PORT = 4566
ADMIN_SECONDS = 10.0
WATCH_SECONDS = 0.5

app = typer.Typer(help="Start, look at and stop the local cloud.", no_args_is_help=True)

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Authorization = Annotated[
    bool,
    typer.Option(
        "--authorization/--no-authorization",
        help="Hold requests against policies as IAM does, or allow what every known caller asks.",
    ),
]


Setting = Annotated[
    list[str] | None,
    typer.Option(
        "--setting",
        metavar="NAME=VALUE",
        help="Another number than AWS's, as in nat_gateway_idle_seconds=5; docs/local-cloud.md lists them.",
    ),
]


@app.command()
def start(
    port: Port = DEFAULT_PORT,
    *,
    authorization: Authorization = True,
    setting: Setting = None,
    as_json: AsJson = False,
) -> None:
    """Start the local cloud in the background; return when it serves."""
    started = time.monotonic()
    status = daemon.start(port, Project.here().cloud, authorization=authorization, settings=setting or ())
    _tell(status, as_json=as_json)
    say(f"It took {time.monotonic() - started:.1f} s. `vpclab cloud stop` ends it.")


@app.command()
def run(port: Port = DEFAULT_PORT, *, authorization: Authorization = True, setting: Setting = None) -> None:
    """Run the local cloud in the foreground, showing its log, until Ctrl-C."""
    directory = Project.here().cloud
    try:
        started = daemon.start(port, directory, lifeline=True, authorization=authorization, settings=setting or ())
        _tell(started, as_json=False)
        say("Ctrl-C ends it.")
        with (directory / daemon.LOG_NAME).open(errors="replace") as log:
            while daemon.status(directory) is not None:
                for line in log:
                    say(line.rstrip())
                time.sleep(WATCH_SECONDS)
        raise DaemonError(f"the local cloud ended by itself; its log is {directory / daemon.LOG_NAME}")
    except KeyboardInterrupt:
        daemon.stop(directory)
        say("stopped")


@app.command()
def stop() -> None:
    """Stop the local cloud and wait until nothing of it is left. Exit 0 also if none ran."""
    stopped = daemon.stop(Project.here().cloud)
    say("no local cloud was running" if stopped is None else f"stopped the local cloud at {stopped.endpoint}")


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Tell whether the local cloud runs, and what runs in it. Exit 1 if it does not run."""
    running = daemon.status(Project.here().cloud)
    if running is None:
        if as_json:
            answer(json.dumps({"running": False}))
        else:
            answer("no local cloud is running; `vpclab cloud start` starts it")
        raise typer.Exit(CANNOT)
    _tell(running, as_json=as_json)


def require_running(project: Project) -> DaemonStatus:
    """Return the project's running cloud.

    Raises:
        ToolchainError: none runs.
    """
    running = daemon.status(project.cloud)
    if running is None:
        raise ToolchainError("no local cloud is running; `vpclab cloud start` starts it")
    return running


def admin(endpoint: str, what: str, **query: str) -> dict[str, Any]:
    """Ask the cloud's own endpoint ``/_vpclab/<what>``.

    Raises:
        ToolchainError: it does not answer, or not with what was asked.
    """
    url = f"{endpoint}/_vpclab/{what}" + (f"?{urlencode(query)}" if query else "")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is nothing for a proxy
    try:
        with opener.open(url, timeout=ADMIN_SECONDS) as response:
            return dict(json.load(response))
    except (urllib.error.URLError, OSError, ValueError) as failure:
        raise ToolchainError(f"the local cloud at {endpoint} does not answer {url}: {failure}") from None


def _tell(status: DaemonStatus, *, as_json: bool) -> None:
    contents = admin(status.endpoint, "status")
    authorizes = admin(status.endpoint, "health").get("authorizes") is True
    if as_json:
        known = {"running": True, "pid": status.pid, "endpoint": status.endpoint, "port": status.port}
        answer(json.dumps({**known, "started": status.started, "authorizes": authorizes, **contents}))
        return
    since = datetime.fromtimestamp(status.started, UTC).strftime("%H:%M:%S UTC")
    answer(f"the local cloud serves at {status.endpoint} (pid {status.pid}, since {since})")
    answer(f"  requests: {'held against policies' if authorizes else 'all allowed (--no-authorization)'}")
    answer(f"  memory of functions is bounded by: {contents.get('memory_bound')}")
    for name in ("vpcs", "databases", "namespaces"):
        held = contents.get(name)
        if held:
            listed = [f"{key} ({value})" for key, value in held.items()] if isinstance(held, dict) else held
            answer(f"  {name}: {', '.join(map(str, listed))}")
