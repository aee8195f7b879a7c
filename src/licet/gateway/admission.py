"""Who asks: a verified key, the person it speaks for, and what is known of both.

There is no caller without a verified key: the type does not allow it. Keys are looked up by
hash only. A token is verified once and remembered under the whole token's digest until it
expires; whoever it names is known to one snapshot's rules at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from licet.catalog import Workload
from licet.evidence import canonical
from licet.gateway.clock import DecisionClock
from licet.gateway.messages import Secrets
from licet.identity import Key, TokenProblem, TokenVerifier, VerifiedToken, hash_key, resolve
from licet.policy import Known, Ruleset, Snapshot
from licet.terms import Instant, Profile
from licet.wire import Reason

if TYPE_CHECKING:
    from licet.gateway.cases import Case

REMEMBERED_MAX = 20_000
"""Callers (a key and a token) remembered per worker; the longest unused are forgotten."""


@dataclass(frozen=True, kw_only=True)
class Denial:
    """Why somebody is not let in."""

    reason: Reason
    code: str
    message: str


class Caller:
    """A verified key and what is attested of the person it speaks for.

    `inputs` and `parts` are what the evidence commits to: the full attested profile, and
    which key and issuer it came from. `until_s` (Unix seconds): when the token expires.
    `by`, `entry`, `at_s`: who let them in, on which key and token, and when.
    `cases`: what was prepared for this caller, by the name asked for and the dialect.
    """

    __slots__ = (
        "_known", "_rules", "at_s", "by", "cases", "entry", "holder", "inputs", "key", "parts",
        "profile", "until_s", "workloads",
    )  # fmt: skip

    def __init__(
        self,
        *,
        key: Key,
        profile: Profile,
        workloads: tuple[Workload, ...],
        until_s: float,
        by: Admission,
        entry: tuple[bytes, bytes],
        at_s: float,
    ) -> None:
        self.by = by
        self.entry = entry
        self.at_s = at_s
        self.key = key
        self.profile = profile
        self.workloads = workloads
        self.until_s = until_s
        self.holder = profile.subject or f"key:{key.id}"
        part = canonical(msgspec.to_builtins(profile))
        self.parts = (part,)
        self.inputs = canonical({"key": key.id, "profile": sha256(part).hexdigest()})
        self._rules: Ruleset | None = None
        self._known: dict[str, Known] = {}
        self.cases: dict[tuple[str, str], Case] = {}

    def known(self, rules: Ruleset, workload: Workload, valid_at: Instant) -> Known:
        """What the rules know of this caller in this workload, as of `valid_at`."""
        if rules is not self._rules:
            self._rules = rules
            self._known = {}
        known = self._known.get(workload.id)
        if known is None or (known.until is not None and valid_at >= known.until):
            known = rules.know(self.profile, self.key.organisation, workload.id, valid_at)
            self._known[workload.id] = known
        return known


class Ground:
    """What a verdict rests on: a caller as admitted, the rules, and what they know of the caller.

    `epoch` counts what the rules, the keys and the availability have been in this worker.
    """

    __slots__ = ("_until", "caller", "epoch", "known", "rules")

    def __init__(
        self, caller: Caller, workload: Workload, *, rules: Ruleset, epoch: int, at: Instant
    ) -> None:
        self.caller = caller
        self.rules = rules
        self.epoch = epoch
        self.known = caller.known(rules, workload, at)
        self._until = self.known.until

    def stands(self, epoch: int, clock: DecisionClock) -> bool:
        """Whether nothing has changed since, nor has anything attested of the caller ended."""
        until = self._until
        return epoch == self.epoch and (until is None or clock.now() < until)


class Admission:
    """Keys and issuers of one configuration; made anew at every adoption."""

    def __init__(
        self,
        snapshot: Snapshot,
        secrets: Secrets,
        *,
        wall_s: Callable[[], float],
        unknown_key: Callable[[str], None],
    ) -> None:
        self._unknown_key = unknown_key
        workloads = {w.id: w for w in snapshot.sources.workloads}
        self._wall_s = wall_s
        self._keys = {key.hash: key for key in secrets.keys}
        self._organisations = {o.id: o for o in snapshot.sources.organisations}
        self._workloads_of = {
            key.id: tuple(workloads[w] for w in key.workloads if w in workloads)
            for key in secrets.keys
        }
        self._verifier = TokenVerifier(secrets.issuers)
        self._callers: dict[tuple[bytes, bytes], Caller] = {}

    def admit(self, headers: Mapping[bytes, bytes]) -> Caller | Denial:
        """The caller of a request with these headers (lower case names)."""
        presented = headers.get(b"x-api-key")
        bearer = headers.get(b"authorization")
        if bearer is not None:
            scheme, _, credential = bearer.partition(b" ")
            if scheme.lower() != b"bearer":
                return _unauthenticated("`Authorization` is not of the form `Bearer KEY`")
            credential = credential.strip()
            if presented is not None and presented != credential:
                return _unauthenticated("`Authorization` and `x-api-key` name different keys")
            presented = credential
        if not presented:
            return _unauthenticated(_NO_KEY)
        token = headers.get(b"licet-subject", b"")
        entry = (presented, token)
        caller = self._callers.get(entry)
        if caller is not None and self._wall_s() < caller.until_s:
            return caller
        self._callers.pop(entry, None)
        found = self._admit(entry, self._wall_s())
        if isinstance(found, Caller):
            if len(self._callers) >= REMEMBERED_MAX:
                self._callers.pop(next(iter(self._callers)))
            self._callers[entry] = found
        return found

    def again(self, caller: Caller) -> Caller:
        """Somebody whom an earlier configuration let in, as this one knows them.

        The token counts as of when it was presented. Nothing is attested of whoever would
        not be let in any more, so that only what nobody restricts goes on.
        """
        if caller.by is self:
            return caller
        found = self._admit(caller.entry, caller.at_s)
        if isinstance(found, Denial):
            bare = msgspec.structs.replace(caller.key, attests=None)
            found = self._caller(bare, None, caller.entry, caller.at_s)
        return found

    def _admit(self, entry: tuple[bytes, bytes], presented_s: float) -> Caller | Denial:
        presented, token = entry
        key = self._keys.get(hash_key(presented.decode("latin-1")))
        now_s = self._wall_s()
        if key is None:
            return _unauthenticated("the key is not known here")
        if key.revoked is not None and now_s >= key.revoked.timestamp():
            return _unauthenticated(f"the key `{key.id}` was revoked")
        if key.expires is not None and now_s >= key.expires.timestamp():
            return _unauthenticated(f"the key `{key.id}` has expired")
        verified: VerifiedToken | None = None
        if token:
            if not key.speaks_for_others:
                return Denial(
                    reason="forbidden",
                    code="subject_not_accepted",
                    message=f"the key `{key.id}` speaks for one person: leave out `Licet-Subject`",
                )
            found = self._verifier.verify(token.decode("latin-1"), int(presented_s))
            if isinstance(found, TokenProblem):
                if found.issuer is not None:
                    self._unknown_key(found.issuer)
                return _unauthenticated(f"`Licet-Subject`: {found.message}", found.code)
            verified = found
        return self._caller(key, verified, entry, presented_s)

    def _caller(
        self, key: Key, verified: VerifiedToken | None, entry: tuple[bytes, bytes], at_s: float
    ) -> Caller:
        until_s = float("inf") if verified is None else float(verified.expires_s)
        for moment in (key.revoked, key.expires):
            if moment is not None:
                until_s = min(until_s, moment.timestamp())
        token_profile = None if verified is None else verified.profile
        return Caller(
            key=key,
            profile=resolve(token_profile, key),
            workloads=self._workloads_of.get(key.id, ()),
            until_s=until_s,
            by=self,
            entry=entry,
            at_s=at_s,
        )


_NO_KEY = "the request carries no key: send it as `Authorization: Bearer KEY` or in `x-api-key`"


def _unauthenticated(message: str, code: str = "invalid_api_key") -> Denial:
    return Denial(reason="unauthenticated", code=code, message=message)
