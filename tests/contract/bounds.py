"""Bounds by their names, for tests that are about one: whatever else the rig's settings say."""

from __future__ import annotations

import re

from tests.rig import LICET


def bounded(settings: str, **values: int) -> str:
    """The settings with these values; every one must be in them already, and once."""
    for name, value in values.items():
        settings, found = re.subn(rf"(?m)^{name} = \S+$", f"{name} = {value}", settings)
        assert found == 1, f"`{name}` is {found} times in the settings"
    return settings


PATIENT = bounded(
    LICET,
    connect_ms=30_000,
    head_ms=30_000,
    idle_ms=30_000,
    total_ms=60_000,
    client_idle_ms=60_000,
)
"""Nothing that a busy machine does is a failure of anybody."""
