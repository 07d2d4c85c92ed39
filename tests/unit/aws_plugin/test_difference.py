"""What the plugin finds changed, and what it says has to be replaced."""

from typing import Any

import pulumi
import pytest

from vpclab.toolchain.aws_plugin.archive import archive_hash
from vpclab.toolchain.aws_plugin.difference import Difference, difference
from vpclab.toolchain.aws_plugin.resource_types import RESOURCE_TYPES
from vpclab.toolchain.aws_plugin.values import UNKNOWN

GROUP: dict[str, Any] = {"name": "g-1", "description": "d", "vpcId": "vpc-1", "revokeRulesOnDelete": False}


def of(token: str, state: dict[str, Any], tags: dict[str, str] | None = None, **inputs: Any) -> Difference:  # noqa: ANN401
    return difference(RESOURCE_TYPES[token], state, inputs, tags or {})


def test_unchanged_resource_can_be_left_alone() -> None:
    """The state has more than the inputs, and in other words."""
    state = {**GROUP, "arn": "arn:x", "ingress": [{"fromPort": 1}], "egress": [], "tagsAll": {}}
    assert not of("aws:ec2/securityGroup:SecurityGroup", state, **GROUP, __defaults=["name"]).changed


@pytest.mark.parametrize(
    ("token", "state", "inputs", "replacing"),
    [
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16"}, {"cidrBlock"}),
        ("aws:ec2/vpc:Vpc", {"enableDnsHostnames": False}, {"enableDnsHostnames": True}, set()),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 7}, {"retentionInDays": 14}, set()),
        ("aws:ec2/route:Route", {"natGatewayId": "nat-1"}, {"natGatewayId": "nat-2"}, set()),
        ("aws:ec2/natGateway:NatGateway", {"subnetId": "s-1"}, {"subnetId": "s-2"}, {"subnetId"}),
        ("aws:rds/instance:Instance", {"dbName": "a"}, {"dbName": "b"}, {"dbName"}),
        ("aws:rds/instance:Instance", {"instanceClass": "a"}, {"instanceClass": "b"}, set()),
        ("aws:lambda/function:Function", {"timeout": 3}, {"timeout": 60}, set()),
    ],
)
def test_change_can_be_made_in_place_or_not(
    token: str, state: dict[str, Any], inputs: dict[str, Any], replacing: set[str]
) -> None:
    """What no API call changes is replaced, and nothing else."""
    found = of(token, state, **inputs)
    assert inputs.keys() <= found.changed
    assert found.replacing == replacing


def test_unknown_value_can_be_taken_for_a_change() -> None:
    """In a preview nobody knows the id of a VPC that is to be replaced; its subnets are replaced with it."""
    found = of("aws:ec2/subnet:Subnet", {"vpcId": "vpc-1"}, vpcId=UNKNOWN)
    assert found.replacing == {"vpcId"}


def test_removed_input_can_be_seen() -> None:
    """Leaving out what was set is a change, unless AWS fills it in."""
    assert of("aws:iam/role:Role", {"description": "d"}).changed == {"description"}
    assert not of("aws:ec2/subnet:Subnet", {"availabilityZone": "us-east-1a"}).changed


def test_tags_can_differ_by_the_provider_s_defaults() -> None:
    """A new default tag changes every resource, in place."""
    found = of("aws:ec2/vpc:Vpc", {"tagsAll": {"a": "b"}, "tags": {}}, {"a": "b", "c": "d"})
    assert found.changed == {"tagsAll"}
    assert not found.replacing


def test_chosen_name_can_ask_for_deletion_first() -> None:
    """Two groups cannot have one name: where the user chose it, the old one goes before the new one comes."""
    state, inputs = {**GROUP}, {**GROUP, "description": "another"}
    assert of("aws:ec2/securityGroup:SecurityGroup", state, **inputs).delete_first
    assert not of("aws:ec2/securityGroup:SecurityGroup", state, **inputs, __defaults=["name"]).delete_first


def test_code_can_differ_by_its_contents_alone() -> None:
    """The hash of the package decides, not where its files lie."""
    one, other = (pulumi.AssetArchive({"a.py": pulumi.StringAsset(text)}) for text in ("1", "2"))
    state = {"sourceCodeHash": archive_hash(one)}
    assert not of("aws:lambda/function:Function", state, code=one).changed & {"code"}
    assert of("aws:lambda/function:Function", state, code=other).changed >= {"code"}
