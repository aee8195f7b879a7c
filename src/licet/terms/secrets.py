"""A value that does not print itself."""

from __future__ import annotations


class Secret:
    """Text that must not reach a log, a traceback or a snapshot; `reveal()` gives it.

    It has no `__str__` of the text, does not pickle and is no msgspec type, so that a careless
    format or encoding fails or prints stars.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: at the one place that hands it to whom it is meant for."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")
