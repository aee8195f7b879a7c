"""Presentations that the reference implementation of RFC 9901 made are read as it meant them.

`presentations.json` holds them, made once: keys, salts and decoys of that implementation.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from licet.identity import Issuer, TokenProblem, TokenVerifier, VerifiedToken

MADE = json.loads(Path(__file__).with_name("presentations.json").read_text(encoding="utf-8"))
NOW_S = 1_781_300_000
VERIFIER = TokenVerifier(
    [
        Issuer(
            id="https://pid.example",
            audience="licet",
            jwks=MADE["jwks"],
            format="sd-jwt-vc",
            vct=("urn:eudi:pid:1",),
            may_attest=("nationality",),
        )
    ]
)


@pytest.mark.parametrize(
    ("name", "countries", "expires"),
    [("nothing", None, None), ("one", ["FR"], None), ("two", ["DE", "FR"], "2034-05-04")],
)
def test_what_was_disclosed_is_what_is_known(
    name: str, countries: list[str] | None, expires: str | None
) -> None:
    found = VERIFIER.verify(MADE["presented"][name], NOW_S)
    assert isinstance(found, VerifiedToken), found
    known = found.profile.nationality
    assert (known and [one.country for one in known.value]) == countries
    assert (known and known.expires and known.expires.date().isoformat()) == expires


@pytest.mark.parametrize("name", MADE["presented"])
def test_none_of_them_counts_without_all_its_parts(name: str) -> None:
    parts = MADE["presented"][name].split("~")
    for missing in range(len(parts)):
        rest = "~".join(one for index, one in enumerate(parts) if index != missing)
        assert isinstance(VERIFIER.verify(rest, NOW_S), TokenProblem)
