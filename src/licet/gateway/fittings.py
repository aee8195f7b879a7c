"""What the endpoints of one case want of its requests, beside their dialects.

A person's pseudonym is a keyed hash for one vendor: the same each time, so that the vendor can
act against one person instead of the whole account, and another at each vendor, so that no two
of them can put together what they know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from licet.evidence import KeyedDigest
from licet.wire import Fitted, Manner, Request, fit

_DOMAIN = b"licet end user 1\x00"
PSEUDONYM_CHARACTERS = 32


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """Of one endpoint. `vendor`: the organisation that operates it. `geo`: where it must infer,
    in its own words; empty: anywhere."""

    manner: Manner
    vendor: str
    geo: str = ""


class Fittings:
    """Of the endpoints of one case that want anything. `person`: whom the caller speaks for;
    empty for a job, whose `key` then stands before the names that it gives."""

    __slots__ = ("_digest", "_key", "_of", "_person")

    def __init__(
        self, of: Mapping[str, Fitting], *, digest: KeyedDigest, person: str, key: str
    ) -> None:
        self._of = of
        self._digest = digest
        self._person = person
        self._key = key

    def fit(self, endpoint: str, request: Request) -> Fitted | None:
        """The request as `endpoint` wants it; None where it goes as it is."""
        wanted = self._of.get(endpoint)
        if wanted is None:
            return None

        def pseudonym(named: str) -> str:
            if self._person:
                return self._hash(wanted.vendor, "person", self._person)
            return self._hash(wanted.vendor, self._key, named) if named else ""

        return fit(request, wanted.manner, pseudonym=pseudonym, geo=wanted.geo)

    def _hash(self, *parts: str) -> str:
        # The same key digests requests and answers, none of which ever begins like this.
        said = _DOMAIN + b"\x00".join(part.encode() for part in parts)
        return self._digest(said)[:PSEUDONYM_CHARACTERS]
