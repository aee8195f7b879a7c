"""The page of a report: one file that needs nothing else, no script and no network.

Everything that is filled in is escaped; the page's own policy allows the one style sheet that is
in it, by its digest, and nothing besides. A log may be somebody else's, so nothing that comes
from one is trusted to be harmless.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib import resources

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from licet import __version__
from licet.account import Figures
from licet.report import charts
from licet.terms import place_name


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification of the whole log found. `brought`: the key came from whoever verified,
    and not from beside the log. `checked`: what was, and how much of it. `findings`: severity
    and text."""

    ok: bool
    log: str
    leaves: int
    signed: int
    root: str
    key: str
    key_id: str
    brought: bool
    checked: tuple[tuple[str, int], ...]
    findings: tuple[tuple[str, str], ...] = ()
    findings_left_out: int = 0


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding everything again found. `unreplayed`: how many could not be, by why."""

    ok: bool
    decisions: int
    same: int
    otherwise: int
    unreplayed: dict[str, int] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says, and its JSON. `made_at`: an instant as leaves write it."""

    made_at: str
    operator: str
    figures: Figures
    verification: Verification
    replay: Replay | None = None
    version: str = __version__


def page(report: Report) -> str:
    """The report as HTML."""
    style = resources.files("licet.report").joinpath("page/report.css").read_text("utf-8")
    figures = report.figures
    names = {one.place: place_name(one.place) for one in figures.reached if one.place}
    return (
        _environment()
        .get_template("report.html")
        .render(
            {name: getattr(report, name) for name in report.__struct_fields__},
            style=Markup(style),  # noqa: S704  our own file
            style_digest=b64encode(sha256(style.encode()).digest()).decode(),
            ends=tuple(charts.SHOWN),
            charts={
                # Vega escapes what it writes.
                "days": Markup(charts.days(figures)),  # noqa: S704
                "directives": Markup(charts.directives(figures)),  # noqa: S704
                "places": Markup(charts.places(figures, names)),  # noqa: S704
            },
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("licet.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=_number,
        moment=_moment,
        place=lambda code: place_name(code) if code else "not known",
        ended=charts.ends,
        slug=lambda name: "as-asked" if name == "answered as asked" else name.replace(" ", "-"),
        coded=_coded,
    )
    return environment


def _number(count: int) -> str:
    """With thin spaces between thousands, as ISO 80000 writes them."""
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _moment(at: str) -> str:
    """`2026-06-12 21:21 UTC`; seconds, and parts of one, only where there are any."""
    text = at.removesuffix("Z").replace("T", " ").removesuffix(".000000").removesuffix(":00")
    return f"{text if text.count(':') else at} UTC"


def _coded(text: str) -> Markup:
    """A sentence, with what stands in backticks set as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )
