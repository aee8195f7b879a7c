"""Coverage: for whom the rules cannot tell, for want of which attestation, and what it costs.

One request is one `decision` leaf of an admission. It is counted by the verdict on the model
that was asked for, the first candidate: whether another one answered is told beside it. Many
requests are alike, so leaves are first counted by what of them matters here, and everything
else is worked out from those few counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from licet.terms import EvidenceFault

SETS_MAX = 50
"""Missing sets that a coverage names, those that settle most first."""

Sets = tuple[tuple[str, ...], ...]


class _Would(msgspec.Struct, frozen=True, gc=False):
    verdict: str
    deciding: tuple[str, ...] = ()
    missing: Sets = ()


class _First(msgspec.Struct, frozen=True, gc=False):
    verdict: str = "permitted"
    deciding: tuple[str, ...] = ()


class _Seen(msgspec.Struct, frozen=True, gc=False):
    """The members of a leaf that coverage reads; everything else is skipped unread."""

    kind: str
    at: str
    reason: str = "admission"
    workload: str = ""
    verdict: str = ""
    deciding: tuple[str, ...] = ()
    missing: Sets = ()
    observed: _Would | None = None
    candidates: tuple[_First, ...] = ()


class _Case(msgspec.Struct, frozen=True):
    """What requests have in common that are counted together."""

    workload: str
    answered: bool
    first: _First
    missing: Sets
    observed: _Would | None


_SEEN = msgspec.json.Decoder(_Seen)


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """A set of attributes, and how many undetermined requests it would settle if attested:
    as things are (`settles`), and if what is observed were enforced."""

    attributes: tuple[str, ...]
    settles: int
    settles_enforced: int


class WorkloadCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """`undetermined`: for the model that was asked for; `unanswered`: nothing else served;
    `enforced_undetermined`: if what is observed were enforced."""

    id: str
    requests: int
    undetermined: int
    unanswered: int
    enforced_undetermined: int


class DirectiveCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """In how many requests the directive left it undetermined, or refused."""

    id: str
    undetermined: int
    refused: int


class Enforced(msgspec.Struct, frozen=True, kw_only=True):
    """In how many requests an observed directive would have changed the verdict, to what."""

    id: str
    undetermined: int
    refused: int


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """`enforced_undetermined`, `enforced_refused`: if what is observed were enforced;
    `enforced_permitted`: how many more would be permitted by licences that are observed."""

    since: str = ""
    until: str = ""
    requests: int = 0
    undetermined: int = 0
    unanswered: int = 0
    refused: int = 0
    enforced_undetermined: int = 0
    enforced_refused: int = 0
    enforced_permitted: int = 0
    workloads: tuple[WorkloadCoverage, ...] = ()
    directives: tuple[DirectiveCoverage, ...] = ()
    observed: tuple[Enforced, ...] = ()
    missing: tuple[Missing, ...] = ()
    missing_left_out: int = 0


def cover(leaves: Iterable[bytes], since: str = "") -> Coverage:
    """The coverage of all requests from `since` on (an instant as leaves write it).

    `EvidenceFault` (`leaf_malformed`) where a leaf is none.
    """
    cases: Counter[_Case] = Counter()
    decode = _SEEN.decode
    first_at = last_at = ""
    for leaf in leaves:
        try:
            seen = decode(leaf)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EvidenceFault("leaf_malformed", f"not a record: {error}") from error
        if seen.kind != "decision" or seen.reason != "admission" or seen.at < since:
            continue
        first_at = first_at or seen.at
        last_at = seen.at
        first = seen.candidates[0] if seen.candidates else _First(seen.verdict, seen.deciding)
        answered = seen.verdict == "permitted"
        cases[_Case(seen.workload, answered, first, seen.missing, seen.observed)] += 1
    return _coverage(cases, first_at, last_at)


def _coverage(cases: Mapping[_Case, int], since: str, until: str) -> Coverage:
    as_is: Counter[Sets] = Counter()
    enforced: Counter[Sets] = Counter()
    now: Counter[str] = Counter()
    then: Counter[str] = Counter()
    unanswered = 0
    for case, count in cases.items():
        would = _would(case)
        now[case.first.verdict] += count
        then[would.verdict] += count
        if case.first.verdict == "undetermined":
            as_is[case.missing] += count
            unanswered += 0 if case.answered else count
        if would.verdict == "undetermined":
            enforced[would.missing] += count
    missing = _missing(as_is, enforced)
    return Coverage(
        since=since,
        until=until,
        requests=sum(cases.values()),
        undetermined=now["undetermined"],
        unanswered=unanswered,
        refused=now["refused"],
        enforced_undetermined=then["undetermined"],
        enforced_refused=then["refused"],
        enforced_permitted=max(0, then["permitted"] - now["permitted"]),
        workloads=_workloads(cases),
        directives=_directives(cases),
        observed=_observed(cases),
        missing=tuple(missing[:SETS_MAX]),
        missing_left_out=max(0, len(missing) - SETS_MAX),
    )


def _would(case: _Case) -> _Would:
    """The verdict if what is observed were enforced."""
    return case.observed or _Would(case.first.verdict, missing=case.missing)


def _workloads(cases: Mapping[_Case, int]) -> tuple[WorkloadCoverage, ...]:
    requests: Counter[str] = Counter()
    undetermined: Counter[str] = Counter()
    unanswered: Counter[str] = Counter()
    enforced: Counter[str] = Counter()
    for case, count in cases.items():
        requests[case.workload] += count
        enforced[case.workload] += count if _would(case).verdict == "undetermined" else 0
        if case.first.verdict == "undetermined":
            undetermined[case.workload] += count
            unanswered[case.workload] += 0 if case.answered else count
    rows = (
        WorkloadCoverage(
            id=name,
            requests=count,
            undetermined=undetermined[name],
            unanswered=unanswered[name],
            enforced_undetermined=enforced[name],
        )
        for name, count in requests.items()
    )
    return tuple(
        sorted(rows, key=lambda one: (-one.undetermined, -one.enforced_undetermined, one.id))
    )


def _directives(cases: Mapping[_Case, int]) -> tuple[DirectiveCoverage, ...]:
    counts = _by_directive((case.first, count) for case, count in cases.items())
    return tuple(DirectiveCoverage(**row) for row in counts)


def _observed(cases: Mapping[_Case, int]) -> tuple[Enforced, ...]:
    counts = _by_directive(
        (_First(case.observed.verdict, case.observed.deciding), count)
        for case, count in cases.items()
        if case.observed is not None
    )
    return tuple(Enforced(**row) for row in counts)


def _by_directive(found: Iterable[tuple[_First, int]]) -> list[dict[str, Any]]:
    """A row for each deciding directive, those that leave most undetermined first."""
    undetermined: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for verdict, count in found:
        counts = {"undetermined": undetermined, "refused": refused}.get(verdict.verdict)
        for name in verdict.deciding if counts is not None else ():
            assert counts is not None
            counts[name] += count
    names = undetermined.keys() | refused.keys()
    order = sorted(names, key=lambda name: (-undetermined[name], -refused[name], name))
    return [
        {"id": name, "undetermined": undetermined[name], "refused": refused[name]} for name in order
    ]


def _missing(as_is: Mapping[Sets, int], enforced: Mapping[Sets, int]) -> list[Missing]:
    """Every set that settles something. A set settles a request if it holds one of the
    minimal sets of that request; of two that settle equally, the smaller is asked for first."""
    known = dict.fromkeys(one for sets in (*as_is, *enforced) for one in sets)
    rows = [
        Missing(
            attributes=attributes,
            settles=_settled(attributes, as_is),
            settles_enforced=_settled(attributes, enforced),
        )
        for attributes in known
    ]
    # The order in which leaves name sets is from the least to the most intrusive: it decides
    # between sets that settle equally, as the sort is stable.
    return sorted(rows, key=lambda one: (-one.settles, -one.settles_enforced, len(one.attributes)))


def _settled(attributes: tuple[str, ...], counts: Mapping[Sets, int]) -> int:
    held = frozenset(attributes)
    return sum(count for sets, count in counts.items() if any(held.issuperset(one) for one in sets))
