"""Whose failure it is when a request fails."""

from pathlib import Path

import pytest
from werkzeug.test import EnvironBuilder

import vpclab
from vpclab.localcloud.control_plane import moto_process
from vpclab.localcloud.control_plane.api_request import ApiRequest

PACKAGE = Path(vpclab.__path__[0])


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (PACKAGE / "localcloud/control_plane/additions/routes.py", "InternalFailure"),
        (
            Path("/home/u/vpclab/.venv/lib/python3.11/site-packages/moto/ec2/models/vpcs.py"),
            "UnsupportedOperation",
        ),
    ],
)
def test_failure_of_motos_cannot_pass_for_a_defect_of_ours(
    monkeypatch: pytest.MonkeyPatch, file: Path, code: str
) -> None:
    """By whose code failed, wherever a project of this name is checked out: moto is mostly installed inside it."""
    failing = compile("raise KeyError('absent')", str(file), "exec")
    monkeypatch.setattr(moto_process, "_dispatch", lambda _: lambda *_: exec(failing))  # noqa: S102 - its failure
    environ = EnvironBuilder(method="POST").get_environ()
    request = ApiRequest("ec2", "us-east-1", "test", "POST", "/", "", b"", environ)
    _, _, body = moto_process.call(request, "123456789012")
    assert f"<Code>{code}</Code>" in body.decode()
