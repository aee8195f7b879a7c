"""`licet subject`."""

from __future__ import annotations

import time

import click

from licet.cli.options import DURATION, config_option, told_of
from licet.cli.persons import Person, person_options
from licet.gateway import Folder
from licet.identity import sign_subject, subject_claims
from licet.terms import OperationFault, did_you_mean

PRIVATE_KEY = "issuers/local.private.json"


@click.group()
def subject() -> None:
    """Tokens of end users, for tests."""


@subject.command("sign")
@click.argument("name")
@click.option("--issuer", default="local", show_default=True, help="Who attests, by its id.")
@click.option(
    "--key",
    "key_file",
    default=PRIVATE_KEY,
    show_default=True,
    help="The issuer's private JSON Web Key, in the configuration folder.",
)
@click.option("--lifetime", type=DURATION, default="1h", show_default=True)
@person_options
@config_option
def sign(
    name: str,
    issuer: str,
    key_file: str,
    lifetime: int,
    folder: Folder,
    us_person: str,
    nationality: tuple[str, ...],
    employee_of: tuple[str, ...],
    place: str | None,
    tier: tuple[str, ...],
    complete: bool,
) -> None:
    """Print a token for the subject NAME, to be sent as `Licet-Subject`."""
    issuers = {one.id: one for one in folder.configuration().issuers}
    if issuer not in issuers:
        raise OperationFault(
            "unknown_issuer",
            f"there is no issuer `{issuer}` in `licet.toml`",
            remedy=did_you_mean(issuer, issuers) or "there are: " + ", ".join(issuers),
        )
    path = folder.within(key_file)
    try:
        private = path.read_text(encoding="utf-8")
    except OSError as error:
        raise told_of(error, path) from error
    person = Person(
        us_person=us_person,
        nationality=nationality,
        employee_of=employee_of,
        place=place,
        tier=tier,
        complete=complete,
    )
    claims = subject_claims(
        person.profile(name),
        subject=name,
        issuer=issuer,
        audience=issuers[issuer].audience,
        now_s=int(time.time()),
        lifetime_s=lifetime,
    )
    click.echo(sign_subject(claims, private))
