"""docs/configuration.md is a configuration: what it shows is what is read."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from licet.catalog import Settings
from licet.policy import Configuration, parse

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def documented() -> Configuration:
    files: defaultdict[str, str] = defaultdict(str)
    for path, text in re.findall(r"```toml\n# (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL):
        files[path] += text
    return parse({path: text.encode() for path, text in files.items()})


def test_the_page_is_a_valid_configuration() -> None:
    configuration = documented()
    assert [str(fault) for fault in configuration.faults] == []
    assert [one.id for one in configuration.keys] == ["acme-1"]
    assert [one.id for one in configuration.sources.directives] == ["letter", "licence"]


def test_the_defaults_on_the_page_are_the_defaults() -> None:
    found = documented().settings
    defaults = Settings(operator=found.operator)
    for name in Settings.__struct_fields__:
        if name not in ("attribute", "capability"):
            assert getattr(found, name) == getattr(defaults, name), name


def test_every_setting_is_on_the_page() -> None:
    text = PAGE.read_text()
    for section in Settings.__struct_fields__:
        table = getattr(documented().settings, section)
        for name in getattr(table, "__struct_fields__", ()):
            assert re.search(rf"^#? ?{name} = ", text, re.MULTILINE), f"{section}.{name}"
