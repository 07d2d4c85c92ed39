"""Describe calls of EC2: every documented filter, pages, and identifiers that nothing has.

moto knows some filters, compares some of them only exactly, refuses others as not implemented, and gives all in
one page. AWS (EC2 API reference, Filter and "Pagination" of each call; EC2 guide, "List and filter your
resources"): filters are joined by and, their values by or; asterisk and question mark are wildcards unless a
backslash takes that from them; MaxResults and NextToken page.
"""

# ruff: noqa: SLF001 - the answer's list is a private attribute of moto's

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache, partial

from botocore import xform_name
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_service_model
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.dhcp_options import DHCPOptionsSet
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions.instance_listings import INSTANCE_LISTINGS, INSTANCES
from vpclab.localcloud.control_plane.additions.listings import LISTINGS, Listing
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_OURS = "_vpclab_filters_are_ours"
_PICK = XFormedAttributePicker()
_TAG_KEY, _TAG = "tag-key", "tag:"
_MEMBERS: tuple[tuple[Moto, str, Callable[[Moto], object]], ...] = (
    (NetworkInterface, "availability_zone_id", lambda interface: interface.subnet.availability_zone_id),
    (VPCEndPoint, "ip_address_type", lambda _: "ipv4"),
    (VPCEndPoint, "service_region", lambda endpoint: endpoint.ec2_backend.region_name),
    (DHCPOptionsSet, "owner_id", lambda options: options.ec2_backend.account_id),
    (ElasticAddress, "network_border_group", lambda address: address.ec2_backend.region_name),
)
"""Members of descriptions that moto's lack."""


def correct(corrections: Corrections) -> None:
    """Put filters and pages around every listing, and have moto's own filters see none."""

    def without(plain: Moto, self: Moto) -> Moto:
        return {} if getattr(self, _OURS, False) else plain(self)

    corrections.wrap(EC2Response, "_filters_from_querystring", without)
    for listing in (*LISTINGS, *INSTANCE_LISTINGS):
        corrections.wrap(EC2Response, xform_name(listing.action), partial(_answer, listing))
    for owner, name, value in _MEMBERS:
        corrections.replace(owner, name, property(value))


def matches(pattern: str, value: str) -> bool:
    """Whether a filter's value, with its wildcards, is this one. Case counts."""
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    parts = (
        re.escape(one[1:]) if one[0] == "\\" and one[1:] else wild.get(one, re.escape(one))
        for one in re.findall(r"\\.|.", pattern, re.DOTALL)
    )
    return re.compile("".join(parts), re.DOTALL)


def _answer(listing: Listing, plain: Callable[[Moto], Moto], self: Moto) -> Moto:
    given = self._filters_from_querystring()
    tests = [test(listing, name, values) for name, values in given.items()]
    wanted = list(self._get_param(listing.identifiers, [])) if listing.identifiers else []
    most = limit(listing, self._get_param("MaxResults"), wanted)
    without_filters(self)
    try:
        answer = plain(self)
    except EC2ClientError as error:
        raise _in_words_of_aws(listing, wanted, error) from None
    found = list(answer._result[listing.items] or [])
    if wanted:
        _check_known(listing, wanted, found)
    if tests:
        found = [one for one in found if all(passes(one) for passes in tests)]
    items, token = page(listing, found, most, self._get_param("NextToken"))
    answer._result[listing.items] = items
    answer._result["NextToken"] = token
    return answer


# Filters


def without_filters(response: Moto) -> None:
    """Have moto's own filters see none from here on."""
    setattr(response, _OURS, True)


def test(listing: Listing, name: str, patterns: list[str]) -> Callable[[Moto], bool]:
    """Return what tells whether a filter lets an item through. EC2ClientError: there is no such filter."""
    if listing.tags and name.startswith(_TAG):
        key = name.removeprefix(_TAG)

        def tagged(item: Moto) -> bool:
            tags = {str(one.get("Key")): str(one.get("Value", "")) for one in _tags(listing, item)}
            return key in tags and any(matches(pattern, tags[key]) for pattern in patterns)

        return tagged
    if listing.tags and name == _TAG_KEY and listing.action != "DescribeTags":
        path = f"{listing.tags}.Key"
    elif name in listing.filters:
        path = listing.filters[name]
    else:
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return test_path(_shape(listing), path, patterns)


def test_path(shape: Moto, path: str, patterns: list[str]) -> Callable[[Moto], bool]:
    """Return what tells whether an item of that shape has one of the values at a path; none is at an empty one."""
    return lambda item: (
        bool(path)
        and any(matches(pattern, value) for value in _values(item, path.split("."), shape) for pattern in patterns)
    )


def _tags(listing: Listing, item: Moto) -> list[Mapping[str, str]]:
    way = [] if listing.action == "DescribeTags" else [listing.tags]
    keys = list(_values(item, [*way, "Key"], _shape(listing)))
    values = list(_values(item, [*way, "Value"], _shape(listing)))
    return [{"Key": key, "Value": value} for key, value in zip(keys, values, strict=True)]


def _values(item: Moto, path: list[str], shape: Moto) -> Iterator[str]:
    """What the description of an item says at a path, as filters compare it."""
    if item is None:
        return
    if shape.type_name == "list":
        for one in item:
            yield from _values(one, path, shape.member)
    elif path:
        member = shape.members[path[0]]
        member.parent = shape  # as the serialiser does, whose names these are
        yield from _values(_PICK(AttributePickerContext(item, path[0], member)), path[1:], member)
    elif isinstance(item, bool) or shape.type_name == "boolean":
        yield str(item).lower()
    elif isinstance(item, datetime):
        yield item.isoformat()
    else:
        yield str(item)


@cache
def _shape(listing: Listing) -> Moto:
    shape = item_shape(listing)
    return shape.members["Instances"].member if listing is INSTANCES else shape


@cache
def item_shape(listing: Listing) -> Moto:
    """Return the shape of what a call lists."""
    operation = get_service_model("ec2").operation_model(listing.action)
    return operation.output_shape.members[listing.items].member


# Identifiers


def _identity(listing: Listing, item: Moto) -> str:
    if listing is INSTANCES:
        return str(item.id)  # a page ends with a reservation
    return next(_values(item, [listing.identifier], _shape(listing)), "") if listing.identifier else ""


def _check_known(listing: Listing, wanted: list[str], found: list[Moto]) -> None:
    missing = set(wanted) - {_identity(listing, one) for one in found}
    if missing:
        code, text = listing.unknown
        raise EC2ClientError(code, text.format(next(one for one in wanted if one in missing)))


def _in_words_of_aws(listing: Listing, wanted: list[str], error: EC2ClientError) -> EC2ClientError:
    """The same refusal in AWS's words: moto prints sets, or another resource's code."""
    named = next((one for one in wanted if one in str(error)), None)
    return error if named is None else EC2ClientError(listing.unknown[0], listing.unknown[1].format(named))


# Pages


def limit(listing: Listing, asked: object, wanted: list[str]) -> int | None:
    """Return how many a page may have; EC2's error for what cannot be asked. None: nothing was asked."""
    if asked is None:
        return None
    number = int(str(asked))
    if wanted and listing.alone:
        raise EC2ClientError(
            "InvalidParameterCombination",
            f"The parameter {listing.identifiers} cannot be used with the parameter MaxResults",
        )
    if number < listing.least:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ( {number} ) for parameter maxResults is invalid. "
            f"Expecting a value greater than {listing.least}.",
        )
    return min(number, listing.most)


def page(
    listing: Listing, found: list[Moto], most: int | None, token: str | None
) -> tuple[list[Moto], str | None]:
    """Return the items that a token leads to, and the token of those after them."""
    start = _start(listing, found, token) if token else 0
    if most is None or start + most >= len(found):
        return found[start:], None
    items = found[start : start + most]
    last = f"{listing.action} {start + most} {_identity(listing, items[-1])}"
    return items, base64.urlsafe_b64encode(last.encode()).decode()


def _start(listing: Listing, found: list[Moto], token: str) -> int:
    """Where the next page begins: after the last item that was given, wherever that is now."""
    try:
        action, offset, last = base64.urlsafe_b64decode(token.encode()).decode().split(" ", 2)
        start = int(offset)
    except (binascii.Error, ValueError):
        raise _bad_token() from None
    if action != listing.action:
        raise _bad_token()
    identities = [_identity(listing, one) for one in found] if last else []
    return identities.index(last) + 1 if last in identities else min(start, len(found))


def _bad_token() -> EC2ClientError:
    return EC2ClientError("InvalidNextToken", "The token is invalid.")
