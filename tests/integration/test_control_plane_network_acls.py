"""EC2's network ACLs: their entries."""

# ruff: noqa: ANN401 - boto3 has no type information

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.control_plane_world import World, refused


def entry(acl: str, **changes: Any) -> dict[str, Any]:
    usual = {
        "NetworkAclId": acl,
        "RuleNumber": 100,
        "Protocol": "6",
        "RuleAction": "allow",
        "Egress": True,
        "CidrBlock": "0.0.0.0/0",
        "PortRange": {"From": 443, "To": 443},
    }
    return usual | changes


def test_network_acl_can_be_changed_by_entry(here: World) -> None:
    """A new ACL denies everything; entries are added, replaced and removed by number and direction."""
    acl = here.ec2.create_network_acl(VpcId=here.vpc())["NetworkAcl"]["NetworkAclId"]

    def entries() -> list[tuple[int, bool, bool, int | None, int | None]]:
        [found] = [one for one in here.plane.network().network_acls if one.id == acl]
        return sorted((one.number, one.egress, one.allow, one.from_port, one.to_port) for one in found.entries)

    denied = [(32767, False, False, None, None), (32767, True, False, None, None)]
    assert entries() == denied
    here.ec2.create_network_acl_entry(**entry(acl))
    here.ec2.create_network_acl_entry(**entry(acl, Egress=False))
    with refused("NetworkAclEntryAlreadyExists"):
        here.ec2.create_network_acl_entry(**entry(acl))
    here.ec2.replace_network_acl_entry(**entry(acl, RuleAction="deny", PortRange={"From": 1, "To": 2}))
    icmp = entry(acl, RuleNumber=90, Protocol="1", IcmpTypeCode={"Type": 8, "Code": 0})
    del icmp["PortRange"]
    here.ec2.create_network_acl_entry(**icmp)
    assert entries() == [(90, True, True, 8, 0), (100, False, True, 443, 443), (100, True, False, 1, 2), *denied]
    here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=True)
    here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=90, Egress=True)
    assert entries() == [(100, False, True, 443, 443), *denied]


@pytest.mark.parametrize(
    ("protocol", "pair"),
    [("6", (443, 443)), ("17", (443, 443)), ("1", (8, 0)), ("-1", (None, None)), ("47", (None, None))],
)
def test_network_acl_entry_cannot_mix_ports_and_types(
    here: World, protocol: str, pair: tuple[object, object]
) -> None:
    """What says nothing of the protocol is ignored (EC2 API, CreateNetworkAclEntry), here and in answers."""
    acl = here.ec2.create_network_acl(VpcId=here.vpc())["NetworkAcl"]["NetworkAclId"]
    given = entry(acl, Protocol=protocol, IcmpTypeCode={"Type": 8, "Code": 0})
    here.ec2.create_network_acl_entry(**given)
    here.ec2.replace_network_acl_entry(**given)
    [inventoried] = [one for one in here.plane.network().network_acls if one.id == acl]
    assert [(one.from_port, one.to_port) for one in inventoried.entries if one.number == 100] == [pair]
    [described] = here.ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    [told] = [one for one in described["Entries"] if one["RuleNumber"] == 100]
    assert ("PortRange" in told, "IcmpTypeCode" in told) == (protocol in ("6", "17"), protocol == "1")


def test_network_acl_cannot_hold_what_cannot_be(here: World) -> None:
    """Numbers, protocols and ports out of range; entries, associations and default ACLs that are not to be had."""
    vpc = here.vpc()
    acl = here.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    for changes in (
        {"RuleNumber": 0},
        {"RuleNumber": 32767},
        {"Protocol": "magic"},
        {"RuleAction": "maybe"},
        {"PortRange": {"From": 2, "To": 1}},
        {"Protocol": "1"},
    ):
        with pytest.raises(ClientError, match=r"\((InvalidParameterValue|NetworkAclEntryAlreadyExists)\)"):
            here.ec2.create_network_acl_entry(**entry(acl, **changes))
    for number in range(1, 21):
        here.ec2.create_network_acl_entry(**entry(acl, RuleNumber=number, Egress=False))
    with refused("NetworkAclEntryLimitExceeded"):
        here.ec2.create_network_acl_entry(**entry(acl, RuleNumber=21, Egress=False))
    with refused("InvalidNetworkAclEntry.NotFound"):
        here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=5, Egress=True)
    with refused("InvalidNetworkAclEntry.NotFound"):
        here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=32767, Egress=True)
    with refused("InvalidAssociationID.NotFound"):
        here.ec2.replace_network_acl_association(AssociationId="aclassoc-1", NetworkAclId=acl)
    [default] = here.ec2.describe_network_acls(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    )["NetworkAcls"]
    with refused("InvalidParameterValue", "default network ACL"):
        here.ec2.delete_network_acl(NetworkAclId=default["NetworkAclId"])


def test_network_acl_cannot_go_while_a_subnet_has_it(here: World) -> None:
    """DependencyViolation in AWS's words; unknown ACLs and entries in theirs; protocols are told by number."""
    vpc = here.vpc()
    subnet = here.subnet(vpc)
    acl = here.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    [association] = [
        one["NetworkAclAssociationId"]
        for listed in here.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
        for one in listed["Associations"]
        if one["SubnetId"] == subnet
    ]
    here.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    with refused("DependencyViolation", f"The networkAcl '{acl}' has dependencies and cannot be deleted."):
        here.ec2.delete_network_acl(NetworkAclId=acl)
    with refused("InvalidAssociationID.NotFound"):
        here.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    with refused("InvalidNetworkAclEntry.NotFound", "no ingress entry with number 7"):
        here.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=7, Egress=False)
    with refused("InvalidNetworkAclID.NotFound", "The networkAcl ID 'acl-0123456789abcdef0' does not exist"):
        here.ec2.create_network_acl_entry(**entry("acl-0123456789abcdef0"))
    with refused("InvalidParameterValue", "between 1 and 32766"):
        here.ec2.create_network_acl_entry(**entry(acl, RuleNumber=32767))
    here.ec2.create_network_acl_entry(**entry(acl, Protocol="tcp", CidrBlock="10.0.0.5/24"))
    [described] = here.ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    [told] = [one for one in described["Entries"] if one["RuleNumber"] == 100]
    assert (told["Protocol"], told["CidrBlock"]) == ("6", "10.0.0.0/24")
