"""Tries calls, and waits until a change of permissions has come through."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from vpclab.statements.denial import is_denial, refusal_of
from vpclab.statements.ending import Ending
from vpclab.statements.error import VerificationError
from vpclab.statements.polling import poll
from vpclab.statements.target import Target
from vpclab.statements.trial import Trial

PROPAGATION_SECONDS = 90.0
"""How long a change in IAM may take to hold everywhere on AWS; a minute is not unusual."""

POLL_SECONDS = 1.0
WOULD_SUCCEED = "DryRunOperation"


def attempt(what: str, call: Callable[[], object]) -> Trial:
    """Try a call; how the service ends it becomes the trial."""
    try:
        call()
    except ClientError as failure:
        return of_error(what, failure)
    except VerificationError as failure:
        return Trial(what, Ending.ERROR, message=str(failure))
    except BotoCoreError as failure:
        return Trial(what, Ending.ERROR, message=f"{type(failure).__name__}: {failure}")
    return Trial(what, Ending.DONE)


def of_error(what: str, failure: ClientError) -> Trial:
    """Return the trial that ended with a service's error."""
    error = failure.response.get("Error", {})
    code, message = str(error.get("Code") or ""), str(error.get("Message") or "")
    if code == WOULD_SUCCEED:
        return Trial(what, Ending.DONE, code, message)
    ending = Ending.DENIED if is_denial(code) else Ending.REJECTED
    return Trial(what, ending, code, message, refusal_of(message))


def settle(target: Target, wanted: Ending, attempting: Callable[[], Trial]) -> Trial:
    """Try until it ends as ``wanted``, or until a change in IAM should have come through; give the last trial.

    On an endpoint of this machine changes hold at once, so it is tried once.
    """
    seconds = 0 if target.is_on_loopback else PROPAGATION_SECONDS
    return poll(attempting, lambda trial: trial.ending is wanted, seconds=seconds, pause=POLL_SECONDS)
