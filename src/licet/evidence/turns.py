"""Turns of conversations that the gateway keeps, so that the next one can go on from an id."""

from __future__ import annotations

import msgspec


class Turn(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One answer of Responses and what it answers.

    `id` is what callers name it by, `previous` that of the turn before (empty: it is the first).
    `holder` says under whose key it lies, and `scope` within what it can be found besides: the
    organisation. `until`: an instant as leaves write it, from which it is no longer there.
    `model` answered at `endpoint`, which is of the operator `vendor`, in `workload`. `input` is
    what was asked in this turn alone, a JSON array of items; `response` the answer, JSON.
    """

    id: str
    holder: str
    scope: str
    request: str
    previous: str
    at: str
    until: str
    workload: str
    model: str
    endpoint: str
    vendor: str
    input: bytes
    response: bytes

    @property
    def size(self) -> int:
        """Its bytes, as far as they count for a bound."""
        return len(self.input) + len(self.response)
