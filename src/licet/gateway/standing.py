"""What stands as of an instant: the part of `licet status` that is about directives."""

from __future__ import annotations

from datetime import datetime

import msgspec

from licet.gateway.register_history import History, Overdue
from licet.policy import Contest, Directive, Mode, Snapshot, contests
from licet.terms import Instant, format_instant, to_instant


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """A version that applies; instants as text."""

    id: str
    version: int
    title: str
    authority: str
    since: str
    until: str | None = None
    suspension: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`contested`: refusals that an obligation says may not be, and that stand. `upcoming`: the
    next instant at which anything changes by itself."""

    in_force: tuple[Selected, ...]
    observed: tuple[Selected, ...]
    overdue: tuple[Overdue, ...]
    contested: tuple[Contest, ...] = ()
    upcoming: str | None = None


def stand(snapshot: Snapshot, at: Instant, history: History) -> Standing:
    """What `snapshot` selects as of `at`, and which reviews are past."""
    ruleset = snapshot.select(at)
    suspended = {one.id for one in history.suspensions}
    found: dict[Mode, list[Selected]] = {Mode.ENFORCE: [], Mode.OBSERVE: []}
    in_force: list[tuple[Directive, int]] = []
    for name, number, mode in ruleset.in_force:
        directive = snapshot.directive(name)
        if directive is None:
            # A rule of the settings (clearance by default), which no directive carries.
            continue
        in_force.append((directive, number - 1))
        version = directive.versions[number - 1]
        found[mode].append(
            Selected(
                id=name,
                version=number,
                title=directive.title or name,
                authority=directive.authority,
                since=_text(version.effective_from),
                until=None if version.effective_until is None else _text(version.effective_until),
                suspension=name in suspended,
            )
        )
    return Standing(
        in_force=tuple(found[Mode.ENFORCE]),
        observed=tuple(found[Mode.OBSERVE]),
        overdue=tuple(
            Overdue(id=name, due=format_instant(due))
            for name, due in sorted(history.reviews.items())
            if due is not None and due < at
        ),
        contested=contests(in_force),
        upcoming=None if ruleset.boundary is None else format_instant(ruleset.boundary),
    )


def _text(moment: datetime) -> str:
    return format_instant(to_instant(moment))
