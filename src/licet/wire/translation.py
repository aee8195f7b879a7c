"""Translation: one dialect's request, answer, stream or error, said in another.

Everything passes through the neutral forms, so that this module knows no pair of dialects:
a reader and a writer for each, and what is lost between two, from the table of losses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from licet.terms import VendorFault
from licet.wire import chat_requests, messages_requests, responses_requests
from licet.wire.answers import Answer
from licet.wire.chat_events import ChatReader, ChatWriter
from licet.wire.conversation import Conversation, Notes
from licet.wire.dialect import CHAT, MESSAGES, RESPONSES, Dialect
from licet.wire.events import (
    Began,
    Continued,
    Ended,
    Event,
    EventReader,
    Idle,
    Said,
    Thought,
)
from licet.wire.fates import KEPT
from licet.wire.frames import Frame
from licet.wire.framing import data_of
from licet.wire.headers import Header
from licet.wire.losses import LOSSES
from licet.wire.messages_events import MessagesReader, MessagesWriter
from licet.wire.progress import Progress
from licet.wire.requests import Request
from licet.wire.responses_events import ResponsesReader
from licet.wire.responses_writing import ResponsesWriter
from licet.wire.transcripts import Transcript
from licet.wire.usage import Usage, sum_of
from licet.wire.vendor import VendorError, malformed, mended

_READ: Final[dict[Dialect, Callable[[dict[str, Any], Notes], Conversation]]] = {
    CHAT: chat_requests.read,
    MESSAGES: messages_requests.read,
    RESPONSES: responses_requests.read,
}
_WRITE: Final[dict[Dialect, Callable[[Conversation, Notes], dict[str, Any]]]] = {
    CHAT: chat_requests.write,
    MESSAGES: messages_requests.write,
    RESPONSES: responses_requests.write,
}
_READERS: Final[dict[Dialect, Callable[[], EventReader]]] = {
    CHAT: ChatReader,
    MESSAGES: MessagesReader,
    RESPONSES: ResponsesReader,
}
_SILENT: Final = frozenset({"error", "malformed"})
_NULL: Final = b"null"
_DONE: Final = b"[DONE]"
_NOTHING: Final[Mapping[str, Any]] = {}


def translates(source: Dialect, target: Dialect) -> bool:
    """Whether what `source` says can be said in `target` at all."""
    return source == target or (source, target) in LOSSES


class Translated(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request in the vendor's dialect. `dropped` are parameters that it cannot say,
    `stripped` what is bound to another vendor; both as names, sorted."""

    request: Request
    dropped: tuple[str, ...] = ()
    stripped: tuple[str, ...] = ()


def translate_request(
    request: Request,
    target: Dialect,
    *,
    lossless: bool = False,
    headers: Iterable[Header] = (),
) -> Translated:
    """The request in `target`; `headers` are those that are parameters of its own dialect.

    Raises `CallerFault` with the parameter in `place`: `untranslatable` for what must not be
    left out (with `lossless` that is everything), `invalid_type` for what is misshapen.
    """
    notes = Notes(request.dialect, target, lossless=lossless)
    for name, _ in headers:
        text = name.decode("latin-1")
        if notes.loss(text) is not None:
            notes.lose(text)
    try:
        asked = _READ[request.dialect](_said(request, notes), notes)
    except RecursionError:
        notes.misshapen("messages")
    body = _WRITE[target](asked, notes)
    fields = {name: msgspec.Raw(_encoded(value, notes)) for name, value in body.items()}
    written = Request(
        dialect=target,
        model=request.model,
        stream=request.stream,
        usage_asked=False,
        size=request.size,
        fields=fields,
    )
    return Translated(
        request=written,
        dropped=tuple(sorted(notes.dropped)),
        stripped=tuple(sorted(notes.stripped)),
    )


def _said(request: Request, notes: Notes) -> dict[str, Any]:
    """The parameters that a reader looks at; the others are lost as the table says."""
    said: dict[str, Any] = {}
    for name, raw in request.fields.items():
        value = bytes(raw)
        if value == _NULL:
            continue
        row = notes.loss(name)
        if row is not None and row.fate in KEPT:
            try:
                said[name] = msgspec.json.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                notes.misshapen(name)
        elif row is None or _compact(value) not in row.harmless:
            notes.lose(name)
    return said


def _compact(value: bytes) -> bytes:
    # Values that say nothing are short.
    return b"".join(value.split()) if len(value) < 100 else value


def _encoded(value: Any, notes: Notes) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (RecursionError, ValueError):
        notes.misshapen("messages")


class AnswerTranslator:
    """One answer on its way from the vendor's dialect to the caller's.

    `progress` is what the stream's reader knows; `created_s` (Unix time) is shown where the
    caller's dialect says when it was answered. `request_size` in bytes is the ground of an
    estimate, where the vendor gives no usage. `asked` is the top level of the caller's request,
    which answers of Responses say again.
    """

    __slots__ = ("_before", "_reader", "_request_size", "_writer", "target")

    def __init__(
        self,
        source: Dialect,
        target: Dialect,
        *,
        created_s: int,
        usage_asked: bool,
        request_size: int,
        asked: Mapping[str, Any] = _NOTHING,
    ) -> None:
        self.target: Dialect = target
        self._request_size = request_size
        self._before: Usage | None = None
        self._reader = _READERS[source]()
        self._writer: ChatWriter | MessagesWriter | ResponsesWriter
        if target == CHAT:
            self._writer = ChatWriter(created_s=created_s, usage_asked=usage_asked)
        elif target == MESSAGES:
            self._writer = MessagesWriter()
        else:
            self._writer = ResponsesWriter(created_s=created_s, echoed=asked)

    @property
    def sequence(self) -> int:
        """The number of the last event that the caller of a stream of Responses has had."""
        return self._writer.sequence

    def resume(self, begun: Transcript, told: bytes, before: Usage | None) -> None:
        """Makes it the rest of the answer that the caller has `begun` to read. `told`, a JSON
        object, says who goes on; `before` is what the attempts so far took."""
        self._writer.resume(begun)
        self._reader = _Continuing(self._reader, begun.text, told)
        self._before = before

    def frame(self, frame: Frame, progress: Progress) -> Frame:
        """The frame in the caller's dialect; of its kind, since that is about the vendor."""
        kind = frame.kind
        if kind in _SILENT:
            return Frame(b"", kind, frame.error)
        payload = data_of(frame.raw) if frame.raw else None
        if not payload:
            return Frame(b"", kind)
        try:
            if kind != "end":
                return Frame(self._writer.write(self._read(payload)), kind)
            # Responses says in its last event why it stopped, and all that it has said.
            rest = [] if payload.strip() == _DONE else self._read(payload)
            ended = Ended(sum_of(self._before, progress.estimate_usage(self._request_size)))
            return Frame(self._writer.write([*rest, ended]), kind)
        except (ValueError, msgspec.DecodeError, RecursionError):
            error = malformed("malformed_event", "an event of the stream cannot be translated")
            return Frame(b"", "malformed", error)

    def _read(self, payload: bytes) -> list[Event]:
        try:
            return self._reader.read(payload)
        except msgspec.DecodeError:
            # What the reader of frames took, after mending, is taken here in the same way.
            return self._reader.read(mended(payload))

    def _whole(self, body: bytes) -> list[Event]:
        try:
            return self._reader.whole(mended(body))
        except (ValueError, msgspec.DecodeError, RecursionError):
            message = "the vendor's answer cannot be translated"
            raise VendorFault("malformed_answer", message) from None

    def answer(self, body: bytes, answer: Answer) -> bytes:
        """A whole answer; `answer` is what was read of it.

        Raises `VendorFault` (`malformed_answer`) where a part of it is none of its dialect.
        """
        try:
            events = self._reader.whole(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            events = self._whole(body)
        return self._writer.whole([*events, Ended(answer.usage)])

    def error(self, error: VendorError, request_id: str) -> bytes:
        """The body of a vendor's error that is about the request itself."""
        return write_vendor_error(self.target, error, request_id)


class _Continuing:
    """Reads the rest of an answer: nothing begins again in it, its reasoning is nobody's who
    reads it, and white space that the text so far ends with is not said twice."""

    __slots__ = ("_after_space", "_reader", "_told")

    def __init__(self, reader: EventReader, text: str, told: bytes) -> None:
        self._reader = reader
        self._told = told
        self._after_space = text[-1:].isspace()

    def read(self, payload: bytes) -> list[Event]:
        return [self._joined(event) for event in self._reader.read(payload)]

    def whole(self, body: bytes) -> list[Event]:
        return [self._joined(event) for event in self._reader.whole(body)]

    def _joined(self, event: Event) -> Event:
        if isinstance(event, Began):
            return Continued(event.model, self._told)
        if isinstance(event, Thought):
            return Idle()
        if isinstance(event, Said) and self._after_space:
            text = event.text.lstrip()
            self._after_space = not text
            return Said(text) if text else Idle()
        return event


def write_vendor_error(dialect: Dialect, error: VendorError, request_id: str) -> bytes:
    """A vendor's error in another dialect: its message, under a type that clients know."""
    if dialect != MESSAGES:
        inner = {
            "message": error.message,
            "type": error.type,
            "param": None,
            "code": error.refusal or error.code,
        }
        return msgspec.json.encode({"error": inner})
    told = {"type": "invalid_request_error", "message": error.message}
    return msgspec.json.encode({"type": "error", "error": told, "request_id": request_id})
