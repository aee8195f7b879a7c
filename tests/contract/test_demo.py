"""`licet demo` as a program: what it prints, how it ends, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from licet.demo import Lines, passes
from licet.demo import play as play_passes
from licet.demo.evidence import read_evidence
from licet.demo.persons import COLUMNS, PERSONS, noon
from licet.demo.script import LETTER, MINUTE_US
from licet.terms import format_instant

ROOT = Path(__file__).parents[2]
BOUND_S = 120
DEMO = [sys.executable, "-m", "licet", "demo", "--headless", "--json"]


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder for temporary files, with a short name: sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="room-") as folder:
        yield Path(folder)


def start(room: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*DEMO, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(room), "COLUMNS": "80"},
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What it wrote, once it has ended; one that does not end takes its gateways with it."""
    try:
        return process.communicate(timeout=BOUND_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=30)
        process.kill()
        raise


def play(room: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """The exit code, the object on standard output, and what was told on standard error."""
    process = start(room, *arguments)
    out, err = ended(process)
    return process.returncode, json.loads(out.splitlines()[-1]), err


def paragraph(text: str, opening: str) -> str:
    """The last paragraph that begins so."""
    found = text[text.rindex(f"\n{opening}") + 1 :]
    return re.split(r"\n\s*\n|\n```", found, maxsplit=1)[0]


def words(text: str) -> str:
    """On one line, with N for every number: how much is heard in a second is up to the machine."""
    return re.sub(r"\d[\d,]*", "N", " ".join(text.split()))


def supervisors(room: Path) -> list[int]:
    """The process ids of gateways in the room."""
    return [pid for pid, line in processes(room).items() if " licet up " in line]


def processes(room: Path) -> dict[int, str]:
    """Command lines of running processes that name the room, by process id."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            # It ended while it was looked at.
            continue
        if os.fsencode(room) in line:
            found[int(path.parent.name)] = line.replace(b"\0", b" ").decode()
    return found


def test_the_episode_is_played_and_nothing_is_wrong(room: Path) -> None:
    code, found, told = play(room)
    assert code == 0, told
    assert (found["unlawful"], found["wrongly_refused"], found["lost"]) == (0, 0, 0)
    assert found["answered"] + found["refused"] == found["requests"] > 5_000
    assert 1_000 < found["rerouted"] < found["answered"]
    assert found["refused"] < found["blanket_refused"] / 2
    assert found["evidence"]["verified"]
    assert found["evidence"]["records"] >= 2 * found["answered"]
    expected = [
        (person.row, column.model, format_instant(column.at), verdict.value)
        for person in PERSONS
        for column, verdict in zip(COLUMNS, person.expected, strict=True)
    ]
    assert expected == [
        (one["person"], one["model"], one["at"], one["got"]) for one in found["verdicts"]
    ]
    assert all(one["expected"] == one["got"] for one in found["verdicts"])
    assert "THE CLOCK IS SCRIPTED" in told
    page = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    for opening in ("The developer's side. ", "The deployer's side. ", "Judged by "):
        assert words(paragraph(page, opening)) == words(paragraph(told, opening))
    assert list(room.iterdir()) == []
    assert processes(room) == {}


def test_a_gateway_that_lacks_a_directive_is_found_out(room: Path) -> None:
    code, found, told = play(room, "--forget", "directives/developer-programme.toml")
    assert code == 1
    assert found["unlawful"] > 0
    assert found["lost"] == 0
    assert any(one["expected"] != one["got"] for one in found["verdicts"])
    assert "unlawful: " in told
    assert "wrong verdict: " in told


def test_a_gateway_that_does_not_start_is_quoted(room: Path) -> None:
    process = start(room, "--forget", "directives/us-commerce-2026-06-12.toml")
    out, err = ended(process)
    assert (process.returncode, out) == (1, "")
    assert "error: the gateway ended with status 1 before it was ready; it said:" in err
    assert "`us-commerce-2026-06-12` is not a restriction" in err
    assert list(room.iterdir()) == []


def test_a_gateway_that_lacks_an_authorisation_is_found_out(room: Path) -> None:
    developer = passes()[0]
    steps = tuple(step for step in developer.steps if step.at in (noon(6, 9), noon(6, 27)))
    short = msgspec.structs.replace(developer, steps=steps)
    told: list[str] = []
    forgotten = ("directives/us-commerce-2026-06-26.toml",)
    report = asyncio.run(play_passes([short], room, Lines(told.append), forgotten=forgotten))
    assert not report.ok
    assert report.total("wrongly_refused") > 0
    assert report.total("unlawful") == 0
    assert any(wrong.startswith("wrongly refused: ") for wrong in report.passes[0].wrongs)


def test_a_gateway_that_lets_streams_finish_is_found_out(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def softened(files: dict[str, bytes], _: tuple[str, ...]) -> dict[str, bytes]:
        """The gateway's letter cuts nothing; the judge's does."""
        letter = "directives/us-commerce-2026-06-12.toml"
        text = files[letter].replace(b'in_flight = "cut"', b'in_flight = "finish"')
        assert text != files[letter]
        return {**files, letter: text}

    monkeypatch.setattr("licet.demo.playing._without", softened)
    developer = passes()[0]
    steps = tuple(step for step in developer.steps if step.at in (LETTER - MINUTE_US, LETTER))
    short = msgspec.structs.replace(developer, steps=steps)
    told: list[str] = []
    report = asyncio.run(play_passes([short], room, Lines(told.append)))
    unlawful = report.passes[0].unlawful
    assert any("went on answering `claire`" in one for one in unlawful)
    assert not any("`ann`" in one or "`paul`" in one for one in unlawful)


def test_a_gateway_that_dies_is_told_and_nothing_is_left(room: Path) -> None:
    process = start(room)
    assert process.stderr is not None
    assert any("In force: Licence" in line for line in process.stderr)
    (supervisor,) = supervisors(room)
    os.kill(supervisor, signal.SIGKILL)
    _, err = ended(process)
    assert process.returncode == 1
    assert "error: the gateway did not step its clock" in err
    assert list(room.iterdir()) == []
    assert processes(room) == {}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGINT, "THE CLOCK IS SCRIPTED"),  # before the gateway is up
        (signal.SIGTERM, "In force: Licence"),  # while streams are on their way
        (signal.SIGINT, "Gone: "),  # in the second pass
    ],
)
def test_interrupted_at_any_time_it_leaves_nothing(room: Path, number: int, said: str) -> None:
    process = start(room)
    assert process.stderr is not None
    assert any(said in line for line in process.stderr)
    process.send_signal(number)
    _, err = ended(process)
    assert process.returncode == 130, err
    assert "ended early" in err
    assert list(room.iterdir()) == []
    assert processes(room) == {}


def compare_with_report(kept: Path, told: dict[str, Any]) -> None:
    """The figures of both logs together are what callers heard."""
    reports = [
        json.loads(
            subprocess.run(
                [
                    *(sys.executable, "-m", "licet", "evidence", "report", "--replay", "--json"),
                    *("--config", str(kept / name)),
                ],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for name in ("developer", "deployer")
    ]
    total = {
        name: sum(one["figures"]["total"][name] for one in reports)
        for name in reports[0]["figures"]["total"]
    }
    assert total["requests"] == told["requests"]
    assert total["as_asked"] + total["rerouted"] == told["answered"]
    assert total["rerouted"] == told["rerouted"]
    ends = ("refused", "undetermined", "cut", "unavailable", "failed")
    assert sum(total[name] for name in ends) == told["refused"]
    assert all(one["verification"]["ok"] and one["replay"]["ok"] for one in reports)


def test_what_is_kept_can_be_looked_at(room: Path) -> None:
    kept = room / "kept"
    kept.mkdir()
    (kept / "notes.txt").touch()
    out, err = ended(start(room, "--keep", str(kept)))
    assert (out, "not an empty folder" in err) == ("", True)
    (kept / "notes.txt").unlink()
    code, found, told = play(room, "--keep", str(kept))
    assert code == 0
    assert f"licet evidence verify --config {kept}/developer" in " ".join(told.split())
    verified = subprocess.run(
        [sys.executable, "-m", "licet", "evidence", "verify", "--config", str(kept / "developer")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert verified.stdout.startswith("sound: ")
    assert 0 < int(verified.stdout.split()[1]) < found["evidence"]["records"]
    compare_with_report(kept, found)
    log = kept / "developer" / "evidence"
    assert read_evidence(log, requests=found["requests"] // 2).verified
    lacking = read_evidence(log, requests=found["requests"])
    assert not lacking.verified
    assert "decisions for" in lacking.findings[0]
    assert not read_evidence(kept, requests=1).verified
