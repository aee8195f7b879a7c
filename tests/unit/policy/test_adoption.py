"""A version is recorded once; what was recorded neither changes nor goes away."""

from __future__ import annotations

from datetime import UTC, datetime

from licet.policy import Adoption, Configuration, Recording, adopt, content_digest, parse
from licet.policy.configuration import VersionKey
from licet.terms import Instant, parse_instant, to_datetime

LETTER = """id = "letter"
kind = "restriction"
title = "The letter"
[[version]]
received = 2026-06-12T17:21:00-04:00
effective_from = 2026-06-12T17:21:00-04:00
reading = { text = "follows the person", by = "compliance", date = 2026-06-12 }
"""
LIFT = """[[version]]
received = 2026-06-30T19:52:00-04:00
effective_from = 2026-06-30T19:52:00-04:00
nothing = true
"""
LIST = """id = "letter"
kind = "places"
[[version]]
effective_from = 2026-01-01T00:00:00Z
members = ["FR"]
"""
SETTINGS = """[operator]
name = "Example"
url = "https://operator.example/ai"
contact = "compliance@operator.example"
"""
START, LATER = parse_instant("2026-06-13T00:00:00Z"), parse_instant("2026-07-01T00:00:00Z")


def configuration(letter: str | None = LETTER, places: str = LIST) -> Configuration:
    files = {"licet.toml": SETTINGS, "lists/letter.toml": places}
    if letter is not None:
        files["directives/letter.toml"] = letter
    found = parse({path: text.encode() for path, text in files.items()})
    assert found.faults == ()
    return found


def recorded(adoption: Adoption) -> dict[VersionKey, Recording]:
    return {one.key: one.recording for one in adoption.newly}


FIRST = adopt(configuration(), {}, START, first=True)


def again(changed: Configuration, at: Instant = LATER) -> Adoption:
    return adopt(changed, recorded(FIRST), at, first=False, previous=FIRST.sources)


def moments(adoption: Adoption) -> list[datetime | None]:
    return [one.recorded_at for one in adoption.sources.directives[0].versions]


def test_the_first_adoption_is_an_import_of_claims() -> None:
    assert moments(FIRST) == [datetime(2026, 6, 12, 21, 21, tzinfo=UTC)]
    assert [one.key for one in FIRST.newly] == [("directive", "letter", 1), ("list", "letter", 1)]
    assert all(one.recording.claimed for one in FIRST.newly)
    assert FIRST.newly[0].reading == "follows the person"
    assert FIRST.sources.lists[0].versions[0].recorded_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_the_same_files_record_nothing_more() -> None:
    second = again(configuration())
    assert second.newly == ()
    assert second.faults == ()
    assert second.sources == FIRST.sources


def test_a_further_version_is_recorded_at_the_clock() -> None:
    second = again(configuration(LETTER + LIFT))
    assert second.faults == ()
    assert moments(second)[1] == to_datetime(LATER)
    assert [(one.key, one.recording.claimed) for one in second.newly] == [
        (("directive", "letter", 2), False)
    ]


def test_an_edited_version_is_a_fault_and_the_recorded_one_stays() -> None:
    second = again(configuration(LETTER.replace("follows the person", "follows the place")))
    assert "\n".join(str(fault) for fault in second.faults) == (
        "directives/letter.toml:4:3: version 1 of `letter`, recorded at "
        "2026-06-12T21:21:00.000000Z, was edited\n"
        "  help: restore it as it was, and say what changed in a further `[[version]]`"
    )
    assert second.sources == FIRST.sources


def test_what_a_directive_says_of_itself_is_part_of_every_version() -> None:
    second = again(configuration(LETTER.replace("The letter", "A letter")))
    assert [fault.code for fault in second.faults] == ["recorded_edited"]


def test_a_removed_version_is_a_fault_and_stays() -> None:
    both = adopt(configuration(LETTER + LIFT), {}, START, first=True)
    second = adopt(configuration(), recorded(both), LATER, first=False, previous=both.sources)
    assert [fault.code for fault in second.faults] == ["recorded_removed"]
    assert second.sources.directives == both.sources.directives


def test_a_removed_file_is_a_fault_and_its_directive_stays() -> None:
    second = again(configuration(letter=None))
    assert [fault.message for fault in second.faults] == ["the recorded directive `letter` is gone"]
    assert second.sources.directives == FIRST.sources.directives


def test_lists_are_recorded_as_directives_are() -> None:
    second = again(configuration(places=LIST.replace('"FR"', '"FR", "DE"')))
    assert [fault.code for fault in second.faults] == ["recorded_edited"]
    assert second.faults[0].place is not None
    assert second.faults[0].place.path == "lists/letter.toml"
    assert second.sources.lists == FIRST.sources.lists


def test_the_digest_does_not_depend_on_the_record() -> None:
    written, kept = configuration().sources.directives[0], FIRST.sources.directives[0]
    assert content_digest(written, 1) == content_digest(kept, 1)
    assert len(content_digest(written, 1)) == 64


def test_comments_and_the_order_of_keys_are_no_content() -> None:
    lines = LETTER.splitlines()
    reordered = "\n".join(["# a comment", lines[1], lines[0], *lines[2:], ""])
    assert again(configuration(reordered)).faults == ()
