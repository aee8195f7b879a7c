"""Who asks: the thirteen rows of the verdict table of June 2026, and what is expected for each.

The judge knows these persons as they are; the gateway learns of them only what their keys and
tokens attest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

import msgspec

from licet.policy import Verdict
from licet.terms import (
    UNKNOWN_PERSON,
    Assurance,
    Attested,
    Engagement,
    Instant,
    Profile,
    Relation,
    Standing,
    Status,
    to_instant,
)

Dialect = Literal["chat", "messages"]
DIALECTS: tuple[Dialect, ...] = ("chat", "messages")

FABLE, MYTHOS = "claude-fable-5", "claude-mythos-5"
ISSUER = "local"

STAFF: Mapping[Dialect, str] = MappingProxyType({"chat": "assistant", "messages": "code-review"})
JOB_US: Mapping[Dialect, str] = MappingProxyType(
    {"chat": "nightly-us-chat", "messages": "nightly-us"}
)
JOB_PLAIN: Mapping[Dialect, str] = MappingProxyType(
    {"chat": "nightly-plain-chat", "messages": "nightly-plain"}
)

CITIZEN, RESIDENT = Standing.CITIZEN, Standing.PERMANENT_RESIDENT
_SIGNS = {"P": Verdict.PERMITTED, "-": Verdict.REFUSED, "?": Verdict.UNDETERMINED}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `id` is in every prompt; `row` is the table's wording, `short` fits a column.

    `workloads`: the one that this person uses in each dialect. `profile` None: a job for which
    no person asks. `expected`: the verdicts under reading A, in the order of `COLUMNS`.
    """

    id: str
    row: str
    short: str
    organisation: str
    profile: Profile | None
    expected: tuple[Verdict, ...]
    workloads: Mapping[Dialect, str] = STAFF

    @property
    def known_as(self) -> Profile:
        """What is attested of whoever asks."""
        return UNKNOWN_PERSON if self.profile is None else self.profile


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the verdict table: a model at noon UTC of a day."""

    model: str
    at: Instant


def noon(month: int, day: int) -> Instant:
    return to_instant(datetime(2026, month, day, 12, tzinfo=UTC))


COLUMNS: tuple[Column, ...] = (
    Column(model=FABLE, at=noon(6, 10)),
    Column(model=FABLE, at=noon(6, 13)),
    Column(model=MYTHOS, at=noon(6, 13)),
    Column(model=FABLE, at=noon(6, 27)),
    Column(model=MYTHOS, at=noon(6, 27)),
    Column(model=FABLE, at=noon(7, 2)),
    Column(model=MYTHOS, at=noon(7, 2)),
)


def _sure(value: object) -> Attested[object]:
    return Attested(value=value, issuer=ISSUER, assurance=Assurance.EMPLOYER, complete=True)


def _profile(
    who: str,
    employer: str,
    *statuses: tuple[str, Standing],
    us_person: bool | None = None,
    place: str | None = None,
    relation: Relation = Relation.EMPLOYEE,
) -> Profile:
    """Everything is attested and complete; without statuses the engagement alone is."""
    known: dict[str, object] = {
        "engagement": _sure((Engagement(relation=relation, organisation=employer),))
    }
    if statuses:
        held = tuple(Status(country=country, standing=standing) for country, standing in statuses)
        known |= {
            "us_person": _sure(us_person),
            "nationality": _sure(held),
            "place": _sure(place),
        }
    return msgspec.structs.replace(Profile(subject=who), **known)


def _row(signs: str) -> tuple[Verdict, ...]:
    return tuple(_SIGNS[sign] for sign in signs)


PERSONS: tuple[Person, ...] = (
    Person(
        id="ann",
        row="US citizen, employee of a US firm outside the programme",
        short="US citizen, US firm",
        organisation="plainfield",
        profile=_profile("ann", "plainfield", ("US", CITIZEN), us_person=True, place="US"),
        expected=_row("PP-P-P-"),
    ),
    Person(
        id="paul",
        row="US citizen in Paris, employee of a US partner not on Annex A",
        short="US citizen in Paris, partner",
        organisation="harbor-labs",
        profile=_profile("paul", "harbor-labs", ("US", CITIZEN), us_person=True, place="FR"),
        expected=_row("PPPP-P-"),
    ),
    Person(
        id="claire",
        row="French citizen in San Francisco, employee of the same partner",
        short="French citizen, same partner",
        organisation="harbor-labs",
        profile=_profile("claire", "harbor-labs", ("FR", CITIZEN), us_person=False, place="US"),
        expected=_row("P----P-"),
    ),
    Person(
        id="ravi",
        row="Indian citizen, US permanent resident, US firm outside the programme",
        short="Indian citizen, US resident",
        organisation="plainfield",
        profile=_profile(
            "ravi",
            "plainfield",
            ("IN", CITIZEN),
            ("US", RESIDENT),
            us_person=True,
            place="US",
        ),
        expected=_row("PP-P-P-"),
    ),
    Person(
        id="greta",
        row="German citizen, employee of an EU company",
        short="German citizen, EU company",
        organisation="rheinwerk",
        profile=_profile("greta", "rheinwerk", ("DE", CITIZEN), us_person=False, place="DE"),
        expected=_row("P----P-"),
    ),
    Person(
        id="eve",
        row="US citizen, employee of an EU company",
        short="US citizen, EU company",
        organisation="rheinwerk",
        profile=_profile("eve", "rheinwerk", ("US", CITIZEN), us_person=True, place="DE"),
        expected=_row("PP-P-P-"),
    ),
    Person(
        id="liam",
        row="Canadian citizen, employee of an Annex A entity (a partner)",
        short="Canadian, Annex A employee",
        organisation="acme-grid",
        profile=_profile("liam", "acme-grid", ("CA", CITIZEN), us_person=False, place="US"),
        expected=_row("P---PPP"),
    ),
    Person(
        id="luc",
        row="French citizen, short-term contractor of an Annex A entity",
        short="French, Annex A contractor",
        organisation="acme-grid",
        profile=_profile(
            "luc",
            "acme-grid",
            ("FR", CITIZEN),
            us_person=False,
            place="US",
            relation=Relation.CONTRACTOR,
        ),
        expected=_row("P----P-"),
    ),
    Person(
        id="emma",
        row="British citizen, employee of the developer (its own partner)",
        short="British, the developer's staff",
        organisation="anthropic",
        profile=_profile("emma", "anthropic", ("GB", CITIZEN), us_person=False, place="US"),
        expected=_row("P---PPP"),
    ),
    Person(
        id="someone",
        row="unproven person, US firm outside the programme",
        short="unproven, US firm",
        organisation="plainfield",
        profile=_profile("someone", "plainfield"),
        expected=_row("P?-?-P-"),
    ),
    Person(
        id="somebody",
        row="unproven employee of an Annex A entity (a partner)",
        short="unproven, Annex A employee",
        organisation="acme-grid",
        profile=_profile("somebody", "acme-grid"),
        expected=_row("P???PPP"),
    ),
    Person(
        id="job-us",
        row="job without a person, US firm, audience attested as US persons",
        short="job, readers are US persons",
        organisation="plainfield",
        profile=None,
        workloads=JOB_US,
        expected=_row("PP-P-P-"),
    ),
    Person(
        id="job-plain",
        row="job without a person, US firm, no audience attested",
        short="job, readers unknown",
        organisation="plainfield",
        profile=None,
        workloads=JOB_PLAIN,
        expected=_row("P?-?-P-"),
    ),
)
