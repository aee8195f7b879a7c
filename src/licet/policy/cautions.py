"""What is sound and yet refuses more than its author may think: told beforehand.

A duty that nothing carries out refuses, and so do duties that contradict each other where both
attach. Neither keeps a restriction out, so neither is a fault: `licet check` warns of them, and
of refusals that an obligation says may not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from licet.policy.contests import Contest, InForce, contests
from licet.policy.directives import Alternative, Condition, Directive, Kind, Version
from licet.policy.duties import clash, unenforced
from licet.policy.phrases import moment, quoted
from licet.policy.questions import DeclaredAttribute, Sources
from licet.policy.selection import ALWAYS, NEVER, Window, date_versions, selected
from licet.policy.vocabulary import find_attribute
from licet.terms import Instant, is_place, to_datetime


class Caution(msgspec.Struct, frozen=True, kw_only=True):
    """`code`: `duty_without_enforcer`, `incompatible_duties` or `contested_refusal`; `version`:
    its number, from 1."""

    code: str
    directive: str
    version: int
    message: str


def cautions(sources: Sources) -> tuple[Caution, ...]:
    """Everything to be told of these sources, in the order of directives."""
    return (*_undone(sources), *_contradictions(sources), *_contested(sources))


def _undone(sources: Sources) -> Iterator[Caution]:
    for directive in sources.directives:
        for number, version in enumerate(directive.versions, 1):
            if names := list(dict.fromkeys(duty.kind for duty in unenforced(version))):
                relaxes = directive.kind is Kind.AUTHORISATION
                effect = "relieves nothing" if relaxes else "refuses all that it matches"
                whose = f"`{directive.id}@{number}`"
                yield Caution(
                    code="duty_without_enforcer",
                    directive=directive.id,
                    version=number,
                    message=f"nothing carries out {quoted(names)}, so {whose} {effect}; "
                    f"{_INSTEAD[directive.kind]}",
                )


_INSTEAD = {
    Kind.AUTHORISATION: "where somebody outside sees to it, have that attested as a fact, and make "
    "the fact a `[[version.condition]]` in the place of the duty",
    Kind.OBLIGATION: "where somebody outside sees to it, leave the duty out and say in `reading` "
    "who does",
}
"""What can be done about a duty that nothing here carries out; restrictions have none."""


def _contradictions(sources: Sources) -> Iterator[Caution]:
    """Pairs of versions that are in force together, can match one request, and clash."""
    told: set[tuple[str, int, str, int]] = set()
    bound = [one for one in sources.directives if any(each.duties for each in one.versions)]
    for point, selection in _selections(bound):
        in_force = [(one, index) for one, index in selection if one.versions[index].duties]
        for (first, mine), (second, theirs) in combinations(in_force, 2):
            key = (first.id, mine, second.id, theirs)
            if key not in told and _at_odds(
                first.versions[mine], second.versions[theirs], sources.rules.attributes
            ):
                told.add(key)
                since = moment(to_datetime(Instant(max(point, 0))))
                yield Caution(
                    code="incompatible_duties",
                    directive=first.id,
                    version=mine + 1,
                    message=(
                        f"`{first.id}@{mine + 1}` and `{second.id}@{theirs + 1}` have duties that "
                        f"nobody can meet together: where both attach, from {since} on, "
                        "everything is refused"
                    ),
                )


def _contested(sources: Sources) -> Iterator[Caution]:
    """Pairs of versions that are in force together, of which one refuses what the other says
    that nobody may refuse by."""
    if not any(
        duty.kind == "no_refusal_by"
        for one in sources.directives
        for version in one.versions
        for duty in version.duties
    ):
        return
    told: set[Contest] = set()
    for _, in_force in _selections(sources.directives):
        for contest in contests(in_force):
            if contest not in told:
                told.add(contest)
                yield Caution(
                    code="contested_refusal",
                    directive=contest.restriction,
                    version=contest.version,
                    message=contest.message,
                )


def _selections(directives: Sequence[Directive]) -> Iterator[tuple[int, list[InForce]]]:
    """What is in force together, from each instant on at which that changes."""
    dated = {one.id: date_versions(one.versions) for one in directives}
    points = {ALWAYS} | {
        point for each in dated.values() for one in each for point in (one.start, one.end)
    }
    for point in sorted(points - {NEVER}):
        found = []
        for one in directives:
            (index,) = selected(dated[one.id], Window(point, point))
            if index is not None:
                found.append((one, index))
        yield point, found


def _at_odds(one: Version, other: Version, declared: Mapping[str, DeclaredAttribute]) -> bool:
    return clash((*one.duties, *other.duties)) and any(
        not _exclude(mine, theirs, declared)
        for mine in one.applies or (_EVERYTHING,)
        for theirs in other.applies or (_EVERYTHING,)
    )


_EVERYTHING = Alternative(conditions=())


def _exclude(
    one: Alternative, other: Alternative, declared: Mapping[str, DeclaredAttribute]
) -> bool:
    """Whether no request meets both: some attribute with one value would need two.

    Only what is written counts, no lists and no exceptions: sooner a warning too many.
    """
    return any(
        mine.attribute == theirs.attribute
        and _plain(mine, declared)
        and _plain(theirs, declared)
        and not set(mine.any_of) & set(theirs.any_of)
        for mine in one.conditions
        for theirs in other.conditions
    )


def _plain(condition: Condition, declared: Mapping[str, DeclaredAttribute]) -> bool:
    """Whether it tests one value against values that are written out."""
    attribute = find_attribute(condition.attribute, dict(declared))
    if not (condition.any_of and attribute.scalar) or attribute.only_lists:
        return False
    return attribute.listed is None or all(is_place(str(value)) for value in condition.any_of)
