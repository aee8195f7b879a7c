"""What one attempt brings from a vendor, read and turned into events for the relay.

An intake belongs to one attempt: it holds the frames or the body that the caller has not
seen yet, and knows what the answer says about itself. It sends nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from licet.gateway.clock import DecisionClock
from licet.relay import Event, Failure, FailureKind, failure_of_status
from licet.terms import Instant, VendorFault
from licet.wire import (
    REQUEST_ID,
    Answer,
    AnswerTranslator,
    Dialect,
    Frame,
    Retelling,
    StreamReader,
    Usage,
    VendorError,
    malformed,
    read_answer,
    read_vendor_error,
    response_headers,
    write_vendor_error,
)

if TYPE_CHECKING:
    from licet.gateway.event_stream import EventStreamUnwrapper

ERROR_BYTES_MAX = 65_536
_AMAZON = b"application/vnd.amazon.eventstream"
_IDENTITY = frozenset({b"", b"identity"})

Signal = tuple[Event, object]


@dataclass(frozen=True, kw_only=True)
class IntakeLimits:
    """Bytes of a whole answer and of one event of a stream."""

    answer_bytes_max: int
    event_bytes_max: int


class Intake:
    """Reads one answer. Methods return the event that follows, or None while nothing does."""

    __slots__ = (
        "_dialect", "_headers", "_limits", "_pieces", "_read", "_request_size", "_retelling",
        "_size", "_translator", "_unwrapper", "_wants_stream",
        "answer", "body", "error", "reader", "status",
    )  # fmt: skip

    def __init__(
        self,
        dialect: Dialect,
        *,
        stream: bool,
        usage_asked: bool,
        request_size: int,
        limits: IntakeLimits,
        translator: AnswerTranslator | None = None,
        read: Callable[..., Answer] = read_answer,
        retelling: Retelling | None = None,
    ) -> None:
        """`translator` is None where the vendor speaks the caller's dialect; `read` reads a whole
        answer; `retelling` tells it with ids of our own, None where it is not kept."""
        self._read = read
        self._retelling = retelling
        self._dialect = dialect
        self._limits = limits
        self._translator = translator
        self._wants_stream = stream
        self._request_size = request_size
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._unwrapper: EventStreamUnwrapper | None = None
        self._size = 0
        self.status = 0
        self.body = b""
        self.answer: Answer | None = None
        self.error: VendorError | None = None
        self.reader: StreamReader | None = None
        if stream:
            strip = dialect == "chat" and not usage_asked
            self.reader = StreamReader(
                dialect, strip_usage=strip, event_size_max=limits.event_bytes_max
            )

    @property
    def kept_headers(self) -> list[tuple[bytes, bytes]]:
        """The vendor's headers that the caller may see."""
        found = response_headers(self._headers)
        if self._translator is None:
            return found
        # Clients look for the vendor's request id under the name that their dialect has for it.
        own, theirs = REQUEST_ID[self._dialect], REQUEST_ID[self._translator.target]
        return [(theirs if name == own else name, value) for name, value in found]

    def header(self, name: bytes) -> bytes:
        for own, value in self._headers:
            if own == name:
                return value
        return b""

    @property
    def vendor_request(self) -> str:
        """The vendor's own id of this request."""
        found = (
            self.header(b"request-id")
            or self.header(b"x-request-id")
            or self.header(b"x-amzn-requestid")
        )
        return found.decode("latin-1")

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> Signal | None:
        self.status = status
        self._headers = headers
        if not 200 <= status < 300:
            return None
        encoding = self.header(b"content-encoding").lower()
        if encoding not in _IDENTITY:
            named = encoding.decode("latin-1")
            return self._malformed(f"the vendor compressed its answer: `{named}`")
        if not self._wants_stream:
            return Event.WHOLE, None
        kind = self.header(b"content-type").lower()
        if kind.startswith(_AMAZON):
            return self._wrapped()
        if not kind.startswith(b"text/event-stream"):
            return self._malformed("the vendor answered a streamed request with no stream")
        return Event.STREAM, None

    def whole(
        self,
        status: int,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        clock: DecisionClock,
    ) -> tuple[Signal, ...]:
        """All of a whole answer, or of an error, at once."""
        head = self.head(status, headers)
        if head is not None and head[0] is not Event.WHOLE:
            return (head,)
        too_much = self.whole_body(body)
        end = too_much or self.complete(clock)
        return (end,) if head is None else (head, end)

    def whole_body(self, data: bytes) -> Signal | None:
        """Bytes of a whole answer, or of an error."""
        self._size += len(data)
        good = 200 <= self.status < 300
        if self._size > self._limits.answer_bytes_max:
            most = self._limits.answer_bytes_max
            message = f"the vendor's answer is longer than {most} bytes"
            return Event.FAILED, Failure(kind=FailureKind.TOO_LARGE, message=message)
        if good or self._size <= ERROR_BYTES_MAX:
            self._pieces.append(data)
        return None

    def frames(self, data: bytes) -> list[Frame]:
        """The whole events of a stream in `data`."""
        assert self.reader is not None
        if self._unwrapper is not None:
            try:
                data = self._unwrapper.feed(data)
            except VendorFault as fault:
                return [Frame(b"", "malformed", malformed(fault.code, fault.message))]
        return self._translated(self.reader.feed(data))

    def _wrapped(self) -> Signal:
        """A stream in frames of Amazon's, which only what calls Amazon can open."""
        try:
            from licet.gateway.event_stream import EventStreamUnwrapper  # noqa: PLC0415
        except ModuleNotFoundError:
            return self._malformed("the vendor streams in frames that nothing here can open")
        self._unwrapper = EventStreamUnwrapper()
        return Event.STREAM, None

    def frame_failure(self, frame: Frame) -> Failure:
        """What a frame of kind `error` or `malformed` says."""
        error = self.error = frame.error
        message = error.message if error else "the vendor's stream is malformed"
        if frame.kind == "malformed":
            return Failure(kind=FailureKind.MALFORMED, message=message)
        kind = FailureKind.OVERLOADED if error and error.overloaded else FailureKind.IN_BAND
        if error is not None and error.refusal is not None:
            kind = FailureKind.DECLINED
        return Failure(kind=kind, status=self.status, message=message)

    def complete(self, clock: DecisionClock) -> Signal:
        """The vendor has sent all that it had to send."""
        self.body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces = []
        if not 200 <= self.status < 300:
            return self._error_complete(clock.now())
        try:
            self.answer = self._read(self._dialect, self.body, request_size=self._request_size)
            if self._translator is not None:
                self.body = self._translator.answer(self.body, self.answer)
            if self._retelling is not None:
                self.body = self._retelling.body(self.body)
        except VendorFault as fault:
            told = read_vendor_error(
                self._dialect, self.status, self._headers, self.body, now=clock.now()
            )
            if told.refusal is not None:
                self.error = told
                return self.refused()
            return self._malformed(fault.message)
        return Event.COMPLETE, None

    def refused(self) -> Signal:
        """The vendor's error is its refusal: an answer, whatever its status and its form."""
        error = self.error
        assert error is not None
        if self._translator is not None:
            self.body = self._translator.error(error, self.vendor_request)
        elif not error.passable:
            self.body = write_vendor_error(self._dialect, error, self.vendor_request)
        return Event.PASSED, None

    @property
    def shown_status(self) -> int:
        """The status for the caller: an error is told as one, also where the vendor's head was
        gone before."""
        return 400 if self.error is not None and self.status < 300 else self.status

    def stream_complete(self) -> tuple[list[Frame], Signal]:
        """The vendor hung up: what was left, and what it means."""
        assert self.reader is not None
        rest = self._translated(self.reader.finish())
        if self.reader.ended:
            return rest, (Event.COMPLETE, None)
        # Without the dialect's last frame the caller's own client would wait for it, or take
        # the stream for cut, however complete its text is.
        message = "the vendor's stream ended before its last event"
        return rest, (Event.FAILED, Failure(kind=FailureKind.CUT, message=message))

    def _error_complete(self, now: Instant) -> Signal:
        error = self.error = read_vendor_error(
            self._dialect, self.status, self._headers, self.body, now=now
        )
        if error.refusal is not None:
            return self.refused()
        kind = failure_of_status(self.status)
        if kind is None and error.passable:
            if self._translator is not None:
                self.body = self._translator.error(error, self.vendor_request)
            return Event.PASSED, None
        message = error.message
        if error.blame == "operator":
            # Vendors quote keys, accounts and hosts there: the operator's business alone.
            message = f"the vendor answered {self.status}, which the operator must look into"
        retry_after = error.retry_after_s
        return Event.FAILED, Failure(
            kind=kind or FailureKind.MALFORMED,
            status=self.status,
            retry_after_ms=None if retry_after is None else int(retry_after * 1000),
            message=message,
        )

    def not_taken_over(self) -> Failure:
        """What an error about the request means where the request was to continue an answer."""
        refused = self.error is not None and self.error.refusal is not None
        kind = FailureKind.DECLINED if refused else FailureKind.REJECTED
        message = "the vendor did not take over the answer"
        return Failure(kind=kind, status=self.status, message=message)

    @property
    def sequence(self) -> int:
        """The number of the last event that the caller has been told, -1 before the first."""
        if self._translator is not None:
            return self._translator.sequence
        return -1 if self.reader is None else self.reader.sequence

    @property
    def usage(self) -> Usage | None:
        """Tokens: as the vendor says, or estimated; None where nothing was answered."""
        if self.answer is not None:
            return self.answer.usage
        if self.reader is not None and 200 <= self.status < 300:
            return self.reader.estimate_usage(self._request_size)
        return None

    @property
    def model(self) -> str:
        """Who answers, as the vendor says so far; empty where it has not said."""
        source = self.answer if self.answer is not None else self.reader
        return "" if source is None else source.model or ""

    @property
    def said(self) -> tuple[str, str, str, str]:
        """What the answer says of itself: model, stop reason, refusal, residency."""
        source = self.answer if self.answer is not None else self.reader
        declined = "" if self.error is None else self.error.refusal or ""
        if source is None:
            return "", "", declined, ""
        return (
            source.model or "",
            source.stop_reason or "",
            source.refusal or declined,
            source.residency or "",
        )

    def _translated(self, frames: list[Frame]) -> list[Frame]:
        translator, reader = self._translator, self.reader
        if translator is not None and reader is not None:
            frames = [translator.frame(frame, reader) for frame in frames]
        if self._retelling is not None:
            frames = [self._retelling.frame(frame) for frame in frames]
        return frames

    def _malformed(self, message: str) -> Signal:
        return Event.FAILED, Failure(
            kind=FailureKind.MALFORMED, status=self.status, message=message
        )
