"""The Region is chosen, never guessed."""

from types import SimpleNamespace

import pytest

from infra import region
from infra.settings import Settings, SettingsError


@pytest.mark.parametrize("chosen", [None, ""])
def test_region_cannot_be_guessed(monkeypatch: pytest.MonkeyPatch, chosen: str | None) -> None:
    """Without `aws:region` and AWS_REGION nothing is deployed anywhere, and the message says what to set."""
    monkeypatch.setattr(region, "aws", SimpleNamespace(config=SimpleNamespace(region=chosen)))
    settings = object.__new__(Settings)  # never looked at
    with pytest.raises(SettingsError, match="pulumi config set aws:region"):
        region.choose(settings)
