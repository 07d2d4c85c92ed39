"""The metadata of an execution environment: in which Availability Zone it runs.

Lambda guide, "Using the Lambda metadata endpoint": GET /2026-01-15/metadata/execution-environment at
AWS_LAMBDA_METADATA_API, with AWS_LAMBDA_METADATA_TOKEN as a bearer token.
"""

import hmac
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from secrets import token_urlsafe

PATH = "/2026-01-15/metadata/execution-environment"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What one environment may ask. ``availability_zone_id`` is, for example, ``use1-az1``."""

    availability_zone_id: str
    token: str = field(default_factory=token_urlsafe, repr=False)

    def answer(self, authorization: str) -> tuple[HTTPStatus, bytes]:
        """Return status and body for a request with that Authorization header (empty: none)."""
        if not hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
            body = {"errorType": "Unauthorized", "errorMessage": "The metadata token is missing or wrong"}
            return HTTPStatus.UNAUTHORIZED, json.dumps(body).encode()
        return HTTPStatus.OK, json.dumps({"AvailabilityZoneID": self.availability_zone_id}).encode()
