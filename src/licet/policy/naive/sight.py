"""What is seen of each attribute: attested, accepted, presumed, contradicted or unknown.

And what lists answer. The vocabulary is the table of docs/policy.md, section 1. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from licet.catalog import (
    Endpoint,
    ListVersion,
    Model,
    Organisation,
    SubjectRule,
    Workload,
)
from licet.policy.directives import Condition, Version
from licet.policy.naive.dates import Window, selections
from licet.policy.naive.values import (
    PERSON,
    PLACES,
    Cell,
    Element,
    Lens,
    Other,
    Row,
    Seen,
    is_us_person,
)
from licet.policy.questions import Action, Sources
from licet.terms import UNKNOWN_PERSON, Attested, ConfigurationFault, Profile, Standing


@dataclass(frozen=True, slots=True)
class Parties:
    """Who and what a question is about, found in the sources."""

    profile: Profile
    organisation: Organisation
    workload: Workload
    model: Model
    endpoint: Endpoint
    action: Action


class Sight:
    """One question's view of everything that is attested or configured."""

    def __init__(
        self, sources: Sources, parties: Parties, window: Window, known_at: datetime | None
    ) -> None:
        self.sources, self.parties, self.window = sources, parties, window
        self.person = _person(parties)
        self.lens = Lens(
            PLACES.union(
                f"{each.party}.{name}"
                for name, each in sources.rules.attributes.items()
                if each.type in ("place", "places")
            ),
            window.first,
        )
        self._versions = {
            each.id: selections(each.versions, window, known_at) for each in sources.lists
        }

    def membership(self, list_id: str, element: Element) -> bool | None:
        """Lists are three-valued, section 1; None where the answer is not known."""
        if isinstance(element, Other):
            return None if list_id in element.uncertain else list_id in element.lists
        answers = {
            self._answer(version, element) for version in self._versions.get(list_id, [None])
        }
        return answers.pop() if len(answers) == 1 else None

    def _answer(self, version: ListVersion | None, element: Element) -> bool | None:
        if version is None:
            return None
        if element in version.members:
            return True
        return False if self._is_whole(version) else None

    def _is_whole(self, version: ListVersion) -> bool:
        """Complete, and fresher than it has to be: at the very age it no longer is."""
        if not version.complete or version.max_age_s is None:
            return version.complete
        if version.as_of is None:
            return False
        return self.window.last - version.as_of < timedelta(seconds=version.max_age_s)

    def _is_young(self, date: datetime, max_age_s: int) -> bool:
        return self.window.last - date <= timedelta(seconds=max_age_s)

    def members(self, list_id: str) -> set[str]:
        versions = self._versions.get(list_id, [])
        return {each for version in versions if version for each in version.members}

    def cell(self, condition: Condition, version: Version) -> Cell:
        """What a condition of this version sees of its attribute, sections 1 and 2."""
        attribute = element_attribute(condition.attribute)
        for presumption in version.presume:
            if presumption.attribute == attribute and self._is_unattested(attribute):
                return self._presumed(attribute, presumption.value)
        if attribute in ("subject.us_person", "subject.nationality"):
            return self._person_cell(condition)
        return Cell(attribute, self._seen(attribute, self.accepted(attribute, condition)))

    def _presumed(self, attribute: str, value: Element) -> Cell:
        if attribute == "subject.nationality":
            row = Row(country=str(value), standing=Standing.CITIZEN)
            return Cell("presumed nationality", Seen((row,), complete=True))
        return Cell(attribute, Seen((value,), complete=True))

    def _is_unattested(self, attribute: str) -> bool:
        """Nothing is attested, nothing contradicts and nothing follows by an axiom."""
        name = attribute.partition(".")[2]
        if {attribute, name} & set(self.person.conflicts):
            return False
        if attribute in ("subject.us_person", "subject.nationality") and self._contradicts():
            return False
        if attribute == "subject.us_person":
            cell = self._person_cell(Condition(attribute=attribute))
            derived = cell.seen.complete or is_us_person(cell.seen.values, self.window.first)
            return cell.us_person is None and not derived
        return self.accepted(attribute, Condition(attribute=attribute)) is None

    def _person_cell(self, condition: Condition) -> Cell:
        """A contradiction between the axioms' two sides leaves neither, section 1."""
        if self._contradicts():
            return Cell(PERSON, Seen())
        us_person = self.accepted("subject.us_person", condition)
        nationality = self.accepted("subject.nationality", condition)
        return Cell(
            PERSON,
            self._seen("subject.nationality", nationality),
            us_person.value if us_person else None,
        )

    def _contradicts(self) -> bool:
        anyhow = Condition(attribute="subject.us_person")
        claim = self.accepted("subject.us_person", anyhow)
        seen = self._seen("subject.nationality", self.accepted("subject.nationality", anyhow))
        derived = is_us_person(seen.values, self.window.first)
        if claim is None:
            return False
        return derived if not claim.value else seen.complete and not derived

    def accepted(self, attribute: str, condition: Condition) -> Attested[Any] | None:
        """The attestation in effect, if it satisfies the condition's demands, section 2."""
        attested = stated(self.sources, self.parties, self.person, attribute)
        if attested is None:
            return None
        if attested.expires is not None and attested.expires <= self.window.last:
            return None
        if attested.issuer == _CONFIGURED and (condition.assurance or condition.max_age_s):
            return None
        if condition.assurance and attested.assurance.rank < condition.assurance.rank:
            return None
        if condition.max_age_s is not None and (
            attested.evidence_date is None
            or not self._is_young(attested.evidence_date, condition.max_age_s)
        ):
            return None
        return attested

    def _seen(self, attribute: str, attested: Attested[Any] | None) -> Seen:
        """Records as rows; a set whose record begins or ends within the error is unknown."""
        if attested is None:
            return Seen()
        if not isinstance(attested.value, tuple):
            return Seen((attested.value,), complete=True)
        rows = tuple(_row(each) for each in attested.value)
        dated = [row for row in rows if isinstance(row, Row)]
        if any(self.window.straddles(edge) for row in dated for edge in (row.since, row.until)):
            return Seen()
        if attribute == "subject.engagement":
            rows = tuple(row for row in dated if row.in_effect(self.window.first))
        return Seen(rows, attested.complete)


def element_attribute(attribute: str) -> str:
    """`X.list` and `X.id` ask about the same element as `X` (or `X.id`, where that is its name)."""
    party, _, rest = attribute.partition(".")
    parts = [part for part in rest.split(".") if part not in ("list", "id")]
    return ".".join([party, *(parts or (["id"] if rest else []))])


def _person(parties: Parties) -> Profile:
    """Section 1: for a job without a person, its audience stands in the subject's place."""
    if parties.workload.subject is SubjectRule.NONE:
        return parties.workload.audience or UNKNOWN_PERSON
    return parties.profile


def _row(record: Any) -> Element | Row:
    if not hasattr(record, "__struct_fields__"):
        element: Element = record
        return element
    return Row(**{name: getattr(record, name) for name in record.__struct_fields__})


_CONFIGURED = "\0configured"
"""In the place of an issuer: nobody attests it."""


def _configured(value: Any) -> Attested[Any] | None:
    """What the operator states in the catalogue: whole, and short of every demand."""
    return None if value is None else Attested(value=value, issuer=_CONFIGURED, complete=True)


def stated(
    sources: Sources, parties: Parties, person: Profile, attribute: str
) -> Attested[Any] | None:
    """The vocabulary, section 1: what is stated of an attribute; None if nothing is."""
    party, _, name = attribute.partition(".")
    if name in sources.rules.attributes and sources.rules.attributes[name].party == party:
        holder = person if party == "subject" else getattr(parties, party)
        declared: Attested[Any] | None = holder.declared.get(name)
        return None if party == "subject" and _conflicts(person, name) else declared
    if party == "subject" and name in ("us_person", "nationality", "place", "engagement", "tier"):
        own: Attested[Any] | None = getattr(person, name)
        return None if _conflicts(person, name) else own
    organisation, workload, model = parties.organisation, parties.workload, parties.model
    operator, developer = parties.endpoint.operator, model.developer
    match party, name:
        case "organisation", "id":
            return _configured(organisation.id)
        case "organisation", "ultimate_parent.place":
            return organisation.ultimate_parent
        case "organisation", "us_person" | "place" | "owners" | "sector":
            attested: Attested[Any] | None = getattr(organisation, name)
            return attested
        case "workload", "id" | "purpose" | "end_use" | "data" | "data_origin":
            return _configured(getattr(workload, name))
        case "model", "developer":
            return _configured(developer.id if developer else None)
        case "model", "developer.place":
            return _configured(developer.place if developer else None)
        case "model", (
            "id" | "lineage" | "origin" | "capability" | "weights" | "safeguards" | "cleared"
        ):
            return _configured(getattr(model, name))
        case "endpoint", "operator":
            return _configured(operator.id)
        case "endpoint", "operator.controlled_from":
            return _configured(operator.controlled_from)
        case "endpoint", "id" | "place" | "self_hosted":
            return _configured(getattr(parties.endpoint, name))
        case "action", "":
            return _configured(str(parties.action))
        case _:
            raise ConfigurationFault("unknown_attribute", f"nobody has an attribute `{attribute}`")


def _conflicts(person: Profile, name: str) -> bool:
    return name in person.conflicts or f"subject.{name}" in person.conflicts
