"""Handing out a key causes a release: what the rules say of that, before it is made."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from licet.policy.questions import Action, Decision, Verdict
from licet.policy.snapshot import Snapshot
from licet.terms import Instant, Profile


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a credential for one model in one workload may be handed out.

    Of several endpoints the most favourable verdict counts: any of them would serve.
    """

    workload: str
    model: str
    decision: Decision


_FAVOURABLE = (Verdict.PERMITTED, Verdict.UNDETERMINED, Verdict.REFUSED)


def releases(
    snapshot: Snapshot,
    at: Instant,
    profile: Profile,
    organisation: str,
    workloads: Iterable[str],
) -> tuple[Release, ...]:
    """The action `credential`, decided as of `at` for every model that the workloads have."""
    ruleset = snapshot.select(at)
    found: dict[tuple[str, str], Decision] = {}
    for name in workloads:
        known = ruleset.know(profile, organisation, name, at)
        workload = ruleset.workloads.get(name)
        for candidate in workload.reachable if workload is not None else ():
            decision = ruleset.decide(known, candidate.model, candidate.endpoint, Action.CREDENTIAL)
            key = (name, candidate.model)
            best = found.get(key, decision)
            found[key] = min(best, decision, key=lambda one: _FAVOURABLE.index(one.verdict))
    return tuple(
        Release(workload=workload, model=model, decision=decision)
        for (workload, model), decision in found.items()
    )
