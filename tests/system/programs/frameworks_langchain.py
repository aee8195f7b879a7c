"""What programs written with LangChain do, through a gateway; prints one line of JSON for each.

Arguments: the gateway's URL, its key, the dialect of the client. Each line of the input is one
JSON array: the workload, the question, and `refusal` where it will be refused.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import anthropic
import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

# The frameworks keep connections from one question to the next, which belong to their loop.
LOOP = asyncio.Runner()


class Verdict(BaseModel):
    """A verdict on one person."""

    person: str
    permitted: bool


@tool
def rule_for(person: str) -> str:
    """The rule that holds for a person."""
    return f"{person} may use the model"


def client(url: str, key: str, dialect: str, model: str) -> Any:
    if dialect == "messages":
        return ChatAnthropic(model=model, base_url=url, api_key=key, max_tokens=500)
    return ChatOpenAI(
        model=model,
        base_url=f"{url}/v1",
        api_key=key,
        use_responses_api=dialect == "responses",
        stream_usage=True,
    )


def text_of(message: BaseMessage) -> str:
    return str(message.text)


def invoke(chat: Any, question: str) -> dict[str, Any]:
    answer = chat.invoke(question)
    return {"text": text_of(answer), "usage": answer.usage_metadata["output_tokens"]}


def stream(chat: Any, question: str) -> dict[str, Any]:
    chunks = list(chat.stream(question))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return {"text": text_of(whole), "usage": whole.usage_metadata["output_tokens"]}


def tools(chat: Any, question: str) -> dict[str, Any]:
    able = chat.bind_tools([rule_for])
    said: list[BaseMessage] = [HumanMessage(question)]
    called = able.invoke(said)
    assert isinstance(called, AIMessage)
    call = called.tool_calls[0]
    shown = rule_for.invoke(call["args"])
    said += [called, ToolMessage(shown, tool_call_id=call["id"])]
    return {"tool": call["name"], "args": call["args"], "text": text_of(able.invoke(said))}


def streamed_tools(chat: Any, question: str) -> dict[str, Any]:
    whole: Any = None
    for chunk in chat.bind_tools([rule_for]).stream(question):
        whole = chunk if whole is None else whole + chunk
    call = whole.tool_calls[0]
    return {"tool": call["name"], "args": call["args"]}


def structured(chat: Any, question: str) -> dict[str, Any]:
    verdict = chat.with_structured_output(Verdict, method="json_schema").invoke(question)
    assert isinstance(verdict, Verdict)
    return {"permitted": verdict.permitted}


def structured_by_tool(chat: Any, question: str) -> dict[str, Any]:
    verdict = chat.with_structured_output(Verdict, method="function_calling").invoke(question)
    assert isinstance(verdict, Verdict)
    return {"permitted": verdict.permitted}


def asynchronous(chat: Any, question: str) -> dict[str, Any]:
    async def both() -> list[Any]:
        return await asyncio.gather(chat.ainvoke(question), chat.ainvoke(question))

    return {"texts": [text_of(answer) for answer in LOOP.run(both())]}


def refusal(chat: Any, question: str) -> dict[str, Any]:
    try:
        chat.invoke(question)
    except (anthropic.APIStatusError, openai.APIStatusError) as error:
        return {"status": error.status_code, "said": error.message}
    return {"status": 200}


DEEDS: tuple[Callable[[Any, str], dict[str, Any]], ...] = (
    invoke,
    stream,
    tools,
    streamed_tools,
    structured,
    structured_by_tool,
    asynchronous,
)


def main(url: str, key: str, dialect: str) -> None:
    for line in sys.stdin:
        model, question, *end = json.loads(line)
        chat = client(url, key, dialect, model)
        for deed in (refusal,) if end else DEEDS:
            print(json.dumps({"deed": deed.__name__, **deed(chat, question)}))
        print("{}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
