"""What can go wrong at an endpoint, and whether another attempt may help.

`UNAVAILABLE` and `STALE_RULES` are found when a step is about to be tried: a dated fact says
that it cannot be had any more, or the worker no longer knows whether its rules are the latest.
`DECLINED`: the vendor refuses the content in an error amid its answer, which is its answer.
`REJECTED`: the vendor does not take the request that was made for it, to continue an answer.
Source of the other classes: RFC 9110 status codes, the vendors' published error pages (529 is
"overloaded" in the Messages dialect), and what TCP and TLS can do to a connection.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from licet.catalog import Candidate
from licet.relay.states import Conclusion


class FailureKind(Enum):
    """`value` is the word that records and metrics use."""

    CONNECT = "connect"
    STALE = "stale_connection"
    RESET = "reset"
    HEAD_TIMEOUT = "head_timeout"
    STALL = "stall"
    TOTAL_TIMEOUT = "total_timeout"
    CUT = "cut"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    IN_BAND = "in_band_error"
    REQUEST_TIMEOUT = "status_408"
    RATE_LIMITED = "status_429"
    SERVER_ERROR = "status_5xx"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    STALE_RULES = "stale_snapshot"
    CREDENTIAL = "credential_rejected"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"
    DECLINED = "declined"


_OF_STATUS = {
    401: FailureKind.CREDENTIAL,
    403: FailureKind.CREDENTIAL,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.REQUEST_TIMEOUT,
    429: FailureKind.RATE_LIMITED,
    503: FailureKind.OVERLOADED,
    529: FailureKind.OVERLOADED,
}

AGAIN_HERE = frozenset(
    {
        FailureKind.CONNECT,
        FailureKind.STALE,
        FailureKind.RESET,
        FailureKind.HEAD_TIMEOUT,
        FailureKind.STALL,
        FailureKind.CUT,
        FailureKind.MALFORMED,
        FailureKind.IN_BAND,
        FailureKind.REQUEST_TIMEOUT,
        FailureKind.RATE_LIMITED,
        FailureKind.SERVER_ERROR,
        FailureKind.OVERLOADED,
    }
)
"""Failures that may pass by themselves: the same endpoint may be tried again. A rejected
credential or an unknown model will not."""

FINAL = frozenset({FailureKind.TOTAL_TIMEOUT, FailureKind.DECLINED})
"""Failures after which nobody else is asked: there is no time left, or it was an answer."""

_TIMEOUTS = frozenset({FailureKind.HEAD_TIMEOUT, FailureKind.STALL, FailureKind.TOTAL_TIMEOUT})


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One failed attempt. `retry_after_ms`: what the vendor asked for, if it did."""

    kind: FailureKind
    status: int | None = None
    retry_after_ms: int | None = None
    message: str = ""

    @property
    def is_timeout(self) -> bool:
        return self.kind in _TIMEOUTS


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's refusal that an operator's rule routes, to `steps` in their order. `cause` is its
    class. `stands` is how the request ends where none of them answers."""

    steps: tuple[Candidate, ...]
    cause: str
    stands: Conclusion


def failure_of_status(status: int) -> FailureKind | None:
    """The failure that a vendor's status stands for, or None: then it is an answer, or an
    error about the request itself, which another endpoint would give as well."""
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    if status >= 500 or 300 <= status < 400:
        return FailureKind.SERVER_ERROR
    return None
