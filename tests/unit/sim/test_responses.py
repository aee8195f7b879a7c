"""The official client of Responses talks to a vendor and finds nothing to complain about."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.unit.sim.world import World, play, world

LOOK: Any = {"type": "function", "name": "look", "parameters": {}, "strict": False}


def client(here: World) -> openai.AsyncOpenAI:
    url = here.url("openai-responses") + "/v1"
    return openai.AsyncOpenAI(base_url=url, api_key="key", max_retries=0)


@pytest.mark.parametrize(
    "asked",
    [
        {"input": "hi"},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]},
        {"input": "hi", "instructions": "Be brief.", "max_output_tokens": 3},
        {"input": "hi", "reasoning": {"effort": "low"}},
        {"input": "[[sim:tools]] [[sim:reasoning]]", "tools": [LOOK]},
        {"input": "[[sim:refusal]]"},
        {"input": "[[sim:unknown_stop]]"},
    ],
    ids=lambda asked: str(sorted(asked)),
)
def test_a_stream_adds_up_to_the_whole_answer(asked: dict[str, Any]) -> None:
    async def scene() -> None:
        async with world() as here, client(here) as vendor:
            whole = await vendor.responses.create(model="gpt-5.6", **asked)
            events = []
            async with vendor.responses.stream(model="gpt-5.6", **asked) as stream:
                events = [event async for event in stream]
            assert [e.sequence_number for e in events] == list(range(len(events)))
            last: Any = events[-1]
            assert last.response.output_text == whole.output_text
            assert last.response.status == whole.status
            kinds = [item.type for item in whole.output]
            assert [item.type for item in last.response.output] == kinds
            assert last.response.usage == whole.usage

    play(scene())


def test_a_call_is_told_with_its_arguments() -> None:
    async def scene() -> None:
        async with world() as here, client(here) as vendor:
            asked: Any = {"input": "[[sim:tools]]", "tools": [LOOK]}
            whole: Any = await vendor.responses.create(model="gpt-5.6", **asked)
            call = whole.output[-1]
            assert (call.type, call.name) == ("function_call", "look")
            assert "subject" in call.arguments

    play(scene())


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({}, "input"),
        ({"input": "hi", "extra_body": {"stop": ["a"]}}, "stop"),
        ({"input": "hi", "extra_body": {"messages": []}}, "messages"),
        ({"input": "hi", "previous_response_id": "resp_1"}, "previous_response_id"),
    ],
)
def test_what_is_none_of_the_dialect_is_refused(asked: dict[str, Any], param: str) -> None:
    async def scene() -> None:
        async with world() as here, client(here) as vendor:
            with pytest.raises(openai.BadRequestError) as refused:
                await vendor.responses.create(model="gpt-5.6", **asked)
            assert refused.value.param == param

    play(scene())
