"""Nothing is sent, and nothing is answered, without its record: as the kernel saw it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from licet.gateway import ask
from tests.system.under_load import BOUND_S, World, ask_once

pytestmark = pytest.mark.system

CALLS = "fdatasync,write,writev,sendto,sendmsg,pwrite64,pwritev"
LONGEST = "65536"


class Trace:
    """The calls of all processes of a gateway, each where it had been completed."""

    def __init__(self, path: Path, port: int) -> None:
        self._to_caller = f"<TCP:[127.0.0.1:{port}->"
        begun: dict[str, str] = {}
        self.calls: list[str] = []
        for line in path.read_text(errors="replace").splitlines():
            pid, _, call = line.partition(" ")
            call = call.strip()
            if call.endswith("<unfinished ...>"):
                begun[pid] = call
            elif call.startswith("<..."):
                self.calls.append(f"{begun.pop(pid, '')} {call}")
            else:
                self.calls.append(call)

    def first(self, what: str, matches: Callable[[str], bool], after: int = -1) -> int:
        """The place of the first such call after a place."""
        found = [n for n, call in enumerate(self.calls) if n > after and matches(call)]
        assert found, f"no call {what}"
        return found[0]

    def is_answer(self, call: str) -> bool:
        """A write of the head of an answer to a caller's socket."""
        return self._to_caller in call and '"HTTP/1.1 200 OK' in call

    def is_end(self, *, stream: bool) -> Callable[[str], bool]:
        """A write of the last part of an answer to a caller's socket."""
        last = "data: [DONE]" if stream else '\\"finish_reason\\":\\"stop\\"'
        return lambda call: self._to_caller in call and last in call


def is_sync(call: str) -> bool:
    """A sync of the log's file that was done."""
    return call.startswith("fdatasync(") and ".wal>" in call and call.endswith("= 0")


def is_record(kind: str) -> Callable[[str], bool]:
    """A write of a leaf of this kind to the log's file, and not to a socket of the recorder."""
    return lambda call: f'\\"kind\\":\\"{kind}\\"' in call and ".wal>" in call


def is_sent(case: str) -> Callable[[str], bool]:
    """A write of the prompt to the vendor's socket."""
    return lambda call: '"POST /v1/chat/completions HTTP/1.1' in call and f"[[case:{case}]]" in call


def traced(tmp_path: Path, evidence: str, *, stream: bool) -> Trace:
    """Two requests: the first opens connections, the second finds everything as it usually is."""
    path = tmp_path / "trace"
    under = ("strace", "-f", "-yy", "-s", LONGEST, "-e", f"trace={CALLS}", "-o", str(path))
    world = World(tmp_path / "gateway", evidence=evidence, under=under)
    try:
        for case in ("warm", "judged"):
            assert ask_once(world, case, stream=stream).outcome == "answered"
        # The gateway is the child of strace, which passes no signal on.
        ask(world.control, "drain")
        world.process.communicate(timeout=BOUND_S)
    finally:
        world.close()
    return Trace(path, world.port)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_before_send_the_decision_is_synced_before_the_prompt_leaves(
    tmp_path: Path, stream: bool
) -> None:
    trace = traced(tmp_path, "before_send", stream=stream)
    warm = trace.first("sends the first prompt", is_sent("warm"))
    decided = trace.first("writes the decision", is_record("decision"), after=warm)
    synced = trace.first("syncs it", is_sync, after=decided)
    sent = trace.first("sends the prompt", is_sent("judged"))
    assert decided < synced < sent


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_before_answer_the_decision_is_synced_before_the_answer_begins(
    tmp_path: Path, stream: bool
) -> None:
    trace = traced(tmp_path, "before_answer", stream=stream)
    warm = trace.first("answers the first request", trace.is_answer)
    decided = trace.first("writes the decision", is_record("decision"), after=warm)
    synced = trace.first("syncs it", is_sync, after=decided)
    answered = trace.first("answers", trace.is_answer, after=decided)
    assert decided < synced < answered
    between = trace.calls[warm + 1 : decided]
    assert not [call for call in between if trace.is_answer(call)]


@pytest.mark.parametrize("evidence", ["before_send", "before_answer"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_outcome_is_synced_before_the_last_of_the_answer_leaves(
    tmp_path: Path, evidence: str, stream: bool
) -> None:
    trace = traced(tmp_path, evidence, stream=stream)
    sent = trace.first("sends the prompt", is_sent("judged"))
    outcome = trace.first("writes the outcome", is_record("outcome"), after=sent)
    synced = trace.first("syncs it", is_sync, after=outcome)
    ended = trace.first("ends the answer", trace.is_end(stream=stream), after=sent)
    assert outcome < synced < ended
