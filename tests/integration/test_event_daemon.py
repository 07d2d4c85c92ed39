"""Stopping a local cloud in the middle of feeding: everything ends, and nothing is tried again."""

import threading
from contextlib import suppress
from pathlib import Path

import psutil
from botocore.exceptions import BotoCoreError

from tests.deadline import eventually
from tests.integration.event_world import ARRIVES, KINESIS, SQS, EventWorld
from tests.integration.row_cloud import Clients
from tests.integration.row_world import RowWorld
from vpclab.localcloud import daemon

BUSY = """
import time

def handler(event, context):
    print('FED {"event": {}}')
    time.sleep(600)
"""
FAILING = """
def handler(event, context):
    print('FED {"event": {}}')
    raise ValueError("again and again")
"""


def lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_cloud_can_be_stopped_while_it_feeds(tmp_path: Path) -> None:
    """A function at work, a stream's batch between retries, an event before its retry, a receiver that waits."""
    status = daemon.start(0, tmp_path, lifeline=True)
    events = EventWorld(RowWorld(Clients(status.endpoint), ""))
    role = events.world.iam_role(SQS, KINESIS)
    busy = events.world.function(role=role, code=BUSY, timeout=900)
    failing = events.world.function(role=role, code=FAILING, timeout=1)
    url, queue = events.queue(VisibilityTimeout="900")
    events.mapping(busy, queue)
    events.sqs.send_message(QueueUrl=url, MessageBody="work")
    name, stream = events.stream()
    events.mapping(failing, stream, StartingPosition="TRIM_HORIZON")
    events.world.clients("kinesis").put_record(StreamName=name, Data=b"x", PartitionKey="k")
    events.functions.invoke(FunctionName=failing, InvocationType="Event", Payload=b"{}")
    waiting_url, _ = events.queue()

    def wait() -> None:
        with suppress(BotoCoreError):
            events.sqs.receive_message(QueueUrl=waiting_url, WaitTimeSeconds=20)

    receiver = threading.Thread(target=wait, daemon=True)
    receiver.start()
    process = psutil.Process(status.pid)
    eventually(lambda: len(events.fed(failing)) >= 2, ARRIVES, "the stream's batch was retried")
    eventually(lambda: events.left(url) == 1, ARRIVES, "the queue's message is with the function")
    children = process.children(recursive=True)
    assert children
    daemon.stop(tmp_path)
    receiver.join(ARRIVES)
    assert not receiver.is_alive()
    assert not [one for one in (process, *children) if lives(one)]
    log = (tmp_path / daemon.LOG_NAME).read_text()
    assert "Traceback" not in log, log
