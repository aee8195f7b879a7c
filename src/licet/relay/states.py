"""The words of a request's life: its states, what befalls it, what is to be done, how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    # Members are compared by identity; the inherited hash is a Python call per look-up.
    __hash__ = object.__hash__

    CHECKING = "checking"
    COMMITTING = "committing"
    AWAITING = "awaiting"
    READING = "reading"
    HOLDING = "holding"
    WITHHOLDING = "withholding"
    STREAMING = "streaming"
    BACKING_OFF = "backing_off"
    CHECKING_NEXT = "checking_next"
    COMMITTING_NEXT = "committing_next"
    AWAITING_NEXT = "awaiting_next"
    HOLDING_NEXT = "holding_next"
    BACKING_OFF_NEXT = "backing_off_next"
    CONCLUDING = "concluding"
    DONE = "done"


class Event(Enum):
    # Members are compared by identity; the inherited hash is a Python call per look-up.
    __hash__ = object.__hash__

    ALLOWED = "allowed"  # the rules permit the step (detail: snapshot digest)
    BARRED = "barred"  # the rules no longer permit it (detail: Decision)
    DURABLE = "durable"  # the record of this step, or of the outcome, is on disk
    UNRECORDED = "unrecorded"  # the recorder is gone: nothing can be recorded
    WHOLE = "whole"  # a 2xx head of a whole answer
    STREAM = "stream"  # a 2xx head of a stream
    CONTENT = "content"  # first content of a stream, or the silence bound has passed
    COMPLETE = "complete"  # the last byte, well-formed
    PASSED = "passed"  # the vendor's error about the request itself, or its refusal told as one
    DECLINED = "declined"  # refused, seen by nobody, and a rule routes it (detail: Refused)
    FAILED = "failed"  # detail: Failure
    BROKEN = "broken"  # what the caller reads failed, and can be continued (detail: Failure)
    HANDED_OVER = "handed_over"  # rules hand it over, and it can be continued (detail: Decision)
    DUE = "due"  # the pause is over
    GONE = "gone"  # the caller has disconnected


class Command(Enum):
    __hash__ = object.__hash__

    CHECK = "check"  # decide `relay.step` again; answer with ALLOWED or BARRED
    COMMIT = "commit"  # record the decision (first) or the attempt; answer DURABLE
    SEND = "send"  # send to `relay.step`
    ABORT = "abort"  # close the connection to the vendor
    PAUSE = "pause"  # DUE after `relay.pause_ms`
    RELEASE = "release"  # let head and held frames go to the caller
    YIELD = "yield"  # keep what the caller has read: the next attempt continues it
    RESUME = "resume"  # let the held frames of a continuation go to the caller
    CONCLUDE = "conclude"  # record the outcome `relay.conclusion`; answer DURABLE
    FINISH = "finish"  # send the last frame, the whole answer, or the error
    FINISH_UNRECORDED = "finish_unrecorded"  # say that nothing can be recorded


class Conclusion(Enum):
    __hash__ = object.__hash__

    ANSWERED = "answered"
    PASSED = "vendor_error"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    CUT = "cut"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class RelaySettings:
    """`attempts_max` over all steps; `again_max` pauses on the last one. A vendor's
    `retry-after` longer than `pause_ms_max` is not waited for, but told to the caller.
    `hand_overs_max`: how often what the caller reads may be continued by another attempt."""

    attempts_max: int = 6
    again_max: int = 2
    pause_ms: int = 200
    pause_ms_max: int = 5_000
    hand_overs_max: int = 2
