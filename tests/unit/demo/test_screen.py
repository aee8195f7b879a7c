"""What is shown: on a screen of 80 by 24, in a plain log, and at the end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from licet.demo.hearing import Heard, Kind
from licet.demo.judge import Said
from licet.demo.persons import PERSONS, noon
from licet.demo.requests import Ask
from licet.demo.screen import Lines, Screen
from licet.demo.script import LETTER, LIFT, passes
from licet.demo.tally import Report
from licet.demo.telling import summary
from licet.policy import Verdict
from licet.terms import Instant
from tests.unit.demo import world
from tests.unit.demo.test_tally import tally

DEVELOPER = passes()[0]
REFUSED = Heard(kind=Kind.REFUSED, verdict=Verdict.REFUSED)


def console(width: int, height: int = 24, *, encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=file, width=width, height=height, force_terminal=True, color_system=None)


def answered(ask: Ask, at: Instant) -> Said:
    model = world.FABLE if ask.by_workload else ask.name
    endpoint = "anthropic" if ask.dialect == "messages" else "anthropic-chat"
    heard = Heard(kind=Kind.ANSWERED, model=model, endpoint=endpoint, rerouted=ask.by_workload)
    return Said(ask=ask, heard=heard, at=at, until=at)


def frame(screen: Screen, on: Console) -> list[str]:
    with on.capture() as captured:
        on.print(screen.shown())
    return captured.get().rstrip("\n").split("\n")


def played(screen: Screen | Lines) -> None:
    screen.begins(DEVELOPER, world.judge())
    for at in (noon(6, 9), LETTER, noon(6, 27), LIFT):
        screen.stands(at)
        for ask in DEVELOPER.steps[0].asks:
            screen.hears(answered(ask, at))
    screen.hears(Said(ask=DEVELOPER.steps[0].asks[0], heard=REFUSED, at=LIFT, until=LIFT))


@pytest.mark.parametrize("width", [80, 100, 200])
def test_it_fits(width: int) -> None:
    on = console(width)
    screen = Screen(on)
    played(screen)
    shown = frame(screen, on)
    assert len(shown) < 24
    assert max(map(len, shown)) <= width
    assert "SCRIPTED CLOCK, NOT THE REAL TIME" in shown[0]
    for person in PERSONS:
        assert any(line.startswith(person.short) for line in shown)


def test_it_shows_what_changed_and_who_answers() -> None:
    on = console(200)
    screen = Screen(on)
    played(screen)
    text = "\n".join(frame(screen, on))
    assert "30 Jun  Lifted: Licence requirement for Claude Fable 5 and Claude Mythos 5" in text
    assert "27 Jun  Relieved: Claude Mythos 5 without a licence" in text
    assert "anthropic-chat 312" in text
    assert "625 requests: 624 answered (208 rerouted), 1 refused" in text
    assert "\u2587" in text


def test_a_terminal_without_such_letters_gets_plain_bars() -> None:
    on = console(80, encoding="ascii")
    screen = Screen(on)
    played(screen)
    shown = "\n".join(frame(screen, on))
    assert shown.isascii()
    assert "####" in shown


def test_before_anything_has_begun_it_says_what_it_waits_for() -> None:
    on = console(80)
    assert "starting" in frame(Screen(on), on)[0]


def test_a_log_has_the_same_in_lines() -> None:
    told: list[str] = []
    lines = Lines(told.append)
    played(lines)
    lines.ends(tally())
    text = "\n".join(told)
    assert "THE CLOCK IS SCRIPTED" in text
    assert "Fri 12 Jun 2026, 21:21 UTC (17:21 -04:00)" in text
    assert "it follows the person, not the destination" in text
    assert "    156 requests: 156 answered (52 rerouted), 0 refused" in told
    assert "Lifted: Licence requirement" in text


@pytest.mark.parametrize("width", [80, 120])
def test_the_summary_says_it_in_plain_words(width: int) -> None:
    on = console(width)
    report = Report(passes=(tally(), tally(id="deployer", verdicts=())))
    with on.capture() as captured:
        on.print(summary(report, 9.3))
    text = captured.get()
    assert max(map(len, text.split("\n"))) <= width
    words = " ".join(text.split())
    assert "A blanket shutdown would have refused 9 requests; Licet refused 4." in words
    assert "91 of 91 verdicts as expected" in words
    assert "40 evidence records in two logs, verified." in words
    assert "docs/start.md" in words


def test_the_summary_says_how_to_look_at_what_was_kept() -> None:
    on = console(80)
    report = Report(passes=(tally(), tally(id="deployer", verdicts=())))
    with on.capture() as captured:
        on.print(summary(report, 9.3, kept=Path("june")))
    assert "  licet evidence verify --config june/developer" in [
        line.rstrip() for line in captured.get().split("\n")
    ]


def test_the_summary_names_what_went_wrong() -> None:
    on = console(120)
    broken = tally(unlawful=("7: `claude-fable-5` was asked for `claire` at `anthropic`",))
    with on.capture() as captured:
        on.print(summary(Report(passes=(broken, tally(id="deployer", verdicts=()))), 9.3))
    assert "unlawful: 7: `claude-fable-5` was asked for `claire`" in captured.get()
