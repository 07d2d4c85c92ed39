"""What traced functions send to X-Ray: by the service's daemon, with the permissions of the execution role."""

import logging
from collections.abc import Sequence

from vpclab.authorization import MalformedPolicyError, NotModelledError
from vpclab.localcloud.control_plane.additions.execution_roles import ExecutionRoles
from vpclab.localcloud.control_plane.additions.traces import Traces

_LOG = logging.getLogger(__name__)


class TraceShipping:
    """Sends segments where the role allows xray:PutTraceSegments (Lambda guide, services-xray)."""

    def __init__(self, roles: ExecutionRoles, traces: Traces) -> None:
        self._roles = roles
        self._traces = traces

    def put(self, *, function_arn: str, role_arn: str, documents: Sequence[str]) -> bool:
        """Send segment documents; False, and nothing kept, where the role does not allow it."""
        _, _, _, region, account, *_ = function_arn.split(":")
        try:
            if not self._roles.allows(role_arn, "xray:PutTraceSegments"):
                return False
        except (NotModelledError, MalformedPolicyError) as error:
            _LOG.error("the segments of %s are lost: %s", function_arn, error)
            return False
        for refused in self._traces.put(documents, account, region):
            _LOG.warning("a segment of %s was refused: %s", function_arn, refused["Message"])
        return True
