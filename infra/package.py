"""The function's deployment package: the probe's code and the pure-Python packages that it imports.

Lambda's Python runtimes bring boto3 along and nothing else; dependencies travel in the package (Lambda developer
guide, "Working with .zip file archives for Python Lambda functions"). They are taken from the interpreter that
runs this program, where requirements.txt has pinned them. The archive is a function of file contents alone:
compiled files, whose bytes differ between machines, stay out, so that a second deployment changes nothing.
"""

import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath

import pulumi

PROBE = Path(__file__).parent.parent / "lambdas" / "probe"
HANDLER = "probe.handler.handler"

VENDORED = ("pg8000", "scramp", "asn1crypto", "python-dateutil", "six")
"""The PostgreSQL driver and what it depends on."""


def code() -> pulumi.AssetArchive:
    """Return the whole package, file by file, its paths relative to the program's folder."""
    files = {name: path for name, path in (*_probe_files(), *_vendored_files())}  # noqa: C416 - later ones win
    return pulumi.AssetArchive({name: pulumi.FileAsset(os.path.relpath(files[name])) for name in sorted(files)})


def _probe_files() -> Iterator[tuple[str, Path]]:
    for path in PROBE.rglob("*.py"):
        yield str(PurePosixPath(PROBE.name, *path.relative_to(PROBE).parts)), path


def _vendored_files() -> Iterator[tuple[str, Path]]:
    for name in VENDORED:
        distribution = metadata.distribution(name)
        for file in distribution.files or ():
            # METADATA as well as code: the driver asks importlib.metadata for its own version.
            if file.suffix == ".py" or file.name == "METADATA":
                yield file.as_posix(), Path(str(distribution.locate_file(file)))
