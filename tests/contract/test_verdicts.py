"""The verdict tables of June 2026 over HTTP, asked by the official clients of both vendors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from licet.demo.persons import COLUMNS, PERSONS, Person
from licet.demo.staging import Access, staged
from licet.gateway import Secrets
from licet.policy import Configuration
from licet.sim import JUNE_2026, SIM_KEY
from tests.golden.test_verdicts import EXPECTED
from tests.rig import Rig

LETTER = "directives/us-commerce-2026-06-12.toml"
READING_B = "readings/us-commerce-2026-06-12.b.toml"
SIGNS = {"refused": "-", "undetermined": "?"}


class EpisodeRig(Rig):
    """The episode's own configuration, under one of the two readings of the first letter."""

    def __init__(self, reading: str) -> None:
        super().__init__(at=COLUMNS[0].at, vendors=JUNE_2026)
        self._reading = reading
        self._staged: dict[str, bytes] = {}
        self.access: Access

    def files(self) -> dict[str, bytes]:
        if not self._staged:
            urls = {spec.id: self.vendors.url(spec.id) for spec in JUNE_2026}
            self._staged, self.access = staged(urls, withdrawn=False)
            if self._reading == "b":
                self._staged[LETTER] = self._staged[READING_B]
        return self._staged

    def secrets(self, configuration: Configuration) -> Secrets:
        return Secrets(
            keys=configuration.keys,
            issuers=configuration.issuers,
            credentials=dict.fromkeys((spec.id for spec in JUNE_2026), SIM_KEY),
            digest_key=b"k" * 32,
            digest_key_id="digest-1",
        )


@pytest.fixture(params=["a", "b"])
def rig(request: pytest.FixtureRequest) -> Iterator[EpisodeRig]:
    with EpisodeRig(request.param) as running:
        yield running


def by_openai(rig: EpisodeRig, person: Person, model: str) -> str:
    """The table's sign, as the client of Chat Completions sees it."""
    headers = _speaks_for(rig, person)
    with openai.OpenAI(
        base_url=f"{rig.url}/v1", api_key=rig.access.key(person), default_headers=headers
    ) as client:
        try:
            client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "hello"}]
            )
        except openai.APIStatusError as refusal:
            return _sign(refusal.status_code, refusal.body)
    return "P"


def by_anthropic(rig: EpisodeRig, person: Person, model: str) -> str:
    """The table's sign, as the client of Messages sees it."""
    headers = _speaks_for(rig, person)
    with anthropic.Anthropic(
        base_url=rig.url, api_key=rig.access.key(person), default_headers=headers
    ) as client:
        try:
            client.messages.create(
                model=model, max_tokens=64, messages=[{"role": "user", "content": "hello"}]
            )
        except anthropic.APIStatusError as refusal:
            body: Any = refusal.body
            return _sign(refusal.status_code, body["error"])
    return "P"


def _speaks_for(rig: EpisodeRig, person: Person) -> dict[str, str]:
    token = rig.access.token(person)
    return {} if token is None else {"Licet-Subject": token}


def _sign(status: int, error: Any) -> str:
    assert status == 451, error
    return SIGNS[error["licet"]["verdict"]]


def test_the_official_clients_see_the_table(rig: EpisodeRig) -> None:
    rows: dict[str, list[str]] = {person.id: [] for person in PERSONS}
    for column in COLUMNS:
        rig.call(rig.node.step_clock, column.at)
        for person in PERSONS:
            sign = by_openai(rig, person, column.model)
            assert by_anthropic(rig, person, column.model) == sign
            rows[person.id].append(sign)
    assert [" ".join(signs) for signs in rows.values()] == EXPECTED[rig._reading]
