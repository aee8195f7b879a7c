"""`licet.toml`: how a node runs. Every value carries its unit in its name and has a bound.

What changes verdicts (declared attributes, capabilities that need clearance) is here as
written and becomes part of the snapshot; the rest does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from licet.catalog.credentials import REMEDY, CredentialReference
from licet.catalog.nouns import EvidenceMode
from licet.terms import ConfigurationFault, Document, Identifier, Text

DAY_S = 86_400
HOUR_MS = 3_600_000
MIB = 1 << 20
URL = r"https?://[^\s/@?#]+(/[^\s@?#]*)?"
"""Without a name, a password or a query."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Milliseconds = Annotated[int, Meta(ge=1, le=HOUR_MS)]
Seconds = Annotated[int, Meta(ge=1, le=DAY_S)]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of `licet.toml`."""


class NodeSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """This node. `workers`: processes that serve requests. `lease_s`: how long a worker
    serves without being told that its snapshot is the latest."""

    name: Identifier = "node-1"
    workers: Annotated[int, Meta(ge=1, le=256)] = 2
    lease_s: Annotated[int, Meta(ge=1, le=3600)] = 15


class OperatorSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who runs the gateway: named by refusals (RFC 7725 `blocked-by` is `url`)."""

    name: Text
    url: Text
    contact: Text


class ListenSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where callers connect; TLS when both files are given (PEM)."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8750
    certificate_file: Text | None = None
    key_file: Text | None = None


class ControlSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Unix socket of `licet status` and `licet reload`."""

    socket: Text = "run/control.sock"


class WitnessSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose signature (C2SP tlog-witness) a checkpoint must have before it is published."""

    url: Text
    key: Text


class PublishSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where others keep checkpoints: a folder, or a URL below which GET and PUT work."""

    to: Text
    every_s: Seconds = 300
    credential: CredentialReference | None = None
    witness: tuple[WitnessSettings, ...] = ()


class EvidenceSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log. `mode`: for workloads that say nothing; None: before_send wherever a
    directive names a candidate's model, else before_answer. `openings_days`: for how long what
    decisions on persons were made from is kept at least; None: without end."""

    folder: Text = "evidence"
    mode: EvidenceMode | None = None
    checkpoint_interval_s: Annotated[int, Meta(ge=1, le=3600)] = 10
    openings_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    publish: tuple[PublishSettings, ...] = ()
    tiles_every_s: Seconds | None = None


class ClockSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The decision clock. Beyond `error_ms_max` governed requests are refused. `scripted`:
    a clock that is set by hand, for demonstrations; shown loudly."""

    error_ms: Annotated[int, Meta(ge=0, le=HOUR_MS)] = 500
    error_ms_max: Annotated[int, Meta(ge=0, le=HOUR_MS)] = 5000
    scripted: bool = False


class LimitSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sizes and numbers beyond which a request is refused, per worker. `kept_text_max`:
    characters of an answer so far, beyond which it cannot be handed over. `kept_content_max`:
    bytes of a request, and of an answer, beyond which the rest of it is not kept."""

    body_bytes_max: Annotated[int, Meta(ge=1024, le=256 * MIB)] = 16 * MIB
    answer_bytes_max: Annotated[int, Meta(ge=1024, le=256 * MIB)] = 32 * MIB
    header_bytes_max: Annotated[int, Meta(ge=1024, le=MIB)] = 32 * 1024
    stream_event_bytes_max: Annotated[int, Meta(ge=1024, le=64 * MIB)] = 4 * MIB
    kept_text_max: Annotated[int, Meta(ge=0, le=16 * MIB)] = 256 * 1024
    kept_content_max: Annotated[int, Meta(ge=1024, le=16 * MIB)] = 4 * MIB
    connections_max: Count = 4096
    requests_max: Count = 2048
    drain_s: Annotated[int, Meta(ge=0, le=3600)] = 30


class TimeoutSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Silences that end an attempt or a connection, in milliseconds.

    `connect`: until a vendor's connection (and TLS) stands. `head`: from the request sent to
    the answer's head. `idle`: between two pieces of an answer. `hold_head`: how long the head
    of a stream is held back for content. `total`: the whole request. `client_idle`: a
    caller's connection without a request, or a caller who sends or reads nothing.
    """

    connect_ms: Milliseconds = 5_000
    head_ms: Milliseconds = 120_000
    idle_ms: Milliseconds = 60_000
    hold_head_ms: Milliseconds = 20_000
    total_ms: Milliseconds = 600_000
    client_idle_ms: Milliseconds = 75_000


class RetrySettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attempts of one request over all endpoints, repeats at one endpoint, and the pause.
    `hand_overs_max`: how often one answer may be continued by another attempt."""

    attempts_max: Annotated[int, Meta(ge=1, le=20)] = 4
    same_endpoint_retries: Annotated[int, Meta(ge=0, le=10)] = 1
    backoff_ms: Annotated[int, Meta(ge=0, le=60_000)] = 100
    hand_overs_max: Annotated[int, Meta(ge=0, le=10)] = 2


class BreakerSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After `failures` within `window_s`, an endpoint and model is left out for `open_s`."""

    failures: Count = 5
    window_s: Seconds = 30
    open_s: Seconds = 20


class AttributeSettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[attribute.NAME]`: a typed attribute of one's own, of one party."""

    party: Literal["subject", "organisation", "workload", "model", "endpoint"]
    type: Literal["boolean", "integer", "text", "texts", "place", "places"]


class CapabilitySettings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[capability.NAME]`: `refuse`: models with it need to be cleared."""

    default: Literal["refuse", "permit"] = "permit"


class Settings(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of `licet.toml` except issuers, which `licet.identity` reads."""

    operator: OperatorSettings
    node: NodeSettings = NodeSettings()
    listen: ListenSettings = ListenSettings()
    control: ControlSettings = ControlSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    clock: ClockSettings = ClockSettings()
    limits: LimitSettings = LimitSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    attribute: dict[str, AttributeSettings] = {}
    capability: dict[str, CapabilitySettings] = {}

    @property
    def log_origin(self) -> str:
        """The name of this node's evidence log in the world (C2SP checkpoint origin): the host
        of the operator's URL, so that no two organisations sign under one name, and the node."""
        return f"{urlsplit(self.operator.url).hostname}/{self.node.name}"


class _SettingsFile(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    issuer: tuple[dict[str, Any], ...] = ()


def parse_settings(document: Document) -> Settings:
    """Reads `licet.toml`; raises the first fault, as there is no node without settings."""
    written = document.convert(_SettingsFile)
    for fault in _contradictions(document, written):
        raise fault
    known = {name: getattr(written, name) for name in Settings.__struct_fields__}
    return Settings(**known)


def parse_attributes(document: Document) -> dict[str, AttributeSettings]:
    """The declared attributes of a `licet.toml` that may be broken elsewhere; none if here."""
    if "attribute" not in document.values:
        return {}
    try:
        return document.convert(dict[str, AttributeSettings], ("attribute",))
    except ConfigurationFault:
        return {}


def _contradictions(document: Document, written: Settings) -> list[ConfigurationFault]:
    faults = []
    listen, clock, timeouts = written.listen, written.clock, written.timeouts
    if (listen.certificate_file is None) != (listen.key_file is None):
        message = "TLS takes both `certificate_file` and `key_file`"
        faults.append(document.fault("half_tls", message, ("listen",)))
    if clock.error_ms > clock.error_ms_max:
        message = f"`error_ms` {clock.error_ms} is above `error_ms_max` {clock.error_ms_max}"
        faults.append(document.fault("clock_error", message, ("clock", "error_ms")))
    if timeouts.head_ms > timeouts.total_ms:
        message = f"`head_ms` {timeouts.head_ms} is above `total_ms` {timeouts.total_ms}"
        faults.append(document.fault("timeouts", message, ("timeouts", "head_ms")))
    if not re.fullmatch(r"https?://[^\s<>\"]+", written.operator.url):
        faults.append(
            document.fault(
                "wrong_url",
                f"`{written.operator.url}` is not a URL",
                ("operator", "url"),
                remedy="a page on which refused callers find whom to ask",
            )
        )
    faults += _unpublishable(document, written.evidence.publish)
    faults += [
        document.fault(
            "not_an_attribute",
            f"`{name}` cannot name an attribute",
            ("attribute", name),
            remedy="lower case letters, digits and `_`, beginning with a letter",
        )
        for name in written.attribute
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name)
    ]
    return faults


def _unpublishable(
    document: Document, publish: tuple[PublishSettings, ...]
) -> Iterator[ConfigurationFault]:
    """Places and witnesses that cannot be, and credentials that nobody should send there."""
    seen: set[str] = set()
    for index, one in enumerate(publish):
        path = ("evidence", "publish", index)
        reference = one.credential
        if one.to in seen:
            yield document.fault("published_twice", f"`{one.to}` is there twice", (*path, "to"))
        seen.add(one.to)
        for number, witness in enumerate(one.witness):
            if not re.fullmatch(URL, witness.url):
                yield document.fault(
                    "wrong_url",
                    f"`{witness.url}` is not the URL of a witness",
                    (*path, "witness", number, "url"),
                    remedy="the prefix of `/add-checkpoint`, like `https://witness.example`",
                )
        if "://" in one.to and not re.fullmatch(URL, one.to):
            yield document.fault(
                "wrong_url",
                "`to` is not a URL to put checkpoints under",
                (*path, "to"),
                remedy="like `https://keeper.example/logs/ours`, without a name, a password or a"
                " query; or the path of a folder",
            )
        elif reference is None:
            continue
        elif (reference.env is None) == (reference.file is None):
            yield document.fault(
                "wrong_credential",
                "a credential is one of `env` and `file`",
                (*path, "credential"),
                remedy=REMEDY,
            )
        elif "://" not in one.to:
            yield document.fault(
                "wrong_credential",
                f"`{one.to}` is a folder, which takes no credential",
                (*path, "credential"),
            )
        elif one.to.startswith("http://") and urlsplit(one.to).hostname not in LOOPBACK:
            yield document.fault(
                "wrong_credential",
                f"`{one.to}` would get the credential unencrypted",
                (*path, "credential"),
                remedy="`https://`; only this machine itself may be spoken to without",
            )
