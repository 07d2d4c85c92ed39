"""Reading a stack's outputs."""

from typing import Any

import pytest

from vpclab.statements.deployment import Deployment
from vpclab.statements.error import VerificationError
from vpclab.statements.variant import DEFAULT, PRIVATE_NAT_INSTANCE

FUNCTION = {
    "function_arn": "arn:aws:lambda:us-east-1:1:function:f",
    "role_name": "role",
    "role_arn": "arn:aws:iam::1:role/role",
    "log_group_name": "/aws/lambda/f",
}

SUBJECTS: dict[str, Any] = {
    "consumers": {
        "sqs": {"function_name": "sqs", **FUNCTION, "queue_url": "http://q", "mapping_uuid": "1"},
        "kinesis": {"function_name": "kinesis", **FUNCTION, "stream_name": "s", "mapping_uuid": "2"},
        "dynamodb": {"function_name": "dynamodb", **FUNCTION, "table_name": "t", "mapping_uuid": "3"},
    },
    "bucket": {"function_name": "uploads", **FUNCTION, "bucket_name": "b"},
    "tracer": {"function_name": "tracer", **FUNCTION},
    "invoked": {"function_name": "invoked", **FUNCTION},
    "cache": {"host": "cache.example.com", "port": 6379, "security_group_id": "sg-cache"},
    "load_balancer": {"host": "lb.example.com", "port": 80, "arn": "arn", "security_group_id": "sg-lb"},
}


def test_subjects_can_be_read(outputs: dict[str, Any]) -> None:
    """Each with what feeds it; the deployment's functions are the probe and these."""
    deployment = Deployment.from_outputs(DEFAULT, outputs | SUBJECTS)
    sources = {subject.kind: subject.source for subject in deployment.subjects}
    assert sources == {
        "sqs": "http://q",
        "kinesis": "s",
        "dynamodb": "t",
        "bucket": "b",
        "tracer": "",
        "invoked": "",
    }
    assert deployment.function_names == ("probe", "sqs", "kinesis", "dynamodb", "uploads", "tracer", "invoked")
    assert deployment.cache is not None
    assert (deployment.cache.host, deployment.cache.port) == ("cache.example.com", 6379)


@pytest.mark.parametrize("left_out", [{}, {"consumers": {}, "bucket": {}, "cache": {}, "nat_instances": []}])
def test_what_is_left_out_cannot_be_read(outputs: dict[str, Any], left_out: dict[str, Any]) -> None:
    """A setting that is off exports nothing, or something empty; who needs it is told which setting."""
    deployment = Deployment.from_outputs(DEFAULT, outputs | left_out)
    assert deployment.subjects == ()
    assert deployment.cache is None
    with pytest.raises(VerificationError, match="no function for sqs: set vpclab:permissionSubjects to true"):
        deployment.subject("sqs")


def test_subjects_that_could_not_be_made_cannot_pass_for_left_out(outputs: dict[str, Any]) -> None:
    """A setting that is off exports each of them empty; of what failed there is no output."""
    off: dict[str, Any] = {"consumers": {}, "bucket": {}, "tracer": {}, "invoked": {}}
    assert Deployment.from_outputs(DEFAULT, outputs | off).leaves_out_subjects
    for missing in off:
        partly = {kind: found for kind, found in off.items() if kind != missing}
        assert not Deployment.from_outputs(DEFAULT, outputs | partly).leaves_out_subjects


def test_nat_instances_can_be_read(outputs: dict[str, Any]) -> None:
    """The alternative to the NAT gateway is a stack of its own."""
    instance = {
        "instance_id": "i-1",
        "interface_id": "eni-1",
        "public_ip": "203.0.113.9",
        "security_group_id": "sg-nat",
    }
    deployment = Deployment.from_outputs(PRIVATE_NAT_INSTANCE, outputs | {"nat_instances": [instance]})
    (read,) = deployment.nat_instances
    assert (read.interface_id, read.public_ip) == ("eni-1", "203.0.113.9")
