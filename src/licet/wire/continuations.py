"""A request that goes on from the text so far, for whoever continues the answer of another.

Two ways. By prefill the answer so far is the last message, and the target writes on: older
Claude models, and many open weights; servers differ in how they are told (`ContinuedBy`). Where the
target would refuse that, or begin anew, it is told in words (`instruction`).
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from licet.wire.dialect import CHAT, RESPONSES
from licet.wire.requests import Request
from licet.wire.usage import estimate_tokens

ContinuedBy = Literal["instruction", "prefill", "prefix", "final_message"]
"""How a target is asked to continue: `prefill`, the answer so far stands last; `prefix`, the
same with `prefix: true` on it (Mistral, DeepSeek); `final_message`, the same with
`continue_final_message` (vLLM, SGLang); `instruction`, in words."""

INSTRUCTION: Final = (
    "Your answer above was cut off on its way. Continue it from exactly where it ends, with the "
    "very next character, a space if one is due. Repeat nothing, do not start over, and say "
    "nothing about the interruption."
)

_MESSAGES: Final = msgspec.json.Decoder(list[msgspec.Raw])
_BLOCKS: Final = msgspec.json.Decoder(list[dict[str, Any]])
_BOUNDS: Final = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_NONE: Final = frozenset({b"null", b"false", b"0", b"1", b"[]", b'["text"]'})
_ALONE: Final = ("n", "logprobs", "top_logprobs", "modalities", "audio", "functions")


def continuable(request: Request) -> bool:
    """Whether an answer to this request may be continued by another model at all.

    Not where its shape is demanded (half an object of one model and half of another is
    none), nor where it is more than one text.
    """
    if not request.stream or request.uses("structured"):
        return False
    if request.dialect == RESPONSES:
        return b"logprobs" not in bytes(request.fields.get("include", b""))
    said = (bytes(raw) for name in _ALONE if (raw := request.fields.get(name)) is not None)
    return request.dialect != CHAT or all(b"".join(raw.split()) in _NONE for raw in said)


def manner_of(request: Request, wanted: ContinuedBy) -> ContinuedBy:
    """How a target that can be asked as `wanted` is asked to continue this request's answer."""
    # With reasoning the answer must begin with reasoning, and cannot be given; in Responses an
    # answer so far is never the model's own.
    unfit = request.dialect == RESPONSES or request.uses("reasoning")
    return "instruction" if unfit else wanted


def continued(request: Request, text: str, manner: ContinuedBy) -> Request:
    """`request` in the target's dialect, after which the target goes on from `text`.

    Without a text it is asked as it stands. The caller's bound on the answer is lessened by
    what an estimate says was used of it.
    """
    if not text.strip():
        return request
    place = "input" if request.dialect == RESPONSES else "messages"
    messages = _messages(request.fields[place])
    begun = _begun(messages)
    # Vendors refuse an answer so far that ends in white space.
    message = _lengthened(begun, text if manner == "instruction" else text.rstrip())
    fields = dict(request.fields)
    if manner == "prefix":
        message["prefix"] = True
    elif manner == "final_message":
        fields["continue_final_message"] = _raw(value=True)
        fields["add_generation_prompt"] = _raw(value=False)
    messages.append(message)
    if manner == "instruction":
        messages.append({"role": "user", "content": INSTRUCTION})
    fields[place] = _raw(messages)
    used = estimate_tokens(len(text))
    for name in _BOUNDS:
        raw = fields.get(name)
        bound = None if raw is None else msgspec.json.decode(raw)
        if type(bound) is int:
            fields[name] = _raw(max(1, bound - used))
    return msgspec.structs.replace(request, fields=fields)


def without_notices(request: Request) -> Request:
    """The request without what an earlier answer of ours told in its content blocks or items, for
    callers who send answers back as they got them: vendors refuse members that they do not know.
    """
    place = "input" if request.dialect == RESPONSES else "messages"
    raw = request.fields.get(place)
    if raw is None or b'"licet"' not in bytes(raw):
        return request
    try:
        messages = _BLOCKS.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return request
    for message in messages:
        message.pop("licet", None)
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict):
                block.pop("licet", None)
    fields = {**request.fields, place: _raw(messages)}
    return msgspec.structs.replace(request, fields=fields)


def _messages(raw: msgspec.Raw) -> list[Any]:
    """The turns so far; what Responses says in one text is the user's."""
    if bytes(raw).lstrip().startswith(b'"'):
        return [{"role": "user", "content": raw}]
    return list(_MESSAGES.decode(raw))


def _begun(messages: list[Any]) -> dict[str, Any]:
    """What the caller itself has begun the answer with, taken from the end of its messages."""
    last = messages[-1] if messages else None
    if isinstance(last, msgspec.Raw):
        last = msgspec.json.decode(last)
    if not isinstance(last, dict) or last.get("role") != "assistant":
        return {"role": "assistant", "content": ""}
    messages.pop()
    return last


def _lengthened(message: dict[str, Any], text: str) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, list):
        return {**message, "content": [*content, {"type": "text", "text": text}]}
    return {**message, "content": (content or "") + text}


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
