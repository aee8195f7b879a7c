"""Whole answers, as far as they are read: in each dialect, and as all of them are known."""

from __future__ import annotations

from typing import Any

import msgspec

from licet.wire.chat import Choice
from licet.wire.messages import StopDetails
from licet.wire.responses import Response
from licet.wire.usage import ChatUsage, MessagesUsage, Usage


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A whole answer, as far as the gateway reads it.

    `model`, `stop_reason` are as the vendor spells them; `refusal` is the category where
    the vendor refused; `residency` is where it says that it inferred.
    """

    model: str | None
    usage: Usage
    stop_reason: str | None
    refusal: str | None
    residency: str | None = None


class Completion(msgspec.Struct, gc=False):
    choices: list[Choice]
    model: Any = None
    usage: ChatUsage | None = None
    error: Any = None


class Block(msgspec.Struct, gc=False):
    type: Any = None
    to: Any = None


class Message(msgspec.Struct, gc=False):
    content: list[msgspec.Raw]
    model: Any = None
    usage: MessagesUsage | None = None
    stop_reason: Any = None
    stop_details: StopDetails | None = None
    type: Any = None


Said = Completion | Message | Response
