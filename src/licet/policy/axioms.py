"""What follows from what about a person: the only inferences that Licet draws.

A citizen, permanent resident or protected person of the United States is a US person; a
complete set of statuses without any of these is a foreign person's. Source: 15 CFR 772.1, "U.S.
person" and "foreign person". Nothing is inferred about organisations: they attest `us_person`.
"""

from __future__ import annotations

import msgspec

from licet.policy.matching import Stand
from licet.terms import Standing

US = "US"
MAKES_US_PERSON = frozenset({Standing.CITIZEN, Standing.PERMANENT_RESIDENT, Standing.PROTECTED})
GIVES_NATIONALITY = frozenset({Standing.CITIZEN, Standing.PERMANENT_RESIDENT})


class Person(msgspec.Struct, frozen=True):
    """What is known of one person's standing, with what follows from it.

    `us_person`: None is unknown. `stands`: the known statuses, all of them if `complete`.
    `attested`: whether anything was. `conflicts`: attributes whose attestations contradict
    each other, and which are unknown for that reason.
    """

    us_person: bool | None = None
    stands: tuple[Stand, ...] = ()
    complete: bool = False
    us_person_attested: bool = False
    nationality_attested: bool = False
    conflicts: tuple[str, ...] = ()


NOBODY_KNOWN = Person()


def makes_us_person(stand: Stand) -> bool:
    return stand.country == US and stand.current and stand.standing in MAKES_US_PERSON


def derive(us_person: bool | None, stands: tuple[Stand, ...] | None, complete: bool) -> Person:
    """Joins an attested `us_person` (None: not attested) with attested statuses (likewise).

    If they contradict each other nothing says which of them is wrong, so both are unknown.
    """
    attested = us_person is not None
    if stands is None:
        return Person(us_person=us_person, us_person_attested=attested)
    follows = False if complete else None
    for stand in stands:
        if makes_us_person(stand):
            follows = True
    if attested and follows is not None and follows is not us_person:
        return Person(
            us_person_attested=True,
            nationality_attested=True,
            conflicts=("us_person", "nationality"),
        )
    return Person(
        us_person=follows if us_person is None else us_person,
        stands=stands,
        complete=complete,
        us_person_attested=attested,
        nationality_attested=True,
    )
