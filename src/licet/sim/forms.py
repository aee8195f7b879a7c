"""The dialects side by side: what the vendors need of a wire format, and who gives it.

The modules `chat`, `messages` and `responses` have the same face, so that no vendor asks which
it speaks.
"""

from __future__ import annotations

from typing import Protocol

from licet.sim import chat, messages, responses
from licet.sim.answers import Answer, Refusing
from licet.sim.pieces import Piece
from licet.sim.questions import Dialect, Rejection


class Form(Protocol):
    """A wire format. `request_id` is the vendor's own id of the request."""

    MALFORMED: bytes

    def whole(self, answer: Answer) -> bytes:
        """The body of an answer that is not streamed."""

    def stream(self, answer: Answer, *, chunks: int, include_usage: bool) -> tuple[Piece, ...]:
        """The events of a streamed answer, its texts in about `chunks` chunks each."""

    def failure(self, status: int) -> Rejection:
        """The error that goes with a status out of the script."""

    def refusing(self, what: Refusing) -> Rejection:
        """The error by which the request's content is refused."""

    def error(self, rejection: Rejection, request_id: str) -> bytes:
        """The body of an error."""

    def error_event(self, rejection: Rejection, request_id: str) -> bytes:
        """An error inside a stream whose 200 has already been sent."""

    def headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        """What the dialect's vendors add to every answer."""

    def models(self, vendor: str, names: tuple[str, ...], created: int) -> bytes:
        """The list of models, in one page; `created` is in seconds since the Unix epoch."""

    def model(self, vendor: str, name: str, created: int) -> bytes:
        """One model of the list."""


FORMS: dict[Dialect, Form] = {"chat": chat, "messages": messages, "responses": responses}
