"""What functions import most, imported before they ask; and taken back where a function brings its own.

A managed runtime has only the runtime client imported when the function's module is; whatever else was imported
here for speed must not win over a module of the same name in /var/task or a layer.
"""

import gc
import importlib
import os
import sys
from collections.abc import Iterable, Sequence
from typing import ClassVar

_POPULAR = (
    "boto3",
    "botocore.session",
    "http.client",
    "json",
    "ssl",
    "urllib.request",
    "concurrent.futures",
    "uuid",
)
_SERVICES = ("sts", "s3", "secretsmanager", "logs")


class Preloaded:
    """The names of the modules that are imported beyond what a managed runtime has imported."""

    extra: ClassVar[frozenset[str]] = frozenset()


def preload(usual: frozenset[str]) -> None:
    """Import the SDK with what a first client of it needs; ``usual`` was imported before anything of ours."""
    for name in _POPULAR:
        importlib.import_module(name)
    nobody = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nothing", "region_name": "us-east-1"}
    session = sys.modules["boto3"].session.Session(**nobody)
    for service in _SERVICES:
        session.client(service)
    Preloaded.extra = frozenset(sys.modules) - usual
    del session
    gc.collect()
    gc.freeze()  # so that a collection in a child does not write to, and so copy, every page


def purge_shadowed(extra: Iterable[str], folders: Sequence[str]) -> None:
    """Forget the modules of ``extra``, all of them, where ``folders`` have a module of one of their names.

    All, because they hold references to each other: half of a foreign SDK is worse than a slow start.
    """
    extra = list(extra)
    if _provided(folders) & {name.partition(".")[0] for name in extra}:
        for name in extra:
            sys.modules.pop(name, None)


def _provided(folders: Sequence[str]) -> set[str]:
    names: set[str] = set()
    for folder in folders:
        if os.path.isdir(folder):  # noqa: PTH112 - pathlib costs more than the call, at every cold start
            names.update(entry.partition(".")[0] for entry in os.listdir(folder))  # noqa: PTH208
    return names
