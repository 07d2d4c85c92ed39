"""Requests have the shape that the operation's published model says: what is required, numbers, flags and choices.

moto trusts its callers, whose SDKs check much of it; what a hand-made request lacks makes it fail. AWS: "Common
errors" of each query API (MissingParameter, InvalidParameterValue, InvalidAction).
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from botocore.model import OperationModel, Shape
from moto.core.utils import get_service_model

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest

_MODELS = {
    "ec2": "ec2",
    "elasticache": "elasticache",
    "elasticloadbalancing": "elbv2",
    "iam": "iam",
    "rds": "rds",
}
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBERS = frozenset({"integer", "long"})
_FLAGS = frozenset({"true", "false", "1", "0"})
_DEEPEST = 12
_NEEDED = {"SecurityGroupRuleUpdate": ("SecurityGroupRule",)}
"""What the model does not require, although the operation says nothing without it."""


def check(request: ApiRequest, action: str) -> None:
    """Raise the error of a request that does not fit its operation; return for every other."""
    name = _MODELS.get(request.service)
    if name is None:
        return
    operation = _operation(name, action)
    if operation is None:
        raise ApiError("InvalidAction", f"The action {action} is not valid for this web service.")
    if operation.input_shape is None:
        return
    query = _Parameters(request.parameters, of_ec2=request.protocol == "ec2")
    for path, problem in query.problems(operation.input_shape, "", 0):
        if problem is None:
            raise ApiError("MissingParameter", f"The request must contain the parameter {path}")
        raise ApiError(
            "InvalidParameterValue", f"Value ({problem[0]}) for parameter {path} is invalid. {problem[1]}"
        )


@cache
def _operation(service: str, action: str) -> OperationModel | None:
    model = get_service_model(service)
    return model.operation_model(action) if action in model.operation_names else None


class _Parameters:
    """The flat parameters of a query request, read along a model's shape."""

    def __init__(self, parameters: Mapping[str, str], *, of_ec2: bool) -> None:
        self._parameters, self._of_ec2 = parameters, of_ec2
        self._begun = {
            name[: position + 1] for name in parameters for position, letter in enumerate(name) if letter == "."
        }

    def problems(self, shape: Shape, prefix: str, depth: int) -> Iterator[tuple[str, tuple[str, str] | None]]:
        """Each parameter that is missing (None) or wrong (its text and why), by its name on the wire."""
        if depth > _DEEPEST:
            return
        for name, member in shape.members.items():
            path = prefix + self._wire_name(name, member)
            if not self._is_given(path):
                if name in shape.required_members or name in _NEEDED.get(shape.name, ()):
                    yield path, None
                continue
            yield from self._of_member(member, path, depth)

    def _of_member(self, member: Shape, path: str, depth: int) -> Iterator[tuple[str, tuple[str, str] | None]]:
        text = self._parameters.get(path)
        kind = member.type_name
        if kind == "structure":
            yield from self.problems(member, f"{path}.", depth + 1)
        elif kind == "list":
            yield from self._of_list(member, path, depth)
        elif text is None:
            return
        elif kind in _NUMBERS and not _INTEGER.fullmatch(text):
            yield path, (text, "It is not an integer.")
        elif kind == "boolean" and text.lower() not in _FLAGS:
            yield path, (text, "It is not a boolean.")

    def _of_list(self, member: Shape, path: str, depth: int) -> Iterator[tuple[str, tuple[str, str] | None]]:
        named = member.member.serialization.get("name", "member")
        for start in (path, f"{path}.{named}", f"{path}.member"):
            for item in self._items(start):
                yield from self._of_member(member.member, item, depth + 1)

    def _items(self, start: str) -> list[str]:
        found = {
            f"{start}.{match[1]}"
            for name in self._parameters
            if name.startswith(f"{start}.") and (match := re.match(r"(\d+)", name[len(start) + 1 :]))
        }
        return sorted(found)

    def _wire_name(self, name: str, member: Shape) -> str:
        serialization = member.serialization
        if self._of_ec2:
            named = serialization.get("queryName")
            if named:
                return str(named)
            own = serialization.get("name", name)
            return str(own[0].upper() + own[1:])
        if member.type_name == "list" and serialization.get("flattened"):
            return str(member.member.serialization.get("name", name))
        return str(serialization.get("name", name))

    def _is_given(self, path: str) -> bool:
        return path in self._parameters or f"{path}." in self._begun
