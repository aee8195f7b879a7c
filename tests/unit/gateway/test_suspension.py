"""The emergency stop is a directive that the gateway writes by itself."""

from __future__ import annotations

import msgspec
import pytest

from licet.catalog import Candidate, Endpoint, Model, Operator, Organisation, Workload
from licet.evidence import decode, encode
from licet.gateway.suspension import Suspension, recover, suspend, with_suspension
from licet.policy import Kind, Snapshot, Sources, Verdict
from licet.terms import (
    UNKNOWN_PERSON,
    Instant,
    OperationFault,
    format_instant,
    parse_instant,
    to_datetime,
)

AT = parse_instant("2026-06-12T21:21:00Z")
LATER = parse_instant("2026-06-12T22:21:00Z")
SOURCES = Sources(
    models=(Model(id="claude-fable-5"), Model(id="gpt-5.6")),
    endpoints=(
        Endpoint(
            id="anthropic-us",
            operator=Operator(id="anthropic"),
            base_url="https://vendor.example",
            dialect="messages",
            models={"claude-fable-5": "claude-fable-5"},
        ),
    ),
)


def test_a_model_is_suspended_from_now_until_it_is_lifted() -> None:
    asked = Suspension(model="claude-fable-5", why="letter on its way", by="officer")
    suspended = suspend(asked, SOURCES, AT, "acme/node-1")
    directive = suspended.directive
    (version,) = directive.versions
    assert directive.id == "suspension.model.claude-fable-5"
    assert directive.kind is Kind.RESTRICTION
    assert directive.title == "Suspension of model claude-fable-5: letter on its way"
    assert version.effective_from == version.recorded_at == to_datetime(AT)
    assert version.effective_until is None
    (alternative,) = version.applies
    (condition,) = alternative.conditions
    assert (condition.attribute, condition.any_of) == ("model.id", ("claude-fable-5",))
    assert (suspended.leaf.by, suspended.leaf.version) == ("officer", 1)


def test_a_duration_makes_it_end_by_itself() -> None:
    suspended = suspend(Suspension(endpoint="anthropic-us", seconds=3600), SOURCES, AT, "log")
    assert suspended.directive.versions[0].effective_until == to_datetime(LATER)
    assert suspended.leaf.until == format_instant(LATER)


def test_lifting_adds_a_version_without_effect() -> None:
    first = suspend(Suspension(model="gpt-5.6"), SOURCES, AT, "log")
    sources = with_suspension(SOURCES, first.directive)
    lifted = suspend(Suspension(model="gpt-5.6", lift=True), sources, LATER, "log")
    assert lifted.directive.versions[:1] == first.directive.versions
    assert lifted.directive.versions[1].nothing
    assert lifted.leaf.version == 2
    assert with_suspension(sources, lifted.directive).directives == (lifted.directive,)


def test_what_was_never_suspended_cannot_be_lifted() -> None:
    with pytest.raises(OperationFault, match="never suspended"):
        suspend(Suspension(model="gpt-5.6", lift=True), SOURCES, AT, "log")


def test_a_misspelt_name_is_refused_and_the_nearest_is_offered() -> None:
    with pytest.raises(OperationFault) as caught:
        suspend(Suspension(model="claude-fabel-5"), SOURCES, AT, "log")
    assert caught.value.code == "unknown_party"
    assert caught.value.remedy == "did you mean `claude-fable-5`?"


def test_a_name_alone_is_enough_where_only_one_party_has_it() -> None:
    model = suspend(Suspension(either="gpt-5.6"), SOURCES, AT, "log")
    assert model.directive.id == "suspension.model.gpt-5.6"
    endpoint = suspend(Suspension(either="anthropic-us"), SOURCES, AT, "log")
    assert endpoint.directive.id == "suspension.endpoint.anthropic-us"
    both = Sources(models=(Model(id="anthropic-us"),), endpoints=SOURCES.endpoints)
    with pytest.raises(OperationFault, match="is a model and an endpoint"):
        suspend(Suspension(either="anthropic-us"), both, AT, "log")


def test_a_suspension_refuses_whoever_asks_until_it_ends_by_itself() -> None:
    suspended = suspend(Suspension(model="gpt-5.6", seconds=3600), SOURCES, AT, "log")
    workload = Workload(
        id="chat", candidates=(Candidate(model="gpt-5.6", endpoint="anthropic-us"),)
    )
    sources = msgspec.structs.replace(
        with_suspension(SOURCES, suspended.directive),
        organisations=(Organisation(id="acme"),),
        workloads=(workload,),
    )
    snapshot = Snapshot.of(sources)

    def verdict(at: Instant, model: str) -> Verdict:
        ruleset = snapshot.select(at)
        known = ruleset.know(UNKNOWN_PERSON, "acme", "chat", at)
        return ruleset.decide(known, model, "anthropic-us").verdict

    assert verdict(Instant(AT - 1), "gpt-5.6") is Verdict.PERMITTED
    assert verdict(AT, "gpt-5.6") is Verdict.REFUSED
    assert verdict(AT, "claude-fable-5") is Verdict.PERMITTED
    assert verdict(LATER, "gpt-5.6") is Verdict.PERMITTED


def test_it_is_recovered_from_its_leaves_with_all_its_versions() -> None:
    first = suspend(Suspension(model="gpt-5.6", seconds=60), SOURCES, AT, "log")
    sources = with_suspension(SOURCES, first.directive)
    second = suspend(Suspension(model="gpt-5.6", lift=True), sources, LATER, "log")
    other = suspend(Suspension(endpoint="anthropic-us"), sources, LATER, "log")
    leaves = [decode(encode(one.leaf)) for one in (first, second, other)]
    assert recover(leaves) == (second.directive, other.directive)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({}, "names one model or one endpoint"),
        ({"model": "a", "endpoint": "b"}, "names one model or one endpoint"),
        ({"model": 5}, "not understood"),
        ({"model": "a", "seconds": 0}, "not a duration"),
        ({"model": "a", "seconds": "5"}, "not understood"),
    ],
)
def test_an_unclear_request_suspends_nothing(request_: dict[str, object], why: str) -> None:
    with pytest.raises(OperationFault, match=why):
        Suspension.of(request_)
