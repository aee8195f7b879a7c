"""What models are asked for beside answers: the vectors of texts, and the tokens of a prompt.

Both hand a prompt to a vendor, so both are decided, recorded and failed over as answers are;
but vectors never come from another model than the first of the plan.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import openai
import pytest

from licet.evidence import DecisionLeaf, OutcomeLeaf
from licet.sim import FAULTS
from licet.terms import Instant
from tests.contract.asking import Heard, send
from tests.contract.evidence import told
from tests.contract.identities import ISSUER_FILE, key
from tests.rig import LICET, Rig, bounded

AT = Instant(1_781_300_000_000_000)
EMBEDDINGS, COUNT = "/v1/embeddings", "/v1/messages/count_tokens"
HI: Any = [{"role": "user", "content": "hi"}]
WORKLOADS = ("chat", "messages", "chat-any", "messages-any", "lossless")
FREE, FREE_FILE = key("free", workloads=WORKLOADS, attests="[attests]\nus_person = true\n")
STRANGE, STRANGE_FILE = key("strange", attests="[attests]\nus_person = false\n")
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
ESTIMATED = """
id = "messages-any"
count_tokens = "estimate"
[[candidate]]
model = "alpha"
endpoints = ["first"]
"""
LOSSLESS = """
id = "lossless"
lossless = true
[[candidate]]
model = "alpha"
endpoints = ["third"]
"""
UNCOUNTED = """
id = "chat-any"
[[candidate]]
model = "alpha"
endpoints = ["first"]
[[candidate]]
model = "beta"
endpoints = ["first"]
"""


FILES = {
    "licet.toml": LICET + ISSUER_FILE,
    "directives/letter.toml": LETTER,
    "keys/free.toml": FREE_FILE,
    "keys/strange.toml": STRANGE_FILE,
    "workloads/messages-any.toml": ESTIMATED,
    "workloads/lossless.toml": LOSSLESS,
    "workloads/chat-any.toml": UNCOUNTED,
}


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig(FILES, at=AT) as rig:
        yield rig


def chat(rig: Rig, key: str = FREE) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{rig.url}/v1", api_key=key, max_retries=0)


def messages(rig: Rig, key: str = FREE) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=rig.url, api_key=key, max_retries=0)


def post(rig: Rig, path: str, body: dict[str, Any], key: str = FREE) -> Heard:
    return send(rig.port, "POST", path, json.dumps(body).encode(), {"x-api-key": key})


def embed(rig: Rig, text: str, model: str = "chat", key: str = FREE, **extra: Any) -> Heard:
    return post(rig, EMBEDDINGS, {"model": model, "input": text, **extra}, key)


def count(rig: Rig, text: str, model: str = "messages", key: str = FREE) -> Heard:
    asked = {"model": model, "messages": [{"role": "user", "content": text}]}
    return post(rig, COUNT, asked, key)


# Embeddings


def test_the_official_client_gets_vectors_in_either_encoding(rig: Rig) -> None:
    with chat(rig) as client:
        packed = client.embeddings.create(model="chat", input=["one", "two"])
        plain = client.embeddings.create(
            model="chat", input=["one", "two"], encoding_format="float"
        )
        short = client.embeddings.create(model="chat", input="one", dimensions=3)
    assert [item.embedding for item in packed.data] == [item.embedding for item in plain.data]
    assert packed.data[0].embedding != packed.data[1].embedding
    assert len(packed.data[0].embedding) == 8
    assert len(short.data[0].embedding) == 3
    assert packed.model == "alpha"
    assert packed.usage.prompt_tokens == packed.usage.total_tokens > 0


def test_vectors_are_decided_and_recorded_as_answers_are(rig: Rig) -> None:
    heard = embed(rig, "remember me", user="u-17")
    assert heard.status == 200
    assert heard.headers["licet-endpoint"] == "first"
    found = told(rig)[heard.request]
    found.check()
    decision, outcome = found.decisions[0], found.outcomes[0]
    assert isinstance(decision, DecisionLeaf)
    assert (decision.operation, decision.dialect) == ("embeddings", "chat")
    assert decision.request_digest
    assert isinstance(outcome, OutcomeLeaf)
    assert outcome.outcome == "answered"
    assert outcome.answered_by == "alpha"
    assert outcome.usage is not None
    assert outcome.usage.input == heard.json["usage"]["prompt_tokens"]
    assert (outcome.usage.output, outcome.usage.estimated) == (0, False)
    assert outcome.answer_digest
    (arrival,) = found.arrivals
    assert arrival.path == EMBEDDINGS


def test_vectors_never_come_from_another_model(rig: Rig) -> None:
    heard = embed(rig, "[[sim:status_500@first]]")
    assert (heard.status, heard.headers["licet-endpoint"]) == (200, "second")
    assert heard.headers["licet-model"] == "alpha"
    heard = embed(rig, "[[sim:status_500]]")
    assert heard.status >= 500
    assert {arrival.model for arrival in told(rig)[heard.request].arrivals} == {"alpha"}
    # The workload has `beta` too, which is permitted to this person; its vectors would be wrong.
    heard = embed(rig, "hello", key=STRANGE)
    assert heard.status == 451
    assert told(rig)[heard.request].arrivals == []


def test_a_model_asked_for_by_name_makes_the_vectors(rig: Rig) -> None:
    assert embed(rig, "hello", model="beta").headers["licet-model"] == "beta"


def test_usage_that_no_vendor_gives_is_estimated(rig: Rig) -> None:
    heard = embed(rig, "[[sim:missing_usage]]")
    usage = told(rig)[heard.request].outcomes[0].usage
    assert usage is not None
    assert usage.estimated
    assert usage.input > 0


def test_what_is_no_parameter_of_ours_is_the_vendors_to_judge(rig: Rig) -> None:
    heard = embed(rig, "hello", encoding_format="hologram")
    assert heard.status == 400
    assert heard.json["error"]["param"] == "encoding_format"
    # No stream of vectors exists; a vendor ignores the word or refuses it.
    assert embed(rig, "hello", stream=True).status == 200


def test_where_no_endpoint_offers_vectors_it_is_said(rig: Rig) -> None:
    heard = embed(rig, "hello", model="messages")
    assert heard.status == 400
    assert heard.json["error"]["code"] == "not_offered"
    assert "makes embeddings" in heard.json["error"]["message"]


# Tokens


def test_the_official_client_counts_tokens(rig: Rig) -> None:
    with messages(rig) as client:
        counted = client.messages.count_tokens(model="messages", messages=HI)
        assert counted.input_tokens > 0
        beta = client.beta.messages.count_tokens(model="messages", messages=HI)
        assert beta.input_tokens == counted.input_tokens


def test_a_count_is_decided_and_recorded_for_the_prompt_is_sent(rig: Rig) -> None:
    heard = count(rig, "hello")
    assert heard.status == 200
    assert "licet-estimated" not in heard.headers
    found = told(rig)[heard.request]
    found.check()
    assert found.decisions[0].operation == "count_tokens"
    assert found.arrivals[0].path == COUNT
    usage = found.outcomes[0].usage
    assert usage is not None
    assert (usage.input, usage.output, usage.estimated) == (0, 0, False)
    assert count(rig, "hello", model="alpha", key=STRANGE).status == 451
    assert count(rig, "[[sim:status_500@third]]").headers["licet-endpoint"] == "fourth"


def test_a_count_of_ours_says_that_it_is_an_estimate(rig: Rig) -> None:
    before = len(rig.ledger())
    heard = count(rig, "hello " * 100, model="messages-any", key=rig.plain_key)
    assert heard.status == 451, "an undetermined person gets no estimate either"
    heard = count(rig, "hello " * 100, model="messages-any")
    assert heard.status == 200
    assert heard.headers["licet-estimated"] == "input_tokens"
    assert heard.json["input_tokens"] > 150
    assert len(rig.ledger()) == before


def test_where_nobody_counts_it_is_said(rig: Rig) -> None:
    heard = count(rig, "hello", model="chat-any")
    assert heard.status == 400
    assert heard.json["error"]["type"] == "invalid_request_error"
    assert "counts tokens" in heard.json["error"]["message"]


def test_what_chooses_an_account_is_left_out_and_named(rig: Rig) -> None:
    with messages(rig) as client:
        raw = client.messages.with_raw_response.count_tokens(
            model="messages", messages=HI, workspace_id="ws-1"
        )
        assert raw.headers["licet-dropped"] == "workspace_id"
        answer = client.messages.with_raw_response.create(
            model="messages", messages=HI, max_tokens=9, workspace_id="ws-1", user_profile_id="u"
        )
        assert answer.headers["licet-dropped"] == "user_profile_id, workspace_id"
        found = told(rig)[answer.headers["licet-request-id"]]
        sending = found.decisions[0].sending
        assert sending is not None
        assert sending.dropped == ("user_profile_id", "workspace_id")
        with pytest.raises(anthropic.BadRequestError, match="`workspace_id` chooses an account"):
            client.messages.create(model="lossless", messages=HI, max_tokens=9, workspace_id="ws-1")
        client.messages.create(model="lossless", messages=HI, max_tokens=9)


# Faults

LENGTHS = {"slow_drip": ":20", "slow_headers": ":30000"}
OF_STREAMS = {"first_event_not_content"}
AS_IT_IS = {
    "none", "wrong_usage", "missing_usage", "refusal", "unknown_stop_reason", "close_idle",
    "chunked", "wrong_model", "slow_drip",
}  # fmt: skip
REFUSALS = {"filter_error", "policy_error", "policy_in_band"}
AS_IT_IS |= REFUSALS
SILENT = {"stall", "stall_before_content", "stall_mid_text", "slow_headers"}
# Nobody waits longer for whoever is silent; all others have the time that they need.
HASTY = FILES | {"licet.toml": bounded(FILES["licet.toml"], head_ms=400, idle_ms=400)}


@pytest.mark.parametrize("silent", [False, True])
def test_every_fault_of_one_vendor_is_made_good_by_the_next(silent: bool) -> None:
    scenes = [
        (ask, fault, first, second)
        for ask, first, second in ((embed, "first", "second"), (count, "third", "fourth"))
        for fault in FAULTS
        if fault not in OF_STREAMS and fault != "status" and (fault in SILENT) == silent
    ]
    with Rig(HASTY if silent else FILES, at=AT) as rig:
        play(rig, scenes)


def play(rig: Rig, scenes: Sequence[tuple[Callable[[Rig, str], Heard], str, str, str]]) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(ask, rig, f"[[sim:{fault}{LENGTHS.get(fault, '')}@{first}]]")
            for ask, fault, first, _ in scenes
        ]
    requests = told(rig)
    for (_, fault, first, second), job in zip(scenes, jobs, strict=True):
        heard = job.result()
        assert heard.status == (400 if fault in REFUSALS else 200), (fault, heard)
        assert heard.whole
        assert heard.headers["licet-endpoint"] == (first if fault in AS_IT_IS else second), fault
        requests[heard.request].check()


@pytest.mark.parametrize("path", [EMBEDDINGS, COUNT])
def test_wrong_inputs_are_refused_in_the_dialect(rig: Rig, path: str) -> None:
    def refused(body: bytes, key: str = FREE) -> tuple[int, str]:
        heard = send(rig.port, "POST", path, body, {"x-api-key": key})
        error = heard.json["error"]
        assert ("request_id" in heard.json) == (path == COUNT)
        return heard.status, error["code"]

    assert refused(b"") == (400, "invalid_json")
    assert refused(b"[]") == (400, "invalid_type")
    assert refused(b"{}") == (400, "missing_model")
    assert refused(b'{"model": 5}') == (400, "invalid_type")
    assert refused(b'{"model": "nobody"}') == (404, "model_not_found")
    assert refused(b'{"model": "chat"}', key="nonsense")[0] == 401
    assert send(rig.port, "GET", path).status == 405
