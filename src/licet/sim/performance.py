"""An answer as a list of actions on a connection, with what the script does to it.

Nothing here waits or writes: an action says how long after the one before it is due, and
whoever owns the time carries it out.
"""

from __future__ import annotations

import msgspec

from licet.sim.pieces import Piece, first_content, middle_of
from licet.sim.script import ScriptedFault

MS_US = 1_000
_REASONS = {
    200: "OK",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    413: "Payload Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    529: "Overloaded",
}


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """Write `data`, `delay_us` after the previous action; `chunk`: a part of an answer's body."""

    number: int | None
    delay_us: int
    data: bytes
    chunk: bool = False


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Do nothing more on this connection until the peer closes it, or somebody says to go on."""

    number: int | None


class Close(msgspec.Struct, frozen=True, kw_only=True):
    """Close the connection: with a reset, or after everything written has been sent."""

    number: int | None
    delay_us: int
    reset: bool


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to request `number` is complete."""

    number: int | None


Action = Send | Hold | Close | Finish


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply before it is cut into actions.

    `chunked` is the transfer encoding; without it, `content-length` is that of all pieces.
    `think_us` pass before the head, `pace_us` before each piece with content of a stream.
    `in_band` is the dialect's error event, for faults that need one.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    pieces: tuple[Piece, ...]
    stream: bool = False
    chunked: bool = False
    think_us: int = 0
    pace_us: int = 0
    in_band: bytes = b""


def perform(
    reply: Reply, fault: ScriptedFault, *, number: int | None, keep_alive: bool
) -> tuple[Action, ...]:
    """The actions of `reply` under `fault`, in order; the last closes unless `keep_alive`."""
    if fault.name == "cut_before_head":
        return (Close(number=number, delay_us=reply.think_us, reset=True),)
    pieces, ending = _break_off(reply, fault, number)
    delays = _delays(reply, pieces, fault)
    late = (fault.number or 1_000) * MS_US if fault.name == "slow_headers" else 0
    head = Send(number=number, delay_us=reply.think_us + late, data=_head(reply, keep_alive))
    actions: list[Action] = [head]
    for piece, delay in zip(pieces, delays, strict=True):
        data = _chunk(piece.data) if reply.chunked else piece.data
        actions.append(Send(number=number, delay_us=delay, data=data, chunk=True))
    silent_from = _silent_from(reply, fault)
    if silent_from is not None:
        actions.insert(silent_from, Hold(number=number))
    if ending is not None:
        return (*_joined(reply, actions), ending)
    if reply.chunked:
        actions.append(Send(number=number, delay_us=0, data=b"0\r\n\r\n"))
    actions = [*_joined(reply, actions), Finish(number=number)]
    if fault.name == "close_idle":
        actions.append(Close(number=None, delay_us=(fault.number or 0) * MS_US, reset=False))
    elif not keep_alive:
        actions.append(Close(number=None, delay_us=0, reset=False))
    return tuple(actions)


def _silent_from(reply: Reply, fault: ScriptedFault) -> int | None:
    """The place among the head and the pieces from which on nothing is said."""
    match fault.name:
        case "stall":
            return 0
        case "stall_before_content":
            return 1 + first_content(reply.pieces)
        case "stall_mid_text":
            return 1 + middle_of(reply.pieces, "text")
    return None


def _break_off(
    reply: Reply, fault: ScriptedFault, number: int | None
) -> tuple[tuple[Piece, ...], Action | None]:
    """The pieces that are still sent, and what happens instead of the rest."""
    pieces = reply.pieces
    reset = Close(number=number, delay_us=0, reset=True)
    match fault.name:
        case "cut_before_content":
            return pieces[: first_content(pieces)], reset
        case "cut_mid_text":
            return pieces[: middle_of(pieces, "text")], reset
        case "cut_mid_tool_call":
            calls = any(piece.stage == "tool" for piece in pieces)
            return pieces[: middle_of(pieces, "tool" if calls else "text")], reset
        case "truncated_body":
            gone = Close(number=number, delay_us=0, reset=False)
            return pieces[: middle_of(pieces, "text")], gone
    if reply.stream and reply.in_band:
        return _in_band(reply, fault), None
    return pieces, None


def _in_band(reply: Reply, fault: ScriptedFault) -> tuple[Piece, ...]:
    event = Piece(stage="closing", data=reply.in_band)
    middle = middle_of(reply.pieces, "text")
    if fault.name == "malformed_event":
        return (*reply.pieces[:middle], event, *reply.pieces[middle:])
    if fault.name == "error_after_200":
        return (*reply.pieces[:middle], event)
    return (*reply.pieces[: first_content(reply.pieces)], event)


def _delays(reply: Reply, pieces: tuple[Piece, ...], fault: ScriptedFault) -> list[int]:
    """Microseconds before each piece."""
    if fault.name == "slow_drip":
        return [(fault.number or 200) * MS_US] * len(pieces)
    content = ("reasoning", "text", "tool")
    pace = reply.pace_us if reply.stream else 0
    delays = [pace if piece.stage in content else 0 for piece in pieces]
    if fault.name == "first_event_not_content" and pieces:
        delays[min(first_content(pieces), len(pieces) - 1)] += (fault.number or 5_000) * MS_US
    return delays


def _joined(reply: Reply, actions: list[Action]) -> list[Action]:
    """A whole reply's undelayed parts as one write, as a server would; a stream's are kept."""
    if reply.stream:
        return actions
    joined: list[Action] = []
    for action in actions:
        last = joined[-1] if joined else None
        if isinstance(action, Send) and isinstance(last, Send) and not action.delay_us:
            joined[-1] = msgspec.structs.replace(
                last, data=last.data + action.data, chunk=last.chunk or action.chunk
            )
        else:
            joined.append(action)
    return joined


def _head(reply: Reply, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Scripted')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.chunked:
        lines.append("transfer-encoding: chunked")
    else:
        lines.append(f"content-length: {sum(len(piece.data) for piece in reply.pieces)}")
    if not keep_alive:
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
