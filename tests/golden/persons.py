"""The thirteen rows and seven columns of June 2026, asked of the example configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from licet.policy import Configuration, belongs, parse
from licet.terms import (
    UNKNOWN_PERSON,
    Attested,
    Engagement,
    Profile,
    Relation,
    Standing,
    Status,
    parse_instant,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "june-2026"
FABLE, MYTHOS = "claude-fable-5", "claude-mythos-5"
COLUMNS = (
    ("10 Jun", FABLE),
    ("13 Jun", FABLE),
    ("13 Jun", MYTHOS),
    ("27 Jun", FABLE),
    ("27 Jun", MYTHOS),
    ("2 Jul", FABLE),
    ("2 Jul", MYTHOS),
)
NOON = {
    "10 Jun": parse_instant("2026-06-10T12:00:00Z"),
    "13 Jun": parse_instant("2026-06-13T12:00:00Z"),
    "27 Jun": parse_instant("2026-06-27T12:00:00Z"),
    "2 Jul": parse_instant("2026-07-02T12:00:00Z"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks, with whose key, in which workload."""

    name: str
    organisation: str
    profile: Profile = UNKNOWN_PERSON
    workload: str = "code-review"


def read_example(reading: str = "a") -> Configuration:
    """The example folder, with the reading of the first letter that is told."""
    files = {
        path.relative_to(EXAMPLE).as_posix(): path.read_bytes()
        for path in sorted(EXAMPLE.rglob("*"))
        if path.is_file() and belongs(path.name)
    }
    readings = {path: files.pop(path) for path in list(files) if path.startswith("readings/")}
    if reading != "a":
        name = "us-commerce-2026-06-12"
        files[f"directives/{name}.toml"] = readings[f"readings/{name}.{reading}.toml"]
    return parse(files)


def person(
    name: str,
    organisation: str,
    *standings: tuple[str, Standing],
    relation: Relation = Relation.EMPLOYEE,
) -> Person:
    """Everything attested completely; without standings, standing and nationality are not."""
    nationality = None
    if standings:
        statuses = tuple(Status(country=one, standing=standing) for one, standing in standings)
        nationality = Attested(value=statuses, issuer="hr", complete=True)
    engaged: tuple[Engagement, ...] = (Engagement(relation=relation, organisation=organisation),)
    engagement = Attested(value=engaged, issuer="hr", complete=True)
    profile = Profile(nationality=nationality, engagement=engagement)
    return Person(name=name, organisation=organisation, profile=profile)


_CITIZEN, _RESIDENT = Standing.CITIZEN, Standing.PERMANENT_RESIDENT
PERSONS = (
    person("US citizen, employee of a US firm", "plainfield", ("US", _CITIZEN)),
    person("US citizen in Paris, US partner", "harbor-labs", ("US", _CITIZEN)),
    person("French citizen in SF, US partner", "harbor-labs", ("FR", _CITIZEN)),
    person("Indian, US resident, US firm", "plainfield", ("IN", _CITIZEN), ("US", _RESIDENT)),
    person("German citizen, EU company", "rheinwerk", ("DE", _CITIZEN)),
    person("US citizen, EU company", "rheinwerk", ("US", _CITIZEN)),
    person("Canadian, Annex A entity", "acme-grid", ("CA", _CITIZEN)),
    person(
        "French contractor, Annex A entity",
        "acme-grid",
        ("FR", _CITIZEN),
        relation=Relation.CONTRACTOR,
    ),
    person("British, the developer", "anthropic", ("GB", _CITIZEN)),
    person("unproven, US firm", "plainfield"),
    person("unproven, Annex A entity", "acme-grid"),
    Person(name="job, audience US persons", organisation="plainfield", workload="nightly-us"),
    Person(name="job, no audience attested", organisation="plainfield", workload="nightly-plain"),
)
