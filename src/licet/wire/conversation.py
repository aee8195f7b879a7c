"""The neutral form of a request: what is asked, in no dialect.

Readers make it of one dialect, writers make another of it, so that a dialect more is one
reader and one writer. It holds what at least two dialects can say; the rest is a loss, which
`Notes` takes down as the table of losses has it.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NoReturn

import msgspec

from licet.terms import CallerFault, Place
from licet.wire.dialect import Dialect
from licet.wire.fates import KEPT, Loss
from licet.wire.losses import loss_of

NAME_CHARACTERS_MAX: Final = 64
NAMES_MAX: Final = 32

_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class Text(msgspec.Struct, frozen=True, gc=False):
    text: str


class Image(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`data` is base64 of `media_type`; or `url` says where the image lies. `detail`: how
    closely to look, where a dialect says so."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    detail: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`data` is base64 of `media_type` (a PDF); or `url` says where the document lies."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    name: str = ""


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call of a tool. `arguments` is JSON text as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


class Result(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a tool returned for the call `call`."""

    call: str
    parts: tuple[Text | Image | Document, ...]


Part = Text | Image | Document | Call | Result


class Turn(msgspec.Struct, frozen=True, gc=False):
    """`system` is an instruction amid the others, for a target that can say one there."""

    role: Literal["user", "assistant", "system"]
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`schema` is a JSON Schema of the arguments; None where the tool takes anything."""

    name: str
    description: str | None = None
    schema: Any = None
    strict: bool | None = None


class Choice(msgspec.Struct, frozen=True, gc=False):
    """Which tools must be called: `one` is the tool of that `name`."""

    kind: Literal["auto", "required", "none", "one"]
    name: str = ""


class Shape(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The JSON Schema that the whole answer must obey; None: any JSON object will do."""

    schema: Any
    name: str = "answer"
    description: str | None = None
    strict: bool | None = True


class Conversation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request. What is None was not said. `shared` holds parameters that two dialects of one
    family spell alike, by name."""

    system: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: Choice | None = None
    parallel: bool | None = None
    tokens_max: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    shape: Shape | None = None
    user: str | None = None
    effort: str | None = None
    verbosity: str | None = None
    shared: dict[str, Any] = {}
    stream: bool = False


class Notes:
    """What is lost on the way from one dialect to another; with `lossless` nothing may be."""

    __slots__ = ("_source", "_target", "dropped", "lossless", "stripped")

    def __init__(self, source: Dialect, target: Dialect, *, lossless: bool = False) -> None:
        self._source: Dialect = source
        self._target: Dialect = target
        self.lossless = lossless
        self.dropped: list[str] = []
        self.stripped: list[str] = []

    def loss(self, name: str) -> Loss | None:
        """The row of a parameter; None for one that nobody knows."""
        return loss_of(self._source, self._target, name)

    def keeps(self, name: str) -> bool:
        """Whether the target can say `name`, or what comes near to it."""
        row = self.loss(name)
        return row is not None and row.fate in KEPT

    def lose(self, name: str) -> None:
        """Takes down what the table says of `name`; what nobody knows is dropped, and named.

        Raises `CallerFault` (`untranslatable`) where it says that the request is refused.
        """
        row = self.loss(name)
        if row is not None and row.fate == "refused":
            self.refuse(name)
        if row is not None and row.fate == "stripped":
            _note(self.stripped, name)
            return
        if self.lossless:
            self.refuse(name)
        _note(self.dropped, name)

    def refuse(self, name: str) -> NoReturn:
        shown = _shown(name)
        raise CallerFault(
            "untranslatable",
            f"`{shown}` cannot be said in the dialect of the endpoints that may answer",
            place=Place(shown),
            remedy="leave it out, or ask for a model that is served in the dialect of this request",
        )

    def misshapen(self, name: str) -> NoReturn:
        """The request is not what its dialect says that it is."""
        shown = _shown(name)
        raise CallerFault(
            "invalid_type",
            f"`{shown}` is not what its dialect says that it is",
            place=Place(shown),
            remedy="see the reference of the dialect",
        )

    def text(self, value: Any, name: str) -> str:
        return value if isinstance(value, str) else self.misshapen(name)

    def object(self, value: Any, name: str) -> dict[str, Any]:
        return value if isinstance(value, dict) else self.misshapen(name)

    def array(self, value: Any, name: str) -> list[Any]:
        return value if isinstance(value, list) else self.misshapen(name)

    def rest(self, value: dict[str, Any], known: frozenset[str], name: str) -> None:
        """Loses every key of `value` that no reader looks at."""
        for key in value.keys() - known:
            if value[key] is not None:
                self.lose(f"{name}.{key}")


def object_of(arguments: str) -> dict[str, Any] | None:
    """The JSON object that a text is; None for anything else, as one that has not ended."""
    try:
        return _OBJECT.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return None


def _note(names: list[str], name: str) -> None:
    shown = _shown(name)
    if shown not in names and len(names) < NAMES_MAX:
        names.append(shown)


def _shown(name: str) -> str:
    """A name as it may stand in a header: what a caller wrote is part of it."""
    text = "".join(c if c.isascii() and (c.isalnum() or c in "._-[]") else "?" for c in name)
    return text[:NAME_CHARACTERS_MAX]
