"""A request and its answer between two dialects: the caller's, and that of whoever answers.

Where both are the same, bytes pass as they came. A translation is made once for a dialect, when
a step needs it, and never changes what the relay sees: kinds of frames, failures and ends are
about the vendor.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from licet.catalog import Candidate
from licet.gateway.answering import Expected, Substitutes
from licet.gateway.clock import DecisionClock
from licet.gateway.fittings import Fittings
from licet.gateway.intake import Intake, IntakeLimits
from licet.terms import CallerFault, Place
from licet.wire import (
    Answer,
    AnswerTranslator,
    Dialect,
    Header,
    Operation,
    Request,
    Retelling,
    Transcript,
    Translated,
    Usage,
    missing_part,
    read_answer,
    read_count,
    read_embeddings,
    translate_request,
    without_reasoning,
    write_request,
)

Losses = tuple[tuple[str, ...], tuple[str, ...], str, tuple[str, ...]]
"""Names of what was dropped, and of what was stripped; where the vendor is asked to infer; the
models that it is told it may answer with by itself."""

NO_LOSSES: Losses = ((), (), "", ())

_READ: dict[Operation, Callable[..., Answer]] = {
    "answer": read_answer,
    "embeddings": read_embeddings,
    "count_tokens": read_count,
}

_REASONING = ("input.reasoning",)

Rest = tuple[Transcript, bytes, Usage | None]
"""What the caller has read, what it is told of who goes on (JSON), and what it took so far."""


class Passage:
    """One request. `passed`: the caller's headers that are parameters of its dialect; `left`: the
    names of those that no vendor gets. `lost`: what did not reach the vendor that the present
    answer is from; `expected`: who may give it. `foreign`: endpoints that may not see the reasoning
    in it, which is another vendor's. `substitutes`: of models that it names beside its own, those
    that may answer; None where it names none."""

    __slots__ = ("_bare", "_fittings", "_known", "_lossless", "_retelling", "expected", "foreign",
                 "left", "lost", "passed", "request", "substitutes")  # fmt: skip

    def __init__(
        self,
        request: Request,
        passed: tuple[Header, ...],
        *,
        lossless: bool,
        fittings: Fittings | None = None,
        foreign: frozenset[str] = frozenset(),
        left: tuple[str, ...] = (),
        substitutes: Substitutes | None = None,
        retelling: Retelling | None = None,
    ) -> None:
        self.left = left
        self.substitutes = substitutes
        self.expected: Expected | None = None
        self._fittings = fittings
        self._retelling = retelling
        self.foreign = foreign
        self._bare: Request | None = None
        self.request = request
        self.passed = passed
        self._lossless = lossless
        self.lost = NO_LOSSES
        self._known: dict[Dialect, Translated | CallerFault] | None = None

    def barrier(self) -> CallerFault | None:
        """Why the request cannot be said in any dialect; None where it can."""
        if not self.left or not self._lossless:
            return missing_part(self.request)
        name = self.left[0]
        return CallerFault(
            "untranslatable",
            f"`{name}` chooses an account of the vendor's, which is the operator's to choose",
            place=Place(name),
            remedy="leave it out",
        )

    def fault(self, dialect: Dialect) -> CallerFault | None:
        """Why the request cannot be said in `dialect`; None where it can."""
        if self._is_said(dialect):
            return None
        found = self._find(dialect)
        return found if isinstance(found, CallerFault) else None

    def unpermitted(self, dialect: Dialect, step: Candidate) -> CallerFault | None:
        """Why a request of which nothing may be left out cannot go to a `step` whose endpoint
        speaks `dialect`: it names models that may not answer there."""
        if self.substitutes is None or not self._lossless:
            return None
        endpoint = step.endpoint
        _, lost, _ = self.substitutes.of(self._fitted(dialect, endpoint), endpoint)
        if not lost:
            return None
        return CallerFault(
            "unpermitted_substitute",
            f"`{lost[0]}` lets the vendor answer with models that may not answer here",
            place=Place(lost[0]),
            remedy="name models of this workload that you may use there, or leave it out",
        )

    def losses(self, dialect: Dialect, endpoint: str) -> Losses:
        """What does not reach an `endpoint` that speaks `dialect`."""
        lost: Losses = (self.left, (), "", ()) if self.left else NO_LOSSES
        if not self._is_said(dialect):
            found = self._to(dialect)
            lost = self.left + found.dropped, found.stripped, "", ()
        elif endpoint in self.foreign:
            lost = self.left, _REASONING, "", ()
        if self._fittings is not None:
            fitted = self._fittings.fit(endpoint, self._said(dialect, endpoint))
            if fitted is not None:
                dropped, stripped, _, _ = lost
                lost = dropped + fitted.dropped, stripped + fitted.stripped, fitted.geo, ()
        if self.substitutes is None:
            return lost
        _, left, others = self.substitutes.of(self._fitted(dialect, endpoint), endpoint)
        return lost[0] + left, lost[1], lost[2], tuple(one.model for one in others)

    def body(self, dialect: Dialect, model: str, endpoint: str) -> bytes:
        """The body for an `endpoint` that calls the model `model`."""
        return write_request(self.said_to(dialect, endpoint), model=model)

    def said_to(self, dialect: Dialect, endpoint: str) -> Request:
        """The request as an `endpoint` that speaks `dialect` is asked it."""
        request = self._fitted(dialect, endpoint)
        if self.substitutes is None:
            return request
        return self.substitutes.of(request, endpoint)[0]

    def others(self, dialect: Dialect, endpoint: str) -> tuple[Candidate, ...]:
        """Who may answer at `endpoint` in the place of whoever is asked."""
        if self.substitutes is None:
            return ()
        return self.substitutes.of(self._fitted(dialect, endpoint), endpoint)[2]

    def _fitted(self, dialect: Dialect, endpoint: str) -> Request:
        request = self._said(dialect, endpoint)
        if self._fittings is None:
            return request
        fitted = self._fittings.fit(endpoint, request)
        return request if fitted is None else fitted.request

    def _said(self, dialect: Dialect, endpoint: str) -> Request:
        if not self._is_said(dialect):
            return self._to(dialect).request
        if endpoint not in self.foreign:
            return self.request
        if self._bare is None:
            fields = self.request.fields
            bare = {**fields, "input": without_reasoning(fields["input"])}
            self._bare = structs.replace(self.request, fields=bare)
        return self._bare

    def intake(
        self,
        dialect: Dialect,
        endpoint: str,
        limits: IntakeLimits,
        clock: DecisionClock,
        *,
        rest: Rest | None = None,
    ) -> Intake:
        """What reads the answer of a vendor that speaks `dialect`; with `rest`, the remainder of
        one that the caller has begun to read."""
        request = self.request
        translator = None
        self.lost = self.losses(dialect, endpoint)
        if rest is not None or not self._is_said(dialect):
            translator = AnswerTranslator(
                dialect,
                request.dialect,
                created_s=clock.now() // 1_000_000,
                usage_asked=request.usage_asked,
                request_size=request.size,
                asked=request.fields,
            )
            if rest is not None:
                translator.resume(*rest)
        return Intake(
            request.dialect if translator is None else dialect,
            stream=request.stream,
            usage_asked=request.usage_asked,
            request_size=request.size,
            limits=limits,
            translator=translator,
            read=_READ[request.operation],
            retelling=self._retelling,
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
