"""docs/identity.md shows configuration that is read, and settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

from licet.identity import parse_issuers, parse_key, parse_revocations
from licet.terms import read

PAGE = (Path(__file__).parents[3] / "docs" / "identity.md").read_text(encoding="utf-8")
BLOCKS = [re.sub("(?m)^ {3}", "", block) for block in re.findall(r"(?s)```toml\n(.*?)```", PAGE)]
KEY = (
    'id = "us-team"\nhash = "' + "0" * 64 + '"\norganisation = "acme-grid"\nworkloads = ["chat"]\n'
)


def test_every_issuer_of_the_page_is_one() -> None:
    issuers = [block for block in BLOCKS if "[[issuer]]" in block]
    assert len(issuers) == 2
    for block in issuers:
        entries, faults = parse_issuers(read("licet.toml", block.encode()), {}, {})
        assert (len(entries), faults) == (1, [])


def test_every_revocation_of_the_page_is_one() -> None:
    (block,) = [block for block in BLOCKS if "[[revoked]]" in block]
    entries, faults = parse_revocations(read("revocations/june.toml", block.encode()))
    assert (len(entries), faults) == (3, [])


def test_the_organisations_word_for_a_key_names_nobody_and_no_nationality() -> None:
    (block,) = [block for block in BLOCKS if "[attests]" in block]
    attests = parse_key(read("keys/us-team.toml", (KEY + block).encode())).value.attests
    assert attests is not None
    assert attests.us_person is not None
    assert attests.us_person.expires is not None
    assert (attests.subject, attests.nationality) == (None, None)
