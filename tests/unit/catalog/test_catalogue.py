"""The catalogue as written becomes nouns: attestations, candidates, intervals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from licet.catalog import (
    Availability,
    Candidate,
    CredentialReference,
    EvidenceMode,
    SubjectRule,
    available,
    parse_catalogue,
    parse_facts,
    parse_list,
    parse_settings,
    parse_workload,
)
from licet.terms import Assurance, parse_instant, read

CATALOGUE = """
[[model]]
id = "claude-fable-5"
[[endpoint]]
id = "second"
operator = { id = "cloud", controlled_from = "US" }
base_url = "https://cloud.example/prefix/"
dialect = "messages"
models = { "claude-fable-5" = "vendor.fable" }
credential = { file = "secrets/cloud" }
[[endpoint]]
id = "first"
operator = { id = "anthropic" }
base_url = "https://api.anthropic.com"
dialect = "messages"
models = ["claude-fable-5"]
credential = { env = "ANTHROPIC_API_KEY" }
[[endpoint]]
id = "chat"
operator = { id = "anthropic" }
base_url = "https://api.anthropic.com"
dialect = "chat"
models = ["claude-fable-5"]
[[organisation]]
id = "acme-grid"
us_person = true
ultimate_parent.place = "DE"
owners = [{ organisation = "rheinwerk", percent = 60 }]
attested = { issuer = "registry", assurance = "document", date = 2026-06-01, complete = ["owners"] }
"""

found = parse_catalogue(read("catalog/all.toml", CATALOGUE.encode()))
ENDPOINTS = {one.value.id: one.value for one in found.endpoints}


def test_plain_values_are_attested_by_the_one_table_beside_them() -> None:
    organisation = found.organisations[0].value
    assert organisation.us_person is not None
    assert organisation.owners is not None
    assert organisation.ultimate_parent is not None
    assert organisation.us_person.issuer == "registry"
    assert organisation.us_person.assurance is Assurance.DOCUMENT
    assert organisation.us_person.evidence_date == datetime(2026, 6, 1, tzinfo=UTC)
    assert organisation.ultimate_parent.value == "DE"
    assert organisation.owners.complete
    assert not organisation.us_person.complete
    assert organisation.place is None


def test_models_are_served_by_their_own_name_unless_said_otherwise() -> None:
    assert ENDPOINTS["first"].models == {"claude-fable-5": "claude-fable-5"}
    assert ENDPOINTS["second"].models == {"claude-fable-5": "vendor.fable"}
    assert ENDPOINTS["second"].base_url == "https://cloud.example/prefix"


def test_credentials_are_references_apart_from_the_endpoints() -> None:
    assert found.credentials == {
        "second": CredentialReference(file="secrets/cloud"),
        "first": CredentialReference(env="ANTHROPIC_API_KEY"),
    }


def workload(text: str) -> tuple[Candidate, ...]:
    written = parse_workload(read("workloads/w.toml", text.encode()))
    entry, faults = written.resolve(["claude-fable-5"], ENDPOINTS)
    assert faults == []
    return entry.value.candidates


def test_without_endpoints_a_candidate_is_all_that_serve_it_in_file_order() -> None:
    text = 'id = "w"\ndialect = "messages"\n[[candidate]]\nmodel = "claude-fable-5"\n'
    assert [one.endpoint for one in workload(text)] == ["second", "first"]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("", SubjectRule.REQUIRED),
        ('subject = "required"\n', SubjectRule.REQUIRED),
        ('subject = "none"\n', SubjectRule.NONE),
    ],
)
def test_a_workload_says_whether_it_acts_for_a_person(line: str, rule: SubjectRule) -> None:
    text = f'id = "w"\ndialect = "messages"\n{line}[[candidate]]\nmodel = "claude-fable-5"\n'
    written = parse_workload(read("workloads/w.toml", text.encode()))
    assert written.resolve(["claude-fable-5"], ENDPOINTS)[0].value.subject is rule


def test_named_endpoints_keep_their_order_and_count_once() -> None:
    text = """
id = "w"
[[candidate]]
model = "claude-fable-5"
endpoints = ["first"]
[[candidate]]
model = "claude-fable-5"
endpoints = ["first", "second"]
"""
    assert [one.endpoint for one in workload(text)] == ["first", "second"]


def test_whom_refusals_are_routed_to_belongs_to_what_a_workload_reaches() -> None:
    text = """
id = "w"
[[candidate]]
model = "claude-fable-5"
endpoints = ["first"]
[[candidate]]
model = "claude-opus-4.8"
endpoints = ["first"]
[[on_refusal]]
class = ["content_filter"]
category = ["hate"]
model = "claude-fable-5"
endpoints = ["second"]
"""
    written = parse_workload(read("workloads/w.toml", text.encode()))
    opus = {name: replace(one, models={**one.models, "claude-opus-4.8": "o"})
            for name, one in ENDPOINTS.items()}  # fmt: skip
    entry, faults = written.resolve(["claude-fable-5", "claude-opus-4.8"], opus)
    assert faults == []
    assert [one.endpoint for one in entry.value.reachable] == ["first", "first", "second"]
    (rule,) = entry.value.on_refusal
    assert rule.covers("content_filter", "hate")
    assert not rule.covers("content_filter", "")
    assert not rule.covers("refusal", "hate")


FROM, UNTIL = datetime(2026, 6, 12, 21, 21, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
WITHDRAWN = Availability(model="claude-fable-5", endpoint="first", start=FROM, end=UNTIL)


@pytest.mark.parametrize(
    ("model", "endpoint", "at", "gone"),
    [
        ("claude-fable-5", "first", "2026-06-12T21:20:59.999999Z", False),
        ("claude-fable-5", "first", "2026-06-12T21:21:00Z", True),
        ("claude-fable-5", "first", "2026-06-30T23:59:59.999999Z", True),
        ("claude-fable-5", "first", "2026-07-01T00:00:00Z", False),
        ("claude-fable-5", "second", "2026-06-13T00:00:00Z", False),
        ("claude-opus-4.8", "first", "2026-06-13T00:00:00Z", False),
    ],
)
def test_availability_is_half_open_and_about_what_it_names(
    model: str, endpoint: str, at: str, gone: bool
) -> None:
    fact = available([WITHDRAWN], model, endpoint, parse_instant(at))
    assert fact == (WITHDRAWN if gone else None)


def test_an_availability_that_names_nothing_is_about_everything() -> None:
    everything = Availability(reason="the cable is cut")
    assert available([everything], "any", "any", parse_instant("2026-06-13T00:00:00Z"))


def test_a_list_counts_as_received_when_it_takes_effect_unless_it_says_so() -> None:
    text = """
id = "eu"
kind = "places"
[[version]]
effective_from = 2020-01-01T00:00:00Z
members = ["FR", "NO"]
complete = true
as_of = 2026-06-01
max_age = "P30D"
[[version]]
received = 2026-06-02T00:00:00Z
effective_from = 2026-07-01T00:00:00Z
"""
    first, second = parse_list(read("lists/eu.toml", text.encode())).value.versions
    assert first.received == first.effective_from == datetime(2020, 1, 1, tzinfo=UTC)
    assert first.max_age_s == 30 * 86_400
    assert first.as_of == datetime(2026, 6, 1, tzinfo=UTC)
    assert second.received == datetime(2026, 6, 2, tzinfo=UTC)


def test_a_fact_has_an_entry_for_each_of_its_times() -> None:
    text = """
[[fact]]
id = "commitment.reporting"
value = true
until = 2026-08-01T00:00:00Z
attested_by = "compliance"
[[fact]]
id = "commitment.reporting"
value = false
from = 2026-08-01T00:00:00Z
attested_by = "compliance"
"""
    entries, faults = parse_facts(read("facts/all.toml", text.encode()))
    assert faults == []
    assert [(one.value.value, one.value.start) for one in entries] == [
        (True, None),
        (False, datetime(2026, 8, 1, tzinfo=UTC)),
    ]


def test_settings_need_an_operator_and_have_defaults_for_the_rest() -> None:
    text = """
[operator]
name = "Example"
url = "https://operator.example/ai"
contact = "compliance@operator.example"
[evidence]
mode = "before_answer"
[[issuer]]
id = "read elsewhere"
"""
    settings = parse_settings(read("licet.toml", text.encode()))
    assert settings.evidence.mode is EvidenceMode.BEFORE_ANSWER
    assert settings.node.workers == 2
    assert not settings.clock.scripted
