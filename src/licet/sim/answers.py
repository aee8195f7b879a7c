"""What a simulated vendor says: a value without any wire format, the same for the same seed."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from licet.sim.questions import Question
from licet.sim.script import ScriptedFault
from licet.sim.wishes import fill

Stop = Literal["end", "length", "tool", "refusal", "unknown"]

_WORDS = [
    "the",
    "ledger",
    "keeps",
    "what",
    "arrived",
    "and",
    "for",
    "whom",
    "so",
    "that",
    "anybody",
    "who",
    "was",
    "not",
    "there",
    "can",
    "judge",
    "it",
    "alone",
    "and",
    "a",
    "rule",
    "that",
    "names",
    "one",
    "person",
    "leaves",
    "every",
    "other",
    "person",
    "at",
    "work",
]

Refusing = Literal["filter", "policy"]
"""What refuses in an error: a filter before the model, or a policy that the request violates."""

REFUSAL = "This request touches a class of content that this model does not answer."


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of one of the request's tools; `arguments` is a JSON object as text."""

    id: str
    name: str
    arguments: str


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens; `prompt` includes `cached`, `completion` includes `reasoning`."""

    prompt: int
    cached: int
    completion: int
    reasoning: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer; `usage` is `None` where the vendor is told to forget it. `asked_text` is what
    was asked of its text in Responses, where an answer says it again."""

    id: str
    model: str
    created: int
    reasoning: str
    text: str
    call: ToolCall | None
    stop: Stop
    refusal_category: str | None
    usage: Usage | None
    geo: str
    asked_text: dict[str, Any] | None = None
    declined_by: str = ""
    """The model that was asked, where the vendor put another in its place."""


_WRONG_USAGE = Usage(prompt=0, cached=7, completion=1_000_000_007, reasoning=0)


def compose(
    question: Question, *, vendor: str, seed: int, number: int, created: int, size: int, geo: str
) -> Answer:
    """The answer to `question`: its text depends on seed, vendor, model and prompt alone.

    `number` (the place in the ledger) makes ids unique; `created` is in seconds since the
    Unix epoch; the text has at least `size` bytes unless `max_tokens` ends it before.
    """
    mark = _mark(f"{seed}\n{vendor}\n{question.model}\n{question.prompt}", 6)
    unique = _mark(f"{seed}\n{vendor}\n{number}", 12)
    opening = f"answer from {question.model} at {vendor} to: {mark}"
    if question.begun:
        opening = f"continued by {question.model} at {vendor} after {len(question.begun)}"
    words = _words(opening, size, int(mark, 16))
    limit = question.max_tokens
    short = limit is not None and len(words) > max(limit, 1)
    if short and limit is not None:
        words = words[: max(limit, 1)]
    wants_tool = bool(question.tools) and "tools" in question.directions.shapes
    reasons = question.reasoning or "reasoning" in question.directions.shapes
    reasoning = f"considering {mark} step by step before answering" if reasons else ""
    call = None
    if wants_tool:
        arguments = f'{{"subject": "{mark}", "reason": "asked for by the prompt, café"}}'
        call = ToolCall(id=unique, name=question.tools[0], arguments=arguments)
    prompt_tokens = max(1, len(question.prompt) // 4)
    reasoning_tokens = len(reasoning.split())
    return Answer(
        id=unique,
        model=question.model,
        created=created,
        reasoning=reasoning,
        text=" ".join(words),
        call=call,
        stop="tool" if call else "length" if short else "end",
        refusal_category=None,
        usage=Usage(
            prompt=prompt_tokens,
            cached=prompt_tokens // 2 if prompt_tokens >= 1024 else 0,
            completion=len(words) + reasoning_tokens + (8 if call else 0),
            reasoning=reasoning_tokens,
        ),
        geo=geo,
        asked_text=question.wishes.text,
    )


def oblige(answer: Answer, question: Question) -> Answer:
    """The answer of a vendor that calls the tool, and keeps to the schema, that it is asked for."""
    wishes = question.wishes
    if wishes.tool is not None:
        arguments = msgspec.json.encode(fill(wishes.parameters, question.texts[-1])).decode()
        call = ToolCall(id=answer.id, name=wishes.tool, arguments=arguments)
        return msgspec.structs.replace(answer, text="", call=call, stop="tool")
    if wishes.shape is not None:
        text = msgspec.json.encode(fill(wishes.shape, question.texts[-1])).decode()
        return msgspec.structs.replace(answer, text=text, stop="end")
    return answer


def twist(answer: Answer, fault: ScriptedFault) -> Answer:
    """The answer with what `fault` says wrong in it; most faults leave the answer alone."""
    if fault.name == "refusal":
        return _refuse(answer, fault.number or 0)
    if fault.name == "unknown_stop_reason":
        return msgspec.structs.replace(answer, stop="unknown")
    if fault.name == "wrong_model":
        return msgspec.structs.replace(answer, model=f"{answer.model}-lite")
    if fault.name == "missing_usage":
        return msgspec.structs.replace(answer, usage=None)
    if fault.name == "wrong_usage":
        return msgspec.structs.replace(answer, usage=_WRONG_USAGE)
    return answer


def substituted(answer: Answer, other: str) -> Answer:
    """What `other` says where the model that was asked declined."""
    text = answer.text.replace(f"from {answer.model}", f"from {other}", 1)
    return msgspec.structs.replace(answer, model=other, text=text, declined_by=answer.model)


def _refuse(answer: Answer, words_before: int) -> Answer:
    """A refusal by the model itself, after so many words of text."""
    return msgspec.structs.replace(
        answer,
        text=" ".join(answer.text.split(" ")[:words_before]),
        call=None,
        stop="refusal",
        refusal_category="cyber",
    )


def _words(opening: str, size: int, start: int) -> list[str]:
    words = opening.split()
    length = len(opening)
    while length < size:
        word = _WORDS[(start + len(words)) % len(_WORDS)]
        words.append(word)
        length += len(word) + 1
    return words


def _mark(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()
