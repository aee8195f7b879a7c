"""Programs in the frameworks that people write them in, through a running gateway.

Each runs in the clients' own environment, knows a URL and a key, and does the same whichever
vendor answers: of its own dialect, of another, or of another after the first has failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.foreign import (
    DIALECTS,
    ORDERS,
    WITHDRAWN,
    Conversations,
    answered_by,
    environment,
    gateway_of_clients,
)
from tests.system.house import Gateway

pytestmark = pytest.mark.system

QUESTION = "Which rule holds for whom?"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway_of_clients(tmp_path_factory.mktemp("frameworks")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversations]:
    folder = tmp_path_factory.mktemp("programs")
    conversations = Conversations(environment("clients") / "bin" / "python", folder)
    yield conversations
    conversations.close()


class Told:
    """What a program printed of each of its deeds, and whom the gateway asked meanwhile."""

    def __init__(
        self, gateway: Gateway, clients: Conversations, program: str, dialect: str, *asked: str
    ) -> None:
        before = len(gateway.vendors.arrivals())
        url = f"http://127.0.0.1:{gateway.port}"
        told = clients.tell(
            f"frameworks_{program}", url, gateway.key, dialect, line=json.dumps(asked)
        )
        self.asked = [entry.vendor for entry in gateway.vendors.arrivals()[before:]]
        lines = [json.loads(line) for line in told]
        self.deeds: dict[str, dict[str, Any]] = {line.pop("deed"): line for line in lines}


def put(order: tuple[str, ...]) -> tuple[str, str]:
    """The workload, and the question: where two may answer, the first fails."""
    failing = f" [[sim:status_503@{order[0]}]]" if len(order) > 1 else ""
    return answered_by(*order), QUESTION + failing


def named(order: tuple[str, ...]) -> str:
    return "-then-".join(order)


def check_text(text: str, order: tuple[str, ...]) -> None:
    assert text.startswith(f"answer from {order[-1]} at {order[-1]} to: ")


@pytest.mark.parametrize("order", ORDERS, ids=named)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_langchain(
    gateway: Gateway, clients: Conversations, dialect: str, order: tuple[str, ...]
) -> None:
    told = Told(gateway, clients, "langchain", dialect, *put(order))

    assert set(told.asked) == set(order)
    called = {"tool": "rule_for", "args": {"person": "as was asked"}}
    texts = [told.deeds[deed].pop("text") for deed in ("invoke", "stream", "tools")]
    for text in texts + told.deeds.pop("asynchronous")["texts"]:
        check_text(text, order)
    assert told.deeds == {
        "invoke": {"usage": 7},
        "stream": {"usage": 7},
        "tools": called,
        "streamed_tools": called,
        "structured": {"permitted": True},
        "structured_by_tool": {"permitted": True},
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_langchain_is_told_of_a_refusal_that_no_vendor_sees(
    gateway: Gateway, clients: Conversations, dialect: str
) -> None:
    told = Told(gateway, clients, "langchain", dialect, WITHDRAWN, QUESTION, "refusal")

    assert told.deeds["refusal"]["status"] == 451
    assert "Withdrawn" in told.deeds["refusal"]["said"]
    assert told.asked == []


@pytest.mark.parametrize("order", ORDERS, ids=named)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_agent_of_pydantic_ai(
    gateway: Gateway, clients: Conversations, dialect: str, order: tuple[str, ...]
) -> None:
    told = Told(gateway, clients, "pydantic_ai", dialect, *put(order))

    assert set(told.asked) == set(order)
    assert told.deeds["structured"] == {
        "asked": ["as was asked"],
        "permitted": True,
        "requests": 2,
    }
    check_text(told.deeds["streamed"]["text"], order)


@pytest.mark.parametrize("order", ORDERS, ids=named)
@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_llm(
    gateway: Gateway, clients: Conversations, dialect: str, order: tuple[str, ...]
) -> None:
    told = Told(gateway, clients, "llm", dialect, *put(order))

    assert set(told.asked) == set(order)
    for deed in ("prompt", "stream"):
        check_text(told.deeds[deed]["text"], order)
        assert told.deeds[deed]["usage"] == 7
