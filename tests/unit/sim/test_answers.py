"""Answers: the same for the same seed and prompt, and never longer than asked."""

from __future__ import annotations

import msgspec
import pytest

from licet.sim.answers import Answer, compose, twist
from licet.sim.questions import Arrival, Question, read_question
from licet.sim.script import parse_fault


def question(text: str = "hello", **more: object) -> Question:
    body = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
    arrival = Arrival(
        method="POST",
        path="/v1/messages",
        headers={"anthropic-version": "2023-06-01"},
        body=msgspec.json.encode({**body, **more}),
    )
    read = read_question("v", "messages", ("m",), arrival)
    assert isinstance(read, Question)
    return read


def answer(asked: Question, *, seed: int = 1, number: int = 1, size: int = 0) -> Answer:
    return compose(asked, vendor="v", seed=seed, number=number, created=0, size=size, geo="eu")


def test_the_text_depends_on_seed_and_prompt_and_the_id_on_the_place_in_the_ledger() -> None:
    first, again = answer(question()), answer(question(), number=2)
    assert first.text == again.text
    assert first.text.startswith("answer from m at v to: ")
    assert first.id != again.id
    assert answer(question(), seed=2).text != first.text
    assert answer(question("other")).text != first.text


def test_an_answer_has_the_size_asked_for_and_ends_at_max_tokens() -> None:
    assert len(answer(question(max_tokens=10_000), size=2_000).text) >= 2_000
    short = answer(question(max_tokens=3), size=2_000)
    assert (len(short.text.split()), short.stop) == (3, "length")


def test_tools_are_called_only_where_there_are_some_and_the_prompt_asks() -> None:
    tools = [{"name": "look", "input_schema": {}}]
    assert answer(question("[[sim:tools]]")).call is None
    assert answer(question("plain", tools=tools)).call is None
    called = answer(question("[[sim:tools]]", tools=tools))
    assert called.stop == "tool"
    assert called.call is not None
    assert called.call.name == "look"
    assert isinstance(msgspec.json.decode(called.call.arguments), dict)


def test_reasoning_comes_when_asked_for() -> None:
    assert not answer(question()).reasoning
    assert answer(question("[[sim:reasoning]]")).reasoning
    reasoned = answer(question(thinking={"type": "enabled", "budget_tokens": 1024}))
    assert reasoned.reasoning
    assert reasoned.usage is not None
    assert reasoned.usage.reasoning > 0


@pytest.mark.parametrize(
    ("fault", "field", "value"),
    [
        ("unknown_stop_reason", "stop", "unknown"),
        ("wrong_model", "model", "m-lite"),
        ("missing_usage", "usage", None),
        ("refusal", "stop", "refusal"),
    ],
)
def test_a_twisted_answer_is_wrong_in_one_thing(fault: str, field: str, value: object) -> None:
    assert getattr(twist(answer(question()), parse_fault(fault)), field) == value


def test_a_refusal_may_come_after_some_words() -> None:
    assert twist(answer(question()), parse_fault("refusal:2")).text == "answer from"


def test_other_faults_leave_the_answer_alone() -> None:
    assert twist(answer(question()), parse_fault("stall")) == answer(question())
