"""Where things are: the project's own folder, its state, and the cache that outlives both."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STATE_VARIABLE = "VPCLAB_STATE"


@dataclass(frozen=True, slots=True)
class Project:
    """The three directories that everything else is found from.

    ``root`` holds Pulumi.yaml; ``state`` what running things leave behind (``VPCLAB_STATE``, else ``.vpclab``);
    ``cache`` what is expensive to make anew (``$XDG_CACHE_HOME/vpclab``, else ``~/.cache/vpclab``).
    """

    root: Path
    state: Path
    cache: Path

    @classmethod
    def here(cls, variables: Mapping[str, str] | None = None) -> "Project":
        """Return the project that this package was installed from, as the environment variables place it."""
        environ = os.environ if variables is None else variables
        root = Path(__file__).resolve().parents[2]
        state = environ.get(STATE_VARIABLE)
        caches = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".cache"
        return cls(
            root=root,
            state=Path(state).expanduser().absolute() if state else root / ".vpclab",
            cache=Path(caches) / "vpclab",
        )

    @property
    def cloud(self) -> Path:
        """The local cloud's directory: note, log, certificates, databases."""
        return self.state / "cloud"

    @property
    def pulumi_backend(self) -> Path:
        """Where Pulumi's file backend keeps the state of the stacks."""
        return self.state / "pulumi" / "backend"

    def pulumi_backend_of(self, target: str) -> Path:
        """Return where the stacks of another target are kept, apart from the local cloud's and from each other's.

        ``target`` is made of letters, digits, dots and hyphens: ``aws-123456789012-us-east-1``.
        """
        return self.state / "pulumi" / "backends" / target

    @property
    def reports(self) -> Path:
        """Where reports are written."""
        return self.root / "out"

    @property
    def python(self) -> Path:
        """The Python of the project's virtual environment."""
        return self.root / ".venv" / "bin" / "python"

    def pulumi_home(self, plugin: str) -> Path:
        """Return the PULUMI_HOME for the ``standin`` or the ``official`` aws plugin: one plugin folder each."""
        return self.state / "pulumi" / ("home" if plugin == "standin" else f"home-{plugin}")
