"""What one request has on file: which records were submitted, and which are on disk."""

from __future__ import annotations

from typing import Final, Protocol

from licet.catalog import Candidate
from licet.evidence import Content, OutcomeLeaf, Turn, encode
from licet.gateway import records
from licet.gateway.admission import Caller
from licet.gateway.committer import Committer, Recorded
from licet.gateway.forms import Form
from licet.gateway.passage import Losses
from licet.gateway.records import About, Filed, Ledger
from licet.policy import Decision
from licet.terms import Instant


class Owner(Recorded, Protocol):
    """Whose request it is."""

    def turn_ended(self) -> None:
        """This turn has sent what it had to send: what is owed to the log is filed."""


class Filing:
    """Files the records of one request, in order. `attempt` numbers the sendings on file,
    `tries` counts how often the present one was sent. `digest_key` names the key of its digests:
    the one with which it began, whatever `ledger` it comes under before it ends. `barred` is the
    model that was last found not to be permitted any more. Owed is a verdict that is filed when the
    turn ends: how it is printed, under which ledger, as of when."""

    __slots__ = (
        "_committer", "_owed", "_owner", "_step", "about", "attempt", "barred", "decision_index",
        "digest_key", "failed", "ledger", "pending", "tries",
    )  # fmt: skip

    def __init__(self, ledger: Ledger, about: About, committer: Committer, owner: Owner) -> None:
        self.ledger = ledger
        self.digest_key: Final = ledger.digest_key_id
        self.about = about
        self.pending = 0
        self.attempt = 0
        self.tries = 0
        self.decision_index = -1
        self.failed = False
        self.barred = ""
        self._committer = committer
        self._owner: Owner | None = owner
        self._step: Candidate | None = None
        self._owed: tuple[Form, Ledger, Instant] | None = None

    def admission(self, *, at: Instant) -> None:
        """Files the verdict; where the plan has steps, it also says that the first of them is
        about to be sent to."""
        self._admitted(records.admission_form(self.about), self.ledger, at)

    def admission_after(self, *, at: Instant) -> None:
        """Files the verdict of now once this turn has sent what it has to send: nobody waits for
        this record before the vendor has answered. All that may change by then is pinned here."""
        if self._owner is not None:
            self._owed = records.admission_form(self.about), self.ledger, at
            self._committer.defer(self._owner.turn_ended)

    def file_owed(self) -> None:
        """Files what is owed, which is before anything else of this request."""
        owed, self._owed = self._owed, None
        if owed is not None:
            self._admitted(*owed)

    def _admitted(self, form: Form, ledger: Ledger, at: Instant) -> None:
        self._submit(records.admission(ledger, self.about, form, at=at))
        steps = self.about.case.plan.steps
        if steps:
            self.attempt = 1
            self._step = steps[0]

    def sending(
        self,
        step: Candidate,
        *,
        at: Instant,
        vendor_model: str,
        losses: Losses,
        cause: str,
        before: OutcomeLeaf,
        continues: str = "",
    ) -> None:
        """Files that another sending is about to happen, after the outcome of the one
        `before` it; `continues`: how it goes on from what the caller has read."""
        self.outcome(before)
        self.attempt += 1
        self._submit(
            records.attempt(
                self.ledger,
                self.about,
                step,
                at=at,
                number=self.attempt,
                cause=cause,
                vendor_model=vendor_model,
                losses=losses,
                retry=step == self._step,
                continues=continues,
            )
        )
        self.tries = 0
        self._step = step

    def change(
        self, caller: Caller, verdict: Decision, step: Candidate, *, at: Instant, in_flight: bool
    ) -> None:
        """Files that `step`, permitted before, no longer is; or that a vendor answers with it
        whom nobody asked."""
        self.barred = step.model
        self._submit(
            records.changed(
                self.ledger,
                self.about,
                caller,
                verdict,
                step,
                valid_at=at,
                in_flight=in_flight,
            )
        )

    def outcome(self, ending: OutcomeLeaf) -> None:
        if ending.breaches:
            self.ledger.breached(ending.breaches)
        content = self._answer() if ending.answer_digest else None
        turn = self._turn() if ending.outcome == "answered" else None
        self._submit(Filed(encode(ending), None, content, turn))

    def filled(self, outcome: bytes) -> None:
        """The record of an answer from a printed form."""
        self._submit(Filed(outcome, None, self._answer(), self._turn()))

    def _answer(self) -> Content | None:
        """What is kept of the answer that the digest is of."""
        keeping = self.about.keeping
        return None if keeping is None else keeping.answer()

    def _turn(self) -> Turn | None:
        """The turn of a conversation that has ended, where that is kept."""
        conversing = self.about.conversing
        if conversing is None or self._step is None:
            return None
        return conversing.turn(self._step)

    def crashed(self, *, at: Instant) -> None:
        """Files the end of a request that an error of ours ended. What made the error may
        lie in filing itself: then nothing can be said, and a restart says `unknown`."""
        self.file_owed()
        if self._committer.connected and self.attempt:
            self.outcome(
                OutcomeLeaf(
                    at=self.ledger.stamp(at),
                    log=self.ledger.log,
                    wall=self.ledger.now(),
                    request=self.about.request,
                    outcome="failed",
                    attempt=self.attempt,
                    fault="internal",
                    streamed=self.about.passage.request.stream,
                )
            )

    def close(self) -> bool:
        """Nothing more is filed; whether that is new. Parted from its owner, a request that is
        over leaves nothing to the garbage collector, which stops all others to look for it."""
        was_open = self._owner is not None
        self._owner = self._owed = None
        return was_open

    @property
    def is_open(self) -> bool:
        """Whether the request is not over yet."""
        return self._owner is not None

    def settled(self, index: int) -> bool:
        """One record is on disk; whether all that were submitted now are."""
        if self.decision_index < 0:
            self.decision_index = index
        self.pending -= 1
        return self.pending == 0 and not self.failed

    def _submit(self, filed: Filed) -> None:
        """Where nothing can be submitted, `failed` is set, which the exchange looks at."""
        if self._owed is not None:
            self.file_owed()
        owner = self._owner
        if self.failed or owner is None:
            return
        if self._committer.submit(filed.leaf, owner, filed.opening, filed.content, filed.turn):
            self.pending += 1
        else:
            self.failed = True
