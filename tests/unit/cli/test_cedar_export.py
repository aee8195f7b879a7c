"""`licet directive export --cedar`: what it prints is what Cedar accepts."""

from __future__ import annotations

import json
from pathlib import Path

import cedarpy
import pytest
from click.testing import CliRunner, Result

from licet.cli import program
from licet.policy import Action

EXAMPLE = Path(__file__).parents[3] / "examples" / "june-2026"
LETTER = "us-commerce-2026-06-12"


def export(*arguments: str) -> Result:
    command = ("directive", "export", "--cedar", "--config", str(EXAMPLE), *arguments)
    return CliRunner().invoke(program, command)


@pytest.mark.parametrize("name", [(), (LETTER,)], ids=["all", "alone"])
def test_policies_are_valid_under_the_schema_that_comes_with_them(name: tuple[str, ...]) -> None:
    policies, schema = export(*name).stdout, export(*name, "--schema").stdout
    assert f'@id("{LETTER}@1")' in policies
    assert cedarpy.validate_policies(policies, schema).errors == []


def test_json_has_all_parts_as_of_an_instant() -> None:
    parts = json.loads(export("--json", "--at", "2026-06-27T12:00:00Z").stdout)
    assert sorted(parts) == ["entities", "policies", "schema"]
    entities = cedarpy.Entities.from_json_str(json.dumps(parts["entities"]), parts["schema"])
    # Cedar adds the actions of the schema.
    assert len(entities) == len(parts["entities"]) + len(Action)
    annex = {"type": "OrganisationList", "id": "us-annex-a-2026-06-26"}
    assert any(annex in one["parents"] for one in parts["entities"])


def test_a_directive_that_there_is_not_is_a_fault_with_a_suggestion() -> None:
    result = export("us-commerce-2026-06-13")
    assert result.exit_code != 0
    assert LETTER in result.stderr
