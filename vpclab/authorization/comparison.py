"""The comparisons behind condition operators (IAM guide, reference_policies_elements_condition_operators)."""

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from vpclab.authorization.pattern import arn_matches, text_matches
from vpclab.authorization.verdict import NotModelledError


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one value of a policy is held against one of the request: ``matches(value, present)``.

    ``negated``: the operator asks that no value matches. ``variables``: values may hold policy variables.
    ``wildcards``: ``*`` and ``?`` of a value mean any characters and any one.
    """

    matches: Callable[[str, str], bool]
    negated: bool = False
    variables: bool = False
    wildcards: bool = False


def _text(value: str, present: str) -> bool:
    return value == present


def _text_ignoring_case(value: str, present: str) -> bool:
    return value.casefold() == present.casefold()


def _boolean(value: str, present: str) -> bool:
    return value.lower() == present.lower()


def _binary(value: str, present: str) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(present, validate=True)
    except binascii.Error:
        raise NotModelledError(f"{value} or {present} is no base64 text, as BinaryEquals needs") from None


def _address(value: str, present: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise NotModelledError(f"{value} is no IP range, as IpAddress needs") from None
    try:
        return ipaddress.ip_address(present) in network
    except ValueError:
        return False  # a request that a service makes has the service's name for an address


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():  # NaN cannot be ordered
        raise NotModelledError(f"{text} is no number, as numeric condition operators need")
    return number


def _date(text: str) -> datetime:
    """ISO 8601, or seconds since 1970."""
    try:
        if text.lstrip("-").isdecimal() and len(text.lstrip("-")) > len("2026"):
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text if "-" in text else f"{text}-01-01")
    except (ValueError, OverflowError, OSError):
        raise NotModelledError(f"{text} is no date, as date condition operators need") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_ORDERS: Mapping[str, tuple[Callable[[Any, Any], bool], bool]] = {
    "equals": (operator.eq, False),
    "notequals": (operator.eq, True),
    "lessthan": (operator.lt, False),
    "lessthanequals": (operator.le, False),
    "greaterthan": (operator.gt, False),
    "greaterthanequals": (operator.ge, False),
}


def _ordered(read: Callable[[str], object], order: Callable[[Any, Any], bool]) -> Callable[[str, str], bool]:
    """The request's value stands on the left: ``NumericLessThan: 10`` asks for less than 10."""
    return lambda value, present: order(read(present), read(value))


COMPARISONS: Mapping[str, Comparison] = {
    "stringequals": Comparison(_text, variables=True),
    "stringnotequals": Comparison(_text, negated=True, variables=True),
    "stringequalsignorecase": Comparison(_text_ignoring_case, variables=True),
    "stringnotequalsignorecase": Comparison(_text_ignoring_case, negated=True, variables=True),
    "stringlike": Comparison(text_matches, variables=True, wildcards=True),
    "stringnotlike": Comparison(text_matches, negated=True, variables=True, wildcards=True),
    "arnequals": Comparison(arn_matches, variables=True, wildcards=True),  # behaves as ArnLike
    "arnlike": Comparison(arn_matches, variables=True, wildcards=True),
    "arnnotequals": Comparison(arn_matches, negated=True, variables=True, wildcards=True),
    "arnnotlike": Comparison(arn_matches, negated=True, variables=True, wildcards=True),
    "bool": Comparison(_boolean, variables=True),
    "binaryequals": Comparison(_binary),
    "ipaddress": Comparison(_address),
    "notipaddress": Comparison(_address, negated=True),
    **{
        f"numeric{name}": Comparison(_ordered(_number, order), negated)
        for name, (order, negated) in _ORDERS.items()
    },
    **{f"date{name}": Comparison(_ordered(_date, order), negated) for name, (order, negated) in _ORDERS.items()},
}
"""By the operator's lower-cased name."""
