"""What an endpoint wants beside its dialect: pseudonyms of persons, where to infer, one bound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from licet.sim import Entry
from licet.terms import Instant
from tests.contract.asking import Heard, ask, send
from tests.contract.evidence import Told, told
from tests.contract.identities import ISSUER_FILE, token
from tests.rig import LICET, VENDORS, Rig

AT = Instant(1_781_300_000_000_000)
EXTRA = {
    "first": 'end_user = "hash"\ntoken_limit = "max_tokens"\n',
    "second": 'end_user = "drop"\ntoken_limit = "max_completion_tokens"\n',
    "third": 'end_user = "hash"\ninference_geo = { US = "us", DE = "eu" }\n',
}


class Hooked(Rig):
    """A rig whose endpoints say what they want; `second` is run by somebody else."""

    def files(self) -> dict[str, bytes]:
        found = super().files()
        text = found["catalog/endpoints.toml"].decode()
        for spec in VENDORS:
            head = f'id = "{spec.id}"\noperator = {{ id = "maker" }}'
            operator = "reseller" if spec.id == "third" else "maker"
            told = f'id = "{spec.id}"\noperator = {{ id = "{operator}" }}\n{EXTRA.get(spec.id, "")}'
            assert head in text
            text = text.replace(head, told)
        return found | {"catalog/endpoints.toml": text.encode()}


def only(name: str, endpoint: str, extra: str = "") -> tuple[str, str]:
    text = f'id = "{name}"\n{extra}\n[[candidate]]\nmodel = "alpha"\nendpoints = ["{endpoint}"]\n'
    return f"workloads/{name}.toml", text


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    files = dict(
        (
            ("licet.toml", LICET + ISSUER_FILE),
            ("catalog/reseller.toml", '[[organisation]]\nid = "reseller"\n'),
            only("chat", "first"),
            only("chat-any", "second"),
            only("messages", "third", 'residency = ["US"]'),
            only("messages-any", "third", 'residency = ["FR", "DE"]'),
        )
    )
    with Hooked(files, at=AT) as rig:
        yield rig


def asked(rig: Rig, model: str, person: str | None = "ada", **extra: Any) -> tuple[Heard, Told]:
    headers = {} if person is None else {"Licet-Subject": token(sub=person)}
    dialect = "messages" if model.startswith("messages") else "chat"
    heard = ask(rig.port, rig.plain_key, dialect, model=model, headers=headers, **extra)
    assert heard.status == 200, heard
    found = told(rig)[heard.request]
    found.check()
    return heard, found


def arrival(found: Told) -> Entry:
    (one,) = found.arrivals
    return one


def sent_as(rig: Rig, model: str, person: str | None = "ada", **extra: Any) -> str | None:
    return arrival(asked(rig, model, person, **extra)[1]).end_user


def test_a_person_is_the_same_to_one_vendor_and_another_to_the_next(rig: Rig) -> None:
    ada = sent_as(rig, "chat")
    assert ada is not None
    assert len(ada) == 32
    assert "ada" not in ada
    assert sent_as(rig, "chat") == ada
    assert sent_as(rig, "chat", stream=True) == ada
    assert sent_as(rig, "chat", "bob") not in (ada, None)
    elsewhere = sent_as(rig, "messages")
    assert elsewhere is not None
    assert elsewhere != ada


def test_what_a_client_says_of_a_person_is_replaced_and_recorded(rig: Rig) -> None:
    ada = sent_as(rig, "chat")
    _, found = asked(rig, "chat", user="ada@example.com", safety_identifier="ada-1")
    assert arrival(found).end_user == ada
    assert "user" not in arrival(found).fields
    sending = found.decisions[0].sending
    assert sending is not None
    assert sending.stripped == ("safety_identifier", "user")
    _, found = asked(rig, "messages", metadata={"user_id": "ada@example.com", "tier": "gold"})
    assert arrival(found).end_user == sent_as(rig, "messages")
    sending = found.decisions[0].sending
    assert sending is not None
    assert sending.stripped == ("metadata.user_id",)


def test_where_no_person_is_known_the_name_that_a_client_gives_is_hashed(rig: Rig) -> None:
    assert sent_as(rig, "chat", None) is None
    one = sent_as(rig, "chat", None, user="ada@example.com")
    assert one is not None
    assert one != "ada@example.com"
    assert one == sent_as(rig, "chat", None, safety_identifier="ada@example.com")
    assert one != sent_as(rig, "chat", None, user="bob@example.com")
    assert one != sent_as(rig, "chat")


def test_a_vendor_that_is_to_know_nobody_hears_of_nobody(rig: Rig) -> None:
    _, found = asked(rig, "chat-any", user="ada@example.com")
    assert arrival(found).end_user is None
    assert not {"user", "safety_identifier"} & set(arrival(found).fields)


def test_vectors_have_a_name_of_their_own_for_it(rig: Rig) -> None:
    body = json.dumps({"model": "chat", "input": "hello", "user": "ada@example.com"}).encode()
    headers = {"x-api-key": rig.plain_key, "Licet-Subject": token(sub="ada")}
    heard = send(rig.port, "POST", "/v1/embeddings", body, headers)
    entry = arrival(told(rig)[heard.request])
    assert entry.end_user == sent_as(rig, "chat")
    assert entry.fields == ("input", "model", "user")


@pytest.mark.parametrize(
    ("model", "other", "own"),
    [
        ("chat", "max_completion_tokens", "max_tokens"),
        ("chat-any", "max_tokens", "max_completion_tokens"),
    ],
)
def test_the_bound_on_an_answer_has_the_name_that_the_vendor_knows(
    rig: Rig, model: str, other: str, own: str
) -> None:
    for bounds in ({other: 50}, {own: 50}, {other: 50, own: 50}):
        heard, entry, _ = bounded(rig, model, bounds)
        assert own in entry.fields
        assert other not in entry.fields
        assert "licet-dropped" not in heard.headers
    heard, _, dropped = bounded(rig, model, {other: 40, own: 50})
    assert heard.headers["licet-dropped"] == other
    assert dropped == (other,)


def bounded(rig: Rig, model: str, bounds: dict[str, int]) -> tuple[Heard, Entry, tuple[str, ...]]:
    """What becomes of a request with these bounds: the answer, its arrival, what was dropped."""
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **bounds}
    path, headers = "/v1/chat/completions", {"x-api-key": rig.plain_key}
    heard = send(rig.port, "POST", path, json.dumps(body).encode(), headers)
    found = told(rig)[heard.request]
    sending = found.decisions[0].sending
    assert sending is not None
    return heard, arrival(found), sending.dropped


def test_a_residency_is_asked_for_and_what_comes_back_is_held_against_it(rig: Rig) -> None:
    before = rig.call(rig.node.status).breaches
    _, found = asked(rig, "messages", inference_geo="eu")
    assert arrival(found).inference_geo == "us"
    sending = found.decisions[0].sending
    assert sending is not None
    assert (sending.residency, sending.stripped) == ("us", ("inference_geo",))
    assert (found.outcomes[0].residency, found.outcomes[0].breaches) == ("us", ())
    # This vendor infers in one place, whatever it is asked.
    for stream in (False, True):
        _, found = asked(rig, "messages-any", stream=stream)
        assert arrival(found).inference_geo == "eu"
        assert found.outcomes[0].residency == "us"
        assert found.outcomes[0].breaches == ("residency",)
    assert rig.call(rig.node.status).breaches == before + 2
    metrics = send(rig.port, "GET", "/metrics").body.decode()
    assert f'licet_residency_breaches_total{{worker="0"}} {before + 2}' in metrics
