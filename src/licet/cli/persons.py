"""A person's attributes on the command line: what is not said is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from licet.terms import (
    Assurance,
    Attested,
    Engagement,
    OperationFault,
    Profile,
    Relation,
    Standing,
    Status,
    is_place,
    place_remedy,
)

ISSUER = "command-line"

Command = TypeVar("Command", bound=Callable[..., Any])


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The options as given."""

    us_person: str
    nationality: tuple[str, ...]
    employee_of: tuple[str, ...]
    place: str | None
    tier: tuple[str, ...]
    complete: bool

    def profile(self, subject: str | None = None) -> Profile:
        """As if attested by a document; `OperationFault` for what is no country or status."""
        return Profile(
            subject=subject,
            us_person=None
            if self.us_person == "unknown"
            else self._attest(self.us_person == "yes"),
            nationality=self._attest(tuple(_status(one) for one in self.nationality))
            if self.nationality
            else None,
            place=None if self.place is None else self._attest(_country(self.place)),
            engagement=self._attest(
                tuple(
                    Engagement(relation=Relation.EMPLOYEE, organisation=one)
                    for one in self.employee_of
                )
            )
            if self.employee_of
            else None,
            tier=self._attest(self.tier) if self.tier else None,
        )

    def _attest(self, value: Any) -> Attested[Any]:
        return Attested(
            value=value, issuer=ISSUER, assurance=Assurance.DOCUMENT, complete=self.complete
        )


def person_options(command: Command) -> Command:
    """The options of a person, given to the command as the fields of `Person`."""
    for option in reversed(
        (
            click.option(
                "--us-person",
                type=click.Choice(["yes", "no", "unknown"]),
                default="unknown",
                help="Whether the person is a US person.",
            ),
            click.option(
                "--nationality",
                multiple=True,
                metavar="COUNTRY:STATUS",
                help="`FR:citizen`; also `permanent_resident`, `protected`, `former`.",
            ),
            click.option(
                "--employee-of", multiple=True, metavar="ORG", help="An employer, by its id."
            ),
            click.option("--place", metavar="COUNTRY", help="Where the person is now: `FR`."),
            click.option("--tier", multiple=True, help="A vetted programme the person is in."),
            click.option(
                "--complete", is_flag=True, help="What is given is all there is, not a part."
            ),
        )
    ):
        command = option(command)
    return command


def _status(text: str) -> Status:
    country, _, standing = text.partition(":")
    try:
        return Status(country=_country(country), standing=Standing(standing or "citizen"))
    except ValueError as error:
        known = ", ".join(f"`{one}`" for one in Standing)
        raise OperationFault(
            "wrong_standing", f"`{standing}` is no status of a person", remedy=f"one of {known}"
        ) from error


def _country(text: str) -> str:
    code = text.upper()
    if not is_place(code):
        raise OperationFault("wrong_place", f"`{text}` is no country", remedy=place_remedy(code))
    return code
