"""Shipping a function's log: by the service, with the permissions of the execution role.

moto writes what a function printed itself, whatever the role allows. AWS (Lambda guide,
monitoring-cloudwatchlogs-prerequisites): needs logs:CreateLogStream and logs:PutLogEvents, and
logs:CreateLogGroup where the group does not exist. Without them the function runs and its log is lost.
"""

import logging
from collections.abc import Sequence

from moto.logs.models import logs_backends

from vpclab.authorization import MalformedPolicyError, NotModelledError
from vpclab.localcloud.control_plane.additions.execution_roles import ExecutionRoles
from vpclab.localcloud.lambda_runtime.invocation import LogEvent

_LOG = logging.getLogger(__name__)


class LogShipping:
    """Writes to moto's log groups."""

    def __init__(self, roles: ExecutionRoles) -> None:
        self._roles = roles

    def put(
        self,
        *,
        function_arn: str,
        role_arn: str,
        log_group: str,
        log_stream: str,
        events: Sequence[LogEvent],
    ) -> bool:
        """Ship ``events``; False, and nothing kept, where the role does not allow it."""
        _, _, _, region, account, *_ = function_arn.split(":")
        backend = logs_backends[account][region]
        group_arn = f"arn:aws:logs:{region}:{account}:log-group:{log_group}"
        stream_arn = f"{group_arn}:log-stream:{log_stream}"
        needed = []
        if log_group not in backend.groups:
            needed.append(("logs:CreateLogGroup", f"{group_arn}:*"))
            needed.append(("logs:CreateLogStream", f"{group_arn}:*"))
        elif log_stream not in backend.groups[log_group].streams:
            needed.append(("logs:CreateLogStream", f"{group_arn}:*"))
        needed.append(("logs:PutLogEvents", stream_arn))
        try:
            if not all(self._roles.allows(role_arn, action, resource) for action, resource in needed):
                return False
        except (NotModelledError, MalformedPolicyError) as error:
            _LOG.error("the log of %s is lost: %s", function_arn, error)
            return False
        backend.ensure_log_group(log_group)
        backend.ensure_log_stream(log_group, log_stream)
        if events:
            backend.put_log_events(
                log_group, log_stream, [{"timestamp": one.timestamp, "message": one.message} for one in events]
            )
        return True
