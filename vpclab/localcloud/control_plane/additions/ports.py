"""Ports of rules and network ACL entries: a range of TCP or UDP, a type and code of ICMP."""

from moto.ec2.exceptions import EC2ClientError

from vpclab.network.protocol import protocol_name

_HIGHEST_PORT, _HIGHEST_TYPE = 65535, 255
_ANY = -1


def check_ports(protocol: str, first: int | str | None, last: int | str | None) -> None:
    """Raise EC2's error when the pair cannot be (EC2 API, IpPermission)."""
    name = protocol_name(protocol)
    if name not in ("tcp", "udp", "icmp"):
        return
    if first is None or last is None:
        needed = "ICMP type and code" if name == "icmp" else "both from and to ports with TCP/UDP"
        raise EC2ClientError("InvalidParameterValue", f"Invalid value for portRange. Must specify {needed}.")
    low, high = int(first), int(last)
    if name == "icmp":
        if not (_ANY <= low <= _HIGHEST_TYPE and _ANY <= high <= _HIGHEST_TYPE) or low == _ANY < high:
            raise EC2ClientError("InvalidParameterValue", f"Invalid ICMP type or code ({low}:{high})")
    elif not 0 <= low <= high <= _HIGHEST_PORT:
        raise EC2ClientError("InvalidParameterValue", f"Invalid TCP/UDP port range ({low}:{high})")
