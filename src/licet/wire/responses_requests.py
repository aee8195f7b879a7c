"""Requests of Responses, to and from the neutral form."""

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

ID_CHARACTERS_MAX: Final = 64

_MESSAGE_KEYS: Final = frozenset({"type", "id", "status", "role", "content"})
_CALL_KEYS: Final = frozenset({"type", "id", "status", "call_id", "name", "arguments"})
_RESULT_KEYS: Final = frozenset({"type", "id", "status", "call_id", "name", "output"})
_PART_KEYS: Final[dict[str, frozenset[str]]] = {
    "input_text": frozenset({"type", "text"}),
    "output_text": frozenset({"type", "text"}),
    "refusal": frozenset({"type", "refusal"}),
    "input_image": frozenset({"type", "image_url", "detail"}),
    "input_file": frozenset({"type", "file_data", "file_url", "filename"}),
}
_TOOL_KEYS: Final = frozenset({"type", "name", "description", "parameters", "strict"})
_TEXT_KEYS: Final = frozenset({"format", "verbosity"})
_FORMAT_KEYS: Final = frozenset({"type", "name", "schema", "strict", "description"})
_REASONING_KEYS: Final = frozenset({"effort"})
_TRACES: Final = frozenset({"web_search_call", "file_search_call", "mcp_list_tools"})
"""Items that tell what a vendor's own tool did, where the answer needs none of it."""

_INCLUDED: Final = {
    "reasoning.encrypted_content": "include.reasoning",
    "message.output_text.logprobs": "include.logprobs",
}


def read(said: dict[str, Any], notes: Notes) -> Conversation:
    """What the top level of a Responses request asks; `said` holds no null."""
    instructions = said.get("instructions")
    system = [] if instructions is None else [notes.text(instructions, "instructions")]
    turns: list[Turn] = []
    given = said.get("input", [])
    if isinstance(given, str):
        turns.append(Turn("user", (Text(given),)))
    else:
        for item in notes.array(given, "input"):
            _read_item(notes.object(item, "input"), system, turns, notes)
    options = notes.object(said.get("stream_options", {}), "stream_options")
    notes.rest(options, frozenset(), "stream_options")
    for name in notes.array(said.get("include", []), "include"):
        notes.lose(_INCLUDED.get(str(name), "include.unknown"))
    text = notes.object(said.get("text", {}), "text")
    notes.rest(text, _TEXT_KEYS, "text")
    reasoning = notes.object(said.get("reasoning", {}), "reasoning")
    notes.rest(reasoning, _REASONING_KEYS, "reasoning")
    return Conversation(
        system=tuple(system),
        turns=tuple(turns),
        tools=tuple(
            _read_tool(tool, notes) for tool in notes.array(said.get("tools", []), "tools")
        ),
        choice=_read_choice(said.get("tool_choice"), notes),
        parallel=said.get("parallel_tool_calls"),
        tokens_max=said.get("max_output_tokens"),
        temperature=said.get("temperature"),
        top_p=said.get("top_p"),
        shape=_read_shape(text.get("format"), notes),
        user=said.get("safety_identifier", said.get("user")),
        effort=_kept(reasoning.get("effort"), "reasoning.effort", notes),
        verbosity=_kept(text.get("verbosity"), "text.verbosity", notes),
        stream=said.get("stream", False),
    )


def _kept(value: Any, name: str, notes: Notes) -> Any:
    """A value inside another parameter, or None once it is lost."""
    if value is not None and not notes.keeps(name):
        notes.lose(name)
        return None
    return value


def _read_item(item: dict[str, Any], system: list[str], turns: list[Turn], notes: Notes) -> None:
    kind = item.get("type", "message")
    if kind == "message":
        _read_message(item, system, turns, notes)
    elif kind == "function_call":
        notes.rest(item, _CALL_KEYS, "input")
        call = Call(
            id=notes.text(item.get("call_id"), "input.call_id"),
            name=notes.text(item.get("name"), "input.name"),
            arguments=notes.text(item.get("arguments"), "input.arguments"),
        )
        _add(turns, "assistant", call)
    elif kind == "function_call_output":
        notes.rest(item, _RESULT_KEYS, "input")
        parts = _read_parts(item.get("output"), notes)
        call_id = notes.text(item.get("call_id"), "input.call_id")
        _add(turns, "user", Result(call=call_id, parts=parts))
    elif kind == "reasoning":
        notes.lose("input.reasoning")
    elif isinstance(kind, str) and kind in _TRACES:
        notes.lose(f"input.{kind}")
    else:
        notes.refuse("input.unknown")


def _add(turns: list[Turn], role: Any, part: Part) -> None:
    """Calls in a row are of one turn, with the text before them, and so are their results."""
    last = turns[-1] if turns else None
    joins = last is not None and last.role == role
    if joins and role == "user":
        joins = last is not None and all(isinstance(p, Result) for p in last.parts)
    if last is not None and joins:
        turns[-1] = Turn(role, (*last.parts, part))
    else:
        turns.append(Turn(role, (part,)))


def _read_message(item: dict[str, Any], system: list[str], turns: list[Turn], notes: Notes) -> None:
    role = item.get("role")
    notes.rest(item, _MESSAGE_KEYS, "input")
    parts = _read_parts(item.get("content"), notes)
    if role in ("user", "assistant"):
        turns.append(Turn(role, parts))
        return
    if role not in ("system", "developer"):
        notes.misshapen("input.role")
    texts = [part for part in parts if isinstance(part, Text)]
    if turns and notes.keeps("input.role.system_after_others"):
        turns.append(Turn("system", tuple(texts)))
        return
    if turns:
        notes.lose("input.role.system_after_others")
    system += [part.text for part in texts]


def _read_parts(content: Any, notes: Notes) -> tuple[Text | Image | Document, ...]:
    if isinstance(content, str):
        return (Text(content),)
    return tuple(
        _read_part(notes.object(part, "input.content"), notes)
        for part in notes.array(content, "input.content")
    )


def _read_part(part: dict[str, Any], notes: Notes) -> Text | Image | Document:
    kind = part.get("type")
    known = _PART_KEYS.get(kind) if isinstance(kind, str) else None
    if known is None:
        notes.refuse("input.input_audio" if kind == "input_audio" else "input.unknown")
    if kind in ("input_text", "output_text", "refusal"):
        for key in part.keys() - known:
            # An answer that comes back has lists for these, mostly empty ones.
            if part[key]:
                notes.lose(f"input.{key}")
        return Text(notes.text(part.get("refusal" if kind == "refusal" else "text"), "input.text"))
    if part.get("file_id") is not None:
        notes.refuse(f"input.{kind}.file_id")
    notes.rest(part, known | {"file_id"}, "input" if kind == "input_image" else "input.input_file")
    if kind == "input_image":
        detail = part.get("detail")
        detail = "" if detail in (None, "auto") else str(detail)
        if detail:
            _kept(detail, "input.input_image.detail", notes)
        return image_of(notes.text(part.get("image_url"), "input.input_image.image_url"), detail)
    name = part.get("filename") or ""
    if part.get("file_data") is not None:
        data = notes.text(part["file_data"], "input.input_file.file_data")
        return document_of(data, name)
    address = notes.text(part.get("file_url"), "input.input_file.file_url")
    if not notes.keeps("input.input_file.file_url"):
        notes.refuse("input.input_file.file_url")
    return Document(url=address, name=name)


def _read_tool(value: Any, notes: Notes) -> Tool:
    tool = notes.object(value, "tools")
    if tool.get("type") != "function":
        notes.refuse("tools.type")
    notes.rest(tool, _TOOL_KEYS, "tools")
    return Tool(
        name=notes.text(tool.get("name"), "tools.name"),
        description=tool.get("description"),
        schema=tool.get("parameters"),
        strict=tool.get("strict"),
    )


def _read_choice(choice: Any, notes: Notes) -> Choice | None:
    if choice is None:
        return None
    if choice in ("auto", "required", "none"):
        return Choice(choice)
    if notes.object(choice, "tool_choice").get("type") != "function":
        notes.refuse("tool_choice.type")
    return Choice("one", notes.text(choice.get("name"), "tool_choice.name"))


def _read_shape(form: Any, notes: Notes) -> Shape | None:
    if form is None:
        return None
    kind = notes.object(form, "text.format").get("type")
    if kind == "text":
        return None
    if kind == "json_object" and notes.keeps("text.format.json_object"):
        return Shape(schema=None)
    if kind != "json_schema":
        notes.refuse("text.format.json_object")
    notes.rest(form, _FORMAT_KEYS, "text.format")
    return Shape(
        schema=form.get("schema") or {},
        name=form.get("name") or "answer",
        description=_kept(form.get("description"), "text.format.description", notes),
        strict=form.get("strict"),
    )


def write(asked: Conversation, notes: Notes) -> dict[str, Any]:
    """The top level of a Responses request, but for its model."""
    body: dict[str, Any] = {}
    if asked.system:
        body["instructions"] = "\n\n".join(asked.system)
    body["input"] = [item for turn in asked.turns for item in _write_turn(turn)]
    if asked.tools:
        body["tools"] = [_write_tool(tool) for tool in asked.tools]
    if asked.choice is not None:
        choice = asked.choice
        one = {"type": "function", "name": choice.name}
        body["tool_choice"] = one if choice.kind == "one" else choice.kind
    text: dict[str, Any] = {}
    if asked.shape is not None:
        text["format"] = _write_shape(asked.shape)
    if asked.verbosity is not None:
        text["verbosity"] = asked.verbosity
    said = {
        "text": text or None,
        "reasoning": None if asked.effort is None else {"effort": asked.effort},
        "parallel_tool_calls": asked.parallel,
        "max_output_tokens": asked.tokens_max,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "user": asked.user,
        "stream": asked.stream or None,
    }
    body.update((name, value) for name, value in said.items() if value is not None)
    # Vendors of this dialect keep every answer unless they are told otherwise; the caller's
    # own dialect is one where nobody does.
    return body | {"store": False} | asked.shared


def _write_turn(turn: Turn) -> Iterable[dict[str, Any]]:
    """Calls and results are items of their own; the rest of a turn is a message."""
    rest: list[Part] = []
    for part in turn.parts:
        if isinstance(part, Call | Result):
            if rest:
                yield _write_message(turn, rest)
                rest = []
            yield _write_call(part) if isinstance(part, Call) else _write_result(part)
        else:
            rest.append(part)
    if rest or not turn.parts:
        yield _write_message(turn, rest)


def _write_message(turn: Turn, parts: list[Part]) -> dict[str, Any]:
    role = "developer" if turn.role == "system" else turn.role
    content: Any = [_write_part(part) for part in parts]
    texts = [part.text for part in parts if isinstance(part, Text)]
    if turn.role != "user" or (len(parts) == 1 and texts) or not parts:
        content = "".join(texts)
    return {"type": "message", "role": role, "content": content}


def _write_call(call: Call) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": fitting_id(call.id),
        "name": call.name,
        "arguments": call.arguments,
    }


def _write_result(result: Result) -> dict[str, Any]:
    output: Any = [_write_part(part) for part in result.parts]
    texts = [part.text for part in result.parts if isinstance(part, Text)]
    if len(texts) == len(result.parts) <= 1:
        output = "".join(texts)
    return {
        "type": "function_call_output",
        "call_id": fitting_id(result.call),
        "output": output,
    }


def _write_part(part: Part) -> dict[str, Any]:
    if isinstance(part, Image):
        return {
            "type": "input_image",
            "image_url": url_of(part),
            "detail": part.detail or "auto",
        }
    if isinstance(part, Document):
        if part.url:
            named = {"filename": part.name} if part.name else {}
            return {"type": "input_file", "file_url": part.url, **named}
        return {
            "type": "input_file",
            "filename": part.name or DOCUMENT_NAME,
            "file_data": url_of(part),
        }
    assert isinstance(part, Text), "calls and results are items of their own"
    return {"type": "input_text", "text": part.text}


def _write_tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description is not None:
        written["description"] = tool.description
    written["parameters"] = tool.schema
    # Said in any case: here a tool is strict unless it is said not to be.
    written["strict"] = bool(tool.strict)
    return written


def _write_shape(shape: Shape) -> dict[str, Any]:
    if shape.schema is None:
        return {"type": "json_object"}
    written = {"type": "json_schema", "name": shape.name, "schema": shape.schema}
    if shape.description is not None:
        written["description"] = shape.description
    if shape.strict is not None:
        written["strict"] = shape.strict
    return written


def fitting_id(id: str) -> str:
    """The id of a call as vendors of Responses take it: the same for the call and its result."""
    if len(id) <= ID_CHARACTERS_MAX:
        return id
    return f"call_{hashlib.sha256(id.encode(errors='replace')).hexdigest()[:32]}"
