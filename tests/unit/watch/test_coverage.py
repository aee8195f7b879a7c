"""Coverage counts requests, not records, and says what would settle them."""

from __future__ import annotations

from typing import Any

import pytest

from licet.evidence import Candidate, DecisionLeaf, Observed, digest_of, encode
from licet.terms import EvidenceFault
from licet.watch import Coverage, cover
from tests.unit.evidence.examples import outcome

AT = "2026-06-12T21:21:00.000000Z"
LATER = "2026-06-13T00:00:00.000000Z"
US, PASSPORT = ("us_person",), ("nationality",)


def decision(verdict: str = "permitted", *, served: bool = False, **changes: Any) -> bytes:
    """An admission: `verdict` on the model asked for, `served` by another one if told."""
    first: dict[str, Any] = {"verdict": verdict, "deciding": changes.pop("deciding", ())}
    candidates = [Candidate(endpoint="a", model="asked", **first)]
    if served:
        candidates.append(Candidate(endpoint="b", model="other"))
    said: dict[str, Any] = {
        "at": AT,
        "log": "node-1",
        "request": "r",
        "key": "k",
        "organisation": "acme",
        "workload": "chat",
        "asked": "asked",
        "snapshot": digest_of(b""),
        "valid_at": AT,
        "known_at": AT,
        "verdict": "permitted" if served else verdict,
        "commitment": "0" * 64,
        "candidates": tuple(candidates),
    } | changes
    return encode(DecisionLeaf(**said))


def undetermined(*sets: tuple[str, ...], **changes: Any) -> bytes:
    return decision("undetermined", deciding=("letter",), missing=sets, **changes)


def ranked(found: Coverage) -> list[tuple[tuple[str, ...], int]]:
    return [(one.attributes, one.settles) for one in found.missing]


def test_nothing_recorded_is_nothing_counted() -> None:
    assert cover([]) == Coverage()


def test_requests_are_counted_once_whatever_else_is_recorded_of_them() -> None:
    found = cover(
        [
            decision(),
            encode(outcome("r")),
            undetermined(US),
            undetermined(US, reason="in_flight"),
            undetermined(US, reason="attempt"),
        ]
    )
    assert (found.requests, found.undetermined) == (2, 1)


def test_undetermined_counts_for_the_model_asked_for_even_where_another_one_answered() -> None:
    found = cover([undetermined(US, served=True), undetermined(US), decision()])
    assert (found.undetermined, found.unanswered, found.refused) == (2, 1, 0)
    (workload,) = found.workloads
    assert (workload.requests, workload.undetermined, workload.unanswered) == (3, 2, 1)


def test_workloads_with_most_undetermined_come_first() -> None:
    found = cover([decision(workload="a"), undetermined(US, workload="b"), decision(workload="b")])
    assert [(one.id, one.requests, one.undetermined) for one in found.workloads] == [
        ("b", 2, 1),
        ("a", 1, 0),
    ]


def test_directives_are_told_by_what_they_decide() -> None:
    refused = decision("refused", deciding=("letter", "programme"))
    found = cover([undetermined(US), refused, refused])
    assert [(one.id, one.undetermined, one.refused) for one in found.directives] == [
        ("letter", 1, 2),
        ("programme", 0, 2),
    ]


def test_a_set_settles_every_request_of_which_it_holds_a_minimal_set() -> None:
    found = cover(
        [
            undetermined(US, PASSPORT),
            undetermined(PASSPORT),
            undetermined(("us_person", "place")),
            undetermined(("us_person", "place")),
        ]
    )
    assert ranked(found) == [(("us_person", "place"), 3), (PASSPORT, 2), (US, 1)]


def test_of_sets_that_settle_equally_the_one_that_leaves_name_first_comes_first() -> None:
    assert ranked(cover([undetermined(US, PASSPORT)])) == [(US, 1), (PASSPORT, 1)]


def test_what_is_observed_is_counted_as_if_it_were_enforced() -> None:
    would = Observed(verdict="undetermined", deciding=("draft",), missing=(US,))
    stop = Observed(verdict="refused", deciding=("draft",))
    found = cover([decision(observed=would), decision(observed=stop), decision(), undetermined(US)])
    assert (found.undetermined, found.refused) == (1, 0)
    assert (found.enforced_undetermined, found.enforced_refused) == (2, 1)
    assert [(one.id, one.undetermined, one.refused) for one in found.observed] == [("draft", 1, 1)]
    (missing,) = found.missing
    assert (missing.attributes, missing.settles, missing.settles_enforced) == (US, 1, 2)


def test_a_licence_that_is_observed_would_permit_more() -> None:
    found = cover([undetermined(US, observed=Observed(verdict="permitted"))])
    assert (found.undetermined, found.enforced_undetermined, found.enforced_permitted) == (1, 0, 1)


def test_only_what_is_recorded_since_counts() -> None:
    found = cover([decision(), decision(at=LATER)], since=LATER)
    assert (found.requests, found.since, found.until) == (1, LATER, LATER)


def test_what_is_no_record_is_a_fault() -> None:
    with pytest.raises(EvidenceFault, match="not a record"):
        cover([b"{"])
