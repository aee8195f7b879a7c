"""What an agent written with Pydantic AI does, through a gateway; prints one line of JSON for each.

Arguments: the gateway's URL, its key, the dialect of the client. Each line of the input is one
JSON array: the workload and the question.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

# The frameworks keep connections from one question to the next, which belong to their loop.
LOOP = asyncio.Runner()


class Verdict(BaseModel):
    """A verdict on one person."""

    person: str
    permitted: bool


def model_of(url: str, key: str, dialect: str, name: str) -> Any:
    if dialect == "messages":
        return AnthropicModel(name, provider=AnthropicProvider(base_url=url, api_key=key))
    provider = OpenAIProvider(base_url=f"{url}/v1", api_key=key)
    if dialect == "responses":
        return OpenAIResponsesModel(name, provider=provider)
    return OpenAIChatModel(name, provider=provider)


def agent(model: Any, asked: list[str]) -> Agent[None, Verdict]:
    """An agent that has one tool, which notes for whom it was `asked`."""

    def rule_for(person: str) -> str:
        """The rule that holds for a person."""
        asked.append(person)
        return f"{person} may use the model"

    return Agent(model, output_type=Verdict, tools=[rule_for])


def structured(model: Any, question: str) -> dict[str, Any]:
    asked: list[str] = []
    done = LOOP.run(agent(model, asked).run(question))
    return {"asked": asked, "permitted": done.output.permitted, "requests": done.usage.requests}


def streamed(model: Any, question: str) -> dict[str, Any]:
    async def read() -> str:
        async with Agent(model).run_stream(question) as run:
            return "".join([text async for text in run.stream_text(delta=True)])

    return {"text": LOOP.run(read())}


def main(url: str, key: str, dialect: str) -> None:
    for line in sys.stdin:
        name, question = json.loads(line)
        for deed in (structured, streamed):
            model = model_of(url, key, dialect, name)
            print(json.dumps({"deed": deed.__name__, **deed(model, question)}))
        print("{}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
