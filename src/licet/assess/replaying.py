"""Replay: a recorded decision is decided again, and must come out the same, member by member.

A decision follows from four things: the snapshot that its record names, what was known of the
person (the opening of its commitment), who asked for what (the record), and the instant. All
that came from elsewhere, whether an endpoint was available, healthy or spoke the dialect, is
taken from the record as it is: replay judges verdicts, not outages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from licet.evidence import Candidate, DecisionLeaf, Observed
from licet.policy import Action, Decision, Known, Ruleset, Snapshot
from licet.relay import of_one_model, target
from licet.terms import EvidenceFault, Instant, Profile, parse_instant

KNOWN_MAX = 50_000
"""Persons in a workload that a replay remembers; forgotten, they are looked at again."""

Unreplayed = Literal["erased", "snapshot_missing", "opening_malformed"]
"""Why a decision cannot be decided again: nobody guesses."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a record that comes out otherwise: as recorded, and as decided again."""

    member: str
    recorded: Any
    again: Any


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A decision decided again; without differences it is the same, bit for bit."""

    request: str
    verdict: str
    differences: tuple[Difference, ...] = ()


class _Again(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a decision leaf that follow from the rules."""

    verdict: str
    deciding: tuple[str, ...]
    relieving: tuple[str, ...]
    missing: tuple[tuple[str, ...], ...]
    observed: Observed | None
    candidates: tuple[Candidate, ...]
    candidates_left_out: int
    routes: tuple[Candidate, ...] = ()


def profile_of(inputs: bytes, parts: tuple[bytes, ...]) -> Profile:
    """The attested profile in an opening: the part that `inputs` names by its SHA-256.

    Raises `EvidenceFault` (`opening_malformed`) when it is not there or is not one.
    """
    try:
        named = msgspec.json.decode(inputs, type=dict[str, Any]).get("profile")
        for part in parts:
            if sha256(part).hexdigest() == named:
                return msgspec.json.decode(part, type=Profile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EvidenceFault("opening_malformed", f"an opening cannot be read: {error}") from error
    raise EvidenceFault("opening_malformed", "an opening does not hold the profile that it names")


class Replaying:
    """Decides many records again. `snapshot` gives the snapshot of a digest.

    `today`: instead of the snapshot that a record names, what is known now: as of the record's own
    instant, with everything that was recorded since.
    """

    def __init__(
        self, snapshot: Callable[[str], Snapshot], *, today: Snapshot | None = None
    ) -> None:
        self._snapshot = snapshot
        self._today = today
        self._known: dict[tuple[int, bytes, str, str], tuple[Ruleset, Known, Instant]] = {}
        self._profiles: dict[bytes, Profile] = {}

    def replay(self, leaf: DecisionLeaf, inputs: bytes, parts: tuple[bytes, ...]) -> Replayed:
        """Raises what `snapshot` raises, and `EvidenceFault` (`opening_malformed`)."""
        snapshot = self._today or self._snapshot(leaf.snapshot)
        valid_at = parse_instant(leaf.valid_at)
        rules = snapshot.select(valid_at, None, leaf.error_us)
        known = self._know(rules, leaf, valid_at, inputs, parts)
        again = _decide(leaf, snapshot, rules, known, asked_again=self._today is None)
        names = _Again.__struct_fields__ if self._today is None else ("verdict", "deciding")
        return Replayed(
            request=leaf.request,
            verdict=again.verdict,
            differences=tuple(
                Difference(member=name, recorded=getattr(leaf, name), again=getattr(again, name))
                for name in names
                if getattr(leaf, name) != getattr(again, name)
            ),
        )

    def _know(
        self,
        rules: Ruleset,
        leaf: DecisionLeaf,
        valid_at: Instant,
        inputs: bytes,
        parts: tuple[bytes, ...],
    ) -> Known:
        key = (id(rules), inputs, leaf.organisation, leaf.workload)
        found = self._known.get(key)
        if found is not None:
            _, known, since = found
            if since <= valid_at and (known.until is None or valid_at < known.until):
                return known
        profile = self._profiles.get(inputs)
        if profile is None:
            profile = profile_of(inputs, parts)
            self._profiles[inputs] = profile
        known = rules.know(profile, leaf.organisation, leaf.workload, valid_at)
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
            self._profiles.clear()
        # The ruleset is kept with it, so that its identity is nobody else's meanwhile.
        self._known[key] = (rules, known, valid_at)
        return known


def _decide(
    leaf: DecisionLeaf, snapshot: Snapshot, rules: Ruleset, known: Known, *, asked_again: bool
) -> _Again:
    steps, routes = _steps(leaf, snapshot) if asked_again else (_recorded_steps(leaf), [])
    action = Action(leaf.action)
    decisions = [rules.decide(known, model, endpoint, action) for endpoint, model in steps]
    unable = {(one.endpoint, one.model): one.unable for one in leaf.candidates}
    shown = len(leaf.candidates)
    candidates = tuple(
        _candidate(step, decision, unable)
        for step, decision in zip(steps[:shown], decisions[:shown], strict=True)
    )
    unable |= {(one.endpoint, one.model): one.unable for one in leaf.routes}
    routed = tuple(
        _candidate((endpoint, model), rules.decide(known, model, endpoint, action), unable)
        for endpoint, model in routes[: len(leaf.routes)]
    )
    left_out = len(steps) - shown
    if leaf.reason != "admission":
        return _of_one(decisions[0], candidates, left_out)
    first = decisions[0]
    permitted = any(one.permitted for one in decisions)
    barring = [name for one in decisions if not one.permitted for name in one.deciding]
    return _Again(
        verdict="permitted" if permitted else first.verdict.value,
        deciding=tuple(dict.fromkeys(barring)),
        relieving=first.relieving,
        missing=first.missing,
        observed=_observed(first),
        candidates=candidates,
        candidates_left_out=left_out,
        routes=routed,
    )


def _of_one(verdict: Decision, candidates: tuple[Candidate, ...], left_out: int) -> _Again:
    """A decision taken again during a request, on one step."""
    return _Again(
        verdict=verdict.verdict.value,
        deciding=verdict.deciding,
        relieving=(),
        missing=verdict.missing,
        observed=None,
        candidates=candidates,
        candidates_left_out=left_out,
    )


def _steps(
    leaf: DecisionLeaf, snapshot: Snapshot
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Endpoint and model of every candidate of what was asked for, by the snapshot's catalogue;
    and the same of whom refusals may be routed to."""
    if leaf.reason != "admission":
        return _recorded_steps(leaf), []
    workloads = [one for one in snapshot.sources.workloads if one.id == leaf.workload]
    # Which of several endpoints speaks the caller's dialect decides between workloads, and the
    # record says which workload it was.
    wanted = target(leaf.asked, workloads, lambda _: True)
    if wanted is None:
        return _recorded_steps(leaf), []
    if leaf.operation == "embeddings":
        makers = {one.id for one in snapshot.sources.endpoints if one.serves("embeddings")}
        wanted = of_one_model(wanted, lambda one: one.endpoint in makers)
    routes = () if leaf.operation else wanted.routes
    candidates = [(one.endpoint, one.model) for one in wanted.candidates]
    return candidates, [(one.endpoint, one.model) for one in routes]


def _recorded_steps(leaf: DecisionLeaf) -> list[tuple[str, str]]:
    return [(one.endpoint, one.model) for one in leaf.candidates]


def _candidate(
    step: tuple[str, str], verdict: Decision, unable: Mapping[tuple[str, str], str]
) -> Candidate:
    endpoint, model = step
    return Candidate(
        endpoint=endpoint,
        model=model,
        verdict=verdict.verdict.value,
        deciding=verdict.deciding,
        relieving=verdict.relieving,
        missing=verdict.missing,
        unable=unable.get(step, "") if verdict.permitted else "",
    )


def _observed(verdict: Decision) -> Observed | None:
    if verdict.observed_verdict is None:
        return None
    return Observed(
        verdict=verdict.observed_verdict.value,
        deciding=verdict.observed,
        missing=verdict.observed_missing,
    )
