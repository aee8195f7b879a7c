"""Charts as static SVG: they need no script and no network, and they print.

Vega-Lite draws them, in process (`vl-convert-python` has it in its package). Colours are left to
the page as CSS variables, so that they follow light and dark; every chart has its numbers beside
it as a table, since a picture is not for everybody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import vl_convert

from licet.account import Ends, Figures

_WIDTH = 620
_WIDE = 860
_BAR = 34
_LABEL_PX = 12
# Vega sets labels by the fonts of this machine, and readers' are wider: room for the difference.
_WIDER_PX = 1.8

SHOWN: Mapping[str, tuple[str, ...]] = {
    "answered as asked": ("as_asked",),
    "rerouted": ("rerouted",),
    "refused": ("refused",),
    "undetermined": ("undetermined",),
    "cut": ("cut",),
    "rejected": ("rejected",),
    "not answered": ("unavailable", "failed", "cancelled", "unknown", "open"),
}
"""How requests end, as the page tells it, by the members of `Ends` that each has."""

_COLOURS = {name: f"var(--{name.replace(' ', '-')})" for name in SHOWN}
_CONFIG: dict[str, Any] = {
    "font": "sans-serif",
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "gridColor": "var(--line)",
        "labelFontSize": _LABEL_PX,
        "titleFontSize": _LABEL_PX,
        "titleFontWeight": "normal",
        "labelLimit": 240,
    },
    "legend": {
        "labelColor": "currentColor",
        "labelFontSize": _LABEL_PX,
        "orient": "top",
        "title": None,
        "symbolType": "square",
        "columnPadding": 18,
    },
}
# Thousands stand apart as they do in the tables of the page.
_NUMBERS = {"decimal": ".", "thousands": "\u202f", "grouping": [3], "currency": ["", ""]}
_STYLED = re.compile(r' style="[^"]*"')


def days(figures: Figures) -> str:
    """Requests by day and how they ended; empty where there are none."""
    rows = [
        {"day": group.id, "end": name, "order": place, "requests": count}
        for group in figures.days
        for place, (name, count) in enumerate(ends(group.ends))
        if count
    ]
    return _drawn(
        rows,
        "days",
        "Requests by day, stacked by how they ended",
        width=_WIDE,
        height=220,
        encoding={
            "x": {
                "field": "day",
                "type": "ordinal",
                "timeUnit": "utcyearmonthdate",
                "axis": {
                    "title": None,
                    "format": "%-d %b",
                    "labelAngle": 0,
                    "labelOverlap": "greedy",
                    "labelSeparation": 6,
                },
            },
            "y": _amount("requests"),
            **_ended(rows),
        },
    )


def directives(figures: Figures) -> str:
    """For each directive, in how many requests it decided the end, and which."""
    rows = [
        {"directive": one.id, "end": name, "order": place, "requests": getattr(one, name)}
        for one in figures.deciding
        for place, name in enumerate(("rerouted", "refused", "undetermined", "cut"))
        if getattr(one, name)
    ]
    labels = {row["directive"] for row in rows}
    return _drawn(
        rows,
        "directives",
        "Requests by the directive that decided, stacked by what came of it",
        height=len(labels) * _BAR,
        labels=labels,
        encoding={
            "y": {"field": "directive", "type": "nominal", "sort": None, "axis": {"title": None}},
            "x": _amount("requests"),
            **_ended(rows),
        },
    )


def places(figures: Figures, name_of: Mapping[str, str]) -> str:
    """Sendings by the place of the endpoint; `name_of` says a place in words."""
    counted: Counter[str] = Counter()
    for one in figures.reached:
        counted[name_of.get(one.place, "not known")] += one.sendings
    rows: list[dict[str, Any]] = [
        {"place": name, "sendings": count} for name, count in counted.most_common()
    ]
    return _drawn(
        rows,
        "places",
        "Sendings by the place of the endpoint",
        height=len(rows) * _BAR,
        labels=(row["place"] for row in rows),
        encoding={
            "y": {"field": "place", "type": "nominal", "sort": None, "axis": {"title": None}},
            "x": _amount("sendings"),
            "color": {"value": "var(--answered-as-asked)"},
        },
    )


def ends(found: Ends) -> Iterable[tuple[str, int]]:
    """The ends as the page tells them."""
    return ((name, sum(getattr(found, one) for one in parts)) for name, parts in SHOWN.items())


def _amount(field: str) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "aggregate": "sum",
        "axis": {"title": field, "tickMinStep": 1, "format": ",d"},
    }


def _ended(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Colour and order by how it ended; the legend has what there is."""
    present = {row["end"] for row in rows}
    domain = [name for name in SHOWN if name in present]
    return {
        "color": {
            "field": "end",
            "type": "nominal",
            "scale": {"domain": domain, "range": [_COLOURS[name] for name in domain]},
        },
        "order": {"field": "order", "type": "quantitative"},
    }


def _drawn(
    rows: list[dict[str, Any]],
    name: str,
    told: str,
    *,
    height: int,
    encoding: dict[str, Any],
    width: int = _WIDTH,
    labels: Iterable[str] = (),
) -> str:
    """The chart as an `<svg>` that a screen reader takes for one picture, called `told`."""
    if not rows:
        return ""
    room = 4 + round(_WIDER_PX * max(map(len, labels), default=2))
    svg: str = vl_convert.vegalite_to_svg(
        {
            "width": width,
            "height": height,
            "padding": {"left": room, "right": 16, "top": 4, "bottom": 4},
            "data": {"values": rows},
            "mark": {"type": "bar", "cornerRadius": 0},
            "encoding": encoding,
            "config": _CONFIG,
        },
        # Nothing is fetched, whatever a specification might ask for.
        allowed_base_urls=[],
        format_locale=_NUMBERS,
    )
    # Several charts share a page, whose policy allows no style but its own.
    svg = _STYLED.sub("", svg).replace('id="', f'id="{name}-').replace("url(#", f"url(#{name}-")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{told}" ', 1)
