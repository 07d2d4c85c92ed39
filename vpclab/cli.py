"""The command line ``vpclab``. Exit codes: 0 done, 1 could not, 2 an asserted fact is false.

Every command is quick to list: what is heavy is imported by the command that needs it.
"""

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from vpclab import __version__, cli_cloud, cli_demo, cli_doctor, cli_drops, cli_env, cli_setup, cli_variants
from vpclab.cli_terminal import CANNOT, INTERRUPTED, answer, complain
from vpclab.localcloud.daemon import DaemonError
from vpclab.statements.error import VerificationError
from vpclab.toolchain.error import ToolchainError

app = typer.Typer(
    name="vpclab",
    help="Why can my Lambda not reach it? Four VPC variants, deployed by Pulumi and proven by packets.",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Tell the version and leave.")] = False,
) -> None:
    if version:
        answer(f"vpclab {__version__}")
        raise typer.Exit


app.command("demo")(cli_demo.demo)
app.command("doctor")(cli_doctor.doctor)
app.command("setup")(cli_setup.setup)
app.command("env")(cli_env.env)
app.command("up")(cli_variants.up)
app.command("verify")(cli_variants.verify)
app.command("destroy")(cli_variants.destroy)
cli_cloud.app.command("drops")(cli_drops.drops)
app.add_typer(cli_cloud.app, name="cloud")


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; a user's mistake is told without a traceback."""
    try:
        code = app(arguments or ["--help"], prog_name="vpclab", standalone_mode=False)
    except typer.TyperException as mistake:
        complain(_words(mistake))
        return CANNOT
    except (typer.Abort, KeyboardInterrupt):
        complain("interrupted")
        return INTERRUPTED
    except (ToolchainError, DaemonError, VerificationError) as refusal:
        complain(str(refusal))
        return CANNOT
    except OSError as failure:
        if failure.filename is None:
            raise
        complain(f"{failure.filename}: {failure.strerror}. It has to be there, and ours to use")
        return CANNOT
    if code == INTERRUPTED:  # typer turns Ctrl-C into its exit code
        complain("interrupted")
    return code if isinstance(code, int) else 0


def _words(mistake: typer.TyperException) -> str:
    """Return what is wrong with a command line and how one is written."""
    words = str(getattr(mistake, "format_message", mistake.__str__)())
    context = getattr(mistake, "ctx", None)
    if not words:  # a group without its command: the help has been shown
        return "which of the commands above?"
    return f"{words}\n{context.get_usage()}" if context is not None else words


def main() -> NoReturn:
    """Run the process's own command line."""
    _have_standard_streams()
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    sys.exit(run(sys.argv[1:]))


def _have_standard_streams() -> None:
    # Whoever starts the command may have closed them; what is opened next would else take their place.
    sink = os.open(os.devnull, os.O_RDWR)
    while sink <= 2:  # noqa: PLR2004 - standard error
        os.set_inheritable(sink, True)
        sink = os.dup(sink)
    os.close(sink)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good


def _as_ctrl_c(_number: int, _frame: FrameType | None) -> None:
    # So that a `kill` of the demo tears down like Ctrl-C does.
    raise KeyboardInterrupt
