"""What the supervisor and its children say to each other, and how it is framed.

A frame is four bytes of length, most significant first, and that many bytes of MessagePack.
Both ends are of one version of this program, so nothing here has to stay compatible.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import msgspec

from licet.catalog import Settings
from licet.identity import Issuer, Key
from licet.terms import Instant

FRAME_BYTES_MAX = 64 * 1024 * 1024
"""A snapshot of 5,000 directives is well below this; a longer frame is an error of ours."""

LENGTH_BYTES = 4


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What decides who may come in and what opens the vendors' doors; it never prints.

    `credentials`: endpoint id -> the vendor's secret. `google`: endpoint id -> what its access
    tokens are got with, which the supervisor keeps to itself. `digest_key` keys the digests of
    content; `digest_key_id` is what records name it by.
    """

    keys: tuple[Key, ...] = ()
    issuers: tuple[Issuer, ...] = ()
    credentials: dict[str, str] = msgspec.field(default_factory=dict)
    google: dict[str, str] = msgspec.field(default_factory=dict)
    digest_key: bytes = b""
    digest_key_id: str = ""

    def __repr__(self) -> str:
        return f"Secrets({len(self.keys)} keys, {len(self.credentials)} credentials)"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, int]]:
        return [("keys", len(self.keys)), ("credentials", len(self.credentials))]


class _Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is"):
    """One frame's content."""


class Configure(_Message, frozen=True, tag="configure"):
    """Adopt this snapshot. `document` is its canonical bytes, `digest` their SHA-256 in hex.

    `clock_floor`: decision time is never before this. `scripted_at`: where decision time stands
    while the configuration says that it follows a script (None: it follows the system's clock).
    `serial` counts adoptions, because the same snapshot may come again with other secrets.
    """

    serial: int
    document: bytes
    digest: str
    secrets: Secrets
    settings: Settings
    clock_floor: Instant
    scripted_at: Instant | None = None
    lease_s: float = 0.0


class StepClock(_Message, frozen=True, tag="step_clock"):
    """Move the scripted decision clock to `instant`."""

    instant: Instant


class Lease(_Message, frozen=True, tag="lease"):
    """`digest` is the latest snapshot, and stays so for `seconds` unless told otherwise."""

    digest: str
    seconds: float


class Trust(_Message, frozen=True, tag="trust"):
    """These issuers, with the keys that they have now, and these credentials of endpoints; all
    else stays as it was configured."""

    issuers: tuple[Issuer, ...]
    credentials: dict[str, str]


class Drain(_Message, frozen=True, tag="drain"):
    """Accept nothing new; what is in flight may end within `seconds`."""

    seconds: float


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the log is published. `size`: leaves there, None when none ever were since the start;
    `at_s`: since when, Unix seconds; `failures` are counted since the start, and `fault`, with its
    `code`, is what went wrong last, empty when nothing did."""

    name: str
    size: int | None = None
    at_s: int | None = None
    failures: int = 0
    fault: str = ""
    code: str = ""


class Publication(_Message, frozen=True, tag="publication"):
    """What became of the publications."""

    places: tuple[Place, ...] = ()


class AskStatus(_Message, frozen=True, tag="ask_status"):
    """Say how you are."""


class Ready(_Message, frozen=True, tag="ready"):
    """Connections are accepted, and what they lead to can be recorded."""

    pid: int


class Adopted(_Message, frozen=True, tag="adopted"):
    """The snapshot governs every admission from here on, and what was in flight has been
    decided again."""

    serial: int
    digest: str


class ClockPassed(_Message, frozen=True, tag="clock_passed"):
    """Nothing is decided before `instant` any more, and what was in flight has been decided
    again as of it."""

    instant: Instant


class WorkerStatus(_Message, frozen=True, tag="status"):
    """How a worker is. Counts are since its start; memory is resident, in bytes."""

    index: int
    pid: int
    in_flight: int = 0
    requests: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    snapshot: str = ""
    breakers_open: tuple[str, ...] = ()
    recorder_connected: bool = False
    memory_bytes: int = 0
    lease_s_left: float = 0.0
    breaches: int = 0
    other_models: int = 0


class UnknownKey(_Message, frozen=True, tag="unknown_key"):
    """A token of this issuer named a key that is not known here: it may have a new one."""

    issuer: str


class Drained(_Message, frozen=True, tag="drained"):
    """Nothing is in flight any more; `cut` answers were ended before they were complete."""

    cut: int = 0


class Failed(_Message, frozen=True, tag="failed"):
    """What was asked for could not be done; the worker goes on as it was."""

    code: str
    message: str


class RecorderWord(msgspec.Struct, frozen=True, kw_only=True):
    """A line of JSON from the recorder: `ready`, or that writing fails, or works again."""

    recorder: Literal["ready", "failing", "working"]
    log: str = ""
    size: int = 0
    last_at: str = ""
    mended: int = 0
    vkey: str = ""
    code: str = ""
    message: str = ""


ToWorker = Configure | StepClock | Lease | Trust | Publication | Drain | AskStatus
FromWorker = Ready | Adopted | ClockPassed | WorkerStatus | UnknownKey | Drained | Failed

Message = TypeVar("Message")

_ENCODER = msgspec.msgpack.Encoder()


def frame(message: ToWorker | FromWorker) -> bytes:
    """The bytes of one frame."""
    body = _ENCODER.encode(message)
    if len(body) > FRAME_BYTES_MAX:
        raise ValueError(f"a message of {len(body)} bytes is longer than {FRAME_BYTES_MAX}")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class Frames(Generic[Message]):
    """Bytes as they arrive, to messages; `ValueError` on what is no message."""

    def __init__(self, decode: Callable[[bytes], Message]) -> None:
        self._decode = decode
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete with `data`, in order."""
        self._pending += data
        messages: list[Message] = []
        while len(self._pending) >= LENGTH_BYTES:
            length = int.from_bytes(self._pending[:LENGTH_BYTES], "big")
            if length > FRAME_BYTES_MAX:
                raise ValueError(f"a message of {length} bytes is longer than {FRAME_BYTES_MAX}")
            end = LENGTH_BYTES + length
            if len(self._pending) < end:
                break
            body = bytes(self._pending[LENGTH_BYTES:end])
            del self._pending[:end]
            messages.append(self._decode(body))
        return messages


class Lines:
    """The recorder's lines as they arrive; `ValueError` on what is none."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[RecorderWord]:
        *lines, self._pending = (self._pending + data).split(b"\n")
        try:
            return [msgspec.json.decode(line, type=RecorderWord) for line in lines]
        except msgspec.DecodeError as error:
            raise ValueError(f"no word of a recorder: {error}") from error


def _decoder(union: Any) -> Callable[[bytes], Any]:
    decode = msgspec.msgpack.Decoder(union).decode

    def checked(body: bytes) -> Any:
        try:
            return decode(body)
        except msgspec.DecodeError as error:
            raise ValueError(f"no message: {error}") from error

    return checked


decode_to_worker: Callable[[bytes], ToWorker] = _decoder(ToWorker)
decode_from_worker: Callable[[bytes], FromWorker] = _decoder(FromWorker)
decode_publication: Callable[[bytes], Publication] = _decoder(Publication)
