"""The leaf schema, version 1: what the evidence log says, one struct per kind.

The envelope (`at`, `kind`, `log`, `schema`, `wall`) is frozen. Kinds are added, and fields
with a published default are added to kinds; nothing is renamed, removed or given a new
meaning. A field that has its default is left out, so leaves stay small and additions leave
the bytes of earlier leaves as they were. Instants are texts as `licet.terms.format_instant`
writes them. Digests are lower case hexadecimal. Never content, never a person's name: who
asked is behind `commitment`, whose opening lies in the erasable side store.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from licet.evidence.canonical import INTEGER_MAX

SCHEMA = 1

Count = Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)]
# The decoder checks lengths only, because a regular expression per text would cost more than
# the rest of reading a leaf; the published schema has the patterns.
Moment = Annotated[
    str,
    msgspec.Meta(
        min_length=27,
        max_length=27,
        extra_json_schema={"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"},
    ),
]
Digest = Annotated[
    str,
    msgspec.Meta(min_length=64, max_length=64, extra_json_schema={"pattern": "^[0-9a-f]{64}$"}),
]
MaybeDigest = Annotated[
    str, msgspec.Meta(max_length=64, extra_json_schema={"pattern": "^([0-9a-f]{64})?$"})
]

Verdict = Literal["permitted", "refused", "undetermined"]
DecisionReason = Literal["admission", "attempt", "in_flight", "answer"]
AttemptReason = Literal["first", "retry", "failover"]
OutcomeWord = Literal["answered", "refused", "cut", "failed", "cancelled", "unknown"]


class Envelope(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    gc=False,
):
    """What every leaf has: `at` by the decision clock, `log` the origin of the log.

    `wall` is the system's clock, only where the decision clock is scripted.
    """

    at: Moment
    log: str
    schema: Literal[1] = 1
    wall: Moment | None = None


class _Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """A member of a leaf."""


class Candidate(_Part, frozen=True, kw_only=True):
    """One model at one endpoint, and the verdict on it."""

    endpoint: str
    model: str
    verdict: Verdict = "permitted"
    deciding: tuple[str, ...] = ()
    relieving: tuple[str, ...] = ()
    missing: tuple[tuple[str, ...], ...] = ()
    unable: str = ""
    """Why a permitted candidate was passed over: `unavailable`, `unhealthy`, a lacking ability."""


class Observed(_Part, frozen=True, kw_only=True):
    """What the directives that are only observed would have made of the verdict."""

    verdict: Verdict
    deciding: tuple[str, ...] = ()
    relieving: tuple[str, ...] = ()
    missing: tuple[tuple[str, ...], ...] = ()


class Sending(_Part, frozen=True, kw_only=True):
    """What goes to whom: the part of a record that must be on disk before the first byte."""

    endpoint: str
    model: str
    snapshot: Digest
    vendor_model: str = ""
    """The name by which the vendor was asked; empty: the model's own."""
    residency: str = ""
    """The residency asked of the vendor, in its words."""
    dropped: tuple[str, ...] = ()
    """Fields of the request that the vendor's dialect cannot say."""
    stripped: tuple[str, ...] = ()
    """Fields of the request that a directive, the workload or the endpoint removed."""
    substitutes: tuple[str, ...] = ()
    """Models that the vendor is told it may answer with by itself, decided like candidates."""


class Usage(_Part, frozen=True, kw_only=True):
    """Tokens; `estimated` where the vendor reported none and they were counted here."""

    input: Count = 0
    output: Count = 0
    cache_read: Count = 0
    cache_write: Count = 0
    reasoning: Count = 0
    estimated: bool = False

    def __post_init__(self) -> None:
        most = max(self.input, self.output, self.cache_read, self.cache_write, self.reasoning)
        least = min(self.input, self.output, self.cache_read, self.cache_write, self.reasoning)
        if least < 0 or most > INTEGER_MAX:
            raise ValueError("a token count is negative or not below 2^53: use `tokens`")


def tokens(value: object) -> int:
    """A count as a vendor reported it, brought into the range that a leaf can hold."""
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(value, 0), INTEGER_MAX)


class DecisionLeaf(Envelope, frozen=True, kw_only=True, tag="decision"):
    """A verdict on one request. With `sending` it is also the record of the first attempt."""

    request: str
    key: str
    organisation: str
    workload: str
    asked: str
    """What the caller named as `model`, clipped to 256 characters."""
    snapshot: Digest
    valid_at: Moment
    known_at: Moment
    verdict: Verdict
    commitment: Digest
    action: str = "inference"
    reason: DecisionReason = "admission"
    dialect: str = ""
    operation: str = ""
    """What was asked for in the dialect, where it was no answer: `embeddings`, `count_tokens`."""
    error_us: Count = 0
    """The declared error of `valid_at`, microseconds either way."""
    deciding: tuple[str, ...] = ()
    relieving: tuple[str, ...] = ()
    missing: tuple[tuple[str, ...], ...] = ()
    observed: Observed | None = None
    candidates: tuple[Candidate, ...] = ()
    """In the order of the plan; those that were not looked at are not named."""
    candidates_left_out: Count = 0
    routes: tuple[Candidate, ...] = ()
    """Whom the workload routes vendors' refusals to, where the caller's request may go there."""
    duties: tuple[str, ...] = ()
    evidence: Literal["before_send", "before_answer"] = "before_send"
    stale: bool = False
    """Served on an expired lease, as the workload allows."""
    digest_key: str = ""
    request_digest: MaybeDigest = ""
    sending: Sending | None = None
    content_days: Count = 0
    """For how many days from `at` the side store has request and answer; 0: they are not kept."""


class AttemptLeaf(Envelope, frozen=True, kw_only=True, tag="attempt"):
    """A further sending of a request: another endpoint, or another snapshot."""

    request: str
    attempt: Count
    """From 1; 1 is the `sending` of the decision, where it has one."""
    sending: Sending
    reason: AttemptReason = "first"
    cause: str = ""
    """What ended the attempt before, as a fault code."""
    continues: str = ""
    """How the vendor was asked to go on from what the caller had read of the attempt before
    (`instruction`, `prefill`, `prefix`, `final_message`); empty: it answers anew."""


class OutcomeLeaf(Envelope, frozen=True, kw_only=True, tag="outcome"):
    """How an attempt ended. `attempt` 0: the request ended without one.

    `unknown` is written for an attempt whose process died; an outcome recorded later for the
    same attempt supersedes it.
    """

    request: str
    outcome: OutcomeWord
    attempt: Count = 1
    tries: Count = 1
    """How often it was sent to this endpoint under this snapshot."""
    status: Count = 0
    """The vendor's HTTP status; 0: none came."""
    answered_by: str = ""
    """The model that the vendor says answered."""
    vendor_request: str = ""
    category: str = ""
    """The vendor's category of a refusal."""
    shown: Count = 0
    """The attempt whose refusal the caller got after all; 0: what this one brought."""
    finish: str = ""
    fault: str = ""
    deciding: tuple[str, ...] = ()
    """The directives that cut it."""
    residency: str = ""
    """The residency that the vendor returned."""
    usage: Usage | None = None
    streamed: bool = False
    duration_us: Count = 0
    digest_key: str = ""
    answer_digest: MaybeDigest = ""
    breaches: tuple[str, ...] = ()
    """What the vendor did otherwise than it was asked to: `residency`, `model`."""


class Register(Envelope, frozen=True, kw_only=True):
    """A change of the world in which decisions are made: who proposed it, on which source."""

    by: str = ""
    approved_by: tuple[str, ...] = ()
    source: MaybeDigest = ""
    """SHA-256 of the source document."""
    reading: str = ""
    """How it was read, clipped to 2,000 characters."""


class RecordedVersion(_Part, frozen=True, kw_only=True):
    """One version of a directive or list, by the SHA-256 of its canonical content."""

    id: str
    version: Count
    digest: Digest
    recorded_at: Moment
    claimed: bool = False
    """`recorded_at` is the author's claim: the first adoption into an empty log."""
    source: MaybeDigest = ""
    reading: str = ""


class AdoptedLeaf(Register, frozen=True, kw_only=True, tag="adopted"):
    """A configuration adopted. Names the versions that it records for the first time.

    An adoption that does not fit into one leaf is split; it is in force from its last part.
    """

    snapshot: Digest
    catalogue: Digest
    directives: tuple[RecordedVersion, ...] = ()
    lists: tuple[RecordedVersion, ...] = ()
    removed: tuple[str, ...] = ()
    """Files that are gone; their recorded versions stay in force."""
    partial: bool = False
    """Broken files were left out: only what restricts was adopted."""
    digest_key: str = ""
    """The key of content digests that is used from here on, by its id."""
    part: Count = 1
    parts: Count = 1


class KeyMadeLeaf(Register, frozen=True, kw_only=True, tag="key_made"):
    key: str
    organisation: str
    workloads: tuple[str, ...] = ()


class KeyRevokedLeaf(Register, frozen=True, kw_only=True, tag="key_revoked"):
    key: str


class SuspendedLeaf(Register, frozen=True, kw_only=True, tag="suspended"):
    """The emergency stop; `directive` holds its canonical content as text."""

    id: str
    version: Count
    digest: Digest
    directive: str
    until: Moment | None = None


class OverriddenLeaf(Register, frozen=True, kw_only=True, tag="overridden"):
    """Something decided by a person against what the machine would have done."""

    what: str
    why: str
    until: Moment | None = None


class ReviewedLeaf(Register, frozen=True, kw_only=True, tag="reviewed"):
    """A directive was looked at again and is still in force."""

    id: str
    next: Moment | None = None


class ClockLeaf(Register, frozen=True, kw_only=True, tag="clock"):
    """The decision clock stepped, was held, lost or regained its declared error."""

    event: Literal["stepped", "held", "uncertain", "certain", "scripted"]
    error_us: Count = 0
    from_at: Moment | None = None


class StartedLeaf(Register, frozen=True, kw_only=True, tag="started"):
    """The log was opened for writing; `mended` bytes of a torn tail were cut off."""

    version: str
    mended: Count = 0
    vkey: str = ""
    """The key that signs from here on."""
    vkey_second: str = ""
    """The key of ML-DSA-44 that signs beside it, where there is one."""


class StoppedLeaf(Register, frozen=True, kw_only=True, tag="stopped"):
    """The log was closed in good order."""


class ErasedLeaf(Register, frozen=True, kw_only=True, tag="erased"):
    """A holder's key in the side store was destroyed; `slot` says which, never whose."""

    slot: Count
    openings: Count = 0


class ReadLeaf(Register, frozen=True, kw_only=True, tag="read"):
    """Somebody read evidence that is behind a key."""

    what: str


class HeldLeaf(Register, frozen=True, kw_only=True, tag="held"):
    """A legal hold: what is under it is neither erased nor let go of. Of what is given, all must
    fit; `slot` is of the side store, and names nobody."""

    id: str
    why: str
    slot: Count | None = None
    workload: str = ""
    from_at: Moment | None = None
    until_at: Moment | None = None


class ReleasedLeaf(Register, frozen=True, kw_only=True, tag="released"):
    """The hold of this id is over."""

    id: str
    why: str


class ExpiredLeaf(Register, frozen=True, kw_only=True, tag="expired"):
    """Openings and content whose time was over are let go of, in so many files of the side
    store."""

    openings: Count
    files: Count
    held: Count = 0
    """Openings whose time is over too, and that a hold keeps."""
    contents: Count = 0
    """Requests and answers."""
    contents_held: Count = 0
    """Those of them whose time is over too, and that a hold keeps."""
    before: Moment | None = None
    """Openings of older decisions only; None: it was not said."""
    unread: Count = 0
    """Openings, at most, that went with them and that nobody could count: of the erased."""


class DigestKeyLeaf(Register, frozen=True, kw_only=True, tag="digest_key"):
    """A key of content digests, by the id that records name: made, for the adoption that names it
    next; or destroyed, so that what it keyed can be compared with nothing any more."""

    key: str
    event: Literal["made", "destroyed"]


RegisterLeaf = (
    AdoptedLeaf
    | KeyMadeLeaf
    | KeyRevokedLeaf
    | SuspendedLeaf
    | OverriddenLeaf
    | ReviewedLeaf
    | ClockLeaf
    | StartedLeaf
    | StoppedLeaf
    | ErasedLeaf
    | ReadLeaf
    | HeldLeaf
    | ReleasedLeaf
    | ExpiredLeaf
    | DigestKeyLeaf
)
Leaf = DecisionLeaf | AttemptLeaf | OutcomeLeaf | RegisterLeaf
