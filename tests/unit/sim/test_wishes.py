"""What a request in each dialect wishes for, and what an obliging vendor makes of a schema."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from licet.sim.wishes import fill, read_wishes

NUMBER = {"type": "object", "properties": {"input": {"type": "integer"}}}
NAME = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "said", "value"),
    [
        (NUMBER, "What is 17 and 4?", {"input": 1}),
        (NUMBER, "What is double(3)? Use the tool.", {"input": 3}),
        (NAME, "Who is it?", {"name": "as was asked"}),
        (NAME, "It's said that it's him", {"name": "as was asked"}),
        (NAME, "A customer named '你好' (Hello), or 'you'", {"name": "你好"}),
        ({"type": "object"}, "JSON, please", {}),
        ({"type": "object"}, "JSON with 'a' as its key", {"a": "as was asked"}),
    ],
)
def test_what_the_prompt_names_fills_the_schema(
    schema: dict[str, Any], said: str, value: dict[str, Any]
) -> None:
    assert fill(schema, said) == value


SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
OTHER: dict[str, Any] = {"type": "object", "properties": {"day": {"type": "integer"}}}


def body(dialect: str, *, called: str = "", choice: object = None) -> dict[str, Any]:
    """Two tools offered in a dialect, after a conversation that has called one of them."""
    forms = [("weather", SCHEMA), ("calendar", OTHER)]
    tools: list[dict[str, Any]]
    past: dict[str, Any]
    match dialect:
        case "chat":
            tools = [{"function": {"name": n, "parameters": s}} for n, s in forms]
            past = {"tool_calls": [{"type": "function", "function": calling(called)}]}
        case "messages":
            tools = [{"name": n, "input_schema": s} for n, s in forms]
            past = {"content": [{"type": "tool_use", "name": called}]}
        case _:
            tools = [{"type": "function", "name": n, "parameters": s} for n, s in forms]
            past = {"type": "function_call", "name": called}
    turns = "input" if dialect == "responses" else "messages"
    asked = {"tools": tools, turns: [past] if called else []}
    return asked if choice is None else asked | {"tool_choice": choice}


def calling(name: str) -> dict[str, Any]:
    return {"name": name, "arguments": "{}"}


@pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
def test_the_first_tool_that_was_not_called_yet_is_wished_for(dialect: str) -> None:
    first = read_wishes(body(dialect))
    assert (first.tool, first.parameters) == ("weather", SCHEMA)
    assert read_wishes(body(dialect, called="weather")).tool == "calendar"
    assert read_wishes(body(dialect, choice="none")).tool is None


@pytest.mark.parametrize(
    ("dialect", "choice"),
    [
        ("chat", {"type": "function", "function": {"name": "calendar"}}),
        ("messages", {"type": "tool", "name": "calendar"}),
        ("responses", {"type": "function", "name": "calendar"}),
    ],
)
def test_a_tool_that_is_named_is_wished_for_whatever_was_called(
    dialect: str, choice: dict[str, Any]
) -> None:
    found = read_wishes(body(dialect, called="calendar", choice=choice))
    assert (found.tool, found.parameters) == ("calendar", OTHER)


@pytest.mark.parametrize(
    ("choice", "tool"),
    [("auto", None), ("required", "weather"), ({"type": "any"}, "weather")],
)
def test_once_all_were_called_only_a_demand_calls_again(choice: object, tool: str | None) -> None:
    asked = body("chat", choice=choice)
    asked["messages"] = [
        {"tool_calls": [{"function": calling(n)}]} for n in ("weather", "calendar")
    ]
    assert read_wishes(asked).tool == tool


@pytest.mark.parametrize(
    "asked",
    [
        {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
        {"output_format": {"type": "json_schema", "schema": SCHEMA}},
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    ],
)
def test_a_shape_is_found_where_each_dialect_has_it(asked: dict[str, Any]) -> None:
    assert read_wishes(asked).shape == SCHEMA


def test_of_a_shape_without_a_schema_nothing_but_an_object_is_known() -> None:
    assert read_wishes({"response_format": {"type": "json_object"}}).shape == {"type": "object"}
    assert read_wishes({"response_format": {"type": "text"}}).shape is None
    assert read_wishes({"text": {"format": {"type": "text"}}}).text == {"format": {"type": "text"}}


@pytest.mark.parametrize("asked", [{}, {"tools": "?"}, {"tools": [1, {}, {"name": 7}]}])
def test_of_what_nobody_understands_nothing_is_wished_for(asked: dict[str, Any]) -> None:
    found = read_wishes(asked | {"tool_choice": 7, "messages": [None, {"content": 3}]})
    assert (found.tool, found.shape) == (None, None)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"$ref": "#/$defs/it", "$defs": {"it": {"type": "integer"}}},
        {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer"}}},
        {"enum": ["red", "green"]},
        {"const": 5},
        {"anyOf": [{"type": "null"}, {"type": "string"}]},
        {"type": "array", "items": {"type": ["number", "null"]}},
        {"type": "integer", "minimum": 40},
        {"properties": {"deep": {"type": "array", "items": {"type": "boolean"}}}},
        True,
    ],
)
def test_what_fills_a_schema_is_valid_by_it(schema: Any) -> None:
    assert not list(Draft202012Validator(schema).iter_errors(fill(schema)))


def test_a_schema_that_holds_itself_ends() -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    depth, value = 0, fill(schema)
    while isinstance(value, dict):
        depth, value = depth + 1, value["next"]
    assert depth > 1
