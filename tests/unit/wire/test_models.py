"""The list of models, as the official clients see it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from licet.terms import to_instant
from licet.wire import ModelEntry, write_model, write_models
from tests.unit.wire.clients import anthropic_client, openai_client

MADE = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENTRIES = [
    ModelEntry(id="code-review", name="Code review"),
    ModelEntry(
        id="claude-opus-4.8",
        owned_by="anthropic",
        created_at=to_instant(MADE),
        lifecycle="deprecated",
    ),
]


def test_the_chat_client_lists_the_models() -> None:
    listed = openai_client(200, write_models("chat", ENTRIES)).models.list()
    assert [model.id for model in listed] == ["code-review", "claude-opus-4.8"]
    assert [model.object for model in listed] == ["model", "model"]
    assert [model.owned_by for model in listed] == ["licet", "anthropic"]
    assert [model.created for model in listed] == [0, int(MADE.timestamp())]


def test_the_messages_client_lists_the_models_on_one_page() -> None:
    page = anthropic_client(200, write_models("messages", ENTRIES)).models.list()
    assert (page.first_id, page.last_id) == ("code-review", "claude-opus-4.8")
    assert not page.has_next_page()
    assert [model.type for model in page.data] == ["model", "model"]
    assert [model.display_name for model in page.data] == ["Code review", "claude-opus-4.8"]
    assert page.data[1].created_at == MADE
    assert [model.lifecycle for model in page.data] == ["active", "deprecated"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_both_clients_retrieve_one_model(entry: ModelEntry) -> None:
    chat = openai_client(200, write_model("chat", entry)).models.retrieve(entry.id)
    messages = anthropic_client(200, write_model("messages", entry)).models.retrieve(entry.id)
    assert chat.id == messages.id == entry.id


def test_a_caller_who_may_use_nothing_gets_an_empty_list() -> None:
    assert openai_client(200, write_models("chat", [])).models.list().data == []
    page = anthropic_client(200, write_models("messages", [])).models.list()
    assert page.data == []
    assert (page.first_id, page.last_id) == (None, None)
