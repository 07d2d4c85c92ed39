"""The language host: answers the engine, and runs the Pulumi program in a process of its own."""
# ruff: noqa: N802 - the protocol names its calls

import importlib.metadata
import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

PROGRAM = Path(__file__).with_name("program.py")
ALREADY_SHOWN = 32
"""The program's exit code when it has reported its error to the engine itself."""
PARENT_POLL_SECONDS = 1.0


def serve(arguments: Sequence[str]) -> int:
    """Serve the engine that started this process until it ends; ``arguments`` end with the engine's address."""
    # The engine gives its hosts a process group of their own, so this is never the user's Ctrl-C: it is how the
    # engine says that it is done, and it waits five seconds for hosts that do not leave.
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    positional = [argument for argument in arguments if not argument.startswith("-")]
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    servicer = LanguageHost(positional[-1] if positional else "")
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed cannot stop its hosts, and they must not stay behind.
    parent = os.getppid()
    while not stopped.wait(PARENT_POLL_SECONDS) and os.getppid() == parent:
        pass
    servicer.stop()
    server.stop(grace=None)
    return 0


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The part of ``LanguageRuntime`` that ``preview``, ``up``, ``refresh``, ``destroy`` and ``about`` call."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, _context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Learn the address of the engine that calls."""
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Tell a version: that of the SDK whose protocol this host speaks."""
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def GetRequiredPlugins(
        self, _request: language_pb2.GetRequiredPluginsRequest, _context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        """Name no plugin in advance: the engine learns each with its version from the resources themselves."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(
        self, _request: language_pb2.GetRequiredPackagesRequest, _context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Name no package in advance, for the same reason."""
        return language_pb2.GetRequiredPackagesResponse()

    def About(
        self, _request: language_pb2.AboutRequest, _context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        """Tell which Python runs programs."""
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def GetProgramDependencies(
        self, _request: language_pb2.GetProgramDependenciesRequest, _context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """List the distributions that are installed beside the program."""
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=distribution.name, version=distribution.version)
                for distribution in importlib.metadata.distributions()
            ]
        )

    def Run(self, request: language_pb2.RunRequest, _context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run the program once, to its end; its output is the engine's to show."""
        interpreter = _interpreter(request.info)
        if isinstance(interpreter, str):
            return language_pb2.RunResponse(error=interpreter)
        program = subprocess.Popen(
            # -P: the folder of program.py must not come before the program's own modules.
            [interpreter, "-u", "-P", PROGRAM, self._engine_address, str(os.getpid())],
            cwd=request.info.program_directory or request.pwd or None,
            stdin=subprocess.PIPE,
        )
        with self._lock:
            self._running.add(program)
        try:
            # On standard input, because the configuration may hold secrets and everybody can read arguments.
            program.communicate(request.SerializeToString())
        finally:
            with self._lock:
                self._running.discard(program)
        if program.returncode == 0:
            return language_pb2.RunResponse()
        if program.returncode == ALREADY_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with exit code {program.returncode}")

    def Cancel(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:
        """End what runs."""
        self.stop()
        return empty_pb2.Empty()

    def stop(self) -> None:
        """End every program that this host runs."""
        with self._lock:
            for program in self._running:
                program.terminate()


def _interpreter(info: language_pb2.ProgramInfo) -> Path | str:
    """Return the Python that ``runtime.options.virtualenv`` of Pulumi.yaml names, or say why there is none."""
    options = dict(info.options)
    if "virtualenv" not in options:
        return Path(sys.executable)
    environment = Path(info.root_directory) / str(options["virtualenv"])
    python = environment / "bin" / "python"
    if python.exists():
        return python
    return f"Pulumi.yaml wants the virtual environment {environment}, which is not there: run `make setup`."
