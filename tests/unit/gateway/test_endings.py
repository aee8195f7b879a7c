"""An answer's record that is filled from a form is the record that would be written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from licet.evidence import (
    INTEGER_MAX,
    Messages,
    OutcomeLeaf,
    Submit,
    Welcome,
    decode,
    encode,
    encode_message,
)
from licet.gateway import Secrets
from licet.gateway.admission import Caller
from licet.gateway.cases import Case
from licet.gateway.clock import DecisionClock
from licet.gateway.committer import Committer
from licet.gateway.endings import ending_of, file_ending
from licet.gateway.filing import Filing
from licet.gateway.intake import Intake, IntakeLimits
from licet.gateway.passage import Passage
from licet.gateway.records import About
from licet.gateway.world import World
from licet.identity import new_key
from licet.policy import Snapshot, parse
from licet.relay import Conclusion, Relay, RelaySettings
from licet.terms import Instant
from licet.wire import read_request
from tests.rig import LICET, PARTIES, WORKLOAD, endpoint

AT = Instant(1_781_299_260_000_000)
BODY = b'{"model": "alpha", "messages": []}'
FILES = {
    "licet.toml": LICET.replace("scripted = true", ""),
    "catalog/parties.toml": PARTIES,
    "catalog/endpoints.toml": endpoint("first", "chat", "http://127.0.0.1:9"),
    "workloads/chat.toml": WORKLOAD.format(
        id="chat", dialect="chat", substitute="false", extra='evidence = "before_send"'
    ),
}
LIMITS = IntakeLimits(answer_bytes_max=1 << 20, event_bytes_max=1 << 20)

WORDS = st.one_of(
    st.sampled_from(["alpha", "", 'q"uote', "per%cent %s", "\x000", "\x01", "9007199254740001"]),
    st.text(max_size=12),
)
COUNTS = st.sampled_from([0, 1, 2, 77, 9_007_199_254_740_003, INTEGER_MAX, INTEGER_MAX + 1])


class Recorder(asyncio.Transport):
    """The recorder's end: keeps what is submitted."""

    def __init__(self) -> None:
        super().__init__()
        self.soon: list[Callable[[], object]] = []
        self.leaves: list[bytes] = []
        self._messages = Messages()

    def connect(self, protocol: asyncio.Protocol, on_failure: Callable[[], None]) -> None:
        protocol.connection_made(self)
        welcome = Welcome(log="log/%s", size=0, last_at="")
        protocol.data_received(encode_message(welcome))

    def write(self, data: Any) -> None:
        for message in self._messages.feed(bytes(data)):
            if isinstance(message, Submit):
                self.leaves = [entry.leaf for entry in message.entries]

    # Timers

    def time(self) -> float:
        return 0.0

    def call_soon(self, callback: Callable[[], object]) -> None:
        self.soon.append(callback)

    def call_later(self, delay: float, callback: Callable[[], object]) -> None:
        raise AssertionError("nothing waits here")


class Book:
    """A ledger, and filings of requests of one caller for one workload."""

    def __init__(self) -> None:
        self._recorder = Recorder()
        committer = Committer("test", timers=self._recorder, connect=self._recorder.connect)
        committer.start()
        self.committer = committer
        configuration = parse({path: text.encode() for path, text in FILES.items()})
        assert not configuration.faults, configuration.faults
        plain, key = new_key(
            "key", b"k" * 32, organisation="acme", workloads=("chat",), created=datetime.now(UTC)
        )
        world = World(
            timers=self._recorder,
            clock=DecisionClock(wall_ns=lambda: AT * 1000),
            dialer=cast("Any", None),
            committer=committer,
            entropy=bytes,
            wall_s=lambda: AT / 1e6,
            ends=cast("Any", self),
        )
        secrets = Secrets(keys=(key,), issuers=(), credentials={}, digest_key=b"k" * 32)
        world.adopt(Snapshot.of(configuration.sources), secrets, configuration.settings)
        caller = world.admission.admit({b"x-api-key": plain.encode()})
        assert isinstance(caller, Caller), caller
        case = world.prepare(caller, "chat", "chat", stale=False)
        assert case is not None
        self._case: Case = case
        self.ledger = world.ledger

    def ended(self, exchange: object, outcome: str) -> None: ...
    def report(self, error: Exception) -> None: ...
    def breached(self) -> None: ...

    def filing(self, number: int) -> Filing:
        passage = Passage(read_request("chat", BODY), (), lossless=False)
        about = About(f"01REQUEST{number}", self._case, BODY, passage)
        filing = Filing(self.ledger, about, self.committer, cast("Any", self))
        filing.attempt = filing.tries = 1
        return filing

    def filed(self) -> list[bytes]:
        for callback in self._recorder.soon:
            callback()
        return self._recorder.leaves


def answered(words: dict[str, str], counts: tuple[int, ...] | None, vendor: str) -> Intake:
    """The intake of a whole answer that says all that."""
    said: dict[str, Any] = {
        "model": words["model"],
        "choices": [{"message": {"content": "hi"}, "finish_reason": words["finish"]}],
    }
    if counts is not None:
        said["usage"] = {
            "prompt_tokens": counts[0],
            "completion_tokens": counts[1],
            "prompt_tokens_details": {"cached_tokens": counts[2]},
            "completion_tokens_details": {"reasoning_tokens": counts[3]},
        }
    intake = Intake("chat", stream=False, usage_asked=False, request_size=40, limits=LIMITS)
    headers = [(b"x-request-id", vendor.encode("latin-1", "replace"))] if vendor else []
    intake.whole(200, headers, json.dumps(said).encode(), DecisionClock(wall_ns=lambda: 0))
    return intake


@settings(max_examples=60)
@given(
    st.fixed_dictionaries({"model": WORDS, "finish": WORDS}),
    st.lists(
        st.one_of(st.none(), st.tuples(COUNTS, COUNTS, COUNTS, COUNTS)), min_size=2, max_size=6
    ),
    st.lists(WORDS, min_size=2, max_size=2),
    st.lists(st.sampled_from([0.0, 0.0004, 0.001, 1.5]), min_size=2, max_size=2),
)
def test_filing_an_answer_is_encoding_its_record(
    words: dict[str, str],
    usages: list[tuple[int, ...] | None],
    vendors: list[str],
    lasted: list[float],
) -> None:
    book = Book()
    relay = Relay((), before_send=False, settings=RelaySettings())
    relay.conclusion = Conclusion.ANSWERED
    expected: list[bytes] = []
    # Twice over: what the first round printed, the second fills.
    for number, counts in enumerate([*usages, *usages]):
        known = relay, answered(words, counts, vendors[number % 2]), book.filing(number)
        at, lasted_s, digest = Instant(AT + number * 7), lasted[number % 2], f"{number:064x}"
        leaf = ending_of("answered", *known, at=at, lasted_s=lasted_s, digest=digest)
        expected.append(encode(leaf))
        file_ending("answered", *known, at=at, lasted_s=lasted_s, digest=digest)
    assert book.filed() == expected
    assert all(isinstance(decode(leaf), OutcomeLeaf) for leaf in expected)


def test_the_second_of_a_kind_is_filled_from_the_form_of_the_first() -> None:
    book = Book()
    relay = Relay((), before_send=False, settings=RelaySettings())
    relay.conclusion = Conclusion.ANSWERED
    for number in range(2):
        intake = answered({"model": "alpha", "finish": "stop"}, (7 + number, 8, 0, 0), "")
        known = relay, intake, book.filing(number)
        file_ending("answered", *known, at=AT, lasted_s=1.0, digest="a" * 64)
    assert len(book.ledger.endings) == 1
    assert [decode(leaf).usage.input for leaf in book.filed()] == [7, 8]  # type: ignore[union-attr]
