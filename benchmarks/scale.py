"""Many at once: a hundred functions, ten builders of VPCs, a thousand interfaces; beside moto and ministack.

    .venv/bin/python -m benchmarks.scale

The three run side by side and get the same requests in turns. moto's server and ministack keep records only of a
VPC, so that what is more here is what the kernel is made to do; moto runs no functions without Docker. A builder
makes a VPC with two subnets, an internet gateway, a NAT gateway, two route tables and a group, and takes it down.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.invocation import TRUST, function
from benchmarks.signed import SignedInvocation
from benchmarks.table import machine, middle, milliseconds, show
from tests.targets import emulators
from vpclab.localcloud import daemon

FUNCTIONS = 100
BUILDERS, BUILDS = 10, 30
SIZES = (10, 100, 1000)
CHANGES = 15
SLOW = "def handler(event, context):\n    import time\n    time.sleep(1)\n    print('asked')\n"
HERE, MOTO, MINISTACK = "here", "moto", "ministack"

Cells = dict[str, dict[str, str]]


def main() -> int:
    """Measure and print."""
    print(machine())
    with ExitStack() as undo:
        directory = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        endpoints = {HERE: daemon.start(0, directory / "here", lifeline=True).endpoint}
        undo.callback(daemon.stop, directory / "here")
        endpoints[MOTO] = undo.enter_context(emulators.plain_moto(directory / "moto"))
        endpoints[MINISTACK] = undo.enter_context(emulators.ministack(directory / "ministack"))
        cells: Cells = {}
        for measure in (functions, builders, interfaces):
            measure(endpoints, cells)
    rows = [(name, *(by.get(one, "-") for one in (HERE, MOTO, MINISTACK))) for name, by in cells.items()]
    show("many at once", ["", HERE, MOTO, MINISTACK], rows)
    return 0


def client(endpoint: str, service: str) -> Any:  # noqa: ANN401 - botocore's clients have no static type
    """Return a client that does not try again, and that many threads can use."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=FUNCTIONS, read_timeout=120)
    return session.client(service, endpoint_url=endpoint, config=config)


def functions(endpoints: dict[str, str], cells: Cells) -> None:
    """Invoke a hundred functions of one second each at the same time, twice: cold, then warm."""
    for name in (HERE, MINISTACK):
        endpoint = endpoints[name]
        role = client(endpoint, "iam").create_role(RoleName="scale", AssumeRolePolicyDocument=json.dumps(TRUST))
        make = partial(function, client(endpoint, "lambda"), role["Role"]["Arn"], network={}, handler=SLOW)
        with ThreadPoolExecutor(FUNCTIONS) as callers:
            names = list(callers.map(make, [f"many-{number}" for number in range(FUNCTIONS)]))
            for kind in ("cold", "warm"):
                calls = [SignedInvocation(endpoint, one) for one in names]
                took = milliseconds(partial(all_of, callers, SignedInvocation.__call__, calls))
                note(cells, f"{FUNCTIONS} functions of 1 s at once, {kind}, s", name, took / 1000)
        for one in names:
            client(endpoint, "lambda").delete_function(FunctionName=one)


def all_of(threads: ThreadPoolExecutor, call: Callable[[Any], object], values: list[Any]) -> None:
    """Call for each value, as many at a time as there are threads."""
    for _ in threads.map(call, values):
        pass


def builders(endpoints: dict[str, str], cells: Cells) -> None:
    """Have ten clients build and take down VPCs."""
    for name, endpoint in endpoints.items():
        ec2 = client(endpoint, "ec2")
        live(ec2)
        with ThreadPoolExecutor(BUILDERS) as threads:
            took = milliseconds(partial(all_of, threads, live, [ec2] * BUILDS))
        note(cells, f"a VPC built and torn down, {BUILDERS} clients, ms", name, took / BUILDS)


def live(ec2: Any) -> None:  # noqa: ANN401 - see above
    """Build a VPC and take it down."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    inner, outer = (
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)
    )
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=outer, AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat], WaiterConfig={"Delay": 1})
    tables = []
    for subnet, target in ((outer, {"GatewayId": gateway}), (inner, {"NatGatewayId": nat})):
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        tables.append((table, association))
    group = ec2.create_security_group(VpcId=vpc, GroupName="scale", Description="scale")["GroupId"]
    allow(ec2, group, 443)
    for table, association in tables:
        ec2.disassociate_route_table(AssociationId=association)
        ec2.delete_route_table(RouteTableId=table)
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat], WaiterConfig={"Delay": 1})
    ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    for subnet in (inner, outer):
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)


def interfaces(endpoints: dict[str, str], cells: Cells) -> None:
    """Make interfaces up to a thousand; describe them, and change a rule and a route, at each size."""
    for name, endpoint in endpoints.items():
        ec2 = client(endpoint, "ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(VpcId=vpc, GroupName="scale", Description="scale")["GroupId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ports, made = count(1000), 0
        route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
        for size in SIZES:
            started = time.perf_counter()
            with ThreadPoolExecutor(BUILDERS) as threads:
                create = partial(ec2.create_network_interface, SubnetId=subnet, Groups=[group])
                list(threads.map(lambda _, create=create: create(), range(made, size)))
            per_interface = 1000 * (time.perf_counter() - started) / (size - made)
            made = size
            note(cells, f"an interface made, up to {size:,}, ms", name, per_interface)
            note(cells, f"describe {size:,} in pages, ms", name, milliseconds(partial(described, ec2, subnet)))
            rule = repeated(lambda: allow(ec2, group, next(ports)))  # noqa: B023 - used at once
            note(cells, f"a rule added at {size:,}, ms", name, rule)
            routes = repeated(
                lambda: ec2.create_route(GatewayId=gateway, **route),  # noqa: B023 - used at once
                lambda: ec2.delete_route(**route),  # noqa: B023 - used at once
            )
            note(cells, f"a route added at {size:,}, ms", name, routes)


def repeated(call: Callable[[], object], undo: Callable[[], object] = lambda: None) -> float:
    """Return the median of some calls, each undone."""
    values = []
    for _ in range(CHANGES):
        values.append(milliseconds(call))
        undo()
    return middle(values)


def described(ec2: Any, subnet: str) -> int:  # noqa: ANN401 - see above
    """Describe a subnet's interfaces, a hundred at a time."""
    pages: Iterable[dict[str, list[object]]] = ec2.get_paginator("describe_network_interfaces").paginate(
        Filters=[{"Name": "subnet-id", "Values": [subnet]}], PaginationConfig={"PageSize": 100}
    )
    return sum(len(page["NetworkInterfaces"]) for page in pages)


def allow(ec2: Any, group: str, port: int) -> None:  # noqa: ANN401 - see above
    """Admit everybody to a port."""
    ranges = [{"CidrIp": "0.0.0.0/0"}]
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def note(cells: Cells, row: str, column: str, value: float) -> None:
    """Put a figure where it belongs."""
    cells.setdefault(row, {})[column] = f"{value:.1f}"


if __name__ == "__main__":
    sys.exit(main())
