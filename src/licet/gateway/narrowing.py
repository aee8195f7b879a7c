"""Keys under a broken folder: no new ones, no new rights, and whatever is taken away counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from licet.identity import Issuer, Key, Revoked


def narrowed(before: Iterable[Key], written: Iterable[Key], *, whole: bool) -> tuple[Key, ...]:
    """The keys as they were, less what the files take from them.

    `whole`: every file of a key was read, so that one that is missing is gone. What a key
    attests stays: taking an attestation away may end a contradiction, and so relax.
    """
    found = {one.id: one for one in written}
    return tuple(
        _narrowed(one, found.get(one.id)) for one in before if one.id in found or not whole
    )


def _narrowed(key: Key, written: Key | None) -> Key:
    if written is None:
        return key
    return msgspec.structs.replace(
        key,
        workloads=tuple(name for name in key.workloads if name in written.workloads),
        speaks_for_others=key.speaks_for_others and written.speaks_for_others,
        expires=_sooner(key.expires, written.expires),
        revoked=_sooner(key.revoked, written.revoked),
    )


def with_more_revoked(before: Iterable[Issuer], written: Iterable[Issuer]) -> tuple[Issuer, ...]:
    """The issuers as they were, and beside what was revoked of them what the files revoke."""
    found = {one.id: one.revoked for one in written}
    return tuple(
        msgspec.structs.replace(one, revoked=_joint(one.revoked, found.get(one.id, Revoked())))
        for one in before
    )


def _joint(one: Revoked, other: Revoked) -> Revoked:
    instants = (one.issued_before_s, other.issued_before_s)
    return Revoked(
        tokens=tuple(sorted({*one.tokens, *other.tokens})),
        subjects=tuple(sorted({*one.subjects, *other.subjects})),
        issued_before_s=max((at_s for at_s in instants if at_s is not None), default=None),
    )


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)
