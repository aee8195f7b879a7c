"""Who asks for what under `examples/rules` and `examples/june-2026`, and what is expected.

Written by hand from what the rules say, not made. One sign per date: P permitted, - refused,
? undetermined; `o` permitted, and what is observed would have decided otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from licet.policy import Action, Configuration, belongs, parse
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
    parse_instant,
)

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question, asked at noon UTC of each date of its scenario."""

    who: str
    expected: str
    organisation: str
    workload: str
    model: str
    endpoint: str
    profile: Profile = UNKNOWN_PERSON
    action: Action = Action.INFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`directives`: those that it shows."""

    name: str
    folder: str
    directives: tuple[str, ...]
    dates: tuple[str, ...]
    rows: tuple[Row, ...]


def read_folder(folder: str) -> Configuration:
    """An example as its files say it."""
    root = EXAMPLES / folder
    return parse(
        {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and belongs(path.name)
        }
    )


def noon(day: str) -> Instant:
    return parse_instant(f"{day}T12:00:00Z")


def _sure(value: object) -> Attested[object]:
    return Attested(
        value=value,
        issuer="hr",
        assurance=Assurance.EMPLOYER,
        evidence_date=datetime(2026, 1, 10, tzinfo=UTC),
        complete=True,
    )


def someone(
    *statuses: tuple[str, Standing, int],
    employer: str | None = None,
    relation: Relation = Relation.EMPLOYEE,
    place: str | None = None,
    tiers: tuple[str, ...] = (),
) -> Profile:
    """Statuses as (country, standing, since which year); what is left out is unknown."""
    known: dict[str, object] = {}
    if statuses:
        known["nationality"] = _sure(
            tuple(
                Status(country=one, standing=standing, since=datetime(year, 1, 1, tzinfo=UTC))
                for one, standing, year in statuses
            )
        )
    if employer:
        known["engagement"] = _sure((Engagement(relation=relation, organisation=employer),))
    if place:
        known["place"] = _sure(place)
    if tiers:
        known["tier"] = _sure(tiers)
    return Profile(**known)  # type: ignore[arg-type]


_CITIZEN, _RESIDENT = Standing.CITIZEN, Standing.PERMANENT_RESIDENT
_VETTED = ("vetted",)


def _chips(who: str, expected: str, profile: Profile, organisation: str = "northwind") -> Row:
    return Row(
        who=who,
        expected=expected,
        organisation=organisation,
        workload="chip-design",
        model="atlas-2",
        endpoint="northwind-us",
        profile=profile,
    )


def _ask(
    who: str, expected: str, organisation: str, workload: str, what: str, profile: Profile
) -> Row:
    model, endpoint = what.split("@")
    return Row(
        who=who,
        expected=expected,
        organisation=organisation,
        workload=workload,
        model=model,
        endpoint=endpoint,
        profile=profile,
    )


def _at(who: str, expected: str, organisation: str, workload: str, what: str) -> Row:
    """Asked by a person of whom nothing is attested."""
    return _ask(who, expected, organisation, workload, what, UNKNOWN_PERSON)


def _entity(name: str, expected: str, why: str) -> Row:
    return _at(f"{name}, {why}", expected, name, "helpdesk", "jade-7@jade-cn")


SCENARIOS = (
    Scenario(
        name="transfer of personal data from the EU, with a list of adequate places",
        folder="rules",
        directives=("eu-transfers",),
        dates=("2026-03-01", "2026-05-05", "2026-11-15"),
        rows=(
            _at("to France", "PPP", "brenner", "personnel", "lumen-3@lumen-fr"),
            _at("to Japan, adequate until May", "P-?", "brenner", "personnel", "lumen-3@cloud-jp"),
            _at("to the US", "--?", "brenner", "personnel", "lumen-3@cloud-us"),
            _at("to the US, nothing personal", "PPP", "brenner", "helpdesk", "lumen-3@cloud-us"),
        ),
    ),
    Scenario(
        name="an entity list, with the ultimate parent and ownership of half",
        folder="rules",
        directives=("entity-list",),
        dates=("2026-02-01", "2026-04-01"),
        rows=(
            _entity("sable", "--", "listed"),
            _entity("onyx", "P-", "listed since March"),
            _entity("meridian", "P-", "listed owners hold 30, then 55 percent"),
            _entity("halcyon", "PP", "a listed owner holds 40 percent"),
            _entity("opaque", "??", "40 percent listed, the rest unknown"),
            _entity("vostok", "--", "its ultimate parent under embargo"),
            _entity("brenner", "PP", "none of this"),
        ),
    ),
    Scenario(
        name="deemed export by the most recent nationality; a licence that lapses without reports",
        folder="rules",
        directives=("deemed-export", "licence-4417"),
        dates=("2026-02-01", "2026-03-01", "2026-07-02", "2026-07-10"),
        rows=(
            _chips(
                "Chinese, then Canadian since 2015",
                "PPPP",
                someone(("CN", _CITIZEN, 1990), ("CA", _CITIZEN, 2015), tiers=_VETTED),
            ),
            _chips(
                "Canadian, resident of China since 2020",
                "----",
                someone(
                    ("CA", _CITIZEN, 1990),
                    ("CN", _RESIDENT, 2020),
                    employer="northwind",
                    tiers=_VETTED,
                ),
            ),
            _chips(
                "Vietnamese, US resident since 2022",
                "PPPP",
                someone(("VN", _CITIZEN, 1990), ("US", _RESIDENT, 2022), tiers=_VETTED),
            ),
            _chips(
                "Vietnamese, employee of Brenner",
                "-PP-",
                someone(("VN", _CITIZEN, 1990), employer="brenner", tiers=_VETTED),
                "brenner",
            ),
            _chips(
                "Vietnamese, contractor of Brenner",
                "----",
                someone(
                    ("VN", _CITIZEN, 1990),
                    employer="brenner",
                    relation=Relation.CONTRACTOR,
                    tiers=_VETTED,
                ),
                "brenner",
            ),
            _chips(
                "employee of Brenner, nationality unknown",
                "?PP?",
                someone(employer="brenner", tiers=_VETTED),
                "brenner",
            ),
            _chips("of whom nothing is attested", "????", UNKNOWN_PERSON),
            _at(
                "a job that only US persons read",
                "PPoo",
                "northwind",
                "nightly-layout",
                "atlas-2@northwind-us",
            ),
        ),
    ),
    Scenario(
        name="a rule that is suspended and returns",
        folder="rules",
        directives=("lumen-abroad",),
        dates=("2026-01-25", "2026-03-01", "2026-05-01", "2026-06-30", "2026-07-02"),
        rows=(
            _at("a firm in the US", "P-PP-", "tidewater", "helpdesk", "lumen-3@lumen-fr"),
            _at("a firm in Germany", "PPPPP", "brenner", "helpdesk", "lumen-3@lumen-fr"),
        ),
    ),
    Scenario(
        name="a designation of risks to the supply chain",
        folder="rules",
        directives=("supply-chain",),
        dates=("2026-02-10", "2026-03-01", "2026-06-15"),
        rows=(
            _at("designated, at its maker's", "P--", "tidewater", "logistics", "jade-7@jade-cn"),
            _at(
                "designated, on own machines",
                "P--",
                "tidewater",
                "logistics",
                "jade-7@own-machines",
            ),
            _at("operator named in June", "PP-", "brenner", "logistics", "lumen-3@cloud-us"),
            _at("neither of them", "PPP", "brenner", "logistics", "lumen-3@lumen-fr"),
            _at("nothing for defence", "PPP", "tidewater", "helpdesk", "jade-7@jade-cn"),
        ),
    ),
    Scenario(
        name="a company's policy on open weights of foreign origin",
        folder="rules",
        directives=("open-weights",),
        dates=("2026-02-15", "2026-04-01", "2026-07-02"),
        rows=(
            _at("at the maker's", "P--", "brenner", "code-review", "jade-7@jade-cn"),
            _at("on own machines", "PP-", "brenner", "code-review", "jade-7@own-machines"),
            _at("weights not open", "PPP", "brenner", "code-review", "lumen-3@lumen-fr"),
        ),
    ),
    Scenario(
        name="two jurisdictions in conflict: no endpoint is in both places",
        folder="rules",
        directives=("clinic-fr", "oversight-us"),
        dates=("2026-04-01", "2026-05-15"),
        rows=(
            _at("a US firm, in France", "P-", "tidewater", "patients-fr", "lumen-3@lumen-fr"),
            _at("a US firm, in the US", "--", "tidewater", "patients-fr", "lumen-3@cloud-us"),
            _at("a US firm, in Japan", "--", "tidewater", "patients-fr", "lumen-3@cloud-jp"),
            _at("a German firm, in France", "PP", "brenner", "patients-fr", "lumen-3@lumen-fr"),
        ),
    ),
    Scenario(
        name="duties that are carried out",
        folder="rules",
        directives=("transparency",),
        dates=("2026-01-15", "2026-03-01"),
        rows=(
            _at("a customer", "PP", "brenner", "helpdesk", "lumen-3@lumen-fr"),
            _at("a colleague", "PP", "brenner", "code-review", "lumen-3@lumen-fr"),
        ),
    ),
    Scenario(
        name="a rule that binds on knowledge",
        folder="rules",
        directives=("embargo",),
        dates=("2026-03-01",),
        rows=tuple(
            _ask(who, expected, "brenner", "helpdesk", "jade-7@jade-cn", profile)
            for who, expected, profile in (
                ("whereabouts unknown", "P", UNKNOWN_PERSON),
                ("in Russia", "-", someone(place="RU")),
                ("in Germany", "P", someone(place="DE")),
            )
        ),
    ),
    Scenario(
        name="a rule that is tried out before it is in force",
        folder="rules",
        directives=("vetting-trial",),
        dates=("2026-04-01", "2026-06-01"),
        rows=(
            _chips("US citizen, no tier attested", "Po", someone(("US", _CITIZEN, 1990))),
            _chips("US citizen, vetted", "PP", someone(("US", _CITIZEN, 1990), tiers=_VETTED)),
        ),
    ),
    Scenario(
        name="a capability for which models need clearance",
        folder="rules",
        directives=(),
        dates=("2026-03-01",),
        rows=(
            _at("a model nobody cleared", "-", "northwind", "laboratory", "helix-1@northwind-us"),
        ),
    ),
    Scenario(
        name="a preview that ends by itself",
        folder="june-2026",
        directives=("gpt-5-6-preview",),
        dates=("2026-06-25", "2026-06-27", "2026-07-10"),
        rows=(
            _at("in the preview", "PPP", "acme-grid", "assistant", "gpt-5.6@openai"),
            _at("not in it", "P-P", "plainfield", "assistant", "gpt-5.6@openai"),
        ),
    ),
)
