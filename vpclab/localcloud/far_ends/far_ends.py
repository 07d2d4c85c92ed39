"""All far ends of the local cloud, brought in line with the network after each change.

Level-triggered: what should listen is computed from the network and the namespaces that exist, the difference is
opened and closed. Names are looked up in the newest network at the time of each query.
"""

import logging
import resource
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Protocol, cast

from vpclab.localcloud.control_plane.server import WsgiServer
from vpclab.localcloud.far_ends import addresses, dns_answer, internet
from vpclab.localcloud.far_ends.aws_api import AwsApi, any_host, endpoint_host
from vpclab.localcloud.far_ends.certificate_authority import CertificateAuthority
from vpclab.localcloud.far_ends.names import Names
from vpclab.localcloud.far_ends.private_names import private_names
from vpclab.localcloud.far_ends.resolver import Answerer, ResolverServer
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.localcloud.network_refusal import NetworkRefusal
from vpclab.network.model import EndpointType, Network, Vpc, VpcEndpoint

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_LOG = logging.getLogger(__name__)

HTTP, HTTPS, DNS = 80, 443, 53
ANY = "0.0.0.0"  # noqa: S104 - inside a namespace of ours, where a range of addresses is local
_DESCRIPTORS_WANTED = 65536
_IP_FREEBIND = 15  # linux/in.h; the range may be made local after we listen
_LISTENING = "available"
_OF_NO_VPC = frozenset({"internet", "resolver/lambda-service"})


class FarEndsError(Exception):
    """One or more far ends could not be opened; the text names each with its cause."""


class _Closable(Protocol):
    """Whatever listens until it is closed."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A far end that should be open. It is the same one as long as ``facts`` and the namespace are."""

    namespace: NetworkNamespace
    facts: tuple[object, ...]
    open: Callable[[], _Closable]

    def is_same(self, other: "_Wanted") -> bool:
        return self.namespace is other.namespace and self.facts == other.facts


class FarEnds:
    """Listeners and resolvers. ``region`` is where functions outside every VPC live.

    Namespaces are looked up by the keys of the data plane: ``internet``, ``lambda-service``, ``vpc/<id>``,
    ``eni/<id>`` and ``gateway-endpoint/<id>``; what has none yet, gets its far end once it has.
    """

    def __init__(
        self, application: "WSGIApplication", authority: CertificateAuthority, region: str = "us-east-1"
    ) -> None:
        self._application = application
        self._authority = authority
        self._region = region
        self._resolvers = ResolverServer()
        self._names = Names(Network(), region)
        self._open: dict[str, tuple[_Wanted, _Closable]] = {}
        self._lock = threading.Lock()
        _allow_descriptors()

    def reconcile(self, network: Network, namespaces: Mapping[str, NetworkNamespace]) -> None:
        """Make names and listeners follow the network.

        Raises:
            NetworkRefusal: some of VPCs could not be opened; the others are, and the next call tries again.
            FarEndsError: so could some that belong to no VPC.
        """
        with self._lock:
            self._names = Names(network, self._region)
            wanted = dict(self._wanted(network, namespaces))
            for key in [key for key, (had, _) in self._open.items() if not _still(had, wanted.get(key))]:
                self._open.pop(key)[1].close()
            failures = {}
            for key, one in wanted.items():
                if key in self._open:
                    continue
                try:
                    self._open[key] = (one, one.open())
                except OSError as error:
                    failures[key] = f"{key} could not be opened: {error}"
            if not _OF_NO_VPC.isdisjoint(failures):
                raise FarEndsError("; ".join(failures.values()))
            if failures:
                raise NetworkRefusal(failures, {key: frozenset(key.split("/")) for key in failures})

    def close(self) -> None:
        """Close everything. Safe to call twice."""
        with self._lock:
            for _, one in self._open.values():
                one.close()
            self._open.clear()
            self._resolvers.close()

    def _wanted(
        self, network: Network, namespaces: Mapping[str, NetworkNamespace]
    ) -> Iterable[tuple[str, _Wanted]]:
        outside = namespaces.get("internet")
        if outside is not None:
            yield "internet", _Wanted(outside, (), partial(self._open_internet, outside))
        service = namespaces.get("lambda-service")
        if service is not None:
            resolver = partial(self._open_resolver, service, (addresses.AMAZON_RESOLVER,), None)
            yield "resolver/lambda-service", _Wanted(service, (), resolver)
        for vpc in network.vpcs:
            router = namespaces.get(f"vpc/{vpc.id}")
            if router is not None and vpc.cidr_blocks:
                yield f"resolver/{vpc.id}", self._wanted_resolver(vpc, router)
        for endpoint in network.vpc_endpoints:
            if endpoint.state.lower() == _LISTENING:
                yield from self._wanted_endpoints(endpoint, network, namespaces)

    def _wanted_resolver(self, vpc: Vpc, router: NetworkNamespace) -> _Wanted:
        own = (addresses.resolver_of(vpc.cidr_blocks[0]), addresses.AMAZON_RESOLVER)
        if not vpc.enable_dns_support:
            return _Wanted(router, (own, "silent"), partial(self._open_silence, router, own))
        return _Wanted(router, (own,), partial(self._open_resolver, router, own, vpc.id))

    def _wanted_endpoints(
        self, endpoint: VpcEndpoint, network: Network, namespaces: Mapping[str, NetworkNamespace]
    ) -> Iterable[tuple[str, _Wanted]]:
        if endpoint.endpoint_type is EndpointType.GATEWAY:
            namespace = namespaces.get(f"gateway-endpoint/{endpoint.id}")
            if namespace is not None:
                opening = partial(self._open_endpoint, namespace, endpoint, ANY)
                yield f"endpoint/{endpoint.id}", _Wanted(namespace, (endpoint.service_name,), opening)
            return
        own = {one.id: one for one in network.network_interfaces if one.id in endpoint.network_interface_ids}
        for interface_id, interface in own.items():
            namespace = namespaces.get(f"eni/{interface_id}")
            if namespace is not None:
                address = str(interface.private_ip)
                opening = partial(self._open_endpoint, namespace, endpoint, address)
                facts = (endpoint.id, endpoint.service_name, address)
                yield f"endpoint/{endpoint.id}/{interface_id}", _Wanted(namespace, facts, opening)

    def _open_internet(self, namespace: NetworkNamespace) -> _Closable:
        public = AwsApi(self._application, any_host, "these are AWS's public APIs")

        def names(name: str, local_address: str) -> tuple[str, ...] | None:
            if addresses.is_internet(IPv4Address(local_address)):
                return internet.certificate_names(name)
            return public.certificate_names(name)

        def by_address(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if addresses.is_internet(IPv4Address(environ["SERVER_NAME"])):
                return internet.what_is_my_address(environ, start_response)
            return public(environ, start_response)

        context = self._authority.server_context(names, *internet.default_certificate_names())
        parts = _Several()
        try:
            parts.add(WsgiServer(namespace.listen_tcp(ANY, HTTPS), by_address, tls=context).start())
            # Most of AWS's addresses in the namespace do not answer on port 80: each host that does has a socket.
            for hosts, application in (
                ((*addresses.INTERNET, *addresses.PUBLIC_RESOLVERS), internet.what_is_my_address),
                ((*addresses.S3, *addresses.DYNAMODB, *addresses.OTHER_REGIONS), public),
            ):
                plain = namespace.call(partial(_listening_each, hosts, HTTP))
                parts.add(WsgiServer(cast("socket.socket", plain), application).start())
            resolvers = (addresses.INTERNET_RESOLVER, *addresses.PUBLIC_RESOLVERS)
            parts.add(self._open_resolver(namespace, resolvers, None))
        except OSError:
            parts.close()
            raise
        return parts

    def _open_endpoint(self, namespace: NetworkNamespace, endpoint: VpcEndpoint, address: str) -> _Closable:
        api = AwsApi(
            self._application,
            endpoint_host(endpoint.service_name),
            f"{endpoint.id} is an endpoint for {endpoint.service_name}",
            vpc_id=endpoint.vpc_id,
            endpoint_id=endpoint.id,
        )
        own = private_names(endpoint.service_name) or (endpoint.service_name,)
        context = self._authority.server_context(lambda name, _: api.certificate_names(name), *own)
        parts = _Several()
        try:
            parts.add(WsgiServer(namespace.listen_tcp(address, HTTPS), api, tls=context).start())
            if endpoint.endpoint_type is EndpointType.GATEWAY:  # S3 and DynamoDB, which speak plain HTTP too
                parts.add(WsgiServer(namespace.listen_tcp(address, HTTP), api).start())
        except OSError:
            parts.close()
            raise
        return parts

    def _open_resolver(
        self, namespace: NetworkNamespace, own: tuple[IPv4Address, ...], vpc_id: str | None
    ) -> _Closable:
        def answer(query: bytes, over_tcp: bool) -> bytes | None:  # noqa: FBT001 - a callback's shape
            names = self._names
            return dns_answer.answer(
                query,
                lambda name: names.lookup(name, vpc_id),
                lambda address: names.pointer(address, vpc_id),
                over_tcp=over_tcp,
            )

        datagrams: list[socket.socket] = []
        streams: list[socket.socket] = []
        try:
            for address in own:
                datagrams.append(namespace.bind_udp(str(address), DNS))
                streams.append(namespace.listen_tcp(str(address), DNS))
        except OSError:
            for one in datagrams + streams:
                one.close()
            raise
        return self._resolvers.open(datagrams, streams, Answerer(answer))

    def _open_silence(self, namespace: NetworkNamespace, own: tuple[IPv4Address, ...]) -> _Closable:
        """With enableDnsSupport off nothing answers; a closed port would, by ICMP, which AWS does not do."""
        datagrams = [namespace.bind_udp(str(address), DNS) for address in own]
        return self._resolvers.open(datagrams, [], Answerer(lambda _query, _over_tcp: None))


class _Several:
    """Far ends that are opened and closed together."""

    def __init__(self) -> None:
        self._members: list[_Closable] = []

    def add(self, one: _Closable) -> None:
        self._members.append(one)

    def close(self) -> None:
        for one in self._members:
            one.close()


def _still(had: _Wanted, now: _Wanted | None) -> bool:
    return now is not None and had.is_same(now)


def _listening(address: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        listening.bind((address, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


def _listening_each(hosts: Iterable[IPv4Address], port: int) -> internet.ListeningSockets:
    return internet.ListeningSockets([_listening(str(host), port) for host in hosts])


def _allow_descriptors() -> None:
    """Raise the soft limit of open files: there is a socket per internet host, and one per connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = _DESCRIPTORS_WANTED if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS_WANTED)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
