"""Which account and Region a deployment to AWS would go to, found out without changing anything."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vpclab.toolchain.environment import endpoint_variables
from vpclab.toolchain.error import ToolchainError

if TYPE_CHECKING:
    from boto3.session import Session

CONNECT_SECONDS = 5
READ_SECONDS = 10
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
HOW_TO_SIGN_IN = "sign in with `aws sso login` or `aws configure`, or set AWS_PROFILE"


@dataclass(frozen=True, slots=True)
class Account:
    """``number`` is the account's twelve digits, ``arn`` who asked."""

    number: str
    arn: str


def choose_region(given: str | None, variables: Mapping[str, str] | None = None) -> str:
    """Return the Region: as given, else of the environment variables, else of the profile.

    Raises:
        ToolchainError: none is chosen, or AWS has no such Region as far as the SDK knows.
    """
    session = _session()
    environ = os.environ if variables is None else variables
    chosen = given or next(filter(None, map(environ.get, REGION_VARIABLES)), None) or session.region_name
    if not chosen:
        raise ToolchainError("no Region is chosen: name one with --region, or set AWS_REGION")
    known = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("lambda", partition_name=partition)
    }
    if chosen not in known:
        twisted = [region for region in known if sorted(region) == sorted(chosen)]
        close = twisted or difflib.get_close_matches(chosen, known, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise ToolchainError(f"there is no Region {chosen!r}: {meant}Name one such as us-east-1 with --region")
    return chosen


def identify(region: str, client: Any = None) -> Account:  # noqa: ANN401 - boto3 has no types
    """Ask AWS whose the credentials are (sts:GetCallerIdentity, which needs no permission).

    ``client``: an STS client, by default one with the user's own credentials.

    Raises:
        ToolchainError: an endpoint other than AWS's is configured; there are no credentials; AWS refuses them, or
            does not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is heavy

    elsewhere = endpoint_variables()
    if elsewhere:
        names = " ".join(elsewhere)
        raise ToolchainError(
            f"this shell sends AWS requests elsewhere ({', '.join(elsewhere)} is set, as `vpclab env` does), "
            f"so that it is not clear what --target aws means: `unset {names}`, or use another shell"
        )
    try:
        found = (client or _client(region)).get_caller_identity()
    except ClientError as refusal:
        error = refusal.response["Error"]
        raise ToolchainError(
            f"AWS refuses the credentials: {error['Code']}: {error.get('Message', '')}. "
            f"They may have expired: {HOW_TO_SIGN_IN}"
        ) from None
    except BotoCoreError as failure:
        raise ToolchainError(_reason(failure)) from None
    return Account(str(found["Account"]), str(found["Arn"]))


def _reason(failure: Exception) -> str:
    from botocore import exceptions  # noqa: PLC0415 - boto3 is heavy

    if isinstance(failure, exceptions.NoCredentialsError):
        return f"there are no AWS credentials: {HOW_TO_SIGN_IN}"
    if isinstance(failure, exceptions.ConnectionError | exceptions.HTTPClientError):
        return f"AWS does not answer: {failure}. Is this machine connected, and is a proxy needed (HTTPS_PROXY)?"
    return f"the AWS credentials cannot be used: {failure}. To get others, {HOW_TO_SIGN_IN}"


def _session() -> "Session":
    from boto3.session import Session  # noqa: PLC0415 - boto3 is heavy
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        return Session()
    except BotoCoreError as failure:
        raise ToolchainError(
            f"the AWS profile cannot be used: {failure}; set AWS_PROFILE to one that is there"
        ) from None


def _client(region: str) -> Any:  # noqa: ANN401 - boto3 has no types
    from botocore.config import Config  # noqa: PLC0415 - boto3 is heavy

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 2},
        ignore_configured_endpoint_urls=True,
    )
    return _session().client("sts", region_name=region, config=config)
