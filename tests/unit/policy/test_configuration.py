"""A folder becomes one value, and what is broken in it does not hide the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.policy import Snapshot, belongs, parse

EXAMPLE = Path(__file__).parents[3] / "examples" / "june-2026"


def example() -> dict[str, bytes]:
    return {
        str(path.relative_to(EXAMPLE)): path.read_bytes()
        for path in sorted(EXAMPLE.rglob("*"))
        if path.is_file() and belongs(path.name)
    }


def test_the_example_is_valid() -> None:
    assert [str(fault) for fault in parse(example()).faults] == []


@pytest.mark.parametrize("path", sorted(path for path in example() if path.startswith("readings/")))
def test_every_other_reading_is_valid_in_its_place(path: str) -> None:
    files = example()
    name = path.removeprefix("readings/").split(".")[0]
    files[f"directives/{name}.toml"] = files[path]
    assert [str(fault) for fault in parse(files).faults] == []


def test_the_example_has_the_parties_of_the_episode() -> None:
    sources = parse(example()).sources
    assert {"claude-fable-5", "claude-mythos-5", "claude-opus-4.8", "mistral-large-4"} <= {
        one.id for one in sources.models
    }
    assert {"anthropic", "acme-grid", "harbor-labs", "plainfield", "rheinwerk"} <= {
        one.id for one in sources.organisations
    }


def test_every_workload_of_the_example_speaks_one_dialect() -> None:
    sources = parse(example()).sources
    dialects = {one.id: one.dialect for one in sources.endpoints}
    for workload in sources.workloads:
        assert len({dialects[one.endpoint] for one in workload.candidates}) == 1, workload.id


def test_credentials_are_in_no_snapshot() -> None:
    configuration = parse(example())
    assert configuration.credentials["anthropic"].env == "ANTHROPIC_API_KEY"
    assert b"API_KEY" not in Snapshot.of(configuration.sources).document


def test_a_broken_file_leaves_the_others_standing() -> None:
    files = example()
    whole = parse(files).sources
    files["directives/eu-residency.toml"] = b"id = "
    broken = parse(files)
    assert [fault.code for fault in broken.faults] == ["not_toml"]
    kept = {one.id for one in broken.sources.directives}
    assert kept == {one.id for one in whole.directives} - {"eu-residency"}


def test_one_broken_endpoint_is_one_fault_and_not_one_per_workload() -> None:
    files = example()
    files["catalog/endpoints.toml"] = files["catalog/endpoints.toml"].replace(
        b'dialect = "messages"', b'dialect = "mesages"', 1
    )
    assert [fault.code for fault in parse(files).faults] == ["unknown_value"]


def test_files_that_are_no_configuration_are_not_read() -> None:
    files = example() | {"directives/notes.md": b"\xff", "README.md": b"", "x.jwks.json": b""}
    assert parse(files).faults == ()


def test_nothing_at_all_is_one_fault() -> None:
    assert [fault.code for fault in parse({}).faults] == ["no_settings"]
