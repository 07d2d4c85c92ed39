"""HTTP statuses of Lambda's answers, where moto's are others (botocore's model of the API, ``responseCode``)."""

from collections.abc import Callable

from moto.awslambda.responses import LambdaResponse

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

STATUSES = {
    "AddLayerVersionPermission": 201,
    "CreateEventSourceMapping": 202,
    "DeleteAlias": 204,
    "DeleteLayerVersion": 204,
    "GetAlias": 200,
    "TagResource": 204,
    "UpdateAlias": 200,
}
_REFUSED = 400


def correct(corrections: Corrections) -> None:
    """Answer with the documented statuses."""
    for operation, status in STATUSES.items():
        corrections.wrap(LambdaResponse, _method(operation), _with(status))


def _with(status: int) -> Callable[..., Moto]:
    def around(plain: Moto, response: Moto) -> Moto:
        answer = plain(response)
        before, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
        return answer if before >= _REFUSED else (status, {**headers, "status": status}, body)

    return around


def _method(operation: str) -> str:
    """Return the name of moto's method for an operation."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
