"""Attributes that an operator declares: what their types hold."""

from __future__ import annotations

from licet.terms.places import is_place

DECLARED_TYPES = ("boolean", "integer", "text", "texts", "place", "places")


def is_of_type(kind: str, value: object) -> bool:
    """Whether `value` may stand for a declared attribute of that type.

    A value of another type would be compared with what it cannot be compared with, so it is
    refused where it enters, by `licet check` or with the token that claims it.
    """
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case "texts":
            return isinstance(value, tuple)
        case "place":
            return isinstance(value, str) and is_place(value)
        case "places":
            return isinstance(value, tuple) and all(is_place(one) for one in value)
        case _:
            return False
