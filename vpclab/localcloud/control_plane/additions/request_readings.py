"""moto reads a request as it was judged: its operation, parameters and Region are those that were asked for.

moto takes the operation from a parameter ``Action`` before it looks at X-Amz-Target, whatever the protocol, and
finds parameters in the query string, a form, the body read as a form, or even headers; the Region it takes from
Host and User-Agent. A request with two readings would be judged as the one and carried out as the other.
"""

from urllib.parse import parse_qs

from moto.core.responses import BaseResponse

from vpclab.localcloud.control_plane.additions import function_names
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_KEY = "vpclab.read"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/x-amz-json-1.1"
_BY_PATH = frozenset({"lambda", "s3", "xray"})


def correct(corrections: Corrections) -> None:
    """Have moto go by what ``fix`` leaves in the environ."""
    corrections.wrap(BaseResponse, "setup_class", _setup)
    corrections.wrap(BaseResponse, "_get_action", _action)
    corrections.wrap(BaseResponse, "get_region_from_url", _region)


def fix(request: ApiRequest) -> None:
    """Leave the one reading of a request that was judged in its environ, before moto gets it."""
    environ = request.environ
    environ[_KEY] = request
    function_names.fix(request)
    if request.protocol in ("ec2", "query"):
        environ["CONTENT_TYPE"] = _FORM
    elif request.service != "s3" and environ.get("CONTENT_TYPE", "").startswith((_FORM, "multipart/")):
        environ["CONTENT_TYPE"] = _JSON


def _of(environ: Moto) -> ApiRequest | None:
    found = environ.get(_KEY)
    return found if isinstance(found, ApiRequest) else None


def _setup(plain: Moto, response: Moto, request: Moto, *given: Moto, **named: Moto) -> None:
    plain(response, request, *given, **named)
    read = _of(request.environ)
    if read is not None and read.protocol == "json":
        by_path = read.service in _BY_PATH
        response.querystring = parse_qs(read.query, keep_blank_values=True) if by_path else {}
        response.data = response.querystring


def _action(plain: Moto, response: Moto) -> Moto:
    read = _of(response.normalized_request.environ)
    if read is None:
        return plain(response)
    if read.service in _BY_PATH:
        return response._get_action_from_method_and_request_uri(response.normalized_request)  # noqa: SLF001
    return read.action


def _region(plain: Moto, response: Moto, request: Moto, full_url: str) -> Moto:
    read = _of(request.environ)
    if read is None or read.region is None:
        return plain(response, request, full_url)
    return read.region
