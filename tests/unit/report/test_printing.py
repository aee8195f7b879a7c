"""The page of a report: whole, escaped, and in need of nothing but itself."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import msgspec
import pytest

from licet.account import Deciding, Event, Figures, Group, Lacking, Preview, Reached
from licet.report import Report, page
from tests.unit.report.examples import ATTACK, eventful, report

VOID = {"meta", "br", "img", "hr", "link", "input"}
SECTIONS = (
    "Requests",
    "Decisions by directive",
    "Where the data went",
    "Previews and who took part",
    "Duties",
    "Directives in force",
    "Register",
    "Verification",
)


class Read(HTMLParser):
    """What a browser would find: elements, attributes, text; every element closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.headings: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "h2":
            self.headings.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open[-1:] == ["h2"]:
            self.headings[-1] += data

    def named(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module")
def found() -> Figures:
    return eventful()


def test_everything_that_is_counted_is_on_the_page(found: Figures) -> None:
    read = Read(page(report(found)))
    assert tuple(read.headings) == SECTIONS
    spaced = f"{found.total.requests:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    told = " ".join(read.text.split())
    assert f"{spaced} requests" in f"{told}" or f"{spaced}requests" in told
    names = [one.id for one in (*found.days, *found.workloads, *found.organisations)]
    names += [one.id for one in found.deciding] + [one.id for one in found.in_force]
    names += [one.endpoint for one in found.reached] + [one.kind for one in found.duties]
    names += [one.request for one in found.residency.breaches]
    names += ["ab" * 32, "e2a10478", "Refuses persons who are not US persons", "overridden"]
    assert [name for name in names if name not in told] == []
    assert len(read.named("svg")) == 3


def test_the_page_needs_nothing_else_and_lets_nothing_run(found: Figures) -> None:
    text = page(report(found))
    read = Read(text)
    assert not read.named("script", "img", "link", "iframe", "object", "embed", "form", "base")
    assert not [
        name
        for _, attributes in read.elements
        for name in attributes
        if name.startswith("on") or name in ("src", "href", "style", "xlink:href")
    ]
    assert set(re.findall(r"https?://[^\s\"<]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    (policy,) = [one["content"] for one in read.named("meta") if "http-equiv" in one]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_whatever_a_log_says_is_text() -> None:
    hostile = msgspec.structs.replace(
        Figures(),
        log=ATTACK,
        days=(Group(id="2026-06-12", ends=eventful().total),),
        workloads=(Group(id=ATTACK, ends=eventful().total),),
        deciding=(Deciding(id=ATTACK, title=ATTACK, barred=3, refused=3),),
        lacking=(Lacking(sets=((ATTACK,),), requests=3),),
        reached=(Reached(endpoint=ATTACK, operator=ATTACK, place=ATTACK, models=(ATTACK,)),),
        events=(Event(leaf=1, at="2026-06-12T21:21:00.000000Z", kind=ATTACK, what=ATTACK),),
        previews=(
            Preview(
                model=ATTACK,
                directive=ATTACK,
                title=ATTACK,
                lists=(ATTACK,),
                tiers=(ATTACK,),
                participants=(),
                absent=(ATTACK,),
            ),
        ),
        snapshots_missing=(ATTACK,),
    )
    hostile = msgspec.structs.replace(
        hostile, reached=(*hostile.reached, Reached(endpoint="e", place="FR", sendings=4))
    )
    text = page(msgspec.structs.replace(report(hostile, ok=False), operator=ATTACK))
    read = Read(text)
    assert not read.named("script", "img")
    assert read.text.count("document.title='run'") > 15
    assert text.count("<style>") == text.count("</style>") == 1
    assert len(read.named("svg")) == 3


@pytest.mark.parametrize("ok", [True, False])
def test_it_says_first_whether_the_log_is_sound(found: Figures, *, ok: bool) -> None:
    told = Read(page(report(found, ok=ok))).text
    assert ("sound" in told, "DAMAGED" in told) == (ok, not ok)
    assert ("the same" in told.split("Requests")[0], "DIFFERENT" in told) == (ok, not ok)
    assert ("root_differs" in told) is not ok
    assert "Replay" not in Read(page(report(found, replay=False))).text


def test_a_period_without_a_request_is_a_page_too() -> None:
    read = Read(page(report(Figures())))
    assert "No request was recorded in the period" in read.text
    assert "Nothing was sent to a vendor" in read.text
    assert not read.named("svg")


def test_what_is_seen_can_be_heard(found: Figures) -> None:
    read = Read(page(report(found)))
    assert all(one.get("role") == "img" and one.get("aria-label") for one in read.named("svg"))
    assert all(one.get("scope") in ("col", "row") for one in read.named("th"))
    regions = [one for one in read.named("div") if one.get("class") == "scroll"]
    assert regions
    assert all(one.get("tabindex") == "0" and one.get("aria-label") for one in regions)
    labels = {one.get("aria-labelledby") for one in read.named("section")}
    assert labels == {one.get("id") for one in read.named("h2")}
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_its_json_has_the_same_numbers(found: Figures) -> None:
    one = report(found)
    assert msgspec.json.decode(msgspec.json.encode(one), type=Report) == one
