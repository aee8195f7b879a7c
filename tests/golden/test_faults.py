"""What a caller sees of every fault of the simulated vendors: `faults.txt`, by the real code.

Every fault is played in both dialects, streamed and whole: once at the first vendor alone, with a
healthy one behind it, and once at all of them; and all of that twice, with the record before the
sending and before the answer, which callers cannot tell apart. What must hold whatever the file
says is asserted beside it. Written anew by `LICET_GOLDEN=write`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from licet.sim import FAULTS, VendorSpec
from licet.terms import Instant
from tests.contract.asking import Heard, ask
from tests.contract.evidence import Told, told
from tests.rig import LICET, VENDORS, Rig

GOLDEN = Path(__file__).with_name("faults.txt")
AT = Instant(1_781_300_000_000_000)
FIRST = {"chat": "first", "messages": "third"}

# Milliseconds far beyond the rig's patience with vendors, and well within it.
LATE, SOON = 30_000, 20
_WITH_A_NUMBER = ("status", "none", "slow_headers", "first_event_not_content", "slow_drip")
PLAYED: tuple[str, ...] = (
    *(name for name in FAULTS if name not in _WITH_A_NUMBER),
    f"slow_headers:{LATE}",
    f"slow_headers:{SOON}",
    f"first_event_not_content:{LATE}",
    f"first_event_not_content:{SOON}",
    f"slow_drip:{SOON}",
    "refusal:3",
    "status_400", "status_401", "status_403", "status_404", "status_408", "status_413",
    "status_422", "status_429", "status_429:30", "status_500", "status_502", "status_503:30",
    "status_529",
)  # fmt: skip
ANSWERED_AS_IT_IS = {
    "missing_usage", "wrong_usage", "refusal", "refusal:3", "unknown_stop_reason", "close_idle",
    "chunked", "wrong_model", f"slow_headers:{SOON}", f"first_event_not_content:{SOON}",
    f"slow_drip:{SOON}",
}  # fmt: skip
PASSED_ON = {"status_400", "status_413", "status_422"}
AMID_TEXT = {
    "stall_mid_text", "cut_mid_text", "cut_mid_tool_call", "malformed_event", "error_after_200",
    "truncated_body",
}  # fmt: skip

SETTINGS = (
    LICET.replace("head_ms = 400", "head_ms = 1500")
    .replace("idle_ms = 400", "idle_ms = 1500", 1)
    .replace("hold_head_ms = 1000", "hold_head_ms = 10000")
    .replace("total_ms = 5000", "total_ms = 20000")
)


def paced(*, before_send: bool) -> tuple[VendorSpec, ...]:
    """Vendors that pause before each piece, so that what was sent has arrived before it is cut.

    Under `before_answer` they think first, for longer than a busy disk takes for a record: an
    answer that is cut while its record is not yet on disk was shown to nobody, and is rightly
    asked of the next vendor, which is another page than this one.
    """
    think_ms = 0 if before_send else 250
    return tuple(
        VendorSpec(
            id=one.id,
            dialect=one.dialect,
            models=one.models,
            think_ms=think_ms,
            pace_ms=10,
            chunks=4,
        )
        for one in VENDORS
    )


SCHEMA = {"type": "object", "properties": {"subject": {"type": "string"}}}
TOOLS: dict[str, list[dict[str, Any]]] = {
    "chat": [{"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}],
    "messages": [{"name": "look_up", "input_schema": SCHEMA}],
}


@dataclass(frozen=True, slots=True)
class Scene:
    fault: str
    dialect: str
    stream: bool
    alone: bool
    """Whether the first vendor alone is at fault."""

    @property
    def prompt(self) -> str:
        shape = "[[sim:tools]]" if self.fault == "cut_mid_tool_call" else ""
        return f"{shape}[[sim:{self.fault}{'@' + FIRST[self.dialect] if self.alone else ''}]]"

    @property
    def streams_into_it(self) -> bool:
        """Whether the fault comes when the caller has already seen some of the text."""
        return self.stream and self.fault in AMID_TEXT


SCENES = tuple(
    Scene(fault, dialect, stream, alone)
    for fault in PLAYED
    for dialect in ("chat", "messages")
    for stream in (False, True)
    for alone in (True, False)
)


class Played:
    """All scenes, played on one gateway at once."""

    def __init__(self, *, before_send: bool) -> None:
        files, vendors = {"licet.toml": SETTINGS}, paced(before_send=before_send)
        with (
            Rig(files, at=AT, vendors=vendors, before_send=before_send) as rig,
            ThreadPoolExecutor(48) as pool,
        ):

            def play(scene: Scene) -> Heard:
                return ask(
                    rig.port,
                    rig.plain_key,
                    scene.dialect,
                    scene.prompt,
                    stream=scene.stream,
                    tools=TOOLS[scene.dialect],
                )

            self.heard = dict(zip(SCENES, pool.map(play, SCENES), strict=True))
            requests = told(rig)
        self.told: dict[Scene, Told] = {
            scene: requests[heard.request] for scene, heard in self.heard.items()
        }


@pytest.fixture(scope="module", params=[True, False], ids=["before_send", "before_answer"])
def played(request: pytest.FixtureRequest) -> Played:
    return Played(before_send=request.param)


def test_callers_see_what_the_page_says(played: Played) -> None:
    text = render(played)
    if os.environ.get("LICET_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_an_answer_is_one_vendors_and_says_which(played: Played) -> None:
    for scene, heard in played.heard.items():
        said = heard.said
        if not said.text:
            continue
        opening = re.match(r"answer(?: from (\S+)(?: at (\S+) to:)?)?", said.text)
        assert opening is not None, (scene, said)
        assert said.text.count("answer") == 1, (scene, said)
        if opening[2] is not None:
            assert opening[1] == heard.headers["licet-model"], scene
            assert opening[2] == heard.headers["licet-endpoint"], scene
        assert played.told[scene].vendors[-1] == heard.headers["licet-endpoint"], scene


def test_a_caller_gets_an_answer_or_an_error_and_never_a_hole(played: Played) -> None:
    for scene, heard in played.heard.items():
        said = heard.said
        assert heard.whole, scene
        assert (said.error is None) == (said.closed and heard.status == 200), (scene, said)
        if heard.status == 200 and not heard.streamed:
            assert said.text or scene.fault.startswith("refusal"), (scene, said)


def test_where_another_vendor_is_well_the_caller_is_served(played: Played) -> None:
    for scene, heard in played.heard.items():
        if scene.alone and scene.fault not in PASSED_ON and not scene.streams_into_it:
            assert heard.status == 200, (scene, heard)
            assert heard.said.error is None, (scene, heard)


def test_an_error_of_ours_is_for_both_kinds_of_readers(played: Played) -> None:
    for scene, heard in played.heard.items():
        if heard.said.error is None or scene.fault in PASSED_ON:
            continue
        error = heard.error
        assert error["licet"]["request_id"] == heard.request, scene
        assert error["message"] == error["message"].strip().rstrip("."), scene
        if not heard.streamed:
            own = "x-request-id" if scene.dialect == "chat" else "request-id"
            assert heard.headers[own] == heard.request, scene


def test_the_log_and_the_vendors_tell_the_same(played: Played) -> None:
    for scene, request in played.told.items():
        try:
            request.check()
        except AssertionError as error:
            raise AssertionError(scene, request) from error


def test_what_is_an_answer_is_never_asked_of_another_vendor(played: Played) -> None:
    for scene, request in played.told.items():
        if scene.fault in ANSWERED_AS_IT_IS | PASSED_ON or scene.streams_into_it:
            assert request.vendors == [FIRST[scene.dialect]], (scene, request)


def test_nothing_follows_a_redirect(played: Played) -> None:
    for scene, request in played.told.items():
        if scene.fault == "redirect":
            assert {arrival.path for arrival in request.arrivals} <= {
                "/v1/chat/completions",
                "/v1/messages",
            }
            assert "location" not in played.heard[scene].headers


def test_unknown_reasons_for_stopping_reach_the_caller(played: Played) -> None:
    reasons = {
        heard.said.finish
        for scene, heard in played.heard.items()
        if scene.fault == "unknown_stop_reason"
    }
    assert len(reasons) == 1
    assert reasons.isdisjoint({None, "stop", "end_turn", "length", "max_tokens"})


def render(played: Played) -> str:
    """By fault; scenes that look the same to the caller stand together."""
    lines: list[str] = []
    for fault in PLAYED:
        alike: dict[tuple[str, ...], list[str]] = {}
        for scene in (s for s in SCENES if s.fault == fault):
            asked = " ".join(played.told[scene].vendors)
            seen = (f"asked {asked}", *describe(played.heard[scene]))
            kind = "stream" if scene.stream else "whole"
            who = "one" if scene.alone else "all"
            alike.setdefault(seen, []).append(f"{scene.dialect} {kind} {who}")
        lines += ["", fault]
        for seen, scenes in alike.items():
            lines.append(f"  {', '.join(scenes)}")
            lines += [f"      {line}" for line in seen]
    return "\n".join(lines).strip() + "\n"


def describe(heard: Heard) -> Iterator[str]:
    said, headers = heard.said, heard.headers
    shown = [str(heard.status)]
    if "licet-decision" in headers:
        shown.append(headers["licet-decision"])
        shown.append(f"{headers['licet-model']} at {headers['licet-endpoint']}")
    shown += [f"{n}: {headers[n]}" for n in ("retry-after", "x-should-retry") if n in headers]
    yield ", ".join(shown)
    if said.text or heard.status == 200:
        text = re.sub(r"to: [0-9a-f]{12}$", "to: DIGEST", said.text)
        yield f"`{text}` finish {said.finish}"
    if said.error is not None:
        error = dict(said.error)
        error.pop("licet", None)
        message = str(error.pop("message"))
        where = ["then in the stream:"] if heard.streamed else []
        yield " ".join([*where, *(f"{name}={value}" for name, value in sorted(error.items()))])
        yield message
