"""Hypothesis profiles, chosen with `--hypothesis-profile`; `ci` unless told otherwise.

`ci` draws the same examples in every run: a change is accepted or not for what it changes, never
for its luck. New examples are the work of `fuzz`, whose finds become explicit `@example`s. There
are no deadlines: how fast code is, is measured in `bench/`, on a machine that does nothing else.

With `LICET_INSTALLED` set, the package that is tested must be the one that lies there.
"""

import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

import licet

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("fuzz", deadline=None, max_examples=10_000)
# Where only *that* a test fails is asked: the first example that fails ends it.
settings.register_profile(
    "mutation",
    settings.get_profile("ci"),
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
)
settings.load_profile("ci")


def pytest_configure() -> None:
    place = os.environ.get("LICET_INSTALLED")
    found = Path(licet.__file__)
    if place is not None and not found.is_relative_to(place):
        raise pytest.UsageError(f"tested would be `{found}`, and not what is in `{place}`")
