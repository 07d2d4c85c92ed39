"""Functions that the verifier makes for a moment."""

import io
import stat
import zipfile

import pytest
from botocore.exceptions import ParamValidationError

from vpclab.statements.error import VerificationError
from vpclab.statements.target import Target
from vpclab.statements.temporary_function import NAME_PREFIX, probe_archive, temporary_function


def _names(target: Target) -> list[str]:
    return [function["FunctionName"] for function in target.client("lambda").list_functions()["Functions"]]


def test_the_controls_code_can_be_read_by_lambda() -> None:
    """It is the probe's own code, readable by everybody: Lambda's user owns none of the files."""
    with zipfile.ZipFile(io.BytesIO(probe_archive())) as archive:
        entries = archive.infolist()
        assert b"def handler(" in archive.read("probe/handler.py")
    assert all(stat.S_IMODE(entry.external_attr >> 16) == 0o644 for entry in entries)


@pytest.mark.usefixtures("outputs")
class TestLife:
    """It is there for a moment, and gone however that moment ends."""

    def test_a_function_can_be_used_and_is_gone(self, emulator: Target) -> None:
        """It has the role and the runtime of the one it is compared with."""
        with temporary_function(emulator, "probe") as name:
            assert name.startswith(NAME_PREFIX)
            made, like = (
                emulator.client("lambda").get_function_configuration(FunctionName=function)
                for function in (name, "probe")
            )
            assert (made["Role"], made["Runtime"]) == (like["Role"], like["Runtime"])
        assert _names(emulator) == ["probe"]

    def test_a_failure_cannot_leave_the_function(self, emulator: Target) -> None:
        """What goes wrong while it is used passes through; the function is deleted first."""
        with pytest.raises(VerificationError, match="in between"), temporary_function(emulator, "probe"):
            raise VerificationError("in between")
        assert _names(emulator) == ["probe"]

    def test_the_vpc_id_cannot_be_an_input(self, emulator: Target) -> None:
        """The SDK, made from the service's model, knows no such parameter; nothing is made."""
        rejected = pytest.raises(ParamValidationError, match='Unknown parameter in VpcConfig: "VpcId"')
        with rejected, temporary_function(emulator, "probe", VpcId="vpc-1"):
            pass
        assert _names(emulator) == ["probe"]

    def test_the_log_group_of_the_function_cannot_stay(self, emulator: Target) -> None:
        """Lambda makes one when a function is first invoked."""
        logs = emulator.client("logs")
        with temporary_function(emulator, "probe") as name:
            if not logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
                logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        assert not logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{NAME_PREFIX}")["logGroups"]
