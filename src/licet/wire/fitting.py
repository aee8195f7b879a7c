"""Fitting: what one vendor wants of a request beside its dialect, set, renamed or left out.

Sources: OpenAI API reference (`safety_identifier`, `user`, `max_completion_tokens`); Anthropic
API reference (`metadata.user_id`, `inference_geo`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from licet.wire.dialect import CHAT, MESSAGES
from licet.wire.requests import Request

EndUser = Literal["keep", "hash", "drop"]
TokenLimit = Literal["max_tokens", "max_completion_tokens"]

INFERENCE_GEO: Final = "inference_geo"
_LIMITS: Final[tuple[TokenLimit, TokenLimit]] = ("max_tokens", "max_completion_tokens")
_NAMES: Final = ("safety_identifier", "user")


@dataclass(frozen=True, kw_only=True)
class Manner:
    """What an endpoint wants. `end_user`: whether the fields that name a person go as they came,
    hold a keyed hash, or are left out. `token_limit`: the only name that it has in chat for the
    bound on an answer. `geos`: from a place (ISO 3166-1 alpha-2) to the vendor's word for
    inferring there."""

    end_user: EndUser = "keep"
    token_limit: TokenLimit | None = None
    geos: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        return self.end_user == "keep" and self.token_limit is None and not self.geos

    def geo(self, places: frozenset[str]) -> str:
        """The vendor's word for one of these places; empty where it has none."""
        return next((word for place, word in self.geos.items() if place in places), "")


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A request as a vendor wants it. `dropped`, `stripped`: names, in the vendor's dialect, of
    what a caller sent in vain, and of what named a person. `geo`: where the vendor is asked to
    infer, in its words."""

    request: Request
    dropped: tuple[str, ...] = ()
    stripped: tuple[str, ...] = ()
    geo: str = ""


def fit(request: Request, manner: Manner, *, pseudonym: Callable[[str], str], geo: str) -> Fitted:
    """The request, already in the vendor's dialect, in the vendor's manner.

    `pseudonym` makes a keyed hash of the person, or where none is known of the name that the
    caller gave (empty: none); it is empty where nobody is named. `geo`: where it must be
    inferred, in the vendor's words; empty: wherever the caller wants.
    """
    fields: dict[str, Any] = dict(request.fields)
    dropped: list[str] = []
    stripped: list[str] = []
    if manner.end_user != "keep":
        named = _take_name(request, fields, stripped)
        shown = pseudonym(named) if manner.end_user == "hash" else ""
        if shown:
            _name(request, fields, shown)
    if manner.token_limit is not None and request.dialect == CHAT:
        _rename_limit(fields, manner.token_limit, dropped)
    if request.dialect == MESSAGES and request.operation == "answer":
        if geo:
            asked = _text(fields.get(INFERENCE_GEO))
            if asked and asked != geo:
                stripped.append(INFERENCE_GEO)
            fields[INFERENCE_GEO] = _raw(geo)
        geo = geo or _text(fields.get(INFERENCE_GEO))
    return Fitted(
        request=msgspec.structs.replace(request, fields=fields),
        dropped=tuple(dropped),
        stripped=tuple(stripped),
        geo=geo,
    )


def _take_name(request: Request, fields: dict[str, Any], stripped: list[str]) -> str:
    """Takes out what names a person, and says the first name that was there."""
    if request.dialect == MESSAGES:
        return _take_user_id(fields, stripped)
    names = []
    for name in _NAMES:
        if name in fields:
            names.append(_text(fields.pop(name)))
            stripped.append(name)
    return next(filter(None, names), "")


def _take_user_id(fields: dict[str, Any], stripped: list[str]) -> str:
    raw = fields.get("metadata")
    if raw is None:
        return ""
    try:
        metadata = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        # Nobody can tell whom it names.
        del fields["metadata"]
        stripped.append("metadata")
        return ""
    if "user_id" not in metadata:
        return ""
    stripped.append("metadata.user_id")
    named = metadata.pop("user_id")
    if metadata:
        fields["metadata"] = _raw(metadata)
    else:
        del fields["metadata"]
    return named if isinstance(named, str) else ""


def _name(request: Request, fields: dict[str, Any], shown: str) -> None:
    if request.operation == "embeddings":
        fields["user"] = _raw(shown)
    elif request.dialect != MESSAGES:
        fields["safety_identifier"] = _raw(shown)
    elif request.operation == "answer":
        raw = fields.get("metadata")
        others = {} if raw is None else msgspec.json.decode(raw)
        fields["metadata"] = _raw({**others, "user_id": shown})


def _rename_limit(fields: dict[str, Any], wanted: TokenLimit, dropped: list[str]) -> None:
    """Both names bound the answer; of two bounds, the one under the vendor's own name holds."""
    other = _LIMITS[_LIMITS[0] == wanted]
    if other not in fields:
        return
    bound = fields.pop(other)
    if wanted not in fields:
        fields[wanted] = bound
    elif bytes(fields[wanted]) != bytes(bound):
        dropped.append(other)


def _text(raw: Any) -> str:
    """The text that a raw value is; empty for any other value."""
    if raw is None:
        return ""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
