"""A broken file keeps no restriction out, and lets nothing in."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.evidence import AdoptedLeaf, ClockLeaf, KeyMadeLeaf, KeyRevokedLeaf, decode, encode
from licet.gateway import Adopted, Suspension, suspend
from licet.identity import new_signing_key
from licet.policy import Action, Snapshot, Verdict
from licet.terms import UNKNOWN_PERSON, Faults
from tests.unit.gateway.test_folder_adopter import (
    AT,
    DIRECTIVE,
    KEY,
    LATER,
    LIFT,
    SETTINGS,
    Bench,
    versions,
)

BROKEN = 'id = "broken"\nkind = "restrction"\n'
STOP = """
id = "stop"
kind = "restriction"
[[version]]
received = 2026-06-20T00:00:00Z
effective_from = 2026-06-20T00:00:00Z
[[version.applies]]
model.id = ["north-1"]
"""
LICENCE = """
id = "licence"
kind = "authorisation"
[[version]]
received = 2026-06-20T00:00:00Z
effective_from = 2026-06-20T00:00:00Z
relieves = ["letter"]
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder whose letter refuses foreigners, adopted; then a file breaks."""
    bench = Bench(tmp_path)
    bench.record(bench.adopter.adopt(AT, None))
    bench.write("directives/broken.toml", BROKEN)
    return bench


@pytest.fixture
def first(bench: Bench) -> Adopted:
    (bench.path / "directives/broken.toml").unlink()
    found = bench.adopter.adopt(AT, None)
    bench.write("directives/broken.toml", BROKEN)
    return found


def verdict(adopted: Adopted) -> Verdict:
    """On somebody of whom nothing is known."""
    ruleset = Snapshot.load(adopted.document).select(LATER)
    known = ruleset.know(UNKNOWN_PERSON, "acme", "chat", LATER)
    return ruleset.decide(known, "north-1", "north", Action.INFERENCE).verdict


def leaf_of(adopted: Adopted) -> AdoptedLeaf:
    (leaf,) = (one for one in adopted.leaves if isinstance(one, AdoptedLeaf))
    return leaf


def test_a_new_restriction_is_in_force_and_recorded_beside_a_broken_file(
    bench: Bench, first: Adopted
) -> None:
    assert verdict(first) is Verdict.UNDETERMINED
    bench.write("directives/stop.toml", STOP)
    second = bench.record(bench.adopter.adopt(LATER, first))
    assert verdict(second) is Verdict.REFUSED
    assert second.faults[0].startswith("directives/broken.toml:2:8: ")
    assert versions(second) == [("stop", 1, False)]
    assert leaf_of(second).partial


def test_a_lift_and_a_licence_wait_and_are_named_with_their_places(
    bench: Bench, first: Adopted
) -> None:
    bench.write("directives/letter.toml", DIRECTIVE + LIFT)
    bench.write("directives/licence.toml", LICENCE)
    second = bench.adopter.adopt(LATER, first)
    assert (verdict(second), second.recorded) == (Verdict.UNDETERMINED, ())
    assert second.left == (
        "directives/letter.toml:11:3: version 2 of `letter`, a lift",
        "directives/licence.toml:4:3: version 1 of `licence`, an authorisation",
    )


def test_an_amendment_is_in_force_beside_what_it_amends_until_all_is_mended(
    bench: Bench, first: Adopted
) -> None:
    amended = DIRECTIVE + STOP.partition("[[version]]")[1] + STOP.partition("[[version]]")[2]
    bench.write("directives/letter.toml", amended)
    second = bench.record(bench.adopter.adopt(LATER, first))
    assert verdict(second) is Verdict.REFUSED
    (pending,) = (one.id for one in second.sources.directives if one.id != "letter")
    assert pending.startswith("pending.letter.")
    assert bench.adopter.adopt(LATER, second).sources == second.sources
    (bench.path / "directives/broken.toml").unlink()
    third = bench.adopter.adopt(LATER, second)
    assert [one.id for one in third.sources.directives] == ["letter"]
    assert versions(third) == [("letter", 2, False)]
    assert not third.is_partial


def test_no_file_can_pose_as_a_pending_amendment(bench: Bench, first: Adopted) -> None:
    bench.write("directives/stop.toml", STOP.replace('"stop"', '"pending.letter.0"'))
    second = bench.adopter.adopt(LATER, first)
    assert second.sources == first.sources
    assert any("only the gateway's own pending amendments do" in one for one in second.faults)


LISTED = """
id = "annex"
kind = "organisations"
[[version]]
effective_from = 2026-06-20T00:00:00Z
members = ["acme"]
"""
ON_LIST = STOP.replace("model.id", 'organisation.list = ["annex"]\nmodel.id')


def test_what_cannot_be_beside_the_rest_is_left_and_what_can_is_in_force(
    bench: Bench, first: Adopted
) -> None:
    """A list that is of another kind now waits, and so does whoever relies on that."""
    bench.write("lists/annex.toml", LISTED)
    bench.write("directives/annex.toml", ON_LIST.replace('"stop"', '"annex"'))
    second = bench.record(bench.adopter.adopt(LATER, first))
    bench.write("lists/annex.toml", LISTED.replace("organisations", "places").replace("acme", "FR"))
    (bench.path / "directives/annex.toml").unlink()
    from_list = STOP.replace("model.id", 'subject.place = ["annex"]\nmodel.id')
    bench.write("directives/from.toml", from_list.replace('"stop"', '"from"'))
    bench.write("directives/stop.toml", STOP)
    third = bench.adopter.adopt(LATER, second)
    assert {one.id for one in third.sources.directives} == {"letter", "annex", "stop"}
    assert any(
        one.startswith("directives/from.toml:4:") and "`annex` is not" in one
        for one in third.faults
    )


@pytest.mark.parametrize("broken", ['id = "annex"\nkind = "organisatons"\n', "id = [\n"])
def test_a_list_that_is_broken_says_nothing_and_whatever_names_it_is_in_force(
    bench: Bench, first: Adopted, broken: str
) -> None:
    bench.write("lists/annex.toml", broken)
    bench.write("directives/stop.toml", ON_LIST)
    second = bench.adopter.adopt(LATER, first)
    assert {one.id for one in second.sources.directives} == {"letter", "stop"}
    assert verdict(second) is Verdict.UNDETERMINED


def test_a_broken_catalogue_keeps_no_restriction_out(bench: Bench, first: Adopted) -> None:
    """The names in a file that nobody can read may be those that a restriction names."""
    for path in (bench.path / "catalog").glob("*.toml"):
        path.write_text("[[model\n" + path.read_text())
    bench.write("directives/stop.toml", STOP)
    second = bench.adopter.adopt(LATER, first)
    assert versions(second) == [("stop", 1, False)]
    assert verdict(second) is Verdict.REFUSED


def test_a_new_list_comes_with_the_restriction_that_names_it(bench: Bench, first: Adopted) -> None:
    bench.write("lists/annex.toml", LISTED)
    bench.write("directives/stop.toml", ON_LIST)
    second = bench.adopter.adopt(LATER, first)
    assert verdict(second) is Verdict.REFUSED
    assert [(one.id, one.version) for one in leaf_of(second).lists] == [("annex", 1)]


def test_keys_lose_rights_and_gain_none(bench: Bench, first: Adopted) -> None:
    bench.write("keys/second.toml", KEY.format(hash="cd" * 32).replace("first", "second"))
    second = bench.adopter.adopt(LATER, first)
    assert [one.id for one in second.secrets.keys] == ["first"]
    text = KEY.format(hash="ab" * 32)
    bench.write("keys/first.toml", f"revoked = 2026-06-13T00:00:00Z{text}")
    third = bench.record(bench.adopter.adopt(LATER, second))
    (key,) = third.secrets.keys
    assert key.revoked is not None
    ended = [one.key for one in third.leaves if isinstance(one, KeyRevokedLeaf)]
    assert ended == ["first"]


def test_a_key_whose_file_is_broken_keeps_opening_and_one_that_is_gone_does_not(
    bench: Bench, first: Adopted
) -> None:
    bench.write("keys/first.toml", "broken")
    assert [one.id for one in bench.adopter.adopt(LATER, first).secrets.keys] == ["first"]
    (bench.path / "keys/first.toml").unlink()
    second = bench.adopter.adopt(LATER, first)
    assert second.secrets.keys == ()
    assert [one.key for one in second.leaves if isinstance(one, KeyRevokedLeaf)] == ["first"]


def test_settings_wait(bench: Bench, first: Adopted) -> None:
    bench.write("licet.toml", SETTINGS + "\n[limits]\ndrain_s = 1\n")
    assert bench.adopter.adopt(LATER, first).settings == first.settings


def test_a_start_with_a_broken_folder_goes_on_with_what_was_adopted_last(bench: Bench) -> None:
    bench.write("directives/stop.toml", STOP)
    bench.write("keys/second.toml", KEY.format(hash="cd" * 32).replace("first", "second"))
    started = bench.make().adopt(LATER, None)
    assert {one.id for one in started.sources.directives} == {"letter", "stop"}
    assert started.faults[0].startswith("directives/broken.toml:2:8: ")
    assert [one.id for one in started.secrets.keys] == ["first"]
    assert not [one for one in started.leaves if isinstance(one, ClockLeaf | KeyMadeLeaf)]


def test_a_start_on_an_edited_version_goes_on_with_the_recorded_one(bench: Bench) -> None:
    (bench.path / "directives/broken.toml").unlink()
    bench.write("directives/letter.toml", DIRECTIVE.replace("= false", "= true"))
    started = bench.make().adopt(LATER, None)
    assert verdict(started) is Verdict.UNDETERMINED
    assert "was edited" in started.faults[0]
    recorded = Snapshot.load(bench.kept[0]).sources.directives
    assert started.sources.directives == recorded


def test_a_suspension_outlives_a_start_with_a_broken_folder(bench: Bench, first: Adopted) -> None:
    suspended = suspend(Suspension(model="north-1"), first.sources, LATER, bench.adopter.log)
    bench.log.append(decode(encode(suspended.leaf)))
    assert verdict(bench.make().adopt(LATER, None)) is Verdict.REFUSED


def test_without_the_snapshot_that_the_log_names_a_broken_folder_does_not_start(
    bench: Bench,
) -> None:
    bench.kept.clear()
    with pytest.raises(Faults, match="it is not kept"):
        bench.make().adopt(LATER, None)


def test_status_says_what_is_broken_until_it_is_mended(bench: Bench, first: Adopted) -> None:
    second = bench.record(bench.adopter.adopt(LATER, first))
    told = bench.adopter.describe(second, LATER)["partial"]
    assert told["faults"][0].startswith("directives/broken.toml:2:8: ")
    (bench.path / "directives/broken.toml").unlink()
    third = bench.adopter.adopt(LATER, second)
    assert bench.adopter.describe(third, LATER)["partial"] is None


ISSUER = f"""
[[issuer]]
id = "idp"
audience = "licet"
jwks = '{new_signing_key("idp-1", bytes(32))[1]}'
"""
REVOKED = '[[revoked]]\nissuer = "idp"\nsubject = "{}"\n'


def test_a_revocation_beside_a_broken_file_counts_and_none_is_taken_back(bench: Bench) -> None:
    (bench.path / "directives/broken.toml").unlink()
    bench.write("licet.toml", SETTINGS + ISSUER)
    bench.write("revocations/june.toml", REVOKED.format("ada"))
    first = bench.record(bench.adopter.adopt(LATER, None))
    bench.write("directives/broken.toml", BROKEN)
    bench.write("revocations/june.toml", REVOKED.format("bo"))
    second = bench.adopter.adopt(LATER, first)
    (issuer,) = second.secrets.issuers
    assert issuer.revoked.subjects == ("ada", "bo")


def test_a_start_on_broken_revocations_believes_no_issuer(bench: Bench) -> None:
    (bench.path / "directives/broken.toml").unlink()
    bench.write("licet.toml", SETTINGS + ISSUER)
    bench.record(bench.adopter.adopt(LATER, None))
    bench.write("revocations/june.toml", "[[revoked]]\nissuer = ")
    started = bench.adopter.adopt(LATER, None)
    assert started.secrets.issuers == ()
    (bench.path / "revocations/june.toml").unlink()
    bench.write("directives/broken.toml", BROKEN)
    assert len(bench.adopter.adopt(LATER, None).secrets.issuers) == 1
