"""Print a line with a nonce. Whether it arrives in CloudWatch Logs, the function itself cannot know."""

from .attempt import Arguments, Attempt
from .outcome import Stage


def probe(attempt: Attempt, arguments: Arguments) -> None:
    """Print ``nonce`` in a line of its own."""
    attempt.stage = Stage.PRINT
    line = f"nonce {arguments['nonce']}"
    print(line, flush=True)
    attempt.evidence["printed"] = line
