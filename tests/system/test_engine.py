"""Failover from a simulated vendor to an engine that we did not write: llama.cpp's server."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from licet.evidence import AttemptLeaf, OutcomeLeaf
from tests.system.foreign import PROGRAMS, environment, run
from tests.system.house import Gateway, eventually, house
from tests.system.ports import free_port

pytestmark = pytest.mark.system

WORDS = "the ledger keeps what arrived and for whom so that anybody who was not there can judge it"
DOWN = [{"role": "user", "content": "Good morning [[sim:status_503]]"}]
ASKED: dict[str, Any] = {"messages": DOWN, "max_tokens": 12}
CATALOG = """
[[model]]
id = "tiny"
lineage = ["tiny"]
developer = {{ id = "maker" }}

[[endpoint]]
id = "engine"
vendor = "llama.cpp"
operator = {{ id = "acme" }}
dialect = "chat"
base_url = "http://127.0.0.1:{port}"
models = ["tiny"]
place = "DE"
self_hosted = true
"""
WORKLOAD = """
id = "{id}"
evidence = "before_send"

[[candidate]]
model = "north"
endpoints = ["{first}"]

[[candidate]]
model = "tiny"
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a running engine with a small model."""
    python = environment("engine") / "bin" / "python"
    model = tmp_path_factory.mktemp("engine") / "tiny.gguf"
    written = run(python, PROGRAMS / "engine_model.py", model)
    assert written.returncode == 0, written.stderr
    port = free_port()
    argv = [str(python), "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "tiny"]
    argv += ["--port", str(port), "--n_ctx", "1024", "--n_threads", "1", "--chat_format", "chatml"]
    log = model.with_suffix(".log")
    with log.open("wb") as said, subprocess.Popen(argv, stdout=said, stderr=said) as process:
        try:
            eventually(lambda: listens(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield port
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def gateway(engine: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    files = {
        "catalog/engine.toml": CATALOG.format(port=engine),
        "workloads/chat.toml": WORKLOAD.format(id="chat", first="first"),
        "workloads/messages.toml": WORKLOAD.format(id="messages", first="third"),
    }
    with house(tmp_path_factory.mktemp("house"), files=files) as gateway:
        yield gateway


@pytest.fixture
def chat(gateway: Gateway) -> Iterator[openai.OpenAI]:
    base_url = f"http://127.0.0.1:{gateway.port}/v1"
    token = {"licet-subject": gateway.tokens["ada"]}
    with openai.OpenAI(
        base_url=base_url, api_key=gateway.key, default_headers=token, max_retries=0
    ) as client:
        yield client


@pytest.fixture
def messages(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    base_url = f"http://127.0.0.1:{gateway.port}"
    token = {"licet-subject": gateway.tokens["ada"]}
    with anthropic.Anthropic(
        base_url=base_url, api_key=gateway.key, default_headers=token, max_retries=0
    ) as client:
        yield client


def spoken(text: str | None) -> bool:
    """Whether the engine's model said it: nothing but its words."""
    return bool(text) and set((text or "").split()) <= set(WORDS.split())


def test_chat_is_answered_whole_by_the_engine(gateway: Gateway, chat: openai.OpenAI) -> None:
    before = len(gateway.vendors.arrivals())
    answer = chat.chat.completions.with_raw_response.create(model="chat", **ASKED)
    said = answer.parse()
    assert spoken(said.choices[0].message.content)
    assert (answer.headers["licet-model"], answer.headers["licet-endpoint"]) == ("tiny", "engine")
    assert answer.headers["licet-decision"] == "rerouted"
    assert said.usage is not None
    assert said.usage.completion_tokens == ASKED["max_tokens"]
    assert said.choices[0].finish_reason == "length"
    # It was asked of the vendor first, which was down.
    assert len(gateway.vendors.arrivals()) > before


def test_chat_is_answered_by_the_engine_in_a_stream(chat: openai.OpenAI) -> None:
    with chat.chat.completions.create(model="chat", stream=True, **ASKED) as stream:
        choices = [chunk.choices[0] for chunk in stream]
    assert spoken("".join(choice.delta.content or "" for choice in choices))
    assert choices[-1].finish_reason == "length"


def test_messages_are_answered_whole_by_the_engine(messages: anthropic.Anthropic) -> None:
    answer = messages.messages.with_raw_response.create(model="messages", **ASKED)
    said: Any = answer.parse()
    assert spoken(said.content[0].text)
    assert (answer.headers["licet-model"], answer.headers["licet-endpoint"]) == ("tiny", "engine")
    assert said.stop_reason == "max_tokens"
    assert said.usage.output_tokens == ASKED["max_tokens"]


def test_messages_are_answered_by_the_engine_in_a_stream(messages: anthropic.Anthropic) -> None:
    with messages.messages.stream(model="messages", **ASKED) as stream:
        final: Any = stream.get_final_message()
    assert spoken(final.content[0].text)
    assert final.stop_reason == "max_tokens"
    # The engine's server gives no figures in a stream, so they are estimated.
    assert final.usage.output_tokens > 0


def test_each_answer_of_the_engine_is_on_record(
    gateway: Gateway, chat: openai.OpenAI, messages: anthropic.Anthropic
) -> None:
    before = len(gateway.leaves())
    chat.chat.completions.create(model="chat", **ASKED)
    messages.messages.create(model="messages", **ASKED)
    leaves = gateway.leaves()[before:]
    attempts = [leaf for leaf in leaves if isinstance(leaf, AttemptLeaf)]
    outcomes = [leaf for leaf in leaves if isinstance(leaf, OutcomeLeaf)]
    assert [leaf.sending.endpoint for leaf in attempts] == ["engine", "engine"]
    assert [leaf.outcome for leaf in outcomes if leaf.answered_by == "tiny"] == ["answered"] * 2
    assert gateway.verify().ok
