"""Lists of Lambda's resources, a page at a time, and of aliases those of one version.

moto answers everything at once, whatever Marker, MaxItems and FunctionVersion say. AWS: API reference,
ListFunctions and its kin (50 items a page at most).
"""

import base64
import binascii
import json
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.responses import LambdaResponse

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

LONGEST_PAGE = 50
_LISTS = {
    "list_functions": "Functions",
    "list_versions_by_function": "Versions",
    "list_aliases": "Aliases",
    "list_layers": "Layers",
    "list_layer_versions": "LayerVersions",
}


def correct(corrections: Corrections) -> None:
    """Have each list come in pages."""
    for name in _LISTS:
        corrections.wrap(LambdaResponse, name, _paged)


def _paged(plain: Moto, response: Moto) -> Moto:
    answer = plain(response)
    text = answer[2] if isinstance(answer, tuple) else answer
    document: dict[str, Any] = json.loads(text)
    [(key, items)] = document.items()
    query = {name: values[0] for name, values in response.querystring.items()}
    if key == "Aliases" and (version := query.get("FunctionVersion")):
        items = [one for one in items if version == one["FunctionVersion"] or version in _weights(one)]
    start = _start(query.get("Marker"))
    end = start + min(int(query.get("MaxItems") or LONGEST_PAGE), LONGEST_PAGE)
    document = {key: items[start:end]}
    if end < len(items):
        document["NextMarker"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return json.dumps(document)


def _start(marker: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(marker)) if marker else 0
    except (ValueError, binascii.Error):
        raise InvalidParameterValueException(f"The marker {marker} is none that a list has told.") from None


def _weights(alias: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return found
