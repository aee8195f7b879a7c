"""A broken folder under running processes: a restriction in it counts now and after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.evidence import AdoptedLeaf
from tests.system.callers import Ask, call
from tests.system.house import Gateway, house, letter

pytestmark = pytest.mark.system


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with house(tmp_path) as gateway:
        yield gateway


def test_a_restriction_beside_a_broken_file_outlives_a_restart(gateway: Gateway) -> None:
    assert call(gateway, Ask(person="bo")).kind == "answered"
    gateway.write(
        {
            "directives/broken.toml": 'id = "broken"\nkind = "restrction"\n',
            "directives/south.toml": letter("south-base", name="south"),
        }
    )
    done = gateway.command("reload")
    assert done.returncode == 1
    assert done.stderr.startswith("error: directives/broken.toml:2:8: ")
    assert "recorded: directive `south` v1" in done.stdout
    assert {call(gateway, Ask(person="bo")).kind for _ in range(8)} == {"refused"}
    assert call(gateway, Ask(person="ada")).kind == "answered"
    last = [leaf for leaf in gateway.leaves() if isinstance(leaf, AdoptedLeaf)][-1]
    assert last.partial
    told = gateway.command("status").stdout
    assert "PARTIAL" in told
    assert "BROKEN     directives/broken.toml:2:8: " in told

    gateway.end()
    gateway.up()
    assert {call(gateway, Ask(person="bo")).kind for _ in range(8)} == {"refused"}
    assert gateway.status()["partial"]["faults"][0].startswith("directives/broken.toml:2:8: ")

    (gateway.folder / "directives/broken.toml").unlink()
    assert gateway.command("reload").returncode == 0
    assert gateway.status()["partial"] is None
    assert gateway.verify().ok
