"""What the local cloud asks of the kernel, tried for real. Each trial runs in a private world of its own."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

from vpclab.localcloud.data_plane import DataPlane
from vpclab.network.model import (
    InterfaceType,
    InternetGateway,
    Network,
    NetworkAcl,
    NetworkAclEntry,
    NetworkInterface,
    Route,
    RouteTable,
    RouteTarget,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    TargetKind,
    Vpc,
)

EVERYWHERE = IPv4Network("0.0.0.0/0")
WHOLE = IPv4Network("10.0.0.0/24")
ALLOWED = SecurityGroupRule("-1", cidr=EVERYWHERE)

VPC = Network(
    vpcs=(Vpc("vpc-doctor", "123456789012", "us-east-1", (WHOLE,)),),
    subnets=(Subnet("subnet-doctor", "vpc-doctor", WHOLE, "us-east-1a", "acl-doctor"),),
    route_tables=(
        RouteTable(
            "rtb-doctor",
            "vpc-doctor",
            (
                Route(RouteTarget(TargetKind.LOCAL, "local"), WHOLE),
                Route(RouteTarget(TargetKind.INTERNET_GATEWAY, "igw-doctor"), EVERYWHERE),
            ),
            main=True,
        ),
    ),
    internet_gateways=(InternetGateway("igw-doctor", "vpc-doctor"),),
    security_groups=(SecurityGroup("sg-doctor", "doctor", "vpc-doctor", (ALLOWED,), (ALLOWED,)),),
    network_acls=(
        NetworkAcl(
            "acl-doctor",
            "vpc-doctor",
            is_default=True,
            entries=tuple(
                NetworkAclEntry(100, egress, "-1", allow=True, cidr=EVERYWHERE) for egress in (False, True)
            ),
            subnet_ids=("subnet-doctor",),
        ),
    ),
    network_interfaces=(
        NetworkInterface(
            "eni-function",
            "vpc-doctor",
            "subnet-doctor",
            IPv4Address("10.0.0.10"),
            InterfaceType.LAMBDA,
            ("sg-doctor",),
        ),
        NetworkInterface(
            "eni-public",
            "vpc-doctor",
            "subnet-doctor",
            IPv4Address("10.0.0.11"),
            InterfaceType.INTERFACE,
            ("sg-doctor",),
            public_ip=IPv4Address("203.0.113.9"),
        ),
    ),
)
"""A VPC with one of each kind of rule that the data plane loads."""


def _enter() -> None:
    """Entering the private world is the trial."""


def _link() -> None:
    from pyroute2 import IPRoute  # noqa: PLC0415 - in the private world only

    with IPRoute() as route:
        route.link("add", ifname="doctor0", kind="veth", peer="doctor1")


def _route() -> None:
    from pyroute2 import IPRoute  # noqa: PLC0415 - in the private world only

    with IPRoute() as route:
        route.link("set", index=1, state="up")
        route.route("add", dst="203.0.113.0/24", oif=1, table=1000)
        route.rule("add", fwmark=1, table=1000, priority=100)


def _build() -> None:
    plane = DataPlane(lambda _drop: None)
    try:
        plane.reconcile(VPC)
        plane.materialise("eni-public")
        plane.detach_environment(plane.attach_environment("eni-function"))
    finally:
        plane.close()


TRIALS: tuple[tuple[str, Callable[[], None], str], ...] = (
    ("namespaces", _enter, ""),
    ("virtual Ethernet", _link, "a kernel with CONFIG_VETH (`sudo modprobe veth`)"),
    ("policy routing", _route, "a kernel with CONFIG_IP_MULTIPLE_TABLES"),
    (
        "a VPC with its rules",
        _build,
        "a kernel with nftables, its NAT and its logging (`sudo modprobe nf_tables`)",
    ),
)
"""Name, trial and remedy, simplest first. Without a remedy the refusal's own words are the remedy."""
