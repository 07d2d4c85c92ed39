"""Plain moto, as the contract tests ask it: whether it still behaves as an addition corrects it."""

# ruff: noqa: ANN401 - boto3 has no type information; moto may only be imported once it is loaded

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.integration.control_plane_world import package

REGION = "us-east-1"


Client = Callable[[str], Any]


def still_wrong(*, wrong: bool, addition: str) -> None:
    assert wrong, f"upstream caught up: remove {addition}"


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ClientError:
        return False
    return True


def interfaces(client: Client, name: str, value: str) -> list[Any]:
    given = client("ec2").describe_network_interfaces(Filters=[{"Name": name, "Values": [value]}])
    found: list[Any] = given["NetworkInterfaces"]
    return found


def create_function(client: Client, name: str, role: str, **more: Any) -> Any:
    return client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package()},
        **more,
    )


def make_queue(client: Client, name: str) -> tuple[str, str]:
    url = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    told = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, told["Attributes"]["QueueArn"]
