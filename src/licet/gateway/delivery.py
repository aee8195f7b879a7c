"""The way of an answer to its caller: what was shown, what is held back, and its digest."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from licet.evidence import KeyedDigest
from licet.gateway.keeping import Keeping
from licet.gateway.reply import Reply
from licet.wire import Transcript, keep_alive


class Delivery:
    """Passes a stream on, or hands over a whole answer, and digests what the caller gets.

    `held` are frames that wait for the first content or the disk; `last` are those that wait
    for the outcome's record. `transcript` reads along, where the answer may be handed over, and
    `keeping` where it is kept.
    """

    __slots__ = ("_begun", "_digest", "_keeping", "_reply", "held", "last", "transcript")

    def __init__(self, reply: Reply, digest: KeyedDigest, keeping: Keeping | None) -> None:
        self._reply = reply
        self._keeping = keeping
        self._digest = digest
        self._begun: hmac.HMAC | None = None
        self.held: list[bytes] = []
        self.last: list[bytes] = []
        self.transcript: Transcript | None = None

    @property
    def started(self) -> bool:
        return self._reply.started

    @property
    def gone(self) -> bool:
        return self._reply.gone

    def forget(self) -> None:
        """Another attempt begins: what the last one left was never shown."""
        if self.held or self.last:
            self.held, self.last = [], []

    def restore(self, held: list[bytes], last: list[bytes]) -> None:
        """What an earlier attempt left is shown after all."""
        self.held, self.last = held, last

    def release(self, headers: bytes) -> None:
        """Head and held frames go out; from now on the caller reads along."""
        self._reply.start_stream(headers)
        self.resume()

    def resume(self) -> None:
        """The held frames go out: of a stream, or of whoever continues it."""
        held, self.held = self.held, []
        self.pass_on(b"".join(held))

    def pass_on(self, data: bytes) -> None:
        if data:
            self._digested(data)
            if self.transcript is not None:
                self.transcript.read(data)
            self._reply.chunk(data)

    def keep_alive(self) -> None:
        """Something that says nothing, for whatever cuts a silence on the way."""
        self.pass_on(keep_alive(self._reply.dialect))

    def seal(self, body: bytes) -> str:
        """The keyed digest (hex) of everything that the caller gets, before the end of it."""
        if body:
            if self._keeping is not None:
                self._keeping.said(body)
            return self._digest(body)
        return self._digested(b"".join((*self.held, *self.last))).hexdigest()

    def _digested(self, data: bytes) -> hmac.HMAC:
        digest = self._begun
        if digest is None:
            digest = self._begun = self._digest.begin()
        digest.update(data)
        if self._keeping is not None:
            self._keeping.said(data)
        return digest

    def end(self, headers: Callable[[], bytes]) -> None:
        """The rest of a stream and its last frames."""
        if not self._reply.started:
            self._reply.start_stream(headers())
        self._reply.chunk(b"".join(self.held))
        self._reply.end_stream(b"".join(self.last))
