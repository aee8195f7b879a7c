"""The official clients talk to the gateway as they would to a vendor, and find nothing missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest

from licet.sim import Cue
from licet.terms import Instant
from tests.contract.identities import ISSUER_FILE, key
from tests.rig import LICET, Rig

AT = Instant(1_781_300_000_000_000)
HI: Any = [{"role": "user", "content": "hi"}]
TOOLS: Any = [{"role": "user", "content": "[[sim:tools]]"}]
LOOK: Any = {"type": "object", "properties": {"subject": {"type": "string"}}}
CHAT_LOOK: Any = [{"type": "function", "function": {"name": "look", "parameters": LOOK}}]
MESSAGES_LOOK: Any = [{"name": "look", "input_schema": LOOK}]
LETTER = """
id = "letter"
kind = "restriction"
title = "A letter"
authority = "An Authority"

[[version]]
received = 2026-01-01T00:00:00Z
effective_from = 2026-01-01T00:00:00Z
[[version.applies]]
model.id = ["alpha"]
subject.us_person = false
"""
FREE, FREE_FILE = key("free", attests="[attests]\nus_person = true\n")


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    files = {
        "licet.toml": LICET + ISSUER_FILE,
        "directives/letter.toml": LETTER,
        "keys/free.toml": FREE_FILE,
    }
    with Rig(files, at=AT) as rig:
        yield rig


def chat(rig: Rig, *, retries: int = 0, key: str = FREE) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{rig.url}/v1", api_key=key, max_retries=retries)


def messages(rig: Rig, *, retries: int = 0, key: str = FREE) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=rig.url, api_key=key, max_retries=retries)


def arrived(rig: Rig, work: Callable[[], object]) -> int:
    """How many requests reached a vendor while `work` was done."""
    before = len(rig.ledger())
    work()
    return len(rig.ledger()) - before


# Answers


def test_chat_whole_streamed_and_by_the_helper_say_the_same(rig: Rig) -> None:
    with chat(rig) as client:
        whole = client.chat.completions.create(model="chat", messages=HI)
        text = whole.choices[0].message.content
        assert text is not None
        assert text.startswith("answer from alpha at first to: ")
        with client.chat.completions.create(model="chat", messages=HI, stream=True) as stream:
            chunks = list(stream)
        assert "".join(c.choices[0].delta.content or "" for c in chunks) == text
        # Nobody asked for usage, so that there is no chunk without a choice.
        assert all(chunk.usage is None for chunk in chunks)
        with client.chat.completions.stream(model="chat", messages=HI) as events:
            final = events.get_final_completion()
        assert final.choices[0].message.content == text
        with client.chat.completions.create(
            model="chat", messages=HI, stream=True, stream_options={"include_usage": True}
        ) as stream:
            assert list(stream)[-1].usage == whole.usage


def test_messages_whole_streamed_and_by_the_helper_say_the_same(rig: Rig) -> None:
    with messages(rig) as client:
        asked: Any = {"model": "messages", "messages": HI, "max_tokens": 100}
        whole: Any = client.messages.create(**asked)
        text = whole.content[0].text
        assert text.startswith("answer from alpha at third to: ")
        with client.messages.stream(**asked) as stream:
            assert "".join(stream.text_stream) == text
            final = stream.get_final_message()
        assert final.stop_reason == whole.stop_reason == "end_turn"
        assert final.usage.output_tokens == whole.usage.output_tokens
        kinds = [event.type for event in client.messages.create(**asked, stream=True)]
        assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")


def test_tools_are_called_in_both_dialects(rig: Rig) -> None:
    with chat(rig) as client:
        asked: Any = {"model": "chat", "messages": TOOLS, "tools": CHAT_LOOK}
        whole: Any = client.chat.completions.create(**asked)
        call = whole.choices[0].message.tool_calls[0]
        assert (whole.choices[0].finish_reason, call.function.name) == ("tool_calls", "look")
        with client.chat.completions.stream(**asked) as stream:
            final: Any = stream.get_final_completion()
        assert final.choices[0].message.tool_calls[0].function.arguments == call.function.arguments
    with messages(rig) as other:
        asked = {"model": "messages", "messages": TOOLS, "tools": MESSAGES_LOOK, "max_tokens": 99}
        answer: Any = other.messages.create(**asked)
        block = next(part for part in answer.content if part.type == "tool_use")
        assert answer.stop_reason == "tool_use"
        with other.messages.stream(**asked) as events:
            last: Any = events.get_final_message()
        assert next(p for p in last.content if p.type == "tool_use").input == block.input


def test_the_asynchronous_clients_do_as_well(rig: Rig) -> None:
    async def scene() -> None:
        url = f"{rig.url}/v1"
        async with (
            openai.AsyncOpenAI(base_url=url, api_key=FREE, max_retries=0) as one,
            anthropic.AsyncAnthropic(base_url=rig.url, api_key=FREE, max_retries=0) as other,
        ):

            async def ask_chat() -> str:
                stream = await one.chat.completions.create(model="chat", messages=HI, stream=True)
                return "".join([c.choices[0].delta.content or "" async for c in stream])

            async def ask_messages() -> str:
                async with other.messages.stream(
                    model="messages", messages=HI, max_tokens=100
                ) as stream:
                    return "".join([text async for text in stream.text_stream])

            asked: list[Awaitable[str]] = [ask_chat() for _ in range(20)]
            asked += [ask_messages() for _ in range(20)]
            texts = await asyncio.gather(*asked)
            assert {text.split(" to: ")[0] for text in texts} == {
                "answer from alpha at first",
                "answer from alpha at third",
            }

    asyncio.run(scene())


def test_headers_say_who_answered(rig: Rig) -> None:
    with chat(rig) as client, messages(rig) as other:
        raw = client.chat.completions.with_raw_response.create(model="chat", messages=HI)
        assert raw.headers["licet-endpoint"] == "first"
        assert raw.parse()._request_id == raw.headers["x-request-id"]
        raw_message = other.messages.with_raw_response.create(
            model="messages", messages=HI, max_tokens=10
        )
        assert raw_message.headers["licet-endpoint"] == "third"
        assert raw_message.headers["licet-decision"] == "permitted"


# Models


def test_models_are_what_this_caller_may_use_now(rig: Rig) -> None:
    expected = {"chat", "messages", "chat-any", "messages-any", "beta"}
    for plain, models in ((FREE, expected | {"alpha"}), (rig.plain_key, expected)):
        with chat(rig, key=plain) as client, messages(rig, key=plain) as other:
            assert {model.id for model in client.models.list()} == models
            assert {model.id for model in other.models.list()} == models
            assert client.models.retrieve("beta").owned_by == "maker"
            assert other.models.retrieve("beta").type == "model"
            for one, fault in ((client, openai.NotFoundError), (other, anthropic.NotFoundError)):
                with pytest.raises(fault):
                    one.models.retrieve("gpt-2")


# Errors


def test_a_refusal_is_raised_at_once_and_asked_but_once(rig: Rig) -> None:
    with chat(rig, retries=5, key=rig.plain_key) as client:
        with pytest.raises(openai.APIStatusError) as refused:
            client.chat.completions.create(model="alpha", messages=HI)
        body: Any = refused.value.body
        assert refused.value.status_code == 451
        assert body["code"] == "directive_refused"
        assert body["licet"]["missing"][0] == ["us_person"]
        assert refused.value.request_id == body["licet"]["request_id"]
    with messages(rig, retries=5, key=rig.plain_key) as other:
        with pytest.raises(anthropic.APIStatusError) as refused_too:
            other.messages.create(model="alpha", messages=HI, max_tokens=10)
        said: Any = refused_too.value.body
        assert refused_too.value.status_code == 451
        assert said["error"]["type"] == "permission_error"
        assert refused_too.value.request_id == said["request_id"]
    requests = rig.call(rig.node.status).refused
    with chat(rig, retries=5, key=rig.plain_key) as client, pytest.raises(openai.APIStatusError):
        client.chat.completions.create(model="alpha", messages=HI, stream=True)
    assert rig.call(rig.node.status).refused == requests + 1


@pytest.mark.parametrize(
    ("fault", "chat_error", "messages_error"),
    [
        ("status_400", openai.BadRequestError, anthropic.BadRequestError),
        ("status_422", openai.UnprocessableEntityError, anthropic.UnprocessableEntityError),
        ("status_429:60", openai.RateLimitError, anthropic.RateLimitError),
        ("status_500", openai.InternalServerError, anthropic.InternalServerError),
        ("status_529", openai.InternalServerError, anthropic.InternalServerError),
        ("cut_before_head", openai.InternalServerError, anthropic.InternalServerError),
    ],
)
def test_each_failure_is_the_class_that_callers_expect(
    rig: Rig, fault: str, chat_error: type[Exception], messages_error: type[Exception]
) -> None:
    prompt: Any = [{"role": "user", "content": f"[[sim:{fault}]]"}]
    for stream in (False, True):
        with chat(rig) as client, pytest.raises(chat_error):
            client.chat.completions.create(model="chat", messages=prompt, stream=stream)
        with messages(rig) as other, pytest.raises(messages_error):
            other.messages.create(model="messages", messages=prompt, max_tokens=9, stream=stream)


def test_an_error_inside_a_stream_is_raised_there(rig: Rig) -> None:
    prompt: Any = [{"role": "user", "content": "[[sim:error_after_200]]"}]
    with chat(rig) as client:
        seen: list[str] = []
        chunks = client.chat.completions.create(model="chat", messages=prompt, stream=True)
        with pytest.raises(openai.APIError) as raised:
            seen.extend(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert any(seen)
        assert raised.value.code == "vendor_error"
    with messages(rig) as other:
        with (
            pytest.raises(anthropic.APIError) as broken,
            other.messages.stream(model="messages", messages=prompt, max_tokens=99) as stream,
        ):
            list(stream.text_stream)
        body: Any = broken.value.body
        assert body["error"]["code"] == "vendor_error"


@pytest.mark.parametrize("plain", ["lk_nobody", ""])
def test_wrong_keys_raise_the_error_for_wrong_keys(rig: Rig, plain: str) -> None:
    with chat(rig, retries=5, key=plain or "-") as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            client.models.list()
        assert refused.value.request_id
    with messages(rig, retries=5, key=plain or "-") as other:
        with pytest.raises(anthropic.AuthenticationError) as denied:
            other.messages.create(model="messages", messages=HI, max_tokens=9)
        assert denied.value.request_id


def test_a_model_that_nobody_has_is_not_found(rig: Rig) -> None:
    with chat(rig) as client, pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="gpt-2", messages=HI)
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with messages(rig) as other, pytest.raises(anthropic.NotFoundError):
        other.messages.create(model="gpt-2", messages=HI, max_tokens=9)


def test_what_a_repetition_can_mend_is_repeated_by_the_clients(rig: Rig) -> None:
    def fail_three_times() -> None:
        cues = [Cue(fault="status_429:60", n=3)]
        rig.call(rig.vendors.simulation.script.add, cues)

    def ask_chat() -> None:
        fail_three_times()
        with chat(rig, retries=1) as client:
            # The vendor asks for a minute: what the client is told to wait is its own affair.
            client._calculate_retry_timeout = lambda *_, **__: 0.0  # type: ignore[method-assign]
            assert client.chat.completions.create(model="chat", messages=HI).choices

    def ask_messages() -> None:
        fail_three_times()
        with messages(rig, retries=1) as other:
            other._calculate_retry_timeout = lambda *_, **__: 0.0  # type: ignore[method-assign]
            assert other.messages.create(model="messages", messages=HI, max_tokens=9).content

    assert arrived(rig, ask_chat) == 4
    assert arrived(rig, ask_messages) == 4
