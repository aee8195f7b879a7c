"""An answer that breaks off and is continued by a vendor of another dialect, or of the same.

For every ordered pair of dialects (of the caller and the vendor that breaks off, of the vendor
that goes on), and each way in which the latter can be asked: the bytes that it was sent, and those
that the caller got. Each pair and way has a page in `continued/`; ids and times stand for
themselves. Written anew by `LICET_GOLDEN=write`, and then read before it is committed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from licet.identity import new_key, write_key
from licet.sim.questions import Arrival
from licet.sim.vendor import Vendor
from licet.terms import Instant
from tests.contract.asking import Heard, ask
from tests.contract.evidence import Told, told
from tests.rig import EVERY_VENDOR, Rig, endpoint

PAGES = Path(__file__).with_name("continued")
AT = Instant(1_781_300_000_000_000)
DIALECTS = ("chat", "messages", "responses")
BREAKS = {"chat": "first", "messages": "third", "responses": "fifth"}
GOES_ON = {"chat": "second", "messages": "fourth", "responses": "sixth"}
WAYS = {
    "chat": ("instruction", "prefill", "prefix", "final_message"),
    "messages": ("instruction", "prefill"),
    "responses": ("instruction",),
}
"""How a vendor of each dialect may be asked to go on."""

# Piece by piece, so that some text has left before it breaks off. They ask for no key, because a
# rig has one for each vendor, and here are several endpoints of each.
VENDORS = tuple(msgspec.structs.replace(spec, key="", pace_ms=5, chunks=4) for spec in EVERY_VENDOR)

WORKLOAD = """
id = "{id}"
on_break = "continue"
evidence = "before_send"

[[candidate]]
model = "alpha"
endpoints = ["{breaks}"]

[[candidate]]
model = "beta"
endpoints = ["{goes_on}"]
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """The caller's dialect, which is that of the vendor that breaks off; that of the one that goes
    on; and how it is asked to."""

    caller: str
    target: str
    way: str

    @property
    def name(self) -> str:
        return f"{self.caller}-{self.target}-{self.way}"

    @property
    def endpoint(self) -> str:
        """One for each way, since the way is the endpoint's; the vendor behind them is the same."""
        return f"{GOES_ON[self.target]}-{self.way}"


SCENES = tuple(
    Scene(caller, target, way) for caller in DIALECTS for target in DIALECTS for way in WAYS[target]
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the vendor that goes on was sent, and the caller got; and what the log says."""

    sent: bytes
    heard: Heard
    told: Told

    def page(self) -> str:
        headers = self.heard.headers
        shown = [f"{name}: {headers[name]}" for name in sorted(headers) if name in SHOWN]
        return _without_marks(
            f"sent to who goes on\n{self.sent.decode()}\n\n"
            f"got by the caller, status {self.heard.status}\n"
            + "\n".join(shown)
            + f"\n\n{self.heard.body.decode()}"
        )


SHOWN = ("content-type", "licet-decision", "licet-dropped", "licet-endpoint", "licet-model")


def _without_marks(page: str) -> str:
    """Ids by the order in which they occur, and no times."""
    page = re.sub(r'("(?:created|created_at|completed_at)":)\d+', r"\1TIME", page)
    marks = dict.fromkeys(
        re.findall(r"\b(?:[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{24})\b|_[0-9a-f]{24}", page)
    )
    for number, mark in enumerate(marks, 1):
        page = page.replace(mark.removeprefix("_"), f"ID{number}")
    return page


def _files(rig: Rig, key: str) -> dict[str, str]:
    urls = {spec.id: rig.vendors.url(spec.id) for spec in VENDORS}
    endpoints = [endpoint(BREAKS[one], one, urls[BREAKS[one]]) for one in DIALECTS]
    for target, ways in WAYS.items():
        for way in ways:
            named = endpoint(f"{GOES_ON[target]}-{way}", target, urls[GOES_ON[target]])
            manner = "" if way == "instruction" else f'continues = {{ beta = "{way}" }}\n'
            endpoints.append(named + manner)
    found = {"catalog/endpoints.toml": "".join(endpoints), "keys/scenes.toml": key}
    for scene in SCENES:
        found[f"workloads/{scene.name}.toml"] = WORKLOAD.format(
            id=scene.name, breaks=BREAKS[scene.caller], goes_on=scene.endpoint
        )
    return found


@pytest.fixture(scope="module")
def played() -> dict[Scene, Seen]:
    plain, key = new_key(
        "scenes",
        os.urandom(32),
        organisation="acme",
        workloads=tuple(scene.name for scene in SCENES),
        created=datetime.now(UTC),
    )
    sent: dict[str, bytes] = {}
    respond = Vendor.respond

    def responding(self: Vendor, arrival: Arrival, *args: Any, **kwargs: Any) -> Any:
        sent[self.spec.id] = arrival.body
        return respond(self, arrival, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, Rig(at=AT, vendors=VENDORS) as rig:
        rig.adopt(_files(rig, write_key(key)))
        patch.setattr(Vendor, "respond", responding)
        found = {}
        for scene in SCENES:
            # The error comes in the stream itself, so that what came before it is always the same.
            prompt = f"Say it. [[sim:error_after_200@{BREAKS[scene.caller]}]]"
            heard = ask(rig.port, plain, scene.caller, prompt, model=scene.name, stream=True)
            found[scene] = (sent[GOES_ON[scene.target]], heard)
        requests = told(rig)
    return {
        scene: Seen(body, heard, requests[heard.request]) for scene, (body, heard) in found.items()
    }


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_continued_answer_is_what_its_page_says(played: dict[Scene, Seen], scene: Scene) -> None:
    page = played[scene].page()
    path = PAGES / f"{scene.name}.txt"
    if os.environ.get("LICET_GOLDEN") == "write":
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_it_is_one_answer_that_names_both(played: dict[Scene, Seen], scene: Scene) -> None:
    seen = played[scene]
    said = seen.heard.said
    assert (seen.heard.whole, said.closed, said.error) == (True, True, None)
    (notice,) = said.told
    assert (notice["model"], notice["from_model"], notice["reason"]) == ("beta", "alpha", "break")
    assert said.text.startswith("answer from alpha")
    assert ("continued by beta" in said.text) == (scene.way != "instruction")
    (attempt,) = seen.told.attempts
    assert (attempt.continues, attempt.sending.endpoint) == (scene.way, scene.endpoint)


def test_every_page_is_of_a_pair_and_a_way() -> None:
    assert {path.stem for path in PAGES.iterdir()} == {scene.name for scene in SCENES}
