"""docs/adoption.md, done: its files are written, its commands run, its output compared."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.terms import Instant, format_instant
from tests.system.test_first_steps import BOUND_S, Gateway

pytestmark = pytest.mark.system

PAGE = Path(__file__).parents[2] / "docs" / "adoption.md"
BLOCK = re.compile(r"^```(toml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SINCE = "2026-06-13T09:00:00+02:00"
REQUESTS = 30


class Reader:
    """Somebody who does what the page says, with traffic between its steps."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.since = SINCE

    def write(self, text: str) -> None:
        head, _, content = text.partition("\n")
        name, _, appended = head.removeprefix("# ").partition(", ")
        path = self.gateway.folder / name
        path.write_text((path.read_text() if appended else "") + "\n" + content)

    def run(self, text: str) -> None:
        for part in re.split(r"^\$ licet ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            if command.startswith("coverage"):
                self.ask()
            arguments = command.replace(SINCE, self.since).split()
            done = self.gateway.command(*arguments)
            assert done.returncode == 0, done.stderr
            printed = done.stderr + done.stdout
            assert re.fullmatch(_pattern(expected), printed), printed
            if arguments[:2] == ["key", "new"]:
                self.gateway.key = done.stdout.strip()

    def ask(self) -> None:
        """A day's traffic; what came before it is before `since`."""
        self.since = format_instant(Instant(time.time_ns() // 1000))
        assert {self.gateway.ask()[0] for _ in range(REQUESTS)} == {200}


def _pattern(expected: str) -> str:
    return re.escape(expected).replace(re.escape("..."), "[^\n]*")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "gateway", without=("directives/acme-residency.toml",))
    try:
        yield gateway
    finally:
        gateway.process.kill()
        gateway.process.communicate(timeout=BOUND_S)


def test_the_guide_leads_from_nothing_to_enforced(gateway: Gateway) -> None:
    reader = Reader(gateway)
    first = gateway.key
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert [kind for kind, _ in blocks].count("toml") == 2
    for kind, text in blocks:
        if kind == "toml":
            reader.write(text)
        else:
            reader.run(text)
    status, headers, _ = gateway.ask()
    assert (status, headers["licet-model"]) == (200, "north-1")
    gateway.key = first
    status, headers, _ = gateway.ask()
    assert (status, headers["licet-model"]) == (200, "south-1")
    assert headers["licet-decision"] == "rerouted"
    status, _, body = gateway.ask(model="north-1")
    assert status == 451
    assert body["error"]["licet"]["missing"][0] == ["us_person"]
