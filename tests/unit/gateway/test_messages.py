"""Messages between the supervisor and its children survive the wire, in whatever pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.catalog import OperatorSettings, Settings
from licet.gateway.messages import (
    FRAME_BYTES_MAX,
    Adopted,
    AskStatus,
    ClockPassed,
    Configure,
    Drain,
    Drained,
    Failed,
    Frames,
    FromWorker,
    Lease,
    Ready,
    Secrets,
    StepClock,
    ToWorker,
    WorkerStatus,
    decode_from_worker,
    decode_to_worker,
    frame,
)
from licet.identity import Key
from licet.terms import Instant

SETTINGS = Settings(
    operator=OperatorSettings(name="Acme", url="https://acme.example/ai", contact="ai@acme.example")
)
SECRETS = Secrets(
    keys=(Key(id="k1", hash="00" * 32, organisation="acme", workloads=("chat",)),),
    credentials={"lab": "very-secret-credential"},
    digest_key=b"very-secret-digest-key",
    digest_key_id="d1",
)
TO_WORKER: tuple[ToWorker, ...] = (
    Configure(
        serial=3,
        document=b"{}",
        digest="ab" * 32,
        secrets=SECRETS,
        settings=SETTINGS,
        clock_floor=Instant(5),
        scripted_at=Instant(7),
        lease_s=15.0,
    ),
    StepClock(instant=Instant(9)),
    Lease(digest="ab" * 32, seconds=15.0),
    Drain(seconds=3.0),
    AskStatus(),
)
FROM_WORKER: tuple[FromWorker, ...] = (
    Ready(pid=12),
    Adopted(serial=3, digest="ab" * 32),
    ClockPassed(instant=Instant(9)),
    WorkerStatus(index=1, pid=12, breakers_open=("lab/m",)),
    Drained(cut=2),
    Failed(code="worker_failed", message="no"),
)


@pytest.mark.parametrize("message", TO_WORKER, ids=lambda message: type(message).__name__)
def test_a_message_to_a_worker_arrives_as_it_was_sent(message: ToWorker) -> None:
    assert Frames(decode_to_worker).feed(frame(message)) == [message]


@pytest.mark.parametrize("message", FROM_WORKER, ids=lambda message: type(message).__name__)
def test_a_message_from_a_worker_arrives_as_it_was_sent(message: FromWorker) -> None:
    assert Frames(decode_from_worker).feed(frame(message)) == [message]


@given(cuts=st.lists(st.integers(min_value=0, max_value=600), max_size=12))
def test_pieces_of_any_size_make_the_same_messages(cuts: list[int]) -> None:
    data = b"".join(frame(message) for message in TO_WORKER)
    frames = Frames(decode_to_worker)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    received = [
        message for start, end in pairwise(edges) for message in frames.feed(data[start:end])
    ]
    assert received == list(TO_WORKER)


def test_a_length_beyond_the_limit_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(ValueError, match="longer than"):
        Frames(decode_to_worker).feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(ValueError, match="no message"):
        Frames(decode_to_worker).feed(b"\x00\x00\x00\x01\xc1")


def test_a_worker_is_not_sent_what_only_workers_say() -> None:
    with pytest.raises(ValueError, match="no message"):
        Frames(decode_to_worker).feed(frame(Ready(pid=1)))


def test_secrets_do_not_print() -> None:
    shown = f"{SECRETS} {SECRETS!r} {TO_WORKER[0]!r} {TO_WORKER[0]}"
    assert "very-secret" not in shown
    assert "00" * 32 not in shown
    assert "1 keys, 1 credentials" in shown
