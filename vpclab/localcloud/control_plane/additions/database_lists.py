"""Lists of RDS come in pages, have bounds, and know the filters that the documentation names.

moto pages some lists and not others, takes any page size, and answers a broken marker in another wire format. AWS:
RDS API, MaxRecords (20 to 100) and Marker of each DescribeDB call. The sentences are from memory.
"""

# ruff: noqa: SLF001 - the answer's list is a private attribute of moto's

import base64
import binascii
from collections.abc import Mapping
from functools import partial

from moto.core.responses import ActionResult
from moto.rds import models
from moto.rds.exceptions import RDSClientError
from moto.rds.responses import RDSResponse

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_LISTS: Mapping[str, str] = {
    "describe_certificates": "Certificates",
    "describe_db_engine_versions": "DBEngineVersions",
    "describe_db_instances": "DBInstances",
    "describe_db_subnet_groups": "DBSubnetGroups",
    "describe_db_parameter_groups": "DBParameterGroups",
    "describe_db_parameters": "Parameters",
    "describe_db_snapshots": "DBSnapshots",
    "describe_events": "Events",
    "describe_orderable_db_instance_options": "OrderableDBInstanceOptions",
}
_LEAST, _MOST = 20, 100
_DOMAIN = "domain"


def correct(corrections: Corrections) -> None:
    """Put pages around each list."""
    for name, items in _LISTS.items():
        corrections.wrap(RDSResponse, name, partial(_page, name, items))
    corrections.wrap(models.RDSBackend, "describe_db_instances", _describe_instances)


def _page(name: str, items: str, plain: Moto, self: Moto) -> Moto:
    limit = _limit(self.params.get("MaxRecords"))
    marker = self.params.get("Marker")
    start = _start(name, marker) if marker else 0
    found = list(plain(self)._result[items] or [])
    page, rest = found[start : start + limit], found[start + limit :]
    answer: dict[str, object] = {items: page}
    if rest:
        answer["Marker"] = base64.urlsafe_b64encode(f"{name} {start + limit}".encode()).decode()
    return ActionResult(answer)


def _limit(asked: object) -> int:
    if asked is None:
        return _MOST
    number = int(str(asked))
    if not _LEAST <= number <= _MOST:
        raise RDSClientError(
            "InvalidParameterValue",
            f"Invalid value {number} for MaxRecords. Must be between {_LEAST} and {_MOST}",
        )
    return number


def _start(name: str, marker: str) -> int:
    try:
        listed, start = base64.urlsafe_b64decode(marker.encode()).decode().split(" ")
        if listed == name:
            return max(0, int(start))
    except (binascii.Error, ValueError):
        pass
    raise RDSClientError("InvalidParameterValue", "The specified marker is invalid.")


def _describe_instances(
    plain: Moto, self: Moto, db_instance_identifier: str | None = None, filters: Moto = None
) -> Moto:
    """Answer the filter by directory too: no instance here is in one."""
    asked = dict(filters or {})
    directories = asked.pop(_DOMAIN, None)
    found = plain(self, db_instance_identifier, asked) if asked else plain(self, db_instance_identifier)
    return [] if directories is not None else found
