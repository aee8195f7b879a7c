"""The configuration of a pass: the folder of June 2026 with keys, an issuer and vendors of its own.

The folder is a part of this package, and `examples/june-2026` of the repository is the same.
Nothing in it is changed except where vendors are, which port is listened on, and that the
decision clock is scripted.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import msgspec

from licet.demo.persons import DIALECTS, ISSUER, PERSONS, Person
from licet.identity import (
    ATTESTABLE,
    KEY_BYTES,
    SEED_BYTES,
    new_key,
    new_signing_key,
    sign_subject,
    subject_claims,
    write_key,
)
from licet.policy import belongs
from licet.terms import OperationFault

AUDIENCE = "licet"
EPISODE = "june-2026"
TOKEN_LIFETIME_S = 3600
PRIVATE = 0o600

AVAILABILITY = "catalog/availability.toml"
ENDPOINTS = "catalog/endpoints.toml"
SETTINGS = "licet.toml"

WITHDRAWN = """
# As it happened: the developer could not tell who is a foreign person, and so withdrew both
# models from everybody, at every reseller too. A fact of availability, and no rule.
[[availability]]
model = "claude-fable-5"
from = 2026-06-12T17:21:00-04:00
until = 2026-07-01T00:00:00-04:00
reason = "withdrawn by the developer from everybody"

[[availability]]
model = "claude-mythos-5"
from = 2026-06-12T17:21:00-04:00
until = 2026-07-01T00:00:00-04:00
reason = "withdrawn by the developer from everybody"
"""

ISSUER_TABLE = f"""
[[issuer]]
id = "{ISSUER}"
audience = "{AUDIENCE}"
jwks_file = "issuers/{ISSUER}.jwks.json"
may_attest = {msgspec.json.encode([name for name in ATTESTABLE if name != "tier"]).decode()}
"""

_BASE_URL = re.compile(r'^base_url = ".*"$', re.MULTILINE)
_ID = re.compile(r'^id = "(.*)"$', re.MULTILINE)


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """By what each person is let in: the employer's key, and a token that names the person."""

    keys: Mapping[str, str]
    tokens: Mapping[str, str]

    def key(self, person: Person) -> str:
        return self.keys[_key_id(person)]

    def token(self, person: Person) -> str | None:
        """None: a job has none."""
        return self.tokens.get(person.id)


def episode() -> dict[str, bytes]:
    """The files of the episode's folder, by path with `/`."""
    root = resources.files("licet.demo") / EPISODE
    with resources.as_file(root) as folder:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and belongs(path.name)
        }


def staged(vendor_urls: Mapping[str, str], *, withdrawn: bool) -> tuple[dict[str, bytes], Access]:
    """The files of a pass, and what its persons present. `withdrawn`: the developer's models
    cannot be had by anybody from 12 June 17:21 -04:00 to 1 July."""
    files = episode()
    files[ENDPOINTS] = _with_urls(files[ENDPOINTS].decode(), vendor_urls).encode()
    settings = _once(files[SETTINGS].decode(), "port = 8750", "port = 0")
    settings = _once(settings, "[clock]", "[clock]\nscripted = true")
    files[SETTINGS] = (settings + ISSUER_TABLE).encode()
    if withdrawn:
        files[AVAILABILITY] += WITHDRAWN.encode()
    private, public = new_signing_key(f"{ISSUER}-1", secrets.token_bytes(SEED_BYTES))
    files[f"issuers/{ISSUER}.jwks.json"] = public.encode()
    keys = {}
    for person in PERSONS:
        name = _key_id(person)
        if name in keys:
            continue
        keys[name], key = new_key(
            name,
            secrets.token_bytes(KEY_BYTES),
            organisation=person.organisation,
            workloads=tuple(person.workloads[dialect] for dialect in DIALECTS),
            created=datetime.now(UTC).replace(microsecond=0),
        )
        files[f"keys/{name}.toml"] = write_key(key).encode()
    return files, Access(keys=keys, tokens=_tokens(private))


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Puts the files down, readable by their owner alone."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=PRIVATE)
        path.write_bytes(data)


def _key_id(person: Person) -> str:
    """One key for each employer and kind of work."""
    kind = "staff" if person.profile is not None else person.id
    return f"{person.organisation}-{kind}"


def _tokens(private_key: str) -> dict[str, str]:
    now_s = int(time.time())
    return {
        person.id: sign_subject(
            subject_claims(
                person.profile,
                subject=person.id,
                issuer=ISSUER,
                audience=AUDIENCE,
                now_s=now_s,
                lifetime_s=TOKEN_LIFETIME_S,
            ),
            private_key,
        )
        for person in PERSONS
        if person.profile is not None
    }


def _with_urls(text: str, urls: Mapping[str, str]) -> str:
    first, *tables = text.split("[[endpoint]]")
    moved = [first]
    for table in tables:
        name = _ID.search(table)
        if name is None or name[1] not in urls:
            raise OperationFault("demo", "an endpoint of the episode has no simulated vendor")
        moved.append(_BASE_URL.sub(f'base_url = "{urls[name[1]]}"', table, count=1))
    return "[[endpoint]]".join(moved)


def _once(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise OperationFault("demo", f"the episode's `{SETTINGS}` says `{old}` not exactly once")
    return text.replace(old, new)
