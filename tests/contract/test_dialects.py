"""Official clients of one dialect, answered by vendors of the other, and by both in one plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from licet.evidence import AttemptLeaf, DecisionLeaf, OutcomeLeaf
from licet.sim import Cue
from tests.contract.identities import key
from tests.contract.test_clients import (
    AT,
    CHAT_LOOK,
    HI,
    MESSAGES_LOOK,
    TOOLS,
)
from tests.rig import LICET, Rig

MIXED = """
id = "{id}"
{extra}
[[candidate]]
model = "alpha"
endpoints = ["{first}", "{second}"]
"""
WORKLOADS = ("chat", "messages", "mixed-chat", "mixed-messages", "strict")
KEY, KEY_FILE = key("both", workloads=WORKLOADS)
FILES = {
    "keys/both.toml": KEY_FILE,
    "licet.toml": LICET.replace("same_endpoint_retries = 1", "same_endpoint_retries = 0"),
    "workloads/mixed-chat.toml": MIXED.format(
        id="mixed-chat", first="first", second="third", extra=""
    ),
    "workloads/mixed-messages.toml": MIXED.format(
        id="mixed-messages", first="third", second="first", extra=""
    ),
    "workloads/strict.toml": MIXED.format(
        id="strict", first="third", second="fourth", extra="lossless = true"
    ),
}


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig(FILES, at=AT) as rig:
        yield rig


@pytest.fixture(scope="module")
def chat(rig: Rig) -> Iterator[openai.OpenAI]:
    url = f"{rig.url}/v1"
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def messages(rig: Rig) -> Iterator[anthropic.Anthropic]:
    url = rig.url
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as client:
        yield client


def on_record(rig: Rig, request: str) -> list[Any]:
    """The records of one request, in order, once all are there."""
    rig.idle()
    return [leaf for leaf in rig.records() if getattr(leaf, "request", None) == request]


# Whole and streamed


def test_chat_is_answered_by_a_vendor_of_messages(rig: Rig, chat: openai.OpenAI) -> None:
    asked: Any = {"model": "messages", "messages": HI, "max_completion_tokens": 99}
    raw = chat.chat.completions.with_raw_response.create(**asked)
    whole = raw.parse()
    text = whole.choices[0].message.content
    assert text is not None
    assert text.startswith("answer from alpha at third to: ")
    assert whole.choices[0].finish_reason == "stop"
    assert raw.headers["licet-endpoint"] == "third"
    assert "licet-dropped" not in raw.headers
    assert whole._request_id
    with chat.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == text
    assert chunks[-1].usage == whole.usage
    with chat.chat.completions.create(**asked, stream=True) as unasked:
        assert all(chunk.usage is None and chunk.choices for chunk in unasked)
    outcome = on_record(rig, raw.headers["licet-request-id"])[-1]
    assert isinstance(outcome, OutcomeLeaf)
    assert outcome.usage is not None
    assert whole.usage is not None
    assert (outcome.usage.input, outcome.usage.output) == (
        whole.usage.prompt_tokens,
        whole.usage.completion_tokens,
    )
    # What the vendor said is on record as the vendor said it.
    assert outcome.finish == "end_turn"


def test_messages_are_answered_by_a_vendor_of_chat(messages: anthropic.Anthropic) -> None:
    asked: Any = {"model": "chat", "messages": HI, "max_tokens": 100}
    whole: Any = messages.messages.create(**asked)
    assert whole.content[0].text.startswith("answer from alpha at first to: ")
    assert whole.stop_reason == "end_turn"
    with messages.messages.stream(**asked) as stream:
        assert "".join(stream.text_stream) == whole.content[0].text
        final = stream.get_final_message()
    assert final.usage.output_tokens == whole.usage.output_tokens > 0
    assert final.usage.input_tokens == whole.usage.input_tokens > 0
    kinds = [event.type for event in messages.messages.create(**asked, stream=True)]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")


def test_tools_are_called_across_dialects(
    rig: Rig, chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    asked: Any = {"model": "messages", "messages": TOOLS, "tools": CHAT_LOOK}
    whole: Any = chat.chat.completions.create(**asked)
    call = whole.choices[0].message.tool_calls[0]
    assert (whole.choices[0].finish_reason, call.function.name) == ("tool_calls", "look")
    with chat.chat.completions.stream(**asked) as stream:
        final: Any = stream.get_final_completion()
    streamed = final.choices[0].message.tool_calls[0].function.arguments
    assert "subject" in streamed
    assert "subject" in call.function.arguments
    # The conversation goes on, with the call and its result.
    again: Any = chat.chat.completions.create(
        model="messages",
        tools=CHAT_LOOK,
        messages=[
            *TOOLS,
            whole.choices[0].message.to_dict(),
            {"role": "tool", "tool_call_id": call.id, "content": "seen"},
        ],
    )
    assert again.choices[0].message.content
    asked = {"model": "chat", "messages": TOOLS, "tools": MESSAGES_LOOK, "max_tokens": 99}
    answer: Any = messages.messages.create(**asked)
    block = next(part for part in answer.content if part.type == "tool_use")
    assert answer.stop_reason == "tool_use"
    with messages.messages.stream(**asked) as events:
        last: Any = events.get_final_message()
    assert next(p for p in last.content if p.type == "tool_use").input == block.input


# What is lost


def test_what_is_dropped_is_named_in_a_header_and_on_record(
    rig: Rig, chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    thought: Any = {"role": "assistant", "content": "a", "reasoning_content": "b"}
    raw = chat.chat.completions.with_raw_response.create(
        model="messages", seed=3, presence_penalty=0.5, messages=[*HI, thought, *HI]
    )
    assert raw.headers["licet-dropped"] == "max_tokens_default, presence_penalty, seed"
    decision = on_record(rig, raw.headers["licet-request-id"])[0]
    assert isinstance(decision, DecisionLeaf)
    assert decision.sending is not None
    assert decision.sending.dropped == ("max_tokens_default", "presence_penalty", "seed")
    assert decision.sending.stripped == ("messages.reasoning_content",)
    other = messages.beta.messages.with_raw_response.create(
        model="chat", messages=HI, max_tokens=9, extra_body={"top_k": 4}, betas=["x-2026"]
    )
    assert other.headers["licet-dropped"] == "anthropic-beta, top_k"


def test_what_would_change_the_answer_is_refused(
    chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        chat.chat.completions.create(model="messages", messages=HI, n=2)
    assert (refused.value.code, refused.value.param) == ("untranslatable", "n")
    with pytest.raises(anthropic.BadRequestError) as denied:
        messages.messages.create(model="chat", messages=HI, max_tokens=9, container="c")
    body: Any = denied.value.body
    assert body["error"]["param"] == "container"


def test_a_lossless_workload_drops_nothing(chat: openai.OpenAI) -> None:
    assert chat.chat.completions.create(model="strict", messages=HI, max_tokens=9).choices
    with pytest.raises(openai.BadRequestError) as refused:
        chat.chat.completions.create(model="strict", messages=HI, max_tokens=9, seed=3)
    assert refused.value.param == "seed"


# Failover


def test_another_dialect_takes_over_where_the_first_vendor_fails(
    rig: Rig, chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    for stream in (False, True):
        rig.call(rig.vendors.simulation.script.add, [Cue(fault="status_500", n=1)])
        raw = chat.chat.completions.with_raw_response.create(
            model="mixed-chat", messages=HI, seed=3, stream=stream
        )
        assert raw.headers["licet-endpoint"] == "third"
        assert raw.headers["licet-decision"] == "rerouted"
        assert raw.headers["licet-dropped"] == "max_tokens_default, seed"
        answer: Any = raw.parse()
        if stream:
            said = "".join(c.choices[0].delta.content or "" for c in answer)
        else:
            said = answer.choices[0].message.content
        assert said.startswith("answer from alpha at third to: ")
        found = on_record(rig, raw.headers["licet-request-id"])
        attempt = next(leaf for leaf in found if isinstance(leaf, AttemptLeaf))
        assert attempt.sending.dropped == ("max_tokens_default", "seed")
        rig.call(rig.vendors.simulation.script.add, [Cue(fault="status_500", n=1)])
        with messages.messages.stream(
            model="mixed-messages", messages=HI, max_tokens=100
        ) as events:
            assert "".join(events.text_stream).startswith("answer from alpha at first to: ")


def test_a_request_that_only_its_own_dialect_can_say_stays_there(
    rig: Rig, chat: openai.OpenAI
) -> None:
    raw = chat.chat.completions.with_raw_response.create(
        model="mixed-messages", messages=HI, logprobs=True
    )
    assert raw.headers["licet-endpoint"] == "first"
    decision = on_record(rig, raw.headers["licet-request-id"])[0]
    assert [one.unable for one in decision.candidates] == ["dialect", ""]
    rig.call(rig.vendors.simulation.script.add, [Cue(fault="status_500", n=1)])
    with pytest.raises(openai.InternalServerError) as failed:
        chat.chat.completions.create(model="mixed-chat", messages=HI, logprobs=True)
    assert "500" in failed.value.message


# Errors


@pytest.mark.parametrize("fault", ["error_after_200", "cut_mid_text", "malformed_event"])
def test_a_stream_that_breaks_is_broken_in_the_callers_dialect(
    fault: str, chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    prompt: Any = [{"role": "user", "content": f"[[sim:{fault}]]"}]
    seen: list[str] = []
    chunks = chat.chat.completions.create(model="messages", messages=prompt, stream=True)
    with pytest.raises(openai.APIError) as raised:
        seen.extend(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert any(seen)
    assert raised.value.code == "vendor_error"
    with (
        pytest.raises(anthropic.APIError) as broken,
        messages.messages.stream(model="chat", messages=prompt, max_tokens=99) as stream,
    ):
        list(stream.text_stream)
    body: Any = broken.value.body
    assert body["error"]["code"] == "vendor_error"


def test_a_vendors_error_about_the_request_is_told_in_the_callers_dialect(
    chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    prompt: Any = [{"role": "user", "content": "[[sim:status_422]]"}]
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        chat.chat.completions.create(model="messages", messages=prompt)
    assert refused.value.body
    assert refused.value.type
    with pytest.raises(anthropic.UnprocessableEntityError) as denied:
        messages.messages.create(model="chat", messages=prompt, max_tokens=9)
    body: Any = denied.value.body
    assert body["error"]["message"]


def test_a_refusal_of_the_vendor_keeps_its_meaning(
    rig: Rig, chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    prompt: Any = [{"role": "user", "content": "[[sim:refusal]]"}]
    whole = chat.chat.completions.create(model="messages", messages=prompt)
    assert whole.choices[0].finish_reason == "content_filter"
    answer = messages.messages.create(model="chat", messages=prompt, max_tokens=99)
    assert answer.stop_reason == "refusal"


def test_an_unknown_reason_to_stop_fails_nothing(
    chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    prompt: Any = [{"role": "user", "content": "[[sim:unknown_stop_reason]]"}]
    whole: Any = chat.chat.completions.create(model="messages", messages=prompt)
    assert whole.choices[0].finish_reason == "stop"
    assert whole.choices[0].vendor_stop_reason
    answer: Any = messages.messages.create(model="chat", messages=prompt, max_tokens=99)
    assert answer.stop_reason == "end_turn"
    assert answer.vendor_stop_reason
