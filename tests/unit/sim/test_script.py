"""Cues and directions: what is told to whom, and how often it holds."""

from __future__ import annotations

import pytest

from licet.sim import FAULTS, Cue, Script, parse_fault, read_cues
from licet.sim.script import read_directions


def picks(script: Script, count: int, vendor: str = "v", model: str = "m") -> list[str | None]:
    picked = (script.pick(vendor, model) for _ in range(count))
    return [str(fault) if fault else None for fault in picked]


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "status"])
def test_every_fault_is_written_as_it_is_named(name: str) -> None:
    assert parse_fault(name).name == name
    assert str(parse_fault(f"{name}:250")) == f"{name}:250"


def test_a_status_carries_its_code_and_its_retry_after() -> None:
    fault = parse_fault("status_429:3")
    assert (fault.name, fault.status, fault.number) == ("status", 429, 3)


@pytest.mark.parametrize("text", ["", "stal", "status", "status_200", "stall_500", "stall:x"])
def test_what_is_no_fault_is_named_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match=f"`{text}`"):
        parse_fault(text)


def test_the_next_requests_and_no_more() -> None:
    assert picks(Script([Cue(fault="stall", n=2)]), 4) == ["stall", "stall", None, None]


def test_always() -> None:
    assert picks(Script([Cue(fault="stall", when="always")]), 3) == ["stall"] * 3


def test_every_third() -> None:
    script = Script([Cue(fault="stall", when="every", n=3)])
    assert picks(script, 6) == [None, None, "stall", None, None, "stall"]


def test_a_cue_holds_for_its_vendor_and_model_alone() -> None:
    script = Script([Cue(fault="stall", vendor="v", model="m", when="always")])
    assert picks(script, 1, "other", "m") == [None]
    assert picks(script, 1, "v", "other") == [None]
    assert picks(script, 1) == ["stall"]


def test_of_several_cues_the_last_one_wins_and_all_count() -> None:
    script = Script([Cue(fault="stall", when="always"), Cue(fault="refusal", n=1)])
    assert picks(script, 2) == ["refusal", "stall"]


def test_a_cleared_script_does_nothing() -> None:
    script = Script([Cue(fault="stall", when="always")])
    script.clear()
    assert picks(script, 1) == [None]


def test_cues_are_read_from_toml_and_json() -> None:
    toml = b'[[cue]]\nfault = "status_503"\nvendor = "openai"\nwhen = "every"\nn = 2\n'
    json = b'{"cue": [{"fault": "status_503", "vendor": "openai", "when": "every", "n": 2}]}'
    assert read_cues(toml, form="toml") == read_cues(json, form="json")


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (b'{"cue": [{"fault": "stal"}]}', "`stal`"),
        (b'{"cue": [{"fault": "stall", "n": 0}]}', "`0`"),
        (b'{"cue": [{"fault": "stall", "modle": "m"}]}', "modle"),
        (b'{"cue": [{"fault": "stall", "when": "often"}]}', "often"),
        (b'{"cue": ', "truncated"),
    ],
)
def test_a_wrong_script_says_what_is_wrong(document: bytes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read_cues(document, form="json")


def test_a_prompt_directs_the_vendor_that_it_reaches() -> None:
    directions = read_directions("openai", None, "hello [[sim:stall]] world [[sim:tools]]")
    assert str(directions.fault) == "stall"
    assert directions.shapes == {"tools"}


def test_a_direction_may_name_its_vendor() -> None:
    text = "[[sim:status_500@anthropic,reasoning]]"
    assert str(read_directions("anthropic", None, text).fault) == "status_500"
    assert read_directions("openai", None, text).fault is None
    assert read_directions("openai", None, text).shapes == {"reasoning"}


def test_the_header_holds_against_the_prompt() -> None:
    assert str(read_directions("v", "refusal", "[[sim:stall]]").fault) == "refusal"


def test_what_nobody_understands_is_text() -> None:
    directions = read_directions("v", None, "[[sim:]] [[sim:be nice]] [[person:stall]]")
    assert directions.fault is None
    assert not directions.shapes
