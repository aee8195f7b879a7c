"""What a request is to the gateway, and what it asks of a model."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from licet.wire.dialect import RESPONSES, Dialect, Operation

Ability = Literal["tools", "images", "audio", "documents", "reasoning", "structured", "prefill"]
"""What a request may ask of a model that not every model can do."""

BACKSLASH: Final = 0x5C

_INTEGER: Final = msgspec.json.Decoder(int)


class _Part(msgspec.Struct, gc=False):
    type: Any = None


class _Message(msgspec.Struct, gc=False):
    role: Any = None
    content: list[_Part] | str | None = None


class _Item(msgspec.Struct, gc=False):
    """An item of the input of Responses: a message, or something else that was said or done."""

    type: Any = None
    role: Any = None
    content: Any = None
    output: Any = None


class _Format(msgspec.Struct, gc=False):
    type: Any = None


class _TextConfig(msgspec.Struct, gc=False):
    format: _Format | None = None


_MESSAGES: Final = msgspec.json.Decoder(list[_Message])
_ITEMS: Final = msgspec.json.Decoder(list[_Item] | str | None)
_TEXT_CONFIG: Final = msgspec.json.Decoder(_TextConfig)

_FIELDS_OF_ABILITY: Final[dict[Ability, tuple[str, ...]]] = {
    "tools": ("tools", "functions"),
    "reasoning": ("reasoning_effort", "thinking", "reasoning"),
    "structured": ("response_format", "output_config", "output_format"),
}
_PARTS_OF_ABILITY: Final[dict[Ability, tuple[bytes, frozenset[str]]]] = {
    "images": (b"image", frozenset({"image", "image_url", "input_image"})),
    "audio": (b"audio", frozenset({"input_audio"})),
    "documents": (b"", frozenset({"document", "file", "input_file"})),
}
_EMPTY: Final = frozenset({b"null", b"[]", b"{}", b'""'})


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A caller's request: `fields` is the top level, values as raw JSON.

    `usage_asked` says that a chat stream must end with usage for this caller. `size` is the
    body's length in bytes, the ground of an estimate.
    """

    dialect: Dialect
    model: str
    stream: bool
    usage_asked: bool
    size: int
    fields: dict[str, msgspec.Raw]
    operation: Operation = "answer"
    previous: str = ""
    """Of Responses: the id of the response that it goes on from."""

    def uses(self, ability: Ability) -> bool:
        """Whether the request needs `ability`; read from the nested bytes on demand."""
        names = _FIELDS_OF_ABILITY.get(ability)
        if names is not None:
            held = any(self._holds(name) for name in names)
            return held or (ability == "structured" and self._is_shaped())
        if ability == "prefill":
            messages = self._messages()
            return bool(messages) and messages[-1].role == "assistant"
        word, kinds = _PARTS_OF_ABILITY[ability]
        raw = bytes(self.fields.get("input" if self.dialect == RESPONSES else "messages", b""))
        # A part's type can only hide from the plain search behind an escape.
        if word not in raw and (BACKSLASH not in raw or b"\\u" not in raw):
            return False
        return any(
            part.type in kinds
            for message in self._messages()
            if isinstance(message.content, list)
            for part in message.content
            if isinstance(part.type, str)
        )

    @property
    def max_tokens(self) -> int | None:
        """The caller's bound on the answer in tokens; None without one that can be read."""
        for name in ("max_completion_tokens", "max_tokens", "max_output_tokens"):
            raw = self.fields.get(name)
            if raw is not None:
                try:
                    return _INTEGER.decode(raw)
                except msgspec.DecodeError:
                    return None
        return None

    def _holds(self, name: str) -> bool:
        raw = self.fields.get(name)
        return raw is not None and bytes(raw) not in _EMPTY

    def _messages(self) -> list[_Message]:
        # Messages of a shape that nobody knows need no ability that we could name: the
        # vendor is the judge of them.
        try:
            if self.dialect == RESPONSES:
                return _messages_of(_ITEMS.decode(self.fields.get("input", b"[]")))
            return _MESSAGES.decode(self.fields.get("messages", b"[]"))
        except (msgspec.DecodeError, RecursionError):
            return []

    def _is_shaped(self) -> bool:
        try:
            config = _TEXT_CONFIG.decode(self.fields.get("text", b"{}"))
        except (msgspec.DecodeError, RecursionError):
            return False
        return config.format is not None and config.format.type not in (None, "text")


def _messages_of(items: list[_Item] | str | None) -> list[_Message]:
    """The messages of an input, and what tools have shown, as messages."""
    if not isinstance(items, list):
        return []
    found = []
    for item in items:
        shown = item.content if item.content is not None else item.output
        parts = shown if isinstance(shown, list) else []
        kinds = [_Part(part.get("type")) for part in parts if isinstance(part, dict)]
        found.append(_Message(item.role, kinds))
    return found
