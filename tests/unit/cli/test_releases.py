"""A key is not made where nobody may have it; what else is not permitted is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.cli import program
from licet.gateway import Folder

NEW = ("key", "new", "second", "--organisation", "acme", "--workload", "assistant")
RULE = """
id = "no-credentials"
kind = "restriction"
[[version]]
received = 2026-06-12T00:00:00Z
effective_from = 2026-06-12T00:00:00Z
[[version.applies]]
action = ["credential"]
"""
NORTH = 'model.id = ["north-1"]\n'
FOREIGN = "subject.us_person = false\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "gateway"
    assert CliRunner().invoke(program, ("init", str(path))).exit_code == 0
    return path


def make(folder: Path, rule: str, *arguments: str) -> Result:
    (folder / "directives" / "credentials.toml").write_text(rule)
    return CliRunner().invoke(
        program, (*NEW, *arguments, "--config", str(folder)), catch_exceptions=False
    )


def test_a_key_that_nobody_may_have_is_not_made(folder: Path) -> None:
    result = make(folder, RULE)
    assert result.exit_code == 1
    assert "no key is made" in result.stderr
    assert "is refused by `no-credentials`" in result.stderr
    assert not (folder / "keys" / "second.toml").exists()


def test_models_for_which_it_may_not_be_handed_out_are_told(folder: Path) -> None:
    result = make(folder, RULE + NORTH)
    assert result.exit_code == 0
    assert (
        "warning: a credential for `north-1` in `assistant` is refused by `no-credentials`\n"
        in result.stderr
    )
    assert "south-1" not in result.stderr


def test_who_speaks_for_others_is_decided_with_each_request(folder: Path) -> None:
    result = make(folder, RULE + FOREIGN)
    assert result.exit_code == 0
    assert "is undetermined by `no-credentials` for want of us_person" in result.stderr


def test_who_speaks_for_nobody_else_has_to_be_known_now(folder: Path) -> None:
    assert make(folder, RULE + FOREIGN, "--for-itself").exit_code == 1
    result = make(folder, RULE + FOREIGN, "--for-itself", "--attest", "us_person=yes")
    assert (result.exit_code, "warning" in result.stderr) == (0, False)


def test_what_is_attested_is_in_the_key_as_the_organisations_word(folder: Path) -> None:
    assert make(folder, RULE + FOREIGN, "--attest", "us_person=yes").exit_code == 0
    key = {one.id: one for one in Folder(folder).configuration().keys}["second"]
    assert key.attests is not None
    assert key.attests.us_person is not None
    assert (key.attests.us_person.value, key.attests.us_person.issuer) == (True, "acme")


def test_of_foreigners_who_may_not_have_it_no_key_is_made(folder: Path) -> None:
    result = make(folder, RULE + FOREIGN, "--attest", "us_person=no")
    assert result.exit_code == 1
    assert "is refused by `no-credentials`" in result.stderr
