"""A call that is repeated with its client token does not happen twice.

moto makes another thing each time. AWS (EC2 API, "Ensuring idempotency in Amazon EC2 API requests"): the same
request with the same token is answered as before, another request with that token is IdempotentParameterMismatch;
a token belongs to an account, a Region and an operation.
"""

from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest, is_reading

_TOKEN = "ClientToken"  # noqa: S105 - a parameter's name
_OF_OTHER_MEANING = frozenset({_TOKEN, "DryRun"})
_REMEMBERED = 10_000


class ClientTokens:
    """What was answered to which token. Asked under the control plane's lock."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, ...], tuple[dict[str, str], Response]] = OrderedDict()

    def answer(self, request: ApiRequest, action: str, account: str, call: Callable[[], Response]) -> Response:
        """Return the answer to a repeated request, or that of ``call``, which is remembered if it is no error.

        Raises:
            ApiError: the token came with another request before.
        """
        token = request.parameters.get(_TOKEN) if request.service == "ec2" and not is_reading(action) else None
        if not token:
            return call()
        key = (account, request.region or "", action, token)
        asked = {name: text for name, text in request.parameters.items() if name not in _OF_OTHER_MEANING}
        known = self._answers.get(key)
        if known is not None:
            if known[0] != asked:
                raise ApiError(
                    "IdempotentParameterMismatch",
                    f"Arguments on this idempotent request are inconsistent with arguments used in previous "
                    f"request(s) with the client token {token}.",
                )
            return known[1]
        response = call()
        if response[0] < HTTPStatus.BAD_REQUEST:
            self._answers[key] = asked, response
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
        return response
