"""The official clients, on an answer that is given to them in memory."""

from __future__ import annotations

import anthropic
import httpx2
import openai

JSON = "application/json"
EVENTS = "text/event-stream"


def _transport(status: int, body: bytes, kind: str) -> httpx2.MockTransport:
    return httpx2.MockTransport(
        lambda _: httpx2.Response(status, content=body, headers={"content-type": kind})
    )


def openai_client(status: int, body: bytes, kind: str = JSON) -> openai.OpenAI:
    """A client whose every request is answered so; it retries nothing."""
    return openai.OpenAI(
        api_key="k",
        base_url="http://gateway.example/v1",
        max_retries=0,
        http_client=httpx2.Client(transport=_transport(status, body, kind)),
    )


def anthropic_client(status: int, body: bytes, kind: str = JSON) -> anthropic.Anthropic:
    """A client whose every request is answered so; it retries nothing."""
    return anthropic.Anthropic(
        api_key="k",
        base_url="http://gateway.example",
        max_retries=0,
        http_client=httpx2.Client(transport=_transport(status, body, kind)),
    )
