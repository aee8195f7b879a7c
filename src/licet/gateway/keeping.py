"""What is kept of one request and its answer, where the workload says so.

The bytes are those that the digests on record are of: a request as its caller sent it, an answer
as its caller got it, of a stream with all of its frames. Whoever has the key of the digests can
compare them, where they were kept whole.
"""

from __future__ import annotations

from licet.evidence import Content
from licet.terms import DAY_US, Instant, format_instant


class Keeping:
    """Gathers it: at most `bytes_max` of each of the two."""

    __slots__ = ("_bytes_max", "_holder", "_pieces", "_request", "_room", "_size", "_until")

    def __init__(
        self, request: str, holder: str, *, at: Instant, days: int, bytes_max: int
    ) -> None:
        """It is kept for `days` from the instant `at`, under the key of `holder`."""
        self._request = request
        self._holder = holder
        self._until = format_instant(Instant(at + days * DAY_US))
        self._bytes_max = bytes_max
        self._room = bytes_max
        self._pieces: list[bytes] = []
        self._size = 0

    def asked(self, body: bytes) -> Content:
        """The request, to be filed with the decision on it."""
        return Content(
            request=self._request,
            holder=self._holder,
            part="request",
            until=self._until,
            size=len(body),
            data=body[: self._bytes_max],
        )

    def said(self, data: bytes) -> None:
        """A piece of the answer; what is beyond the bound is counted and let go of."""
        self._size += len(data)
        if self._room > 0:
            self._pieces.append(data[: self._room])
            self._room -= len(data)

    def answer(self) -> Content:
        """The answer, to be filed with its outcome."""
        data, self._pieces = b"".join(self._pieces), []
        return Content(
            request=self._request,
            holder=self._holder,
            part="answer",
            until=self._until,
            size=self._size,
            data=data,
        )
