"""What a request wishes for besides words, and a value that fits a schema.

A vendor that is obliging grants it; any other answers in words. The three dialects say the same
things in different places, so that one reading is enough for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_DEPTH_MAX = 24
_TEXT = "as was asked"
_PLAIN: dict[str, Any] = {
    "string": _TEXT,
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
}
_OPEN: dict[str, Any] = {"type": "object"}
_QUOTED = re.compile(r"(?<!\w)'([^'\n]{1,80})'(?!\w)")
_ARGUMENT = re.compile(r"\w\((\d{1,9})\)")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """`tool` is to be called, with arguments that fit `parameters`; `shape` is the schema that
    the text is to fit. `None`: nothing of the kind is wished for. `text` is all that a request in
    Responses says of its text, which answers there say again."""

    tool: str | None = None
    parameters: dict[str, Any] = {}
    shape: dict[str, Any] | None = None
    text: dict[str, Any] | None = None


def read_wishes(body: dict[str, Any]) -> Wishes:
    """The wishes of a body in any dialect.

    Of the tools that may be called it is the first that the conversation has not called yet;
    when all have been, none is, unless one must be.
    """
    offered = dict(_tools(body.get("tools")))
    choice = body.get("tool_choice")
    kind, named = _choice(choice)
    shape, text = _shape(body), body.get("text")
    text = text if isinstance(text, dict) else None
    if kind == "none" or not offered:
        return Wishes(shape=shape, text=text)
    called = set(_called(body.get("messages") or body.get("input")))
    open_ = [name for name in offered if name not in called]
    tool = open_[0] if open_ else None
    if named in offered:
        tool = named
    elif tool is None and kind in ("required", "any"):
        tool = next(iter(offered))
    return Wishes(tool=tool, parameters=offered.get(tool or "", {}), shape=shape, text=text)


def fill(schema: Any, said: str = "") -> Any:
    """A value that fits a JSON schema as clients write them: what is required, and no more.

    Texts and numbers are those that the prompt `said`, where it quotes one, or writes a call such
    as `double(3)`; an object of which the schema says nothing has the members that it quotes.
    """
    quoted, argument = _QUOTED.findall(said), _ARGUMENT.search(said)
    plain = dict(_PLAIN)
    if quoted:
        plain["string"] = quoted[0]
    if argument is not None:
        plain["integer"] = plain["number"] = int(argument[1])
    if schema == _OPEN:
        return dict.fromkeys(quoted, _TEXT)
    return _fill(schema, schema, plain, 0)


def _fill(schema: Any, root: Any, plain: dict[str, Any], depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEPTH_MAX:
        return _TEXT
    if "$ref" in schema:
        return _fill(_resolve(root, schema["$ref"]), root, plain, depth + 1)
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if schema.get(name):
            return _fill(schema[name][0], root, plain, depth + 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" or (kind is None and "properties" in schema):
        members: dict[str, Any] = schema.get("properties") or {}
        return {
            name: _fill(members.get(name, {}), root, plain, depth + 1)
            for name in schema.get("required") or members
        }
    if kind == "array":
        return [_fill(schema.get("items", {}), root, plain, depth + 1)]
    if kind in ("integer", "number") and "minimum" in schema:
        return schema["minimum"]
    return plain.get(str(kind), _TEXT)


def _resolve(root: Any, reference: object) -> Any:
    """What a JSON pointer in a fragment says (RFC 6901); `#` is the schema itself."""
    found = root
    for step in str(reference).removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _tools(tools: object) -> Iterator[tuple[str, dict[str, Any]]]:
    for tool in tools if isinstance(tools, list) else ():
        form = tool.get("function", tool) if isinstance(tool, dict) else {}
        name = form.get("name") if isinstance(form, dict) else None
        if isinstance(name, str):
            given = form.get("parameters", form.get("input_schema"))
            yield name, given if isinstance(given, dict) else _OPEN


def _choice(choice: object) -> tuple[str, str | None]:
    """The kind of a tool choice, and the tool that it names."""
    if isinstance(choice, str):
        return choice, None
    if not isinstance(choice, dict):
        return "auto", None
    form = choice.get("function", choice)
    named = form.get("name") if isinstance(form, dict) else None
    return str(choice.get("type")), named if isinstance(named, str) else None


def _shape(body: dict[str, Any]) -> dict[str, Any] | None:
    places = [body.get("response_format"), body.get("output_format")]
    for name in ("text", "output_config"):
        holder = body.get(name)
        places.append(holder.get("format") if isinstance(holder, dict) else None)
    for place in places:
        if isinstance(place, dict) and place.get("type") == "json_schema":
            form = place.get("json_schema", place)
            schema = form.get("schema") if isinstance(form, dict) else None
            return schema if isinstance(schema, dict) else _OPEN
        if isinstance(place, dict) and place.get("type") == "json_object":
            return _OPEN
    return None


def _called(messages: object) -> Iterator[str]:
    """The tools that the conversation has called so far."""
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        content = message.get("content")
        said: list[Any] = [message, *(content if isinstance(content, list) else ())]
        calls: list[Any] = message.get("tool_calls") or []
        said += [call.get("function") for call in calls if isinstance(call, dict)]
        for part in said:
            if isinstance(part, dict) and _is_call(part):
                yield str(part.get("name"))


def _is_call(part: dict[str, Any]) -> bool:
    kind = part.get("type")
    return kind in ("tool_use", "function_call") or (kind is None and "arguments" in part)
