"""Keys are shown once, kept as hashes, and read back from their files as they were."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from licet.identity import Key, hash_key, new_key, parse_key, write_key
from licet.terms import Assurance, ConfigurationFault, read

CREATED = datetime(2026, 6, 9, 12, tzinfo=UTC)


def made(**changed: object) -> tuple[str, Key]:
    given: dict[str, object] = {
        "organisation": "acme-grid",
        "workloads": ("code-review", "assistant"),
        "created": CREATED,
    }
    return new_key("acme-1", b"\x07" * 32, **(given | changed))  # type: ignore[arg-type]


def test_the_plaintext_leads_to_the_hash_that_is_kept() -> None:
    plaintext, key = made()
    assert plaintext.startswith("lk_")
    assert len(plaintext) == 46
    assert key.hash == hash_key(plaintext)
    assert plaintext not in write_key(key)


def test_a_key_takes_exactly_256_bits() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        new_key("short", b"1234", organisation="acme-grid", workloads=("a",), created=CREATED)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"subject": 'a "quoted" \\ subject'},
        {"subject": "alice", "speaks_for_others": True},
        {"speaks_for_others": False},
        {"expires": datetime(2027, 1, 1, tzinfo=UTC)},
    ],
)
def test_what_is_written_reads_back(changed: dict[str, object]) -> None:
    _, key = made(**changed)
    assert parse_key(read("keys/acme-1.toml", write_key(key).encode())).value == key


def test_a_personal_key_speaks_for_nobody_else_unless_it_says_so() -> None:
    assert made(subject="alice")[1].speaks_for_others is False
    assert made()[1].speaks_for_others is True


def test_what_a_key_attests_is_attested_by_its_organisation() -> None:
    _, key = made()
    text = write_key(key) + '[attests]\nus_person = true\nattested = { assurance = "document" }\n'
    attests = parse_key(read("keys/acme-1.toml", text.encode())).value.attests
    assert attests is not None
    assert attests.us_person is not None
    assert attests.us_person.issuer == "acme-grid"
    assert attests.us_person.assurance is Assurance.DOCUMENT


def test_a_plaintext_key_in_a_file_is_refused_and_not_repeated() -> None:
    plaintext, key = made()
    text = write_key(key).replace(key.hash, plaintext)
    with pytest.raises(ConfigurationFault) as caught:
        parse_key(read("keys/acme-1.toml", text.encode()))
    assert plaintext not in str(caught.value)
