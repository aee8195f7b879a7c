"""What changed between two instants, in sentences."""

from __future__ import annotations

from licet.demo.news import day, news
from licet.demo.persons import noon
from licet.demo.script import LETTER, LIFT, MINUTE_US
from licet.terms import Instant
from tests.unit.demo import world
from tests.unit.demo.world import BEFORE

SOURCES = world.judge().sources
LETTER_TITLE = "Licence requirement for Claude Fable 5 and Claude Mythos 5"


def test_the_start_tells_what_is_in_force_already() -> None:
    told = news(SOURCES, None, noon(6, 9))
    assert len(told) == 3
    assert (
        "In force: Personal data from the EEA stays in the EEA (Data protection officer)." in told
    )


def test_a_letter_comes_into_force_to_the_minute_with_its_reading() -> None:
    assert news(SOURCES, noon(6, 12), BEFORE) == []
    (told,) = news(SOURCES, BEFORE, LETTER)
    assert told.startswith(f"In force: {LETTER_TITLE} (US Department of Commerce); it follows")
    assert told.endswith("it follows the person, not the destination.")


def test_what_is_amended_and_what_relieves_is_told() -> None:
    (amended, preview, opened) = news(SOURCES, noon(6, 25), noon(6, 26))
    assert amended.startswith("Amended: Claude Mythos 5 for approved organisations")
    assert amended.endswith("version 2.")
    assert preview == "In force: GPT-5.6 in limited preview (OpenAI)."
    assert opened == "To be had: gpt-5.6."
    (relieved,) = news(SOURCES, noon(6, 26), noon(6, 27))
    assert relieved.startswith("Relieved: Claude Mythos 5 without a licence")


def test_what_is_lifted_is_told() -> None:
    told = news(SOURCES, Instant(LIFT - MINUTE_US), LIFT)
    assert told == [f"Lifted: {LETTER_TITLE} (US Department of Commerce)."]


def test_what_is_gone_and_what_is_back_is_told_once() -> None:
    sources = world.judge(withdrawn=True).sources
    models = "claude-fable-5 and claude-mythos-5"
    assert f"Gone: {models}: withdrawn by the developer from everybody." in news(
        sources, BEFORE, LETTER
    )
    assert news(sources, LIFT, noon(7, 1)) == [f"To be had: {models}."]


def test_a_day_is_told_in_both_times() -> None:
    assert day(LETTER) == "Fri 12 Jun 2026, 21:21 UTC (17:21 -04:00)"
