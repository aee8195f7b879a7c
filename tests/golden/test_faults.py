"""What a caller sees of every fault of the simulated vendors: `faults.txt`, by the real code.

Every fault is played in each dialect, streamed and whole: once at the first vendor alone, with a
healthy one behind it, and once at all of them; and all of that twice, with the record before the
sending and before the answer, which callers cannot tell apart. What must hold whatever the file
says is asserted beside it. Written anew by `LICET_GOLDEN=write`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.contract.asking import PATHS
from tests.golden.fault_scenes import DIALECTS, FIRST, PASSED_ON, SOON, Played, scenes

GOLDEN = Path(__file__).with_name("faults.txt")
SCENES = scenes((dialect, dialect) for dialect in DIALECTS)
ANSWERED_AS_IT_IS = {
    "missing_usage", "wrong_usage", "refusal", "refusal:3", "unknown_stop_reason", "close_idle",
    "chunked", "wrong_model", f"slow_headers:{SOON}", f"first_event_not_content:{SOON}",
    f"slow_drip:{SOON}",
}  # fmt: skip


@pytest.fixture(scope="module", params=[True, False], ids=["before_send", "before_answer"])
def played(request: pytest.FixtureRequest) -> Played:
    return Played(SCENES, before_send=request.param)


def test_callers_see_what_the_page_says(played: Played) -> None:
    text = played.render()
    if os.environ.get("LICET_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_an_answer_is_one_vendors_and_says_which(played: Played) -> None:
    for scene, heard in played.heard.items():
        said = heard.said
        if not said.text:
            continue
        opening = re.match(r"answer(?: from (\S+)(?: at (\S+) to:)?)?", said.text)
        assert opening is not None, (scene, said)
        assert said.text.count("answer") == 1, (scene, said)
        if opening[2] is not None:
            assert opening[1] == heard.headers["licet-model"], scene
            assert opening[2] == heard.headers["licet-endpoint"], scene
        assert played.told[scene].vendors[-1] == heard.headers["licet-endpoint"], scene


def test_a_caller_gets_an_answer_or_an_error_and_never_a_hole(played: Played) -> None:
    played.check_endings()
    for scene, heard in played.heard.items():
        if heard.status == 200 and not heard.streamed:
            assert heard.said.text or scene.fault.startswith("refusal"), (scene, heard.said)


def test_where_another_vendor_is_well_the_caller_is_served(played: Played) -> None:
    played.check_served()


def test_an_error_of_ours_is_for_both_kinds_of_readers(played: Played) -> None:
    for scene, heard in played.heard.items():
        if heard.said.error is None or scene.fault in PASSED_ON:
            continue
        error = heard.error
        assert error["licet"]["request_id"] == heard.request, scene
        assert error["message"] == error["message"].strip().rstrip("."), scene
        if not heard.streamed:
            own = "request-id" if scene.dialect == "messages" else "x-request-id"
            assert heard.headers[own] == heard.request, scene


def test_the_log_and_the_vendors_tell_the_same(played: Played) -> None:
    played.check_records()


def test_what_is_an_answer_is_never_asked_of_another_vendor(played: Played) -> None:
    for scene, request in played.told.items():
        if scene.fault in ANSWERED_AS_IT_IS | PASSED_ON or scene.streams_into_it:
            assert request.vendors == [FIRST[scene.dialect]], (scene, request)


def test_nothing_follows_a_redirect(played: Played) -> None:
    for scene, request in played.told.items():
        if scene.fault == "redirect":
            assert {arrival.path for arrival in request.arrivals} <= set(PATHS.values())
            assert "location" not in played.heard[scene].headers


def test_unknown_reasons_for_stopping_reach_the_caller(played: Played) -> None:
    reasons = {
        heard.said.finish
        for scene, heard in played.heard.items()
        if scene.fault == "unknown_stop_reason"
    }
    assert len(reasons) == 1
    assert reasons.isdisjoint({None, "stop", "end_turn", "length", "max_tokens"})
