"""kill -9 of every process, and failing disks, at random moments under load.

`tests.system.campaign` plays for long, and so does `make soak`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from licet.evidence import AdoptedLeaf, DecisionLeaf, Leaf, OutcomeLeaf, Sending
from licet.sim import Entry
from licet.terms import Instant
from tests.system.callers import Ask, Heard
from tests.system.campaign import ILLS, play, table
from tests.system.comparison import Log, compare

pytestmark = [pytest.mark.system, pytest.mark.alone]

ROUNDS = 60
SEED = 20_260_612
BACK_S_MAX = 3.0
"""How long a machine with two busy cores may take to start a Python process and to read a log."""


def test_no_kill_and_no_failing_disk_loses_a_record_or_hangs_a_caller(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rounds = play(ROUNDS, SEED)
    with capsys.disabled():
        print("", *table(rounds), sep="\n")
    assert [(one.ill, fault) for one in rounds for fault in one.faults] == []
    assert {one.ill for one in rounds} == set(ILLS)
    back = [one.back_s for one in rounds if one.ill != "supervisor"]
    assert max(back) < BACK_S_MAX
    # What was never interrupted was never tested.
    assert sum(one.unknown for one in rounds) > ROUNDS


SNAPSHOT = "a" * 64
AT = "2026-06-12T21:21:00.000000Z"
ADOPTED = AdoptedLeaf(at=AT, log="log", snapshot=SNAPSHOT, catalogue=SNAPSHOT)
SENDING = Sending(endpoint="first", model="north", snapshot=SNAPSHOT)
DECISION = DecisionLeaf(
    at=AT,
    log="log",
    request="R",
    key="test",
    organisation="acme",
    workload="chat",
    asked="chat",
    snapshot=SNAPSHOT,
    valid_at=AT,
    known_at=AT,
    verdict="permitted",
    commitment=SNAPSHOT,
    sending=SENDING,
)
OUTCOME = OutcomeLeaf(at=AT, log="log", request="R", outcome="answered")
ARRIVAL = Entry(
    number=1,
    at=Instant(0),
    vendor="first",
    dialect="chat",
    path="/v1/chat/completions",
    model="north",
    stream=False,
    digest="",
    body_bytes=0,
    whole=True,
    request_id="R",
    accept_encoding=None,
    person="ada",
    case="chat/1",
    fault=None,
    status=200,
)
HEARD = Heard(ask=Ask(), kind="answered", request="R")


def test_the_comparison_agrees_where_all_tell_one_story() -> None:
    log = Log([ADOPTED, DECISION, OUTCOME])
    assert compare([HEARD], [ARRIVAL], log) == []
    assert not log.open


OTHER_VENDOR = structs.replace(ARRIVAL, vendor="second")
OTHER_SNAPSHOT = structs.replace(DECISION, sending=structs.replace(SENDING, snapshot="b" * 64))
UNKNOWN = structs.replace(OUTCOME, outcome="unknown")


@pytest.mark.parametrize(
    ("leaves", "arrivals", "said"),
    [
        ([ADOPTED], [ARRIVAL], "reached `first`, and there is no record of it"),
        ([ADOPTED], [], "was answered, and there is no record of it"),
        ([ADOPTED, DECISION], [OTHER_VENDOR], "the record says otherwise"),
        ([ADOPTED, DECISION], [ARRIVAL], "its outcome says otherwise"),
        ([ADOPTED, DECISION, UNKNOWN], [ARRIVAL], "its outcome says otherwise"),
        ([ADOPTED, DECISION, OUTCOME], [ARRIVAL, ARRIVAL], "2 times, and fewer are recorded"),
        ([ADOPTED, OTHER_SNAPSHOT, OUTCOME], [ARRIVAL], "a snapshot that nobody adopted"),
        ([OTHER_SNAPSHOT, ADOPTED, OUTCOME], [ARRIVAL], "a snapshot that nobody adopted"),
    ],
)
def test_the_comparison_notices(leaves: list[Leaf], arrivals: list[Entry], said: str) -> None:
    assert said in " ".join(compare([HEARD], arrivals, Log(leaves)))


def test_a_caller_who_hears_nothing_is_noticed() -> None:
    assert compare([replace(HEARD, kind="silent")], [], Log([])) != []


def test_an_attempt_without_outcome_is_open() -> None:
    assert Log([ADOPTED, DECISION]).open == ["R"]
    assert Log([ADOPTED, DECISION, UNKNOWN]).open == []
