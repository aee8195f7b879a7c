"""From a folder to a snapshot and leaves; what is recorded stays as it was recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from licet.evidence import (
    AdoptedLeaf,
    ClockLeaf,
    KeyMadeLeaf,
    KeyRevokedLeaf,
    Leaf,
    SuspendedLeaf,
    decode,
    digest_of,
    encode,
)
from licet.gateway import Adopted, Folder, FolderAdopter, Suspension, read_history, suspend
from licet.policy import Snapshot
from licet.terms import (
    EvidenceFault,
    Faults,
    Instant,
    OperationFault,
    format_instant,
    parse_instant,
    to_datetime,
)

AT = parse_instant("2026-06-12T18:00:00-04:00")
LATER = parse_instant("2026-07-01T00:00:00Z")
SETTINGS = """
[operator]
name = "Acme"
url = "https://acme.example/ai"
contact = "ai@acme.example"
"""
CATALOGUE = """
[[organisation]]
id = "acme"

[[model]]
id = "north-1"

[[endpoint]]
id = "north"
operator = { id = "acme" }
base_url = "https://north.example"
dialect = "chat"
models = ["north-1"]
credential = { env = "NORTH" }
"""
WORKLOAD = """
id = "chat"
[[candidate]]
model = "north-1"
"""
DIRECTIVE = """
id = "letter"
kind = "restriction"
[[version]]
received = 2026-06-12T17:21:00-04:00
effective_from = 2026-06-12T17:21:00-04:00
[[version.applies]]
model.id = ["north-1"]
subject.us_person = false
"""
LIFT = """
[[version]]
received = 2026-06-30T19:52:00-04:00
effective_from = 2026-06-30T19:52:00-04:00
nothing = true
"""
FAIR = """
id = "fair"
kind = "obligation"
[[version]]
received = 2026-06-01T00:00:00Z
effective_from = 2026-06-01T00:00:00Z
[[version.duty]]
no_refusal_by = ["nationality"]
"""
KEY = """
id = "first"
hash = "{hash}"
organisation = "acme"
workloads = ["chat"]
"""


@dataclass
class Bench:
    """A folder, its log as a list of leaves, and the adopter over both."""

    path: Path
    log: list[Leaf] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=lambda: {"NORTH": "secret-of-north"})

    def __post_init__(self) -> None:
        for name, text in (
            ("licet.toml", SETTINGS),
            ("catalog/parties.toml", CATALOGUE),
            ("workloads/chat.toml", WORKLOAD),
            ("directives/letter.toml", DIRECTIVE),
            ("keys/first.toml", KEY.format(hash="ab" * 32)),
        ):
            self.write(name, text)
        self.adopter = self.make()

    def make(self) -> FolderAdopter:
        folder = Folder(self.path)
        return FolderAdopter(
            folder=folder,
            settings=folder.startable().settings,
            register=lambda: self.log,
            keep=self.kept.append,
            recall=self.recall,
            digest_key=lambda: b"k" * 32,
            environment=self.environment,
            wall=lambda: LATER,
            by="tester",
        )

    def recall(self, digest: str) -> bytes:
        for document in self.kept:
            if digest_of(document) == digest:
                return document
        raise EvidenceFault("snapshot_missing", "it is not kept")

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def record(self, adopted: Adopted) -> Adopted:
        """What the supervisor does: the snapshot is kept and the leaves are in the log."""
        self.adopter.store(adopted)
        self.log += [decode(encode(leaf)) for leaf in adopted.leaves]
        return adopted


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def versions(adopted: Adopted) -> list[tuple[str, int, bool]]:
    return [
        (one.id, one.version, one.claimed)
        for leaf in adopted.leaves
        if isinstance(leaf, AdoptedLeaf)
        for one in leaf.directives
    ]


def test_the_first_adoption_is_an_import_at_the_instants_that_authors_claim(bench: Bench) -> None:
    adopted = bench.record(bench.adopter.adopt(LATER, None))
    assert versions(adopted) == [("letter", 1, True)]
    assert adopted.recorded == (
        "directive `letter` v1, at 2026-06-12T21:21:00.000000Z, as its author claims",
    )
    snapshot = Snapshot.load(adopted.document)
    assert (snapshot.digest, bench.kept) == (adopted.digest, [adopted.document])
    assert [type(leaf) for leaf in adopted.leaves] == [AdoptedLeaf, KeyMadeLeaf]


def test_what_is_adopted_later_is_recorded_then(bench: Bench) -> None:
    first = bench.record(bench.adopter.adopt(AT, None))
    bench.write("directives/letter.toml", DIRECTIVE + LIFT)
    second = bench.record(bench.adopter.adopt(LATER, first))
    assert versions(second) == [("letter", 2, False)]
    assert second.recorded == (f"directive `letter` v2, at {format_instant(LATER)}",)
    (letter,) = second.sources.directives
    assert letter.versions[1].recorded_at == to_datetime(LATER)
    assert versions(bench.adopter.adopt(LATER, second)) == []


def test_an_edited_recorded_version_is_refused_with_its_place_and_what_to_do(bench: Bench) -> None:
    first = bench.record(bench.adopter.adopt(AT, None))
    bench.write("directives/letter.toml", DIRECTIVE.replace("= false", "= true"))
    second = bench.adopter.adopt(LATER, first)
    (fault,) = second.faults
    assert fault.startswith("directives/letter.toml:4:")
    assert "was edited" in fault
    assert "further `[[version]]`" in fault
    assert second.sources == first.sources


def test_a_removed_recorded_directive_stays_in_force_and_is_named(bench: Bench) -> None:
    first = bench.record(bench.adopter.adopt(AT, None))
    (bench.path / "directives/letter.toml").unlink()
    second = bench.adopter.adopt(LATER, first)
    assert "the recorded directive `letter` is gone" in second.faults[0]
    assert second.sources == first.sources
    (leaf,) = (one for one in second.leaves if isinstance(one, AdoptedLeaf))
    assert (leaf.partial, leaf.removed) == (True, ("directive letter",))
    assert bench.adopter.describe(second, LATER)["partial"]["removed"] == ["directive letter"]


def test_a_broken_file_before_anything_was_adopted_is_refused_and_named(bench: Bench) -> None:
    bench.write("directives/broken.toml", 'id = "broken"\nkind = "restrction"\n')
    with pytest.raises(Faults, match=r"directives/broken\.toml:2:8"):
        bench.adopter.adopt(AT, None)


def test_a_suspension_amends_without_reading_a_file_and_outlives_a_restart(bench: Bench) -> None:
    first = bench.record(bench.adopter.adopt(AT, None))
    bench.write("directives/broken.toml", "broken")
    suspended = suspend(Suspension(model="north-1"), first.sources, LATER, bench.adopter.log)
    amended = bench.adopter.amend(first, suspended, LATER)
    assert amended.digest != first.digest
    bench.log += [decode(encode(suspended.leaf))]
    bench.record(amended)
    (bench.path / "directives/broken.toml").unlink()
    again = bench.make().adopt(LATER, None)
    assert again.digest == amended.digest
    assert versions(again) == []


def test_no_file_can_pose_as_a_suspension(bench: Bench) -> None:
    text = DIRECTIVE.replace('"letter"', '"suspension.model.north-1"')
    bench.write("directives/pose.toml", text)
    with pytest.raises(Faults, match="as only the gateway's own suspensions do"):
        bench.adopter.adopt(AT, None)


def test_keys_made_and_revoked_are_said_once(bench: Bench) -> None:
    bench.record(bench.adopter.adopt(AT, None))
    text = KEY.format(hash="ab" * 32)
    bench.write("keys/first.toml", f"revoked = 2026-06-13T00:00:00Z{text}")
    bench.write("keys/second.toml", KEY.format(hash="cd" * 32).replace("first", "second"))
    second = bench.record(bench.adopter.adopt(LATER, None))
    keys = [leaf for leaf in second.leaves if isinstance(leaf, KeyMadeLeaf | KeyRevokedLeaf)]
    assert [(type(leaf), leaf.key) for leaf in keys] == [
        (KeyMadeLeaf, "second"),
        (KeyRevokedLeaf, "first"),
    ]
    (bench.path / "keys/second.toml").unlink()
    third = bench.record(bench.adopter.adopt(LATER, None))
    assert [leaf.key for leaf in third.leaves if isinstance(leaf, KeyRevokedLeaf)] == ["second"]
    assert len(bench.adopter.adopt(LATER, None).leaves) == 1


def test_secrets_come_from_the_environment_and_are_in_no_snapshot(bench: Bench) -> None:
    adopted = bench.adopter.adopt(AT, None)
    assert adopted.secrets.credentials == {"north": "secret-of-north"}
    assert b"secret-of-north" not in adopted.document
    assert b"ab" * 32 not in adopted.document
    assert "secret-of-north" not in repr(adopted)


def test_a_credential_that_is_not_there_is_named_and_nothing_is_adopted(bench: Bench) -> None:
    bench.environment.clear()
    with pytest.raises(Faults, match="environment variable `NORTH` is missing or empty"):
        bench.adopter.adopt(AT, None)


def test_what_takes_effect_only_at_a_start_is_said(bench: Bench) -> None:
    first = bench.adopter.adopt(AT, None)
    assert first.notices == ()
    bench.write("licet.toml", SETTINGS + "\n[listen]\nport = 1\n\n[limits]\ndrain_s = 1\n")
    second = bench.adopter.adopt(LATER, first)
    assert second.notices == (
        "`[listen]` in `licet.toml` changed, which takes effect at the next start",
    )
    assert second.drain_s == 1.0


def test_a_scripted_clock_is_in_the_log_with_the_time_on_the_wall(bench: Bench) -> None:
    bench.write("licet.toml", SETTINGS + "\n[clock]\nscripted = true\n")
    adopter = bench.make()
    first = adopter.adopt(AT, None).leaves[0]
    assert isinstance(first, ClockLeaf)
    assert (first.event, first.at, first.wall) == (
        "scripted",
        format_instant(AT),
        format_instant(LATER),
    )
    stepped = adopter.stepped(AT, LATER)
    assert (stepped.from_at, stepped.at) == (format_instant(AT), format_instant(LATER))


def test_status_says_what_is_in_force_and_what_is_overdue(bench: Bench) -> None:
    adopted = bench.record(bench.adopter.adopt(AT, None))
    due = {"directive": "letter", "next": "2026-06-20T00:00:00Z", "by": "officer"}
    review = bench.adopter.reviewed(adopted, due, AT)
    assert review.by == "officer"
    bench.log.append(review)
    told = bench.adopter.describe(adopted, LATER)
    assert [one["id"] for one in told["in_force"]] == ["letter"]
    assert list(told["overdue"]) == [{"id": "letter", "due": "2026-06-20T00:00:00.000000Z"}]
    assert bench.adopter.describe(adopted, AT)["overdue"] == ()
    with pytest.raises(OperationFault, match="no directive `leter`"):
        bench.adopter.reviewed(adopted, {"directive": "leter"}, AT)


def test_status_names_a_refusal_that_an_obligation_says_may_not_be(bench: Bench) -> None:
    assert bench.adopter.describe(bench.adopter.adopt(AT, None), AT)["contested"] == ()
    bench.write("directives/fair.toml", FAIR)
    found = bench.adopter.describe(bench.adopter.adopt(AT, None), LATER)["contested"]
    told = {"duty_of": "fair", "duty_version": 1, "restriction": "letter", "version": 1}
    assert list(found) == [{**told, "by": ("subject.us_person",)}]


def test_an_adoption_that_was_not_recorded_whole_did_not_take_place(bench: Bench) -> None:
    adopted = bench.adopter.adopt(AT, None)
    leaf = next(one for one in adopted.leaves if isinstance(one, AdoptedLeaf))
    half = msgspec.structs.replace(leaf, part=1, parts=2)
    history = read_history([half])
    assert history.is_empty
    assert history.recorded == {}
    suspended = suspend(Suspension(model="north-1"), adopted.sources, Instant(AT + 1), "log")
    assert isinstance(suspended.leaf, SuspendedLeaf)
    assert read_history([half, suspended.leaf]).suspensions == (suspended.directive,)
