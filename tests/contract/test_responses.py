"""The official client of Responses, answered by vendors of its dialect and of every other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from pydantic import BaseModel

from licet.evidence import AttemptLeaf, DecisionLeaf, OutcomeLeaf
from licet.sim import Cue
from tests.contract.identities import ISSUER_FILE, key, token
from tests.contract.test_clients import AT, LETTER, LOOK
from tests.rig import EVERY_VENDOR, LICET, Rig, bounded

MIXED = """
id = "{id}"
{extra}
[[candidate]]
model = "alpha"
endpoints = [{endpoints}]
"""
PLANS = {
    "to-chat": ("first", ""),
    "to-messages": ("third", ""),
    "mixed": ("fifth third first", ""),
    "mixed-chat": ("first fifth", ""),
    "mixed-messages": ("third fifth", ""),
    "far": ("third first fifth", ""),
    "strict": ("third", "lossless = true"),
    "two-vendors": ("fifth sixth", ""),
}
WORKLOADS = ("responses", "responses-any", *PLANS)
KEY, KEY_FILE = key("every", workloads=WORKLOADS, attests="[attests]\nus_person = true\n")
OPEN, OPEN_FILE = key("open", workloads=WORKLOADS)
FILES = {
    "keys/every.toml": KEY_FILE,
    "keys/open.toml": OPEN_FILE,
    "licet.toml": bounded(LICET, same_endpoint_retries=0) + ISSUER_FILE,
    "directives/letter.toml": LETTER,
} | {
    f"workloads/{name}.toml": MIXED.format(
        id=name, extra=extra, endpoints=", ".join(f'"{one}"' for one in endpoints.split())
    )
    for name, (endpoints, extra) in PLANS.items()
}
FUNCTION: Any = {"type": "function", "name": "look", "parameters": LOOK, "strict": False}
TOOLS: Any = {"input": "[[sim:tools]]", "tools": [FUNCTION]}
ANSWERED_BY = pytest.mark.parametrize(
    ("model", "endpoint"), [("responses", "fifth"), ("to-chat", "first"), ("to-messages", "third")]
)


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig(FILES, at=AT, vendors=EVERY_VENDOR) as rig:
        yield rig


@pytest.fixture(scope="module")
def client(rig: Rig) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{rig.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


def on_record(rig: Rig, request: str) -> list[Any]:
    """The records of one request, in order, once all are there."""
    rig.idle()
    return [leaf for leaf in rig.records() if getattr(leaf, "request", None) == request]


def cue(rig: Rig, *cues: Cue) -> None:
    rig.call(rig.vendors.simulation.script.add, list(cues))


# Answers


@ANSWERED_BY
def test_whole_streamed_and_by_the_helper_say_the_same(
    rig: Rig, client: openai.OpenAI, model: str, endpoint: str
) -> None:
    asked: Any = {"model": model, "input": "hi", "max_output_tokens": 99}
    raw = client.responses.with_raw_response.create(**asked)
    whole = raw.parse()
    assert whole.output_text.startswith(f"answer from alpha at {endpoint} to: ")
    assert (whole.status, whole.object) == ("completed", "response")
    assert raw.headers["licet-endpoint"] == endpoint
    assert raw.headers["licet-model"] == "alpha"
    assert "licet-dropped" not in raw.headers
    assert whole._request_id
    events = list(client.responses.create(**asked, stream=True))
    numbers = [event.sequence_number for event in events]
    assert numbers == list(range(len(events)))
    last: Any = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == whole.output_text
    with client.responses.stream(**asked) as stream:
        final = stream.get_final_response()
    assert final.output_text == whole.output_text
    assert final.usage == whole.usage == last.response.usage
    outcome = on_record(rig, raw.headers["licet-request-id"])[-1]
    assert isinstance(outcome, OutcomeLeaf)
    assert outcome.usage is not None
    assert whole.usage is not None
    assert outcome.usage.input == whole.usage.input_tokens
    assert outcome.usage.output == whole.usage.output_tokens


@ANSWERED_BY
def test_asynchronous_clients_too(rig: Rig, model: str, endpoint: str) -> None:
    async def scene() -> None:
        url = f"{rig.url}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
            whole = await client.responses.create(model=model, input="hi")
            async with client.responses.stream(model=model, input="hi") as stream:
                final = await stream.get_final_response()
        assert final.output_text == whole.output_text

    asyncio.run(scene())


@ANSWERED_BY
def test_tools_are_called_and_their_results_go_back(
    client: openai.OpenAI, model: str, endpoint: str
) -> None:
    whole = client.responses.create(model=model, **TOOLS)
    call: Any = whole.output[-1]
    assert (call.type, call.name) == ("function_call", "look")
    with client.responses.stream(model=model, **TOOLS) as stream:
        final = stream.get_final_response()
    streamed: Any = final.output[-1]
    assert "subject" in streamed.arguments
    assert "subject" in call.arguments
    told: Any = [item.to_dict() for item in whole.output]
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "a cat"}
    said: Any = {"role": "user", "content": "and now?"}
    again = client.responses.create(model=model, tools=[FUNCTION], input=[said, *told, result])
    assert again.output_text.startswith(f"answer from alpha at {endpoint} to: ")


@ANSWERED_BY
def test_reasoning_is_told_and_what_comes_back_of_it_is_taken(
    rig: Rig, client: openai.OpenAI, model: str, endpoint: str
) -> None:
    asked: Any = {"model": model, "input": "[[sim:reasoning]] hm"}
    raw = client.responses.with_raw_response.create(**asked)
    whole = raw.parse()
    assert [item.type for item in whole.output] == ["reasoning", "message"]
    assert "considering" not in whole.output_text
    with client.responses.stream(**asked) as stream:
        kinds = {event.type for event in stream}
    assert any(kind.startswith("response.reasoning") for kind in kinds)
    assert whole.usage is not None
    recorded = on_record(rig, raw.headers["licet-request-id"])[-1]
    assert recorded.usage.reasoning == whole.usage.output_tokens_details.reasoning_tokens
    told: Any = [item.to_dict() for item in whole.output]
    said: Any = {"role": "user", "content": "go on"}
    for again in (model, "responses", "to-messages"):
        answer = client.responses.create(model=again, input=[said, *told, said])
        assert answer.output_text


class Sight(BaseModel):
    subject: str


@ANSWERED_BY
def test_a_shape_is_asked_for_in_every_dialect(
    rig: Rig, client: openai.OpenAI, model: str, endpoint: str
) -> None:
    # The vendors answer in prose: what is shown is that the shape is asked for and parsed.
    with pytest.raises(ValueError, match="Invalid JSON"):
        client.responses.parse(model=model, input="hi", text_format=Sight)
    assert rig.ledger()[-1].vendor == endpoint


def test_an_answer_that_is_cut_short_says_so(client: openai.OpenAI) -> None:
    for model in ("responses", "to-chat", "to-messages"):
        answer = client.responses.create(model=model, input="hi", max_output_tokens=2)
        assert answer.status == "incomplete"
        assert answer.incomplete_details is not None
        assert answer.incomplete_details.reason == "max_output_tokens"


def test_refusals_of_vendors_reach_the_caller_and_the_record(
    rig: Rig, client: openai.OpenAI
) -> None:
    for model, category in (
        ("responses", "refusal"),
        ("to-chat", "refusal"),
        ("to-messages", "cyber"),
    ):
        raw = client.responses.with_raw_response.create(model=model, input="[[sim:refusal]]")
        answer: Any = raw.parse()
        refused = any(p.type == "refusal" for i in answer.output for p in i.content or ())
        assert refused or answer.incomplete_details.reason == "content_filter"
        outcome = on_record(rig, raw.headers["licet-request-id"])[-1]
        assert outcome.category == category


def test_reasoning_of_one_vendor_goes_to_no_other(rig: Rig, client: openai.OpenAI) -> None:
    said: Any = {"role": "user", "content": "hm"}
    told: Any = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}
    for failures, endpoint, stripped in ((0, "fifth", ()), (1, "sixth", ("input.reasoning",))):
        cue(rig, *([Cue(fault="status_500", n=failures)] if failures else []))
        raw = client.responses.with_raw_response.create(
            model="two-vendors", input=[said, told, said]
        )
        assert raw.headers["licet-endpoint"] == endpoint
        sent = [one for one in rig.ledger() if one.vendor == endpoint][-1]
        # The vendor's name of the model is shorter too, but by less than an item.
        assert (sent.body_bytes < len(raw.http_request.content) - 40) == bool(stripped)
        sendings = [
            leaf.sending
            for leaf in on_record(rig, raw.headers["licet-request-id"])
            if isinstance(leaf, AttemptLeaf | DecisionLeaf) and leaf.sending
        ]
        assert sendings[-1].stripped == stripped
        assert sendings[0].stripped == ()


# What is lost


def test_what_the_other_dialect_cannot_say_is_named_and_on_record(
    rig: Rig, client: openai.OpenAI
) -> None:
    raw = client.responses.with_raw_response.create(
        model="to-messages",
        input=[
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
            {"role": "user", "content": "hi"},
        ],
        store=True,
        truncation="auto",
        metadata={"run": "7"},
    )
    assert raw.headers["licet-dropped"] == "max_tokens_default, store, truncation"
    assert raw.parse().metadata == {"run": "7"}
    decision = on_record(rig, raw.headers["licet-request-id"])[0]
    assert isinstance(decision, DecisionLeaf)
    assert decision.sending is not None
    assert decision.sending.stripped == ("input.reasoning",)


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools.type"),
        ({"tools": [{"type": "mcp", "server_label": "a"}]}, "tools.type"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"include": ["message.output_text.logprobs"]}, "include.logprobs"),
    ],
)
def test_what_would_change_the_answer_is_refused_there_and_passes_at_home(
    client: openai.OpenAI, asked: dict[str, Any], param: str
) -> None:
    for model in ("to-chat", "to-messages"):
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model=model, input="hi", **asked)
        assert (refused.value.code, refused.value.param) == ("untranslatable", param)
    assert client.responses.create(model="responses", input="hi", **asked).output_text
    # Of several dialects only that is asked which can say it, wherever it stands in the plan.
    raw = client.responses.with_raw_response.create(model="far", input="hi", **asked)
    assert raw.headers["licet-endpoint"] == "fifth"


def test_a_lossless_workload_drops_nothing(client: openai.OpenAI) -> None:
    asked: Any = {"model": "strict", "input": "hi", "max_output_tokens": 9}
    assert client.responses.create(**asked).output_text
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**asked, store=True)
    assert refused.value.param == "store"


@pytest.mark.parametrize(
    "asked",
    [
        {"conversation": "conv_1"},
        {"previous_response_id": "resp_1"},
        {"background": True},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
    ],
)
def test_what_a_vendor_would_keep_is_refused_before_anybody_is_asked(
    rig: Rig, client: openai.OpenAI, asked: dict[str, Any]
) -> None:
    before = len(rig.ledger())
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="responses", **({"input": "hi"} | asked))
    assert refused.value.code == "vendor_state"
    assert "send" in refused.value.message or "leave it out" in refused.value.message
    assert len(rig.ledger()) == before


# Errors


def test_a_directives_refusal_is_in_the_form_of_the_dialect(rig: Rig) -> None:
    headers = {"Licet-Subject": token(licet={"us_person": False})}
    url = f"{rig.url}/v1"
    with openai.OpenAI(base_url=url, api_key=OPEN, default_headers=headers) as client:
        for stream in (False, True):
            with pytest.raises(openai.APIStatusError) as refused:
                client.responses.create(model="to-chat", input="hi", stream=stream)
            assert refused.value.status_code == 451
            assert (refused.value.type, refused.value.code) == (
                "access_denied",
                "directive_refused",
            )
            assert refused.value.response.headers["x-should-retry"] == "false"
        # The workload has another model: the person is served by it, and told.
        raw = client.responses.with_raw_response.create(model="responses", input="hi")
        assert raw.headers["licet-model"] == "beta"
        assert raw.headers["licet-decision"] == "rerouted"


def test_errors_of_the_request_are_the_classes_that_callers_know(rig: Rig) -> None:
    url = f"{rig.url}/v1"
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
        with pytest.raises(openai.NotFoundError):
            client.responses.create(model="nothing", input="hi")
        with pytest.raises(openai.BadRequestError) as passed:
            client.responses.create(model="responses", input=[])
        assert passed.value.param == "input"
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve("resp_1")
    with (
        openai.OpenAI(base_url=url, api_key="licet-wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.responses.create(model="responses", input="hi")


def test_a_failure_amid_a_stream_is_an_error_that_nobody_can_miss(
    rig: Rig, client: openai.OpenAI
) -> None:
    for model in ("responses", "to-chat", "to-messages"):
        for fault in ("cut_mid_text", "error_after_200", "malformed_event"):
            told = client.responses.create(model=model, input=f"[[sim:{fault}]]", stream=True)
            numbers = []
            with pytest.raises(openai.APIError) as raised:
                numbers += [event.sequence_number for event in told]
            assert raised.value.code == "vendor_error", (model, fault)
            assert isinstance(raised.value.body, dict)
            request = raised.value.body["licet"]["request_id"]
            outcome = on_record(rig, request)[-1]
            assert outcome.usage is not None
            assert outcome.usage.estimated


def test_the_client_repeats_what_may_be_well_the_next_time(rig: Rig) -> None:
    url = f"{rig.url}/v1"
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=2) as client:
        cue(rig, Cue(fault="status_503", n=1))
        assert client.responses.create(model="to-chat", input="hi").output_text


# Failover


def test_each_dialect_takes_over_from_the_one_before(rig: Rig, client: openai.OpenAI) -> None:
    for stream in (False, True):
        for failures, endpoint in ((1, "third"), (2, "first")):
            cue(rig, Cue(fault="status_500", n=failures))
            raw = client.responses.with_raw_response.create(
                model="mixed", input="hi", max_output_tokens=99, stream=stream
            )
            assert raw.headers["licet-endpoint"] == endpoint
            answer: Any = raw.parse()
            if stream:
                answer = list(answer)[-1].response
            assert answer.output_text.startswith(f"answer from alpha at {endpoint} to: ")
            found = on_record(rig, raw.headers["licet-request-id"])
            assert sum(isinstance(leaf, AttemptLeaf) for leaf in found) == failures


def test_a_vendor_of_responses_takes_over_for_callers_of_the_others(rig: Rig) -> None:
    said: Any = [{"role": "user", "content": "hi"}]
    url = rig.url
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as chat,
        anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as messages,
    ):
        cue(rig, Cue(fault="status_500", n=1))
        answer: Any = chat.chat.completions.create(model="mixed-chat", messages=said)
        text = answer.choices[0].message.content
        assert text.startswith("answer from alpha at fifth to: ")
        cue(rig, Cue(fault="cut_before_content", n=1))
        chunks: Any = chat.chat.completions.create(
            model="mixed-chat", messages=said, stream=True, stream_options={"include_usage": True}
        )
        parts = list(chunks)
        assert "".join(c.choices[0].delta.content or "" for c in parts if c.choices) == text
        assert parts[-1].usage == answer.usage
        cue(rig, Cue(fault="status_500", n=1))
        with messages.messages.stream(
            model="mixed-messages", messages=said, max_tokens=99
        ) as stream:
            final: Any = stream.get_final_message()
        assert final.content[0].text.startswith("answer from alpha at fifth to: ")
        assert final.stop_reason == "end_turn"


def test_the_list_of_models_is_the_same_for_everybody(client: openai.OpenAI) -> None:
    assert {"responses", "mixed", "alpha"} <= {model.id for model in client.models.list()}
