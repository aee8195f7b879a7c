"""A request and its answer between two dialects: the caller's, and that of whoever answers.

Where both are the same, bytes pass as they came. A translation is made once for a dialect, when
a step needs it, and never changes what the relay sees: kinds of frames, failures and ends are
about the vendor.
"""

from __future__ import annotations

from licet.gateway.intake import Intake, IntakeLimits
from licet.terms import CallerFault, Instant
from licet.wire import (
    AnswerTranslator,
    Dialect,
    Header,
    Request,
    Translated,
    translate_request,
    write_request,
)

Losses = tuple[tuple[str, ...], tuple[str, ...]]
"""Names of what was dropped, and of what was stripped."""

NO_LOSSES: Losses = ((), ())


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
        if dialect == self.request.dialect:
            return None
        found = self._find(dialect)
        return found if isinstance(found, CallerFault) else None

    def losses(self, dialect: Dialect) -> Losses:
        """What does not reach a vendor that speaks `dialect`."""
        if dialect == self.request.dialect:
            return NO_LOSSES
        found = self._to(dialect)
        return found.dropped, found.stripped

    def body(self, dialect: Dialect, model: str) -> bytes:
        """The body for a vendor that calls the model `model`."""
        request = self.request
        if dialect != request.dialect:
            request = self._to(dialect).request
        return write_request(request, model=model)

    def intake(self, dialect: Dialect, limits: IntakeLimits, now: Instant) -> Intake:
        """What reads the answer of a vendor that speaks `dialect`."""
        request = self.request
        translator = None
        self.lost = self.losses(dialect)
        if dialect != request.dialect:
            translator = AnswerTranslator(
                dialect,
                request.dialect,
                created_s=now // 1_000_000,
                usage_asked=request.usage_asked,
                request_size=request.size,
            )
        return Intake(
            dialect,
            stream=request.stream,
            usage_asked=request.usage_asked,
            request_size=request.size,
            limits=limits,
            translator=translator,
        )

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
