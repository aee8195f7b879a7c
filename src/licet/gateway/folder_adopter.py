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
    RecordedVersion,
    RegisterLeaf,
    ReviewedLeaf,
    canonical,
    clip,
    digest_of,
)
from licet.evidence import adopted as split
from licet.gateway.adoption import Adopted
from licet.gateway.folder import Folder, log_origin
from licet.gateway.messages import Secrets
from licet.gateway.register_history import History, read_history
from licet.gateway.standing import stand
from licet.gateway.suspension import PREFIX, Suspended, with_suspension
from licet.identity import Key
from licet.policy import Adoption, Configuration, Newly, Snapshot, Sources, adopt
from licet.terms import (
    ConfigurationFault,
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
AT_START_ONLY = ("listen", "control", "evidence", "node", "clock")


class FolderAdopter:
    """An `Adopter` over a folder.

    `register`: the register leaves of the log so far. `keep`: makes a snapshot's bytes durable.
    `wall`: the system's clock. `by`: who is named as proposing what is adopted.
    """

    def __init__(
        self,
        *,
        folder: Folder,
        settings: Settings,
        register: Callable[[], Iterable[Leaf]],
        keep: Callable[[bytes], object],
        digest_key: Callable[[], bytes],
        environment: Mapping[str, str],
        wall: Callable[[], Instant],
        by: str,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._register = register
        self._keep = keep
        self._digest_key = digest_key
        self._environment = environment
        self._wall = wall
        self._by = by
        self._log = log_origin(settings)
        self._described: Snapshot | None = None

    @property
    def log(self) -> str:
        return self._log

    def adopt(self, at: Instant, before: Adopted | None) -> Adopted:
        configuration = self._folder.sound()
        history = read_history(self._register())
        adoption = adopt(
            configuration,
            history.recorded,
            at,
            first=history.is_empty,
            previous=before.sources if before is not None else None,
        )
        faults: tuple[Fault, ...] = (*_reserved(configuration), *adoption.faults)
        if faults:
            # A restriction in the sound files waits with the rest: nothing is adopted in part.
            raise Faults(faults)
        sources = adoption.sources
        for directive in history.suspensions:
            sources = with_suspension(sources, directive)
        snapshot = Snapshot.of(sources)
        leaves: list[RegisterLeaf] = []
        if before is None and self._settings.clock.scripted:
            leaves.append(ClockLeaf(**self._envelope(at), event="scripted"))
        leaves += split(self._adopted_leaf(snapshot, adoption, at))
        leaves += self._key_leaves(configuration.keys, history, at)
        return Adopted(
            settings=configuration.settings,
            sources=snapshot.sources,
            document=snapshot.document,
            digest=snapshot.digest,
            secrets=self._secrets(configuration),
            leaves=tuple(leaves),
            recorded=tuple(_told(one) for one in adoption.newly),
            notices=self._notices(configuration.settings),
        )

    def amend(self, before: Adopted, suspended: Suspended, at: Instant) -> Adopted:
        snapshot = Snapshot.of(with_suspension(before.sources, suspended.directive))
        return replace(
            before,
            sources=snapshot.sources,
            document=snapshot.document,
            digest=snapshot.digest,
            leaves=split(self._adopted_leaf(snapshot, None, at)),
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
                remedy=did_you_mean(name, known),
            )
        due = request.get("next")
        return ReviewedLeaf(
            **{**self._envelope(at), "by": clip(str(request.get("by", self._by)), 256)},
            id=name,
            next=None if due is None else format_instant(parse_instant(str(due))),
        )

    def stepped(self, before: Instant, at: Instant) -> ClockLeaf:
        return ClockLeaf(**self._envelope(at), event="stepped", from_at=format_instant(before))

    def describe(self, adopted: Adopted, at: Instant) -> Mapping[str, Any]:
        if self._described is None or self._described.digest != adopted.digest:
            self._described = Snapshot.load(adopted.document)
        standing = stand(self._described, at, read_history(self._register()))
        return msgspec.to_builtins(standing)  # type: ignore[no-any-return]

    def _envelope(self, at: Instant) -> dict[str, Any]:
        found: dict[str, Any] = {"at": format_instant(at), "log": self._log, "by": self._by}
        if self._settings.clock.scripted:
            found["wall"] = format_instant(self._wall())
        return found

    def _adopted_leaf(
        self, snapshot: Snapshot, adoption: Adoption | None, at: Instant
    ) -> AdoptedLeaf:
        newly = adoption.newly if adoption is not None else ()
        return AdoptedLeaf(
            **self._envelope(at),
            snapshot=snapshot.digest,
            catalogue=_catalogue_digest(snapshot.sources),
            directives=tuple(_recorded(one) for one in newly if one.key[0] == "directive"),
            lists=tuple(_recorded(one) for one in newly if one.key[0] == "list"),
        )

    def _key_leaves(
        self, keys: tuple[Key, ...], history: History, at: Instant
    ) -> list[RegisterLeaf]:
        return history.key_leaves(keys, self._envelope(at))

    def _secrets(self, configuration: Configuration) -> Secrets:
        key = self._digest_key()
        return Secrets(
            keys=configuration.keys,
            issuers=configuration.issuers,
            credentials=self._folder.credentials(configuration.credentials, self._environment),
            digest_key=key,
            digest_key_id=digest_of(key)[:16],
        )

    def _notices(self, settings: Settings) -> tuple[str, ...]:
        return tuple(
            f"`[{name}]` in `licet.toml` changed, which takes effect at the next start"
            for name in AT_START_ONLY
            if getattr(settings, name) != getattr(self._settings, name)
        )


def _reserved(configuration: Configuration) -> list[ConfigurationFault]:
    """The ids that suspensions have are nobody else's: a file would stand in for them."""
    return [
        ConfigurationFault(
            "reserved_id",
            f"`{one.id}` begins with `{PREFIX}.`, as only the gateway's own suspensions do",
            place=configuration.places.get(("directive", one.id, 1), Place("directives")),
            remedy="choose another id",
        )
        for one in configuration.sources.directives
        if one.id.startswith(f"{PREFIX}.")
    ]


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
