"""Models that a vendor may put in the place of the one that was asked for, by itself.

Sources: Anthropic API reference (`fallbacks`: entries with a model, or `default`); OpenRouter API
reference (`models`, tried in order). Whoever may not use a model must not get it by this way
either: only names that the gateway lets pass are sent, as the vendor spells them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import structs

from licet.wire.requests import Request

SUBSTITUTES: Final = frozenset({"fallbacks", "models"})
"""Parameters that name such models, in whatever dialect."""


def with_substitutes(
    request: Request, name_of: Callable[[str], str]
) -> tuple[Request, tuple[str, ...]]:
    """The request with those substitutes alone for which `name_of` has the vendor's name, and
    the names of the parameters that lost something. What names no model, as a vendor's own default
    list, is left out: nobody can say which models it means, or will mean tomorrow.
    """
    fields: dict[str, Any] = dict(request.fields)
    lost: list[str] = []
    for field in sorted(SUBSTITUTES & request.fields.keys()):
        entries = _entries(fields.pop(field))
        kept = [named for entry in entries or () if (named := _named(entry, name_of)) is not None]
        if kept:
            fields[field] = msgspec.Raw(msgspec.json.encode(kept))
        if entries is None or len(kept) < len(entries):
            lost.append(field)
    return structs.replace(request, fields=fields), tuple(lost)


def substitutes_of(request: Request) -> tuple[str, ...]:
    """The models that the request names so, in order, each once."""
    entries = [
        entry
        for field in sorted(SUBSTITUTES & request.fields.keys())
        for entry in _entries(request.fields[field]) or ()
    ]
    named = (entry.get("model") if isinstance(entry, dict) else entry for entry in entries)
    return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))


def _entries(raw: Any) -> list[Any] | None:
    """The entries of a list; None for anything else that says something."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if value is None:
        return []
    return value if isinstance(value, list) else None


def _named(entry: Any, name_of: Callable[[str], str]) -> Any:
    """The entry under the vendor's name of its model; None where that may not be asked for."""
    if isinstance(entry, str):
        return name_of(entry) or None
    if isinstance(entry, dict) and isinstance(entry.get("model"), str):
        name = name_of(entry["model"])
        return {**entry, "model": name} if name else None
    return None
