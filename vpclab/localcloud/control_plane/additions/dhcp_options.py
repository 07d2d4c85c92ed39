"""DHCP options: those that there are, with values that can be, for as long as a VPC uses them.

moto drops options that it does not know and tags that are given at once, takes any text for a server's address,
and remembers one VPC of several. AWS: EC2 API, CreateDhcpOptions and DeleteDhcpOptions; VPC guide, "DHCP option
sets".
"""

from ipaddress import AddressValueError, IPv4Address

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import dhcp_options
from moto.ec2.responses import EC2Response
from moto.ec2.utils import add_tag_specification

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

AMAZON_PROVIDED = "AmazonProvidedDNS"
MOST_SERVERS = 4

_SERVERS = frozenset({"domain-name-servers", "ntp-servers", "netbios-name-servers"})
_KNOWN = _SERVERS | {"domain-name", "netbios-node-type"}


def correct(corrections: Corrections) -> None:
    """Check before moto creates and deletes."""
    corrections.wrap(EC2Response, "create_dhcp_options", _create)
    corrections.wrap(dhcp_options.DHCPOptionsSetBackend, "delete_dhcp_options_set", _delete)


def _create(plain: Moto, self: Moto) -> Moto:
    given = self._get_param("DhcpConfigurations", [])
    if not given:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter DhcpConfiguration")
    for one in given:
        name, values = one.get("Key"), one.get("Values") or []
        if name == "ipv6-address-preferred-lease-time":
            raise EC2ClientError(
                "UnsupportedOperation",
                "The DHCP option of IPv6 leases is refused: the local cloud models no IPv6.",
            )
        if name not in _KNOWN:
            raise EC2ClientError(
                "InvalidParameterValue", f"Value ({name}) for parameter name is invalid. Unknown DHCP option"
            )
        if name in _SERVERS:
            _check_servers(name, values)
    made = plain(self)
    made.result["DhcpOptions"].add_tags(add_tag_specification(self._get_param("TagSpecifications", [])))
    return made


def _check_servers(name: str, values: list[str]) -> None:
    if not 1 <= len(values) <= MOST_SERVERS:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({', '.join(values)}) for parameter {name} is invalid. Name one to {MOST_SERVERS}",
        )
    for value in values:
        if name == "domain-name-servers" and value == AMAZON_PROVIDED:
            continue
        try:
            IPv4Address(value)
        except AddressValueError:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({value}) for parameter {name} is invalid. It is no IPv4 address, and the local cloud "
                "models no IPv6",
            ) from None


def _delete(plain: Moto, self: Moto, options_id: str | None) -> None:
    for vpc in self.vpcs.values():
        if vpc.dhcp_options is not None and vpc.dhcp_options.id == options_id:
            raise EC2ClientError(
                "DependencyViolation", f"The dhcpOptions '{options_id}' has dependencies and cannot be deleted."
            )
    found = self.dhcp_options_sets.get(options_id)
    if found is not None:
        found.vpc = None
    plain(self, options_id)
