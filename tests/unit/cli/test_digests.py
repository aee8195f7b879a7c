"""Keys of content digests: replaced, kept for comparing, and destroyed when their time is over."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from licet.cli import program
from licet.evidence import ClockLeaf, DigestKeyLeaf, KeyedDigest, ReadLeaf, digest_key_id
from licet.storage import (
    Log,
    RealDisk,
    digest_key,
    digest_keys,
    show,
)
from licet.terms import OperationFault
from tests.rig import LICET, PARTIES, WORKLOAD, endpoint
from tests.unit.evidence.examples import AT, LOG, adoption, decision, outcome

SETTINGS = f"{LICET}\n[evidence]\nopenings_days = 30\n"
MONTHS_LATER = "2026-09-01T00:00:00.000000Z"
VIEWING = """
id = "viewing"
kind = "restriction"
title = "Viewing"
authority = "An Authority"

[[version]]
received = 2026-01-01T00:00:00Z
effective_from = 2026-01-01T00:00:00Z
[[version.applies]]
model.id = ["claude-opus-4.8"]
action = ["view_output"]
subject.us_person = false
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with a log: one request, with digests of what was asked and answered."""
    files = {
        "licet.toml": SETTINGS,
        "catalog/parties.toml": PARTIES.replace('"alpha"', '"claude-opus-4.8"'),
        "catalog/endpoints.toml": endpoint("vendor-eu", "chat", "http://127.0.0.1:9").replace(
            '"alpha"', '"claude-opus-4.8"'
        ),
        "workloads/code-review.toml": WORKLOAD.format(
            id="code-review", dialect="chat", substitute="false", extra=""
        ).replace('"alpha"', '"claude-opus-4.8"'),
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    evidence = tmp_path / "evidence"
    log = Log(evidence, RealDisk(), LOG, os.urandom)
    log.begin(AT, "0.1.0")
    log.close(AT)
    adopt(evidence)
    ask(evidence, "01K1")
    return tmp_path


def adopt(evidence: Path) -> None:
    """The gateway starts, or reloads: it has been given the key in use."""
    log = Log(evidence, RealDisk(), LOG, os.urandom)
    name = digest_key_id(digest_key(evidence))
    log.record([msgspec.structs.replace(adoption(at=log.last_at), digest_key=name)])
    log.close(AT)


def ask(evidence: Path, request: str, *, answered_with: bytes = b"", at: str = AT) -> None:
    """A request; `answered_with`: the key of the answer's digest, where it is another one."""
    log = Log(evidence, RealDisk(), LOG, os.urandom)
    key = digest_key(evidence)
    other = answered_with or key
    asked = decision(request, at=at)
    answered = outcome(request, at=at)
    log.record(
        [
            msgspec.structs.replace(
                asked,
                digest_key=digest_key_id(key),
                request_digest=KeyedDigest(key)(b"what was asked"),
            ),
            msgspec.structs.replace(
                answered,
                digest_key=digest_key_id(other),
                answer_digest=KeyedDigest(other)(b"what was answered"),
            ),
        ]
    )
    log.close(AT)


def months_pass(evidence: Path) -> None:
    """The decision clock, which is scripted, stands where the log does."""
    log = Log(evidence, RealDisk(), LOG, os.urandom)
    log.record([ClockLeaf(at=MONTHS_LATER, log=LOG, event="stepped")])
    log.close(AT)


def run(folder: Path, *arguments: object) -> Result:
    command = ["evidence", *map(str, arguments), "--config", str(folder)]
    return CliRunner().invoke(program, command, catch_exceptions=False)


@pytest.mark.parametrize(
    ("content", "told", "code"),
    [
        (b"what was asked", "the same: ", 0),
        (b"what was answered", "the same: ", 0),
        (b"what was asked ", "otherwise: ", 4),
    ],
)
def test_content_is_compared_byte_by_byte_whatever_key_is_in_use(
    folder: Path, content: bytes, told: str, code: int
) -> None:
    file = folder / "content"
    file.write_bytes(content)
    for _ in range(2):
        found = run(folder, "compare", "01K1", file)
        assert (found.stdout.startswith(told), found.exit_code) == (True, code)
        assert run(folder, "rotate-digest-key").exit_code == 0


def test_a_key_that_is_replaced_is_recorded_by_its_id_and_kept(folder: Path) -> None:
    evidence = folder / "evidence"
    old = digest_key(evidence)
    told = run(folder, "rotate-digest-key").stdout
    fresh = digest_key(evidence)
    assert fresh != old
    assert set(digest_keys(evidence).values()) == {old, fresh}
    (leaf,) = [leaf for _, leaf in show(evidence) if isinstance(leaf, DigestKeyLeaf)]
    assert (leaf.key, leaf.event) == (digest_key_id(fresh), "made")
    assert f"`{leaf.key}`" in told
    paths = [evidence / "digest.key", *(evidence / "digests").iterdir()]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}


def test_a_key_goes_with_the_last_record_that_names_it_unless_a_hold_stands(folder: Path) -> None:
    evidence = folder / "evidence"
    old = digest_key_id(digest_key(evidence))
    assert "digest keys" not in run(folder, "expire").stdout
    run(folder, "rotate-digest-key")
    adopt(evidence)
    assert "digest keys" not in run(folder, "expire").stdout
    months_pass(evidence)
    run(folder, "hold", "add", "h1", "--why", "case 7")
    assert "digest keys" not in run(folder, "expire").stdout
    run(folder, "hold", "release", "h1", "--why", "over")
    would = run(folder, "expire", "--dry-run").stdout
    assert f"digest keys `{old}`" in would
    assert len(digest_keys(evidence)) == 2
    assert run(folder, "expire").stdout == would.replace("would go", "let go")
    assert list(digest_keys(evidence)) == [digest_key_id(digest_key(evidence))]
    file = folder / "content"
    file.write_bytes(b"what was asked")
    gone = run(folder, "compare", "01K1", file)
    assert (gone.exit_code, f"the key `{old}`" in gone.stderr) == (1, True)
    destroyed = [leaf for _, leaf in show(evidence) if isinstance(leaf, DigestKeyLeaf)][-1]
    assert (destroyed.key, destroyed.event) == (old, "destroyed")


def test_a_young_record_keeps_its_key(folder: Path) -> None:
    evidence = folder / "evidence"
    old = digest_key(evidence)
    run(folder, "rotate-digest-key")
    adopt(evidence)
    months_pass(evidence)
    ask(evidence, "01K2", answered_with=old, at=MONTHS_LATER)
    assert "digest keys" not in run(folder, "expire").stdout
    assert len(digest_keys(evidence)) == 2


def test_a_key_that_was_not_taken_in_use_keeps_the_one_before(folder: Path) -> None:
    """Whoever runs digests with the key that he was given."""
    evidence = folder / "evidence"
    run(folder, "rotate-digest-key")
    months_pass(evidence)
    assert "digest keys" not in run(folder, "expire").stdout
    adopt(evidence)
    assert "digest keys" in run(folder, "expire").stdout


def test_a_request_under_two_keys_is_compared_with_the_one_that_is_left(folder: Path) -> None:
    evidence = folder / "evidence"
    ask(evidence, "01K2", answered_with=b"another key of thirty-two bytes.")
    file = folder / "content"
    file.write_bytes(b"what was asked")
    assert run(folder, "compare", "01K2", file).exit_code == 0
    file.write_bytes(b"what was answered")
    assert "is not there" in run(folder, "compare", "01K2", file).stderr


def test_comparing_is_decided_and_recorded(folder: Path) -> None:
    def readings() -> list[str]:
        return [leaf.what for _, leaf in show(folder / "evidence") if isinstance(leaf, ReadLeaf)]

    file = folder / "content"
    file.write_bytes(b"what was asked")
    run(folder, "compare", "01K1", file)
    assert readings() == ["comparison with 01K1"]
    (folder / "directives").mkdir()
    (folder / "directives" / "viewing.toml").write_text(VIEWING, encoding="utf-8")
    barred = run(folder, "compare", "01K1", file)
    assert (barred.exit_code, barred.stdout) == (3, "")
    assert "is undetermined by `viewing`" in barred.stderr
    assert run(folder, "compare", "01K1", file, "--us-person", "yes").exit_code == 0
    assert readings() == ["comparison with 01K1"] * 2


def test_what_has_no_digest_cannot_be_compared(folder: Path) -> None:
    file = folder / "content"
    file.write_bytes(b"")
    assert "no digest" in run(folder, "compare", "01K9", file).stderr


def test_a_file_that_holds_no_key_is_told(folder: Path) -> None:
    (folder / "evidence" / "digest.key").write_bytes(b"short")
    with pytest.raises(OperationFault, match="does not hold a key"):
        digest_key(folder / "evidence")


def test_without_a_time_everything_is_kept(folder: Path) -> None:
    (folder / "licet.toml").write_text(SETTINGS.replace("openings_days = 30", ""), encoding="utf-8")
    found = run(folder, "expire")
    assert (found.exit_code, "kept without end" in found.stderr) == (1, True)
