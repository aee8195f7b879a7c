"""A request and its answer between two dialects: the caller's, and that of whoever answers.

Where both are the same, bytes pass as they came. A translation is made once for a dialect, when
a step needs it, and never changes what the relay sees: kinds of frames, failures and ends are
about the vendor.
"""

from __future__ import annotations

from collections.abc import Callable

from licet.gateway.intake import Intake, IntakeLimits
from licet.terms import CallerFault, Instant
from licet.wire import (
    Answer,
    AnswerTranslator,
    Dialect,
    Header,
    Operation,
    Request,
    Translated,
    read_answer,
    read_count,
    read_embeddings,
    translate_request,
    write_request,
)

Losses = tuple[tuple[str, ...], tuple[str, ...]]
"""Names of what was dropped, and of what was stripped."""

NO_LOSSES: Losses = ((), ())

_READ: dict[Operation, Callable[..., Answer]] = {
    "answer": read_answer,
    "embeddings": read_embeddings,
    "count_tokens": read_count,
}


class Passage:
    """One request. `passed`: the caller's headers that are parameters of its dialect. `lost`:
    what did not reach the vendor that the present answer is from."""

    __slots__ = ("_known", "_lossless", "lost", "passed", "request")

    def __init__(self, request: Request, passed: tuple[Header, ...], *, lossless: bool) -> None:
        self.request = request
        self.passed = passed
        self._lossless = lossless
        self.lost = NO_LOSSES
        self._known: dict[Dialect, Translated | CallerFault] | None = None

    def fault(self, dialect: Dialect) -> CallerFault | None:
        """Why the request cannot be said in `dialect`; None where it can."""
        if self._is_said(dialect):
            return None
        found = self._find(dialect)
        return found if isinstance(found, CallerFault) else None

    def losses(self, dialect: Dialect) -> Losses:
        """What does not reach a vendor that speaks `dialect`."""
        if self._is_said(dialect):
            return NO_LOSSES
        found = self._to(dialect)
        return found.dropped, found.stripped

    def body(self, dialect: Dialect, model: str) -> bytes:
        """The body for a vendor that calls the model `model`."""
        request = self.request
        if not self._is_said(dialect):
            request = self._to(dialect).request
        return write_request(request, model=model)

    def intake(self, dialect: Dialect, limits: IntakeLimits, now: Instant) -> Intake:
        """What reads the answer of a vendor that speaks `dialect`."""
        request = self.request
        translator = None
        self.lost = self.losses(dialect)
        if not self._is_said(dialect):
            translator = AnswerTranslator(
                dialect,
                request.dialect,
                created_s=now // 1_000_000,
                usage_asked=request.usage_asked,
                request_size=request.size,
                asked=request.fields,
            )
        return Intake(
            request.dialect if translator is None else dialect,
            stream=request.stream,
            usage_asked=request.usage_asked,
            request_size=request.size,
            limits=limits,
            translator=translator,
            read=_READ[request.operation],
        )

    def _is_said(self, dialect: Dialect) -> bool:
        """Whether the request goes as it is: what is no answer is asked for in one way alone."""
        return dialect == self.request.dialect or self.request.operation != "answer"

    def _to(self, dialect: Dialect) -> Translated:
        found = self._find(dialect)
        if isinstance(found, CallerFault):
            raise found
        return found

    def _find(self, dialect: Dialect) -> Translated | CallerFault:
        if self._known is None:
            self._known = {}
        found = self._known.get(dialect)
        if found is None:
            try:
                found = translate_request(
                    self.request, dialect, lossless=self._lossless, headers=self.passed
                )
            except CallerFault as fault:
                found = fault
            self._known[dialect] = found
        return found
