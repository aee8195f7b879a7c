"""Requests at the boundaries of one directive, of which everything is known.

Random requests seldom come near a condition. So each table of a version gets a *witness*, which
meets all of its conditions; then one condition after the other is taken through everything that
it can tell apart while the others stay met: every country, thresholds and one to each side,
each member of a list and somebody else, each relation, standing, view and action, and each
instant at which something begins or ends with the microseconds around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from licet.catalog import Developer, Endpoint, Model, Operator, Organisation, Workload
from licet.policy import Action, Condition, DeclaredAttribute, Directive, Moment, Sources, Version
from licet.terms import (
    Assurance,
    Attested,
    Engagement,
    Instant,
    Owner,
    Profile,
    Relation,
    Standing,
    Status,
    places,
    to_datetime,
    to_instant,
)

Values = dict[str, Any]
"""Attribute -> value; with `assurance`, `evidence_date` and `expires` of all attestations."""

COUNTRIES = tuple(sorted(places()))
OTHER = "somebody-else"
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_IDS = {
    "organisation.list": "organisation.id",
    "model.list": "model.id",
    "model.developer.list": "model.developer",
    "model.developer.id": "model.developer",
    "endpoint.operator.list": "endpoint.operator",
    "endpoint.operator.id": "endpoint.operator",
}
_PLACES = {
    "subject.place", "organisation.place", "organisation.ultimate_parent.place",
    "model.developer.place", "model.origin", "endpoint.place",
    "endpoint.operator.controlled_from",
}  # fmt: skip
_FLAGS = {"organisation.us_person", "model.cleared", "endpoint.self_hosted"}
_SETS = {"subject.tier", "organisation.sector", "workload.data", "model.lineage",
         "model.capability"}  # fmt: skip


_ALWAYS_KNOWN = {
    "action", "organisation.id", "workload.id", "model.id", "endpoint.id", "endpoint.operator",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One request: who asks for what, and when."""

    person: Profile
    organisation: Organisation
    workload: Workload
    model: Model
    endpoint: Endpoint
    action: Action
    moment: Moment


class Directions:
    """Where the boundaries of conditions are, given lists and declared attributes."""

    def __init__(self, sources: Sources, *, papers: bool = False) -> None:
        """`papers`: everybody's nationality is known, also where no condition asks for it."""
        self._papers = papers
        self._lists = {one.id: one for one in sources.lists}
        self._declared = sources.rules.attributes
        graces = {
            condition.grace_s
            for directive in sources.directives
            for version in directive.versions
            for condition in version.conditions
        }
        self._facts = [
            to_instant(edge + timedelta(seconds=grace))
            for fact in sources.facts
            for edge in (fact.start, fact.end)
            for grace in ({0, *graces} if graces else ())
            if edge is not None
        ]

    def cases(self, directive: Directive) -> Iterator[Case]:
        """All cases of one directive, at the middle of each version and at its edges."""
        for version in directive.versions:
            middle = _middle(version)
            for witness, conditions in self._witnesses(version):
                yield from self._around(witness, conditions, middle)
                for presumption in version.presume:
                    unsaid = witness | {presumption.attribute: None}
                    yield self.case(unsaid, Moment(valid_at=to_instant(middle)))
                for moment in self._edges(directive):
                    yield self.case(witness, moment)
            for moment in self._edges(directive):
                yield self.case({}, moment)

    def unknowns(self, directive: Directive) -> Iterator[Case]:
        """Witnesses of whom or of which one attribute is not known, or not well enough, or
        only in part."""
        for version in directive.versions:
            at = _middle(version)
            moment = Moment(valid_at=to_instant(at))
            for witness, conditions in self._witnesses(version):
                others = [{}, *(self._meeting((one,)) for one in conditions)]
                for condition in conditions:
                    name = _IDS.get(condition.attribute, condition.attribute)
                    lacking: list[Values] = [
                        {"assurance": Assurance.SELF},
                        {"evidence_date": at - 400 * DAY},
                    ]
                    # Sets of one's own are known as a whole or not at all here.
                    if not any(self._is_declared(one, "texts") for one in witness):
                        lacking.append({"complete": False})
                        if self._is_many(name):
                            lacking.append({"complete": False, name: ()})
                    if name not in _ALWAYS_KNOWN:
                        lacking.append({name: None})
                        lacking += [{name: None} | other for other in others if name not in other]
                    for one in lacking:
                        yield self.case(witness | one, moment)

    def lacking(self, directive: Directive) -> Iterator[Case]:
        """Witnesses of whom one attribute is not attested, and nothing else is missing."""
        for version in directive.versions:
            moment = Moment(valid_at=to_instant(_middle(version)))
            for witness, conditions in self._witnesses(version):
                for name in dict.fromkeys(one.attribute for one in conditions):
                    if name.startswith("subject."):
                        yield self.case(witness | {name: None}, moment)

    def _is_many(self, name: str) -> bool:
        return self._is_set(name) or name in (
            "subject.engagement",
            "subject.nationality",
            "organisation.owners",
        )

    def links(self, sources: Sources) -> Iterator[Case]:
        """Requests that an authorisation and a restriction which it names both match: as they
        are, with each condition of either undone, and at every edge of both."""
        directives = {one.id: one for one in sources.directives}
        for authorisation in sources.directives:
            for version in authorisation.versions:
                for name in version.relieves:
                    if name in directives:
                        yield from self._link(version, authorisation, directives[name])

    def _link(
        self, version: Version, authorisation: Directive, restriction: Directive
    ) -> Iterator[Case]:
        for relieved in restriction.versions:
            for bound, conditions in self._witnesses(relieved):
                for free, others in self._witnesses(version):
                    for at in (_middle(relieved), _middle(version)):
                        moment = Moment(valid_at=to_instant(at))
                        yield self.case(bound | free, moment)
                        yield self.case(free | bound, moment)
                        for left in (*conditions, *others):
                            kept = (one for one in (*conditions, *others) if one is not left)
                            yield self.case(self._meeting(kept), moment)
                    for moment in (*self._edges(authorisation), *self._edges(restriction)):
                        yield self.case(bound | free, moment)

    def _witnesses(self, version: Version) -> Iterator[tuple[Values, tuple[Condition, ...]]]:
        """What meets all conditions of a table; for an exception, of the first table too."""
        applies = [one.conditions for one in version.applies]
        for conditions in applies or [()]:
            yield self._meeting(conditions), conditions
        first = self._meeting(applies[0] if applies else ())
        for table in version.unless:
            yield first | self._meeting(table.conditions), table.conditions

    def _meeting(self, conditions: Iterable[Condition]) -> Values:
        values: Values = {}
        for condition in conditions:
            values |= self._met(condition)
        return values

    def _around(
        self, witness: Values, conditions: tuple[Condition, ...], at: datetime
    ) -> Iterator[Case]:
        moment = Moment(valid_at=to_instant(at))
        yield self.case(witness, moment)
        for condition in conditions:
            for change in self._changes(condition, at):
                yield self.case(witness | change, moment)
            others = tuple(one for one in conditions if one is not condition)
            yield self.case(self._meeting(others), moment)

    def _edges(self, directive: Directive) -> Iterator[Moment]:
        """Each beginning and end of a version or of a list, one before and one after."""
        dated: list[Any] = [*directive.versions]
        for listed in self._lists.values():
            dated += listed.versions
        effects = {
            to_instant(edge)
            for one in dated
            for edge in (one.effective_from, one.effective_until)
            if edge is not None
        }
        effects |= {*self._facts, *self._staling()}
        recorded = {to_instant(one.recorded_at) for one in dated if one.recorded_at is not None}
        for instant in sorted(effects):
            for step in (-1, 0, 1):
                yield Moment(valid_at=type(instant)(instant + step))
        latest = max(effects)
        for instant in sorted(recorded):
            for step in (-1, 0, 1):
                yield Moment(
                    valid_at=type(instant)(latest + 1), known_at=type(instant)(instant + step)
                )

    def _staling(self) -> list[Instant]:
        """When lists become too old to say no."""
        return [
            to_instant(version.as_of + timedelta(seconds=version.max_age_s))
            for listed in self._lists.values()
            for version in listed.versions
            if version.as_of is not None and version.max_age_s is not None
        ]

    def _members(self, name: object) -> list[str]:
        listed = self._lists.get(str(name))
        versions = listed.versions if listed is not None else ()
        return list(dict.fromkeys(member for one in versions for member in one.members))

    def _named(self, values: Iterable[Any]) -> list[Any]:
        """Values as written, and the members of the lists among them."""
        found: list[Any] = []
        for one in values:
            found += self._members(one) if one in self._lists else [one]
        return list(dict.fromkeys(found))

    def _met(self, condition: Condition) -> Values:
        """What meets one condition, or comes as close as can be said."""
        name = _IDS.get(condition.attribute, condition.attribute)
        if condition.record:
            return self._met_by_record(name, condition)
        if condition.outside:
            inside = self._named(condition.outside)
            value: Any = next(one for one in COUNTRIES if one not in inside)
        elif condition.any_of:
            named = self._named(condition.any_of)
            value = named[0] if named else OTHER
        else:
            value = condition.at_most if condition.at_least is None else condition.at_least
        if name == "subject.nationality":
            return {name: (Status(country=value, standing=Standing.CITIZEN),)}
        return {name: (value,) if self._is_set(name) else value}

    def _met_by_record(self, name: str, condition: Condition) -> Values:
        parts = {part.attribute: part for part in condition.record}
        chosen = {key: self._named(part.any_of or ["FR"])[:1] for key, part in parts.items()}
        organisation = [
            one for key, named in chosen.items() if key.startswith("organisation") for one in named
        ] or [OTHER]
        if name == "subject.engagement":
            relation = Relation(str((chosen.get("relation") or ["employee"])[0]))
            return {name: (Engagement(relation=relation, organisation=organisation[0]),)}
        if name == "organisation.owners":
            limit = parts.get("percent_sum") or parts.get("percent")
            percent = 50 if limit is None else limit.at_least or limit.at_most or 0
            return {name: (Owner(organisation=organisation[0], percent=percent),)}
        standing = Standing(str((chosen.get("standing") or ["citizen"])[0]))
        country = (chosen.get("country") or ["FR"])[0]
        return {name: (Status(country=country, standing=standing),)}

    def _changes(self, condition: Condition, at: datetime) -> Iterator[Values]:
        """Everything that a condition on its attribute could tell apart."""
        name = _IDS.get(condition.attribute, condition.attribute)
        if condition.assurance is not None:
            yield from ({"assurance": one} for one in Assurance)
        if condition.max_age_s is not None:
            oldest = at - timedelta(seconds=condition.max_age_s)
            yield from ({"evidence_date": oldest + step * TICK} for step in (-1, 0, 1))
        if name.startswith(("subject.", "organisation.")):
            yield from ({"expires": at + step * TICK} for step in (-1, 0, 1))
        if name == "action":
            yield from ({name: action.value} for action in Action)
        elif name == "subject.us_person":
            yield from ({name: flag} for flag in (True, False, None))
            for change in _statuses(at, ()):
                yield {name: None, **change}
        elif name == "subject.nationality":
            yield from _statuses(at, self._countries(condition))
        elif name == "subject.engagement":
            yield from ({name: value} for value in self._engagements(condition, at))
        elif name == "organisation.owners":
            yield from ({name: value} for value in self._owners(condition))
        elif condition.at_least is not None or condition.at_most is not None:
            for bound in (condition.at_least, condition.at_most):
                steps = () if bound is None else (-1, 0, 1)
                yield from ({name: (bound or 0) + step} for step in steps)
        elif name in _PLACES or self._is_declared(name, "place"):
            yield from ({name: country} for country in COUNTRIES)
            if name == "subject.place":
                yield {name: None}
        elif name == "workload.data_origin":
            yield from _place_sets(self._named(condition.any_of or condition.outside))
        else:
            yield from self._words(name, condition)

    def _words(self, name: str, condition: Condition) -> Iterator[Values]:
        named = self._named(condition.any_of)
        if any(isinstance(one, bool) for one in named):
            yield from ({name: flag} for flag in (True, False))
        elif any(isinstance(one, int) for one in named):
            yield from ({name: one + step} for one in named for step in (-1, 0, 1))
        elif self._is_set(name):
            yield from ({name: value} for value in ((), (OTHER,), tuple(named[:3])))
            yield from ({name: value} for one in named for value in ((one,), (OTHER, one)))
        else:
            yield from ({name: one} for one in (*named, OTHER))

    def _countries(self, condition: Condition) -> list[str]:
        parts = [condition, *condition.record]
        named = self._named(v for part in parts for v in (*part.any_of, *part.outside))
        return [one for one in named if one in COUNTRIES]

    def _engagements(self, condition: Condition, at: datetime) -> Iterator[tuple[Engagement, ...]]:
        named = self._named(
            v
            for part in condition.record
            if part.attribute.startswith("organisation")
            for v in part.any_of
        )
        yield ()
        for organisation in (*named, OTHER):
            for relation in Relation:
                one = Engagement(relation=relation, organisation=organisation)
                yield (one,)
                for other in Relation:
                    # Two records that together, and neither alone, may meet the table.
                    yield (one, Engagement(relation=other, organisation=OTHER))
        for organisation in named[:2]:
            for since, until in _spans(at):
                yield tuple(
                    Engagement(
                        relation=relation, organisation=organisation, since=since, until=until
                    )
                    for relation in (Relation.EMPLOYEE, Relation.CONTRACTOR)
                )

    def _owners(self, condition: Condition) -> Iterator[tuple[Owner, ...]]:
        named = self._named(
            v
            for part in condition.record
            if part.attribute.startswith("organisation")
            for v in part.any_of
        ) or ["holding"]
        bounds = {b for part in condition.record for b in (part.at_least, part.at_most) if b}
        yield ()
        for percent in sorted({max(0, b + step) for b in bounds or {50} for step in (-1, 0, 1)}):
            for one in (*named, OTHER):
                yield (Owner(organisation=one, percent=percent),)
                half = percent // 2
                yield (
                    Owner(organisation=one, percent=half),
                    Owner(organisation=named[-1], percent=percent - half),
                )
                yield (
                    Owner(organisation=one, percent=half),
                    Owner(organisation=OTHER, percent=percent - half),
                )

    def _is_set(self, name: str) -> bool:
        return name in _SETS or name == "workload.data_origin" or self._is_declared(name, "texts")

    def _is_declared(self, name: str, type_: str) -> bool:
        declaration = self._declared.get(name.partition(".")[2].removeprefix("declared."))
        return declaration is not None and declaration.type == type_

    def case(self, values: Values, moment: Moment) -> Case:
        """The parties with these values; of everything else something plain is known."""
        nationality, claim = "subject.nationality", "subject.us_person"
        if self._papers and nationality not in values and values.get(claim, False) is not None:
            country = "US" if values.get(claim) else "NO"
            values = {**values, nationality: (Status(country=country, standing=Standing.CITIZEN),)}
        return _case(values, moment, self._declared)


def _middle(version: Version) -> datetime:
    if version.effective_until is None:
        return version.effective_from + HOUR
    return version.effective_from + (version.effective_until - version.effective_from) / 2


def _spans(at: datetime) -> Iterator[tuple[datetime | None, datetime | None]]:
    """Half-open intervals that begin or end at an instant, or next to it."""
    for step in (-1, 0, 1):
        yield at + step * TICK, None
        yield None, at + step * TICK


def _statuses(at: datetime, named: Iterable[str]) -> Iterator[Values]:
    name = "subject.nationality"
    yield {name: ()}
    for country in COUNTRIES:
        yield {name: (Status(country=country, standing=Standing.CITIZEN),)}
    for country in dict.fromkeys((*list(named)[:3], "US", "NO")):
        for standing in Standing:
            yield {name: (Status(country=country, standing=standing),)}
            for since, until in _spans(at):
                one = Status(country=country, standing=standing, since=since, until=until)
                yield {name: (one,)}
        citizen = Status(country=country, standing=Standing.CITIZEN, since=at - 2 * HOUR)
        for standing in (Standing.CITIZEN, Standing.PERMANENT_RESIDENT, Standing.PROTECTED):
            for since in (at - HOUR, at - 3 * HOUR, at - 2 * HOUR - TICK, at - 2 * HOUR, None):
                other = Status(country="NO", standing=standing, since=since)
                yield {name: (citizen, other)}
                yield {name: (other, citizen)}


def _place_sets(named: list[Any]) -> Iterator[Values]:
    name = "workload.data_origin"
    outside = next(country for country in COUNTRIES if country not in named)
    yield {name: ()}
    for country in COUNTRIES:
        yield {name: (country,)}
        yield {name: (outside, country)}


def _case(values: Values, moment: Moment, declared: dict[str, DeclaredAttribute]) -> Case:
    at = to_datetime(moment.valid_at)
    stamp = {
        "issuer": "registry",
        "assurance": values.get("assurance", Assurance.GOVERNMENT),
        "evidence_date": values.get("evidence_date", at),
        "expires": values.get("expires"),
        "complete": values.get("complete", True),
    }

    def attested(name: str, plain: Any) -> Attested[Any] | None:
        value = values.get(name, plain)
        return None if value is None else Attested(value=value, **stamp)

    own: dict[str, dict[str, Attested[Any]]] = {}
    for name, one in declared.items():
        plain = {"boolean": False, "integer": 0, "texts": (), "place": "NO"}.get(one.type, OTHER)
        key = f"{one.party}.{name}"
        found = attested(key, values.get(f"{one.party}.declared.{name}", plain))
        if found is not None:
            own.setdefault(one.party, {})[name] = found
    nationality = values.get("subject.nationality")
    claim = values.get("subject.us_person", False if nationality is None else None)
    person = Profile(
        us_person=None if claim is None else Attested(value=claim, **stamp),
        nationality=None if nationality is None else Attested(value=nationality, **stamp),
        place=attested("subject.place", "NO"),
        engagement=attested("subject.engagement", ()),
        tier=attested("subject.tier", ()),
        declared=own.get("subject", {}),
    )
    organisation = Organisation(
        id=values.get("organisation.id", "organisation"),
        us_person=attested("organisation.us_person", True),
        place=attested("organisation.place", "NO"),
        ultimate_parent=attested("organisation.ultimate_parent.place", "NO"),
        owners=attested("organisation.owners", ()),
        sector=attested("organisation.sector", ()),
        declared=own.get("organisation", {}),
    )
    workload = Workload(
        id=values.get("workload.id", "workload"),
        candidates=(),
        purpose=values.get("workload.purpose", OTHER),
        end_use=values.get("workload.end_use", OTHER),
        data=values.get("workload.data", ()),
        data_origin=values.get("workload.data_origin", ()),
        declared=own.get("workload", {}),
    )
    model = Model(
        id=values.get("model.id", "model"),
        lineage=values.get("model.lineage", ()),
        developer=_developer(values),
        origin=values.get("model.origin", "NO"),
        capability=values.get("model.capability", ()),
        weights=values.get("model.weights", OTHER),
        safeguards=values.get("model.safeguards", OTHER),
        cleared=values.get("model.cleared", False),
        declared=own.get("model", {}),
    )
    endpoint = Endpoint(
        id=values.get("endpoint.id", "endpoint"),
        operator=Operator(
            id=values.get("endpoint.operator", OTHER),
            controlled_from=values.get("endpoint.operator.controlled_from", "NO"),
        ),
        base_url="http://endpoint.test",
        dialect="chat",
        models={},
        place=values.get("endpoint.place", "NO"),
        self_hosted=values.get("endpoint.self_hosted", False),
        declared=own.get("endpoint", {}),
    )
    action = Action(values.get("action", Action.INFERENCE))
    return Case(person, organisation, workload, model, endpoint, action, moment)


def _developer(values: Values) -> Developer | None:
    name = values.get("model.developer", OTHER)
    if name is None:
        return None
    return Developer(id=name, place=values.get("model.developer.place", "NO"))
