"""Selecting, knowing and deciding, on the example configuration of June 2026."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from licet.policy import (
    Alternative,
    Condition,
    Directive,
    Kind,
    Moment,
    Snapshot,
    Sources,
    Verdict,
    Version,
    disclosed_directives,
    disclosed_missing,
    explain,
    refusal_sentence,
    sentences,
)
from licet.terms import (
    UNKNOWN_PERSON,
    Attested,
    ConfigurationFault,
    Instant,
    Profile,
    Standing,
    Status,
    parse_instant,
)
from tests.golden.persons import FABLE, MYTHOS, NOON, PERSONS, read_example

SOURCES = read_example().sources
LETTER = parse_instant("2026-06-12T21:21:00Z")
UNPROVEN = PERSONS[9]
replace = msgspec.structs.replace


def verdict(
    snapshot: Snapshot, at: Instant, profile: Profile, model: str = FABLE, error_us: int = 0
) -> Verdict:
    ruleset = snapshot.select(at, None, error_us)
    known = ruleset.know(profile, "plainfield", "code-review", at)
    return ruleset.decide(known, model, "anthropic").verdict


def test_snapshot_loads_from_its_document_alone() -> None:
    snapshot = Snapshot.of(SOURCES)
    again = Snapshot.load(snapshot.document)
    assert again.digest == snapshot.digest
    assert again.sources == snapshot.sources
    assert b'"2026-06-12T21:21:00.000000Z"' in snapshot.document


def test_order_of_directives_does_not_change_the_digest() -> None:
    reversed_ = replace(SOURCES, directives=SOURCES.directives[::-1])
    assert Snapshot.of(reversed_).digest == Snapshot.of(SOURCES).digest


def test_restriction_begins_at_its_instant_and_is_the_boundary() -> None:
    snapshot = Snapshot.of(SOURCES)
    assert verdict(snapshot, Instant(LETTER - 1), UNKNOWN_PERSON) is Verdict.PERMITTED
    assert verdict(snapshot, LETTER, UNKNOWN_PERSON) is Verdict.UNDETERMINED
    assert snapshot.select(Instant(LETTER - 1)).boundary == LETTER


def test_under_a_clock_error_what_restricts_begins_early_and_ends_late() -> None:
    snapshot = Snapshot.of(SOURCES)
    lift = parse_instant("2026-06-30T23:52:00Z")
    error = 500_000
    early, late = Instant(LETTER - error), Instant(lift + error)
    assert verdict(snapshot, Instant(early - 1), UNKNOWN_PERSON, FABLE, error) is Verdict.PERMITTED
    assert verdict(snapshot, early, UNKNOWN_PERSON, FABLE, error) is Verdict.UNDETERMINED
    assert verdict(snapshot, Instant(late - 1), UNKNOWN_PERSON, FABLE, error) is not (
        Verdict.PERMITTED
    )
    assert verdict(snapshot, late, UNKNOWN_PERSON, FABLE, error) is Verdict.PERMITTED


def test_window_is_compiled_once() -> None:
    snapshot = Snapshot.of(SOURCES)
    assert snapshot.select(NOON["13 Jun"]) is snapshot.select(Instant(NOON["13 Jun"] + 1))


def test_what_was_recorded_later_is_not_known_earlier() -> None:
    recorded = tuple(
        replace(
            one,
            versions=tuple(
                replace(version, recorded_at=version.received) for version in one.versions
            ),
        )
        for one in SOURCES.directives
    )
    snapshot = Snapshot.of(replace(SOURCES, directives=recorded))
    before = snapshot.select(NOON["2 Jul"], NOON["27 Jun"])
    known = before.know(UNKNOWN_PERSON, "plainfield", "code-review", NOON["2 Jul"])
    assert before.decide(known, FABLE, "anthropic").verdict is Verdict.UNDETERMINED


@pytest.mark.parametrize(
    ("organisation", "workload", "model", "endpoint", "reason"),
    [
        ("nobody", "code-review", FABLE, "anthropic", "unknown_organisation"),
        ("plainfield", "no-such", FABLE, "anthropic", "unknown_workload"),
        ("plainfield", "code-review", "no-such", "anthropic", "unknown_model"),
        ("plainfield", "code-review", FABLE, "no-such", "unknown_endpoint"),
    ],
)
def test_unknown_ids_are_never_permitted(
    organisation: str, workload: str, model: str, endpoint: str, reason: str
) -> None:
    at = NOON["10 Jun"]
    ruleset = Snapshot.of(SOURCES).select(at)
    decision = ruleset.decide(
        ruleset.know(UNKNOWN_PERSON, organisation, workload, at), model, endpoint
    )
    assert (decision.verdict, decision.reason) == (Verdict.REFUSED, reason)


def test_what_is_known_lasts_until_an_attestation_expires() -> None:
    at = NOON["13 Jun"]
    expires = datetime.fromisoformat("2026-06-14T00:00:00+00:00")
    profile = Profile(us_person=Attested(value=True, issuer="hr", expires=expires))
    snapshot = Snapshot.of(SOURCES)
    known = snapshot.select(at).know(profile, "plainfield", "code-review", at)
    assert known.until == parse_instant("2026-06-14T00:00:00Z")
    assert verdict(snapshot, at, profile) is Verdict.PERMITTED
    later = Instant(known.until or 0)
    assert verdict(snapshot, later, profile) is Verdict.UNDETERMINED


def test_contradiction_is_unknown_and_reported() -> None:
    at = NOON["13 Jun"]
    french = (Status(country="FR", standing=Standing.CITIZEN),)
    profile = Profile(
        us_person=Attested(value=True, issuer="key"),
        nationality=Attested(value=french, issuer="hr", complete=True),
    )
    snapshot = Snapshot.of(SOURCES)
    assert verdict(snapshot, at, profile) is Verdict.UNDETERMINED
    known = snapshot.select(at).know(profile, "plainfield", "code-review", at)
    assert known.conflicts == ("us_person", "nationality")


def test_a_french_citizen_may_be_a_us_person_as_well() -> None:
    french: tuple[Status, ...] = (Status(country="FR", standing=Standing.CITIZEN),)
    lower_bound = Profile(nationality=Attested(value=french, issuer="hr"))
    snapshot = Snapshot.of(SOURCES)
    assert verdict(snapshot, NOON["13 Jun"], lower_bound) is Verdict.UNDETERMINED


def test_which_models_are_named() -> None:
    ruleset = Snapshot.of(SOURCES).select(NOON["13 Jun"])
    named = {one.id for one in SOURCES.models if ruleset.names_model(one.id)}
    # The lineage of the last two is unknown: they may be of the line that a letter names.
    assert named == {FABLE, MYTHOS, "fugu", "tulonfeng"}


def test_refusal_says_why_and_what_else() -> None:
    at = NOON["13 Jun"]
    ruleset = Snapshot.of(SOURCES).select(at)
    known = ruleset.know(UNPROVEN.profile, "plainfield", "code-review", at)
    decision = ruleset.decide(known, FABLE, "anthropic")
    assert refusal_sentence(
        ruleset,
        decision,
        model=FABLE,
        workload="code-review",
        permitted=("claude-opus-4.8", "mistral-large-4"),
        contact="compliance@operator.example",
        request_id="01K",
    ) == (
        "`claude-fable-5` is not permitted for this person in `code-review`: "
        '"Licence requirement for Claude Fable 5 and Claude Mythos 5" '
        f"(US Department of Commerce, in force since {since(ruleset_letter(SOURCES))}) "
        'applies to persons who are not US persons, read as "follows the person, not the '
        'destination", and `us_person` is not attested. '
        "Permitted here now: `claude-opus-4.8`, `mistral-large-4`. "
        "Questions: compliance@operator.example, request 01K"
    )


def ruleset_letter(sources: Sources) -> Version:
    return next(one for one in sources.directives if one.id == "us-commerce-2026-06-12").versions[0]


def since(version: Version) -> str:
    shown = version.effective_from + timedelta(minutes=version.utc_offset_min)
    hours = version.utc_offset_min // 60
    return f"{shown:%Y-%m-%d %H:%M} {'-' if hours < 0 else '+'}{abs(hours):02}:00"


@pytest.mark.parametrize(
    ("disclosure", "said"),
    [("authority", ": by a directive of US Department of Commerce"), ("none", "")],
)
def test_disclosure_is_honoured(disclosure: str, said: str) -> None:
    letter = next(one for one in SOURCES.directives if one.id == "us-commerce-2026-06-12")
    first = msgspec.convert(
        msgspec.to_builtins(letter.versions[0]) | {"disclosure": disclosure}, Version
    )
    quiet = replace(letter, versions=(first, *letter.versions[1:]))
    others = tuple(one for one in SOURCES.directives if one is not letter)
    at = NOON["13 Jun"]
    ruleset = Snapshot.of(replace(SOURCES, directives=(*others, quiet))).select(at)
    known = ruleset.know(UNPROVEN.profile, "plainfield", "code-review", at)
    decision = ruleset.decide(known, FABLE, "anthropic")
    assert disclosed_directives(ruleset, decision) == ()
    assert disclosed_missing(ruleset, decision) == ()
    sentence = refusal_sentence(
        ruleset,
        decision,
        model=FABLE,
        workload="code-review",
        permitted=(),
        contact="c@operator.example",
        request_id="01K",
    )
    assert sentence == (
        f"`claude-fable-5` is not permitted for this person in `code-review`{said}, and not "
        "enough is attested. No model is permitted here now. Questions: c@operator.example, "
        "request 01K"
    )


def test_explanation_names_condition_value_and_issuer() -> None:
    french = PERSONS[2]
    told = sentences(
        explain(
            Snapshot.of(SOURCES),
            Moment(valid_at=NOON["13 Jun"]),
            profile=french.profile,
            organisation=french.organisation,
            workload=french.workload,
            model=FABLE,
            endpoint="anthropic",
        )
    )
    assert told[0] == "refused by `us-commerce-2026-06-12`"
    assert told[-1] == (
        "  persons who are not US persons: holds, `us_person` is no, by `nationality` "
        "(attested by hr, self)"
    )


def restriction(*conditions: Condition) -> Snapshot:
    at = datetime.fromisoformat("2026-06-01T00:00:00+00:00")
    version = Version(received=at, effective_from=at, applies=(Alternative(conditions=conditions),))
    directive = Directive(id="r", kind=Kind.RESTRICTION, versions=(version,))
    return Snapshot.of(replace(SOURCES, directives=(directive,)))


@pytest.mark.parametrize(
    "condition",
    [
        Condition(attribute="subject.shoe_size", any_of=(44,)),
        Condition(attribute="subject.us_person"),
        Condition(attribute="subject.us_person", any_of=("yes",)),
        Condition(attribute="organisation.list", any_of=("eu-eea",)),
        Condition(attribute="model.id", outside=("US",)),
        Condition(attribute="model.id", any_of=("m",), max_age_s=1),
        Condition(attribute="subject.engagement", any_of=("employee",)),
        Condition(
            attribute="subject.engagement",
            record=(Condition(attribute="organisation.us_person", any_of=(False,)),),
        ),
        Condition(
            attribute="organisation.owners",
            record=(Condition(attribute="organisation.id", outside=("acme",)),),
        ),
        Condition(
            attribute="organisation.owners",
            record=(Condition(attribute="organisation.list"),),
        ),
        Condition(attribute="action", any_of=("dance",)),
    ],
)
def test_what_cannot_be_compiled_is_refused_loudly(condition: Condition) -> None:
    with pytest.raises(ConfigurationFault):
        restriction(condition)
