"""One request as the records tell it, from its admission to its end."""

from __future__ import annotations

from dataclasses import dataclass, field

from licet.evidence import AttemptLeaf, DecisionLeaf, OutcomeLeaf, Sending

ENDS = (
    "as_asked",
    "rerouted",
    "refused",
    "undetermined",
    "cut",
    "rejected",
    "unavailable",
    "failed",
    "cancelled",
    "unknown",
    "open",
)
"""How a request can end, as the members of `Ends` are called."""


@dataclass(slots=True)
class Sent:
    """A sending, and how it ended: the outcome that was recorded last counts."""

    sending: Sending
    at: str
    outcome: OutcomeLeaf | None = None
    leaf: int = -1
    """The record of the outcome."""

    @property
    def happened(self) -> bool:
        """Whether anything may have left: put on file is not yet sent."""
        return self.outcome is None or self.outcome.tries > 0


@dataclass(slots=True)
class Story:
    """`changed`: the verdict by which it was barred after its admission."""

    admission: DecisionLeaf
    sent: list[Sent] = field(default_factory=list)
    unsent: OutcomeLeaf | None = None
    changed: DecisionLeaf | None = None

    def decided(self, leaf: DecisionLeaf) -> None:
        """It was decided again on its way."""
        self.changed = leaf

    def attempted(self, leaf: AttemptLeaf) -> None:
        self.sent.append(Sent(leaf.sending, leaf.at))

    def ended(self, index: int, leaf: OutcomeLeaf) -> None:
        """An attempt ended; where none was, the request."""
        if not 1 <= leaf.attempt <= len(self.sent):
            self.unsent = leaf
            return
        sent = self.sent[leaf.attempt - 1]
        sent.outcome, sent.leaf = leaf, index

    @property
    def last(self) -> OutcomeLeaf | None:
        return self.sent[-1].outcome if self.sent else self.unsent

    @property
    def end(self) -> str:
        """One of `ENDS`."""
        last = self.last
        if last is None:
            return "open"
        if last.shown:
            # A refusal that nobody bettered; told as an error, it has no digest.
            answered = "rerouted" if last.shown > 1 else "as_asked"
            return answered if last.answer_digest else "rejected"
        match last.outcome:
            case "answered":
                return "as_asked" if self.is_first else "rerouted"
            case "refused":
                barred = self.changed or self.admission
                return "undetermined" if barred.verdict == "undetermined" else "refused"
            case "failed":
                if not self.sent:
                    return "unavailable"
                return "rejected" if _is_the_callers(last) else "failed"
            case "cut" | "cancelled" | "unknown":
                return last.outcome

    @property
    def is_first(self) -> bool:
        """Whether the last sending went to what stood first in the plan."""
        if not self.sent or not self.admission.candidates:
            return True
        first, sending = self.admission.candidates[0], self.sent[-1].sending
        return (first.endpoint, first.model) == (sending.endpoint, sending.model)

    @property
    def barring(self) -> tuple[str, ...]:
        """The directives that ended it, where it was refused or cut."""
        if self.changed is not None:
            return self.changed.deciding
        last = self.last
        return last.deciding if last is not None and last.deciding else self.admission.deciding


def _is_the_callers(outcome: OutcomeLeaf) -> bool:
    """Whether the vendor did answer: that the request itself is wrong, which nothing mends."""
    return 400 <= outcome.status < 500 and not outcome.fault


def begun(leaf: DecisionLeaf) -> Story:
    """The story that an admission begins."""
    sent = [] if leaf.sending is None else [Sent(leaf.sending, leaf.at)]
    return Story(leaf, sent)
