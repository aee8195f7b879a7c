"""Requests of Messages, to and from the neutral form."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

import msgspec

from licet.wire.conversation import (
    Call,
    Choice,
    Conversation,
    Document,
    Image,
    Notes,
    Part,
    Result,
    Shape,
    Text,
    Tool,
    Turn,
    object_of,
)

TOKENS_MAX_DEFAULT: Final = 8192
"""Sent for a caller whose dialect needs no bound: every model in service writes as much."""

INVALID: Final = "INVALID_JSON"
"""The only key of an input that holds what a model wrote instead of an object."""

DIRECT: Final = {"type": "direct"}
"""The caller of a tool that the model itself calls; any other is code that the vendor runs."""

_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_KINDS: Final = {"auto": "auto", "required": "any", "none": "none", "one": "tool"}
_BLOCK_KEYS: Final[dict[str, frozenset[str]]] = {
    "text": frozenset({"type", "text"}),
    "image": frozenset({"type", "source"}),
    "document": frozenset({"type", "source", "title"}),
    "tool_use": frozenset({"type", "id", "name", "input"}),
    "tool_result": frozenset({"type", "tool_use_id", "content", "is_error"}),
}
_CONFIG_KEYS: Final = frozenset({"format", "effort"})
_CHOICE_KEYS: Final = frozenset({"type", "name", "disable_parallel_tool_use"})
_METADATA_KEYS: Final = frozenset({"user_id"})
_MESSAGE_KEYS: Final = frozenset({"role", "content"})
_TOOL_KEYS: Final = frozenset({"type", "name", "description", "input_schema", "strict"})


def read(said: dict[str, Any], notes: Notes) -> Conversation:
    """What the top level of a Messages request asks; `said` holds no null."""
    messages = notes.array(said.get("messages", []), "messages")
    turns = tuple(_read_turn(notes.object(message, "messages"), notes) for message in messages)
    if turns and turns[-1].role == "assistant":
        notes.refuse("messages.prefill")
    config = notes.object(said.get("output_config", {}), "output_config")
    if config.get("effort") is not None:
        notes.lose("output_config.effort")
    notes.rest(config, _CONFIG_KEYS, "output_config")
    choice = notes.object(said.get("tool_choice", {}), "tool_choice")
    notes.rest(choice, _CHOICE_KEYS, "tool_choice")
    metadata = notes.object(said.get("metadata", {}), "metadata")
    notes.rest(metadata, _METADATA_KEYS, "metadata")
    alone = choice.get("disable_parallel_tool_use")
    return Conversation(
        system=_read_system(said.get("system"), notes),
        turns=turns,
        tools=tuple(
            _read_tool(tool, notes) for tool in notes.array(said.get("tools", []), "tools")
        ),
        choice=_read_choice(choice, notes),
        parallel=None if alone is None else not alone,
        tokens_max=said.get("max_tokens"),
        temperature=said.get("temperature"),
        top_p=said.get("top_p"),
        stop=tuple(notes.array(said.get("stop_sequences", []), "stop_sequences")),
        shape=_read_shape(config.get("format"), notes),
        user=metadata.get("user_id"),
        stream=said.get("stream", False),
    )


def _read_system(system: Any, notes: Notes) -> tuple[str, ...]:
    if system is None:
        return ()
    if isinstance(system, str):
        return (system,)
    texts = []
    for value in notes.array(system, "system"):
        block = notes.object(value, "system")
        notes.rest(block, _BLOCK_KEYS["text"], "system")
        texts.append(notes.text(block.get("text"), "system.text"))
    return tuple(texts)


def _read_turn(message: dict[str, Any], notes: Notes) -> Turn:
    role, content = message.get("role"), message.get("content")
    if role not in ("user", "assistant"):
        notes.misshapen("messages.role")
    notes.rest(message, _MESSAGE_KEYS, "messages")
    if isinstance(content, str):
        return Turn(role, (Text(content),))
    parts: list[Part] = []
    for value in notes.array(content, "messages.content"):
        block = notes.object(value, "messages.content")
        if block.get("type") in ("thinking", "redacted_thinking"):
            notes.lose(f"messages.content.{block['type']}")
        else:
            parts.append(_read_block(block, notes))
    return Turn(role, tuple(parts))


def _read_block(block: dict[str, Any], notes: Notes) -> Part:
    kind = block.get("type")
    known = _BLOCK_KEYS.get(kind) if isinstance(kind, str) else None
    if known is None:
        notes.refuse("messages.content.unknown")
    if kind == "tool_use" and block.get("caller") == DIRECT:
        known |= {"caller"}
    notes.rest(block, known, "messages.content")
    if kind == "tool_use":
        value = block.get("input", {})
        return Call(
            id=notes.text(block.get("id"), "messages.content.id"),
            name=notes.text(block.get("name"), "messages.content.name"),
            arguments=arguments_of(value),
        )
    if kind == "tool_result":
        if block.get("is_error"):
            notes.lose("messages.content.is_error")
        return Result(
            call=notes.text(block.get("tool_use_id"), "messages.content.tool_use_id"),
            parts=_read_result(block.get("content"), notes),
        )
    return _read_shown(block, notes)


def _read_result(content: Any, notes: Notes) -> tuple[Text | Image | Document, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    blocks = [
        notes.object(value, "messages.content")
        for value in notes.array(content, "messages.content")
    ]
    for block in blocks:
        known = _BLOCK_KEYS.get(str(block.get("type")))
        if known is None:
            notes.refuse("messages.content.unknown")
        notes.rest(block, known, "messages.content")
    return tuple(_read_shown(block, notes) for block in blocks)


def _read_shown(block: dict[str, Any], notes: Notes) -> Text | Image | Document:
    kind = block.get("type")
    if kind == "text":
        return Text(notes.text(block.get("text"), "messages.content.text"))
    source = notes.object(block.get("source"), "messages.content.source")
    form = source.get("type")
    if kind == "image" and form == "url":
        return Image(url=notes.text(source.get("url"), "messages.content.source.url"))
    if kind == "document" and form == "url" and notes.keeps("messages.content.document.url"):
        address = notes.text(source.get("url"), "messages.content.source.url")
        return Document(url=address, name=block.get("title") or "")
    if kind == "document" and form == "text":
        return Text(notes.text(source.get("data"), "messages.content.source.data"))
    if form != "base64":
        known = form in ("file", "url")
        notes.refuse(f"messages.content.{kind}.{form}" if known else "messages.content.unknown")
    media_type = notes.text(source.get("media_type"), "messages.content.source.media_type")
    data = notes.text(source.get("data"), "messages.content.source.data")
    if kind == "image":
        return Image(media_type=media_type, data=data)
    if kind == "document":
        return Document(media_type=media_type, data=data, name=block.get("title") or "")
    return notes.refuse("messages.content.unknown")


def _read_tool(value: Any, notes: Notes) -> Tool:
    tool = notes.object(value, "tools")
    if tool.get("type") not in (None, "custom"):
        notes.refuse("tools.type")
    notes.rest(tool, _TOOL_KEYS, "tools")
    return Tool(
        name=notes.text(tool.get("name"), "tools.name"),
        description=tool.get("description"),
        schema=tool.get("input_schema"),
        strict=tool.get("strict"),
    )


def _read_choice(choice: dict[str, Any], notes: Notes) -> Choice | None:
    kind = choice.get("type")
    if kind is None:
        return None
    if kind == "auto":
        return Choice("auto")
    if kind == "any":
        return Choice("required")
    if kind == "none":
        return Choice("none")
    if kind == "tool":
        return Choice("one", notes.text(choice.get("name"), "tool_choice.name"))
    return notes.misshapen("tool_choice.type")


def _read_shape(form: Any, notes: Notes) -> Shape | None:
    if form is None:
        return None
    if notes.object(form, "output_config.format").get("type") != "json_schema":
        notes.refuse("output_config.format")
    return Shape(schema=form.get("schema") or {})


def write(asked: Conversation, notes: Notes) -> dict[str, Any]:
    """The top level of a Messages request, but for its model."""
    tokens = asked.tokens_max
    if tokens is None:
        notes.lose("max_tokens_default")
        tokens = TOKENS_MAX_DEFAULT
    body: dict[str, Any] = {"max_tokens": tokens}
    if asked.system:
        body["system"] = "\n\n".join(asked.system)
    body["messages"] = _write_turns(asked.turns)
    if asked.tools:
        body["tools"] = [_write_tool(tool) for tool in asked.tools]
        choice = _write_choice(asked)
        if choice is not None:
            body["tool_choice"] = choice
    if asked.shape is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": asked.shape.schema}}
    temperature = asked.temperature
    if isinstance(temperature, int | float) and temperature > 1:
        notes.lose("temperature_above_1")
        temperature = 1.0
    said = {
        "temperature": temperature,
        "top_p": asked.top_p,
        "stop_sequences": list(asked.stop) or None,
        "metadata": None if asked.user is None else {"user_id": asked.user},
        "stream": asked.stream or None,
    }
    body.update((name, value) for name, value in said.items() if value is not None)
    return body


def _write_turns(turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
    """Turns of one role in a row are one message: results must follow their calls at once."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        blocks = [_write_part(part) for part in turn.parts if not _is_empty(part)]
        assert turn.role != "system", "the table has no place for one in this dialect"
        if not blocks:
            continue
        if messages and messages[-1]["role"] == turn.role:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": turn.role, "content": blocks})
    return messages


def _is_empty(part: Part) -> bool:
    # Vendors of this dialect refuse an empty text.
    return isinstance(part, Text) and not part.text


def _write_part(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "image", "source": _write_source(part)}
    if isinstance(part, Document):
        block = {"type": "document", "source": _write_source(part)}
        return block | ({"title": part.name} if part.name else {})
    if isinstance(part, Call):
        return {
            "type": "tool_use",
            "id": fitting_id(part.id),
            "name": part.name,
            "input": input_of(part.arguments),
        }
    return {
        "type": "tool_result",
        "tool_use_id": fitting_id(part.call),
        "content": [_write_part(p) for p in part.parts if not _is_empty(p)],
    }


def _write_source(part: Image | Document) -> dict[str, Any]:
    if part.url:
        return {"type": "url", "url": part.url}
    return {"type": "base64", "media_type": part.media_type, "data": part.data}


def _write_tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        written["description"] = tool.description
    written["input_schema"] = tool.schema or {"type": "object", "properties": {}}
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written


def _write_choice(asked: Conversation) -> dict[str, Any] | None:
    choice = asked.choice
    if choice is None and asked.parallel is None:
        return None
    written: dict[str, Any] = {"type": _KINDS["auto" if choice is None else choice.kind]}
    if choice is not None and choice.kind == "one":
        written["name"] = choice.name
    if asked.parallel is not None and written["type"] != "none":
        written["disable_parallel_tool_use"] = not asked.parallel
    return written


def fitting_id(id: str) -> str:
    """The id of a call as vendors of Messages take it: the same for the call and its result."""
    if _ID.fullmatch(id):
        return id
    return f"toolu_{hashlib.sha256(id.encode(errors='replace')).hexdigest()[:32]}"


def input_of(arguments: str) -> dict[str, Any]:
    """The object that some arguments are; what is none is kept as it was written, in the wrapping
    that the dialect's own documentation gives it ("fine-grained tool streaming")."""
    found = object_of(arguments or "{}")
    return {INVALID: arguments} if found is None else found


def arguments_of(value: Any) -> str:
    """The text of an input, as it was written before it was wrapped."""
    if isinstance(value, dict) and value.keys() == {INVALID} and isinstance(value[INVALID], str):
        return str(value[INVALID])
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
