"""The life of one request, as transcripts: `>>` an event, `<<` the commands expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.catalog import Candidate
from licet.policy import Decision, InFlight, Verdict
from licet.relay import (
    TABLE,
    Command,
    Conclusion,
    Event,
    Failure,
    FailureKind,
    Refused,
    Relay,
    RelaySettings,
    State,
)

FIRST = Candidate(model="claude-fable-5", endpoint="anthropic")
SECOND = Candidate(model="claude-opus-4.8", endpoint="anthropic")
RESET = Failure(kind=FailureKind.RESET)
BARRED = Decision(verdict=Verdict.REFUSED, deciding=("letter",), in_flight=InFlight.CUT)
HANDED_OVER = Decision(verdict=Verdict.REFUSED, deciding=("letter",), in_flight=InFlight.HAND_OVER)
FINISHING = Decision(verdict=Verdict.REFUSED, deciding=("letter",), in_flight=InFlight.FINISH)
REFUSED = Refused(steps=(SECOND,), cause="refusal", stands=Conclusion.ANSWERED)
REFUSED_IN_AN_ERROR = Refused(steps=(SECOND,), cause="policy_error", stands=Conclusion.PASSED)
DIGEST = "d1"

DETAILS: dict[str, object] = {
    "reset": RESET,
    "stale": Failure(kind=FailureKind.STALE),
    "429": Failure(kind=FailureKind.RATE_LIMITED, status=429, retry_after_ms=1500),
    "429 late": Failure(kind=FailureKind.RATE_LIMITED, status=429, retry_after_ms=60_000),
    "credential": Failure(kind=FailureKind.CREDENTIAL, status=401),
    "unavailable": Failure(kind=FailureKind.UNAVAILABLE),
    "total": Failure(kind=FailureKind.TOTAL_TIMEOUT),
    "cut": BARRED,
    "finish": FINISHING,
    "over": HANDED_OVER,
    "refused": REFUSED,
    "refused error": REFUSED_IN_AN_ERROR,
    "d1": "d1",
    "d2": "d2",
}


def play(relay: Relay, transcript: str) -> None:
    """Feeds each `>> event (detail)` and compares with the `<<` line after it."""
    lines = [line.strip() for line in transcript.splitlines() if line.strip()]
    for asked, expected in zip(lines[::2], lines[1::2], strict=True):
        event, _, detail = asked.removeprefix(">>").strip().partition(" ")
        commands = relay.feed(Event(event), DETAILS[detail] if detail else None)
        said = " ".join(command.value for command in commands)
        wanted, _, state = expected.removeprefix("<<").partition("|")
        assert said == wanted.strip(), f"after {asked}"
        assert relay.state is State(state.strip()), f"after {asked}"


def relay(*steps: Candidate, before_send: bool = True, **limits: int) -> Relay:
    settings = RelaySettings(**limits)
    return Relay(steps or (FIRST,), before_send=before_send, settings=settings)


def test_a_whole_answer_is_recorded_before_it_is_sent_and_before_it_is_shown() -> None:
    one = relay()
    play(
        one,
        """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> whole
        << | reading
        >> complete
        << conclude | concluding
        >> durable
        << finish | done
        """,
    )
    assert one.conclusion is Conclusion.ANSWERED


def test_before_answer_the_commit_overlaps_the_sending_but_content_waits_for_it() -> None:
    play(
        relay(before_send=False),
        """
        >> allowed d1
        << commit send | awaiting
        >> stream
        << | holding
        >> content
        << | withholding
        >> durable
        << release | streaming
        >> complete
        << conclude | concluding
        >> durable
        << finish | done
        """,
    )


def test_a_failure_before_content_goes_on_to_the_next_step_and_records_it() -> None:
    play(
        relay(FIRST, SECOND),
        """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> stream
        << | holding
        >> failed reset
        << abort check | checking
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        """,
    )


def test_the_last_step_is_tried_again_after_a_pause_without_another_record() -> None:
    one = relay(again_max=1, pause_ms=70)
    play(
        one,
        """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> failed reset
        << abort pause | backing_off
        >> due
        << check | checking
        >> allowed d1
        << send | awaiting
        >> failed reset
        << abort conclude | concluding
        """,
    )
    assert one.pause_ms == 70
    assert one.conclusion is Conclusion.FAILED


def test_another_snapshot_is_another_record() -> None:
    play(
        relay(again_max=1),
        """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> failed reset
        << abort pause | backing_off
        >> due
        << check | checking
        >> allowed d2
        << commit | committing
        """,
    )


def test_a_swap_before_the_sending_commits_again_under_the_new_snapshot() -> None:
    one = relay()
    play(
        one,
        """
        >> allowed d1
        << commit | committing
        >> allowed d2
        << commit | committing
        >> allowed d2
        << | committing
        >> durable
        << send | awaiting
        """,
    )
    assert one.attempts == 1


def test_a_vendor_that_asks_for_a_short_pause_gets_it_and_a_long_one_is_told() -> None:
    one = relay()
    play(
        one,
        """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> failed 429
        << abort pause | backing_off
        >> due
        << check | checking
        >> allowed d1
        << send | awaiting
        >> failed 429 late
        << abort conclude | concluding
        """,
    )
    assert one.pause_ms == 1500
    assert one.failure is not None and one.failure.retry_after_ms == 60_000


def test_a_stale_connection_is_replaced_once_at_no_cost() -> None:
    one = relay(again_max=0)
    play(
        one,
        """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> failed stale
        << abort check | checking
        >> allowed d1
        << send | awaiting
        >> failed stale
        << abort conclude | concluding
        """,
    )
    assert one.attempts == 1


@pytest.mark.parametrize("kind", ["credential", "total"])
def test_what_will_not_pass_is_not_tried_again(kind: str) -> None:
    play(
        relay(),
        f"""
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> failed {kind}
        << abort conclude | concluding
        """,
    )


def test_a_step_that_is_barred_when_tried_is_passed_over() -> None:
    one = relay(FIRST, SECOND)
    play(
        one,
        """
        >> barred cut
        << check | checking
        >> barred cut
        << conclude | concluding
        """,
    )
    assert one.conclusion is Conclusion.REFUSED


def test_a_step_that_cannot_be_tried_any_more_is_passed_over_and_told_at_the_end() -> None:
    one = relay(FIRST, SECOND)
    play(
        one,
        """
        >> failed unavailable
        << check | checking
        >> failed unavailable
        << conclude | concluding
        """,
    )
    assert one.conclusion is Conclusion.FAILED


def test_a_failure_followed_by_a_bar_is_told_as_the_failure() -> None:
    one = relay(FIRST, SECOND)
    play(
        one,
        """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> failed reset
        << abort check | checking
        >> barred cut
        << conclude | concluding
        """,
    )
    assert one.conclusion is Conclusion.FAILED


def _streaming(one: Relay) -> None:
    play(
        one,
        """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> stream
        << | holding
        >> content
        << release | streaming
        """,
    )


def test_a_stream_that_is_barred_is_cut_with_its_outcome_on_record() -> None:
    one = relay(FIRST, SECOND)
    _streaming(one)
    play(one, ">> barred cut\n<< abort conclude | concluding\n>> durable\n<< finish | done")
    assert one.conclusion is Conclusion.CUT
    assert one.decision is BARRED


def test_a_stream_may_finish_where_the_directive_says_so() -> None:
    one = relay()
    _streaming(one)
    play(one, ">> barred finish\n<< | streaming\n>> complete\n<< conclude | concluding")
    assert one.conclusion is Conclusion.ANSWERED


def test_a_failure_after_content_never_goes_elsewhere() -> None:
    one = relay(FIRST, SECOND)
    _streaming(one)
    play(one, ">> failed reset\n<< abort conclude | concluding")
    assert one.step is FIRST


def test_a_caller_that_leaves_cancels_and_is_recorded() -> None:
    one = relay()
    _streaming(one)
    play(one, ">> gone\n<< abort conclude | concluding\n>> durable\n<< finish | done")
    assert one.conclusion is Conclusion.CANCELLED


def test_without_the_recorder_nothing_is_shown() -> None:
    play(
        relay(),
        """
        >> allowed d1
        << commit | committing
        >> unrecorded
        << abort finish_unrecorded | done
        """,
    )


REFUSAL_ROUTED = """
>> allowed d1
<< commit | committing
>> durable
<< send | awaiting
>> whole
<< | reading
>> declined refused
<< abort check | checking
"""


def test_a_refusal_that_a_rule_routes_is_asked_of_the_other_and_recorded() -> None:
    one = relay(FIRST, FIRST)
    play(
        one,
        REFUSAL_ROUTED
        + """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> whole
        << | reading
        >> declined refused
        << | reading
        >> complete
        << conclude | concluding
        """,
    )
    assert (one.step, one.stands, one.conclusion) == (SECOND, False, Conclusion.ANSWERED)


@pytest.mark.parametrize(
    "end", [">> barred cut\n<< conclude", ">> failed unavailable\n<< conclude"]
)
def test_where_nobody_else_may_answer_the_refusal_stands(end: str) -> None:
    one = relay()
    play(one, f"{REFUSAL_ROUTED}{end} | concluding")
    assert (one.stands, one.conclusion) == (True, Conclusion.ANSWERED)


def test_where_nobody_else_answers_the_refusal_stands_in_its_own_form() -> None:
    one = relay(again_max=0)
    play(
        one,
        REFUSAL_ROUTED.replace(">> whole\n<< | reading\n", "").replace(
            "declined refused", "declined refused error"
        )
        + """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> failed reset
        << abort conclude | concluding
        """,
    )
    assert (one.stands, one.conclusion) == (True, Conclusion.PASSED)


def test_a_routed_answer_that_breaks_off_is_no_refusal_any_more() -> None:
    one = relay()
    play(
        one,
        REFUSAL_ROUTED
        + """
        >> allowed d1
        << commit | committing
        >> durable
        << send | awaiting
        >> stream
        << | holding
        >> content
        << release | streaming
        >> failed reset
        << abort conclude | concluding
        """,
    )
    assert (one.stands, one.conclusion) == (False, Conclusion.FAILED)


EVENTS = st.sampled_from(
    [
        (Event.ALLOWED, "d1"), (Event.ALLOWED, "d2"), (Event.BARRED, BARRED),
        (Event.BARRED, FINISHING), (Event.DURABLE, None), (Event.UNRECORDED, None),
        (Event.WHOLE, None), (Event.STREAM, None), (Event.CONTENT, None), (Event.COMPLETE, None),
        (Event.PASSED, None), (Event.FAILED, RESET), (Event.FAILED, DETAILS["stale"]),
        (Event.FAILED, DETAILS["429"]), (Event.FAILED, DETAILS["total"]), (Event.DUE, None),
        (Event.GONE, None), (Event.BROKEN, RESET), (Event.BROKEN, DETAILS["total"]),
        (Event.HANDED_OVER, HANDED_OVER), (Event.DECLINED, REFUSED),
        (Event.DECLINED, REFUSED_IN_AN_ERROR),
    ]
)  # fmt: skip


@given(st.lists(EVENTS, max_size=60), st.integers(1, 3), st.booleans())
def test_whatever_happens_the_table_keeps_its_promises(
    events: list[tuple[Event, object]], steps: int, before_send: bool
) -> None:
    one = relay(*(FIRST, SECOND, FIRST)[:steps], before_send=before_send)
    sent = concluded = finished = declined = 0
    recorded = begun = False
    for event, detail in events:
        before = one.state
        declared = TABLE[before].get(event)
        commands = one.feed(event, detail)
        if declared is None:
            assert commands == () and one.state is before
        else:
            assert one.state in declared.to
        recorded = recorded or Command.COMMIT in commands
        sent += Command.SEND in commands
        concluded += Command.CONCLUDE in commands
        finished += (Command.FINISH in commands) or (Command.FINISH_UNRECORDED in commands)
        if Command.SEND in commands:
            assert recorded, "sent without a record"
        if Command.RELEASE in commands or Command.RESUME in commands:
            assert one.durable, "shown before its record is on disk"
            assert Command.RESUME in commands or not begun, "begun twice"
            begun = True
        if Command.SEND in commands and begun:
            assert one.durable, "continued before its record is on disk"
        if event is Event.DECLINED and Command.CHECK in commands:
            assert not begun, "asked elsewhere what was shown"
            declined += 1
        if one.stands:
            assert declined, "nobody refused"
            assert not begun, "a refusal follows an answer"
            assert one.conclusion in (Conclusion.ANSWERED, Conclusion.PASSED)
        if one.state is State.CONCLUDING and begun:
            assert one.conclusion is not Conclusion.REFUSED, "refused what has begun"
        if Command.FINISH in commands:
            assert concluded == 1, "finished without an outcome"
    assert finished <= 1
    assert declined <= 1
    assert concluded <= 1
    assert one.attempts <= RelaySettings().attempts_max


def test_every_state_can_be_left_but_the_last() -> None:
    assert {state for state, moves in TABLE.items() if not moves} == {State.DONE}
    assert set(TABLE) == set(State)
