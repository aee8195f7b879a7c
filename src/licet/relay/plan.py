"""The plan: the ordered, permitted, able endpoints of one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from licet.catalog import Candidate, Workload
from licet.policy import Decision, Duty, Verdict


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a request's `model` names: a workload's plan, or one model of a workload.

    `asked`: the name as the caller wrote it. `first_choice`: the model whose absence the
    caller must be told of. `routes`: whom refusals may be routed to.
    """

    asked: str
    workload: Workload
    candidates: tuple[Candidate, ...]
    routes: tuple[Candidate, ...] = ()

    @property
    def first_choice(self) -> str:
        return self.candidates[0].model


def target(
    name: str, workloads: Iterable[Workload], speaks: Callable[[Candidate], bool]
) -> Target | None:
    """Finds what `name` means for a key with these workloads, in the key's order.

    A workload's id wins over a model's. A model stands for itself alone, at all its
    endpoints; where the workload says `substitute`, the other candidates follow it. Of the
    workloads with the model, the first that has an endpoint which `speaks` the
    caller's own dialect is meant.
    """
    offered = tuple(workloads)
    for workload in offered:
        if workload.id == name:
            own = workload.candidates
            return Target(asked=name, workload=workload, candidates=own, routes=_routes(workload))
    having = [w for w in offered if any(c.model == name for c in w.candidates)]
    if not having:
        return None
    speaking = (w for w in having if any(c.model == name and speaks(c) for c in w.candidates))
    chosen = next(speaking, having[0])
    own = tuple(c for c in chosen.candidates if c.model == name)
    others = tuple(c for c in chosen.candidates if c.model != name) if chosen.substitute else ()
    routes = _routes(chosen) if chosen.substitute else ()
    return Target(asked=name, workload=chosen, candidates=own + others, routes=routes)


def _routes(workload: Workload) -> tuple[Candidate, ...]:
    """Whom the workload's rules route refusals to, each once."""
    each = (candidate for rule in workload.on_refusal for candidate in rule.candidates)
    return tuple(dict.fromkeys(each))


def of_one_model(wanted: Target, serves: Callable[[Candidate], bool]) -> Target:
    """The target with a single model's candidates: the first that any endpoint `serves`.

    It depends on nothing that changes from one request to the next, for vectors of two models
    must never come to lie in one index.
    """
    serving = (c.model for c in wanted.candidates if serves(c))
    model = next(serving, wanted.first_choice)
    own = tuple(c for c in wanted.candidates if c.model == model)
    return Target(asked=wanted.asked, workload=wanted.workload, candidates=own)


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate and what was found: `able`: the request can be said in its dialect;
    `available` as the dated facts have it, `healthy` as its breaker has it."""

    candidate: Candidate
    decision: Decision
    able: bool = True
    available: bool = True
    healthy: bool = True


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`steps`: what to try, in order. `considered`: every candidate with what was found; `routes`
    the same for whom refusals may be routed to."""

    target: Target
    considered: tuple[Considered, ...]
    steps: tuple[Candidate, ...]
    routes: tuple[Considered, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Permitted if any candidate is; else that of the first choice."""
        if any(c.decision.permitted for c in self.considered):
            return Verdict.PERMITTED
        return self.considered[0].decision.verdict

    @property
    def barring(self) -> tuple[str, ...]:
        """The directives that stand between the caller and a candidate, in order."""
        return tuple(
            dict.fromkeys(
                directive
                for c in self.considered
                if not c.decision.permitted
                for directive in c.decision.deciding
            )
        )

    @property
    def duties(self) -> tuple[Duty, ...]:
        """Those that attach to any step, each once."""
        each = (duty for step in self.steps for duty in self.duties_of(step))
        return tuple(dict.fromkeys(each))

    def duties_of(self, step: Candidate) -> tuple[Duty, ...]:
        """Those that attach to the answer of this step."""
        found = (*self.considered, *self.routes)
        return next((c.decision.duties for c in found if c.candidate == step), ())

    @property
    def reachable(self) -> tuple[Candidate, ...]:
        """The steps, and whom refusals may be routed to."""
        routed = (c.candidate for c in self.routes if c.candidate not in self.steps)
        return (*self.steps, *routed)


def plan(
    wanted: Target,
    *,
    decide: Callable[[Candidate], Decision],
    able: Callable[[Candidate], bool],
    available: Callable[[Candidate], bool],
    healthy: Callable[[Candidate], bool],
) -> Plan:
    """Considers every candidate of `wanted` in order.

    Candidates whose breaker is open are left out while a healthy one is there; where none
    is, they are tried all the same: a guess about health must not refuse a permitted person.
    """

    def consider(one: Candidate) -> Considered:
        return Considered(
            candidate=one,
            decision=decide(one),
            able=able(one),
            available=available(one),
            healthy=healthy(one),
        )

    considered = tuple(consider(one) for one in wanted.candidates)
    usable = [c for c in considered if c.decision.permitted and c.able and c.available]
    steps = [c.candidate for c in usable if c.healthy] or [c.candidate for c in usable]
    routes = tuple(consider(one) for one in wanted.routes)
    return Plan(target=wanted, considered=considered, steps=tuple(steps), routes=routes)
