"""What the official clients do beyond one request: they parse demanded shapes, and run tools.

Each is asked of a vendor of every dialect that does as a willing model would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from msgspec import structs
from pydantic import BaseModel

from licet.terms import Instant
from tests.rig import EVERY_VENDOR, WORKLOAD, Rig

AT = Instant(1_781_300_000_000_000)
DIALECTS = ("chat", "messages", "responses")
VENDORS = tuple(structs.replace(spec, obliging=True) for spec in EVERY_VENDOR)
ASKED: Any = [{"role": "user", "content": "May Ada use it?"}]


class Verdict(BaseModel):
    """A verdict on one person."""

    person: str
    permitted: bool


GIVEN = Verdict(person="as was asked", permitted=True)


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    files = {
        f"workloads/{dialect}.toml": WORKLOAD.format(
            id=dialect, dialect=dialect, substitute="false", extra=""
        )
        for dialect in DIALECTS
    }
    with Rig(files, at=AT, vendors=VENDORS) as rig:
        yield rig


@pytest.fixture
def openais(rig: Rig) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{rig.url}/v1", api_key=rig.plain_key, max_retries=0) as client:
        yield client


@pytest.fixture
def anthropics(rig: Rig) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=rig.url, api_key=rig.plain_key, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("vendor", DIALECTS)
def test_chat_parses_a_shape_whole_and_streamed(openais: openai.OpenAI, vendor: str) -> None:
    asked: Any = {"model": vendor, "messages": ASKED, "response_format": Verdict}
    assert openais.chat.completions.parse(**asked).choices[0].message.parsed == GIVEN
    with openais.chat.completions.stream(**asked) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == GIVEN


@pytest.mark.parametrize("vendor", DIALECTS)
def test_chat_parses_the_arguments_of_tools(openais: openai.OpenAI, vendor: str) -> None:
    tools = [openai.pydantic_function_tool(Verdict)]
    asked: Any = {"model": vendor, "messages": ASKED, "tools": tools}
    answer = openais.chat.completions.parse(**asked)
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.function.parsed_arguments == GIVEN


@pytest.mark.parametrize("vendor", DIALECTS)
def test_responses_parses_a_shape_whole_and_streamed(openais: openai.OpenAI, vendor: str) -> None:
    asked: Any = {"model": vendor, "input": ASKED, "text_format": Verdict}
    assert openais.responses.parse(**asked).output_parsed == GIVEN
    with openais.responses.stream(**asked) as stream:
        assert stream.get_final_response().output_parsed == GIVEN


@pytest.mark.parametrize("vendor", DIALECTS)
def test_messages_parses_a_shape_whole_and_streamed(
    anthropics: anthropic.Anthropic, vendor: str
) -> None:
    asked: Any = {
        "model": vendor, "messages": ASKED, "max_tokens": 99, "output_format": Verdict,
    }  # fmt: skip
    assert anthropics.messages.parse(**asked).parsed_output == GIVEN
    with anthropics.messages.stream(**asked) as stream:
        final: Any = stream.get_final_message()
    assert final.parsed_output == GIVEN


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("vendor", DIALECTS)
def test_messages_runs_tools_until_the_model_has_its_answer(
    anthropics: anthropic.Anthropic, vendor: str, streams: bool
) -> None:
    ran: list[str] = []

    @anthropic.beta_tool
    def rule_for(person: str) -> str:
        """The rule that holds for a person.

        Args:
            person: Whose rule it is.
        """
        ran.append(person)
        return f"{person} may use it"

    asked: Any = {"model": vendor, "messages": ASKED, "max_tokens": 99, "tools": [rule_for]}
    runner: Any = anthropics.beta.messages.tool_runner(**asked, stream=streams)
    last = runner.until_done()
    assert ran == ["as was asked"]
    assert last.content[0].text.startswith("answer from alpha at ")


@pytest.mark.parametrize("vendor", DIALECTS)
def test_the_asynchronous_runner_does_as_well(rig: Rig, vendor: str) -> None:
    ran: list[str] = []

    @anthropic.beta_async_tool
    async def rule_for(person: str) -> str:
        """The rule that holds for a person."""
        ran.append(person)
        return f"{person} may use it"

    async def scene() -> Any:
        async with anthropic.AsyncAnthropic(
            base_url=rig.url, api_key=rig.plain_key, max_retries=0
        ) as client:
            asked: Any = {"model": vendor, "messages": ASKED, "max_tokens": 99}
            return await client.beta.messages.tool_runner(**asked, tools=[rule_for]).until_done()

    last = asyncio.run(scene())
    assert ran == ["as was asked"]
    assert last.content[0].text.startswith("answer from alpha at ")
