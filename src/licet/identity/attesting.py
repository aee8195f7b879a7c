"""What an organisation attests of everybody who uses a key: said in words, written as TOML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from licet.terms import (
    Assurance,
    Attested,
    Engagement,
    OperationFault,
    Profile,
    Relation,
    is_place,
    place_remedy,
)

ATTESTABLE_OF_ALL = ("us_person", "employee_of", "place", "tier")
"""What can be true of everybody who uses a key. No nationality: where `us_person` suffices,
nothing more is asked, and nobody's passport is a property of a key."""


def attest(words: Iterable[str], organisation: str, on: datetime) -> Profile | None:
    """`us_person=yes`, `employee_of=acme`, `place=US`, `tier=vetted` as attested by the
    organisation on the day of that instant, UTC; None without words. `OperationFault` for what
    is none of these."""
    day = on.replace(hour=0, minute=0, second=0, microsecond=0)
    found: dict[str, list[str]] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in ATTESTABLE_OF_ALL or not value:
            raise _not_attestable(word, name)
        found.setdefault(name, []).append(value)
    if not found:
        return None
    for name in ("us_person", "place"):
        if len(found.get(name, ())) > 1:
            raise OperationFault("attested_twice", f"`{name}` is attested twice")
    values: dict[str, Any] = {}
    if "us_person" in found:
        values["us_person"] = _flag(found["us_person"][0])
    if "place" in found:
        values["place"] = _place(found["place"][0])
    if "employee_of" in found:
        values["engagement"] = tuple(
            Engagement(relation=Relation.EMPLOYEE, organisation=one) for one in found["employee_of"]
        )
    if "tier" in found:
        values["tier"] = tuple(found["tier"])
    attested: dict[str, Any] = {
        name: Attested(
            value=value, issuer=organisation, assurance=Assurance.EMPLOYER, evidence_date=day
        )
        for name, value in values.items()
    }
    return Profile(**attested)


def write_attests(profile: Profile) -> str:
    """The `[attests]` table of what `attest` made; `parse_key` reads it back."""
    lines = ["[attests]"]
    dates = []
    for name in ("us_person", "place", "engagement", "tier"):
        attested: Attested[Any] | None = getattr(profile, name)
        if attested is not None:
            lines.append(f"{name} = {_toml(attested.value)}")
            dates.append(attested.evidence_date)
    day = next((one for one in dates if one is not None), None)
    dated = "" if day is None else f", date = {day.date().isoformat()}"
    lines.append(f'attested = {{ assurance = "{Assurance.EMPLOYER}"{dated} }}')
    return "\n".join(lines) + "\n"


def _toml(value: bool | str | tuple[str, ...] | tuple[Engagement, ...]) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_element(one) for one in value)}]"
    # What JSON escapes, TOML escapes alike; true and false are the same words in both.
    return msgspec.json.encode(value).decode()


def _element(value: str | Engagement) -> str:
    if isinstance(value, Engagement):
        organisation = _toml(value.organisation)
        return f'{{ relation = "{value.relation}", organisation = {organisation} }}'
    return _toml(value)


def _flag(value: str) -> bool:
    if value not in ("yes", "no"):
        raise OperationFault(
            "wrong_value", f"`us_person={value}` says neither", remedy="`yes` or `no`"
        )
    return value == "yes"


def _place(value: str) -> str:
    if not is_place(value):
        raise OperationFault("wrong_place", f"`{value}` is no country", remedy=place_remedy(value))
    return value


def _not_attestable(word: str, name: str) -> OperationFault:
    known = ", ".join(f"`{one}=...`" for one in ATTESTABLE_OF_ALL)
    if name == "nationality":
        return OperationFault(
            "not_attestable",
            "nationality is nothing that everybody who uses a key has in common",
            remedy="where a directive asks for US persons, `us_person=yes` or `us_person=no`"
            " settles it without anybody's nationality",
        )
    return OperationFault(
        "not_attestable", f"`{word}` cannot be attested of a key", remedy=f"one of {known}"
    )
