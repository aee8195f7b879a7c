"""What a caller of one dialect sees of every fault of vendors of another: `faults_across.txt`.

The scenes of `test_faults`, with a translation on the way, for every ordered pair. What must hold
whatever the file says is asserted beside it: nobody can tell from an ending that another dialect
was spoken behind it. Written anew by `LICET_GOLDEN=write`.
"""

from __future__ import annotations

import os
from itertools import permutations
from pathlib import Path

import pytest

from tests.golden.fault_scenes import DIALECTS, Played, scenes

GOLDEN = Path(__file__).with_name("faults_across.txt")
SCENES = scenes(permutations(DIALECTS, 2))


@pytest.fixture(scope="module")
def played() -> Played:
    return Played(SCENES, before_send=True)


def test_callers_see_what_the_page_says(played: Played) -> None:
    text = played.render()
    if os.environ.get("LICET_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_a_caller_gets_an_answer_or_an_error_and_never_a_hole(played: Played) -> None:
    played.check_endings()


def test_where_another_vendor_is_well_the_caller_is_served(played: Played) -> None:
    played.check_served()


def test_errors_are_in_the_callers_dialect(played: Played) -> None:
    for scene, heard in played.heard.items():
        if heard.said.error is None:
            continue
        assert heard.error["message"], scene
        if not heard.streamed:
            assert (heard.json.get("type") == "error") == (scene.dialect == "messages"), scene


def test_the_log_and_the_vendors_tell_the_same(played: Played) -> None:
    played.check_records()
