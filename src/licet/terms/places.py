"""Places: countries and territories by their ISO 3166-1 alpha-2 code, in capitals."""

from __future__ import annotations

from functools import cache

import pycountry


@cache
def places() -> frozenset[str]:
    """Every assigned code, as `pycountry` has it; about 250."""
    return frozenset(country.alpha_2 for country in pycountry.countries)


def is_place(code: str) -> bool:
    """Whether `code` is assigned. `UK` and `EU` are reserved, not assigned: they are none."""
    return code in places()


def place_remedy(code: str) -> str:
    """What to write instead of a `code` that is no place."""
    if is_place(code.upper()):
        return f"write `{code.upper()}`, in capitals"
    if code.upper() == "UK":
        return "did you mean `GB`?"
    named = pycountry.countries.get(name=code.title())
    if named is not None:
        return f"did you mean `{named.alpha_2}`?"
    return "places are ISO 3166-1 alpha-2 codes, such as `US` or `FR`"


def place_name(code: str) -> str:
    """What people call a place, with its code: `France (FR)`; a code that is none, as it is."""
    country = pycountry.countries.get(alpha_2=code)
    return code if country is None else f"{getattr(country, 'common_name', country.name)} ({code})"
