"""Conversations of Responses that the gateway keeps: the official client goes on by id, whichever
vendor of whichever dialect answers, and nobody goes on from what another has said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from licet.evidence import AttemptLeaf, DecisionLeaf, ReadLeaf
from licet.sim import Cue
from licet.storage import KeptReader, RealDisk, erase_by_recorder
from tests.contract.asking import send
from tests.contract.identities import ISSUER, ISSUER_FILE, key, token
from tests.contract.test_clients import AT, LOOK
from tests.rig import EVERY_VENDOR, LICET, Rig, bounded

WORKLOAD = """
id = "{id}"
subject = "none"
{extra}
[audience]
us_person = true
[[candidate]]
model = "alpha"
endpoints = [{endpoints}]
"""
KEPT = "keep_responses = {{ days = {days} }}"
PLANS = {
    "home": ('"fifth"', KEPT.format(days=30)),
    "mixed": ('"fifth", "third", "first"', KEPT.format(days=30)),
    "two-vendors": ('"fifth", "sixth"', KEPT.format(days=30)),
    "to-chat": ('"first"', KEPT.format(days=30)),
    "to-messages": ('"third"', KEPT.format(days=30)),
    "strict": ('"third"', KEPT.format(days=30) + "\nlossless = true"),
    "forgetful": ('"fifth"', ""),
}
KEY, KEY_FILE = key("ours", workloads=tuple(PLANS), speaks_for_others=True)
OTHER, OTHER_FILE = key("others", workloads=tuple(PLANS), speaks_for_others=True)
FILES = {
    "keys/ours.toml": KEY_FILE,
    "keys/others.toml": OTHER_FILE,
    "licet.toml": bounded(LICET, same_endpoint_retries=0).replace(
        "[retry]", "[limits]\nkept_content_max = 65536\n[retry]"
    )
    + ISSUER_FILE,
} | {
    f"workloads/{name}.toml": WORKLOAD.format(id=name, endpoints=endpoints, extra=extra)
    for name, (endpoints, extra) in PLANS.items()
}
BY_VENDOR = pytest.mark.parametrize("model", ["home", "to-chat", "to-messages"])
FUNCTION: Any = {"type": "function", "name": "look", "parameters": LOOK, "strict": False}


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig(FILES, at=AT, vendors=EVERY_VENDOR) as rig:
        yield rig


def caller(rig: Rig, api_key: str = KEY, **claims: Any) -> openai.OpenAI:
    headers = {"Licet-Subject": token(**claims)} if claims else {}
    return openai.OpenAI(
        base_url=f"{rig.url}/v1", api_key=api_key, max_retries=0, default_headers=headers
    )


@pytest.fixture(scope="module")
def client(rig: Rig) -> Iterator[openai.OpenAI]:
    with caller(rig) as client:
        yield client


def told(client: openai.OpenAI, *, stream: bool, **asked: Any) -> Any:
    """The response, whole or as the end of a stream says it."""
    if not stream:
        return client.responses.create(**asked)
    events: list[Any] = list(client.responses.create(**asked, stream=True))
    ids = {event.response.id for event in events if hasattr(event, "response")}
    assert len(ids) == 1
    return events[-1].response


@BY_VENDOR
@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_goes_on_by_id_as_if_all_of_it_had_been_sent(
    rig: Rig, client: openai.OpenAI, model: str, stream: bool
) -> None:
    first = told(client, stream=stream, model=model, input="[[person:ann]] hi")
    assert first.id.startswith("resp_")
    assert first.previous_response_id is None
    second = told(
        client, stream=stream, model=model, input="and then?", previous_response_id=first.id
    )
    assert second.previous_response_id == first.id != second.id
    assert rig.ledger()[-1].person == "ann"
    third = told(
        client,
        stream=not stream,
        model=model,
        input=[{"role": "user", "content": "at last?"}],
        previous_response_id=second.id,
    )
    said: Any = [
        {"role": "user", "content": "[[person:ann]] hi"},
        *[one.model_dump(exclude_none=True) for one in first.output],
        {"role": "user", "content": "and then?"},
        *[one.model_dump(exclude_none=True) for one in second.output],
        {"role": "user", "content": "at last?"},
    ]
    by_hand = client.responses.create(model=model, input=said)
    assert third.output_text == by_hand.output_text


def test_vendors_are_asked_to_keep_nothing_and_hear_of_no_id(
    rig: Rig, client: openai.OpenAI
) -> None:
    first = client.responses.create(model="home", input="hi")
    client.responses.create(model="home", input="go on", previous_response_id=first.id)
    entry = rig.ledger()[-1]
    assert "previous_response_id" not in entry.fields
    assert "store" in entry.fields


@pytest.mark.parametrize("stream", [False, True])
def test_another_dialect_goes_on_when_the_first_vendor_is_gone(
    rig: Rig, client: openai.OpenAI, stream: bool
) -> None:
    first = told(client, stream=stream, model="mixed", input="[[person:bob]] hi")
    for gone in (("fifth",), ("fifth", "third")):
        cues = [Cue(fault="status_500", vendor=one) for one in gone]
        rig.call(rig.vendors.simulation.script.add, cues)
        first = told(
            client,
            stream=stream,
            model="mixed",
            input="go on",
            previous_response_id=first.id,
        )
        entry = rig.ledger()[-1]
        assert entry.vendor == {1: "third", 2: "first"}[len(gone)]
        assert entry.person == "bob"
    back = told(client, stream=stream, model="mixed", input="go on", previous_response_id=first.id)
    assert rig.ledger()[-1].vendor == "fifth"
    assert back.output_text


def test_calls_and_their_results_go_on_by_id(rig: Rig, client: openai.OpenAI) -> None:
    for model in ("home", "to-chat", "to-messages"):
        asked = client.responses.create(model=model, input="[[sim:tools]]", tools=[FUNCTION])
        (call,) = [item for item in asked.output if item.type == "function_call"]
        result: Any = {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": "a cat",
        }
        final = client.responses.create(
            model=model, input=[result], tools=[FUNCTION], previous_response_id=asked.id
        )
        assert final.status == "completed"


def test_reasoning_goes_to_the_vendor_whose_it_is_and_is_left_out_elsewhere(
    rig: Rig, client: openai.OpenAI
) -> None:
    include: Any = ["reasoning.encrypted_content"]
    first = client.responses.create(
        model="two-vendors", input="[[sim:thinking]]", reasoning={"effort": "low"}, include=include
    )
    assert "reasoning" in {item.type for item in first.output}
    home = client.responses.with_raw_response.create(
        model="two-vendors", input="go on", previous_response_id=first.id
    )
    assert home.headers["licet-endpoint"] == "fifth"
    rig.call(rig.vendors.simulation.script.add, [Cue(fault="status_500", vendor="fifth")])
    away = client.responses.with_raw_response.create(
        model="two-vendors", input="go on", previous_response_id=first.id
    )
    assert away.headers["licet-endpoint"] == "sixth"
    rig.idle()
    stripped = [
        one.sending.stripped
        for one in rig.records()
        if isinstance(one, DecisionLeaf | AttemptLeaf)
        and one.request == away.headers["licet-request-id"]
        and one.sending is not None
    ]
    assert stripped[-1] == ("input.reasoning",)


@pytest.mark.parametrize("stream", [False, True])
def test_an_id_of_somebody_else_is_as_one_that_was_never_given(rig: Rig, stream: bool) -> None:
    with caller(rig, sub="alice") as alice, caller(rig, sub="bob") as bob, caller(rig) as nobody:
        hers = alice.responses.create(model="home", input="hi")
        unsaid = client_errors(alice, "resp_00000000000000000000000000", stream)
        for other in (bob, nobody):
            assert client_errors(other, hers.id, stream) == unsaid
        # The person is the same with another key of the organisation.
        with caller(rig, OTHER, sub="alice") as again:
            assert again.responses.create(
                model="home", input="go on", previous_response_id=hers.id
            ).output_text
    with caller(rig) as ours, caller(rig, OTHER) as theirs:
        first = ours.responses.create(model="home", input="hi")
        assert client_errors(theirs, first.id, stream) == unsaid


def client_errors(client: openai.OpenAI, previous: str, stream: bool) -> tuple[Any, ...]:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(
            model="home", input="go on", previous_response_id=previous, stream=stream
        )
    error = refused.value
    return error.status_code, error.code, error.param, error.message.replace(previous, "ID")


def test_a_workload_that_keeps_none_says_so(client: openai.OpenAI) -> None:
    first = client.responses.create(model="home", input="hi")
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="forgetful", input="go on", previous_response_id=first.id)
    assert refused.value.code == "vendor_state"


def test_what_the_caller_wants_stored_nowhere_is_not(rig: Rig, client: openai.OpenAI) -> None:
    first = client.responses.create(model="home", input="hi", store=False)
    assert client_errors(client, first.id, False)[1] == "previous_response_not_found"
    kept = client.responses.create(model="home", input="hi")
    last = client.responses.create(
        model="home", input="go on", previous_response_id=kept.id, store=False
    )
    assert client_errors(client, last.id, False)[1] == "previous_response_not_found"


def test_an_answer_that_failed_is_not_kept(rig: Rig, client: openai.OpenAI) -> None:
    before = kept(rig)
    with pytest.raises(openai.APIError):
        list(client.responses.create(model="home", input="[[sim:cut_mid_text]]", stream=True))
    rig.idle()
    assert kept(rig) == before


def kept(rig: Rig) -> int:
    return len(list(KeptReader(rig.folder / "evidence", RealDisk()).everything()))


def test_a_turn_beyond_the_bound_is_answered_and_not_kept(client: openai.OpenAI) -> None:
    long = client.responses.create(model="home", input="x" * 70_000)
    assert long.output_text
    assert client_errors(client, long.id, False)[1] == "previous_response_not_found"


def test_the_whole_is_decided_and_the_record_is_of_what_the_caller_sent(
    rig: Rig, client: openai.OpenAI
) -> None:
    first = client.responses.create(model="home", input="hi")
    raw = client.responses.with_raw_response.create(
        model="home", input="go on", previous_response_id=first.id
    )
    rig.idle()
    (decision,) = [
        one
        for one in rig.records()
        if isinstance(one, DecisionLeaf) and one.request == raw.headers["licet-request-id"]
    ]
    assert decision.verdict == "permitted"
    assert decision.request_digest


def test_a_restart_of_the_recorder_keeps_it_and_an_erasure_does_not(rig: Rig) -> None:
    with caller(rig, sub="carol") as carol:
        first = carol.responses.create(model="home", input="hi")
        rig.stop_recorder()
        rig.start_recorder()
        rig.wait(lambda: rig.node.desk.committer.accepts)
        second = carol.responses.create(model="home", input="go on", previous_response_id=first.id)
        assert erase_by_recorder(Path(rig.recorder_path), f"{ISSUER}:carol", "ada") is not None
        assert client_errors(carol, second.id, False)[1] == "previous_response_not_found"


def test_nothing_of_it_is_readable_on_disk(rig: Rig, client: openai.OpenAI) -> None:
    first = client.responses.create(model="home", input="a secret of somebody")
    data = b"".join(path.read_bytes() for path in (rig.folder / "evidence" / "side").iterdir())
    assert not any(word in data for word in (b"secret", first.id.encode(), b"home"))


def test_a_request_without_input_is_told_so_by_the_gateway(rig: Rig, client: openai.OpenAI) -> None:
    before = len(rig.ledger())
    for model in ("home", "to-chat", "forgetful"):
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model=model)
        assert (refused.value.code, refused.value.param) == ("missing_input", "input")
    assert len(rig.ledger()) == before


# By id


NO_VIEW = """
id = "no-view"
kind = "restriction"
[[version]]
received = 2020-01-01T00:00:00Z
effective_from = 2020-01-01T00:00:00Z
[[version.applies]]
model.id = ["alpha"]
action = ["view_output"]
"""


@pytest.mark.parametrize("model", ["home", "to-chat"])
def test_a_response_is_shown_to_whoever_it_is_of_and_that_is_recorded(
    rig: Rig, client: openai.OpenAI, model: str
) -> None:
    first = client.responses.create(model=model, input="hi")
    raw = client.responses.with_raw_response.retrieve(first.id)
    assert raw.parse().model_dump() == first.model_dump()
    reads = [one.what for one in rig.records() if isinstance(one, ReadLeaf)]
    assert reads[-1] == f"response of {first.id.removeprefix('resp_')}"
    assert raw.headers["licet-evidence"].endswith(f"/{len(rig.records()) - 1}")
    with caller(rig, OTHER) as other, pytest.raises(openai.NotFoundError):
        other.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_nothing")


def test_its_input_items_are_those_of_all_turns(client: openai.OpenAI) -> None:
    first = client.responses.create(model="home", input="hi")
    second = client.responses.create(model="home", input="go on", previous_response_id=first.id)
    items: list[Any] = list(client.responses.input_items.list(second.id))
    assert [getattr(item, "role", None) for item in items] == ["user", "assistant", "user"]
    texts = [item.content[0].text for item in items]
    assert texts == ["go on", first.output_text, "hi"]
    assert all(item.id for item in items)


def test_a_deleted_response_is_gone_and_what_rests_on_it_cannot_go_on(
    rig: Rig, client: openai.OpenAI
) -> None:
    first = client.responses.create(model="home", input="hi")
    second = client.responses.create(model="home", input="go on", previous_response_id=first.id)
    with caller(rig, OTHER) as other, pytest.raises(openai.NotFoundError):
        other.responses.delete(first.id)
    assert client.responses.retrieve(first.id).id == first.id
    client.responses.delete(first.id)
    for gone in (first.id, second.id):
        assert client_errors(client, gone, False)[1] == "previous_response_not_found"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.delete(first.id)
    assert client.responses.retrieve(second.id).id == second.id


def test_what_a_model_said_is_shown_only_as_the_rules_of_now_permit(
    rig: Rig, client: openai.OpenAI
) -> None:
    first = client.responses.create(model="home", input="hi")
    rig.adopt({"directives/no-view.toml": NO_VIEW})
    try:
        for look in (client.responses.retrieve, client.responses.input_items.list):
            with pytest.raises(openai.APIStatusError) as refused:
                look(first.id)
            assert refused.value.status_code == 451
            assert "no-view" in refused.value.message
        # To delete it is to see nothing.
        client.responses.delete(first.id)
    finally:
        rig.adopt({"directives/no-view.toml": ""})


def test_other_paths_and_methods_there_are_told(rig: Rig) -> None:
    headers = {"x-api-key": KEY}
    for method, path, status in (
        ("POST", "resp_1", 405),
        ("DELETE", "resp_1/input_items", 405),
        ("GET", "resp_1/other", 404),
        ("GET", "", 404),
        ("POST", "resp_1/cancel", 404),
        ("POST", "compact", 404),
        ("GET", "compact", 404),
    ):
        answer = send(rig.port, method, f"/v1/responses/{path}", b"", headers)
        assert (answer.status, "error" in answer.json) == (status, True), (method, path)
    assert send(rig.port, "GET", "/v1/responses/resp_1", b"", {}).status == 401
