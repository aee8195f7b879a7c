"""What a vendor may answer with beside what it is asked for, and what it answered with.

Both are decided by the rules of now: a substitute before it is named to the vendor, and a model of
the catalogue that nobody asked for when the vendor says that it answered.
"""

from __future__ import annotations

from functools import partial

from licet.catalog import Candidate
from licet.gateway.admission import Ground
from licet.gateway.answering import Substitutes
from licet.gateway.cases import Case
from licet.gateway.world import World
from licet.policy import Decision
from licet.wire import SUBSTITUTES, Request, is_named


def substitutes_for(world: World, case: Case, request: Request) -> Substitutes | None:
    """Which of the models that a request names may answer it; None where it names none."""
    if SUBSTITUTES.isdisjoint(request.fields):
        return None
    return Substitutes(partial(_permit, world, case), world.vendor_model)


def _permit(world: World, case: Case, endpoint: str, name: str) -> Candidate | None:
    """The candidate that `name`, in the catalogue or at the vendor, means at `endpoint`, where it
    may answer this caller there: one of what was asked for, which is permitted, to be had, and
    obliges to nothing more than whoever is asked does."""
    models = world.ways.endpoints[endpoint].models
    model = name if name in models else next((m for m in models if models[m] == name), "")
    step, wanted = Candidate(model=model, endpoint=endpoint), case.plan.target
    if step not in wanted.candidates or not world.is_available(step):
        return None
    caller = world.admission.again(case.caller)
    decision = world.decide(caller, wanted.workload, step)
    if not decision.permitted:
        return None
    # Whoever answers in another's place is known when it is too late to carry out more.
    plan = case.plan
    owed = [plan.duties_of(one) for one in plan.steps if one.endpoint == endpoint]
    return step if all(set(decision.duties) <= set(each) for each in owed) else None


def barred_answerer(
    world: World, ground: Ground, case: Case, endpoint: str, told: str
) -> tuple[Candidate, Decision] | None:
    """The model of the catalogue that a vendor means which says `told`, where nobody asked for it
    and this caller may not use it. None where there is no such model, or one of several that
    it may mean is permitted: then it is a breach, but nobody's refusal."""
    models = world.ways.endpoints[endpoint].models
    workload, found = case.plan.target.workload, None
    for model in world.snapshot.sources.models:
        if is_named(told, (models.get(model.id, model.id), model.id)):
            step = Candidate(model=model.id, endpoint=endpoint)
            decision = world.decide(ground.caller, workload, step)
            if decision.permitted:
                return None
            found = found or (step, decision)
    return found
