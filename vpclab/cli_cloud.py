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


@app.command()
def start(port: Port = DEFAULT_PORT, *, as_json: AsJson = False) -> None:
    """Start the local cloud in the background; return when it serves."""
    started = time.monotonic()
    status = daemon.start(port, Project.here().cloud)
    _tell(status, as_json=as_json)
    say(f"It took {time.monotonic() - started:.1f} s. `vpclab cloud stop` ends it.")


@app.command()
def run(port: Port = DEFAULT_PORT) -> None:
    """Run the local cloud in the foreground, showing its log, until Ctrl-C."""
    directory = Project.here().cloud
    try:
        _tell(daemon.start(port, directory, lifeline=True), as_json=False)
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


@app.command()
def drops(
    function: Annotated[
        str | None, typer.Option("--function", help="Only packets of this function's interfaces.")
    ] = None,
    since: Annotated[float, typer.Option("--since", min=0, help="Only the last so many seconds.")] = 3600,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell which packets were dropped, and by which component."""
    status = require_running(Project.here())
    found = admin(status.endpoint, "drops", since=str(time.time() - since))["drops"]
    if function is not None:
        interfaces = _interfaces(status.endpoint, function)
        found = [drop for drop in found if drop.get("interface_id") in interfaces]
    if as_json:
        answer(json.dumps(found))
        return
    for drop in found:
        answer(describe_drop(drop))
    if not found:
        say("no packet was dropped" + (f" that {function} sent or should have got" if function else ""))


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


def describe_drop(drop: dict[str, Any]) -> str:
    """Return one drop as a line: when, which flow, which component, why."""
    when = datetime.fromtimestamp(float(drop["time"]), UTC).strftime("%H:%M:%S.%f")[:-3]
    source = _socket(drop.get("source"), drop.get("source_port"))
    destination = _socket(drop.get("destination"), drop.get("destination_port"))
    code = f" {drop['code']}" if drop.get("code") else ""
    reason = f": {drop['reason']}" if drop.get("reason") else ""
    return (
        f"{when} {drop.get('protocol', '?')} {source} -> {destination}  "
        f"dropped by {drop.get('kind')} {drop.get('component')}{code}{reason}"
    )


def _socket(address: object, port: object) -> str:
    return f"{address}:{port}" if port else str(address)


def _tell(status: DaemonStatus, *, as_json: bool) -> None:
    contents = admin(status.endpoint, "status")
    if as_json:
        known = {"running": True, "pid": status.pid, "endpoint": status.endpoint, "port": status.port}
        answer(json.dumps({**known, "started": status.started, **contents}))
        return
    since = datetime.fromtimestamp(status.started, UTC).strftime("%H:%M:%S UTC")
    answer(f"the local cloud serves at {status.endpoint} (pid {status.pid}, since {since})")
    for name in ("vpcs", "databases", "namespaces"):
        held = contents.get(name)
        if held:
            listed = [f"{key} ({value})" for key, value in held.items()] if isinstance(held, dict) else held
            answer(f"  {name}: {', '.join(map(str, listed))}")


def _interfaces(endpoint: str, function: str) -> set[str]:
    """Return the ids of the interfaces that the function's packets leave and arrive by."""
    from vpclab.statements.target import Target  # noqa: PLC0415 - boto3 is heavy

    target = Target.local(endpoint)
    functions = target.client("lambda")
    try:
        network = functions.get_function_configuration(FunctionName=function).get("VpcConfig", {})
    except functions.exceptions.ResourceNotFoundException:
        raise ToolchainError(f"there is no function {function!r} in the local cloud at {endpoint}") from None
    found = target.client("ec2").describe_network_interfaces(
        Filters=[
            {"Name": "interface-type", "Values": ["lambda"]},
            {"Name": "subnet-id", "Values": network.get("SubnetIds") or ["none"]},
            {"Name": "group-id", "Values": network.get("SecurityGroupIds") or ["none"]},
        ]
    )["NetworkInterfaces"]
    return {interface["NetworkInterfaceId"] for interface in found}
