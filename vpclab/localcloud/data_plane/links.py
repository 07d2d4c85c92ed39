"""The names of links, and the groups by which rulesets know what is at their far end."""

from vpclab.localcloud.data_plane.identifiers import interface_name

LOOPBACK = "lo"
INSIDE = "eth0"
"""The link of a namespace that has one way out: an interface's, an environment's, an endpoint's."""

INTERNET_GATEWAY = "igw"
"""In a router: the link to the internet."""

NO_ROUTE = "x-no-route"
BLACKHOLE = "x-blackhole"
NOBODY = "x-nobody"
SPARE = "x-spare"
"""Links that lead nowhere: a route to one of them is how the kernel's routing says why it refuses, for the ruleset
to log and drop. Two pairs, each other's peers."""

GROUP_NOWHERE = 1
GROUP_INTERNET_GATEWAY = 2
GROUP_GATEWAY_ENDPOINT = 3
GROUP_ENVIRONMENT = 4
"""Groups from ``identifiers.FIRST_NUMBER`` on are subnets."""

ENVIRONMENT_PREFIX = "v"


def interface_link(interface_id: str) -> str:
    """Name the router's link to a network interface."""
    return interface_name("e", interface_id)


def gateway_endpoint_link(endpoint_id: str) -> str:
    """Name the router's link to the service behind a gateway endpoint."""
    return interface_name("g", endpoint_id)


def vpc_link(vpc_id: str) -> str:
    """Name the internet's link to a VPC."""
    return interface_name("p", vpc_id)
