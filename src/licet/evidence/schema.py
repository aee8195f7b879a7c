"""The published JSON Schema of leaves, made from the structs themselves."""

from __future__ import annotations

from typing import Any

import msgspec

from licet.evidence.leaves import SCHEMA, Leaf


def leaf_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one leaf: `docs/schema/evidence-leaf-v1.json`."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Licet evidence leaf, schema {SCHEMA}",
        "description": "One leaf of an evidence log, as canonical JSON (RFC 8785) of at most"
        " 65,535 bytes. A member that has its default is left out.",
    }
    return {**head, **msgspec.json.schema(Leaf)}


def leaf_schema_text() -> bytes:
    """The published file's content."""
    encoded = msgspec.json.encode(leaf_schema(), order="deterministic")
    return msgspec.json.format(encoded, indent=2) + b"\n"
