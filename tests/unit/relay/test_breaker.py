"""A breaker opens for what fails, lets one attempt probe, and closes at the first success."""

from __future__ import annotations

from licet.relay import Breakers, BreakerSettings

SETTINGS = BreakerSettings(failures=3, window_ms=1_000, open_ms=5_000)
HERE = ("anthropic", "claude-fable-5")


def failing(*times_ms: int) -> Breakers:
    breakers = Breakers(SETTINGS)
    for at in times_ms:
        breakers.failed(*HERE, at)
    return breakers


def test_it_opens_at_so_many_failures_within_the_window() -> None:
    assert failing(0, 10).allows(*HERE, 20)
    assert not failing(0, 10, 20).allows(*HERE, 30)
    assert failing(0, 10, 1_500).allows(*HERE, 1_510)


def test_only_the_model_at_the_endpoint_that_failed_is_left_out() -> None:
    breakers = failing(0, 1, 2)
    assert breakers.allows("anthropic", "claude-opus-4.8", 3)
    assert breakers.allows("cloud-us", "claude-fable-5", 3)
    assert breakers.open(3) == (HERE,)


def test_after_its_time_one_attempt_probes_and_no_other() -> None:
    breakers = failing(0, 1, 2)
    assert not breakers.allows(*HERE, 5_001)
    assert breakers.allows(*HERE, 5_002)
    breakers.trying(*HERE, 5_002)
    assert not breakers.allows(*HERE, 5_003)


def test_a_probe_that_fails_opens_it_anew_and_one_that_succeeds_closes_it() -> None:
    breakers = failing(0, 1, 2)
    breakers.trying(*HERE, 6_000)
    breakers.failed(*HERE, 6_000)
    assert not breakers.allows(*HERE, 10_999)
    breakers.trying(*HERE, 11_000)
    breakers.succeeded(*HERE)
    assert breakers.allows(*HERE, 11_001)
    assert breakers.all_closed


def test_a_probe_that_says_nothing_leaves_the_place_to_the_next() -> None:
    breakers = failing(0, 1, 2)
    breakers.trying(*HERE, 6_000)
    breakers.released(*HERE)
    assert breakers.allows(*HERE, 6_001)


def test_a_success_forgets_the_failures_before_it() -> None:
    breakers = failing(0, 1)
    breakers.succeeded(*HERE)
    breakers.failed(*HERE, 2)
    assert breakers.allows(*HERE, 3)
    assert breakers.all_closed


def test_whether_all_are_closed_is_known_at_once() -> None:
    assert failing(0, 1).all_closed
    assert not failing(0, 1, 2).all_closed


def test_failures_that_come_after_it_opened_do_not_hold_it_open_for_ever() -> None:
    breakers = failing(0, 1, 2)
    # Of attempts that were under way when it opened.
    breakers.failed(*HERE, 100)
    assert breakers.allows(*HERE, 5_100)
