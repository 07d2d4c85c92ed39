"""IP protocols as EC2 spells them: numbers in network ACLs, names in security groups."""

_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "all": "-1"}


def protocol_name(given: str | int) -> str:
    """Return ``-1``, ``tcp``, ``udp``, ``icmp``, or the number of another protocol."""
    text = str(given).lower()
    return _NAMES.get(text, text)
