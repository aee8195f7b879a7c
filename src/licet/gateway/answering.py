"""Who may answer a request, and who did.

A vendor may be told of models that it may put in the place of the one asked for. Each is decided
like any candidate, for this caller and now; what was on record once is never added to. And
whatever was asked for, what a vendor says of who answered is held against it.
"""

from __future__ import annotations

from collections.abc import Callable

from licet.catalog import Candidate
from licet.wire import Request, is_named, substitutes_of, with_substitutes

Names = tuple[str, ...]

Substituted = tuple[Request, tuple[str, ...], tuple[Candidate, ...]]
"""A request as an endpoint gets it, the parameters that lost a name, and who is still named."""


class Substitutes:
    """Of one request. `permit`: the candidate that a name means at an endpoint, if it may answer
    this caller there; `spell`: what the vendor calls it."""

    __slots__ = ("_on_record", "_permit", "_spell")

    def __init__(
        self,
        permit: Callable[[str, str], Candidate | None],
        spell: Callable[[Candidate], str],
    ) -> None:
        self._permit = permit
        self._spell = spell
        self._on_record: dict[str, tuple[Candidate, ...]] = {}

    def of(self, request: Request, endpoint: str) -> Substituted:
        """The request with those alone that may answer at `endpoint` now, and might already when
        it was first asked."""
        before = self._on_record.get(endpoint)
        named: dict[str, Candidate] = {}
        for name in substitutes_of(request):
            found = self._permit(endpoint, name)
            if found is not None and (before is None or found in before):
                named[name] = found
        spelled = {name: self._spell(found) for name, found in named.items()}
        sent, lost = with_substitutes(request, lambda name: spelled.get(name, ""))
        permitted = tuple(dict.fromkeys(named.values()))
        if before is None:
            self._on_record[endpoint] = permitted
        return sent, lost, permitted


class Expected:
    """Who may give the answer of one attempt: the `step` that is asked, and the others that its
    vendor was told of; each with what it is called, the vendor's own name first."""

    __slots__ = ("_names", "_others", "step")

    def __init__(
        self, step: Candidate, names: Names, others: tuple[tuple[Candidate, Names], ...] = ()
    ) -> None:
        self.step = step
        self._names = names
        self._others = others

    def who(self, told: str) -> Candidate | None:
        """Whom a vendor means that says `told`; None: nobody who was asked. Where it says nothing,
        nothing is claimed."""
        if not told or told in self._names:
            return self.step
        for other, names in self._others:
            if told in names:
                return other
        if is_named(told, self._names):
            return self.step
        for other, names in self._others:
            if is_named(told, names):
                return other
        return None
