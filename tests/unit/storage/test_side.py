import os
import struct
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from licet.evidence import Opening
from licet.storage import RealDisk, SideReader, SideStore, SnapshotStore
from licet.terms import EvidenceFault

PROFILE = b'{"us_person":true,"attested_by":"employer"}' * 10


def opening(number: int, holder: str = "person-1", parts: tuple[bytes, ...] = ()) -> Opening:
    return Opening(
        request=f"01K{number}", holder=holder, salt=os.urandom(32), inputs=b"{}", parts=parts
    )


def store(folder: Path) -> SideStore:
    return SideStore(folder, RealDisk(), os.urandom)


def read(folder: Path) -> dict[str, tuple[bytes, ...]]:
    return {found.request: found.parts for found in SideReader(folder, RealDisk()).openings()}


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "side").iterdir()))


def test_openings_read_back_after_a_restart(tmp_path: Path) -> None:
    for number in (1, 2):
        side = store(tmp_path)
        side.append([opening(number, parts=(PROFILE,))])
        side.close()
    assert read(tmp_path) == {"01K1": (PROFILE,), "01K2": (PROFILE,)}


def test_nothing_of_a_person_is_readable_on_disk(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1, "person-of-interest", (PROFILE,))])
    side.close()
    data = bytes_of(tmp_path)
    assert not any(word in data for word in (b"person", b"us_person", b"01K1"))


def test_a_profile_is_stored_once_per_person(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1, parts=(PROFILE,))])
    first = len(bytes_of(tmp_path))
    side.append([opening(2, parts=(PROFILE,)), opening(3, parts=(PROFILE,))])
    again = len(bytes_of(tmp_path)) - first
    assert again < first
    assert again < 2 * len(PROFILE)
    side.append([opening(4, "person-2", (PROFILE,))])
    side.close()
    assert set(read(tmp_path).values()) == {(PROFILE,)}


def test_openings_of_one_group_commit_share_a_frame_by_holder_and_inputs(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(number, parts=(PROFILE,)) for number in range(100)])
    side.append([opening(number, f"person-{number % 3}") for number in range(100, 109)])
    side.close()
    assert len(read(tmp_path)) == 109
    assert {read(tmp_path)[f"01K{number}"] for number in range(100)} == {(PROFILE,)}
    size = (tmp_path / "side" / "0000000001.side").stat().st_size
    assert size < len(PROFILE) + 100 * 60


def test_an_opening_in_a_frame_of_its_own_is_still_read(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1, parts=(PROFILE,))])
    side.close()
    key = (tmp_path / "side" / "holders").read_bytes()[64 + 8 + 32 : 64 + 8 + 64]
    kept = msgspec.msgpack.encode(["01K2", bytes(32), b"{}", [sha256(PROFILE).digest()]])
    place = struct.pack(">cI", b"O", 0)
    body = place + bytes(12) + AESGCM(key).encrypt(bytes(12), kept, place)
    with (tmp_path / "side" / "0000000001.side").open("ab") as file:
        file.write(struct.pack(">I", len(body)) + sha256(body).digest()[:8] + body)
    assert read(tmp_path) == {"01K1": (PROFILE,), "01K2": (PROFILE,)}


def test_zeros_behind_the_last_frame_are_no_damage(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1)])
    path = tmp_path / "side" / "0000000001.side"
    assert path.read_bytes().endswith(bytes(1_000))
    reader = SideReader(tmp_path, RealDisk())
    assert ([found.request for found in reader.openings()], reader.damage) == (["01K1"], [])
    side.close()
    assert not path.read_bytes().endswith(bytes(1_000))


def test_room_that_a_crash_left_reserved_is_given_back_at_the_next_start(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1, parts=(PROFILE,))])
    path = tmp_path / "side" / "0000000001.side"
    used = len(path.read_bytes().rstrip(b"\0"))
    assert path.stat().st_size > 1 << 20
    again = store(tmp_path)
    again.append([opening(2)])
    assert path.stat().st_size == used + 4096
    assert read(tmp_path) == {"01K1": (PROFILE,), "01K2": ()}


def test_erasing_a_person_leaves_the_others_and_no_trace_of_the_key(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1, "person-1"), opening(2, "person-2")])
    before = (tmp_path / "side" / "holders").read_bytes()
    slot = side.find("person-1")
    side.destroy(slot)
    after = (tmp_path / "side" / "holders").read_bytes()
    assert side.find("person-1") == -1
    assert before[64 + 8 : 64 + 72] not in after
    side.append([opening(3, "person-1")])
    side.close()
    reader = SideReader(tmp_path, RealDisk())
    assert {found.request for found in reader.openings()} == {"01K2", "01K3"}
    assert (set(reader.gone), reader.damage) == ({0}, [])


def test_an_erased_person_who_returns_has_another_key(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1)])
    side.destroy(side.find("person-1"))
    side.append([opening(2)])
    assert side.find("person-1") == 1
    side.close()
    side = store(tmp_path)
    assert side.find("person-1") == 1
    side.close()


def test_a_changed_frame_is_found_by_path_and_offset(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1)])
    side.close()
    path = tmp_path / "side" / "0000000001.side"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    reader = SideReader(tmp_path, RealDisk())
    assert list(reader.openings()) == []
    assert [(one.path, one.offset) for one in reader.damage] == [(path, 16)]


def test_a_torn_key_slot_is_never_used_again_and_a_damaged_one_stops(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([opening(1, "person-1"), opening(2, "person-2")])
    side.close()
    path = tmp_path / "side" / "holders"
    whole = path.read_bytes()
    for torn, slot in ((b"torn", 2), (b"torn" * 20, 3)):
        path.write_bytes(whole + torn)
        side = store(tmp_path)
        side.require_whole()
        assert (side.find("person-1"), side.find("person-2")) == (0, 1)
        side.append([opening(3, "person-3")])
        assert side.find("person-3") == slot
        side.close()
        side = store(tmp_path)
        side.require_whole()
        assert side.find("person-3") == slot
        side.close()
    path.write_bytes(whole[:70] + b"\x55" + whole[71:])
    side = store(tmp_path)
    with pytest.raises(EvidenceFault, match="at byte 64") as caught:
        side.require_whole()
    assert caught.value.code == "side_damaged"
    side.destroy(0)
    side.require_whole()
    side.close()


def test_snapshots_are_kept_once_and_compressed(tmp_path: Path) -> None:
    snapshots = SnapshotStore(tmp_path)
    content = b'{"directives":[]}' * 1_000
    digest = snapshots.put(content)
    (path,) = (tmp_path / "snapshots").iterdir()
    stamp = path.stat().st_mtime_ns
    assert snapshots.put(content) == digest
    assert path.stat().st_mtime_ns == stamp
    assert path.stat().st_size < len(content) / 10
    assert snapshots.get(digest) == content
    assert snapshots.digests() == [digest]


def test_a_snapshot_that_is_missing_or_changed_is_said_to_be(tmp_path: Path) -> None:
    snapshots = SnapshotStore(tmp_path)
    digest = snapshots.put(b'{"directives":[]}')
    other = snapshots.put(b"{}")
    folder = tmp_path / "snapshots"
    (folder / f"{digest}.json.z").write_bytes((folder / f"{other}.json.z").read_bytes())
    for wanted, code in ((digest, "snapshot_damaged"), ("0" * 64, "snapshot_missing")):
        with pytest.raises(EvidenceFault) as caught:
            snapshots.get(wanted)
        assert caught.value.code == code
