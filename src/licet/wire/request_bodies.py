"""The body of a request: its top level is read and written again, everything nested passes on.

Duplicate and escaped keys collapse on the way (the last one wins), so that gateway and
vendor cannot read two different models out of the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from licet.terms import CallerFault, Place
from licet.wire.dialect import CHAT, RESPONSES, Dialect, Operation
from licet.wire.reasoning import without_told
from licet.wire.requests import Request
from licet.wire.vendor_state import read_previous, refuse_vendor_state

_TOP_LEVEL: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STRING: Final = msgspec.json.Decoder(str)
_FLAG: Final = msgspec.json.Decoder(bool | None)
_OPTIONS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_ENCODE: Final = msgspec.json.Encoder().encode
_NULL: Final = msgspec.Raw(b"null")
_NOTHING: Final[Mapping[str, Any]] = {}


def read_request(dialect: Dialect, body: bytes, operation: Operation = "answer") -> Request:
    """Reads a body; raises `CallerFault`, whose `place` is the parameter at fault.

    Codes: `invalid_json`, `invalid_type`, `missing_model`.
    """
    fields = _read_top_level(body)
    raw = fields.get("model")
    if raw is None:
        raise CallerFault(
            "missing_model",
            "the request names no model",
            place=Place("model"),
            remedy="set `model` to the name of a workload or of a model",
        )
    model = _read_model(raw)
    raw = fields.get("stream") if operation == "answer" else None
    stream = raw is not None and _read_flag(raw, "stream")
    usage_asked = False
    if operation == "answer" and dialect == CHAT and "stream_options" in fields:
        asked = _read_options(fields["stream_options"]).get("include_usage")
        usage_asked = asked is not None and _read_flag(asked, "stream_options.include_usage")
    previous = ""
    if dialect == RESPONSES:
        refuse_vendor_state(fields)
        previous = read_previous(fields)
    return Request(
        dialect=dialect,
        model=model,
        stream=stream,
        usage_asked=usage_asked,
        size=len(body),
        fields=fields,
        operation=operation,
        previous=previous,
    )


def write_request(
    request: Request,
    *,
    model: str,
    include_usage: bool = True,
    fields: Mapping[str, Any] = _NOTHING,
) -> bytes:
    """The body for a vendor that calls the model `model`.

    With `include_usage` a chat stream is asked to end with its usage, whatever the caller
    said; the other stream options survive. `fields` are set as given, over the caller's.
    Reasoning that we have told in the dialect of Responses is no vendor's, and goes to none.
    """
    body: dict[str, Any] = {**request.fields, "model": model}
    if include_usage and request.stream and request.dialect == CHAT and not request.usage_asked:
        raw = request.fields.get("stream_options")
        options: dict[str, Any] = {} if raw is None else dict(_read_options(raw))
        options["include_usage"] = True
        body["stream_options"] = options
    if request.dialect == RESPONSES:
        told = request.fields.get("input")
        if told is not None:
            body["input"] = without_told(told)
    if fields:
        body.update(fields)
    return _ENCODE(body)


def _read_top_level(body: bytes) -> dict[str, msgspec.Raw]:
    if not body.isascii():
        _check_utf8(body)
    try:
        return _TOP_LEVEL.decode(body)
    except msgspec.ValidationError:
        raise CallerFault(
            "invalid_type",
            "the body is not a JSON object",
            remedy="send one object with `model` and what the model is to answer",
        ) from None
    except msgspec.DecodeError as error:
        what = f"the body is not valid JSON: {_said(error)}" if body else "the body is empty"
        raise CallerFault(
            "invalid_json", what, remedy="send one JSON object, encoded as UTF-8"
        ) from None
    except RecursionError:
        raise CallerFault(
            "invalid_json",
            "the body is not valid JSON: it is nested too deep",
            remedy="nest arrays and objects less than some hundred levels deep",
        ) from None


def _check_utf8(body: bytes) -> None:
    # Raw values are not decoded, so nobody else would notice before the vendor does.
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise CallerFault(
            "invalid_json",
            f"the body is not valid JSON: byte {error.start} is not UTF-8",
            remedy="send one JSON object, encoded as UTF-8",
        ) from None


def _read_model(raw: msgspec.Raw) -> str:
    try:
        model = _STRING.decode(raw)
    except msgspec.DecodeError:
        raise CallerFault(
            "invalid_type",
            "`model` is not a string",
            place=Place("model"),
            remedy="set `model` to the name of a workload or of a model",
        ) from None
    if not model:
        raise CallerFault(
            "missing_model",
            "`model` is empty",
            place=Place("model"),
            remedy="set `model` to the name of a workload or of a model",
        )
    return model


def missing_part(request: Request) -> CallerFault | None:
    """What is wrong where Messages is asked without a bound (`missing_max_tokens`), or Responses
    without anything to answer (`missing_input`).

    The dialect wants it whichever vendor answers: a request that only a hop would heal is no
    good request.
    """
    if request.operation != "answer" or request.dialect == CHAT:
        return None
    if request.dialect == RESPONSES:
        return _missing_input(request)
    if bytes(request.fields.get("max_tokens", b"null")) != b"null":
        return None
    return CallerFault(
        "missing_max_tokens",
        "the request does not say how long the answer may become",
        place=Place("max_tokens"),
        remedy="set `max_tokens`, which Messages asks of every request",
    )


def _missing_input(request: Request) -> CallerFault | None:
    # A prompt that a vendor keeps may ask by itself; an empty text is the vendor's to judge.
    if any(request.fields.get(name, _NULL) != _NULL for name in ("input", "prompt")):
        return None
    return CallerFault(
        "missing_input",
        "the request has nothing to answer",
        place=Place("input"),
        remedy="set `input` to a text, or to an array of items",
    )


def _read_flag(raw: msgspec.Raw, name: str) -> bool:
    try:
        return _FLAG.decode(raw) is True
    except msgspec.DecodeError:
        raise CallerFault(
            "invalid_type",
            f"`{name}` is neither true nor false",
            place=Place(name),
            remedy=f"set `{name}` to true or false, or leave it out",
        ) from None


def _read_options(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return _OPTIONS.decode(raw) or {}
    except msgspec.DecodeError:
        raise CallerFault(
            "invalid_type",
            "`stream_options` is not an object",
            place=Place("stream_options"),
            remedy="set `stream_options` to an object, or leave it out",
        ) from None


def _said(error: Exception) -> str:
    """What the decoder says of where it stopped, without its own preface."""
    text = str(error).removeprefix("JSON is malformed: ")
    return text[:1].lower() + text[1:]
