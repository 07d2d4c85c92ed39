from pathlib import Path

import pytest

from vpclab.toolchain import stack_region
from vpclab.toolchain.error import ToolchainError

REGION = "us-east-1"


def test_a_stacks_file_can_set_the_region(tmp_path: Path) -> None:
    """It wins over the project's file, and that over the environment."""
    assert stack_region.intended(["public"], tmp_path, REGION) == {"public": REGION}
    (tmp_path / "Pulumi.yaml").write_text("config:\n  aws:region: {value: eu-west-1}\n  zones: {default: 2}\n")
    (tmp_path / "Pulumi.public.yaml").write_text("config:\n  vpclab:zones: 3\n")
    assert stack_region.configured("public", tmp_path) == "eu-west-1"
    (tmp_path / "Pulumi.public.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    assert stack_region.configured("public", tmp_path) == "eu-central-1"


def test_a_file_that_is_no_yaml_cannot_set_anything(tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / "Pulumi.public.yaml").write_text("config: [\n")
    with pytest.raises(ToolchainError, match=r"^Pulumi\.public\.yaml cannot be read"):
        stack_region.configured("public", tmp_path)


def test_outputs_can_tell_the_region() -> None:
    """By the function's ARN; a stack without its function tells nothing."""
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:probe"
    found = stack_region.deployed(
        {"public": {"function_arn": arn}, "default": {}, "endpoints": {"function_arn": ""}}
    )
    assert found == {"public": "eu-central-1"}


def test_stacks_of_several_regions_cannot_be_taken_together() -> None:
    """The error says which stacks are where."""
    regions = {"default": REGION, "public": "eu-west-1", "endpoints": REGION}
    with pytest.raises(ToolchainError, match="default, endpoints in us-east-1; public in eu-west-1"):
        stack_region.only(regions, REGION, "`vpclab verify`")
    assert stack_region.only({"public": "eu-west-1"}, REGION, "") == "eu-west-1"
    assert stack_region.only({}, REGION, "") == REGION
