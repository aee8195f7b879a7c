"""What is missing, where lists leave something open: engine and interpreter name the same sets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from licet.catalog import List, ListKind, ListVersion
from licet.policy import (
    Action,
    Alternative,
    Condition,
    Directive,
    Kind,
    Moment,
    Snapshot,
    Sources,
    Version,
    naive,
)
from licet.terms import Attested, Engagement, Profile, Relation
from tests.property.test_exactness import NOW, START, parties, replace

ON_ANNEX = Condition(attribute="organisation.list", any_of=("annex",))
ERROR_US = 1_000_000
OWNERS = frozenset({"organisation.owners"})


def owned(*record: Condition) -> Condition:
    return Condition(attribute="organisation.owners", record=record)


def refusing(name: str, *conditions: Condition) -> Directive:
    version = Version(
        received=START, effective_from=START, applies=(Alternative(conditions=conditions),)
    )
    return Directive(id=name, kind=Kind.RESTRICTION, versions=(version,))


def left_open(name: str, kind: ListKind) -> List:
    version = ListVersion(effective_from=START, members=(), complete=False)
    return List(id=name, kind=kind, versions=(version,))


def missing(sources: Sources, profile: Profile) -> set[frozenset[str]]:
    """The sets that both name, asked within an error of the clock."""
    ruleset = Snapshot.of(sources).select(NOW, None, ERROR_US)
    decided = ruleset.decide(ruleset.know(profile, "bolt", "w", NOW), "m", "e")
    judged = naive.judge(
        sources,
        profile=profile,
        organisation="bolt",
        workload="w",
        model="m",
        endpoint="e",
        action=Action.INFERENCE,
        moment=Moment(valid_at=NOW, known_at=None, error_us=ERROR_US),
    )
    assert decided.missing == judged.missing
    return {frozenset(names) for names in decided.missing}


def test_an_attestation_does_not_tell_what_a_list_leaves_open() -> None:
    """Acme leaves the list at this very instant, so that within the error it may be on it."""
    employed = Condition(attribute="subject.engagement", record=(ON_ANNEX,))
    version = Version(
        received=START, effective_from=START, applies=(Alternative(conditions=(employed,)),)
    )
    before = ListVersion(effective_from=START, members=("acme", "bolt"), complete=True)
    after = ListVersion(effective_from=START + timedelta(days=1), members=("bolt",), complete=True)
    sources = replace(
        parties(Directive(id="r", kind=Kind.RESTRICTION, versions=(version,))),
        lists=(List(id="annex", kind=ListKind.ORGANISATIONS, versions=(before, after)),),
    )
    known = Engagement(relation=Relation.EMPLOYEE, organisation="acme")
    profile = Profile(engagement=Attested(value=(known,), issuer="hr", complete=False))
    # Acme is attested, and whether it was on the list is not: both are needed.
    assert missing(sources, profile) == {frozenset({"engagement", "list.annex"})}


@pytest.mark.parametrize(
    "less",
    [
        Condition(attribute="percent_sum", at_least=25),
        Condition(attribute="percent", at_least=0),
        Condition(attribute="percent_sum", at_most=100),
    ],
)
def test_several_tests_on_owners_are_of_the_same_owners(less: Condition) -> None:
    """Half of it owned by those on the list, but for what that implies: that is never so,
    whoever owns it; and where nothing follows, owners have to be attested."""
    half = (ON_ANNEX, Condition(attribute="percent_sum", at_least=50))
    version = Version(
        received=START,
        effective_from=START,
        applies=(Alternative(conditions=(owned(*half),)),),
        unless=(Alternative(conditions=(owned(ON_ANNEX, less),)),),
    )
    annex = ListVersion(effective_from=START, members=("acme",), complete=True)
    sources = replace(
        parties(Directive(id="r", kind=Kind.RESTRICTION, versions=(version,))),
        lists=(List(id="annex", kind=ListKind.ORGANISATIONS, versions=(annex,)),),
    )
    implied = less.at_most is None
    assert missing(sources, Profile()) == (set() if implied else {OWNERS})


@pytest.mark.parametrize("attribute", ["subject.engagement", "organisation.owners"])
def test_of_lists_that_leave_something_open_only_those_that_matter_are_asked_for(
    attribute: str,
) -> None:
    """Whoever is on the one is refused, and so on the other list besides."""
    by = {
        name: Condition(
            attribute=attribute,
            record=(Condition(attribute="organisation.list", any_of=(name,)),),
        )
        for name in ("annex", "circle")
    }
    letters = {"letter": (by["annex"],), "other": (by["annex"], by["circle"])}
    sources = replace(
        parties(*(refusing(name, *conditions) for name, conditions in letters.items())),
        lists=tuple(left_open(name, ListKind.ORGANISATIONS) for name in by),
    )
    settling = {attribute.removeprefix("subject."), "list.annex"}
    assert missing(sources, Profile()) == {frozenset(settling)}


def test_papers_settle_what_turns_on_a_country_though_a_list_is_open() -> None:
    french = Condition(attribute="subject.nationality", any_of=("FR",))
    union = Condition(attribute="subject.nationality", any_of=("union",))
    sources = replace(
        parties(refusing("letter", french), refusing("other", french, union)),
        lists=(left_open("union", ListKind.PLACES),),
    )
    assert missing(sources, Profile()) == {frozenset({"nationality"})}
