"""The terminal: what stands in force, persons by models, traffic by endpoint, as the days pass.

Fits 80 columns and 24 lines; where there is no such terminal, `Lines` says the same in lines.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from licet.demo.hearing import Kind
from licet.demo.judge import Judge, Said
from licet.demo.news import day, news
from licet.demo.persons import FABLE, MYTHOS, PERSONS, Person
from licet.demo.script import Pass
from licet.demo.tally import Tally, told
from licet.demo.telling import SIGNS
from licet.policy import Verdict
from licet.terms import Instant, to_datetime

NEWS_LINES = 4
WORDS = {Verdict.PERMITTED: "yes", Verdict.REFUSED: "no", Verdict.UNDETERMINED: "?"}
FRAME_S = 0.08
MODELS = {
    FABLE: ("Fable 5", "blue"),
    MYTHOS: ("Mythos 5", "magenta"),
    "claude-opus-4.8": ("Opus 4.8", "cyan"),
    "mistral-large-4": ("Mistral 4", "yellow"),
}
"""The models that answer, as they are called and coloured here."""


class Sight:
    """What can be seen at present: gathered as it is heard, shown by whoever watches."""

    def __init__(self, which: Pass, judge: Judge) -> None:
        self.which = which
        self.at = which.steps[0].at
        self.traffic: dict[str, Counter[str]] = {}
        """Answers so far by endpoint and model."""
        self.kinds: Counter[Kind] = Counter()
        self.rerouted = 0
        self._judge = judge
        self._shown: Instant | None = None
        self._verdicts: dict[tuple[str, str], str] = {}
        self._work: dict[str, str] = {}

    def stand(self, at: Instant) -> list[str]:
        """The clock stands at `at`: what that brings, in sentences."""
        told_now = news(self._judge.sources, self._shown, at)
        self.at = self._shown = at
        return told_now

    def hear(self, said: Said) -> None:
        heard, ask = said.heard, said.ask
        self.kinds[heard.kind] += 1
        self.rerouted += heard.rerouted
        if heard.endpoint:
            self.traffic.setdefault(heard.endpoint, Counter())[heard.model] += 1
        if ask.by_workload:
            self._work[ask.person.id] = heard.model if heard.kind is Kind.ANSWERED else "nobody"
        elif heard.kind is not Kind.CUT:
            self._verdicts[ask.person.id, ask.name] = told(heard, ask.name)

    def verdict(self, person: Person, model: str) -> Text:
        """What a person who names a model is told now."""
        word = self._verdicts.get((person.id, model), "")
        for verdict, (_, style) in SIGNS.items():
            if word == verdict:
                return Text(WORDS[verdict], style)
        return Text("gone" if word == Kind.UNAVAILABLE else word[:6], "magenta")

    def work(self, person: Person) -> Text:
        """Which model does a person's work now."""
        model = self._work.get(person.id, "")
        return Text(*MODELS.get(model, (model, "")))

    def forget_counts(self) -> None:
        self.kinds.clear()
        self.rerouted = 0

    def counts(self) -> str:
        kinds = self.kinds
        refused = sum(kinds[kind] for kind in (Kind.REFUSED, Kind.CUT, Kind.UNAVAILABLE))
        answered = f"{kinds[Kind.ANSWERED]:,} answered ({self.rerouted:,} rerouted)"
        parts = [
            f"{kinds.total():,} requests: {answered}",
            f"{refused:,} refused",
        ]
        if kinds[Kind.CUT]:
            parts.append(f"{kinds[Kind.CUT]} of them cut")
        if kinds[Kind.LOST]:
            parts.append(f"{kinds[Kind.LOST]:,} lost")
        return ", ".join(parts)


class Screen:
    """A live display; use as a context.

    It is drawn from the event loop, between two requests, so that nothing changes meanwhile.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._drawn_s = 0.0
        self._sight: Sight | None = None
        self._news: list[str] = []
        self._live = Live(
            console=console,
            get_renderable=self.shown,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def begins(self, which: Pass, judge: Judge) -> None:
        self._sight = Sight(which, judge)
        self._news = []
        self._draw()

    def stands(self, at: Instant) -> None:
        assert self._sight is not None
        date = f"{to_datetime(at):%d %b}"
        brought = [f"{date}  {sentence}" for sentence in self._sight.stand(at)]
        self._news = (self._news + brought)[-NEWS_LINES:]
        self._draw()

    def hears(self, said: Said) -> None:
        assert self._sight is not None
        self._sight.hear(said)
        if time.monotonic() - self._drawn_s > FRAME_S:
            self._draw()

    def ends(self, tally: Tally) -> None:
        """Its last frame; the summary tells the rest."""
        self._draw()

    def _draw(self) -> None:
        self._live.refresh()
        self._drawn_s = time.monotonic()

    def shown(self) -> RenderableType:
        """The present frame."""
        sight = self._sight
        if sight is None:
            return Text("starting a gateway and simulated vendors")
        width = self._console.width
        clock = f" SCRIPTED CLOCK, NOT THE REAL TIME   {day(sight.at)}"
        both = Table.grid(padding=(0, 2), expand=True)
        both.add_column(no_wrap=True)
        both.add_column(ratio=1, no_wrap=True)
        both.add_row(_persons(sight), _bars(sight, max(8, width - 60), self._console))
        return Group(
            Text(clock.ljust(width)[:width], "bold black on yellow", no_wrap=True),
            Text(self._fitted(sight.which.title), "bold"),
            both,
            Text(),
            *(_line(self._fitted(sentence)) for sentence in self._news),
            Text(self._fitted(sight.counts()), "bold"),
        )

    def _fitted(self, sentence: str) -> str:
        """As much of it as a line holds."""
        width = self._console.width
        if len(sentence) <= width:
            return sentence
        mark = "..." if self._console.options.ascii_only else "\u2026"
        return sentence[: width - len(mark)] + mark


class Lines:
    """The same for logs and plain terminals: a line for each step, sentences as they come."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._sight: Sight | None = None

    def begins(self, which: Pass, judge: Judge) -> None:
        self._sight = Sight(which, judge)
        self._say(f"\n{which.title}")
        self._say("THE CLOCK IS SCRIPTED: none of these times is the real one")

    def stands(self, at: Instant) -> None:
        assert self._sight is not None
        self._count()
        told_now = self._sight.stand(at)
        self._say(day(at))
        for sentence in told_now:
            self._say(f"    {sentence}")

    def hears(self, said: Said) -> None:
        assert self._sight is not None
        self._sight.hear(said)

    def ends(self, tally: Tally) -> None:
        assert self._sight is not None
        self._count()
        self._say(f"    {tally.evidence.records:,} evidence records, {tally.seconds:.1f} s")

    def _count(self) -> None:
        """What was heard since this was last said."""
        assert self._sight is not None
        if self._sight.kinds:
            self._say(f"    {self._sight.counts()}")
            self._sight.forget_counts()


def _persons(sight: Sight) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("who may name which model", no_wrap=True, width=31)
    table.add_column("Fable", justify="center", width=6)
    table.add_column("Mythos", justify="center", width=6)
    table.add_column("work done by", no_wrap=True, width=12)
    for person in PERSONS:
        table.add_row(
            person.short,
            sight.verdict(person, FABLE),
            sight.verdict(person, MYTHOS),
            sight.work(person),
        )
    return table


def _bars(sight: Sight, width: int, console: Console) -> Group:
    """Answers by endpoint, two lines each; the colours are those of the models."""
    most = max((models.total() for models in sight.traffic.values()), default=1)
    mark = "#" if console.options.ascii_only else "\u2587"
    lines: list[Text] = [Text("answers by endpoint", "bold")]
    for endpoint, models in sorted(sight.traffic.items()):
        lines.append(Text(f"{endpoint} {models.total():,}"))
        bar = Text()
        for model, count in sorted(models.items()):
            bar.append(
                mark * -(-count * (width - len(models)) // most),
                MODELS.get(model, (model, "white"))[1],
            )
        lines.append(bar)
    return Group(*lines)


def _line(sentence: str) -> Text:
    verb, colon, rest = sentence.partition(":")
    return Text.assemble((verb + colon, "bold"), rest)
