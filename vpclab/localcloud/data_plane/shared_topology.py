"""The two namespaces that belong to no VPC of the user's: the internet, and the VPC that AWS runs functions in."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.interface_ruleset import source_nat
from vpclab.localcloud.data_plane.ranges import (
    AWS_SERVICES,
    EVERYWHERE,
    GATEWAY,
    INTERNET_HOSTS,
    INTERNET_VISITOR,
    LAMBDA_SERVICE_ADDRESSES,
    LAMBDA_SERVICE_SOURCE,
    LINK_LOCAL,
    PRIVATE_USE,
    PUBLIC_RESOLVERS,
    RESOLVER,
    SHARED_SPACE,
)
from vpclab.localcloud.data_plane.refusal import Kind, Refusals
from vpclab.localcloud.data_plane.ruleset import ICMP_ERRORS, Ruleset, anonymous, base_chain
from vpclab.localcloud.data_plane.topology import (
    FORWARDING,
    INTERNET,
    LAMBDA_SERVICE,
    LOCAL_TABLE,
    MAIN_TABLE,
    Address,
    KernelRoute,
    NamespaceTopology,
    Neighbour,
    RouteKind,
    Veth,
    vpc_key,
)
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts

LAMBDA_SERVICE_LINK = "p-lambda"


def internet_topology(vpcs: Iterable[VpcFacts]) -> NamespaceTopology:
    """Compile the internet: hosts and AWS APIs at home in it, and a link to each VPC's internet gateway.

    It passes on what is for a public address in use and drops the rest.
    """
    veths = {
        Veth(links.NOBODY, links.GROUP_NOWHERE, INTERNET, links.SPARE),
        Veth(LAMBDA_SERVICE_LINK, links.GROUP_INTERNET_GATEWAY, LAMBDA_SERVICE, links.INSIDE),
    }
    neighbours = {Neighbour(LAMBDA_SERVICE_LINK, GATEWAY)}
    routes = {
        KernelRoute(MAIN_TABLE, EVERYWHERE, RouteKind.UNICAST, links.NOBODY),
        KernelRoute(MAIN_TABLE, LAMBDA_SERVICE_ADDRESSES, RouteKind.UNICAST, LAMBDA_SERVICE_LINK, GATEWAY),
        *(
            KernelRoute(LOCAL_TABLE, block, RouteKind.LOCAL, links.LOOPBACK)
            for block in (INTERNET_HOSTS, *PUBLIC_RESOLVERS, AWS_SERVICES)
        ),
    }
    links_by_address: dict[IPv4Address, str] = {}  # a VPC that stays as it was may still hold one that moved on
    for facts in vpcs:
        if facts.internet_gateway is None:
            continue
        link = links.vpc_link(facts.vpc.id)
        veths.add(
            Veth(
                link,
                links.GROUP_INTERNET_GATEWAY,
                vpc_key(facts.vpc.id),
                links.INTERNET_GATEWAY,
                peer_group=links.GROUP_INTERNET_GATEWAY,
            )
        )
        neighbours.add(Neighbour(link, GATEWAY))
        links_by_address.update(dict.fromkeys(facts.public_addresses().values(), link))
    routes.update(
        KernelRoute(MAIN_TABLE, IPv4Network(address), RouteKind.UNICAST, link, GATEWAY)
        for address, link in links_by_address.items()
    )
    return NamespaceTopology(
        sysctls=FORWARDING,
        ruleset=_internet_ruleset(),
        veths=frozenset(veths),
        addresses=frozenset({Address(links.LOOPBACK, INTERNET_VISITOR)}),
        neighbours=frozenset(neighbours),
        routes=frozenset(routes),
    )


def lambda_service_topology() -> NamespaceTopology:
    """Compile the VPC of functions without a VpcConfig: out to the internet, and to nobody's private addresses."""
    return NamespaceTopology(
        sysctls=FORWARDING,
        ruleset=_lambda_service_ruleset(),
        addresses=frozenset({Address(links.LOOPBACK, RESOLVER)}),
        neighbours=frozenset({Neighbour(links.INSIDE, GATEWAY)}),
        routes=frozenset({KernelRoute(MAIN_TABLE, EVERYWHERE, RouteKind.UNICAST, links.INSIDE, GATEWAY)}),
    )


def _internet_ruleset() -> Ruleset:
    refusals = Refusals()
    nobody = refusals.chain(Kind.ADDRESS, INTERNET, "ADDRESS_NOT_IN_USE")
    chains = (
        base_chain(
            "forward",
            "forward",
            0,
            "drop",
            f"iifgroup {links.GROUP_INTERNET_GATEWAY} oifgroup {links.GROUP_INTERNET_GATEWAY} accept",
            f"goto {nobody}",
        ),
        base_chain("from-hosts", "output", 0, "accept", f'oifname "{links.NOBODY}" drop', f"{ICMP_ERRORS} drop"),
        *refusals.chains(),
    )
    return Ruleset("internet", chains=chains)


def _lambda_service_ruleset() -> Ruleset:
    refusals = Refusals()
    private = refusals.chain(Kind.AWS_OWNED_VPC, LAMBDA_SERVICE, "NO_ROUTE_TO_DESTINATION")
    inbound = refusals.chain(Kind.AWS_OWNED_VPC, LAMBDA_SERVICE, "NO_INBOUND_PATH")
    environments = f"iifgroup {links.GROUP_ENVIRONMENT}"
    resolver = f"{environments} ip daddr {RESOLVER}"
    chains = (
        base_chain(
            "to-service",
            "input",
            0,
            "drop",
            f"{resolver} udp dport 53 accept",
            f"{resolver} tcp dport 53 accept",
            f"goto {inbound}",
        ),
        base_chain(
            "forward",
            "forward",
            0,
            "drop",
            f"ct state {{ established, related }} oifgroup {links.GROUP_ENVIRONMENT} accept",
            f"{environments} ip daddr {anonymous((*PRIVATE_USE, SHARED_SPACE, LINK_LOCAL))} goto {private}",
            f'{environments} oifname "{links.INSIDE}" accept',
            "ct state != new drop",  # for an environment that has ended: nothing that anybody refused
            f"goto {inbound}",
        ),
        base_chain("from-service", "output", 0, "accept", f"{ICMP_ERRORS} drop", "tcp flags & rst == rst drop"),
        source_nat(links.INSIDE, str(LAMBDA_SERVICE_SOURCE)),
        *refusals.chains(),
    )
    return Ruleset("lambda-service", chains=chains)
