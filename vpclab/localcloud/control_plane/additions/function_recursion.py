"""The detection of recursive loops: a chain of requests that has run a function 16 times does not run it again.

moto knows none of it. AWS: Lambda guide, invocation-recursion; API reference, PutFunctionRecursionConfig. The
counts are the tracing header's (event_sources/trace_header.py), which SQS, SNS, S3 and Invoke carry on.
"""

import json
from datetime import UTC, datetime
from urllib.parse import unquote

from moto.awslambda.exceptions import ValidationException
from moto.awslambda.models import lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.sqs.models import SQSBackend

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources.trace_header import TraceHeader, carried

MOST_RUNS = 16
_TERMINATE, _ALLOW = "Terminate", "Allow"
_KEPT = "vpclab_recursive_loop"


def correct(corrections: Corrections) -> None:
    """Add the two operations, and have messages of a queue keep the header that they were sent with."""
    corrections.replace(LambdaResponse, "put_function_recursion_config", _put)
    corrections.replace(LambdaResponse, "get_function_recursion_config", _get)
    corrections.wrap(SQSBackend, "send_message", _send_message)


def check_recursion(function: Moto, function_arn: str, header: TraceHeader) -> None:
    """Raise Lambda's error, and count it, where this chain of requests has run the function often enough."""
    if header.runs_of(function_arn) < MOST_RUNS or _config(function) == _ALLOW:
        return
    dropped = {
        "MetricName": "RecursiveInvocationsDropped",
        "Dimensions": [{"Name": "FunctionName", "Value": function.function_name}],
        "Value": 1.0,
        "Unit": "Count",
        "Timestamp": datetime.now(UTC).replace(tzinfo=None),
    }
    cloudwatch_backends[function.account_id][function.region].put_metric_data("AWS/Lambda", [dropped])
    raise ApiError(
        "RecursiveInvocationException",
        "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services "
        "resources and stopped your function's invocation.",
        fields={"Type": "User"},
    )


def _config(function: Moto) -> str:
    """The setting is the function's, whichever version runs."""
    latest = lambda_backends[function.account_id][function.region].get_function(function.function_name)
    return str(getattr(latest, _KEPT, _TERMINATE))


def _put(response: Moto) -> str:
    chosen = json.loads(response.body or "{}").get("RecursiveLoop")
    if chosen not in (_TERMINATE, _ALLOW):
        raise ValidationException(
            str(chosen), "recursiveLoop", f"Member must satisfy enum value set: [{_ALLOW}, {_TERMINATE}]"
        )
    setattr(_named(response), _KEPT, chosen)
    return _get(response)


def _get(response: Moto) -> str:
    return json.dumps({"RecursiveLoop": _config(_named(response))})


def _named(response: Moto) -> Moto:
    return response.backend.get_function(unquote(response.path.rstrip("/").split("/")[-2]))


def _send_message(plain: Moto, backend: Moto, *args: Moto, **more: Moto) -> Moto:
    """A header that the sender names as an attribute stands; else it is the request's (SQS guide, X-Ray)."""
    header = carried()
    given = more.get("system_attributes") or {}
    if header and "AWSTraceHeader" not in given:
        told = {"DataType": "String", "StringValue": header}
        more["system_attributes"] = {**given, "AWSTraceHeader": told}
    return plain(backend, *args, **more)
