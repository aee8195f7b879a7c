"""What a workload keeps of content: what was sent and what was answered, to the byte, for its
time, read under the rules, and nothing where no workload says so."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from licet.cli import program
from licet.evidence import Content, DecisionLeaf, ReadLeaf
from licet.storage import (
    KeptReader,
    RealDisk,
    SnapshotStore,
    erase_by_recorder,
    verifier_key,
    verify,
)
from licet.storage.kept import KeptStore
from tests.contract.asking import Heard, ask, send
from tests.contract.identities import ISSUER, ISSUER_FILE, token
from tests.contract.test_clients import AT, LETTER
from tests.rig import LICET, WORKLOAD, Rig

DIALECTS = ("chat", "messages")
KEEPING = {
    f"workloads/{dialect}.toml": WORKLOAD.format(
        id=dialect, dialect=dialect, substitute="false", extra="keep_content = { days = 30 }"
    )
    for dialect in DIALECTS
}
FILES = KEEPING | {
    "licet.toml": LICET.replace("[retry]", "[limits]\nkept_content_max = 8192\n[retry]")
    + ISSUER_FILE,
    "directives/letter.toml": LETTER,
}
READER = ("--us-person", "yes")
"""The letter restricts what its model has said, too."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(FILES, at=AT) as rig:
        (rig.folder / "evidence" / "digest.key").write_bytes(rig.digest_key)
        yield rig


def kept(rig: Rig) -> dict[tuple[str, str], bytes]:
    reader = KeptReader(rig.folder / "evidence", RealDisk())
    return {(said.request, said.part): said.data for _, said in reader.contents()}


def run(rig: Rig, *arguments: str) -> Result:
    """A command on the log of the rig, whose configuration is written out for it."""
    folder = rig.folder / "configuration"
    for path, data in rig.files().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    place = ["--folder", str(rig.folder / "evidence"), "--config", str(folder)]
    return CliRunner().invoke(program, ["evidence", *arguments, *place], catch_exceptions=False)


def resume(rig: Rig) -> None:
    """The recorder is back, and the gateway is not on its way to it any more: a loop that is
    closed while it connects hangs."""
    rig.start_recorder()
    rig.wait(lambda: rig.node.desk.committer.accepts)


def asked(rig: Rig, dialect: str, **more: Any) -> Heard:
    headers = {"Licet-Subject": token()} | more.pop("headers", {})
    return ask(rig.port, rig.plain_key, dialect, headers=headers, **more)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_what_was_sent_and_answered_is_kept_to_the_byte(
    rig: Rig, dialect: str, stream: bool
) -> None:
    heard = asked(rig, dialect, model="alpha", stream=stream)
    found = kept(rig)
    assert found[heard.request, "answer"] == heard.body
    assert json.loads(found[heard.request, "request"])["model"] == "alpha"
    rig.stop_recorder()
    shown = json.loads(run(rig, "content", heard.request, *READER).stdout)
    assert [(one["part"], one["as_recorded"]) for one in shown["content"]] == [
        ("request", True),
        ("answer", True),
    ]
    assert shown["content"][1]["text"] == heard.body.decode()
    assert shown["content"][1]["until"] > "2026"
    resume(rig)


def test_whoever_verifies_misses_every_request_and_answer_that_was_kept_and_is_gone(
    rig: Rig,
) -> None:
    folder = rig.folder / "evidence"
    SnapshotStore(folder).put(rig.snapshot.document)
    asked_for = [
        asked(rig, dialect, model="alpha", stream=stream)
        for dialect in DIALECTS
        for stream in (False, True)
    ]
    asked(rig, "chat", model="chat-any")
    asked(rig, "chat", model="alpha", headers={"Licet-Subject": token(licet={"us_person": False})})
    rig.idle()
    rig.stop_recorder()
    assert not verify(folder, verifier_key(folder)).findings
    (file,) = (folder / "side").glob("*.kept")
    file.unlink()
    missed = [one.message for one in verify(folder, verifier_key(folder)).findings]
    for heard in asked_for:
        assert sum(f"`{heard.request}`" in message for message in missed) == 2
    assert len(missed) == 2 * len(asked_for)
    resume(rig)


def test_the_record_says_for_how_long(rig: Rig) -> None:
    heard = asked(rig, "chat", model="alpha")
    (decision,) = [one for one in rig.records() if isinstance(one, DecisionLeaf)]
    assert (decision.request, decision.content_days) == (heard.request, 30)


def test_a_workload_that_does_not_say_so_keeps_nothing(rig: Rig) -> None:
    heard = asked(rig, "chat", model="chat-any")
    assert heard.status == 200
    assert kept(rig) == {}
    assert not list((rig.folder / "evidence" / "side").glob("*.kept"))


def test_of_a_request_that_is_refused_nothing_is_kept(rig: Rig) -> None:
    subject = token(licet={"us_person": False})
    heard = asked(rig, "chat", model="alpha", headers={"Licet-Subject": subject})
    assert heard.status == 451
    assert kept(rig) == {}


def test_what_is_too_long_is_kept_as_far_as_the_bound_and_says_so(rig: Rig) -> None:
    body = {"model": "alpha", "messages": [{"role": "user", "content": "x" * 9_000}]}
    headers = {"x-api-key": rig.plain_key, "Licet-Subject": token()}
    sent = json.dumps(body).encode()
    heard = send(rig.port, "POST", "/v1/chat/completions", sent, headers)
    assert heard.status == 200
    request = heard.headers["licet-request-id"]
    assert kept(rig)[request, "request"] == sent[:8192]
    rig.stop_recorder()
    shown = json.loads(run(rig, "content", request, *READER).stdout)["content"][0]
    assert (shown["bytes"], shown["kept_bytes"], shown["as_recorded"]) == (len(sent), 8192, None)
    resume(rig)


def test_reading_it_is_decided_and_recorded(rig: Rig) -> None:
    heard = asked(rig, "chat", model="alpha")
    rig.stop_recorder()
    refused = run(rig, "content", heard.request, "--us-person", "no")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "by `letter`" in refused.stderr
    assert run(rig, "content", heard.request, *READER).exit_code == 0
    assert [one.what for one in rig.records() if isinstance(one, ReadLeaf)] == [
        f"content of {heard.request}"
    ]
    resume(rig)


def test_it_is_part_of_what_is_held_on_a_person_and_goes_with_him(rig: Rig) -> None:
    heard = asked(rig, "messages", model="alpha")
    subject = f"{ISSUER}:alice"
    rig.stop_recorder()
    held = json.loads(run(rig, "access", subject, *READER).stdout)
    (request,) = held["requests"]
    assert [one["part"] for one in request["content"]] == ["request", "answer"]
    resume(rig)
    assert erase_by_recorder(Path(rig.recorder_path), subject, "ada") == 0
    assert kept(rig) == {}
    rig.stop_recorder()
    assert "is held on" in run(rig, "access", subject, *READER).stdout
    gone = run(rig, "content", heard.request, *READER)
    assert (gone.exit_code, gone.stdout) == (1, "")
    resume(rig)


def test_nothing_is_answered_whose_content_is_not_on_disk(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_store: KeptStore, contents: Sequence[Content], _turns: object) -> None:
        if any(one.part == "answer" for one in contents):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(KeptStore, "append", full)
        refused = asked(rig, "chat", model="alpha")
        assert (refused.status, refused.error["code"]) == (503, "recorder_unavailable")
        assert b"answer from alpha" not in refused.body
    rig.wait(lambda: rig.node.desk.committer.accepts)
    assert asked(rig, "chat", model="alpha").status == 200
