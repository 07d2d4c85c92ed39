"""The scripts under examples/, run as a reader runs them: they know boto3 and an endpoint, nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vpclab.localcloud.daemon import DaemonStatus

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            "private_database.py",
            [
                r"example-attached: example-private-database\.\S+\.rds\.amazonaws\.com is 10\.20\.\S+: connected",
                r"example-outside: .* is 10\.20\.\S+: TimeoutError",
            ],
        ),
        (
            "public_subnet.py",
            [
                r"in a public subnet: <urlopen error timed out>",
                r"with the Elastic IP (203\.0\.113\.\d+) on its interface: \1",
            ],
        ),
        (
            "isolated_endpoint.py",
            [
                "sts before: ConnectTimeoutError",
                "sts after: connected",
                "secretsmanager after: ConnectTimeoutError",
                "printed line: found",
            ],
        ),
    ],
)
def test_example_can_show_the_documented_outcome(
    local_cloud: DaemonStatus, script: str, expected: list[str]
) -> None:
    """A VPC of one's own, built with boto3 alone, behaves as AWS documents."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / script],
        env={**os.environ, "AWS_ENDPOINT_URL": local_cloud.endpoint},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(expected), done.stdout
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line), line
