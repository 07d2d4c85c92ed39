"""The function of the rows: it tries what it is asked, all at once, and answers what it saw.

An event is a list of asks, each the name of a function below and its arguments. An exception is an answer too:
its type and its text.
"""

import json
import os
import socket
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

AT_ONCE = 32
PATIENCE = 20.0
"""Seconds, once TCP has answered: a busy machine may take its time for the rest."""

NO_ANSWER = 0.6
"""Seconds to wait for a SYN's answer, which the kernel gives at once: less than until it would be sent again."""

_clients = threading.Lock()  # making clients is not thread-safe
_held: dict[str, socket.socket] = {}


def connect(host: str, port: int = 443, seconds: float = NO_ANSWER) -> str:
    """Open a TCP connection."""
    with socket.create_connection((host, port), timeout=seconds):
        return "connected"


def get(url: str) -> str:
    """Return the body, without its last newline."""
    parts = urlsplit(url)
    connect(str(parts.hostname), 443 if parts.scheme == "https" else 80)
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - the row's own URL
        return str(answer.read().decode().strip())


def urlopen(url: str, seconds: float = NO_ANSWER) -> int:
    """Return the status."""
    with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - the row's own URL
        return int(answer.status)


def call(
    service: str,
    operation: str,
    parameters: dict[str, Any] | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
) -> Any:  # noqa: ANN401 - JSON
    """Return the status of an AWS call."""
    address = _client(service, region, endpoint_url, PATIENCE).meta.endpoint_url
    patience = PATIENCE
    try:
        connect(str(urlsplit(address).hostname))
    except TimeoutError:
        patience = NO_ANSWER
    except OSError:
        pass  # boto3 says it in its own words
    client = _client(service, region, endpoint_url, patience)
    answer = getattr(client, operation)(**(parameters or {}))
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def resolve(name: str) -> list[str]:
    """Return all addresses of a name, sorted."""
    found = socket.getaddrinfo(name, 443, proto=socket.IPPROTO_TCP)
    return sorted({str(one[4][0]) for one in found})


def ask_resolver(server: str, name: str, seconds: float = PATIENCE) -> str:
    """Return a name's address by a resolver of choice."""
    labels = b"".join(bytes([len(one)]) + one.encode() for one in name.split("."))
    query = bytes.fromhex("123401000001000000000000") + labels + bytes.fromhex("0000010001")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(seconds)
        asking.sendto(query, (server, 53))
        return socket.inet_ntoa(asking.recv(512)[-4:])


def postgres(host: str, port: int = 5432) -> str:
    """Return PostgreSQL's answer to an SSLRequest: S, it speaks TLS."""
    connect(host, port)
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        connection.sendall(bytes.fromhex("0000000804d2162f"))
        return connection.recv(1).decode()


def environment() -> dict[str, str]:
    """Return the environment's variables, and its resolv.conf."""
    return {**os.environ, "resolv.conf": Path("/etc/resolv.conf").read_text()}


def zone(token: str | None = None) -> Any:  # noqa: ANN401 - JSON
    """Return the id of the Availability Zone, as the metadata endpoint says it."""
    address = f"http://{os.environ['AWS_LAMBDA_METADATA_API']}/2026-01-15/metadata/execution-environment"
    bearer = token or os.environ["AWS_LAMBDA_METADATA_TOKEN"]
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {bearer}"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - Lambda's own URL
        return json.load(answer)["AvailabilityZoneID"]


def say(text: str) -> str:
    """Print."""
    print(text)  # noqa: T201 - the row is about what a function prints
    return "said"


def hold(name: str, host: str, port: int = 80) -> str:
    """Open a connection and keep it for the next invocations of this environment."""
    _held[name] = socket.create_connection((host, port), timeout=PATIENCE)
    return talk(name)


def talk(name: str, seconds: float = PATIENCE) -> str:
    """Ask over the kept connection, and return the beginning of the answer."""
    _held[name].settimeout(seconds)
    _held[name].sendall(b"HEAD / HTTP/1.1\r\nHost: example.com\r\n\r\n")
    return _held[name].recv(1024).decode().partition("\r\n")[0]


def attempt(ask: list[Any]) -> Any:  # noqa: ANN401 - JSON
    """Try one ask."""
    verb, *arguments = ask
    try:
        return globals()[verb](*arguments)
    except Exception as error:  # noqa: BLE001 - it is the answer
        return f"{type(error).__name__}: {error}"


def handler(event: list[list[Any]], context: object) -> list[Any]:
    """Try everything."""
    del context
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(attempt, event))


def _client(service: str, region: str | None, endpoint_url: str | None, patience: float) -> Any:  # noqa: ANN401
    config = Config(
        connect_timeout=patience,
        read_timeout=PATIENCE,
        retries={"total_max_attempts": 1},
        parameter_validation=False,
    )
    with _clients:
        return boto3.client(service, region_name=region, endpoint_url=endpoint_url, config=config)
