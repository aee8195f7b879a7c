"""Requests of Chat Completions, to and from the neutral form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final

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
)
from licet.wire.data_urls import DOCUMENT_NAME, document_of, image_of, url_of

ID_CHARACTERS_MAX: Final = 40

_OPTION_KEYS: Final = frozenset({"include_usage"})
_PART_KEYS: Final = frozenset({"type", "text", "refusal", "image_url", "file", "input_audio"})
_FILE_KEYS: Final = frozenset({"file_data", "filename"})
_TOOL_KEYS: Final = frozenset({"type", "function"})
_FUNCTION_KEYS: Final = frozenset({"name", "description", "parameters", "strict"})
_SHAPE_KEYS: Final = frozenset({"name", "schema", "strict"})
_DESCRIBED_KEYS: Final = _SHAPE_KEYS | {"description"}
_SHARED: Final = (
    "metadata",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
    "store",
)
_MESSAGE_KEYS: Final = frozenset({"role", "content", "tool_calls", "tool_call_id", "refusal"})


def read(said: dict[str, Any], notes: Notes) -> Conversation:
    """What the top level of a chat request asks; `said` holds no null."""
    system: list[str] = []
    turns: list[Turn] = []
    for message in notes.array(said.get("messages", []), "messages"):
        _read_message(notes.object(message, "messages"), system, turns, notes)
    options = notes.object(said.get("stream_options", {}), "stream_options")
    notes.rest(options, _OPTION_KEYS, "stream_options")
    tokens = said.get("max_completion_tokens", said.get("max_tokens"))
    stop = said.get("stop", [])
    return Conversation(
        system=tuple(system),
        turns=tuple(turns),
        tools=tuple(
            _read_tool(tool, notes) for tool in notes.array(said.get("tools", []), "tools")
        ),
        choice=_read_choice(said.get("tool_choice"), notes),
        parallel=said.get("parallel_tool_calls"),
        tokens_max=tokens,
        temperature=said.get("temperature"),
        top_p=said.get("top_p"),
        stop=(stop,) if isinstance(stop, str) else tuple(notes.array(stop, "stop")),
        shape=_read_shape(said.get("response_format"), notes),
        user=said.get("safety_identifier", said.get("user")),
        effort=said.get("reasoning_effort"),
        verbosity=said.get("verbosity"),
        shared={name: said[name] for name in _SHARED if name in said},
        stream=said.get("stream", False),
    )


def _read_message(
    message: dict[str, Any], system: list[str], turns: list[Turn], notes: Notes
) -> None:
    role = message.get("role")
    notes.rest(message, _MESSAGE_KEYS, "messages")
    parts = _read_parts(message.get("content"), notes)
    if role in ("system", "developer"):
        texts = [part for part in parts if isinstance(part, Text)]
        if turns and notes.keeps("messages.role.system_after_others"):
            turns.append(Turn("system", tuple(texts)))
            return
        if turns:
            notes.lose("messages.role.system_after_others")
        system += [part.text for part in texts]
    elif role == "user":
        turns.append(Turn("user", parts))
    elif role == "tool":
        call = notes.text(message.get("tool_call_id"), "messages.tool_call_id")
        turns.append(Turn("user", (Result(call=call, parts=parts),)))
    elif role == "assistant":
        refusal = message.get("refusal")
        said: list[Part] = list(parts)
        if isinstance(refusal, str):
            said.append(Text(refusal))
        calls = notes.array(message.get("tool_calls") or [], "messages.tool_calls")
        said += [_read_call(notes.object(call, "messages.tool_calls"), notes) for call in calls]
        turns.append(Turn("assistant", tuple(said)))
    else:
        notes.misshapen("messages.role")


def _read_parts(content: Any, notes: Notes) -> tuple[Text | Image | Document, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    return tuple(
        _read_part(notes.object(part, "messages.content"), notes)
        for part in notes.array(content, "messages.content")
    )


def _read_part(part: dict[str, Any], notes: Notes) -> Text | Image | Document:
    kind = part.get("type")
    notes.rest(part, _PART_KEYS, "messages.content")
    if kind in ("text", "refusal"):
        return Text(notes.text(part.get(kind), f"messages.content.{kind}"))
    if kind == "image_url":
        image = notes.object(part.get("image_url"), "messages.content.image_url")
        detail = image.get("detail")
        if detail in (None, "auto"):
            detail = ""
        elif not notes.keeps("messages.content.image_url.detail"):
            notes.lose("messages.content.image_url.detail")
        return image_of(notes.text(image.get("url"), "messages.content.image_url.url"), str(detail))
    if kind == "file":
        file = notes.object(part.get("file"), "messages.content.file")
        if "file_data" not in file:
            notes.refuse("messages.content.file.file_id")
        notes.rest(file, _FILE_KEYS, "messages.content.file")
        data_url = notes.text(file["file_data"], "messages.content.file.file_data")
        return document_of(data_url, file.get("filename") or "")
    if kind == "input_audio":
        notes.refuse("messages.content.input_audio")
    return notes.refuse("messages.content.unknown")


def _read_call(call: dict[str, Any], notes: Notes) -> Call:
    function = call.get("function")
    if not isinstance(function, dict):
        notes.refuse("messages.tool_calls.custom")
    arguments = function.get("arguments")
    return Call(
        id=notes.text(call.get("id"), "messages.tool_calls.id"),
        name=notes.text(function.get("name"), "messages.tool_calls.function.name"),
        arguments=notes.text(
            "" if arguments is None else arguments, "messages.tool_calls.function.arguments"
        ),
    )


def _read_tool(tool: Any, notes: Notes) -> Tool:
    function = notes.object(tool, "tools").get("function")
    if not isinstance(function, dict):
        notes.refuse("tools.custom")
    notes.rest(tool, _TOOL_KEYS, "tools")
    notes.rest(function, _FUNCTION_KEYS, "tools.function")
    return Tool(
        name=notes.text(function.get("name"), "tools.function.name"),
        description=function.get("description"),
        schema=function.get("parameters"),
        strict=function.get("strict"),
    )


def _read_choice(choice: Any, notes: Notes) -> Choice | None:
    if choice is None:
        return None
    if choice in ("auto", "required", "none"):
        return Choice(choice)
    function = notes.object(choice, "tool_choice").get("function")
    if not isinstance(function, dict):
        notes.refuse("tool_choice.allowed_tools")
    return Choice("one", notes.text(function.get("name"), "tool_choice.function.name"))


def _read_shape(form: Any, notes: Notes) -> Shape | None:
    if form is None:
        return None
    kind = notes.object(form, "response_format").get("type")
    if kind == "text":
        return None
    if kind != "json_schema":
        if kind == "json_object" and notes.keeps("response_format.json_object"):
            return Shape(schema=None)
        notes.refuse("response_format.json_object")
    inner = notes.object(form.get("json_schema"), "response_format.json_schema")
    described = notes.keeps("response_format.json_schema.description")
    known = _DESCRIBED_KEYS if described else _SHAPE_KEYS
    notes.rest(inner, known, "response_format.json_schema")
    return Shape(
        schema=inner.get("schema") or {},
        name=inner.get("name") or "answer",
        description=inner.get("description"),
        strict=inner.get("strict"),
    )


def write(asked: Conversation, notes: Notes) -> dict[str, Any]:
    """The top level of a chat request, but for its model."""
    messages: list[dict[str, Any]] = []
    if asked.system:
        messages.append({"role": "system", "content": "\n\n".join(asked.system)})
    for turn in asked.turns:
        messages += _write_turn(turn)
    body: dict[str, Any] = {"messages": messages}
    if asked.tools:
        body["tools"] = [_write_tool(tool) for tool in asked.tools]
    if asked.choice is not None:
        choice = asked.choice
        body["tool_choice"] = (
            {"type": "function", "function": {"name": choice.name}}
            if choice.kind == "one"
            else choice.kind
        )
    if asked.shape is not None:
        body["response_format"] = _write_shape(asked.shape)
    said = {
        "parallel_tool_calls": asked.parallel,
        "max_completion_tokens": asked.tokens_max,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "stop": list(asked.stop) or None,
        "user": asked.user,
        "reasoning_effort": asked.effort,
        "verbosity": asked.verbosity,
        "stream": asked.stream or None,
    }
    body.update((name, value) for name, value in said.items() if value is not None)
    return body


def _write_shape(shape: Shape) -> dict[str, Any]:
    if shape.schema is None:
        return {"type": "json_object"}
    inner = {"name": shape.name, "schema": shape.schema}
    if shape.description is not None:
        inner["description"] = shape.description
    if shape.strict is not None:
        inner["strict"] = shape.strict
    return {"type": "json_schema", "json_schema": inner}


def _write_turn(turn: Turn) -> Iterable[dict[str, Any]]:
    """Results come first and each in a message of its own, as their calls were made."""
    if turn.role == "system":
        yield {"role": "system", "content": _write_content(list(turn.parts))}
        return
    if turn.role == "assistant":
        yield _write_assistant(turn)
        return
    rest: list[Part] = []
    for part in turn.parts:
        if isinstance(part, Result):
            texts = [p.text for p in part.parts if isinstance(p, Text)]
            yield {
                "role": "tool",
                "tool_call_id": fitting_id(part.call),
                "content": "\n".join(texts),
            }
            # A `tool` message holds text alone: what a tool has shown follows, as the user's.
            rest += [p for p in part.parts if not isinstance(p, Text)]
        else:
            rest.append(part)
    if rest or not turn.parts:
        yield {"role": "user", "content": _write_content(rest)}


def _write_assistant(turn: Turn) -> dict[str, Any]:
    texts = [part.text for part in turn.parts if isinstance(part, Text)]
    calls = [part for part in turn.parts if isinstance(part, Call)]
    message: dict[str, Any] = {"role": "assistant", "content": "".join(texts) if texts else None}
    if calls:
        message["tool_calls"] = [
            {
                "id": fitting_id(call.id),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in calls
        ]
    elif not texts:
        message["content"] = ""
    return message


def _write_content(parts: list[Part]) -> Any:
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_write_part(part) for part in parts]


def _write_part(part: Part) -> dict[str, Any]:
    if isinstance(part, Image):
        shown = {"url": url_of(part)}
        if part.detail:
            shown["detail"] = part.detail
        return {"type": "image_url", "image_url": shown}
    if isinstance(part, Document):
        return {
            "type": "file",
            "file": {"filename": part.name or DOCUMENT_NAME, "file_data": url_of(part)},
        }
    assert isinstance(part, Text), "calls and results have messages of their own"
    return {"type": "text", "text": part.text}


def _write_tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.schema is not None:
        function["parameters"] = tool.schema
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def fitting_id(id: str) -> str:
    """The id of a call as chat vendors take it: the same for the call and for its result."""
    if len(id) <= ID_CHARACTERS_MAX:
        return id
    return f"call_{hashlib.sha256(id.encode(errors='replace')).hexdigest()[:32]}"
