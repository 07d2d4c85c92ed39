"""Waiting for the interfaces that Lambda leaves behind, and deleting those that it has detached."""

import boto3
import pytest
from botocore.stub import Stubber

from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.lingering_interfaces import Patience, wait_until_gone

SUBNETS = ["subnet-1", "subnet-2"]
FILTERS = [
    {"Name": "subnet-id", "Values": SUBNETS},
    {"Name": "interface-type", "Values": ["lambda"]},
]


class Lambda:
    """An EC2 API that tells of Lambda's interfaces as it is told to."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "ec2", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.stub = Stubber(self.client)
        self.said: list[str] = []

    def shows(self, **interfaces: str) -> None:
        described = [
            {"NetworkInterfaceId": f"eni-{name}", "SubnetId": "subnet-1", "Status": status.replace("_", "-")}
            | {"Groups": [{"GroupId": "sg-1"}]}
            for name, status in interfaces.items()
        ]
        self.stub.add_response(
            "describe_network_interfaces", {"NetworkInterfaces": described}, {"Filters": FILTERS}
        )

    def lets_delete(self, interface: str) -> None:
        self.stub.add_response("delete_network_interface", {}, {"NetworkInterfaceId": interface})

    def wait(self, seconds: float = 5) -> None:
        patience = Patience(in_all=seconds, between_looks=0, until_reminded=60)
        with self.stub:
            wait_until_gone(self.client, SUBNETS, self.said.append, patience)
        self.stub.assert_no_pending_responses()


def test_wait_can_end_when_the_interfaces_are_gone() -> None:
    """What is waited for is said once, and again when it changes: interface, subnet, groups, state."""
    service = Lambda()
    service.shows(a="in_use", b="in_use")
    service.shows(a="in_use", b="in_use")
    service.shows(b="in_use")
    service.shows()
    service.wait()
    assert [line.partition(": ")[2] for line in service.said] == [
        "eni-a in subnet-1, of sg-1: in-use; eni-b in subnet-1, of sg-1: in-use",
        "eni-b in subnet-1, of sg-1: in-use",
    ]


def test_detached_interface_can_be_deleted() -> None:
    """By its id; the one in use is left to Lambda."""
    service = Lambda()
    service.shows(a="available", b="in_use")
    service.lets_delete("eni-a")
    service.shows()
    service.wait()
    assert service.said[0] == "deleted eni-a, which Lambda had detached"


@pytest.mark.parametrize("code", ["InvalidNetworkInterfaceID.NotFound", "InvalidParameterValue"])
def test_interface_cannot_be_lost_by_a_refused_delete(code: str) -> None:
    """Gone meanwhile is fine; any other refusal is told, and the interface waited for."""
    service = Lambda()
    service.shows(a="available")
    service.stub.add_client_error("delete_network_interface", code, "said so")
    service.shows()
    service.wait()
    assert any("could not be deleted" in line for line in service.said) is (code == "InvalidParameterValue")


def test_wait_cannot_last_for_ever() -> None:
    """It names what is left, and that nothing else was touched."""
    service = Lambda()
    service.shows(a="in_use")
    with pytest.raises(ToolchainError, match=r"still there after 0 s: eni-a in subnet-1, of sg-1: in-use"):
        service.wait(seconds=0)


def test_stack_without_subnets_cannot_wait() -> None:
    """Nobody's interfaces are asked for."""
    service = Lambda()
    with service.stub:
        wait_until_gone(service.client, [], service.said.append)
    assert service.said == []
