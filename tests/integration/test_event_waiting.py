"""Long polling of what becomes receivable without having been sent."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.deadline import eventually
from tests.integration.control_plane_world import World
from vpclab.localcloud.control_plane import ControlPlane

ARRIVES = 15.0


def test_receiver_can_wait_for_the_next_of_a_group(here: World) -> None:
    """A FIFO group's next message can be received once the one before it is deleted (SQS guide, FIFO delivery)."""
    sqs = here.client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "300"}
    url = sqs.create_queue(QueueName="q.fifo", Attributes=attributes)["QueueUrl"]
    for text in ("first", "second"):
        sqs.send_message(QueueUrl=url, MessageBody=text, MessageGroupId="g")
    [first] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    asked = ThreadPoolExecutor(1)
    answer = asked.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
    eventually(is_somebody_waiting, ARRIVES, "somebody waits for a message")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    found: Any = answer.result(ARRIVES)
    assert [one["Body"] for one in found["Messages"]] == ["second"]


def is_somebody_waiting() -> bool:
    plane = ControlPlane.current
    assert plane is not None
    return bool(plane._moto.event_sources.arrivals._condition._waiters)  # type: ignore[attr-defined]  # noqa: SLF001
