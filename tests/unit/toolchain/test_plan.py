"""Reading what a preview says."""

from vpclab.toolchain.deployment import UNKNOWN, known
from vpclab.toolchain.plan import of_steps


def step(operation: str, type_name: str, **inputs: object) -> dict[str, object]:
    state = {"type": type_name, "inputs": inputs}
    side = "oldState" if operation == "delete" else "newState"
    return {"op": operation, "urn": f"urn:pulumi:s::p::{type_name}::one", side: state}


def test_preview_can_be_counted() -> None:
    """What would be made, changed and deleted; what stays the same still costs."""
    found = of_steps(
        [
            step("create", "pulumi:pulumi:Stack"),
            step("create", "vpclab:network:Vpc"),
            step("create", "aws:ec2/vpc:Vpc"),
            step("create", "aws:ec2/subnet:Subnet"),
            step("create", "aws:ec2/subnet:Subnet"),
            step("update", "aws:lambda/function:Function"),
            step("delete", "aws:ec2/eip:Eip"),
            step("same", "aws:ec2/natGateway:NatGateway", subnetId="subnet-1"),
        ]
    )
    assert found.made == {"Vpc": 1, "Subnet": 2}
    assert (found.changed, found.deleted) == ({"Function": 1}, {"Eip": 1})
    assert [one.type_name.rpartition(":")[2] for one in found.resources] == [
        *("Vpc", "Subnet", "Subnet", "Function"),
        "NatGateway",
    ]
    assert found.resources[-1].inputs == {"subnetId": "subnet-1"}
    assert not found.is_empty


def test_plan_can_be_empty() -> None:
    """Where everything is there already."""
    assert of_steps([step("same", "aws:ec2/vpc:Vpc")]).is_empty


def test_outputs_cannot_hold_what_is_not_known() -> None:
    """An output, or one group of a group of groups, is left out where something in it could not be made."""
    assert known(
        {
            "variant": "public",
            "function_name": UNKNOWN,
            "subnets": ["subnet-1", UNKNOWN],
            "bucket": {"bucket_name": "b", "function_name": UNKNOWN},
            "consumers": {"sqs": {"queue_url": "u"}, "kinesis": {"stream_name": UNKNOWN}},
            "endpoint_ids": {},
        }
    ) == {"variant": "public", "consumers": {"sqs": {"queue_url": "u"}}, "endpoint_ids": {}}
