"""Every fault of the simulated vendors, played to callers of every dialect on one gateway.

A scene is one request: its fault befalls the first vendor alone, with a healthy one behind it, or
all of them; whole or streamed; with a vendor of the caller's own dialect or of another.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec

from licet.gateway.exchange import Exchange
from licet.sim import FAULTS, Entry, read_ledger
from licet.terms import Instant
from tests.contract.asking import Heard, ask
from tests.contract.evidence import Told, told
from tests.rig import EVERY_VENDOR, LICET, Rig, bounded

AT = Instant(1_781_300_000_000_000)
DIALECTS = ("chat", "messages", "responses")
FIRST = {"chat": "first", "messages": "third", "responses": "fifth"}

# Milliseconds far beyond the patience with vendors in scenes about it, and well within it.
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

SETTINGS = bounded(LICET, hold_head_ms=10_000)
# Vendors are silent for ever in these, and all else is as quick as it can be.
HASTY = bounded(SETTINGS, head_ms=1_500, idle_ms=1_500)
TIMED_OUT = {
    "stall", "stall_before_content", "stall_mid_text", f"slow_headers:{LATE}",
    f"first_event_not_content:{LATE}",
}  # fmt: skip

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


# They pause before each piece, so that what was sent has arrived before it is cut.
PACED = tuple(msgspec.structs.replace(one, pace_ms=10, chunks=4) for one in EVERY_VENDOR)


def wait_for_records(rig: Rig) -> None:
    """From here on nothing that a vendor says is read, or missed, before a request is on record.

    An answer that is cut while its record is not yet on disk was shown to nobody, and is rightly
    asked of the next vendor, which is another page than this one.
    """

    def written(line: bytes) -> None:
        (entry,) = read_ledger(line)
        if not isinstance(entry, Entry):
            return
        for exchange in rig.node.desk.company.exchanges:
            filing, outbound = exchange._filing, exchange._line._outbound
            if filing.about.request == entry.request_id and filing.decision_index < 0:
                assert outbound is not None
                assert outbound._transport is not None
                outbound._transport.pause_reading()
                exchange._patience.concluded()
                read_on_record(exchange, outbound._transport)

    def read_on_record(exchange: Exchange, transport: asyncio.Transport) -> None:
        if exchange._filing.decision_index < 0:
            rig._loop.call_later(0.002, read_on_record, exchange, transport)
        else:
            exchange._patience.sent(exchange._relay.state)
            transport.resume_reading()

    rig.vendors.simulation.ledger._write = written


class Played:
    """All scenes, played on two gateways, all at once on each."""

    def __init__(self, chosen: tuple[Scene, ...], *, before_send: bool) -> None:
        self.heard: dict[Scene, Heard] = {}
        self.told: dict[Scene, Told] = {}
        for settings, about_bounds in ((SETTINGS, False), (HASTY, True)):
            scenes = [one for one in chosen if (one.fault in TIMED_OUT) == about_bounds]
            files = {"licet.toml": settings}
            with Rig(files, at=AT, vendors=PACED, before_send=before_send) as rig:
                if not before_send:
                    wait_for_records(rig)
                self._play(rig, scenes)

    def _play(self, rig: Rig, scenes: list[Scene]) -> None:
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

        with ThreadPoolExecutor(24) as pool:
            self.heard |= zip(scenes, pool.map(play, scenes), strict=True)
        requests = told(rig)
        self.told |= {scene: requests[self.heard[scene].request] for scene in scenes}

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
