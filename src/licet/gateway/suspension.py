"""The emergency stop: a restriction on one model or endpoint, made by the gateway itself.

It needs nothing but a running gateway: no file is read, nothing else is adopted. It is a
directive like any other, in a leaf of the register, from which it is recovered at every start;
lifting it adds a version without effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from licet.evidence import Leaf, SuspendedLeaf, canonical
from licet.policy import (
    Alternative,
    Condition,
    Directive,
    Kind,
    Sources,
    Version,
    content_digest,
)
from licet.terms import Instant, OperationFault, did_you_mean, format_instant, to_datetime

PREFIX = "suspension"
SECONDS_MAX = 10 * 365 * 86_400


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. Exactly one of `model`, `endpoint` and `either`, which is an id that
    only one of both has; `seconds` None: until lifted."""

    model: str | None = None
    endpoint: str | None = None
    either: str | None = None
    seconds: int | None = None
    lift: bool = False
    why: str = ""
    by: str = ""

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Suspension:
        """From a request of the control socket; `OperationFault` when it is not understood."""
        try:
            asked = msgspec.convert(dict(request), cls, strict=True)
        except msgspec.ValidationError as error:
            raise OperationFault("suspension_malformed", f"not understood: {error}") from error
        if [asked.model, asked.endpoint, asked.either].count(None) != 2:
            raise OperationFault(
                "suspension_malformed", "a suspension names one model or one endpoint"
            )
        if asked.seconds is not None and not 0 < asked.seconds <= SECONDS_MAX:
            raise OperationFault(
                "suspension_malformed",
                f"`{asked.seconds}` seconds is not a duration between a second and ten years",
            )
        return asked

    @property
    def party(self) -> str:
        return "model" if self.model is not None else "endpoint"

    @property
    def name(self) -> str:
        return self.model or self.endpoint or self.either or ""


class Suspended(msgspec.Struct, frozen=True, kw_only=True):
    """The directive with all its versions, and the leaf that records the last of them."""

    directive: Directive
    leaf: SuspendedLeaf


def suspend(asked: Suspension, sources: Sources, at: Instant, log: str) -> Suspended:
    """The directive that suspends from `at` on, or lifts the suspension of the same name."""
    asked = _known(asked, sources)
    identity = f"{PREFIX}.{asked.party}.{asked.name}"
    before = next((one for one in sources.directives if one.id == identity), None)
    if asked.lift and before is None:
        raise OperationFault(
            "not_suspended", f"{asked.party} `{asked.name}` was never suspended here"
        )
    now = to_datetime(at)
    until = None if asked.seconds is None else to_datetime(Instant(at + asked.seconds * 1_000_000))
    version = Version(
        received=now,
        effective_from=now,
        effective_until=None if asked.lift else until,
        recorded_at=now,
        nothing=asked.lift,
        applies=()
        if asked.lift
        else (
            Alternative(
                conditions=(Condition(attribute=f"{asked.party}.id", any_of=(asked.name,)),)
            ),
        ),
    )
    directive = Directive(
        id=identity,
        kind=Kind.RESTRICTION,
        title=f"Suspension of {asked.party} {asked.name}" + (f": {asked.why}" if asked.why else ""),
        authority=asked.by or "operator",
        versions=(*(before.versions if before is not None else ()), version),
    )
    return Suspended(directive=directive, leaf=_leaf(directive, asked, at, log))


def with_suspension(sources: Sources, directive: Directive) -> Sources:
    """The sources with this directive in the place of the one with its id, or added."""
    others = tuple(one for one in sources.directives if one.id != directive.id)
    return msgspec.structs.replace(sources, directives=(*others, directive))


def recover(leaves: Iterable[Leaf]) -> tuple[Directive, ...]:
    """Every suspension that the register holds, each with all its versions."""
    found: dict[str, Directive] = {}
    for leaf in leaves:
        if isinstance(leaf, SuspendedLeaf):
            directive = msgspec.json.decode(leaf.directive, type=Directive)
            found[directive.id] = directive
    return tuple(found.values())


def _leaf(directive: Directive, asked: Suspension, at: Instant, log: str) -> SuspendedLeaf:
    content = msgspec.to_builtins(directive)
    until = directive.versions[-1].effective_until
    return SuspendedLeaf(
        at=format_instant(at),
        log=log,
        by=asked.by,
        id=directive.id,
        version=len(directive.versions),
        digest=content_digest(directive, len(directive.versions)),
        directive=canonical(content).decode("utf-8"),
        until=None
        if until is None
        else format_instant(Instant(at + (asked.seconds or 0) * 1_000_000)),
    )


def _known(asked: Suspension, sources: Sources) -> Suspension:
    """What is asked for, with its party. A misspelt emergency stop would stop nothing, and nobody
    would notice; so what nobody knows is a fault."""
    models = [one.id for one in sources.models]
    endpoints = [one.id for one in sources.endpoints]
    name = asked.name
    if asked.either is not None:
        if name in models and name in endpoints:
            raise OperationFault(
                "ambiguous",
                f"`{name}` is a model and an endpoint, so nothing was suspended",
                remedy="say which: `--model` or `--endpoint`",
            )
        party = "endpoint" if name in endpoints else "model"
        known = [*models, *endpoints]
        asked = msgspec.structs.replace(asked, either=None, **{party: name})
        what = "model or endpoint"
    else:
        known = models if asked.model is not None else endpoints
        what = asked.party
    if name not in known:
        raise OperationFault(
            "unknown_party",
            f"no {what} `{name}` is in the catalogue, so nothing was suspended",
            remedy=did_you_mean(name, known) or "there are: " + ", ".join(known),
        )
    return asked
