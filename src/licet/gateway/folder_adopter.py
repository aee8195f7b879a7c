"""Adopting a configuration folder: files, what is recorded already, a snapshot, leaves.

Reading the folder is given by `Folder`; the log's register, the snapshot store and the clock are
given by whoever composes the gateway. Everything else here is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from licet.catalog import Settings
from licet.evidence import (
    AdoptedLeaf,
    ClockLeaf,
    Leaf,
    ReadLeaf,
    RecordedVersion,
    RegisterLeaf,
    ReviewedLeaf,
    canonical,
    clip,
    digest_key_id,
    digest_of,
)
from licet.evidence import adopted as split
from licet.gateway.adoption import Adopted
from licet.gateway.folder import Folder
from licet.gateway.google_tokens import check_sources
from licet.gateway.messages import Secrets
from licet.gateway.narrowing import narrowed, with_more_revoked
from licet.gateway.register_history import History, read_history
from licet.gateway.routing import check_carriers
from licet.gateway.standing import stand
from licet.gateway.suspension import PREFIX, Suspended, with_suspension
from licet.identity import Key
from licet.policy import (
    PENDING,
    Adoption,
    Configuration,
    Newly,
    Snapshot,
    Sources,
    adopt,
    restrict,
)
from licet.terms import (
    ConfigurationFault,
    EvidenceFault,
    Fault,
    Faults,
    Instant,
    OperationFault,
    Place,
    did_you_mean,
    format_instant,
    parse_instant,
)

READING_CHARACTERS_MAX = 2_000

# Sections of `licet.toml` that sockets, folders and processes were made from at the start.
_OWN = {PREFIX: "suspensions", PENDING: "pending amendments"}

AT_START_ONLY = ("listen", "control", "evidence", "node", "clock")


class FolderAdopter:
    """An `Adopter` over a folder.

    `register`: the register leaves of the log so far. `keep`: makes a snapshot's bytes durable;
    `recall`: those of a digest, or `EvidenceFault`.
    `wall`: the system's clock. `by`: who is named as proposing what is adopted.
    """

    def __init__(
        self,
        *,
        folder: Folder,
        settings: Settings,
        register: Callable[[], Iterable[Leaf]],
        keep: Callable[[bytes], object],
        recall: Callable[[str], bytes],
        digest_key: Callable[[], bytes],
        environment: Mapping[str, str],
        wall: Callable[[], Instant],
        by: str,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._register = register
        self._keep = keep
        self._recall = recall
        self._digest_key = digest_key
        self._environment = environment
        self._wall = wall
        self._by = by
        self._log = settings.log_origin
        self._described: Snapshot | None = None

    @property
    def log(self) -> str:
        return self._log

    def adopt(self, at: Instant, before: Adopted | None) -> Adopted:
        configuration = self._folder.configuration()
        history = read_history(self._register())
        adoption = adopt(
            configuration,
            history.recorded,
            at,
            first=history.is_empty,
            previous=before.sources if before is not None else None,
        )
        faults: tuple[Fault, ...] = (
            *configuration.faults,
            *_reserved(configuration),
            *adoption.faults,
        )
        try:
            if faults:
                raise Faults(faults)
            return self._whole(configuration, adoption, history, at, before)
        except Faults as found:
            faults = found.faults
        except ConfigurationFault as fault:
            # Only beside each other are the files impossible.
            faults = (fault,)
        return self._in_part(configuration, adoption, history, at, before, faults)

    def _whole(
        self,
        configuration: Configuration,
        adoption: Adoption,
        history: History,
        at: Instant,
        before: Adopted | None,
    ) -> Adopted:
        snapshot = Snapshot.of(_suspended(adoption.sources, history))
        secrets = self._secrets(configuration, configuration.keys)
        leaves = self._opening(at, before)
        leaves += split(self._adopted_leaf(snapshot, secrets, adoption.newly, at))
        leaves += history.key_leaves(configuration.keys, self._envelope(at))
        return Adopted(
            settings=configuration.settings,
            sources=snapshot.sources,
            document=snapshot.document,
            digest=snapshot.digest,
            secrets=secrets,
            leaves=tuple(leaves),
            recorded=tuple(_told(one) for one in adoption.newly),
            notices=self._notices(configuration.settings),
        )

    def _in_part(
        self,
        configuration: Configuration,
        adoption: Adoption,
        history: History,
        at: Instant,
        before: Adopted | None,
        faults: tuple[Fault, ...],
    ) -> Adopted:
        """What is in force, or was when the log ended, and beside it what only restricts."""
        base = before.sources if before is not None else self._recalled(history, faults)
        restricted = restrict(_unreserved(configuration), history.recorded, at, base)
        snapshot = Snapshot.of(restricted.sources)
        if before is not None:
            whole = not any(_lies_in(fault, "keys/") for fault in faults)
            keys = narrowed(before.secrets.keys, configuration.keys, whole=whole)
            ended = {one.id for one in before.secrets.keys} - {one.id for one in keys}
            issuers = with_more_revoked(before.secrets.issuers, configuration.issuers)
            secrets = msgspec.structs.replace(before.secrets, keys=keys, issuers=issuers)
        else:
            known = history.keys_made - history.keys_revoked
            keys = tuple(one for one in configuration.keys if one.id in known)
            ended = set()
            secrets = self._secrets(configuration, keys)
            if any(_lies_in(fault, "revocations/") for fault in faults):
                # Nobody can say what is revoked, so nobody's tokens attest anything.
                secrets = msgspec.structs.replace(secrets, issuers=())
        ended |= {one.id for one in keys if one.revoked is not None}
        leaf = self._adopted_leaf(
            snapshot, secrets, restricted.newly, at, partial=True, removed=adoption.removed
        )
        return Adopted(
            settings=before.settings if before is not None else configuration.settings,
            sources=snapshot.sources,
            document=snapshot.document,
            digest=snapshot.digest,
            secrets=secrets,
            leaves=(
                *self._opening(at, before),
                *split(leaf),
                *history.revocations(ended, self._envelope(at)),
            ),
            recorded=tuple(_told(one) for one in restricted.newly),
            faults=tuple(str(fault) for fault in (*faults, *restricted.faults)),
            left=restricted.left,
            removed=adoption.removed,
        )

    def _recalled(self, history: History, faults: tuple[Fault, ...]) -> Sources:
        """What the log says was adopted last, with every suspension since; the faults of the
        files are raised where there is no such thing, for then nothing is known to be in force."""
        if not history.snapshot:
            raise Faults(faults)
        try:
            document = self._recall(history.snapshot)
            sources = Snapshot.load(document).sources
        except (EvidenceFault, ConfigurationFault) as fault:
            raise Faults((*faults, fault)) from fault
        return _suspended(sources, history)

    def _opening(self, at: Instant, before: Adopted | None) -> list[RegisterLeaf]:
        if before is None and self._settings.clock.scripted:
            return [ClockLeaf(**self._envelope(at), event="scripted")]
        return []

    def amend(self, before: Adopted, suspended: Suspended, at: Instant) -> Adopted:
        snapshot = Snapshot.of(with_suspension(before.sources, suspended.directive))
        return replace(
            before,
            sources=snapshot.sources,
            document=snapshot.document,
            digest=snapshot.digest,
            leaves=split(
                self._adopted_leaf(snapshot, before.secrets, (), at, partial=before.is_partial)
            ),
            recorded=(),
            notices=(),
        )

    def store(self, adopted: Adopted) -> None:
        self._keep(adopted.document)

    def reviewed(self, before: Adopted, request: Mapping[str, Any], at: Instant) -> ReviewedLeaf:
        name = str(request.get("directive", ""))
        known = [one.id for one in before.sources.directives]
        if name not in known:
            raise OperationFault(
                "unknown_directive",
                f"there is no directive `{name}`",
                remedy=did_you_mean(name, known) or "`licet directive list` names them",
            )
        due = request.get("next")
        return ReviewedLeaf(
            **{**self._envelope(at), "by": clip(str(request.get("by", self._by)), 256)},
            id=name,
            next=None if due is None else format_instant(parse_instant(str(due))),
        )

    def read(self, request: Mapping[str, Any], at: Instant) -> ReadLeaf:
        by = clip(str(request.get("by", self._by)), 256)
        what = clip(str(request.get("what", "")), 256)
        return ReadLeaf(**{**self._envelope(at), "by": by}, what=what)

    def stepped(self, before: Instant, at: Instant) -> ClockLeaf:
        return ClockLeaf(**self._envelope(at), event="stepped", from_at=format_instant(before))

    def describe(self, adopted: Adopted, at: Instant) -> Mapping[str, Any]:
        if self._described is None or self._described.digest != adopted.digest:
            self._described = Snapshot.load(adopted.document)
        standing = stand(self._described, at, read_history(self._register()))
        partial = {
            "faults": list(adopted.faults),
            "left": list(adopted.left),
            "removed": list(adopted.removed),
        }
        return {**msgspec.to_builtins(standing), "partial": partial if adopted.is_partial else None}

    def _envelope(self, at: Instant) -> dict[str, Any]:
        found: dict[str, Any] = {"at": format_instant(at), "log": self._log, "by": self._by}
        if self._settings.clock.scripted:
            found["wall"] = format_instant(self._wall())
        return found

    def _adopted_leaf(
        self,
        snapshot: Snapshot,
        secrets: Secrets,
        newly: tuple[Newly, ...],
        at: Instant,
        *,
        partial: bool = False,
        removed: tuple[str, ...] = (),
    ) -> AdoptedLeaf:
        return AdoptedLeaf(
            **self._envelope(at),
            snapshot=snapshot.digest,
            catalogue=_catalogue_digest(snapshot.sources),
            directives=tuple(_recorded(one) for one in newly if one.key[0] == "directive"),
            lists=tuple(_recorded(one) for one in newly if one.key[0] == "list"),
            removed=removed,
            partial=partial,
            digest_key=secrets.digest_key_id,
        )

    def _secrets(self, configuration: Configuration, keys: tuple[Key, ...]) -> Secrets:
        key = self._digest_key()
        credentials = self._folder.credentials(configuration.credentials, self._environment)
        endpoints = configuration.sources.endpoints
        google = {e.id: credentials.pop(e.id, "") for e in endpoints if e.auth == "google"}
        check_sources(google)
        check_carriers(endpoints, credentials)
        return Secrets(
            keys=keys,
            issuers=configuration.issuers,
            credentials=credentials,
            google=google,
            digest_key=key,
            digest_key_id=digest_key_id(key),
        )

    def _notices(self, settings: Settings) -> tuple[str, ...]:
        return tuple(
            f"`[{name}]` in `licet.toml` changed, which takes effect at the next start"
            for name in AT_START_ONLY
            if getattr(settings, name) != getattr(self._settings, name)
        )


def _suspended(sources: Sources, history: History) -> Sources:
    for directive in history.suspensions:
        sources = with_suspension(sources, directive)
    return sources


def _lies_in(fault: Fault, folder: str) -> bool:
    return fault.place is not None and fault.place.path.startswith(folder)


def _reserved(configuration: Configuration) -> list[ConfigurationFault]:
    """The ids that the gateway gives are nobody else's: a file would stand in for them."""
    return [
        ConfigurationFault(
            "reserved_id",
            f"`{one.id}` begins with `{prefix}.`, as only the gateway's own {what} do",
            place=configuration.places.get(("directive", one.id, 1), Place("directives")),
            remedy="choose another id",
        )
        for one in configuration.sources.directives
        for prefix, what in _OWN.items()
        if one.id.startswith(f"{prefix}.")
    ]


def _unreserved(configuration: Configuration) -> Configuration:
    """Without the directives that have an id of the gateway's own."""
    directives = tuple(
        one
        for one in configuration.sources.directives
        if not one.id.startswith(tuple(f"{prefix}." for prefix in _OWN))
    )
    sources = msgspec.structs.replace(configuration.sources, directives=directives)
    return replace(configuration, sources=sources)


def _recorded(one: Newly) -> RecordedVersion:
    _, name, number = one.key
    return RecordedVersion(
        id=name,
        version=number,
        digest=one.recording.digest,
        recorded_at=format_instant(one.recording.recorded_at),
        claimed=one.recording.claimed,
        source=one.source,
        reading=clip(one.reading, READING_CHARACTERS_MAX),
    )


def _told(one: Newly) -> str:
    kind, name, number = one.key
    claimed = ", as its author claims" if one.recording.claimed else ""
    return f"{kind} `{name}` v{number}, at {format_instant(one.recording.recorded_at)}{claimed}"


def _catalogue_digest(sources: Sources) -> str:
    """Of everything in a snapshot that is neither directive nor list."""
    rest = msgspec.structs.replace(sources, directives=(), lists=())
    return digest_of(canonical(msgspec.to_builtins(rest)))
