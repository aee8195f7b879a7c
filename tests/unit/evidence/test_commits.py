"""Both ends of the recorder's protocol, fed with whatever pieces a socket makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.evidence import (
    Ack,
    CommitQueue,
    Entry,
    Hello,
    Message,
    Messages,
    Nack,
    Opening,
    Submit,
    Welcome,
    encode_message,
)
from licet.terms import EvidenceFault

OPENING = Opening(request="01K1", holder="s", salt=bytes(32), inputs=b"{}", parts=(b"p",))
MESSAGES: list[Message] = [
    Hello(worker="worker-1"),
    Welcome(log="a.example", size=3, last_at="", fault=""),
    Submit(first=1, entries=[Entry(leaf=b"one"), Entry(leaf=b"two", opening=OPENING)]),
    Ack(first=1, count=1, index=9),
    Nack(first=2, count=1, code="disk_full", message="no room"),
]


@given(st.lists(st.integers(1, 40), max_size=40))
def test_messages_survive_any_splitting(cuts: list[int]) -> None:
    data = b"".join(map(encode_message, MESSAGES))
    messages, found, place = Messages(), [], 0
    for cut in [*cuts, len(data)]:
        found += messages.feed(data[place : place + cut])
        place += cut
    assert found == MESSAGES


@pytest.mark.parametrize("data", [b"\x7f\xff\xff\xff", b"\x00\x00\x00\x01\xc1", b"\0\0\0\1\x90"])
def test_nonsense_ends_the_connection(data: bytes) -> None:
    with pytest.raises(EvidenceFault) as caught:
        Messages().feed(data)
    assert caught.value.code == "protocol"


def sent(queue: CommitQueue[str]) -> list[Message]:
    return Messages().feed(queue.to_send())


def test_what_is_submitted_in_one_turn_goes_out_together() -> None:
    queue: CommitQueue[str] = CommitQueue("worker-1")
    assert sent(queue) == [Hello(worker="worker-1")]
    assert queue.to_send() == b""
    queue.submit(b"one", "a")
    queue.submit(b"two", "b", OPENING)
    entries = [Entry(leaf=b"one"), Entry(leaf=b"two", opening=OPENING)]
    assert sent(queue) == [Submit(first=1, entries=entries)]
    queue.submit(b"three", "c")
    assert sent(queue) == [Submit(first=3, entries=[Entry(leaf=b"three")])]


def test_tokens_come_back_in_order_with_what_became_of_them() -> None:
    queue: CommitQueue[str] = CommitQueue("worker-1")
    for token in "abc":
        queue.submit(token.encode(), token)
    queue.to_send()
    answers = encode_message(Ack(first=1, count=2, index=40)) + encode_message(
        Nack(first=3, count=1, code="disk_full", message="no room")
    )
    assert queue.receive(answers[:5]) == []
    settled = queue.receive(answers[5:])
    assert [(one.token, one.index, one.code) for one in settled] == [
        ("a", 40, ""),
        ("b", 41, ""),
        ("c", -1, "disk_full"),
    ]
    assert [one.durable for one in settled] == [True, True, False]
    assert queue.pending == 0


def test_a_lost_connection_gives_back_every_token_once_and_begins_anew() -> None:
    queue: CommitQueue[str] = CommitQueue("worker-1")
    for token in "ab":
        queue.submit(token.encode(), token)
    queue.to_send()
    queue.receive(encode_message(Ack(first=1, count=1, index=0))[:3])
    queue.submit(b"c", "c")
    assert queue.lost() == ["a", "b", "c"]
    assert queue.lost() == []
    queue.submit(b"d", "d")
    assert sent(queue) == [
        Hello(worker="worker-1"),
        Submit(first=4, entries=[Entry(leaf=b"d")]),
    ]


def test_a_full_queue_refuses_and_keeps_nothing() -> None:
    queue: CommitQueue[str] = CommitQueue("worker-1", entries_max=1)
    assert queue.submit(b"one", "a")
    assert queue.full
    assert not queue.submit(b"two", "b")
    assert queue.lost() == ["a"]


def test_the_welcome_says_where_the_log_stands_and_whether_it_can_be_written() -> None:
    queue: CommitQueue[str] = CommitQueue("worker-1")
    assert queue.welcome is None
    welcome = Welcome(log="a.example", size=3, last_at="x", fault="disk_full")
    queue.receive(encode_message(welcome))
    assert queue.welcome == welcome


@pytest.mark.parametrize("message", [Ack(first=1, count=1, index=0), Hello(worker="x")])
def test_answers_to_nothing_are_a_breach_of_protocol(message: Message) -> None:
    queue: CommitQueue[str] = CommitQueue("worker-1")
    with pytest.raises(EvidenceFault) as caught:
        queue.receive(encode_message(message))
    assert caught.value.code == "protocol"
