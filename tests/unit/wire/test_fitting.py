"""A request as one vendor wants it, whatever a caller has put where a name belongs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licet.wire import Dialect, Fitted, Manner, Operation, fit, read_request, write_request

PLAIN = Manner()
HASHED = Manner(end_user="hash")
NAMELESS = Manner(end_user="drop")


def fitted(
    dialect: Dialect,
    manner: Manner,
    *,
    person: str = "",
    geo: str = "",
    operation: Operation = "answer",
    **fields: Any,
) -> tuple[dict[str, Any], Fitted]:
    """The body for the vendor, and what was taken down."""
    request = read_request(dialect, json.dumps({"model": "m", **fields}).encode(), operation)

    def pseudonym(named: str) -> str:
        return f"hash of {person or named}" if person or named else ""

    found = fit(request, manner, pseudonym=pseudonym, geo=geo)
    body: dict[str, Any] = json.loads(write_request(found.request, model="m"))
    return body, found


def test_a_vendor_that_wants_nothing_gets_what_there_is() -> None:
    assert PLAIN.is_plain
    said: dict[str, Any] = {
        "user": "ada",
        "max_tokens": 5,
        "metadata": {"user_id": 5},
        "x": [1.0, None],
    }
    body, found = fitted("chat", PLAIN, **said)
    assert body == {"model": "m", **said}
    assert (found.dropped, found.stripped, found.geo) == ((), (), "")


@pytest.mark.parametrize("dialect", ["chat", "responses"])
def test_names_of_the_family_of_chat(dialect: Dialect) -> None:
    both: dict[str, Any] = {"user": "old", "safety_identifier": "new"}
    body, found = fitted(dialect, HASHED, **both)
    assert body == {"model": "m", "safety_identifier": "hash of new"}
    assert found.stripped == ("safety_identifier", "user")
    body, _ = fitted(dialect, HASHED, person="ada", **both)
    assert body["safety_identifier"] == "hash of ada"
    assert fitted(dialect, NAMELESS, person="ada", **both)[0] == {"model": "m"}


@pytest.mark.parametrize("name", [None, 5, "", ["ada"], {"name": "ada"}])
def test_a_name_that_is_none_names_nobody(name: Any) -> None:
    assert fitted("chat", HASHED, user=name)[0] == {"model": "m"}
    assert fitted("messages", HASHED, metadata={"user_id": name})[0] == {"model": "m"}


@pytest.mark.parametrize(
    ("metadata", "left", "stripped"),
    [
        ({"user_id": "ada"}, None, ("metadata.user_id",)),
        ({"user_id": "ada", "tier": 1}, {"tier": 1}, ("metadata.user_id",)),
        ({"tier": 1}, {"tier": 1}, ()),
        ({}, {}, ()),
        ("ada", None, ("metadata",)),
        (["ada"], None, ("metadata",)),
        (None, None, ("metadata",)),
    ],
)
def test_names_of_messages(metadata: Any, left: Any, stripped: tuple[str, ...]) -> None:
    body, found = fitted("messages", NAMELESS, metadata=metadata)
    assert body.get("metadata") == left
    assert found.stripped == stripped
    body, _ = fitted("messages", HASHED, person="ada", metadata=metadata)
    assert body["metadata"] == {**(left or {}), "user_id": "hash of ada"}


def test_a_count_of_tokens_has_no_place_for_a_name() -> None:
    body, _ = fitted("messages", HASHED, person="ada", operation="count_tokens", system="s")
    assert body == {"model": "m", "system": "s"}


def test_a_place_is_said_in_the_vendors_word() -> None:
    manner = Manner(geos={"US": "us", "DE": "eu", "FR": "eu"})
    assert manner.geo(frozenset({"FR", "GB"})) == "eu"
    assert manner.geo(frozenset({"GB"})) == ""
    body, found = fitted("messages", manner, geo="us", inference_geo="eu")
    assert (body["inference_geo"], found.geo, found.stripped) == ("us", "us", ("inference_geo",))
    body, found = fitted("messages", manner, inference_geo="eu")
    assert (body["inference_geo"], found.geo, found.stripped) == ("eu", "eu", ())
    _, found = fitted("messages", manner, geo="us", inference_geo="us")
    assert found.stripped == ()
    _, found = fitted("messages", manner, inference_geo=7)
    assert found.geo == ""


@pytest.mark.parametrize(
    ("wanted", "said", "body", "dropped"),
    [
        ("max_tokens", {"max_completion_tokens": 7}, {"max_tokens": 7}, ()),
        ("max_completion_tokens", {"max_tokens": 7}, {"max_completion_tokens": 7}, ()),
        ("max_tokens", {"max_tokens": 7, "max_completion_tokens": 7}, {"max_tokens": 7}, ()),
        (
            "max_tokens",
            {"max_tokens": 7, "max_completion_tokens": 9},
            {"max_tokens": 7},
            ("max_completion_tokens",),
        ),
        ("max_tokens", {}, {}, ()),
    ],
)
def test_a_bound_has_one_name(
    wanted: Any, said: dict[str, Any], body: dict[str, int], dropped: tuple[str, ...]
) -> None:
    got, found = fitted("chat", Manner(token_limit=wanted), **said)
    assert got == {"model": "m", **body}
    assert found.dropped == dropped
