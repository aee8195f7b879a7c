"""Reading a request as a vendor does: credentials, version, JSON, model; else an error.

Written apart from Licet's own wire formats on purpose: a vendor that shared the gateway's
code would share its mistakes, and no test could tell.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Literal

import msgspec

from licet.sim.script import Directions, read_directions
from licet.sim.wishes import Wishes, read_wishes

Dialect = Literal["chat", "messages", "responses"]
"""OpenAI Chat Completions, Anthropic Messages, OpenAI Responses."""

PATHS: dict[Dialect, str] = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
}
COUNT_PATH = "/v1/messages/count_tokens"
EMBEDDINGS_PATH = "/v1/embeddings"
BESIDE: dict[str, Dialect] = {COUNT_PATH: "messages", EMBEDDINGS_PATH: "chat"}
"""What vendors of a dialect are asked for beside answers."""

_MOVED = {"messages", "max_tokens", "max_completion_tokens", "response_format", "stop", "n", "seed"}
"""Parameters of chat that vendors of Responses refuse."""

_PERSON = re.compile(r"\[\[person:([^\[\]]{1,200})\]\]")
_MODEL = re.compile(r'"model"\s*:\s*"([^"\\]{1,200})"')
_STREAM = re.compile(r'"stream"\s*:\s*true')
_CASE = re.compile(r"\[\[case:([^\[\]]{1,200})\]\]")


_TEXT_MEMBERS = {"type", "text", "cache_control", "citations"}


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request as it came in; header names are lower case, the last of equals wins."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str]
    body: bytes


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the model; `texts` are all the texts of the prompt, in order.

    `encoding` and `dimensions` are those of the vectors, where they are what is asked for.
    """

    dialect: Dialect
    model: str
    stream: bool
    include_usage: bool
    texts: tuple[str, ...]
    tools: tuple[str, ...]
    reasoning: bool
    max_tokens: int | None
    directions: Directions
    person: str | None
    case: str | None
    encoding: str = "float"
    dimensions: int | None = None
    begun: str = ""
    """The answer that is to be continued: the last message, where it is the assistant's."""
    wishes: Wishes = Wishes()
    substitutes: tuple[str, ...] = ()
    """The models that may answer in the place of the one asked for."""

    @property
    def prompt(self) -> str:
        return "\n".join(self.texts)


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a question as its bytes show without being understood."""

    model: str | None
    stream: bool
    person: str | None
    case: str | None


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """What a body says beside its question: the names of its top level, whom it names as the
    person behind it, and where it is to be answered."""

    fields: tuple[str, ...] = ()
    end_user: str | None = None
    inference_geo: str | None = None


def read_address(body: bytes) -> Addressed:
    """What any body says; one that nobody can read says nothing."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Addressed()
    if not isinstance(said, dict):
        return Addressed()
    metadata = said.get("metadata")
    user_id = metadata.get("user_id") if isinstance(metadata, dict) else None
    named = said.get("safety_identifier") or said.get("user") or user_id
    geo = said.get("inference_geo")
    return Addressed(
        fields=tuple(sorted(said)),
        end_user=named if isinstance(named, str) else None,
        inference_geo=geo if isinstance(geo, str) else None,
    )


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """Why a vendor does not answer: HTTP status, the dialect's error type, a message."""

    status: int
    type: str
    message: str
    code: str | None = None
    param: str | None = None


def check_credentials(
    dialect: Dialect, headers: dict[str, str], key: str | None, only: str | None = None
) -> Rejection | None:
    """A credential must be there, in the header `only` if that is given, and be `key` unless that
    is `None`."""
    named = only or ("x-api-key" if dialect == "messages" else "bearer")
    given = headers.get(named)
    authorization = headers.get("authorization", "") if only in (None, "bearer") else ""
    if given is None and authorization[:7].lower() == "bearer ":
        given = authorization[7:].strip()
    if given and (key is None or given == key):
        return None
    if dialect == "messages":
        return Rejection(status=401, type="authentication_error", message="invalid x-api-key")
    return Rejection(
        status=401,
        type="invalid_request_error",
        message="Incorrect API key provided",
        code="invalid_api_key",
    )


def read_question(
    vendor: str, dialect: Dialect, models: tuple[str, ...], arrival: Arrival
) -> Question | Rejection:
    """The question of a body in `dialect`, or how this vendor refuses to read it."""
    if dialect == "messages" and "anthropic-version" not in arrival.headers:
        return _invalid("anthropic-version: header is required")
    try:
        body = msgspec.json.decode(arrival.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _invalid(f"We could not parse the JSON body of your request: {error}")
    if not isinstance(body, dict):
        return _invalid("The JSON body must be an object")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return _invalid("model: Field required", param="model")
    if model not in models:
        return _unknown_model(dialect, model)
    if arrival.path == EMBEDDINGS_PATH:
        return _read_inputs(vendor, dialect, model, body, arrival.headers)
    if dialect == "responses":
        return _read_response(vendor, model, body, arrival.headers)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return _invalid("messages: Field required", param="messages")
    if dialect == "messages" and (extra := _extra_inputs(messages)):
        return _invalid(f"{extra}: Extra inputs are not permitted")
    max_tokens = body.get("max_tokens", body.get("max_completion_tokens"))
    counted = arrival.path == COUNT_PATH
    if dialect == "messages" and not isinstance(max_tokens, int) and not counted:
        return _invalid("max_tokens: Field required", param="max_tokens")
    return _question(vendor, dialect, model, max_tokens, body, arrival.headers)


def _read_response(
    vendor: str, model: str, body: dict[str, Any], headers: dict[str, str]
) -> Question | Rejection:
    """What is asked in the dialect that has no `messages`."""
    for name in sorted(_MOVED & body.keys()):
        return _invalid(f"Unsupported parameter: '{name}' is none of this API", param=name)
    if not isinstance(body.get("input"), str | list) or not body["input"]:
        return _invalid("Missing required parameter: 'input'", param="input")
    if body.get("previous_response_id") is not None:
        return _invalid("Previous response not found", param="previous_response_id")
    asked = {**body, "system": body.get("instructions"), "messages": body["input"]}
    return _question(vendor, "responses", model, body.get("max_output_tokens"), asked, headers)


def _read_inputs(
    vendor: str, dialect: Dialect, model: str, body: dict[str, Any], headers: dict[str, str]
) -> Question | Rejection:
    """The texts whose vectors are asked for."""
    texts = _texts(body.get("input"))
    if not texts:
        return _invalid("input: Field required", param="input")
    encoding = body.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        return _invalid(f"encoding_format: {encoding}", param="encoding_format")
    dimensions = body.get("dimensions")
    prompt = "\n".join(texts)
    return Question(
        dialect=dialect,
        model=model,
        stream=False,
        include_usage=False,
        texts=texts,
        tools=(),
        reasoning=False,
        max_tokens=None,
        directions=read_directions(vendor, headers.get("sim-script"), prompt),
        person=_last(_PERSON, prompt),
        case=_last(_CASE, prompt),
        encoding=encoding,
        dimensions=dimensions if isinstance(dimensions, int) else None,
    )


def _extra_inputs(messages: list[Any]) -> str:
    """The first member of a text block that Messages does not know; empty where there is none."""
    for number, message in enumerate(messages):
        content = message.get("content") if isinstance(message, dict) else None
        for place, block in enumerate(content if isinstance(content, list) else ()):
            if isinstance(block, dict) and block.get("type") == "text":
                for name in block.keys() - _TEXT_MEMBERS:
                    return f"messages.{number}.content.{place}.text.{name}"
    return ""


def glance(body: bytes) -> Glance:
    """What can be seen of a body that the vendor refuses, or that did not come whole."""
    text = body.decode("utf-8", "replace")
    return Glance(
        model=_last(_MODEL, text),
        stream=_STREAM.search(text) is not None,
        person=_last(_PERSON, text),
        case=_last(_CASE, text),
    )


def digest(body: bytes) -> str:
    """SHA-256 in lower-case hexadecimal, as in the ledger."""
    return hashlib.sha256(body).hexdigest()


def _question(
    vendor: str,
    dialect: Dialect,
    model: str,
    max_tokens: object,
    body: dict[str, Any],
    headers: dict[str, str],
) -> Question:
    texts = (*_texts(body.get("system")), *_texts(body["messages"]))
    prompt = "\n".join(texts)
    options = body.get("stream_options")
    return Question(
        dialect=dialect,
        model=model,
        stream=body.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        texts=texts,
        tools=_tool_names(body.get("tools")),
        reasoning=_asks_reasoning(body),
        max_tokens=max_tokens if isinstance(max_tokens, int) else None,
        directions=read_directions(vendor, headers.get("sim-script"), prompt),
        person=_last(_PERSON, prompt),
        case=_last(_CASE, prompt),
        begun=_begun(body["messages"][-1]),
        wishes=read_wishes(body),
        substitutes=_substitutes(body),
    )


def _substitutes(body: dict[str, Any]) -> tuple[str, ...]:
    named = [one for name in ("fallbacks", "models") for one in _listed(body.get(name))]
    models = (one.get("model") if isinstance(one, dict) else one for one in named)
    return tuple(model for model in models if isinstance(model, str) and model != body["model"])


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _begun(last: object) -> str:
    if not isinstance(last, dict) or last.get("role") != "assistant":
        return ""
    return "".join(_texts(last))


def _texts(value: object) -> tuple[str, ...]:
    """Every text of system text, messages or content blocks, however deeply nested."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(text for item in value for text in _texts(item))
    if isinstance(value, dict):
        named = (value.get(name) for name in ("text", "content", "output"))
        return tuple(text for part in named for text in _texts(part))
    return ()


def _tool_names(tools: object) -> tuple[str, ...]:
    if not isinstance(tools, list):
        return ()
    named = (tool.get("function", tool) for tool in tools if isinstance(tool, dict))
    names = (tool.get("name") for tool in named if isinstance(tool, dict))
    return tuple(name for name in names if isinstance(name, str))


def _asks_reasoning(body: dict[str, Any]) -> bool:
    thinking = body.get("thinking")
    if isinstance(thinking, dict):
        return thinking.get("type") in ("enabled", "adaptive")
    reasoning = body.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    return (effort or body.get("reasoning_effort")) not in (None, "none")


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.findall(text)
    return found[-1] if found else None


def _invalid(message: str, *, param: str | None = None) -> Rejection:
    return Rejection(status=400, type="invalid_request_error", message=message, param=param)


def _unknown_model(dialect: Dialect, model: str) -> Rejection:
    if dialect == "messages":
        return Rejection(status=404, type="not_found_error", message=f"model: {model}")
    return Rejection(
        status=404,
        type="invalid_request_error",
        message=f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
        param="model",
    )
