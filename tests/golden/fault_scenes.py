"""Every fault of the simulated vendors, played to callers of every dialect on one gateway.

A scene is one request: its fault befalls the first vendor alone, with a healthy one behind it, or
all of them; whole or streamed; with a vendor of the caller's own dialect or of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from licet.sim import FAULTS, VendorSpec
from licet.terms import Instant
from tests.contract.asking import Heard, ask
from tests.contract.evidence import Told, told
from tests.rig import EVERY_VENDOR, LICET, Rig

AT = Instant(1_781_300_000_000_000)
DIALECTS = ("chat", "messages", "responses")
FIRST = {"chat": "first", "messages": "third", "responses": "fifth"}

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
PASSED_ON = {
    "status_400", "status_413", "status_422", "filter_error", "policy_error", "policy_in_band",
}  # fmt: skip
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

SCHEMA = {"type": "object", "properties": {"subject": {"type": "string"}}}
TOOLS: dict[str, list[dict[str, Any]]] = {
    "chat": [{"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}],
    "messages": [{"name": "look_up", "input_schema": SCHEMA}],
    "responses": [{"type": "function", "name": "look_up", "parameters": SCHEMA, "strict": False}],
}


@dataclass(frozen=True, slots=True)
class Scene:
    """`dialect` is the caller's, `spoken` the vendors'. `alone`: only the first is at fault."""

    fault: str
    dialect: str
    spoken: str
    stream: bool
    alone: bool

    @property
    def prompt(self) -> str:
        shape = "[[sim:tools]]" if self.fault == "cut_mid_tool_call" else ""
        return f"{shape}[[sim:{self.fault}{'@' + FIRST[self.spoken] if self.alone else ''}]]"

    @property
    def streams_into_it(self) -> bool:
        """Whether the fault comes when the caller has already seen some of the text."""
        return self.stream and self.fault in AMID_TEXT

    @property
    def name(self) -> str:
        by = "" if self.spoken == self.dialect else f" by {self.spoken}"
        kind = "stream" if self.stream else "whole"
        return f"{self.dialect}{by} {kind} {'one' if self.alone else 'all'}"


def scenes(pairs: Iterable[tuple[str, str]]) -> tuple[Scene, ...]:
    """All scenes of these pairs: what the caller speaks, what the vendors speak."""
    chosen = tuple(pairs)
    return tuple(
        Scene(fault, dialect, spoken, stream, alone)
        for fault in PLAYED
        for dialect, spoken in chosen
        for stream in (False, True)
        for alone in (True, False)
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
        for one in EVERY_VENDOR
    )


class Played:
    """All scenes, played on one gateway at once."""

    def __init__(self, chosen: tuple[Scene, ...], *, before_send: bool) -> None:
        files, vendors = {"licet.toml": SETTINGS}, paced(before_send=before_send)
        with (
            Rig(files, at=AT, vendors=vendors, before_send=before_send) as rig,
            ThreadPoolExecutor(24) as pool,
        ):

            def play(scene: Scene) -> Heard:
                return ask(
                    rig.port,
                    rig.plain_key,
                    scene.dialect,
                    scene.prompt,
                    model=scene.spoken,
                    stream=scene.stream,
                    tools=TOOLS[scene.dialect],
                )

            self.heard = dict(zip(chosen, pool.map(play, chosen), strict=True))
            requests = told(rig)
        self.told: dict[Scene, Told] = {
            scene: requests[heard.request] for scene, heard in self.heard.items()
        }

    def check_records(self) -> None:
        """The log and the vendors tell the same of every scene."""
        for scene, request in self.told.items():
            try:
                request.check()
            except AssertionError as error:
                raise AssertionError(scene, request) from error

    def check_endings(self) -> None:
        """Every caller gets an answer or an error, and never a hole."""
        for scene, heard in self.heard.items():
            said = heard.said
            assert heard.whole, scene
            assert (said.error is None) == (said.closed and heard.status == 200), (scene, said)
            assert said.text.count("answer from") <= 1, (scene, said)

    def check_served(self) -> None:
        """Where another vendor is well, the caller is served."""
        for scene, heard in self.heard.items():
            if scene.alone and scene.fault not in PASSED_ON and not scene.streams_into_it:
                assert heard.status == 200, (scene, heard)
                assert heard.said.error is None, (scene, heard)

    def render(self) -> str:
        """By fault; scenes that look the same to the caller stand together."""
        lines: list[str] = []
        for fault in PLAYED:
            alike: dict[tuple[str, ...], list[str]] = {}
            for scene in (s for s in self.heard if s.fault == fault):
                asked = " ".join(self.told[scene].vendors)
                seen = (f"asked {asked}", *describe(self.heard[scene]))
                alike.setdefault(seen, []).append(scene.name)
            lines += ["", fault]
            for seen, names in alike.items():
                lines.append(f"  {', '.join(names)}")
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
