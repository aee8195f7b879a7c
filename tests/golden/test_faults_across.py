"""What a caller of one dialect sees of every fault of vendors of the other: `faults_across.txt`.

The scenes of `test_faults`, with a translation on the way. What must hold whatever the file says
is asserted beside it: nobody can tell from an ending that another dialect was spoken behind it.
Written anew by `LICET_GOLDEN=write`.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.asking import Heard, ask
from tests.contract.evidence import Told, told
from tests.golden.test_faults import (
    AMID_TEXT,
    AT,
    FIRST,
    PASSED_ON,
    PLAYED,
    SETTINGS,
    TOOLS,
    Scene,
    describe,
    paced,
)
from tests.rig import Rig

GOLDEN = Path(__file__).with_name("faults_across.txt")
OTHER = {"chat": "messages", "messages": "chat"}


class Across(Scene):
    """`dialect` is the caller's; the vendors speak the other one."""

    @property
    def prompt(self) -> str:
        shape = "[[sim:tools]]" if self.fault == "cut_mid_tool_call" else ""
        where = f"@{FIRST[OTHER[self.dialect]]}" if self.alone else ""
        return f"{shape}[[sim:{self.fault}{where}]]"


SCENES = tuple(
    Across(fault, dialect, stream, alone)
    for fault in PLAYED
    for dialect in ("chat", "messages")
    for stream in (False, True)
    for alone in (True, False)
)


class Played:
    """All scenes, played on one gateway at once."""

    def __init__(self) -> None:
        with (
            Rig({"licet.toml": SETTINGS}, at=AT, vendors=paced(before_send=True)) as rig,
            ThreadPoolExecutor(48) as pool,
        ):

            def play(scene: Across) -> Heard:
                return ask(
                    rig.port,
                    rig.plain_key,
                    scene.dialect,
                    scene.prompt,
                    model=OTHER[scene.dialect],
                    stream=scene.stream,
                    tools=TOOLS[scene.dialect],
                )

            self.heard = dict(zip(SCENES, pool.map(play, SCENES), strict=True))
            requests = told(rig)
        self.told: dict[Across, Told] = {
            scene: requests[heard.request] for scene, heard in self.heard.items()
        }


@pytest.fixture(scope="module")
def played() -> Played:
    return Played()


def test_callers_see_what_the_page_says(played: Played) -> None:
    text = render(played)
    if os.environ.get("LICET_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_a_caller_gets_an_answer_or_an_error_and_never_a_hole(played: Played) -> None:
    for scene, heard in played.heard.items():
        said = heard.said
        assert heard.whole, scene
        assert (said.error is None) == (said.closed and heard.status == 200), (scene, said)
        assert said.text.count("answer from") <= 1, (scene, said)


def test_where_another_vendor_is_well_the_caller_is_served(played: Played) -> None:
    for scene, heard in played.heard.items():
        seen_already = scene.stream and scene.fault in AMID_TEXT
        if scene.alone and scene.fault not in PASSED_ON and not seen_already:
            assert heard.status == 200, (scene, heard)
            assert heard.said.error is None, (scene, heard)


def test_errors_are_in_the_callers_dialect(played: Played) -> None:
    for scene, heard in played.heard.items():
        if heard.said.error is None:
            continue
        assert heard.error["message"], scene
        if not heard.streamed:
            assert (heard.json.get("type") == "error") == (scene.dialect == "messages"), scene


def test_the_log_and_the_vendors_tell_the_same(played: Played) -> None:
    for scene, request in played.told.items():
        try:
            request.check()
        except AssertionError as error:
            raise AssertionError(scene, request) from error


def render(played: Played) -> str:
    """By fault; scenes that look the same to the caller stand together."""
    lines: list[str] = []
    for fault in PLAYED:
        alike: dict[tuple[str, ...], list[str]] = {}
        for scene in (s for s in SCENES if s.fault == fault):
            asked = " ".join(played.told[scene].vendors)
            seen = (f"asked {asked}", *describe(played.heard[scene]))
            kind = "stream" if scene.stream else "whole"
            who = "one" if scene.alone else "all"
            alike.setdefault(seen, []).append(f"{scene.dialect} {kind} {who}")
        lines += ["", fault]
        for seen, scenes in alike.items():
            lines.append(f"  {', '.join(scenes)}")
            lines += [f"      {line}" for line in seen]
    return "\n".join(lines).strip() + "\n"
