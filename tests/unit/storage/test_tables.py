"""Tables derived from a log, read by an engine that we did not write, and held against the log."""

from __future__ import annotations

import csv
import errno
import io
import itertools
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from licet.account import CANDIDATE, TABLES
from licet.evidence import AttemptLeaf, DecisionLeaf, Leaf, OutcomeLeaf, Usage
from licet.storage import Log, RealDisk, show, verifier_key
from licet.storage.tables import Export, derive, export
from licet.storage.tables.exporting import ExportFormat
from licet.terms import EvidenceFault, Instant, format_instant
from tests.unit.evidence.examples import AT, LOG, adoption, decision, outcome, recorded, sending
from tests.unit.storage.duck import rows_of

WORKLOADS = ("code-review", "night/shift")
DAYS = ("2026-06-12", "2026-06-13", "2026-06-15")
replace = msgspec.structs.replace


def traffic(seed: int, count: int) -> Iterator[Leaf]:
    """Requests that overlap and fail over, in workloads and over midnights."""
    draw = random.Random(seed)
    waiting: list[Leaf] = []
    for number in range(count):
        at = f"{DAYS[number * len(DAYS) // count]}T{number % 24:02}:00:00.{number:06}Z"
        if number == count // 2:
            yield adoption(recorded("a"), at=at)
        name = f"{seed}-{number}"
        sent = draw.random() < 0.7
        yield replace(
            decision(name, at=at, sent=sent),
            workload=draw.choice(WORKLOADS),
            asked=draw.choice(("claude-fable-5", "=cmd|'/c calc'!A0", "é")),
            verdict="permitted" if sent else "undetermined",
        )
        if not sent:
            waiting.append(replace(outcome(name, 0), outcome="refused", usage=None))
        elif draw.random() < 0.3:
            waiting.append(replace(outcome(name), outcome="failed", fault="status_500"))
            waiting.append(AttemptLeaf(at=AT, log=LOG, request=name, attempt=2, sending=sending()))
            waiting.append(replace(outcome(name, 2), usage=Usage(output=3, estimated=True)))
        else:
            waiting.append(outcome(name))
        while waiting and draw.random() < 0.6:
            yield later(waiting.pop(0), at)
    for leaf in waiting:
        yield later(leaf, f"{DAYS[-1]}T23:59:59.999999Z")


def later(leaf: Leaf, at: str) -> Leaf:
    assert isinstance(leaf, AttemptLeaf | OutcomeLeaf)
    return replace(leaf, at=at)


def write(folder: Path, written: list[Leaf]) -> None:
    """Appends to the log, and signs."""
    log = Log(folder, RealDisk(), LOG, os.urandom, segment_bytes_max=8_192)
    log.begin(AT, "0.1.0")
    for start in range(0, len(written), 7):
        log.record(written[start : start + 7])
    log.close(AT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "log", list(traffic(1, 120)))
    return tmp_path / "log"


def expected(folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table, from the log by brute force: every leaf once more for each row."""
    found = [(index, leaf) for index, leaf in show(folder)]
    of = {leaf.request: leaf.workload for _, leaf in found if isinstance(leaf, DecisionLeaf)}
    rows: list[dict[str, Any]] = []
    for index, leaf in found:
        if not isinstance(leaf, DecisionLeaf | AttemptLeaf | OutcomeLeaf):
            continue
        said = {"leaf": index, "at": leaf.at, "day": leaf.at[:10], "request": leaf.request}
        said["workload"] = of[leaf.request]
        if table == "attempts" and not isinstance(leaf, OutcomeLeaf) and leaf.sending:
            first = isinstance(leaf, DecisionLeaf)
            number = 1 if isinstance(leaf, DecisionLeaf) else leaf.attempt
            rows.append({**plain(leaf.sending), **said, "attempt": number})
            rows[-1]["reason"] = "first" if first else leaf.reason
        elif table == "decisions" and isinstance(leaf, DecisionLeaf):
            observed = leaf.observed
            assert observed is not None
            rows.append({**plain(leaf), **said, "observed_verdict": observed.verdict})
            rows[-1]["observed_deciding"] = list(observed.deciding)
            rows[-1]["candidates"] = [
                {name: plain(one)[name] for name in CANDIDATE} for one in leaf.candidates
            ]
        elif table == "outcomes" and isinstance(leaf, OutcomeLeaf):
            usage = plain(leaf.usage or Usage())
            rows.append(
                {**plain(leaf), **said, **{f"tokens_{name}": usage[name] for name in usage}}
            )
    return rows


def plain(value: msgspec.Struct) -> dict[str, Any]:
    """Its members as JSON has them, defaults included."""
    names = value.__struct_fields__
    return {name: json.loads(msgspec.json.encode(getattr(value, name))) for name in names}


def agree(found: list[dict[str, Any]], folder: Path, table: str) -> None:
    """Row by row, and of every column that the log has."""
    wanted = expected(folder, table)
    assert [row["leaf"] for row in found] == [row["leaf"] for row in wanted]
    assert wanted
    for row, said in zip(found, wanted, strict=True):
        assert set(row) == {column.name for column in TABLES[table].columns}
        for name, value in row.items():
            if name in said:
                assert value == said[name], (table, name, said["leaf"])
            else:
                assert (table, name, value) == ("attempts", "cause", "")


def judged(target: Path, table: str) -> list[dict[str, Any]]:
    """The table as the other engine reads it, folders and all."""
    names = ", ".join(
        f'epoch_us("{column.name}") as "{column.name}"'
        if column.type == "instant"
        else f"cast({column.name} as varchar) as {column.name}"
        if column.name == "day"
        else column.name
        for column in TABLES[table].columns
    )
    files = f"read_parquet('{target}/{table}/**/*.parquet', hive_partitioning = true)"
    return rows_of(f"select {names} from {files} order by leaf")


def with_moments(rows: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    """Microseconds as leaves write them; the judge undoes the encoding of folder names."""
    instants = [column.name for column in TABLES[table].columns if column.type == "instant"]
    for row in rows:
        for name in instants:
            row[name] = format_instant(Instant(row[name]))
    return rows


def content(target: Path) -> dict[str, bytes]:
    return {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file() and path.suffix != ""
    }


@pytest.mark.parametrize("table", TABLES)
def test_another_engine_reads_what_the_log_says(folder: Path, tmp_path: Path, table: str) -> None:
    derived = derive(folder, tmp_path / "tables", verifier_key(folder))
    assert (derived.leaves, derived.checkpoint.size) == (len(list(show(folder))),) * 2
    agree(with_moments(judged(tmp_path / "tables", table), table), folder, table)


@pytest.mark.parametrize("gathered", [9, 10_000])
def test_however_the_work_is_divided_the_files_are_the_same(tmp_path: Path, gathered: int) -> None:
    log, whole, grown = tmp_path / "log", tmp_path / "whole", tmp_path / "grown"
    story = list(traffic(2, 110))
    for start in range(0, len(story), 97):
        write(log, story[start : start + 97])
        key = verifier_key(log)
        derive(log, grown, key, rows_max=16, gathered_max=gathered)
        again = derive(log, grown, key, rows_max=16, gathered_max=gathered)
        assert (again.leaves, again.rows, again.files) == (0, 0, 0)
    derive(log, whole, verifier_key(log), rows_max=16)
    assert content(grown) == content(whole)
    assert any(name.endswith("0001.parquet") for name in content(whole))
    assert (grown / "state").read_bytes() == (whole / "state").read_bytes()


@pytest.mark.parametrize("settled", [0, 40])
def test_a_run_that_is_cut_short_anywhere_is_mended_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: int
) -> None:
    log, whole, before = tmp_path / "log", tmp_path / "whole", tmp_path / "before"
    story = list(traffic(3, 24))
    write(log, story[:settled])
    if settled:
        derive(log, before, verifier_key(log), rows_max=8)
    write(log, story[settled:])
    derive(log, whole, verifier_key(log), rows_max=8)
    codes: list[str] = []
    for bound in itertools.count(1):
        target = tmp_path / f"cut-{bound}"
        if settled:
            shutil.copytree(before, target)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", failing_at(bound))
            try:
                derive(log, target, verifier_key(log), rows_max=8, gathered_max=40)
            except EvidenceFault as fault:
                codes.append(fault.code)
            else:
                break
        derive(log, target, verifier_key(log), rows_max=8)
        assert content(target) == content(whole)
    assert len(codes) > 5
    assert set(codes) == {"disk_full"}


def failing_at(bound: int) -> Callable[[Path, Path], Path]:
    """Renames, and the `bound`-th time finds no space."""
    renamed, counted = Path.rename, itertools.count(1)

    def rename(path: Path, new: Path) -> Path:
        if next(counted) == bound:
            raise OSError(errno.ENOSPC, "no space left on device")
        return renamed(path, new)

    return rename


def test_tables_of_another_log_are_not_added_to(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        write(tmp_path / name, list(traffic(len(name), 20)))
    target = tmp_path / "tables"
    derive(tmp_path / "ours", target, verifier_key(tmp_path / "ours"))
    write(tmp_path / "theirs", list(traffic(9, 20)))
    with pytest.raises(EvidenceFault, match="are of another log"):
        derive(tmp_path / "theirs", target, verifier_key(tmp_path / "theirs"))
    (target / "state").write_bytes(b"nonsense")
    for message in ("cannot be read", "does not say how far"):
        with pytest.raises(EvidenceFault, match=message) as caught:
            derive(tmp_path / "ours", target, verifier_key(tmp_path / "ours"))
        assert caught.value.code == "tables_differ"
        (target / "state").unlink(missing_ok=True)


def test_two_runs_do_not_write_at_a_time(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "tables"
    target.mkdir()
    lock = RealDisk().lock(target / "lock")
    with pytest.raises(EvidenceFault, match="another run") as caught:
        derive(folder, target, verifier_key(folder))
    assert caught.value.code == "tables_locked"
    lock.release()


def test_leaves_that_were_not_signed_are_not_derived(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", RealDisk(), LOG, os.urandom)
    log.record([decision("01K1")])
    log.sign()
    log.record([decision("01K2")])
    log.abandon()
    derived = derive(tmp_path / "log", tmp_path / "tables", verifier_key(tmp_path / "log"))
    assert (derived.leaves, derived.rows) == (1, 2)
    assert [row["request"] for row in judged(tmp_path / "tables", "decisions")] == ["01K1"]


def test_nothing_that_opens_or_binds_a_person_is_in_the_tables() -> None:
    names = {column.name for table in TABLES.values() for column in table.columns}
    assert not names & {"commitment", "digest_key", "request_digest", "answer_digest", "subject"}


def exported(folder: Path, form: ExportFormat, table: str, **wanted: Any) -> bytes:
    sink = io.BytesIO()
    export(folder, Export(table=table, format=form, **wanted), sink, log=LOG)
    return sink.getvalue()


@pytest.mark.parametrize("table", TABLES)
def test_an_export_has_the_same_rows_in_every_format(
    folder: Path, tmp_path: Path, table: str
) -> None:
    lines = [json.loads(line) for line in exported(folder, "jsonl", table).splitlines()]
    agree(lines, folder, table)
    (tmp_path / "one.parquet").write_bytes(exported(folder, "parquet", table))
    (tmp_path / table).mkdir()
    (tmp_path / "one.parquet").rename(tmp_path / table / "one.parquet")
    agree(with_moments(judged(tmp_path, table), table), folder, table)
    cells = list(csv.DictReader(io.StringIO(exported(folder, "csv", table).decode())))
    for cell, line in zip(cells, lines, strict=True):
        for column in TABLES[table].columns:
            if column.type == "text":
                assert cell[column.name].removeprefix("'") == line[column.name]
                assert not cell[column.name].startswith("=")
            elif column.type == "instant":
                assert cell[column.name] == line[column.name]
            else:
                assert json.loads(cell[column.name]) == line[column.name]


def test_an_export_is_of_a_period_and_of_workloads(folder: Path) -> None:
    since, until = f"{DAYS[1]}T00:00:00.000000Z", f"{DAYS[2]}T00:00:00.000000Z"
    wanted = {"since": since, "until": until, "workloads": frozenset({WORKLOADS[1]})}
    for table in TABLES:
        lines = exported(folder, "jsonl", table, **wanted).splitlines()
        found = [json.loads(line)["leaf"] for line in lines]
        assert found == [
            row["leaf"]
            for row in expected(folder, table)
            if since <= row["at"] < until and row["workload"] == WORKLOADS[1]
        ]
        assert found
