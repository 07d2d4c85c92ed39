"""Names of functions in a request's path: plain, as a part of an ARN or a whole one, with a qualifier or without.

moto knows plain names and whole ARNs, and not everywhere. AWS: API reference, FunctionName of each operation
("Name formats"), and GetFunction, whose ARN has the alias that was asked for. The texts are as users report them.
"""

import json
import re
from urllib.parse import parse_qs, quote, unquote

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.responses import LambdaResponse

from vpclab.localcloud.control_plane.additions.function_versions import LATEST
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authorization.function_access import NAME
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_PATH = re.compile(r"(/20\d\d-\d\d-\d\d/functions/)([^/]+)(/.*)?")
_OF_THE_FUNCTION = re.compile(r"/(?:aliases|versions)(?:/.*)?")
"""What a function has as a whole, whichever qualifier was named with it."""


def correct(corrections: Corrections) -> None:
    """Have descriptions say the alias they were asked by."""
    corrections.wrap(LambdaResponse, "get_function", _get_function)
    corrections.wrap(LambdaResponse, "get_function_configuration", _get_configuration)


def fix(request: ApiRequest) -> None:
    """Have the path name the function plainly, with its qualifier, for moto. ApiError: it names none of here."""
    found = _PATH.fullmatch(request.path) if request.service == "lambda" else None
    named = NAME.fullmatch(unquote(found[2])) if found is not None else None
    if found is None or named is None:
        return
    region, _, name, own_qualifier = named.groups()
    check_qualifiers(own_qualifier, parse_qs(request.query).get("Qualifier", [None])[0])
    check_region(region, request.region)
    rest = found[3] or ""
    if own_qualifier and not _OF_THE_FUNCTION.fullmatch(rest):
        name = f"{name}:{own_qualifier}"
    path = f"{found[1]}{name}{rest}"
    raw = quote(path, safe="/:$") + (f"?{request.query}" if request.query else "")
    request.environ.update({"PATH_INFO": path, "RAW_URI": raw, "REQUEST_URI": raw})


def check_qualifiers(own: str | None, given: str | None) -> None:
    """Raise Lambda's error for a name and a parameter that do not mean the same version or alias."""
    if own and given and own != given:
        raise ApiError(
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
            fields={"Type": "User"},
        )


def check_region(named: str | None, asked: str | None) -> None:
    """Raise Lambda's error for the ARN of a function elsewhere."""
    if named and asked and named != asked:
        raise ApiError(
            "ResourceNotFoundException",
            f"Functions from '{named}' are not reachable in this region ('{asked}')",
            404,
            fields={"Type": "User"},
        )


def name_of_new(backend: Moto, given: str) -> str:
    """Return the plain name that CreateFunction is given, which may be part of an ARN of this account's."""
    found = NAME.fullmatch(given)
    if found is None:
        return given  # what is wrong with it, the check of names says
    region, account, name, qualifier = found.groups()
    check_region(region, backend.region_name)
    if account not in (None, backend.account_id):
        raise ApiError(
            "AccessDeniedException", f"Functions of account {account} cannot be created from here.", 403
        )
    if qualifier:
        raise InvalidParameterValueException(f"A function cannot be created with a qualifier: {given}")
    return str(name)


def _get_function(plain: Moto, response: Moto) -> str:
    found = json.loads(plain(response))
    _say_alias(found["Configuration"], unquote(response.path.rsplit("/", 1)[-1]), response)
    return json.dumps(found)


def _get_configuration(plain: Moto, response: Moto) -> str:
    found = json.loads(plain(response))
    _say_alias(found, unquote(response.path.rsplit("/", 2)[-2]), response)
    return json.dumps(found)


def _say_alias(configuration: dict[str, str], name: str, response: Moto) -> None:
    qualifier = name.partition(":")[2] or response._get_param("Qualifier")  # noqa: SLF001 - moto's only way
    if qualifier and qualifier != LATEST and qualifier != configuration["Version"]:
        arn = configuration["FunctionArn"].removesuffix(f":{configuration['Version']}")
        configuration["FunctionArn"] = f"{arn}:{qualifier}"
