"""A directive as written becomes conditions and instants, by the syntax of docs/policy.md."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from licet.catalog import ListKind
from licet.policy import (
    Condition,
    DeclaredAttribute,
    Directive,
    Duty,
    FactCondition,
    Presumption,
    Rules,
    View,
)
from licet.policy.conditions import compile_condition
from licet.policy.parse import ParsedDirective, parse_directive
from licet.policy.references import Named
from licet.policy.rolls import Roll
from licet.terms import Assurance, read

RISK = {"risk": DeclaredAttribute(party="organisation", type="integer")}


def parsed(kind: str, version: str) -> ParsedDirective:
    text = f'id = "letter"\nkind = "{kind}"\n[[version]]\n{version}'
    return parse_directive(read("directives/letter.toml", text.encode()), RISK)


def directive(kind: str, version: str) -> Directive:
    found = parsed(kind, version)
    assert found.faults == ()
    return found.entry.value


TIMES = "received = 2026-06-12T17:21:00-04:00\neffective_from = 2026-06-12T17:21:00-04:00\n"


def conditions(table: str) -> tuple[Condition, ...]:
    version = directive("restriction", f"{TIMES}[[version.applies]]\n{table}").versions[0]
    return version.applies[0].conditions


def test_a_time_with_an_offset_is_that_instant() -> None:
    version = directive("restriction", TIMES).versions[0]
    assert version.received == version.effective_from == datetime(2026, 6, 12, 21, 21, tzinfo=UTC)
    assert version.recorded_at is None
    assert version.applies == ()


FIRST, NEXT = datetime(2026, 6, 26, 4, tzinfo=UTC), datetime(2026, 6, 27, 4, tzinfo=UTC)
BEGINS = "received = 2026-06-01T00:00:00Z\neffective_from = 2026-06-26\n"
ENDS = "received = 2026-06-01T00:00:00Z\neffective_from = 2026-06-01T00:00:00Z\n"
ENDS += "effective_until = 2026-06-26\n"
ZONE = 'zone = "America/New_York"\n'
RELIEVES = 'relieves = ["other"]\n'
DUTY = "[[version.duty]]\nnotify_user = true\n"


@pytest.mark.parametrize(
    ("kind", "rest", "begins", "ends"),
    [
        ("restriction", "", FIRST, NEXT),
        ("restriction", "nothing = true\n", NEXT, FIRST),
        ("authorisation", RELIEVES, NEXT, FIRST),
        ("authorisation", "nothing = true\n", FIRST, NEXT),
        ("obligation", DUTY, FIRST, NEXT),
        ("obligation", "nothing = true\n", NEXT, FIRST),
    ],
)
def test_of_a_date_alone_what_restricts_is_early_and_what_relaxes_is_late(
    kind: str, rest: str, begins: datetime, ends: datetime
) -> None:
    assert directive(kind, BEGINS + ZONE + rest).versions[0].effective_from == begins
    assert directive(kind, ENDS + ZONE + rest).versions[0].effective_until == ends


TESTS = [
    ("subject.us_person = false", Condition(attribute="subject.us_person", any_of=(False,))),
    ('model.id = "a-1"', Condition(attribute="model.id", any_of=("a-1",))),
    ('model.lineage = ["a", "b"]', Condition(attribute="model.lineage", any_of=("a", "b"))),
    (
        'model.developer.place = ["CN"]',
        Condition(attribute="model.developer.place", any_of=("CN",)),
    ),
    ('model.developer = ["zhipu"]', Condition(attribute="model.developer", any_of=("zhipu",))),
    (
        'subject.place = { outside = ["US", "eu"], max_age = "P365D" }',
        Condition(attribute="subject.place", outside=("US", "eu"), max_age_s=31_536_000),
    ),
    (
        'subject.us_person = { any_of = true, assurance = { at_least = "employer" } }',
        Condition(attribute="subject.us_person", any_of=(True,), assurance=Assurance.EMPLOYER),
    ),
    (
        "organisation.risk = { at_least = 3, at_most = 5 }",
        Condition(attribute="organisation.risk", at_least=3, at_most=5),
    ),
    (
        'subject.nationality = { country = ["FR", "eu"], view = "all_ever" }',
        Condition(
            attribute="subject.nationality",
            record=(Condition(attribute="country", any_of=("FR", "eu")),),
            view=View.ALL_EVER,
        ),
    ),
    (
        'organisation.owners = { organisation.list = ["a"], percent_sum = { at_least = 50 } }',
        Condition(
            attribute="organisation.owners",
            record=(
                Condition(attribute="organisation.list", any_of=("a",)),
                Condition(attribute="percent_sum", at_least=50),
            ),
        ),
    ),
    (
        'subject.engagement = { relation = ["employee"], organisation.list = ["a", "b"] }',
        Condition(
            attribute="subject.engagement",
            record=(
                Condition(attribute="relation", any_of=("employee",)),
                Condition(attribute="organisation.list", any_of=("a", "b")),
            ),
        ),
    ),
]
TABLES = [table for table, _ in TESTS]


@pytest.mark.parametrize(("table", "condition"), TESTS)
def test_nested_tables_are_conditions_on_dotted_attributes(
    table: str, condition: Condition
) -> None:
    assert conditions(table) == (condition,)


def test_a_table_is_the_same_however_it_is_written() -> None:
    dotted = conditions("model.origin = ['CN']\nmodel.developer.place = ['CN']\n")
    inline = conditions("model = { origin = ['CN'], developer = { place = ['CN'] } }\n")
    headed = conditions("[version.applies.model]\norigin = ['CN']\ndeveloper.place = ['CN']\n")
    assert dotted == inline == headed


def test_what_is_named_elsewhere_is_found_with_its_place() -> None:
    text = TIMES + 'relieves = ["other"]\n[[version.applies]]\nmodel.id = ["a", "b"]\n'
    text += '[[version.condition]]\nfact = "commitment"\ngrace = "PT72H"\n'
    found = parsed("authorisation", text)
    named = [(one.named, one.name) for one in found.references]
    assert named == [
        (Named.RESTRICTION, "other"),
        (Named.MODEL, "a"),
        (Named.MODEL, "b"),
        (Named.FACT, "commitment"),
    ]
    assert [one.document.place(*one.path).line for one in found.references] == [6, 8, 8, 10]
    assert found.entry.value.versions[0].conditions == (
        FactCondition(fact="commitment", grace_s=72 * 3600),
    )


def test_duties_have_seconds_for_times() -> None:
    text = TIMES + '[[version.duty]]\nretain = "P365D"\n[[version.duty]]\nresidency = ["FR"]\n'
    assert directive("obligation", text).versions[0].duties == (
        Duty(kind="retain", value=31_536_000),
        Duty(kind="residency", value=("FR",)),
    )


def test_a_presumption_keeps_its_reading() -> None:
    text = TIMES + 'reading = { text = "knowledge", by = "compliance", date = 2026-06-12 }\n'
    text += "presume = { subject.us_person = true }\n"
    version = directive("restriction", text).versions[0]
    assert version.presume == (Presumption(attribute="subject.us_person", value=True),)
    assert version.reading.date == "2026-06-12"


PRESUME = "presume = { subject.us_person = true }\n"
READING = 'reading = { text = "knowledge", by = "compliance", date = 2026-06-12 }\n'


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("restriction", PRESUME, "no_reading"),
        ("obligation", READING + PRESUME + DUTY, "wrong_kind"),
        ("authorisation", RELIEVES + READING + PRESUME, "wrong_kind"),
        ("restriction", DUTY, "wrong_kind"),
        ("obligation", RELIEVES + DUTY, "wrong_kind"),
        ("restriction", '[[version.condition]]\nfact = "kept"\n', "wrong_kind"),
    ],
)
def test_what_only_some_kinds_of_directive_may_say(kind: str, text: str, code: str) -> None:
    assert [fault.code for fault in parsed(kind, TIMES + text).faults] == [code]


@pytest.mark.parametrize("kind", ["obligation", "authorisation"])
@pytest.mark.parametrize(
    ("written", "duty"),
    [
        ('notify_user = "told"', Duty(kind="notify_user", value="told")),
        ("notify_user = true", Duty(kind="notify_user", value="letter")),
        ('retain = "P1D"', Duty(kind="retain", value=86_400)),
        ('retain = "PT0S"', Duty(kind="retain", value=0)),
        ('monitor = "full"', Duty(kind="monitor", value="full")),
        ('report = "office"', Duty(kind="report", value="office")),
        ('residency = ["FR", "DE"]', Duty(kind="residency", value=("FR", "DE"))),
        ('no_refusal_by = ["sex"]', Duty(kind="no_refusal_by", value=("sex",))),
        ("share_participants = true", Duty(kind="share_participants")),
    ],
)
def test_every_duty_of_the_page(kind: str, written: str, duty: Duty) -> None:
    relieves = RELIEVES if kind == "authorisation" else ""
    text = f"{TIMES}{relieves}[[version.duty]]\n{written}\n"
    assert directive(kind, text).versions[0].duties == (duty,)


def test_each_version_has_its_own_fault_and_the_others_still_read() -> None:
    broken = TIMES.replace("-04:00", "")
    found = parsed("restriction", f"{broken}[[version]]\n{TIMES}[[version]]\n{broken}")
    assert len(found.entry.value.versions) == 1
    assert [fault.place.line for fault in found.faults if fault.place] == [4, 10]


def _resolve(name: str) -> Roll:
    kind = ListKind.PLACES if name == "eu" else ListKind.ORGANISATIONS
    return Roll(name, kind, frozenset(), frozenset(), closed=True)


@pytest.mark.parametrize("table", TABLES)
def test_what_parses_compiles(table: str) -> None:
    rules = Rules(attributes=RISK)
    for condition in conditions(table):
        column, _ = compile_condition(condition, rules, _resolve)
        assert column.attribute.name == condition.attribute
