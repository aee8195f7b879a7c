"""The parties that are configured: models, endpoints, organisations, lists, workloads.

All values here are normalised: datetimes are aware UTC, places are ISO 3166-1 alpha-2
codes, sets are tuples in the order of the file.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from licet.terms import Attested, Owner, Profile, Scalar

OPERATOR_ISSUER = "operator"
"""Who attests what the configuration says without naming an issuer."""

Declared = dict[str, bool | int | str | tuple[str, ...]]


class Developer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who trained a model: an organisation id, and where it is established."""

    id: str
    place: str | None = None


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was trained. `lineage` names every base it derives from; `None` is unknown."""

    id: str
    name: str = ""
    lineage: tuple[str, ...] | None = None
    developer: Developer | None = None
    origin: str | None = None
    capability: tuple[str, ...] | None = None
    weights: str | None = None
    safeguards: str | None = None
    cleared: bool | None = None
    declared: dict[str, Attested[Scalar]] = msgspec.field(default_factory=dict)


class Operator(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who runs an endpoint: an organisation id, and from where it is controlled."""

    id: str
    controlled_from: str | None = None


Operation = Literal["answer", "embeddings", "count_tokens"]
"""What an endpoint may be asked for."""

EndUser = Literal["keep", "hash", "drop"]
TokenLimit = Literal["max_tokens", "max_completion_tokens"]
Dialect = Literal["chat", "messages", "responses"]
Auth = Literal["bearer", "x-api-key", "api-key", "sigv4", "google"]
"""How a credential is shown: in `Authorization: Bearer`, in a header of that name, as the key of a
signature (AWS Signature Version 4), or as the access token of Google that it is good for."""
Carriage = Literal["plain", "bedrock", "vertex"]
"""How requests of a dialect are put: as its own reference says, or as Amazon Bedrock or Vertex AI
wants those of Messages."""

OPERATIONS_OF_DIALECT: dict[str, tuple[Operation, ...]] = {
    "chat": ("answer", "embeddings"),
    "messages": ("answer", "count_tokens"),
    "responses": ("answer",),
}
"""What each dialect has words for."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where models are called. `models`: id in the catalogue -> name at the vendor.

    `dialect` is `chat`, `messages` or `responses`; `base_url` is what stands before `version`.
    `auth`: how the credential is shown; None is the dialect's way. `carriage`: how requests are
    put, in which `region` where a signature names it.
    `offers`: what may be asked of it; None is all that its dialect has. `end_user`: whether what
    names a person goes as it came, as a keyed hash or not at all. `token_limit`: its only name
    for the bound on an answer. `inference_geo`: place -> its word for inferring there.
    `continues`: models that go on from an answer begun by another -> how they are asked to.
    """

    id: str
    operator: Operator
    base_url: str
    dialect: str
    models: dict[str, str]
    place: str | None = None
    self_hosted: bool | None = None
    ca_file: str | None = None
    version: str = "v1"
    auth: Auth | None = None
    carriage: Carriage = "plain"
    region: str = ""
    offers: tuple[Operation, ...] | None = None
    end_user: EndUser = "keep"
    token_limit: TokenLimit | None = None
    inference_geo: dict[str, str] = msgspec.field(default_factory=dict)
    continues: dict[str, str] = msgspec.field(default_factory=dict)
    declared: dict[str, Attested[Scalar]] = msgspec.field(default_factory=dict)

    def serves(self, operation: Operation) -> bool:
        """Whether it may be asked for that."""
        return operation in (self.offers or OPERATIONS_OF_DIALECT[self.dialect])


class Availability(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dated fact, apart from permission: in [start, end) this cannot be had from anybody.

    `model` or `endpoint` may be left out: then every one of them is meant.
    """

    model: str | None = None
    endpoint: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    reason: str = ""

    def concerns(self, model: str, endpoint: str) -> bool:
        return self.model in (None, model) and self.endpoint in (None, endpoint)


class Organisation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The holder of a key. Membership in lists is answered by the lists."""

    id: str
    name: str = ""
    us_person: Attested[bool] | None = None
    place: Attested[str] | None = None
    ultimate_parent: Attested[str] | None = None
    owners: Attested[tuple[Owner, ...]] | None = None
    sector: Attested[tuple[str, ...]] | None = None
    declared: dict[str, Attested[Scalar]] = msgspec.field(default_factory=dict)


class ListKind(StrEnum):
    ORGANISATIONS = "organisations"
    PLACES = "places"
    MODELS = "models"
    OPERATORS = "operators"


class ListVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A list's whole content, effective in [effective_from, effective_until).

    A list answers "is a member" if it names the member, "is not" only if it is `complete`
    and, where it has a `max_age_s` (seconds), not older than that since `as_of`. `received`
    is the author's claim; `recorded_at` is None until an evidence log has it.
    """

    received: datetime | None = None
    effective_from: datetime
    effective_until: datetime | None = None
    members: tuple[str, ...] = ()
    complete: bool = False
    as_of: datetime | None = None
    max_age_s: int | None = None
    recorded_at: datetime | None = None


class List(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named set of organisations, places, models or operators; last recorded applies."""

    id: str
    kind: ListKind
    title: str = ""
    versions: tuple[ListVersion, ...] = ()


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dated, attested statement that conditions of directives refer to."""

    id: str
    value: bool
    start: datetime | None = None
    end: datetime | None = None
    attested_by: str = ""


class SubjectRule(StrEnum):
    """Whether a workload acts for a person, or is a job whose audience is attested."""

    REQUIRED = "required"
    NONE = "none"


class EvidenceMode(StrEnum):
    BEFORE_SEND = "before_send"
    BEFORE_ANSWER = "before_answer"


class OnStale(StrEnum):
    REFUSE = "refuse"
    SERVE = "serve"


class CountTokens(StrEnum):
    """Who counts the tokens of a prompt: a vendor alone, or we where no vendor does."""

    VENDOR = "vendor"
    ESTIMATE = "estimate"


class OnBreak(StrEnum):
    """What becomes of a stream that its caller has begun to read, when it breaks off or a directive
    hands it over. `continue`: another candidate goes on. `as_directed`: only where a directive
    says so. `end`: never, and a hand-over is a cut."""

    END = "end"
    AS_DIRECTED = "as_directed"
    CONTINUE = "continue"


class Keeping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For how many days something that was said is kept, from when it was said."""

    days: int


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A model at an endpoint, in the workload's order of preference."""

    model: str
    endpoint: str


class RefusalClass(StrEnum):
    """What refuses: a model, in an answer; a filter before or behind it, in an answer or an error;
    a policy of the vendor's that the request violates, in an error."""

    REFUSAL = "refusal"
    CONTENT_FILTER = "content_filter"
    POLICY_ERROR = "policy_error"


class OnRefusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom refusals are routed to: of some `classes`, and within them of some of the vendor's
    `categories`; empty: of all."""

    candidates: tuple[Candidate, ...]
    classes: tuple[RefusalClass, ...] = ()
    categories: tuple[str, ...] = ()

    def covers(self, kind: str, category: str) -> bool:
        """Whether a refusal of this class and category is meant."""
        return (not self.classes or kind in self.classes) and (
            not self.categories or category in self.categories
        )


class Workload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The use. `residency`: where vendors are asked to infer. `evidence = None`: before_send
    wherever a directive names a candidate's model. `keep_content`: of requests that are sent and
    their answers; None: nothing. `keep_responses`: of conversations of Responses, so that
    `previous_response_id` goes on from them; None: it is refused. Of `on_refusal` the first that
    covers counts."""

    id: str
    candidates: tuple[Candidate, ...]
    title: str = ""
    purpose: str | None = None
    end_use: str | None = None
    data: tuple[str, ...] | None = None
    data_origin: tuple[str, ...] | None = None
    subject: SubjectRule = SubjectRule.REQUIRED
    audience: Profile | None = None
    evidence: EvidenceMode | None = None
    substitute: bool = False
    on_stale: OnStale = OnStale.REFUSE
    lossless: bool = False
    count_tokens: CountTokens = CountTokens.VENDOR
    residency: tuple[str, ...] | None = None
    on_break: OnBreak = OnBreak.AS_DIRECTED
    keep_content: Keeping | None = None
    on_refusal: tuple[OnRefusal, ...] = ()
    keep_responses: Keeping | None = None
    declared: dict[str, Attested[Scalar]] = msgspec.field(default_factory=dict)

    @property
    def reachable(self) -> tuple[Candidate, ...]:
        """Its candidates, and whom refusals are routed to, each once."""
        routed = (one for rule in self.on_refusal for one in rule.candidates)
        return tuple(dict.fromkeys((*self.candidates, *routed)))
