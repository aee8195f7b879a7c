"""What is handed over while the caller reads, as transcripts (`test_table.py` says how)."""

from __future__ import annotations

import pytest

from licet.relay import Conclusion, Relay
from tests.unit.relay.test_table import BARRED, FIRST, HANDED_OVER, RESET, SECOND, play, relay

STREAMING = """
>> allowed d1
<< commit | committing
>> durable
<< send | awaiting
>> stream
<< | holding
>> content
<< release | streaming
"""
TO_THE_NEXT = """
>> allowed d1
<< commit | committing_next
>> durable
<< send | awaiting_next
>> stream
<< | holding_next
"""


def streaming(one: Relay) -> Relay:
    play(one, STREAMING)
    return one


def test_what_breaks_off_is_continued_by_the_next_with_its_record_first() -> None:
    one = streaming(relay(FIRST, SECOND))
    play(one, ">> broken reset\n<< yield abort check | checking_next" + TO_THE_NEXT)
    play(one, ">> content\n<< resume | streaming\n>> complete\n<< conclude | concluding")
    assert one.conclusion is Conclusion.ANSWERED
    assert one.step is SECOND


def test_what_a_directive_hands_over_is_continued_by_who_is_permitted() -> None:
    one = streaming(relay(FIRST, SECOND, FIRST))
    play(one, ">> handed_over over\n<< yield abort check | checking_next")
    play(one, ">> barred cut\n<< check | checking_next" + TO_THE_NEXT)
    assert one.failure is None, "no vendor failed"


def test_the_record_comes_first_even_where_evidence_is_before_the_answer() -> None:
    one = relay(FIRST, SECOND, before_send=False)
    play(
        one,
        """
        >> allowed d1
        << commit send | awaiting
        >> stream
        << | holding
        >> durable
        << | holding
        >> content
        << release | streaming
        >> broken reset
        << yield abort check | checking_next
        >> allowed d1
        << commit | committing_next
        >> durable
        << send | awaiting_next
        """,
    )


def test_where_nobody_is_left_a_hand_over_is_a_cut_and_a_break_an_error() -> None:
    one = streaming(relay())
    play(one, ">> handed_over over\n<< abort conclude | concluding")
    assert one.conclusion is Conclusion.CUT
    assert one.decision is HANDED_OVER
    one = streaming(relay(again_max=0))
    play(one, ">> broken reset\n<< abort conclude | concluding")
    assert one.conclusion is Conclusion.FAILED


def test_where_everybody_who_is_left_is_barred_it_ends_as_it_would_without() -> None:
    one = streaming(relay(FIRST, SECOND))
    play(one, ">> handed_over over\n<< yield abort check | checking_next")
    play(one, ">> barred cut\n<< conclude | concluding")
    assert one.conclusion is Conclusion.CUT
    one = streaming(relay(FIRST, SECOND))
    play(one, ">> broken reset\n<< yield abort check | checking_next")
    play(one, ">> barred cut\n<< conclude | concluding")
    assert one.conclusion is Conclusion.FAILED
    assert one.failure is RESET


def test_the_only_endpoint_may_continue_its_own_answer_after_a_pause() -> None:
    one = streaming(relay(again_max=1))
    play(one, ">> broken reset\n<< yield abort pause | backing_off_next")
    # The record of the first sending does not cover what is sent now.
    play(one, ">> due\n<< check | checking_next" + TO_THE_NEXT)


def test_a_continuation_that_fails_before_it_says_anything_goes_to_the_next() -> None:
    one = streaming(relay(FIRST, SECOND, FIRST))
    play(one, ">> broken reset\n<< yield abort check | checking_next" + TO_THE_NEXT)
    play(one, ">> failed reset\n<< abort check | checking_next" + TO_THE_NEXT)


def test_a_continuation_that_is_barred_before_it_says_anything_goes_to_the_next() -> None:
    one = streaming(relay(FIRST, SECOND, FIRST))
    play(one, ">> broken reset\n<< yield abort check | checking_next" + TO_THE_NEXT)
    play(one, ">> barred cut\n<< abort check | checking_next")
    assert one.decision is BARRED


def test_a_stale_connection_costs_a_continuation_nothing() -> None:
    one = streaming(relay(FIRST, SECOND))
    play(one, ">> broken reset\n<< yield abort check | checking_next" + TO_THE_NEXT)
    play(one, ">> failed stale\n<< abort check | checking_next")
    play(one, ">> allowed d1\n<< send | awaiting_next")


def test_a_swap_before_a_continuation_is_sent_commits_again() -> None:
    one = streaming(relay(FIRST, SECOND))
    play(one, ">> broken reset\n<< yield abort check | checking_next")
    play(
        one,
        ">> allowed d1\n<< commit | committing_next\n>> allowed d2\n<< commit | committing_next",
    )


@pytest.mark.parametrize("most", [0, 1, 2])
def test_an_answer_is_handed_over_so_often_and_no_more(most: int) -> None:
    one = streaming(relay(*(FIRST, SECOND) * 4, attempts_max=20, hand_overs_max=most))
    for _ in range(most):
        play(one, ">> broken reset\n<< yield abort check | checking_next" + TO_THE_NEXT)
        play(one, ">> content\n<< resume | streaming")
    play(one, ">> broken reset\n<< abort conclude | concluding")
    assert one.hand_overs == most


def test_what_took_too_long_altogether_is_not_continued() -> None:
    one = streaming(relay(FIRST, SECOND))
    play(one, ">> broken total\n<< abort conclude | concluding")


@pytest.mark.parametrize("until", range(4))
def test_a_caller_that_leaves_meanwhile_is_recorded_as_gone(until: int) -> None:
    one = streaming(relay(FIRST, SECOND))
    play(one, ">> broken reset\n<< yield abort check | checking_next")
    lines = TO_THE_NEXT.strip().splitlines()[: 2 * until]
    if lines:
        play(one, "\n".join(lines))
    sent = one.state.value in ("awaiting_next", "holding_next")
    play(one, f">> gone\n<< {'abort ' if sent else ''}conclude | concluding")
    assert one.conclusion is Conclusion.CANCELLED


def test_a_continuation_that_has_nothing_to_add_ends_the_answer() -> None:
    one = streaming(relay(FIRST, SECOND))
    play(one, ">> broken reset\n<< yield abort check | checking_next" + TO_THE_NEXT)
    play(one, ">> complete\n<< conclude | concluding")
    assert one.conclusion is Conclusion.ANSWERED
