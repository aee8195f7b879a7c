"""`revocations/*.toml`: what issuers signed, and nobody accepts any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC

import msgspec

from licet.identity.nouns import Issuer, Revoked
from licet.terms import ConfigurationFault, Document, Entry, Path, Text, When, did_you_mean, gather


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[revoked]]`: a token by `jti`, a subject by `sub`, or all issued before an instant
    (Unix seconds)."""

    issuer: str
    token: str | None = None
    subject: str | None = None
    issued_before_s: float | None = None


class _RevokedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    issuer: Text
    token: Text | None = None
    subject: Text | None = None
    issued_before: When | None = None
    reason: Text | None = None


def parse_revocations(
    document: Document,
) -> tuple[list[Entry[Revocation]], list[ConfigurationFault]]:
    """Reads every `[[revoked]]` of a file. A date alone is the start of that day, UTC."""
    return gather(document, "revoked", lambda path: _revocation(document, path))


def _revocation(document: Document, path: Path) -> Revocation:
    written = document.convert(_RevokedFile, path)
    given = (written.token, written.subject, written.issued_before)
    if sum(one is not None for one in given) != 1:
        raise document.fault(
            "wrong_revocation",
            "one of `token`, `subject` and `issued_before` says what is revoked",
            path,
            remedy="a `[[revoked]]` for each",
        )
    before = written.issued_before
    return Revocation(
        issuer=written.issuer,
        token=written.token,
        subject=written.subject,
        issued_before_s=None if before is None else before.first(UTC).timestamp(),
    )


def check_revocations(
    revocations: Iterable[Entry[Revocation]], issuers: Sequence[str]
) -> list[ConfigurationFault]:
    """A revocation of somebody who is not configured revokes nothing: that is a mistake."""
    return [
        one.fault(
            "unknown_issuer",
            f"there is no issuer `{one.value.issuer}`",
            "issuer",
            remedy=did_you_mean(one.value.issuer, issuers),
        )
        for one in revocations
        if one.value.issuer not in issuers
    ]


def with_revocations(issuer: Issuer, revocations: Iterable[Revocation]) -> Issuer:
    """The issuer, and everything of it that is revoked."""
    own = [one for one in revocations if one.issuer == issuer.id]
    if not own:
        return issuer
    before = [one.issued_before_s for one in own if one.issued_before_s is not None]
    revoked = Revoked(
        tokens=tuple(sorted({one.token for one in own if one.token is not None})),
        subjects=tuple(sorted({one.subject for one in own if one.subject is not None})),
        issued_before_s=max(before, default=None),
    )
    return msgspec.structs.replace(issuer, revoked=revoked)
