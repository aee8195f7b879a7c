"""What a simulated vendor is told to do wrong, to whom, and how often.

A `Cue` names one fault and says for which requests it holds. A `Script` keeps the cues
and counts requests, so that "the next three" and "every fifth" mean the same on a socket
and in simulated time. Besides the script, a single request may carry its own directions
(`read_directions`): in the `sim-script` header, or as `[[sim:...]]` in its prompt, which
also survives a gateway that passes no unknown header on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

FaultName = Literal[
    "none",
    "stall",
    "slow_headers",
    "stall_before_content",
    "stall_mid_text",
    "cut_before_head",
    "cut_before_content",
    "cut_mid_text",
    "cut_mid_tool_call",
    "status",
    "html_error",
    "html_answer",
    "malformed_event",
    "malformed_answer",
    "error_after_200",
    "overloaded_in_band",
    "first_event_not_content",
    "slow_drip",
    "wrong_usage",
    "missing_usage",
    "wrong_content_encoding",
    "refusal",
    "filter_error",
    "policy_error",
    "policy_in_band",
    "truncated_body",
    "unknown_stop_reason",
    "redirect",
    "close_idle",
    "chunked",
    "wrong_model",
]
"""Every fault; `status` takes the code as its number and is also written `status_429`."""

ShapeName = Literal["tools", "reasoning"]
"""What a prompt may ask of an answer besides text; shapes are no faults."""

FAULTS: tuple[FaultName, ...] = get_args(FaultName)
SHAPES: tuple[ShapeName, ...] = get_args(ShapeName)

_DIRECTION = re.compile(
    r"(?:status_(?P<status>[45]\d\d)|(?P<name>[a-z0-9_]+))"
    r"(?::(?P<number>\d{1,9}))?(?:@(?P<vendor>[A-Za-z0-9._-]+))?"
)
_MARKER = re.compile(r"\[\[sim:([^\[\]]{1,120})\]\]")


class ScriptedFault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: its name, and a number whose meaning depends on it (see the manual page).

    Milliseconds for the slow ones, seconds of `retry-after` for a status.
    """

    name: FaultName
    number: int | None = None
    status: int | None = None

    def __str__(self) -> str:
        status = f"_{self.status}" if self.status else ""
        number = f":{self.number}" if self.number is not None else ""
        return f"{self.name}{status}{number}"


class Cue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault and the requests it holds for.

    `vendor` and `model` narrow it (`None`: any). `when` is `next` (the next `n` matching
    requests), `always`, or `every` (each `n`-th matching request).
    """

    fault: str
    vendor: str | None = None
    model: str | None = None
    when: Literal["next", "always", "every"] = "next"
    n: int = 1


class Directions(msgspec.Struct, frozen=True, kw_only=True):
    """What one request itself asks of the vendor that it reaches."""

    fault: ScriptedFault | None = None
    shapes: frozenset[ShapeName] = frozenset()


class _ScriptFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cue: tuple[Cue, ...] = ()


def parse_fault(text: str) -> ScriptedFault:
    """Reads `stall`, `slow_headers:200`, `status_429:3`; `ValueError` for anything else."""
    match = _DIRECTION.fullmatch(text.strip())
    if match is None or match["vendor"] is not None:
        raise ValueError(f"`{text}` is no fault of the simulated vendors")
    fault = _fault(match)
    if fault is None:
        raise ValueError(f"`{text}` is no fault of the simulated vendors")
    return fault


def read_directions(vendor: str, header: str | None, prompt: str) -> Directions:
    """The directions for `vendor` among those of the header and of the prompt's markers.

    Several are separated by commas or written as several markers. `name@vendor` is for that
    vendor alone, so that a request can fail at one vendor and be answered by the next. Of
    two faults the header's holds, then the last one written. What nobody understands is
    text like any other and ignored.
    """
    written = [part for marker in _MARKER.findall(prompt) for part in marker.split(",")]
    if header:
        written.extend(header.split(","))
    fault: ScriptedFault | None = None
    shapes: set[ShapeName] = set()
    for text in written:
        match = _DIRECTION.fullmatch(text.strip())
        if match is None or match["vendor"] not in (None, vendor):
            continue
        shape = next((shape for shape in SHAPES if shape == match["name"]), None)
        if shape is not None:
            shapes.add(shape)
        else:
            fault = _fault(match) or fault
    return Directions(fault=fault, shapes=frozenset(shapes))


def read_cues(document: bytes, *, form: Literal["toml", "json"]) -> tuple[Cue, ...]:
    """Cues from `[[cue]]` tables (TOML) or `{"cue": [...]}` (JSON).

    Raises `ValueError` that names the offending part (msgspec's errors are of that class).
    """
    decode = msgspec.toml.decode if form == "toml" else msgspec.json.decode
    cues = decode(document, type=_ScriptFile).cue
    for cue in cues:
        _check(cue)
    return cues


class Script:
    """The cues in force, oldest first, and how often each has matched."""

    def __init__(self, cues: Iterable[Cue] = ()) -> None:
        self._cues: list[tuple[Cue, ScriptedFault]] = []
        self._matched: list[int] = []
        self.add(cues)

    def add(self, cues: Iterable[Cue]) -> None:
        """Adds cues; of several that hold for a request the one added last wins."""
        for cue in cues:
            self._cues.append((cue, _check(cue)))
            self._matched.append(0)

    def clear(self) -> None:
        """Forgets every cue."""
        self._cues.clear()
        self._matched.clear()

    def pick(self, vendor: str, model: str) -> ScriptedFault | None:
        """The fault for this request, which is counted by every cue that matches it."""
        picked: ScriptedFault | None = None
        for index, (cue, fault) in enumerate(self._cues):
            if cue.vendor not in (None, vendor) or cue.model not in (None, model):
                continue
            self._matched[index] += 1
            if _holds(cue, self._matched[index]):
                picked = fault
        return picked


def _holds(cue: Cue, matched: int) -> bool:
    if cue.when == "always":
        return True
    if cue.when == "next":
        return matched <= cue.n
    return matched % cue.n == 0


def _check(cue: Cue) -> ScriptedFault:
    if cue.n < 1:
        raise ValueError(f"`n` of a cue counts requests and is `{cue.n}`")
    return parse_fault(cue.fault)


def _fault(match: re.Match[str]) -> ScriptedFault | None:
    written = "status" if match["status"] else match["name"]
    name = next((name for name in FAULTS if name == written), None)
    if name is None or match["name"] == "status":
        return None
    return ScriptedFault(
        name=name,
        number=int(match["number"]) if match["number"] else None,
        status=int(match["status"]) if match["status"] else None,
    )
