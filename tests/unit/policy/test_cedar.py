"""What the export to Cedar must not make of directives."""

from __future__ import annotations

import pytest

from licet.policy import (
    Alternative,
    Condition,
    Directive,
    Kind,
    Moment,
    Snapshot,
    Verdict,
    Version,
    cedar,
)
from licet.terms import UNKNOWN_PERSON, ConfigurationFault
from tests.property.test_exactness import NOW, START, parties, replace


@pytest.mark.parametrize("form", ["any_of", "outside"])
def test_a_list_of_places_that_does_not_exist_is_no_place(form: str) -> None:
    """As a place it would be one where nobody is, and Cedar would answer what nobody knows."""
    condition = replace(Condition(attribute="subject.place"), **{form: ("far-away",)})
    version = Version(
        received=START, effective_from=START, applies=(Alternative(conditions=(condition,)),)
    )
    sources = parties(Directive(id="r", kind=Kind.RESTRICTION, versions=(version,)))
    ruleset = Snapshot.of(sources).select(NOW)
    known = ruleset.know(UNKNOWN_PERSON, "bolt", "w", NOW)
    assert ruleset.decide(known, "m", "e").verdict is Verdict.UNDETERMINED
    exported = cedar.export_directive(sources, "r")
    assert exported.lists == {"far-away"}
    assert 'PlaceList::"far-away"' in exported.policies
    with pytest.raises(ConfigurationFault, match="does not answer for everybody"):
        cedar.entities(exported, sources, {}, Moment(valid_at=NOW))
