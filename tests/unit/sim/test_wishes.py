"""What an obliging vendor makes of a schema and of the prompt that comes with it."""

from __future__ import annotations

from typing import Any

import pytest

from licet.sim.wishes import fill

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
