"""The addresses of the simulated world outside the VPCs. Nearly all are documentation ranges (RFC 5737).

Each is a local any-address range of the ``internet`` namespace, or routed from there to one VPC's gateway.
"""

from ipaddress import IPv4Address, IPv4Network

INTERNET_HOSTS = IPv4Network("198.51.100.0/24")
"""Hosts of the simulated internet."""

PUBLIC_RESOLVERS = tuple(
    IPv4Network(address) for address in ("1.0.0.1", "1.1.1.1", "8.8.4.4", "8.8.8.8", "9.9.9.9")
)
"""The one exception: addresses that everybody knows by heart, and so configures and probes."""

INTERNET_VISITOR = INTERNET_HOSTS.network_address + 1
"""Where connections that begin in the internet come from, unless they choose another address."""

AWS_SERVICES = IPv4Network("192.0.2.0/24")
"""The public addresses of AWS's APIs; S3 and DynamoDB have prefix lists within."""

LAMBDA_SERVICE_ADDRESSES = IPv4Network("203.0.113.240/28")
"""What functions without a VpcConfig leave from."""

LAMBDA_SERVICE_SOURCE = LAMBDA_SERVICE_ADDRESSES.network_address

PRIVATE_USE = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))
"""RFC 1918."""

SHARED_SPACE = IPv4Network("100.64.0.0/10")
"""RFC 6598, for carrier-grade NAT."""

LINK_LOCAL = IPv4Network("169.254.0.0/16")
"""Never routed (RFC 3927). The resolver's second address and the Runtime API live here."""

RESOLVER = IPv4Address("169.254.169.253")
"""The second address of the VPC resolver (VPC guide, AmazonProvidedDNS); the first is the VPC's base plus two."""

GATEWAY = IPv4Address("169.254.1.1")
"""The next hop at the far end of every link, answered for by a permanent neighbour entry: no ARP."""

ENVIRONMENTS = IPv4Network("169.254.76.0/22")
"""What environments have behind their interface."""

RUNTIME_API = (IPv4Address("169.254.100.1"), 9001)
"""Where the runtime client of an environment finds the Runtime API, as observed in AWS Lambda."""

EVERYWHERE = IPv4Network("0.0.0.0/0")
