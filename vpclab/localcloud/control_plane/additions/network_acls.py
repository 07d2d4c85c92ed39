"""Network ACL entries: what AWS checks of them, and the deny that every ACL ends with.

moto fails with a defect of its own where an entry or an association is missing, and stores ports and numbers that
cannot be. AWS: EC2 API, CreateNetworkAclEntry (numbers 1 to 32766; ports for TCP and UDP; type and code for ICMP);
a new ACL denies everything, by entry 32767.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import network_acls
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions.ports import check_ports
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.network.protocol import protocol_name

MOST_ENTRIES = 20
"""In one direction (VPC guide, "Amazon VPC quotas")."""

_LAST, _IMPLICIT_DENY = 32766, 32767
_HIGHEST_PROTOCOL = 255
_NUMBERS = {"icmp": "1", "tcp": "6", "udp": "17"}
"""Of protocols, which is how descriptions of entries tell them."""


def correct(corrections: Corrections) -> None:
    """Check before each change of an entry or an association."""
    backend_class = network_acls.NetworkAclBackend
    corrections.wrap(backend_class, "create_network_acl", _create)
    corrections.wrap(backend_class, "create_network_acl_entry", _create_entry)
    corrections.wrap(backend_class, "delete_network_acl_entry", _delete_entry)
    corrections.wrap(backend_class, "replace_network_acl_entry", _replace_entry)
    corrections.wrap(backend_class, "replace_network_acl_association", _replace_association)
    for name in ("create_network_acl_entry", "replace_network_acl_entry"):
        corrections.wrap(EC2Response, name, _with_icmp)


def _with_icmp(plain: Moto, self: Moto) -> Moto:
    """Hand on type and code, which moto's response looks for under another name; the last number is AWS's."""
    _check_number(self._get_param("RuleNumber"))
    self.params["Icmp"] = self.params.get("IcmpTypeCode", {})
    return plain(self)


def _create(plain: Moto, self: Moto, vpc_id: str, tags: Moto = None, default: Moto = False) -> Moto:  # noqa: FBT002
    acl = plain(self, vpc_id, tags, default)
    if not default:
        for egress in (True, False):
            denying = network_acls.NetworkAclEntry(
                self, acl.id, _IMPLICIT_DENY, "-1", "deny", egress, "0.0.0.0/0", *[None] * 5
            )
            acl.network_acl_entries.append(denying)
    return acl


def _create_entry(plain: Moto, self: Moto, **entry: Any) -> Moto:  # noqa: ANN401 - moto's parameters
    if int(entry["rule_number"]) != _IMPLICIT_DENY:
        _check(entry)
        _check_room(self.get_network_acl(entry["network_acl_id"]), egress=entry["egress"])
    return plain(self, **_of_its_protocol(entry))


def _of_its_protocol(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing of the protocol: ports of ICMP, types of TCP, either of anything else."""
    protocol = protocol_name(entry["protocol"])
    foreign: tuple[str, ...] = ()
    if protocol not in ("tcp", "udp"):
        foreign += ("port_range_from", "port_range_to")
    if protocol != "icmp":
        foreign += ("icmp_type", "icmp_code")
    return {**entry, **dict.fromkeys(foreign), "protocol": _NUMBERS.get(protocol, protocol)}


def _delete_entry(plain: Moto, self: Moto, network_acl_id: str, rule_number: int, egress: Moto) -> Moto:
    _find(self, network_acl_id, rule_number, egress)
    return plain(self, network_acl_id, rule_number, egress)


def _replace_entry(_plain: Moto, self: Moto, **entry: Any) -> Moto:  # noqa: ANN401 - moto's parameters
    acl = self.get_network_acl(entry["network_acl_id"])
    old = _find(self, acl.id, entry["rule_number"], entry["egress"])
    _check(entry)
    acl.network_acl_entries.remove(old)
    return self.create_network_acl_entry(**entry)


def _replace_association(plain: Moto, self: Moto, association_id: str, network_acl_id: str) -> Moto:
    wanted = self.get_network_acl(network_acl_id)
    for acl in self.network_acls.values():
        if association_id in acl._associations:
            if acl.vpc_id != wanted.vpc_id:
                raise EC2ClientError(
                    "InvalidParameterValue", f"{network_acl_id} and {acl.id} belong to different networks"
                )
            return plain(self, association_id, network_acl_id)
    raise EC2ClientError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")


def _find(backend: Moto, network_acl_id: str, rule_number: int, egress: Moto) -> Moto:
    for entry in backend.get_network_acl(network_acl_id).network_acl_entries:
        same = str(entry.rule_number) == str(rule_number) and str(entry.egress).lower() == str(egress).lower()
        if same and int(rule_number) != _IMPLICIT_DENY:
            return entry
    raise EC2ClientError(
        "InvalidNetworkAclEntry.NotFound",
        f"no {'egress' if str(egress).lower() == 'true' else 'ingress'} entry with number {rule_number}",
    )


def _check_room(acl: Moto, *, egress: Moto) -> None:
    same = [
        one
        for one in acl.network_acl_entries
        if str(one.egress).lower() == str(egress).lower() and int(one.rule_number) <= _LAST
    ]
    if len(same) >= MOST_ENTRIES:
        raise EC2ClientError(
            "NetworkAclEntryLimitExceeded", "The maximum number of network acl entries has been reached."
        )


def _check_number(rule_number: int | str) -> None:
    if not 1 <= int(rule_number) <= _LAST:
        raise EC2ClientError("InvalidParameterValue", f"The rule number must be between 1 and {_LAST}")


def _check(entry: dict[str, Any]) -> None:
    _check_number(entry["rule_number"])
    if entry.get("rule_action") not in ("allow", "deny"):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({entry.get('rule_action')}) for parameter ruleAction is invalid. Use allow or deny.",
        )
    if not entry.get("cidr_block"):
        raise EC2ClientError("MissingParameter", "The request must contain the parameter CidrBlock")
    protocol = protocol_name(entry["protocol"])
    known = protocol in ("-1", "tcp", "udp", "icmp") or (
        protocol.isdecimal() and int(protocol) <= _HIGHEST_PROTOCOL
    )
    if not known:
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{entry['protocol']}' for protocol.")
    if protocol in ("tcp", "udp"):
        check_ports(protocol, entry.get("port_range_from"), entry.get("port_range_to"))
    if protocol == "icmp":
        check_ports(protocol, entry.get("icmp_type"), entry.get("icmp_code"))
