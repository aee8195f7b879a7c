"""Reasoning in the input of Responses: whose it is, and what of it goes to nobody.

A vendor's own reasoning is bound to it (by encryption, or by an id that it alone knows), and
another vendor refuses a request that holds some. What we have told of another dialect's
reasoning is bound to nobody. Where neither is there, no byte is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

REASONING_ID: Final = b"rs_licet_"
"""How the ids of items begin in which we tell a caller of Responses what a vendor of another
dialect has thought. They come back in the next request, where no vendor would know them."""

_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw] | str | None)


class _Named(msgspec.Struct, gc=False):
    type: Any = None
    id: Any = None


_NAMED: Final = msgspec.json.Decoder(_Named)


def without_told(items: msgspec.Raw) -> msgspec.Raw:
    """The items of an input but for the reasoning that we have told."""
    if REASONING_ID not in bytes(items):
        return items
    return _without(items, _is_told)


def without_reasoning(items: msgspec.Raw) -> msgspec.Raw:
    """The items of an input but for all reasoning; the same value where there is none."""
    if b"reasoning" not in bytes(items):
        return items
    return _without(items, _is_reasoning)


def _without(items: msgspec.Raw, is_out: Callable[[msgspec.Raw], bool]) -> msgspec.Raw:
    try:
        found = _ITEMS.decode(items)
    except (msgspec.DecodeError, RecursionError):
        return items
    if not isinstance(found, list):
        return items
    kept = [item for item in found if not is_out(item)]
    return items if len(kept) == len(found) else msgspec.Raw(msgspec.json.encode(kept))


def _is_told(item: msgspec.Raw) -> bool:
    named = _named(item).id
    return isinstance(named, str) and named.encode(errors="replace").startswith(REASONING_ID)


def _is_reasoning(item: msgspec.Raw) -> bool:
    return bool(_named(item).type == "reasoning")


def _named(item: msgspec.Raw) -> _Named:
    try:
        return _NAMED.decode(item)
    except (msgspec.DecodeError, RecursionError):
        return _Named()
