"""What an unknown attribute may turn out to be, as far as the tests on it can tell.

For one attribute and the tests on it that are open, `choices` gives every combination of
answers that some completion of what is known produces. Values that no test tells apart
are one class, and not told apart means: however lists answer (`Answers`). A set grows by any
number of elements; an element of a free set may or may not be on a list that does not say.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations, product

import msgspec

from licet.policy.axioms import GIVES_NATIONALITY, US, Person, makes_us_person
from licet.policy.directives import View
from licet.policy.holdings import Holding
from licet.policy.matching import OTHER, ElementTest, OneStatus, Stand
from licet.policy.rolls import Answers, Assumed, OpenMembership
from licet.policy.vocabulary import Attribute, Element, missing_name
from licet.terms import Relation, Standing, places

STATES_MAX = 512
"""Combinations of answers on one attribute beyond which the verdict stays undetermined."""

OPENS_MAX = 8
"""Open memberships of one element, likewise."""

UNDATED_MAX = 8
"""Statuses of one person of which nobody said since when, likewise."""

PLENTY = 1 << 16
"""How many elements there are of a kind that is not limited."""

Label = tuple[frozenset[str], Hashable]
"""What is revealed once all the named attributes are attested."""


class TooMany(Exception):
    """There are more completions than the bound allows; caught where they are counted."""


class Choice(msgspec.Struct, frozen=True):
    """One way in which the open tests may turn out: a bit for each test that holds, in each of
    the ways in which lists may answer."""

    bits: int
    labels: tuple[Label, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """What the tests make of an element: `bits` here; `certain` and `possible` over all ways
    in which the lists that do not say may turn out."""

    bits: int
    certain: int
    possible: int

    def __or__(self, other: Seen) -> Seen:
        return Seen(
            self.bits | other.bits, self.certain | other.certain, self.possible | other.possible
        )


Tests = tuple[tuple[int, ElementTest], ...]
"""(bit, test) of every open test on one attribute."""

SEEN_NOTHING = Seen(0, 0, 0)


def choices(attribute: Attribute, holding: Holding, tests: Tests, answers: Answers) -> list[Choice]:
    """Every way in which the tests on an attribute other than standing and owners may turn
    out."""
    known = _held(tests, holding.elements, answers)
    if holding.complete:
        return [Choice(known)]
    base = Seen(known, known, known)
    lists: set[str] = set()
    match attribute.element:
        case Element.ENGAGEMENT:
            grown = _grow(base, _engagement_groups(tests, answers, lists))
        case _ if attribute.scalar:
            grown = {
                seen
                for element in _universe(attribute, tests)
                for seen in _sightings(tests, (element,), answers, lists)
            }
        case _:
            groups: dict[frozenset[Seen], int] = {}
            for element in _universe(attribute, tests):
                group = frozenset(_sightings(tests, (element,), answers, lists))
                groups[group] = groups.get(group, 0) + 1
            grown = _grow(base, groups)
    alone = frozenset({missing_name(attribute.held)})
    together = alone | {f"list.{one}" for one in lists}
    return [
        Choice(seen.bits, ((alone, (seen.certain, seen.possible)), (together, seen)))
        for seen in sorted(grown, key=lambda seen: (seen.bits, seen.certain, seen.possible))
    ]


def _held(
    tests: Tests, elements: Iterable[Hashable], answers: Answers, local: Assumed | None = None
) -> int:
    """The tests that hold of one of these elements."""
    seen = tuple(elements)

    def bits_in(way: Assumed) -> int:
        assumed = {**way, **local} if local else way
        bits = 0
        for bit, test in tests:
            if any(test.holds(element, assumed) for element in seen):
                bits |= bit
        return bits

    return answers.spread(bits_in)


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


def _sightings(
    tests: Tests, elements: Sequence[Hashable], answers: Answers, lists: set[str]
) -> set[Seen]:
    """What the tests make of these elements together, for each way in which the memberships
    that they share, and no other attribute does, may turn out."""
    found = [
        _held(tests, elements, answers, local)
        for local in _local_ways(tests, elements, answers, lists)
    ]
    certain, possible = found[0], 0
    for bits in found:
        certain &= bits
        possible |= bits
    return {Seen(bits, certain, possible) for bits in found}


def _local_ways(
    tests: Tests, elements: Iterable[Hashable], answers: Answers, lists: set[str]
) -> list[Assumed]:
    """How lists may answer what they leave open of these elements alone; notes these lists."""
    opens: list[OpenMembership] = sorted(
        frozenset[OpenMembership]().union(
            *(test.opens(element) for _, test in tests for element in elements)
        )
        - answers.memberships
    )
    if len(opens) > OPENS_MAX:
        raise TooMany
    lists.update(membership[0] for membership in opens)
    return [
        dict(zip(opens, each, strict=True)) for each in product((False, True), repeat=len(opens))
    ]


def _engagement_groups(
    tests: Tests, answers: Answers, lists: set[str]
) -> dict[frozenset[Seen], int]:
    """Organisations by what engagements with them would do, and how many there are of each."""
    named = {str(name) for _, test in tests for name in test.mentioned}
    named |= {member for _, member in answers.memberships}
    relations = tuple(relation.value for relation in Relation)
    subsets = [
        subset for size in range(len(relations) + 1) for subset in combinations(relations, size)
    ]
    groups: dict[frozenset[Seen], int] = {}
    for organisation in (*sorted(named), OTHER):
        ways: set[Seen] = set()
        for subset in subsets:
            ties = [(relation, organisation) for relation in subset]
            ways |= _sightings(tests, ties, answers, lists)
        many = PLENTY if organisation == OTHER else 1
        group = frozenset(ways)
        groups[group] = groups.get(group, 0) + many
    return groups


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
    """A possible person: whether a US person, which tests hold, and which of those do because
    of the most recent status alone."""

    us_person: bool
    bits: int
    latest: int


def person_choices(person: Person, flags: Tests, statuses: Tests, answers: Answers) -> list[Choice]:
    """Every way in which the tests on `us_person` and nationality may turn out, together."""
    lists: set[str] = set()
    recent = tuple(one for one in statuses if _view(one[1]) is View.MOST_RECENT)
    standing = tuple(one for one in statuses if _view(one[1]) is not View.MOST_RECENT)
    states = _first_states(person, standing, recent, answers)
    if not person.complete:
        states = _more_statuses(states, standing, recent, answers, lists)
    if person.us_person is not None:
        states = {state for state in states if state.us_person is person.us_person}
    together = frozenset({"nationality", *(f"list.{one}" for one in lists)})
    found = []
    for state in sorted(states, key=lambda s: (s.us_person, s.bits, s.latest)):
        bits = state.bits | state.latest
        for bit, test in flags:
            if test.holds(state.us_person):
                bits |= answers.everywhere(bit)
        labels: list[Label] = [(together, (state.us_person, bits))]
        if person.us_person is None:
            labels.append((frozenset({"us_person"}), state.us_person))
            if lists:
                labels.append((frozenset({"nationality"}), state.us_person))
        found.append(Choice(bits, tuple(labels)))
    return list(dict.fromkeys(found))


def _view(test: ElementTest) -> View:
    assert isinstance(test, OneStatus)
    return test.view


def _first_states(person: Person, standing: Tests, recent: Tests, answers: Answers) -> set[_State]:
    """The states that the known statuses allow, before any is added."""
    us_person = any(makes_us_person(stand) for stand in person.stands)
    bits = _held(standing, person.stands, answers)
    return {
        _State(us_person, bits, _held(recent, newest, answers)) for newest in _latest(person.stands)
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


def _more_statuses(
    states: set[_State], standing: Tests, recent: Tests, answers: Answers, lists: set[str]
) -> set[_State]:
    """Everything that the states may become by statuses that nobody attested."""
    extras = _extra_statuses(standing, recent, answers, lists)
    frontier = set(states)
    while frontier:
        grown = set()
        for state in frontier:
            for us_person, bits, latest in extras:
                flag, seen = state.us_person or us_person, state.bits | bits
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


def _extra_statuses(
    standing: Tests, recent: Tests, answers: Answers, lists: set[str]
) -> set[tuple[bool, int, int | None]]:
    """(makes a US person, tests that hold, tests that hold if it is the most recent)."""
    both = standing + recent
    classes: dict[Hashable, str] = {}
    for country in sorted(places()):
        looks: list[Hashable] = [country == US]
        for _, test in both:
            assert isinstance(test, OneStatus)
            looks += [
                (one.holds(country), one.opens(country) & answers.memberships)
                for one in test.country
            ]
        classes.setdefault(tuple(looks), country)
    extras: set[tuple[bool, int, int | None]] = set()
    for country, kind, current in product(classes.values(), Standing, (True, False)):
        stand = Stand(country, kind, current, False)
        newest = _newest(stand) if current and kind in GIVES_NATIONALITY else None
        shown = (stand, newest) if newest else (stand,)
        for local in _local_ways(both, shown, answers, lists):
            latest = _held(recent, (newest,), answers, local) if newest else None
            bits = _held(standing, (stand,), answers, local)
            extras.add((makes_us_person(stand), bits, latest))
    return extras
