"""What the verifier speaks to: an AWS API, and, on a local cloud, the list of packets that its network refused."""

import uuid
from collections.abc import Mapping
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import boto3
import requests
from botocore.config import Config

from vpclab.statements.error import VerificationError

DEFAULT_REGION = "us-east-1"
ADMIN_SECONDS = 30.0
LOCAL_ACCESS_KEY = "test"
LOCAL_SECOND_ACCOUNT = "210987654321"
"""An access key that is an account's id acts as its administrator, by the convention of local clouds."""

_CONFIG = Config(connect_timeout=5, read_timeout=120, retries={"mode": "standard", "total_max_attempts": 3})
_LOCAL = _CONFIG.merge(Config(proxies={}, s3={"addressing_style": "path"}))
"""A proxy from the shell's variables has no business between this machine and itself; nor has a name server."""


class Target:
    """An endpoint with its clients, each made once; threads may share it.

    ``endpoint`` None is AWS itself. ``name`` is what reports call it. ``second_account`` is who else may
    be asked to call: the name of a profile on AWS, an account's id elsewhere. ``run`` is in the names of all
    that is made there for a moment, and in nobody else's.
    """

    def __init__(
        self,
        endpoint: str | None,
        *,
        region: str = DEFAULT_REGION,
        name: str | None = None,
        second_account: str | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.region = region
        self.run = uuid.uuid4().hex[:8]
        self.name = name or endpoint or "aws"
        self.second_account = second_account or (LOCAL_SECOND_ACCOUNT if endpoint else None)
        self._clients: dict[str, Any] = {}
        self._credentials: dict[str, str] = {}
        self._lock = Lock()
        self._config = _LOCAL if self.is_on_loopback else _CONFIG
        self._session = (
            boto3.session.Session(region_name=region)
            if endpoint is None
            else boto3.session.Session(
                region_name=region, aws_access_key_id=LOCAL_ACCESS_KEY, aws_secret_access_key=LOCAL_ACCESS_KEY
            )
        )

    @classmethod
    def local(cls, endpoint: str, *, region: str = DEFAULT_REGION) -> "Target":
        """Return the local cloud at ``endpoint`` (``http://127.0.0.1:4566``)."""
        return cls(endpoint, region=region, name="local")

    @classmethod
    def at(cls, url: str, *, region: str = DEFAULT_REGION) -> "Target":
        """Return the target at a URL, which has to show by itself what it enforces."""
        return cls(url, region=region)

    @classmethod
    def aws(cls, *, region: str, second_profile: str | None = None) -> "Target":
        """Return AWS, with the user's own credentials, and those of another account by the name of a profile."""
        return cls(None, region=region, second_account=second_profile)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        """Return the client of one service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service, endpoint_url=self.endpoint, config=self._config, **self._credentials
                )
            return self._clients[service]

    def in_second_account(self) -> "Target | None":
        """Return the same target with the second account's credentials, None where no such account was given."""
        if self.second_account is None:
            return None
        if self.endpoint is None:
            other = Target(None, region=self.region, name=self.name)
            other.run = self.run
            other._session = boto3.session.Session(region_name=self.region, profile_name=self.second_account)
            return other
        return self.acting_as({"AccessKeyId": self.second_account, "SecretAccessKey": self.second_account})

    def acting_as(self, credentials: Mapping[str, str]) -> "Target":
        """Return the same target with other credentials, given as STS answers with them."""
        given = {
            "aws_access_key_id": "AccessKeyId",
            "aws_secret_access_key": "SecretAccessKey",
            "aws_session_token": "SessionToken",
        }
        other = Target(self.endpoint, region=self.region, name=self.name, second_account=self.second_account)
        other.run = self.run
        other._session = self._session
        other._credentials = {
            argument: credentials[key] for argument, key in given.items() if credentials.get(key)
        }
        return other

    @property
    def is_on_loopback(self) -> bool:
        """Whether it is an endpoint of this machine's own, where making and deleting things costs nothing."""
        host = urlsplit(self.endpoint or "").hostname or ""
        return host == "localhost" or host.startswith("127.")

    def claims_isolation(self) -> bool:
        """Whether the target is AWS, or says of itself that it keeps packets apart.

        Raises:
            VerificationError: nothing answers at the endpoint.
        """
        if self.endpoint is None:
            return True
        return self.claims().get("isolates_network") is True

    def claims(self) -> Mapping[str, Any]:
        """Return what a local cloud says of itself (``isolates_network``, ``authorizes``), else nothing.

        Raises:
            VerificationError: nothing answers at the endpoint.
        """
        return self._admin("health", {}) or {} if self.endpoint is not None else {}

    def drops(self, since: float) -> list[Mapping[str, Any]] | None:
        """Return the packets refused since that moment (seconds since the epoch), None where nobody tells."""
        if self.endpoint is None:
            return None
        found = self._admin("drops", {"since": str(since)})
        drops = found.get("drops") if found else None
        return list(drops) if isinstance(drops, list) else None

    def _admin(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Ask the local cloud's own endpoint; None where the target has no such thing."""
        url = f"{self.endpoint}/_vpclab/{path}"
        try:
            with requests.Session() as session:
                session.trust_env = not self.is_on_loopback
                answer = session.get(url, params=query, timeout=ADMIN_SECONDS)
        except requests.RequestException as failure:
            raise VerificationError(
                f"nothing answers at {self.endpoint} ({type(failure).__name__}); "
                "start the local cloud with `vpclab cloud start`, or name another target"
            ) from failure
        if answer.status_code != requests.codes.ok:
            return None
        try:
            found = answer.json()
        except requests.JSONDecodeError:
            return None
        return found if isinstance(found, dict) else None
