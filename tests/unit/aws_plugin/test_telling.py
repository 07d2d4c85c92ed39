"""What becomes of boto3's errors."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.lifecycle import telling


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (
            ClientError({"Error": {"Code": "InvalidVpcID.NotFound", "Message": "gone"}}, "DescribeVpcs"),
            "reading EC2 VPC: DescribeVpcs answered InvalidVpcID.NotFound: gone",
        ),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9/"), "`vpclab cloud start` starts one"),
        (ParamValidationError(report="no such parameter"), "reading EC2 VPC: Parameter validation failed"),
    ],
)
def test_failure_can_be_told_with_what_was_being_done(failure: Exception, told: str) -> None:
    """AWS's own code and words where it answered; what to do where nothing answers."""
    with pytest.raises(AwsPluginError, match=told), telling("reading EC2 VPC"):
        raise failure


def test_mistake_of_ours_cannot_be_dressed_up() -> None:
    """What is not AWS's stays what it is."""
    with pytest.raises(KeyError), telling("reading EC2 VPC"):
        raise KeyError("vpcId")
