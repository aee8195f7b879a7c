"""`licet key`."""

from __future__ import annotations

import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from licet.cli.options import DURATION, config_option, json_option, show_json, told_of
from licet.cli.snapshots import snapshot_of
from licet.gateway import Folder
from licet.identity import KEY_BYTES, Key, attest, new_key, write_key
from licet.policy import Release, Verdict, releases
from licet.terms import UNKNOWN_PERSON, Instant, OperationFault, did_you_mean, is_identifier


@click.group()
def key() -> None:
    """Make, list and revoke the gateway's keys.

    A key belongs to an organisation and opens some workloads. Its file in `keys/` holds only its
    hash; `licet reload` puts a change into effect.
    """


@key.command("new")
@click.argument("name")
@click.option("--organisation", required=True, help="Whose key it is, by id.")
@click.option("--workload", "workloads", multiple=True, required=True, help="What it opens, by id.")
@click.option("--subject", help="The one person who holds it, if it is personal.")
@click.option("--for-itself", is_flag=True, help="`Licet-Subject` is not honoured with it.")
@click.option("--expires-in", type=DURATION, help="After which it opens nothing: `90d`.")
@click.option(
    "--attest",
    "attested",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the organisation attests of everybody who uses it: `us_person=yes`.",
)
@config_option
def new(
    name: str,
    organisation: str,
    workloads: tuple[str, ...],
    subject: str | None,
    for_itself: bool,
    expires_in: int | None,
    attested: tuple[str, ...],
    folder: Folder,
) -> None:
    """Make a key called NAME. It is shown once, and kept nowhere.

    Handing it out is an act that directives can restrict (`action = ["credential"]`): models for
    which that is not permitted are named, and without any other the key is not made.
    """
    if not is_identifier(name):
        raise OperationFault(
            "wrong_name",
            f"`{name}` cannot name a key",
            remedy="lower case letters, digits, `.`, `_` and `-`",
        )
    _must_exist(folder, organisation, workloads)
    created = datetime.now(UTC).replace(microsecond=0)
    shown, made = new_key(
        name,
        secrets.token_bytes(KEY_BYTES),
        organisation=organisation,
        workloads=workloads,
        created=created,
        subject=subject,
        speaks_for_others=not for_itself,
        expires=None if expires_in is None else created + timedelta(seconds=expires_in),
    )
    made = msgspec.structs.replace(made, attests=attest(attested, organisation, created))
    _check_release(folder, made)
    path = folder.within("keys") / f"{name}.toml"
    _write_new(path, write_key(made))
    click.echo(f"wrote {path}; `licet reload` puts it into effect; shown once:", err=True)
    click.echo(shown)


@key.command("list")
@config_option
@json_option
def list_keys(folder: Folder, as_json: bool) -> None:
    """Keys, whose they are, what they open, until when."""
    keys = folder.configuration().keys
    if as_json:
        show_json([_row(one) for one in keys])
        return
    for one in keys:
        row = _row(one)
        person = f", held by {one.subject}" if one.subject else ""
        click.echo(
            f"{one.id}: {one.organisation}{person}, {', '.join(one.workloads)}, {row['state']}"
        )


@key.command("revoke")
@click.argument("name")
@config_option
def revoke(name: str, folder: Folder) -> None:
    """Revoke the key NAME. Its file stays, so that the records that name it can be read."""
    keys = {one.id: one for one in folder.configuration().keys}
    if name not in keys:
        raise OperationFault(
            "unknown_key",
            f"there is no key `{name}`",
            remedy=did_you_mean(name, keys) or "`licet key list` names them",
        )
    if keys[name].revoked is not None:
        click.echo(f"`{name}` is revoked already")
        return
    path = _file_of(folder, name)
    moment = datetime.now(UTC).replace(microsecond=0)
    # Before every table, since what follows a table's head belongs to the table.
    line = f"revoked = {moment.isoformat().replace('+00:00', 'Z')}\n"
    _replace(path, line + path.read_text(encoding="utf-8"))
    click.echo(f"`{name}` is revoked in {path}; `licet reload` puts it into effect")


def _check_release(folder: Folder, made: Key) -> None:
    """Tells of models for which no credential may be handed out; a fault where there is no other.

    Whoever speaks for others says with each request who asks, and is decided then: what is
    undetermined now is told, and does not keep such a key from being made.
    """
    now = Instant(time.time_ns() // 1000)
    snapshot, _, _ = snapshot_of(folder, now)
    profile = made.attests or UNKNOWN_PERSON
    found = releases(snapshot, now, profile, made.organisation, made.workloads)
    barred = [one for one in found if not one.decision.permitted]
    hopeless = [
        one
        for one in barred
        if one.decision.verdict is Verdict.REFUSED or not made.speaks_for_others
    ]
    if found and len(hopeless) == len(found):
        raise OperationFault(
            "credential_refused",
            f"no key is made: {'; '.join(_told(one) for one in hopeless)}",
            remedy="`--attest us_person=yes` and the like, where the organisation can attest it;"
            " `licet explain --action credential` says why",
        )
    for one in barred:
        click.echo(f"warning: {_told(one)}", err=True)


def _told(one: Release) -> str:
    decision = one.decision
    by = " and ".join(f"`{name}`" for name in decision.deciding) or decision.reason
    missing = " or ".join(" with ".join(names) for names in decision.missing)
    for_want = f" for want of {missing}" if missing else ""
    return (
        f"a credential for `{one.model}` in `{one.workload}` is {decision.verdict}"
        f" by {by}{for_want}"
    )


def _must_exist(folder: Folder, organisation: str, workloads: tuple[str, ...]) -> None:
    sources = folder.configuration().sources
    organisations = [one.id for one in sources.organisations]
    known = [one.id for one in sources.workloads]
    for name, names, what in (
        (organisation, organisations, "organisation"),
        *((one, known, "workload") for one in workloads),
    ):
        if name not in names:
            raise OperationFault(
                f"unknown_{what}",
                f"there is no {what} `{name}`",
                remedy=did_you_mean(name, names) or "there are: " + ", ".join(names),
            )


def _row(one: Key) -> dict[str, object]:
    return {
        "id": one.id,
        "organisation": one.organisation,
        "workloads": list(one.workloads),
        "subject": one.subject,
        "state": _state(one, datetime.now(UTC)),
    }


def _state(one: Key, now: datetime) -> str:
    if one.revoked is not None and one.revoked <= now:
        return f"revoked {one.revoked.isoformat()}"
    if one.expires is not None and one.expires <= now:
        return f"expired {one.expires.isoformat()}"
    return "good" if one.expires is None else f"good until {one.expires.isoformat()}"


def _file_of(folder: Folder, name: str) -> Path:
    """The file of a key; by its usual name, else by what the files say."""
    usual = folder.within("keys") / f"{name}.toml"
    for path in (usual, *sorted(folder.within("keys").glob("*.toml"))):
        if path.is_file() and f'id = "{name}"' in path.read_text(encoding="utf-8"):
            return path
    raise OperationFault("unknown_key", f"the file of key `{name}` is not found in `keys/`")


def _write_new(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise OperationFault(
            "key_exists",
            f"`{path}` exists already",
            remedy="choose another name; a revoked key keeps its own",
        ) from error
    except OSError as error:
        raise told_of(error, path) from error


def _replace(path: Path, text: str) -> None:
    """In one step, so that a reload never reads half a file."""
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
