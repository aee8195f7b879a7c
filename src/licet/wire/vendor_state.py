"""State that a vendor would keep for a caller of Responses: what the gateway refuses, and why.

All callers share the operator's account, so that by an id one could read on what another has
said; and what one vendor keeps, no other knows when it must take over.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

import msgspec

from licet.terms import CallerFault, Place

_VALUE: Final = msgspec.json.Decoder()


class _Named(msgspec.Struct, gc=False):
    type: Any = None
    role: Any = None


_ITEMS: Final = msgspec.json.Decoder(list[_Named])
_REMEDIES: Final = {
    "conversation": "send the items of the conversation in `input`",
    "previous_response_id": "send the input and the output of the answers before in `input`",
    "background": "leave it out, and stream the answer where it takes long",
    "item_reference": "send the item itself in `input`",
}


def read_previous(fields: dict[str, msgspec.Raw]) -> str:
    """The id of the response that a request goes on from; empty where it does not.

    Raises `CallerFault` (`invalid_type`).
    """
    raw = fields.get("previous_response_id")
    if raw is None:
        return ""
    try:
        return msgspec.json.decode(raw, type=str | None) or ""
    except msgspec.DecodeError:
        raise CallerFault(
            "invalid_type",
            "`previous_response_id` is not a string",
            place=Place("previous_response_id"),
            remedy="set it to the `id` of a response, or leave it out",
        ) from None


def previous_refused() -> CallerFault:
    """Where the gateway keeps no conversations, an id could only be a vendor's."""
    return _fault("previous_response_id", "previous_response_id")


def refuse_vendor_state(fields: dict[str, msgspec.Raw]) -> None:
    """Raises `CallerFault` (`vendor_state`) for a request that rests on what a vendor keeps; the
    response before it (`read_previous`) is one that the gateway may keep."""
    raw = fields.get("conversation")
    if raw is not None and bytes(raw) != b"null":
        _refuse("conversation", "conversation")
    raw = fields.get("background")
    if raw is not None and bytes(raw) not in (b"null", b"false"):
        _refuse("background", "background")
    raw = fields.get("input")
    if raw is None or bytes(raw)[:1] != b"[":
        return
    try:
        items = _ITEMS.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        # Of a shape that nobody knows: the vendor is the judge of it.
        return
    for item in items:
        # An item with an id alone is a reference too; a message needs no type, but a role.
        if item.type == "item_reference" or (item.type is None and item.role is None):
            _refuse("input", "item_reference")


def _refuse(place: str, name: str) -> NoReturn:
    raise _fault(place, name)


def _fault(place: str, name: str) -> CallerFault:
    return CallerFault(
        "vendor_state",
        f"`{name}` rests on what one vendor keeps, for everybody who shares its account",
        place=Place(place),
        remedy=_REMEDIES[name],
    )
