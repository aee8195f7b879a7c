"""The list of models that this caller may use now, in the form of OpenAI or of Anthropic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from licet.terms import SECOND_US, Instant, format_instant
from licet.wire.dialect import MESSAGES, Dialect

Lifecycle = Literal["active", "deprecated", "retired"]
_EPOCH: Final = Instant(0)


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list: a workload or a model. Where nobody knows when it was made,
    `created_at` is the epoch, as both vendors do it.
    """

    id: str
    name: str = ""
    owned_by: str = "licet"
    created_at: Instant = _EPOCH
    lifecycle: Lifecycle = "active"


def write_models(dialect: Dialect, entries: Sequence[ModelEntry]) -> bytes:
    """The body of `GET /v1/models`, all on one page."""
    data = [_form(dialect, entry) for entry in entries]
    if dialect != MESSAGES:
        return msgspec.json.encode({"object": "list", "data": data})
    return msgspec.json.encode(
        {
            "data": data,
            "has_more": False,
            "first_id": entries[0].id if entries else None,
            "last_id": entries[-1].id if entries else None,
        }
    )


def write_model(dialect: Dialect, entry: ModelEntry) -> bytes:
    """The body of `GET /v1/models/{id}`."""
    return msgspec.json.encode(_form(dialect, entry))


def _form(dialect: Dialect, entry: ModelEntry) -> dict[str, object]:
    if dialect != MESSAGES:
        return {
            "id": entry.id,
            "object": "model",
            "created": entry.created_at // SECOND_US,
            "owned_by": entry.owned_by,
        }
    return {
        "type": "model",
        "id": entry.id,
        "display_name": entry.name or entry.id,
        "created_at": format_instant(entry.created_at),
        "lifecycle": entry.lifecycle,
    }
