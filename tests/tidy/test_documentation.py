"""Documentation that points somewhere points at something."""

from __future__ import annotations

import re
from pathlib import Path

from tests.tidy.tree import ROOT, texts

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PAGE = re.compile(r"\bdocs/[\w/-]+\.md\b")
TARGET = re.compile(r"`make ([a-z-]+)")


def test_links_between_pages_lead_to_files() -> None:
    assert not [
        f"{path}: no `{target}`"
        for path, text in texts(".md")
        for target in LINK.findall(text)
        if "://" not in target and not (ROOT / Path(path).parent / target).exists()
    ]


def test_pages_that_the_code_cites_exist() -> None:
    assert not [
        f"{path}: no `{page}`"
        for path, text in texts(".py", ".toml", "")
        for page in PAGE.findall(text)
        if not (ROOT / page).exists()
    ]


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    pages = [path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")]
    assert pages
    assert not [page for page in pages if f"({page})" not in index]


def test_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert not [
        f"{path}: no target `{target}`"
        for path, text in texts(".md", ".py")
        for target in TARGET.findall(text)
        if not re.search(rf"^{target}:", makefile, re.MULTILINE)
    ]
