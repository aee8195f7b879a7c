"""Each attribute as Cedar sees it: whose member it is, under which name, of which type.

Written from docs/policy.md, section 1, and not from the vocabulary of the engine that this
export is there to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from licet.policy.directives import Condition, View
from licet.policy.questions import DeclaredAttribute
from licet.terms import Assurance, ConfigurationFault


class Shape(StrEnum):
    """The Cedar type of an attribute, or of one element where it is a set in slots."""

    FLAG = "Bool"
    NUMBER = "Long"
    WORD = "String"
    WORDS = "Set<String>"
    PLACE = "Place"
    ORGANISATION = "Organisation"
    OPERATOR = "Operator"
    MODEL = "ModelName"
    PLACES = "places"
    STATUSES = "statuses"
    ENGAGEMENTS = "engagements"
    OWNERS = "owners"

    @property
    def slotted(self) -> bool:
        """Cedar has no quantifier over sets, so what a test asks of *one* element or record
        is asked of each of a fixed number of slots."""
        return self in _ELEMENTS

    @property
    def element(self) -> str:
        """The Cedar type of what is in a slot, or of the attribute itself."""
        return _ELEMENTS.get(self, self.value)


_ELEMENTS = {
    Shape.PLACES: "Place",
    Shape.STATUSES: '{"country": Place, "standing": String, "current": Bool, "latest": Bool}',
    Shape.ENGAGEMENTS: '{"relation": String, "organisation": Organisation}',
    Shape.OWNERS: '{"organisation": Organisation, "percent": Long}',
}

PARTIES = {
    "subject": "principal",
    "organisation": "context.organisation",
    "workload": "context.workload",
    "model": "context.model",
    "endpoint": "resource",
}
"""Party -> what it is called in a policy. The action is Cedar's own."""

TYPES = {
    "subject": "Person",
    "organisation": "Holder",
    "workload": "Workload",
    "model": "Model",
    "endpoint": "Endpoint",
}
"""Party -> its entity type. The holder of a key has attributes; the `Organisation` that it is
has none, so that lists may name organisations of which nothing else is known."""

_SHAPES = {
    "subject.us_person": Shape.FLAG,
    "subject.nationality": Shape.STATUSES,
    "subject.place": Shape.PLACE,
    "subject.engagement": Shape.ENGAGEMENTS,
    "subject.tier": Shape.WORDS,
    "organisation.id": Shape.ORGANISATION,
    "organisation.us_person": Shape.FLAG,
    "organisation.place": Shape.PLACE,
    "organisation.ultimate_parent.place": Shape.PLACE,
    "organisation.owners": Shape.OWNERS,
    "organisation.sector": Shape.WORDS,
    "workload.id": Shape.WORD,
    "workload.purpose": Shape.WORD,
    "workload.end_use": Shape.WORD,
    "workload.data": Shape.WORDS,
    "workload.data_origin": Shape.PLACES,
    "model.id": Shape.MODEL,
    "model.lineage": Shape.WORDS,
    "model.developer": Shape.ORGANISATION,
    "model.developer.place": Shape.PLACE,
    "model.origin": Shape.PLACE,
    "model.capability": Shape.WORDS,
    "model.weights": Shape.WORD,
    "model.safeguards": Shape.WORD,
    "model.cleared": Shape.FLAG,
    "endpoint.id": Shape.WORD,
    "endpoint.operator": Shape.OPERATOR,
    "endpoint.operator.controlled_from": Shape.PLACE,
    "endpoint.place": Shape.PLACE,
    "endpoint.self_hosted": Shape.FLAG,
}

_OF_LISTS = {
    "organisation.list": "organisation.id",
    "model.list": "model.id",
    "model.developer.list": "model.developer",
    "endpoint.operator.list": "endpoint.operator",
    "model.developer.id": "model.developer",
    "endpoint.operator.id": "endpoint.operator",
}
"""Where the value is that a test on the first name looks at."""

_DECLARED = {
    "boolean": Shape.FLAG,
    "integer": Shape.NUMBER,
    "text": Shape.WORD,
    "texts": Shape.WORDS,
    "place": Shape.PLACE,
    "places": Shape.PLACES,
}


PRESENT = '"is present"'
"""A member that is true of everybody who is not left out."""


class Use(msgspec.Struct, frozen=True):
    """An attribute as some condition reads it: with what it demands of the attestation.

    An attestation that falls short is unknown to one condition and known to another, so that
    each demand is an attribute of its own. So is one that may be absent (`optional`), because a
    presumption then stands in for it; and `latest`, nationality where it is asked which status
    is the most recent, since that may be unknown of statuses that are all known.
    """

    name: str
    shape: Shape
    assurance: Assurance | None = None
    max_age_s: int | None = None
    optional: bool = False
    latest: bool = False

    @property
    def party(self) -> str:
        return self.name.partition(".")[0]

    @property
    def own(self) -> str:
        """The name within its party: `developer.place`."""
        return self.name.partition(".")[2]

    @property
    def member(self) -> str:
        """The name in Cedar, quoted: `"developer.place"`, `"place, employer or better"`."""
        text = self.own
        if self.assurance is not None:
            text += f", {self.assurance} or better"
        if self.max_age_s is not None:
            text += f", at most {self.max_age_s} s old"
        if self.optional:
            text += ", if attested"
        if self.latest:
            text += ", the most recent"
        return quoted(text)

    @property
    def path(self) -> str:
        return f"{PARTIES[self.party]}[{self.member}]"

    @property
    def is_attested(self) -> str:
        """The test for an optional attribute: `has` alone would hold of nobody's absence too,
        so a member that every party has is read first, which errs where the party is left out.
        """
        holder = PARTIES[self.party]
        return f"{holder}[{PRESENT}] && {holder} has {self.member}"


def use_of(
    condition: Condition, declared: Mapping[str, DeclaredAttribute], *, optional: bool = False
) -> Use:
    """What a condition reads; `ConfigurationFault` if there is no such attribute."""
    name = _OF_LISTS.get(condition.attribute, condition.attribute)
    shape = _SHAPES.get(name)
    if shape is None:
        party, _, own = name.partition(".")
        own = own.removeprefix("declared.")
        declaration = declared.get(own)
        if declaration is None or declaration.party != party or declaration.type not in _DECLARED:
            raise ConfigurationFault(
                "unknown_attribute", f"`{condition.attribute}` has no form in Cedar"
            )
        name, shape = f"{party}.{own}", _DECLARED[declaration.type]
    latest = condition.view is View.MOST_RECENT
    return Use(name, shape, condition.assurance, condition.max_age_s, optional, latest)


def quoted(text: str) -> str:
    """A Cedar string literal (grammar: `STR`)."""
    return msgspec.json.encode(text).decode()
