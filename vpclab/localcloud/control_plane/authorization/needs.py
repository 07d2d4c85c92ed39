"""From a request to what it needs in IAM's words."""

from collections.abc import Callable, Mapping

from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authorization import (
    bucket_access,
    function_access,
    identity_access,
    messaging_access,
    name_access,
    named_access,
    record_access,
)
from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked
from vpclab.localcloud.control_plane.authorization.operation_input import OperationInput

_BY_SERVICE: Mapping[str, Callable[[Asked], tuple[Access, ...]]] = {
    "dynamodb": record_access.table_accesses,
    "iam": identity_access.accesses,
    "kinesis": record_access.stream_accesses,
    "kms": name_access.key_accesses,
    "lambda": function_access.accesses,
    "logs": name_access.log_accesses,
    "secretsmanager": name_access.secret_accesses,
    "sns": messaging_access.topic_accesses,
    "sqs": messaging_access.queue_accesses,
    "ssm": name_access.parameter_accesses,
    "sts": name_access.session_accesses,
    "xray": name_access.trace_accesses,
}


def needs(
    request: ApiRequest, operation: str, *, account: str, region: str, caller_arn: str
) -> tuple[Access, ...]:
    """Return what ``operation`` of this request needs, at least one access. ``account`` is the caller's."""
    asked = Asked(
        service=request.service,
        operation=operation,
        account=account,
        region=request.region or region,
        given=OperationInput(request, invoking=operation == "Invoke"),
        caller_arn=caller_arn,
    )
    if request.service == "s3":
        return bucket_access.accesses(asked, request)
    return _BY_SERVICE.get(request.service, named_access.accesses)(asked)
