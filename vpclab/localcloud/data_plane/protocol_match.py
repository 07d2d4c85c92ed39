"""A protocol with its ports, or its ICMP type and code, as an nftables match.

AWS writes protocols as names or IANA numbers and means "any" by -1, in rules and network ACL entries alike.
"""

from vpclab.localcloud.data_plane.errors import DataPlaneError

_ANYTHING = ("-1", "all")
_NAMES = {"6": "tcp", "17": "udp", "1": "icmp"}
_HIGHEST_PORT = 65535
_ANY = -1
_HIGHEST_PROTOCOL = 255


def protocol_match(protocol: str, from_port: int | None, to_port: int | None) -> str:
    """Return the match, empty for "anything". For ICMP the ports are type and code.

    Raises:
        DataPlaneError: the protocol is neither known by name nor a number up to 255.
    """
    if protocol in _ANYTHING:
        return ""
    name = _NAMES.get(protocol, protocol)
    if name in ("tcp", "udp"):
        return _ports(name, from_port, to_port)
    if name == "icmp":
        return _icmp(from_port, to_port)
    if name.isdecimal() and int(name) <= _HIGHEST_PROTOCOL:
        return f"meta l4proto {name}"
    raise DataPlaneError(
        f"a rule names the protocol {protocol!r}, which is not modelled: use -1, tcp, udp, icmp or an IANA number"
    )


def _ports(name: str, from_port: int | None, to_port: int | None) -> str:
    if from_port is None or from_port == _ANY:
        return f"meta l4proto {name}"
    last = from_port if to_port is None else to_port
    if (from_port, last) == (0, _HIGHEST_PORT):
        return f"meta l4proto {name}"
    return f"{name} dport {from_port}" if from_port == last else f"{name} dport {from_port}-{last}"


def _icmp(kind: int | None, code: int | None) -> str:
    if kind is None or kind == _ANY:
        return "meta l4proto icmp"
    return f"icmp type {kind}" if code is None or code == _ANY else f"icmp type {kind} icmp code {code}"
