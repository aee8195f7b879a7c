"""What an unknown attribute may turn out to be, as far as the tests on it can tell.

For one attribute and the tests on it that are open, `choices` gives every combination of
answers that some completion of what is known produces. Values that no test tells apart
are one class, and not told apart means: however lists answer (`Answers`). A set grows by any
number of elements; an element of a free set may or may not be on a list that does not say.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from itertools import combinations, product

import msgspec

from licet.policy.axioms import GIVES_NATIONALITY, US, Person, makes_us_person
from licet.policy.directives import View
from licet.policy.holdings import Holding
from licet.policy.matching import OTHER, ElementTest, OneStatus, Stand
from licet.policy.rolls import Answers
from licet.policy.sightings import Label, Opened, Seen, Tests, TooMany, held
from licet.policy.vocabulary import Attribute, Element, missing_name
from licet.terms import Relation, Standing, places

STATES_MAX = 512
"""Combinations of answers on one attribute beyond which the verdict stays undetermined."""

UNDATED_MAX = 8
"""Statuses of one person of which nobody said since when, likewise."""

PLENTY = 1 << 16
"""How many elements there are of a kind that is not limited."""


class Choice(msgspec.Struct, frozen=True):
    """One way in which the open tests may turn out: a bit for each test that holds, in each of
    the ways in which lists may answer."""

    bits: int
    labels: tuple[Label, ...] = ()


Way = tuple[Hashable, ...]
"""Elements that are there together."""


def choices(attribute: Attribute, holding: Holding, tests: Tests, answers: Answers) -> list[Choice]:
    """Every way in which the tests on an attribute other than standing and owners may turn
    out."""
    known = held(tests, holding.elements, answers)
    if holding.complete:
        return [Choice(known)]
    kinds = _kinds(attribute, tests, answers)
    opened = Opened(tests, (one for ways, _ in kinds for way in ways for one in way), answers)
    groups: dict[frozenset[Seen], int] = {}
    for ways, many in kinds:
        group = frozenset(
            seen
            for way in ways
            for seen in opened.sightings(way, partial(held, tests, way, answers))
        )
        groups[group] = groups.get(group, 0) + many
    if attribute.scalar:
        grown = {seen for group in groups for seen in group}
    else:
        grown = _grow(opened.settled(known), groups)
    name = missing_name(attribute.held)
    return [
        Choice(seen.bits, opened.labels(name, seen))
        for seen in sorted(grown, key=lambda seen: (seen.bits, seen.hulls))
    ]


def _kinds(attribute: Attribute, tests: Tests, answers: Answers) -> list[tuple[list[Way], int]]:
    """Who or what may be there besides: the ways in which one of a kind is, and how many of the
    kind there are."""
    if attribute.element is not Element.ENGAGEMENT:
        return [([(element,)], 1) for element in _universe(attribute, tests)]
    named = {str(name) for _, test in tests for name in test.mentioned}
    named |= {member for _, member in answers.memberships}
    relations = tuple(relation.value for relation in Relation)
    subsets = [
        subset for size in range(len(relations) + 1) for subset in combinations(relations, size)
    ]
    return [
        (
            [tuple((relation, organisation) for relation in subset) for subset in subsets],
            PLENTY if organisation == OTHER else 1,
        )
        for organisation in (*sorted(named), OTHER)
    ]


def _universe(attribute: Attribute, tests: Tests) -> Iterable[Hashable]:
    mentioned = frozenset[Hashable]().union(*(test.mentioned for _, test in tests))
    match attribute.element:
        case Element.FLAG:
            return (False, True)
        case Element.PLACE:
            return sorted(places())
        case Element.NUMBER:
            numbers = {n for n in mentioned if isinstance(n, int)}
            return sorted({n + step for n in numbers for step in (-1, 0, 1)})
        case _:
            return [*sorted(mentioned, key=str), OTHER]


def _grow(base: Seen, groups: dict[frozenset[Seen], int]) -> set[Seen]:
    """Everything that `base` may grow to by elements of the groups, each used at most once."""
    states = {base}
    for group, many in groups.items():
        for _ in range(many):
            grown = states | {state | seen for state in states for seen in group}
            if len(grown) == len(states):
                break
            states = grown
            if len(states) > STATES_MAX:
                raise TooMany
    return states


class _State(msgspec.Struct, frozen=True):
    """A possible person: whether a US person, what the tests make of all statuses, and what
    those that look for the most recent make of that one alone."""

    us_person: bool
    seen: Seen
    latest: Seen


def person_choices(person: Person, flags: Tests, statuses: Tests, answers: Answers) -> list[Choice]:
    """Every way in which the tests on `us_person` and nationality may turn out, together."""
    recent = tuple(one for one in statuses if _view(one[1]) is View.MOST_RECENT)
    standing = tuple(one for one in statuses if _view(one[1]) is not View.MOST_RECENT)
    more = [] if person.complete else _more(statuses, answers)
    opened = Opened(statuses, (one for stand in more for one in _shown(stand)), answers)
    states = _first_states(person, standing, recent, answers, opened)
    states = _grown(states, _extras(more, standing, recent, answers, opened))
    if person.us_person is not None:
        states = {state for state in states if state.us_person is person.us_person}
    found = []
    for state in sorted(states, key=repr):
        flagged = 0
        for bit, test in flags:
            if test.holds(state.us_person):
                flagged |= answers.everywhere(bit)
        seen = state.seen | state.latest
        labels = opened.labels("nationality", seen, state.us_person)
        if person.us_person is None:
            labels = (*labels, (frozenset({"us_person"}), state.us_person))
        found.append(Choice(seen.bits | flagged, labels))
    return list(dict.fromkeys(found))


def _view(test: ElementTest) -> View:
    assert isinstance(test, OneStatus)
    return test.view


def _first_states(
    person: Person, standing: Tests, recent: Tests, answers: Answers, opened: Opened
) -> set[_State]:
    """The states that the known statuses allow, before any is added."""
    us_person = any(makes_us_person(stand) for stand in person.stands)
    seen = opened.settled(held(standing, person.stands, answers))
    return {
        _State(us_person, seen, opened.settled(held(recent, newest, answers)))
        for newest in _latest(person.stands)
    }


def _latest(stands: Iterable[Stand]) -> Iterable[list[Stand]]:
    """The statuses that may be the most recent together: those of the last date, with any that
    have no date; or, of the latter, any by themselves."""
    counted = [_newest(stand) for stand in stands if stand.latest is not False]
    dated = [stand for stand in counted if stand.dated]
    undated = [stand for stand in counted if not stand.dated]
    if len(undated) > UNDATED_MAX:
        raise TooMany
    yield dated or undated
    for size in range(1, len(undated) + 1):
        for chosen in combinations(undated, size):
            yield list(chosen)
            yield [*dated, *chosen]


def _newest(stand: Stand) -> Stand:
    return Stand(stand.country, stand.standing, stand.current, True, stand.dated)


def _grown(states: set[_State], extras: set[_Extra]) -> set[_State]:
    """Everything that the states may become by statuses that nobody attested."""
    frontier = set(states)
    while frontier:
        grown = set()
        for state in frontier:
            for us_person, more, latest in extras:
                flag, seen = state.us_person or us_person, state.seen | more
                grown.add(_State(flag, seen, state.latest))
                if latest is not None:
                    # It may have begun after the most recent one, or together with it.
                    grown.add(_State(flag, seen, latest))
                    grown.add(_State(flag, seen, latest | state.latest))
        frontier = grown - states
        states = states | frontier
        if len(states) > STATES_MAX:
            raise TooMany
    return states


_Extra = tuple[bool, Seen, Seen | None]
"""Whether it makes a US person, what tests make of it, and what they do if it is the most
recent, which some cannot be."""


def _extras(
    more: Iterable[Stand], standing: Tests, recent: Tests, answers: Answers, opened: Opened
) -> set[_Extra]:
    extras: set[_Extra] = set()
    for stand in more:
        shown = _shown(stand)
        ordinary = opened.sightings(shown, partial(held, standing, (stand,), answers))
        newest: Sequence[Seen | None] = [None] * len(ordinary)
        if len(shown) > 1:
            newest = opened.sightings(shown, partial(held, recent, shown[1:], answers))
        for seen, latest in zip(ordinary, newest, strict=True):
            extras.add((makes_us_person(stand), seen, latest))
    return extras


def _shown(stand: Stand) -> tuple[Stand, ...]:
    """A status as it may stand: as one of several, and as the most recent one."""
    if stand.current and stand.standing in GIVES_NATIONALITY:
        return (stand, _newest(stand))
    return (stand,)


def _more(tests: Tests, answers: Answers) -> list[Stand]:
    """A status of each kind that the tests can tell apart."""
    classes: dict[Hashable, str] = {}
    for country in sorted(places()):
        looks: list[Hashable] = [country == US]
        for _, test in tests:
            assert isinstance(test, OneStatus)
            looks += [
                (one.holds(country), one.opens(country) & answers.memberships)
                for one in test.country
            ]
        classes.setdefault(tuple(looks), country)
    return [
        Stand(country, kind, current, False)
        for country, kind, current in product(classes.values(), Standing, (True, False))
    ]
