"""What is asked and what is answered: the nouns of a decision."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from licet.catalog import Availability, Endpoint, Fact, List, Model, Organisation, Workload
from licet.policy.directives import Directive, Duty, InFlight
from licet.terms import Instant


class Action(StrEnum):
    INFERENCE = "inference"
    CREDENTIAL = "credential"
    VIEW_OUTPUT = "view_output"
    WEIGHTS = "weights"
    FINE_TUNE = "fine_tune"


class Verdict(StrEnum):
    PERMITTED = "permitted"
    REFUSED = "refused"
    UNDETERMINED = "undetermined"


class DeclaredAttribute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`[attribute.NAME]`: a typed attribute of one's own, of one party."""

    party: str
    type: str


class Rules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Settings that change verdicts: they belong to the snapshot."""

    refuse_uncleared: tuple[str, ...] = ()
    attributes: dict[str, DeclaredAttribute] = msgspec.field(default_factory=dict)


class Sources(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that decisions read besides the question: the content of a snapshot."""

    directives: tuple[Directive, ...] = ()
    lists: tuple[List, ...] = ()
    models: tuple[Model, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    organisations: tuple[Organisation, ...] = ()
    availability: tuple[Availability, ...] = ()
    facts: tuple[Fact, ...] = ()
    workloads: tuple[Workload, ...] = ()
    rules: Rules = Rules()


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A verdict with its explanation.

    `deciding`: ids of the restrictions that refuse, or that leave it undetermined.
    `relieving`: ids of the authorisations without which it would not be permitted.
    `missing`: inclusion-minimal sets of attributes that settle an undetermined verdict once
    attested, least intrusive first. `observed`: restrictions in observe mode that would
    have changed the verdict to `observed_verdict`, and `observed_missing` what would then be
    missing. `in_flight`: the strictest among
    `deciding`. `duties`: those that attach when permitted. `reason`: why it is refused where no
    directive decides (`unknown_model`, `unknown_endpoint`, `unknown_organisation`,
    `unknown_workload`).
    """

    verdict: Verdict
    deciding: tuple[str, ...] = ()
    relieving: tuple[str, ...] = ()
    missing: tuple[tuple[str, ...], ...] = ()
    observed: tuple[str, ...] = ()
    observed_verdict: Verdict | None = None
    observed_missing: tuple[tuple[str, ...], ...] = ()
    in_flight: InFlight = InFlight.FINISH
    duties: tuple[Duty, ...] = ()
    reason: str | None = None

    @property
    def permitted(self) -> bool:
        return self.verdict is Verdict.PERMITTED


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """As of when: in effect at `valid_at`, recorded by `known_at` (None: all that is
    recorded), with the decision clock's error in microseconds."""

    valid_at: Instant
    known_at: Instant | None = None
    error_us: int = 0
