"""Words that do not belong here: unfinished work, vague names, places of one machine."""

from __future__ import annotations

import re
from pathlib import PurePath

from tests.tidy.tree import ROOT, files, texts

THIS_FILE = "tests/tidy/test_words.py"
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# A module with such a name has no subject; find the noun, or the thing is not understood yet.
VAGUE = {
    "util", "utils", "helper", "helpers", "manager", "managers", "service", "services",
    "common", "base", "core", "misc",
}  # fmt: skip
MACHINE = re.compile(r"(?<![\w.>)}-])/(?:work|tmp|home|root|opt|Users)/")
LOCATION = re.compile(r"://|^\s*(?:-|--index|--find|--extra)|\s@\s|file:|^[./]")


def test_nothing_is_left_for_later_in_a_comment() -> None:
    assert not [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts(".py", ".toml", ".md", ".sh", "")
        if path not in (THIS_FILE, "CONTRIBUTING.md", "LICENSE")
        for number, line in enumerate(text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]


def test_modules_are_named_by_what_they_hold() -> None:
    names = [path.relative_to(ROOT) for path in files() if path.suffix == ".py"]
    assert not [
        f"{name}: a vague name"
        for name in names
        if VAGUE.intersection(PurePath(name).with_suffix("").parts)
    ]


def test_no_path_of_one_machine() -> None:
    assert not [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts(".py", ".toml", ".md", ".sh", ".txt", ".json", "")
        if path not in (THIS_FILE, "LICENSE")
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE.search(line)
    ]


def test_lock_files_name_packages_and_hashes_and_no_place() -> None:
    locks = [(path, text) for path, text in texts(".txt") if path.startswith("requirements/")]
    assert len(locks) >= 4
    for path, text in locks:
        pinned = re.split(r"(?<!\\)\n(?=\S)", text.strip())
        assert not [
            f"{path}: {entry.splitlines()[0]}"
            for entry in pinned
            if not entry.startswith("#") and ("==" not in entry or "--hash=sha256:" not in entry)
        ]
        assert not [
            f"{path}:{number}: {line}"
            for number, line in enumerate(text.splitlines(), 1)
            if LOCATION.search(line.replace("--hash=sha256:", "")) and not line.startswith("#")
        ]
