"""One answer of two models: streams that break off, or are taken away, while the caller reads."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from licet.sim import Cue
from licet.terms import Instant
from tests.contract.asking import Heard, Streaming, ask
from tests.contract.evidence import Told, told
from tests.contract.test_motion import LATER, SETTINGS, letter
from tests.rig import EVERY_VENDOR, LICET, WORKLOAD, Rig, bounded

AT = Instant(1_781_300_000_000_000)
DIALECTS = ("chat", "messages", "responses")
OTHER = {"chat": "messages", "messages": "chat"}
FIRST = {
    "chat": ("first", "second"),
    "messages": ("third", "fourth"),
    "responses": ("fifth", "sixth"),
}
HI: Any = [{"role": "user", "content": "hi"}]
LOOK = {"type": "object", "properties": {"subject": {"type": "string"}}}
TOOLS: dict[str, Any] = {
    "chat": [{"type": "function", "function": {"name": "look", "parameters": LOOK}}],
    "messages": [{"name": "look", "input_schema": LOOK}],
    "responses": [{"type": "function", "name": "look", "parameters": LOOK, "strict": False}],
}
SHAPED: dict[str, dict[str, Any]] = {
    "chat": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": LOOK}}
    },
    "messages": {"output_config": {"format": {"type": "json_schema", "schema": LOOK}}},
    "responses": {"text": {"format": {"type": "json_schema", "name": "a", "schema": LOOK}}},
}
BREAKS = (
    "cut_mid_text", "stall_mid_text", "error_after_200", "malformed_event", "truncated_body",
)  # fmt: skip


def files(
    on_break: str = "continue", settings: str = LICET, *, evidence: str = "before_send"
) -> dict[str, str]:
    found = {"licet.toml": settings}
    for dialect in DIALECTS:
        found[f"workloads/{dialect}.toml"] = WORKLOAD.format(
            id=dialect,
            dialect=dialect,
            substitute="false",
            extra=f'on_break = "{on_break}"\nevidence = "{evidence}"',
        )
    return found


def of(rig: Rig, heard: Heard) -> Told:
    found = told(rig)[heard.request]
    found.check()
    return found


def is_error_of_the_break(heard: Heard) -> None:
    assert heard.whole
    assert not heard.said.closed
    assert heard.said.told == ()
    assert heard.error["code"] in ("vendor_error", "vendor_timeout")


@pytest.mark.parametrize("fault", BREAKS)
@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize("vendor", DIALECTS)
@pytest.mark.parametrize("evidence", ["before_send", "before_answer"])
def test_a_broken_answer_is_continued_and_the_caller_is_told(
    fault: str, caller: str, vendor: str, evidence: str
) -> None:
    one, other = FIRST[vendor]
    settings = bounded(LICET, idle_ms=400) if fault == "stall_mid_text" else LICET
    with Rig(files(settings=settings, evidence=evidence), at=AT, vendors=EVERY_VENDOR) as rig:
        slowly = Cue(fault="slow_headers:1", when="always")
        rig.call(rig.vendors.simulation.script.add, [slowly])
        prompt = f"[[sim:{fault}@{one}]]"
        heard = ask(rig.port, rig.plain_key, caller, prompt, model=vendor, stream=True)
        request = of(rig, heard)
    said = heard.said
    if heard.headers["licet-endpoint"] == other:
        # Under `before_answer` what broke before its record was on disk was shown to nobody.
        assert (evidence, said.told) == ("before_answer", ())
        return
    assert (heard.whole, said.closed, said.error) == (True, True, None)
    assert f"answer from alpha at {other} to: " in said.text
    assert said.text.startswith("answer from alpha at ")
    notice = {
        "model": "alpha", "endpoint": other, "from_model": "alpha", "from_endpoint": one,
        "reason": "break",
    }  # fmt: skip
    assert said.told == (notice,)
    assert request.vendors == [one, other]
    assert [outcome.outcome for outcome in request.outcomes] == ["failed", "answered"]
    (attempt,) = request.attempts
    assert (attempt.continues, attempt.sending.endpoint) == ("instruction", other)
    assert attempt.cause == request.outcomes[0].fault != ""
    assert request.outcomes[1].answer_digest


def test_the_official_chat_client_reads_one_answer() -> None:
    with (
        Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig,
        openai.OpenAI(base_url=f"{rig.url}/v1", api_key=rig.plain_key, max_retries=0) as client,
    ):
        asked: Any = {
            "model": "chat",
            "messages": [{"role": "user", "content": "[[sim:cut_mid_text@first]]"}],
            "stream_options": {"include_usage": True},
        }
        with client.chat.completions.create(**asked, stream=True) as stream:
            chunks = list(stream)
        (notice,) = [c for c in chunks if c.model_extra and "licet" in c.model_extra]
        assert notice.model_extra is not None
        assert notice.model_extra["licet"]["handed_over"]["endpoint"] == "second"
        assert len({chunk.id for chunk in chunks}) == 1
        assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
        usage: Any = chunks[-1].usage
        assert (usage.attempts, usage.estimated) == (2, True)
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
        request = next(iter(told(rig).values()))
        each = [outcome.usage for outcome in request.outcomes]
        assert usage.completion_tokens == sum(one.output for one in each if one)
        with client.chat.completions.stream(**asked) as events:
            final = events.get_final_completion()
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert str(final.choices[0].message.content)[:25] == text[:25]
        assert final.choices[0].finish_reason == "stop"


def test_the_official_messages_client_reads_one_answer_and_may_send_it_back() -> None:
    with (
        Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig,
        anthropic.Anthropic(base_url=rig.url, api_key=rig.plain_key, max_retries=0) as client,
    ):
        asked: Any = {
            "model": "messages",
            "messages": [{"role": "user", "content": "[[sim:cut_mid_text@third]]"}],
            "max_tokens": 200,
        }
        with client.messages.stream(**asked) as stream:
            kinds = [event.type for event in stream]
            final: Any = stream.get_final_message()
        assert kinds.count("message_start") == kinds.count("message_stop") == 1
        begun, rest = final.content
        assert begun.text.startswith("answer from alpha at third")
        assert rest.text.startswith("answer from alpha at fourth")
        assert rest.licet["handed_over"]["endpoint"] == "fourth"
        assert final.stop_reason == "end_turn"
        assert (final.usage.output_tokens > 0, kinds[-1]) == (True, "message_stop")
        again = [*asked["messages"], {"role": "assistant", "content": final.content}, *HI]
        with client.messages.stream(**asked | {"messages": again}) as stream:
            assert stream.get_final_message().stop_reason == "end_turn"


def test_the_official_client_of_responses_reads_one_answer_and_may_send_it_back() -> None:
    with (
        Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig,
        openai.OpenAI(base_url=f"{rig.url}/v1", api_key=rig.plain_key, max_retries=0) as client,
    ):
        asked: Any = {"model": "responses", "input": "[[sim:cut_mid_text@fifth]]"}
        with client.responses.stream(**asked) as stream:
            events = list(stream)
            final: Any = stream.get_final_response()
        assert [event.sequence_number for event in events] == list(range(len(events)))
        kinds = [event.type for event in events]
        assert kinds.count("response.created") == kinds.count("response.completed") == 1
        begun, rest = final.output
        assert begun.content[0].text.startswith("answer from alpha at fifth"[:10])
        assert rest.content[0].text.startswith("answer from alpha at sixth")
        assert (begun.status, rest.status, final.status) == ("incomplete", *["completed"] * 2)
        assert rest.licet["handed_over"]["endpoint"] == "sixth"
        assert final.usage.attempts == 2
        told = "".join(e.delta for e in events if e.type == "response.output_text.delta")
        assert told == final.output_text
        again: Any = [*HI, *(item.to_dict() for item in final.output), *HI]
        answer = client.responses.create(model="responses", input=again)
        assert answer.status == "completed"


@pytest.mark.parametrize("manner", ["prefill", "prefix", "final_message"])
def test_a_model_that_can_goes_on_from_the_text_itself(manner: str) -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        written = rig.files()["catalog/endpoints.toml"].decode()
        rig.adopt(
            {
                "catalog/endpoints.toml": written.replace(
                    "models = ", f'continues = {{ alpha = "{manner}" }}\nmodels = '
                )
            }
        )
        prompt = "[[sim:cut_mid_text@first]]"
        heard = ask(rig.port, rig.plain_key, "chat", prompt, model="chat", stream=True)
        request = of(rig, heard)
    begun, _, rest = heard.said.text.partition("continued by alpha at second after ")
    # White space at the end of the text so far is not sent, and not said again.
    assert rest == str(len(begun.rstrip()))
    assert request.attempts[0].continues == manner


# Directives


def reading(rig: Rig, dialect: str, **fields: Any) -> Streaming:
    """A caller amid a text of `alpha`, which falls silent and stays so."""
    silent = Cue(fault="stall_mid_text", model="alpha", when="always")
    rig.call(rig.vendors.simulation.script.add, [silent])
    found = Streaming(rig.port, rig.plain_key, dialect, **fields)
    found.until_text()
    return found


def restricted(rig: Rig, streaming: Streaming, **fields: Any) -> Heard:
    rig.adopt(letter(in_flight="hand_over", **fields))
    return streaming.rest()


@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize("vendor", DIALECTS)
def test_what_a_directive_hands_over_is_continued_by_who_is_permitted(
    caller: str, vendor: str
) -> None:
    with Rig(files(settings=SETTINGS), at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = reading(rig, caller, model=vendor)
        heard = restricted(rig, streaming)
        said, request = heard.said, of(rig, heard)
    assert (said.closed, said.error) == (True, None)
    assert said.text.startswith("answer")
    assert "answer from beta at " in said.text
    (notice,) = said.told
    assert (notice["model"], notice["from_model"]) == ("beta", "alpha")
    assert (notice["reason"], notice["directives"]) == ("directive", ["letter"])
    reasons = [decision.reason for decision in request.decisions]
    assert reasons[:2] == ["admission", "in_flight"]
    assert [outcome.outcome for outcome in request.outcomes] == ["cut", "answered"]
    assert request.outcomes[0].deciding == ("letter",)
    assert {arrival.model for arrival in request.arrivals[1:]} == {"beta"}
    assert request.attempts[0].sending.snapshot != request.decisions[0].snapshot


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nobody_is_told_more_in_a_stream_than_may_be_disclosed(dialect: str) -> None:
    with Rig(files(settings=SETTINGS), at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = reading(rig, dialect)
        heard = restricted(rig, streaming, disclosure="none")
        (notice,) = heard.said.told
        assert "directives" not in notice
        assert b"letter" not in heard.body


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_workload_that_says_end_makes_a_hand_over_a_cut(dialect: str) -> None:
    with Rig(files("end", SETTINGS), at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = reading(rig, dialect)
        heard = restricted(rig, streaming)
        assert heard.said.told == ()
        assert heard.error["code"] == "directive_refused"
        assert [o.outcome for o in of(rig, heard).outcomes] == ["cut"]


def test_as_directed_is_continued_only_where_a_directive_said_so_from_the_start() -> None:
    early = {**files("as_directed", SETTINGS), **letter(since=LATER, in_flight="hand_over")}
    with Rig(early, at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = reading(rig, "chat")
        rig.call(rig.node.step_clock, LATER)
        assert [one["model"] for one in streaming.rest().said.told] == ["beta"]
        broken = ask(rig.port, rig.plain_key, "chat", "[[sim:cut_mid_text]]", stream=True)
        assert broken.error["code"] == "vendor_error"
    with Rig(files("as_directed", SETTINGS), at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = reading(rig, "chat")
        assert restricted(rig, streaming).error["code"] == "directive_refused"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_hand_over_to_nobody_is_a_cut(dialect: str) -> None:
    with Rig(files(settings=SETTINGS), at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = reading(rig, dialect, model="alpha")
        heard = restricted(rig, streaming)
        assert heard.said.told == ()
        assert heard.error["licet"]["directives"] == ["letter"]
        assert [o.outcome for o in of(rig, heard).outcomes] == ["cut"]


def test_a_directive_that_cuts_cuts_whatever_the_workload_says() -> None:
    with Rig(files(settings=SETTINGS), at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = reading(rig, "chat")
        rig.adopt(letter(in_flight="cut"))
        heard = streaming.rest()
        assert (heard.said.told, heard.error["code"]) == ((), "directive_refused")


# What is never continued


@pytest.mark.parametrize("dialect", DIALECTS)
def test_after_a_call_of_a_tool_nothing_is_continued(dialect: str) -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        prompt = "[[sim:tools]][[sim:cut_mid_tool_call]]"
        heard = ask(rig.port, rig.plain_key, dialect, prompt, stream=True, tools=TOOLS[dialect])
        is_error_of_the_break(heard)
        assert len(of(rig, heard).arrivals) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_of_a_demanded_shape_is_not_continued(dialect: str) -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(
            rig.port, rig.plain_key, dialect, "[[sim:cut_mid_text]]", stream=True, **SHAPED[dialect]
        )
        is_error_of_the_break(heard)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_reasoning_is_not_continued(dialect: str) -> None:
    # The break comes in the midst of what reasons, as no text follows it yet.
    reasoning = "[[sim:reasoning]][[sim:overloaded_in_band]]"
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, reasoning, stream=True)
        for notice in heard.said.told:
            assert notice["reason"] == "break"
        of(rig, heard)


@pytest.mark.parametrize(
    "settings",
    [
        LICET.replace("[retry]", "[retry]\nhand_overs_max = 0"),
        LICET.replace("[retry]", "[limits]\nkept_text_max = 10\n[retry]"),
    ],
)
def test_there_are_bounds(settings: str) -> None:
    with Rig(files(settings=settings), at=AT, vendors=EVERY_VENDOR) as rig:
        prompt = "[[sim:cut_mid_text@first]]"
        is_error_of_the_break(ask(rig.port, rig.plain_key, "chat", prompt, stream=True))


# Who continues, and how long a caller waits


def test_a_vendor_that_does_not_take_it_over_is_passed_over() -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        prompt = "[[sim:cut_mid_text@first,status_400@second]]"
        heard = ask(rig.port, rig.plain_key, "chat", prompt, stream=True)
        # The plan has another model at the first endpoint, which breaks off as well.
        assert [one["model"] for one in heard.said.told] == ["beta"]
        request = of(rig, heard)
        assert [o.fault for o in request.outcomes[:2]] == ["cut", "rejected"]


def test_an_answer_that_breaks_off_again_and_again_ends_with_an_error() -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, "messages", "[[sim:cut_mid_text]]", stream=True)
        assert heard.error["code"] == "vendor_error"
        assert len(heard.said.told) == 2
        assert len(of(rig, heard).outcomes) == 3


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_caller_hears_that_somebody_is_there_while_it_waits(dialect: str) -> None:
    settings = bounded(LICET, hold_head_ms=60)
    alive = b"event: ping" if dialect == "messages" else b": keep-alive"
    one, other = FIRST[dialect]
    with Rig(files(settings=settings), at=AT, vendors=EVERY_VENDOR) as rig:
        prompt = f"[[sim:cut_mid_text@{one},stall@{other}]]"
        streaming = Streaming(rig.port, rig.plain_key, dialect, prompt)
        streaming.until(lambda read: read.count(alive) >= 6)
        # The disk may have been what it waited for, and not yet whoever goes on.
        rig.wait(lambda: len(rig.vendors.simulation.ledger.entries()) == 2)
        rig.call(rig.vendors.simulation.resume)
        assert streaming.rest().said.closed


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_caller_that_leaves_meanwhile_is_on_record(dialect: str) -> None:
    one, other = FIRST[dialect]
    with Rig(files(settings=SETTINGS), at=AT, vendors=EVERY_VENDOR) as rig:
        prompt = f"[[sim:cut_mid_text@{one},stall@{other}]]"
        streaming = Streaming(rig.port, rig.plain_key, dialect, prompt)
        streaming.until_text()
        rig.wait(lambda: len(rig.vendors.simulation.ledger.entries()) == 2)
        streaming.leave()
        rig.idle()
        (request,) = told(rig).values()
        request.check()
        assert [o.outcome for o in request.outcomes] == ["failed", "cancelled"]


def test_the_callers_bound_holds_for_the_whole_answer() -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(
            rig.port, rig.plain_key, "chat", "[[sim:cut_mid_text@first]]", stream=True,
            max_tokens=7,
        )  # fmt: skip
        assert heard.said.finish == "length"
        rest = heard.said.text.split("answer from alpha at second")[1:]
        assert len(heard.said.text.split()) <= 8, rest
