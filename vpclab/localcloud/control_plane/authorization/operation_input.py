"""What an operation was given, whatever the protocol put it into."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from vpclab.localcloud.control_plane.api_request import ApiRequest

LOCATED_KEY = "vpclab.located"
"""Where a request's environ keeps what its path and query say (``located``)."""


def located(operation: Any, path: Mapping[str, str], query: str) -> dict[str, tuple[str, ...]]:  # noqa: ANN401
    """Return the parameters of a REST operation (botocore's model of it) that belong in path and query string.

    One that is not given is there too, empty: a body that names it must not pass for it.
    """
    given = parse_qs(query, keep_blank_values=True)
    found: dict[str, tuple[str, ...]] = {}
    shape = operation.input_shape
    for name, member in ({} if shape is None else shape.members).items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                found[name] = tuple(path[one] for one in (wire, name) if one in path)[:1]
            case "querystring":
                found[name] = tuple(given.get(wire, ()))
            case _:
                pass
    return found


class OperationInput:
    """The parameters of one request. Names are those of the service's model: ``QueueUrl``, ``SubnetIds``.

    ``invoking``: it is Lambda's Invoke, whose body is no input of the operation.
    """

    def __init__(self, request: ApiRequest, *, invoking: bool = False) -> None:
        self._request = request
        self._located: Mapping[str, tuple[str, ...]] = request.environ.get(LOCATED_KEY) or {}
        self._document: Mapping[str, Any] = request.document
        if invoking:
            self._document = {}
            self._located = {
                "FunctionName": (unquote(request.path.split("/")[3]),),
                "Qualifier": tuple(self.query.get("Qualifier", ())),
            }

    def text(self, *names: str) -> str | None:
        """Return the first parameter that is given by one of these names, as text."""
        for name in names:
            found = self.texts(name)
            if found:
                return found[0]
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of a parameter that may be a list; empty when it is not given."""
        request = self._request
        if request.protocol in ("ec2", "query"):
            return self._flat(name)
        if name in self._located:
            return self._located[name]
        value = self._document.get(name)
        values = value if isinstance(value, list) else [value]
        return tuple(str(one) for one in values if isinstance(one, str | int) and one != "")

    def all(self, *names: str) -> tuple[str, ...]:
        """Return the values of all these parameters: where any could be meant, permission is needed for each."""
        return tuple(dict.fromkeys(value for name in names for value in self.texts(name)))

    def nested(self, name: str) -> Any:  # noqa: ANN401 - what JSON holds
        """Return a parameter of a JSON request as it is, None when it is not given."""
        return self._document.get(name)

    def header(self, name: str) -> str | None:
        """Return an HTTP header of the request."""
        found: str | None = self._request.environ.get("HTTP_" + name.upper().replace("-", "_"))
        return found

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """The parameters of the query string."""
        return parse_qs(self._request.query, keep_blank_values=True)

    def _flat(self, name: str) -> tuple[str, ...]:
        """A query protocol's lists are ``Name.1``, ``Name.member.1``, or in EC2 their singular's."""
        given = self._request.parameters
        member = re.compile(rf"{re.escape(name.removesuffix('s'))}s?(?:\.member|\.[A-Z]\w+)?\.\d+")
        return tuple(value for key, value in given.items() if value and (key == name or member.fullmatch(key)))
