"""Where the project keeps things."""

from pathlib import Path

from vpclab.toolchain.project import Project


def test_project_can_be_found_from_the_package() -> None:
    """The root is the folder with Pulumi.yaml; state and cache have their defaults."""
    project = Project.here({"HOME": "/home/reader"})
    assert (project.root / "Pulumi.yaml").exists()
    assert project.state == project.root / ".vpclab"
    assert project.cache == Path("/home/reader/.cache/vpclab")


def test_project_can_keep_its_state_elsewhere() -> None:
    """VPCLAB_STATE moves everything that a run leaves, XDG_CACHE_HOME the cache."""
    project = Project.here({"VPCLAB_STATE": "/elsewhere", "XDG_CACHE_HOME": "/caches", "HOME": "/home/reader"})
    assert project.cloud == Path("/elsewhere/cloud")
    assert project.pulumi_backend == Path("/elsewhere/pulumi/backend")
    assert project.cache == Path("/caches/vpclab")


def test_project_can_keep_the_plugins_apart() -> None:
    """The stand-in and the official plugin have a PULUMI_HOME each, so that neither is taken for the other."""
    project = Project.here({})
    assert project.pulumi_home("standin") != project.pulumi_home("official")
