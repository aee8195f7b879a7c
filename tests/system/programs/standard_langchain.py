"""LangChain's standard suite of chat models, for its clients of each dialect, through a gateway.

Run by pytest in the clients' environment; the gateway's URL and key, the workload, and another one
with which it may be overridden, are in the environment.
"""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

URL, KEY, MODEL, OTHER = (
    os.environ[f"GATEWAY_{name}"] for name in ("URL", "KEY", "MODEL", "OTHER")
)


@pytest.fixture(autouse=True, scope="session")
def documents() -> Any:
    """What the suite fetches to show it to a model: here is no network, and any bytes will do."""
    with patch.object(httpx, "get", lambda *_, **__: httpx.Response(200, content=b"%PDF-1.4 ")):
        yield


class _Standard(ChatModelIntegrationTests):
    """All that the suite can ask, switched on."""

    @property
    def model_override_value(self) -> str | None:
        return OTHER

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_urls(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True


class TestChat(_Standard):
    """Of Chat Completions."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": MODEL, "base_url": f"{URL}/v1", "api_key": KEY, "stream_usage": True}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_audio_inputs(self) -> bool:
        return True


class TestResponses(TestChat):
    """Of Responses."""

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "use_responses_api": True}


class TestMessages(_Standard):
    """Of Messages."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatAnthropic

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": MODEL, "base_url": URL, "api_key": KEY}

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True
