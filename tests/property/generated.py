"""Sources drawn from a seed: directives of every form, with lists, facts and links.

Apart from `worlds.py`, which draws small worlds with much unknown: here everything that Cedar
can be asked about occurs, over all countries, and every list answers for everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from licet.catalog import Fact, List, ListKind, ListVersion
from licet.policy import (
    Action,
    Alternative,
    Condition,
    DeclaredAttribute,
    Directive,
    Duty,
    FactCondition,
    Kind,
    Mode,
    Presumption,
    Rules,
    Sources,
    Version,
    View,
)
from licet.terms import Assurance, Relation, Standing
from tests.property.directed import COUNTRIES

START = datetime(2026, 6, 1, tzinfo=UTC)
DAY_S = 86_400
ORGANISATIONS = tuple(f"firm-{number}" for number in range(8))
MODELS = tuple(f"model-{letter}" for letter in "abcd")
ENFORCERS = frozenset({"retain"})
RULES = Rules(
    attributes={
        "level": DeclaredAttribute(party="subject", type="integer"),
        "cleared-site": DeclaredAttribute(party="organisation", type="boolean"),
        "home": DeclaredAttribute(party="subject", type="place"),
        "labels": DeclaredAttribute(party="workload", type="texts"),
    }
)
PLACE_LISTS = ("union", "ring")
FIRM_LISTS = ("annex", "partners", "watched")


def sources(seed: int, *, restrictions: int = 6, authorisations: int = 3) -> Sources:
    """Restrictions, authorisations that relieve some of them, an obligation; lists; facts."""
    draw = Random(seed)
    names = [f"restriction-{number}" for number in range(restrictions)]
    return Sources(
        directives=(
            *(_directive(draw, name, Kind.RESTRICTION, names) for name in names),
            *(
                _directive(draw, f"authorisation-{number}", Kind.AUTHORISATION, names)
                for number in range(authorisations)
            ),
            _directive(draw, "obligation", Kind.OBLIGATION, names),
        ),
        lists=(
            *(_list(draw, name, ListKind.PLACES, COUNTRIES, 12) for name in PLACE_LISTS),
            *(_list(draw, name, ListKind.ORGANISATIONS, ORGANISATIONS, 3) for name in FIRM_LISTS),
            _list(draw, "frontier", ListKind.MODELS, MODELS, 2),
            _list(draw, "clouds", ListKind.OPERATORS, ORGANISATIONS, 2),
        ),
        facts=tuple(_fact(draw) for _ in range(draw.randrange(4))),
        rules=RULES,
    )


def _day(draw: Random, low: int = 0, high: int = 9) -> datetime:
    return START + timedelta(days=draw.randint(low, high))


def _some(draw: Random, values: tuple[Any, ...], most: int = 3) -> tuple[Any, ...]:
    return tuple(draw.sample(values, draw.randint(1, min(most, len(values)))))


def _fact(draw: Random) -> Fact:
    return Fact(
        id="report",
        value=draw.random() < 0.7,
        start=draw.choice([None, _day(draw)]),
        end=draw.choice([None, _day(draw, 3)]),
    )


def _list(draw: Random, name: str, kind: ListKind, names: tuple[str, ...], most: int) -> List:
    always = ListVersion(
        effective_from=START - timedelta(days=9),
        members=_some(draw, names, most),
        complete=True,
    )
    later = ListVersion(
        effective_from=_day(draw),
        effective_until=draw.choice([None, _day(draw, 6, 12)]),
        members=_some(draw, names, most),
        complete=True,
        as_of=START,
        max_age_s=draw.choice([None, 8 * DAY_S + 5_400]),
        recorded_at=draw.choice([None, _day(draw)]),
    )
    return List(id=name, kind=kind, versions=draw.choice([(always,), (always, later)]))


def _directive(draw: Random, name: str, kind: Kind, restrictions: list[str]) -> Directive:
    count = draw.choice([1, 1, 2, 3])
    versions = tuple(_version(draw, kind, restrictions) for _ in range(count))
    return Directive(id=name, kind=kind, versions=versions)


def _version(draw: Random, kind: Kind, restrictions: list[str]) -> Version:
    fields: dict[str, Any] = {}
    if kind is Kind.RESTRICTION:
        fields["presume"] = draw.choice(
            [
                (),
                (),
                (),
                (Presumption(attribute="subject.us_person", value=draw.random() < 0.5),),
                (Presumption(attribute="subject.place", value=draw.choice(COUNTRIES)),),
            ]
        )
    else:
        kinds = ["retain"] if draw.random() < 0.8 else ["retain", "report"]
        duties = tuple(Duty(kind=one, value=DAY_S) for one in kinds)
        fields["duties"] = draw.choice([(), duties])
    if kind is Kind.AUTHORISATION:
        fields["relieves"] = tuple(draw.sample(restrictions, draw.choice([1, 2, 3])))
        named = draw.choice(fields["relieves"])
        fields["confirms"] = draw.choice([(), (), (f"{named}@1", f"{named}@2")])
        report = FactCondition(fact="report", grace_s=draw.choice([0, DAY_S, 3 * DAY_S]))
        fields["conditions"] = draw.choice([(), (), (report,)])
    tables = [_table(draw) for _ in range(draw.choice([1, 1, 2, 3]))]
    return Version(
        received=START,
        effective_from=_day(draw, 0, 5),
        effective_until=draw.choice([None, None, _day(draw, 6, 12)]),
        recorded_at=draw.choice([None, None, _day(draw)]),
        nothing=draw.random() < 0.1,
        mode=Mode.OBSERVE if draw.random() < 0.1 else Mode.ENFORCE,
        applies=tuple(tables) if draw.random() < 0.95 else (),
        unless=tuple(_table(draw) for _ in range(draw.choice([0, 0, 1, 2]))),
        **fields,
    )


def _table(draw: Random) -> Alternative:
    makers = draw.sample(_MAKERS, draw.choice([1, 2, 2, 3]))
    return Alternative(conditions=tuple(make(draw) for make in makers))


Maker = Callable[[Random], Condition]


def _word(attribute: str, *values: bool | int | str) -> Maker:
    def make(draw: Random) -> Condition:
        if isinstance(values[0], bool):
            return Condition(attribute=attribute, any_of=(draw.choice(values),))
        return Condition(attribute=attribute, any_of=_some(draw, values))

    return make


def _place(attribute: str) -> Maker:
    def make(draw: Random) -> Condition:
        chosen = (*_some(draw, COUNTRIES, 20), *draw.choice([(), (), PLACE_LISTS[:1], PLACE_LISTS]))
        if draw.random() < 0.4:
            return Condition(attribute=attribute, outside=chosen)
        return Condition(attribute=attribute, any_of=chosen)

    return make


def _listed(attribute: str, *lists: str) -> Maker:
    return lambda draw: Condition(attribute=attribute, any_of=_some(draw, lists, 2))


def _level(draw: Random) -> Condition:
    low = draw.choice([None, draw.randint(1, 4)])
    high = draw.randint(4, 8) if low is None or draw.random() < 0.5 else None
    return Condition(attribute="subject.level", at_least=low, at_most=high)


def _us_person(draw: Random) -> Condition:
    return Condition(
        attribute="subject.us_person",
        any_of=(draw.random() < 0.3,),
        assurance=draw.choice([None, None, Assurance.EMPLOYER, Assurance.GOVERNMENT]),
        max_age_s=draw.choice([None, None, 2 * DAY_S]),
    )


def _engagement(draw: Random) -> Condition:
    parts = [
        _word("relation", *(one.value for one in Relation))(draw),
        _listed("organisation.list", *FIRM_LISTS)(draw),
        _word("organisation.id", *ORGANISATIONS)(draw),
    ]
    record = tuple(draw.sample(parts, draw.choice([1, 2, 2, 3])))
    return Condition(attribute="subject.engagement", record=record)


def _nationality(draw: Random) -> Condition:
    view = draw.choice(list(View))
    country = _place("country")(draw)
    if draw.random() < 0.4:
        return Condition(
            attribute="subject.nationality",
            any_of=country.any_of,
            outside=country.outside,
            view=view,
        )
    standing = _word("standing", *(one.value for one in Standing))(draw)
    record = draw.choice([(country,), (standing,), (country, standing)])
    return Condition(attribute="subject.nationality", record=record, view=view)


def _owners(draw: Random) -> Condition:
    limit = draw.choice([25, 50, 51])
    total = draw.choice(["percent", "percent_sum"])
    whose = draw.choice(
        [
            _listed("organisation.list", *FIRM_LISTS)(draw),
            _word("organisation.id", *ORGANISATIONS)(draw),
        ]
    )
    upper = Condition(attribute=total, at_most=limit)
    bound = upper if draw.random() < 0.2 else Condition(attribute=total, at_least=limit)
    record = draw.choice([(whose, bound), (whose, bound), (whose,), (bound,)])
    return Condition(attribute="organisation.owners", record=record)


_MAKERS: tuple[Maker, ...] = (
    _us_person,
    _us_person,
    _us_person,
    _nationality,
    _nationality,
    _engagement,
    _engagement,
    _owners,
    _level,
    _place("subject.place"),
    _place("subject.home"),
    _word("subject.tier", "gold", "red"),
    _word("organisation.id", *ORGANISATIONS),
    _listed("organisation.list", *FIRM_LISTS),
    _word("organisation.us_person", True, False),
    _place("organisation.place"),
    _place("organisation.ultimate_parent.place"),
    _word("organisation.sector", "energy", "bank", "arms"),
    _word("organisation.cleared-site", True, False),
    _word("workload.id", "review", "chat"),
    _word("workload.purpose", "code", "care"),
    _word("workload.end_use", "civil", "military"),
    _word("workload.data", "health", "personal", "public"),
    _word("workload.labels", "x", "y"),
    _place("workload.data_origin"),
    _word("model.id", *MODELS),
    _listed("model.list", "frontier"),
    _word("model.lineage", "base-1", "base-2"),
    _word("model.developer", *ORGANISATIONS),
    _listed("model.developer.list", *FIRM_LISTS),
    _place("model.developer.place"),
    _place("model.origin"),
    _word("model.capability", "cyber", "bio"),
    _word("model.weights", "open", "closed"),
    _word("model.safeguards", "strict", "none"),
    _word("model.cleared", True, False),
    _word("endpoint.id", "east", "west"),
    _word("endpoint.operator", *ORGANISATIONS),
    _listed("endpoint.operator.list", "clouds"),
    _place("endpoint.operator.controlled_from"),
    _place("endpoint.place"),
    _word("endpoint.self_hosted", True, False),
    _word("action", *(action.value for action in Action)),
)
