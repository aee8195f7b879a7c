"""The tables: decisions, attempts and outcomes as rows, for tools that read columns.

Columns are named, typed, documented and valued in one place. `FORMAT` is their version: columns
are added at the end, and nothing is renamed, removed or given a new meaning within it. Rows have
what leaves say and nothing else: no content, no person, no opening, so an erasure has nothing to
erase here. `leaf` says which record a row is of: that one can be proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from licet.account.workloads import Traffic
from licet.evidence import AttemptLeaf, Candidate, DecisionLeaf, OutcomeLeaf, Sending, Usage

FORMAT = "licet/tables/v1"

Source = TypeVar("Source")

ColumnType = Literal["integer", "text", "boolean", "instant", "texts", "sets", "candidates"]
"""`instant`: a text as leaves write it. `texts`: a tuple. `sets`: a tuple of tuples."""

Row = tuple[Any, ...]
"""Values in the order of the table's columns."""

DAY, WORKLOAD = "day", "workload"
"""The columns by which rows are laid out in folders; there, files do not repeat them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    type: ColumnType
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    about: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class _Valued(Generic[Source]):
    column: Column
    value: Callable[[Source], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    index: int
    workload: str
    leaf: DecisionLeaf


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    index: int
    workload: str
    at: str
    request: str
    attempt: int
    sending: Sending
    reason: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    index: int
    workload: str
    leaf: OutcomeLeaf
    usage: Usage


def _column(
    name: str, type: ColumnType, about: str, value: Callable[[Source], Any]
) -> _Valued[Source]:
    return _Valued(Column(name=name, type=type, about=about), value)


_NO_USAGE = Usage()

_DECISIONS: tuple[_Valued[_Decided], ...] = (
    _column("leaf", "integer", "index of the record in the log", lambda one: one.index),
    _column("at", "instant", "when it was decided, by the decision clock", lambda one: one.leaf.at),
    _column(DAY, "text", "the day of `at`, UTC", lambda one: one.leaf.at[:10]),
    _column(WORKLOAD, "text", "for what use", lambda one: one.workload),
    _column("request", "text", "which request", lambda one: one.leaf.request),
    _column("organisation", "text", "whose key was used", lambda one: one.leaf.organisation),
    _column("key", "text", "which key, by id", lambda one: one.leaf.key),
    _column("asked", "text", "what the caller named as model", lambda one: one.leaf.asked),
    _column("action", "text", "what was to be done", lambda one: one.leaf.action),
    _column(
        "reason",
        "text",
        "`admission`; or decided again: `attempt`, `in_flight`, `answer`",
        lambda one: one.leaf.reason,
    ),
    _column("dialect", "text", "the dialect of the caller", lambda one: one.leaf.dialect),
    _column(
        "verdict", "text", "`permitted`, `refused`, `undetermined`", lambda one: one.leaf.verdict
    ),
    _column("deciding", "texts", "the directives that barred", lambda one: one.leaf.deciding),
    _column("relieving", "texts", "the directives that relieved", lambda one: one.leaf.relieving),
    _column(
        "missing",
        "sets",
        "each set of attributes that, once attested, settles it",
        lambda one: one.leaf.missing,
    ),
    _column(
        "observed_verdict",
        "text",
        "what it had been, were observed directives enforced; empty: the same",
        lambda one: one.leaf.observed.verdict if one.leaf.observed else "",
    ),
    _column(
        "observed_deciding",
        "texts",
        "the observed directives behind that",
        lambda one: one.leaf.observed.deciding if one.leaf.observed else (),
    ),
    _column(
        "candidates",
        "candidates",
        "models at endpoints in the order of the plan, each with its verdict",
        lambda one: one.leaf.candidates,
    ),
    _column(
        "candidates_left_out",
        "integer",
        "candidates that the record does not name",
        lambda one: one.leaf.candidates_left_out,
    ),
    _column("duties", "texts", "kinds of duties that came with it", lambda one: one.leaf.duties),
    _column("evidence", "text", "`before_send` or `before_answer`", lambda one: one.leaf.evidence),
    _column("stale", "boolean", "served on an expired lease", lambda one: one.leaf.stale),
    _column("snapshot", "text", "the rules and lists, by digest", lambda one: one.leaf.snapshot),
    _column("valid_at", "instant", "as of when it was decided", lambda one: one.leaf.valid_at),
    _column("known_at", "instant", "on what was known when", lambda one: one.leaf.known_at),
    _column(
        "error_us",
        "integer",
        "the declared error of `valid_at`, microseconds",
        lambda one: one.leaf.error_us,
    ),
)

_ATTEMPTS: tuple[_Valued[_Sent], ...] = (
    _column("leaf", "integer", "index of the record in the log", lambda one: one.index),
    _column("at", "instant", "when it was put on file", lambda one: one.at),
    _column(DAY, "text", "the day of `at`, UTC", lambda one: one.at[:10]),
    _column(WORKLOAD, "text", "for what use", lambda one: one.workload),
    _column("request", "text", "which request", lambda one: one.request),
    _column("attempt", "integer", "from 1; 1 is recorded with the decision", lambda o: o.attempt),
    _column("endpoint", "text", "where it was sent", lambda one: one.sending.endpoint),
    _column("model", "text", "which model, as the catalogue names it", lambda o: o.sending.model),
    _column(
        "vendor_model",
        "text",
        "the name by which the vendor was asked; empty: the model's own",
        lambda one: one.sending.vendor_model,
    ),
    _column("residency", "text", "asked of the vendor", lambda one: one.sending.residency),
    _column("dropped", "texts", "fields that could not be said", lambda one: one.sending.dropped),
    _column("stripped", "texts", "fields that were removed", lambda one: one.sending.stripped),
    _column("reason", "text", "`first`, `retry`, `failover`", lambda one: one.reason),
    _column("cause", "text", "what ended the attempt before", lambda one: one.cause),
    _column("snapshot", "text", "the rules and lists, by digest", lambda o: o.sending.snapshot),
)

_OUTCOMES: tuple[_Valued[_Ended], ...] = (
    _column("leaf", "integer", "index of the record in the log", lambda one: one.index),
    _column("at", "instant", "when it ended", lambda one: one.leaf.at),
    _column(DAY, "text", "the day of `at`, UTC", lambda one: one.leaf.at[:10]),
    _column(WORKLOAD, "text", "for what use", lambda one: one.workload),
    _column("request", "text", "which request", lambda one: one.leaf.request),
    _column(
        "attempt",
        "integer",
        "which sending; 0: the request ended without one. Of several rows of one, the last counts",
        lambda one: one.leaf.attempt,
    ),
    _column(
        "outcome",
        "text",
        "`answered`, `refused`, `cut`, `failed`, `cancelled`, `unknown`",
        lambda one: one.leaf.outcome,
    ),
    _column("tries", "integer", "how often it was sent there", lambda one: one.leaf.tries),
    _column("status", "integer", "the vendor's HTTP status; 0: none", lambda one: one.leaf.status),
    _column("answered_by", "text", "as the vendor says", lambda one: one.leaf.answered_by),
    _column("vendor_request", "text", "the vendor's id of it", lambda o: o.leaf.vendor_request),
    _column("category", "text", "of a vendor's refusal", lambda one: one.leaf.category),
    _column("finish", "text", "why the vendor stopped", lambda one: one.leaf.finish),
    _column("fault", "text", "what failed", lambda one: one.leaf.fault),
    _column("deciding", "texts", "the directives that cut it", lambda one: one.leaf.deciding),
    _column("residency", "text", "returned by the vendor", lambda one: one.leaf.residency),
    _column("streamed", "boolean", "whether it was a stream", lambda one: one.leaf.streamed),
    _column("duration_us", "integer", "microseconds", lambda one: one.leaf.duration_us),
    _column("tokens_input", "integer", "tokens", lambda one: one.usage.input),
    _column("tokens_output", "integer", "tokens", lambda one: one.usage.output),
    _column("tokens_cache_read", "integer", "tokens", lambda one: one.usage.cache_read),
    _column("tokens_cache_write", "integer", "tokens", lambda one: one.usage.cache_write),
    _column("tokens_reasoning", "integer", "tokens", lambda one: one.usage.reasoning),
    _column(
        "tokens_estimated",
        "boolean",
        "counted here, since the vendor reported none",
        lambda one: one.usage.estimated,
    ),
)


def _table(name: str, about: str, valued: tuple[_Valued[Any], ...]) -> Table:
    return Table(name=name, about=about, columns=tuple(one.column for one in valued))


DECISIONS = _table("decisions", "every verdict: on admission, and decided again", _DECISIONS)
ATTEMPTS = _table("attempts", "every sending to a vendor", _ATTEMPTS)
OUTCOMES = _table("outcomes", "how each sending ended, or the request without one", _OUTCOMES)
TABLES = {table.name: table for table in (DECISIONS, ATTEMPTS, OUTCOMES)}

CANDIDATE = ("endpoint", "model", "verdict", "deciding", "unable")
"""What a row says of a candidate."""


def candidate(one: Candidate) -> dict[str, Any]:
    """A candidate of a row, by the names of `CANDIDATE`."""
    return {
        "endpoint": one.endpoint,
        "model": one.model,
        "verdict": one.verdict,
        "deciding": one.deciding,
        "unable": one.unable,
    }


def rows(index: int, leaf: Traffic, workload: str) -> Iterator[tuple[str, Row]]:
    """The rows of a record, each with the name of its table. `workload`: of its request."""
    match leaf:
        case DecisionLeaf():
            decided = _Decided(index=index, workload=workload, leaf=leaf)
            yield "decisions", tuple(one.value(decided) for one in _DECISIONS)
            if leaf.sending is not None:
                yield "attempts", _sent(index, workload, leaf, leaf.sending, 1, "first", "")
        case AttemptLeaf():
            sent = _sent(index, workload, leaf, leaf.sending, leaf.attempt, leaf.reason, leaf.cause)
            yield "attempts", sent
        case OutcomeLeaf():
            ended = _Ended(index=index, workload=workload, leaf=leaf, usage=leaf.usage or _NO_USAGE)
            yield "outcomes", tuple(one.value(ended) for one in _OUTCOMES)


def _sent(
    index: int,
    workload: str,
    leaf: DecisionLeaf | AttemptLeaf,
    sending: Sending,
    attempt: int,
    reason: str,
    cause: str,
) -> Row:
    sent = _Sent(
        index=index,
        workload=workload,
        at=leaf.at,
        request=leaf.request,
        attempt=attempt,
        sending=sending,
        reason=reason,
        cause=cause,
    )
    return tuple(one.value(sent) for one in _ATTEMPTS)
