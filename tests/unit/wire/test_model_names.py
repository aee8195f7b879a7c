"""Whether a vendor that says a name means the model that it was asked for by another."""

from __future__ import annotations

import pytest

from licet.wire import is_named

SAME = """
gpt-x-2026-01-01                    gpt-x
gpt-4o-2024-08-06                   gpt-4o
gpt-4-0613                          gpt-4
gpt-3.5-turbo-0125                  gpt-3.5-turbo
gpt-4-turbo-2024-04-09              gpt-4-turbo
o1-2024-12-17                       o1
claude-sonnet-4-20250514            claude-sonnet-4
claude-sonnet-4-20250514            claude-sonnet-4@20250514
claude-sonnet-4-20250514            us.anthropic.claude-sonnet-4-20250514-v1:0
claude-3-5-sonnet-20241022          claude-3-5-sonnet-latest
anthropic/claude-4-sonnet-20250522  anthropic/claude-sonnet-4
claude-opus-4.8                     claude-opus-4-8
mistral-large-2411                  mistral-large-latest
models/gemini-2.5-flash             gemini-2.5-flash
gemini-2.5-pro-preview-06-05        gemini-2.5-pro
gemini-1.5-pro-002                  gemini-1.5-pro
command-r-08-2024                   command-r
accounts/x/models/deepseek-v3-0324  deepseek-v3
llama3.2:latest                     llama3.2
meta-llama/Llama-3.3-70B-Instruct   meta-llama/llama-3.3-70b-instruct:free
/models/qwen2.5-0.5b-q4_k_m.gguf    qwen2.5-0.5b
GPT-4o-2024-05-13                   gpt-4o-0513
"""
OTHER = """
gpt-4o-mini                 gpt-4o
gpt-4-turbo                 gpt-4
gpt-5.1                     gpt-5
gpt-4o-2024-05-13           gpt-4o-2024-08-06
claude-opus-4.1             claude-opus-4
claude-mythos-5             claude-fable-5
claude-sonnet-4-20250514    claude-sonnet-4-20240101
deepseek-v2                 deepseek-v3
llama3:70b                  llama3:8b
qwen3-235b                  qwen3-32b
o3                          o1
alpha-lite                  alpha
2026                        2025
"""


def pairs(table: str) -> list[tuple[str, str]]:
    rows = [line.split() for line in table.strip().splitlines()]
    return [(told, asked) for told, asked in rows]


@pytest.mark.parametrize(("told", "asked"), pairs(SAME))
def test_a_fuller_name_is_no_other_model(told: str, asked: str) -> None:
    assert is_named(told, (asked,))
    assert is_named(asked, (told,))


@pytest.mark.parametrize(("told", "asked"), pairs(OTHER))
def test_another_name_is_another_model(told: str, asked: str) -> None:
    assert not is_named(told, (asked,))
    assert not is_named(asked, (told,))


def test_the_vendors_own_name_decides_before_ours() -> None:
    names = ("gpt-4o-2024-05-13", "gpt-4o")
    assert is_named("gpt-4o-2024-05-13", names)
    assert not is_named("gpt-4o-2024-08-06", names)
    assert is_named("our-gpt-2026-01-01", ("deployment-7", "our-gpt"))


@pytest.mark.parametrize(
    "odd", ["", "-", "/", "...", "é" * 300, "a" * 10_000, "2026-01-01", "v1:0"]
)
def test_whatever_a_vendor_says_has_an_answer(odd: str) -> None:
    assert is_named("alpha", (odd,)) is False
    assert is_named(odd, ("alpha",)) is False
