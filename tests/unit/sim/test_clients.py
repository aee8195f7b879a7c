"""The official clients talk to the vendors and find nothing to complain about."""

from __future__ import annotations

import ssl
from typing import Any

import anthropic
import openai
import pytest
import trustme

from tests.unit.sim.world import World, play, world

LOOK_CHAT: Any = {"type": "function", "function": {"name": "look", "parameters": {}}}
LOOK: Any = {"name": "look", "input_schema": {"type": "object"}}


def chat(here: World, **more: Any) -> openai.AsyncOpenAI:
    url = here.url("openai") + "/v1"
    return openai.AsyncOpenAI(base_url=url, api_key="key", max_retries=0, **more)


def messages(here: World, **more: Any) -> anthropic.AsyncAnthropic:
    url = here.url("anthropic")
    return anthropic.AsyncAnthropic(base_url=url, api_key="key", max_retries=0, **more)


def said(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_chat_whole() -> None:
    async def scene() -> None:
        async with world() as here, chat(here) as client:
            answer = await client.chat.completions.create(model="gpt-5.6", messages=said("hi"))
            text = answer.choices[0].message.content or ""
            assert text.startswith("answer from gpt-5.6 at openai to: ")
            assert answer.choices[0].finish_reason == "stop"
            assert answer.usage is not None
            assert answer.usage.total_tokens > 0

    play(scene())


def test_chat_streamed_says_the_same_as_whole() -> None:
    async def scene() -> None:
        async with world() as here, chat(here) as client:
            whole = await client.chat.completions.create(model="gpt-5.6", messages=said("hi"))
            stream = await client.chat.completions.create(
                model="gpt-5.6",
                messages=said("hi"),
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
            text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            assert text == whole.choices[0].message.content
            assert chunks[-1].usage == whole.usage
            assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)

    play(scene())


def test_chat_calls_a_tool_whole_and_streamed() -> None:
    async def scene() -> None:
        async with world() as here, chat(here) as client:
            asked: Any = {
                "model": "gpt-5.6",
                "messages": said("[[sim:tools]]"),
                "tools": [LOOK_CHAT],
            }
            whole = await client.chat.completions.create(**asked)
            calls: Any = whole.choices[0].message.tool_calls
            assert whole.choices[0].finish_reason == "tool_calls"
            assert calls[0].function.name == "look"
            async with client.chat.completions.stream(**asked) as stream:
                final = await stream.get_final_completion()
            again: Any = final.choices[0].message.tool_calls
            assert again[0].function.arguments == calls[0].function.arguments

    play(scene())


def test_messages_whole() -> None:
    async def scene() -> None:
        async with world() as here, messages(here) as client:
            answer = await client.messages.create(
                model="claude-opus-4.8", max_tokens=100, messages=said("hi"), system="be kind"
            )
            assert answer.content[0].type == "text"
            assert answer.content[0].text.startswith("answer from claude-opus-4.8 at anthropic")
            assert answer.stop_reason == "end_turn"
            assert answer.usage.inference_geo == "us"

    play(scene())


def test_messages_streamed_say_the_same_as_whole() -> None:
    async def scene() -> None:
        async with world() as here, messages(here) as client:
            asked: Any = {
                "model": "claude-opus-4.8",
                "max_tokens": 100,
                "messages": said("[[sim:tools]] hi"),
                "tools": [LOOK],
                "thinking": {"type": "adaptive"},
            }
            whole = await client.messages.create(**asked)
            async with client.messages.stream(**asked) as stream:
                final = await stream.get_final_message()
            assert [block.type for block in final.content] == ["thinking", "text", "tool_use"]
            assert final.stop_reason == whole.stop_reason == "tool_use"
            assert final.usage.output_tokens == whole.usage.output_tokens
            for streamed, block in zip(final.content, whole.content, strict=True):
                if streamed.type == "text" and block.type == "text":
                    assert streamed.text == block.text
                if streamed.type == "tool_use" and block.type == "tool_use":
                    assert streamed.input == block.input

    play(scene())


def test_models_are_listed_in_both_dialects() -> None:
    async def scene() -> None:
        async with world() as here, chat(here) as openai_client, messages(here) as client:
            assert [m.id async for m in openai_client.models.list()] == ["gpt-5.6"]
            assert (await openai_client.models.retrieve("gpt-5.6")).owned_by == "openai"
            listed = [model.id async for model in client.models.list()]
            assert listed == ["claude-opus-4.8", "claude-fable-5"]
            assert (await client.models.retrieve("claude-fable-5")).type == "model"

    play(scene())


def test_tokens_are_counted_and_the_prompt_is_in_the_ledger() -> None:
    async def scene() -> None:
        async with world() as here, messages(here) as client:
            count = await client.messages.count_tokens(
                model="claude-opus-4.8", messages=said("hello there [[person:Ana]]")
            )
            assert count.input_tokens > 0
            assert here.simulation.ledger.entries()[0].person == "Ana"

    play(scene())


def test_errors_are_those_of_the_dialect() -> None:
    async def scene() -> None:
        async with world() as here, chat(here) as openai_client, messages(here) as client:
            with pytest.raises(openai.NotFoundError) as unknown:
                await openai_client.chat.completions.create(model="gpt-9", messages=said("hi"))
            assert unknown.value.code == "model_not_found"
            with pytest.raises(anthropic.NotFoundError, match="model: gpt-9"):
                await client.messages.create(model="gpt-9", max_tokens=1, messages=said("hi"))
            with pytest.raises(openai.RateLimitError) as limited:
                await openai_client.chat.completions.create(
                    model="gpt-5.6", messages=said("[[sim:status_429:7]]")
                )
            assert limited.value.response.headers["retry-after"] == "7"
            with pytest.raises(anthropic.APIStatusError) as overloaded:
                await client.messages.create(
                    model="claude-opus-4.8", max_tokens=1, messages=said("[[sim:status_529]]")
                )
            assert overloaded.value.status_code == 529

    play(scene())


def test_over_tls() -> None:
    async def scene() -> None:
        authority = trustme.CA()
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(server)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        async with world(tls=server) as here:
            assert here.url("openai").startswith("https://")
            http = openai.DefaultAsyncHttpxClient(verify=trusting)
            async with chat(here, http_client=http) as client:
                answer = await client.chat.completions.create(model="gpt-5.6", messages=said("hi"))
            assert answer.choices[0].finish_reason == "stop"

    play(scene())
