"""Many at once: functions, clients, interfaces. Deadlines are far beyond what a busy machine needs."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.deadline import eventually
from tests.integration.row_cloud import Clients
from tests.integration.row_world import BASIC, CHECKIP, EVERYTHING, VPC_ACCESS, RowWorld, package
from vpclab.localcloud import daemon

FUNCTIONS, BUILDERS, INTERFACES = 100, 10, 1000
SECONDS = 240.0

HANDLER = """
import time


def handler(event, context):
    time.sleep(2)
    return context.function_name
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clients, str]]:
    state = tmp_path_factory.mktemp("scale")
    clients = Clients(daemon.start(0, state, lifeline=True).endpoint)
    yield clients, RowWorld(clients, "").iam_role(VPC_ACCESS, BASIC, EVERYTHING)
    daemon.stop(state)


def status(clients: Clients) -> dict[str, Any]:
    answer: dict[str, Any] = requests.get(f"{clients.endpoint}/_vpclab/status", timeout=60).json()
    return answer


def test_hundred_functions_can_be_invoked_at_once(large: tuple[Clients, str]) -> None:
    """Each has an environment of its own, all are busy at a time, and each answers in its own name."""
    clients, role = large
    functions, code = clients("lambda"), package(HANDLER)
    names = [f"many-{number}" for number in range(FUNCTIONS)]

    def create(name: str) -> None:
        given = {"Runtime": "python3.13", "Handler": "probe.handler", "Role": role, "Timeout": 120}
        functions.create_function(FunctionName=name, Code={"ZipFile": code}, **given)
        functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def invoke(name: str) -> object:
        answer = functions.invoke(FunctionName=name)
        return json.loads(answer["Payload"].read())

    with ThreadPoolExecutor(FUNCTIONS) as callers:
        list(callers.map(create, names, timeout=SECONDS))
        assert list(callers.map(invoke, names, timeout=SECONDS)) == names
        assert list(callers.map(invoke, names, timeout=SECONDS)) == names, "warm"
    found = status(clients)["functions"]
    assert found["idle"] + found["busy"] == FUNCTIONS, "nobody was turned away, nobody had two"
    for name in names:
        functions.delete_function(FunctionName=name)
    eventually(lambda: status(clients)["functions"] == {"idle": 0, "busy": 0}, SECONDS, "all environments ended")


def test_ten_clients_can_build_and_tear_down_networks_at_once(large: tuple[Clients, str]) -> None:
    """VPCs of the same range, each with a NAT gateway and a function that leaves through it; nothing stays."""
    clients, role = large
    before = set(status(clients)["namespaces"])

    def live(_number: int) -> tuple[str, str]:
        world = RowWorld(clients, role)
        try:
            place, nat = world.private()
            return nat.public_ip, world.ask_one(world.function(place), "get", CHECKIP)
        finally:
            world.undo.close()

    with ThreadPoolExecutor(BUILDERS) as builders:
        seen = list(builders.map(live, range(2 * BUILDERS), timeout=SECONDS))
    assert [address for _, address in seen] == [public for public, _ in seen]
    eventually(lambda: set(status(clients)["namespaces"]) == before, SECONDS, "no namespace is left")


def test_thousand_interfaces_can_be_described(large: tuple[Clients, str]) -> None:
    """In pages, each once; and by filter."""
    clients, role = large
    world, ec2 = RowWorld(clients, role), clients("ec2")
    vpc = world.vpc("10.0.0.0/16")
    subnet = world.subnet(vpc, "10.0.0.0/20")
    with ThreadPoolExecutor(BUILDERS) as builders:
        made = list(
            builders.map(
                lambda _: ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"],
                range(INTERFACES),
                timeout=SECONDS,
            )
        )
    pages = list(
        ec2.get_paginator("describe_network_interfaces").paginate(
            Filters=[{"Name": "subnet-id", "Values": [subnet]}], PaginationConfig={"PageSize": 100}
        )
    )
    found = Counter(one["NetworkInterfaceId"] for page in pages for one in page["NetworkInterfaces"])
    assert found == Counter(one["NetworkInterfaceId"] for one in made)
    assert len(pages) == INTERFACES // 100
    assert len({one["PrivateIpAddress"] for one in made}) == INTERFACES
    wanted = made[INTERFACES // 2]
    (only,) = world.interfaces(**{"vpc-id": vpc, "private-ip-address": wanted["PrivateIpAddress"]})
    assert only["NetworkInterfaceId"] == wanted["NetworkInterfaceId"]
