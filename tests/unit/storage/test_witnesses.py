"""Witnesses over HTTP, and checkpoints published: a log cannot go back, nor be two logs."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from licet.evidence import Checkpoint, SignerKey, cosigners, open_checkpoint, sign_checkpoint
from licet.storage import Log, RealDisk
from licet.storage.witnesses import FolderSink, HttpSink, Witness, publish, witness_server
from licet.storage.witnesses.publishing import http_post
from licet.terms import EvidenceFault, OperationFault
from tests.unit.evidence.examples import AT, LOG, decision
from tests.unit.storage.sink_server import SinkServer

KEY = SignerKey(name="witness.example/w1", seed=b"w" * 32)
NOW = 1_781_299_260


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = Log(tmp_path / "log", RealDisk(), LOG, os.urandom)
    opened.begin(AT, "0.1.0")
    opened.sign()
    yield opened
    opened.abandon()


def grow(log: Log, leaves: int = 20) -> Checkpoint:
    log.record([decision(f"R{log.size + n}", sent=False) for n in range(leaves)])
    return log.sign()


Serve = Callable[[], tuple[Witness, str]]


@pytest.fixture
def serve(tmp_path: Path, log: Log) -> Iterator[Serve]:
    """Starts a witness on its folder, ending the one before; the witness and its URL."""
    running: list[Callable[[], None]] = []

    def start() -> tuple[Witness, str]:
        end()
        witness = Witness(tmp_path / "witness", [KEY], [log.key.verifier()])
        server = witness_server(witness, "127.0.0.1", 0, lambda: NOW)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()

        def stop() -> None:
            server.shutdown()
            thread.join()
            server.server_close()
            witness.close()

        running.append(stop)
        return witness, f"http://127.0.0.1:{server.server_address[1]}"

    def end() -> None:
        while running:
            running.pop()()

    yield start
    end()


def test_a_log_is_cosigned_as_it_grows_also_by_a_witness_that_was_restarted(
    log: Log, tmp_path: Path, serve: Serve
) -> None:
    sink = tmp_path / "sink"
    before = 0
    for _ in range(3):
        head = grow(log)
        witness, url = serve()
        for _ in range(2):
            asked = ((url, KEY.cosigner()),)
            found = publish(log.folder, FolderSink(sink), log.key.verifier(), witnesses=asked)
            assert (found.checkpoint, found.before) == (head, before)
            before = head.size
            note = (sink / "checkpoint").read_bytes()
            assert [one.at for one in cosigners(note, [KEY.cosigner()])] == [NOW]
            assert open_checkpoint(note, [log.key.verifier()]) == head
        assert witness.last(LOG) == head
    assert len(list(sink.glob("*.checkpoint"))) == 3


def test_another_history_is_signed_by_no_witness(log: Log, tmp_path: Path, serve: Serve) -> None:
    grow(log)
    witness, url = serve()
    asked = ((url, KEY.cosigner()),)
    publish(log.folder, FolderSink(tmp_path / "sink"), log.key.verifier(), witnesses=asked)
    other = Log(tmp_path / "other", RealDisk(), LOG, os.urandom)
    other.keys = log.keys
    (tmp_path / "other/log.vkey").write_bytes((tmp_path / "log/log.vkey").read_bytes())
    grow(other, 40)
    seen = witness.last(LOG)
    with pytest.raises(OperationFault, match=r"did not sign: 422"):
        publish(
            tmp_path / "other", FolderSink(tmp_path / "else"), log.key.verifier(), witnesses=asked
        )
    assert witness.last(LOG) == seen
    with pytest.raises(EvidenceFault, match="is not the one of which 21 leaves were published"):
        publish(tmp_path / "other", FolderSink(tmp_path / "sink"), log.key.verifier())
    other.abandon()


def test_a_log_that_went_back_is_reported_and_not_published(
    log: Log, tmp_path: Path, serve: Serve
) -> None:
    old = log.folder / "checkpoint"
    early = old.read_bytes()
    grow(log)
    _, url = serve()
    asked = ((url, KEY.cosigner()),)
    publish(log.folder, FolderSink(tmp_path / "sink"), log.key.verifier(), witnesses=asked)
    old.write_bytes(early)
    for sink, witnesses in (("sink", ()), ("fresh", asked)):
        with pytest.raises(EvidenceFault) as caught:
            publish(
                log.folder, FolderSink(tmp_path / sink), log.key.verifier(), witnesses=witnesses
            )
        assert caught.value.code == "log_rewound"
    assert not (tmp_path / "fresh").exists()


def test_two_roots_for_one_size_are_a_split_view(log: Log, tmp_path: Path) -> None:
    head = grow(log)
    publish(log.folder, FolderSink(tmp_path / "sink"), log.key.verifier())
    lie = Checkpoint(origin=LOG, size=head.size, root=bytes(32))
    (log.folder / "checkpoint").write_bytes(sign_checkpoint(lie, [log.key]))
    with pytest.raises(EvidenceFault) as caught:
        publish(log.folder, FolderSink(tmp_path / "sink"), log.key.verifier())
    assert caught.value.code == "split_view"


def test_one_folder_has_one_witness(log: Log, tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness", [KEY], [log.key.verifier()])
    with pytest.raises(EvidenceFault, match="in use"):
        Witness(tmp_path / "witness", [KEY], [log.key.verifier()])
    witness.close()


@pytest.mark.parametrize("content", [b"", b"x\ny\nz\n", b"\xff"])
def test_a_witness_that_cannot_read_its_memory_does_not_sign(
    log: Log, tmp_path: Path, serve: Serve, content: bytes
) -> None:
    grow(log)
    _, url = serve()
    publish(
        log.folder,
        FolderSink(tmp_path / "sink"),
        log.key.verifier(),
        witnesses=((url, KEY.cosigner()),),
    )
    (memory,) = (tmp_path / "witness").glob("*.seen")
    memory.write_bytes(content)
    with pytest.raises(EvidenceFault, match="is not what a witness remembers"):
        serve()


def test_only_short_submissions_to_one_path_are_read(log: Log, serve: Serve) -> None:
    _, url = serve()
    assert http_post(f"{url}/elsewhere", b"old 0\n")[0] == 404
    assert http_post(f"{url}/add-checkpoint", b"x" * 70_000)[0] == 400
    assert http_post(f"{url}/add-checkpoint", b"nonsense")[0] == 400
    with pytest.raises(OperationFault, match="no witness answers"):
        http_post("http://127.0.0.1:1", b"")


def test_a_place_that_speaks_http_gets_what_a_folder_gets(log: Log, tmp_path: Path) -> None:
    with SinkServer(token="open sesame") as server:
        for _ in range(3):
            head = grow(log)
            for sink in (HttpSink(server.url, "open sesame"), FolderSink(tmp_path / "sink")):
                assert publish(log.folder, sink, log.key.verifier()).checkpoint == head
    kept = {one.name: one.read_bytes() for one in (tmp_path / "sink").iterdir()}
    assert len(kept) == 4
    assert server.kept == {f"/logs/a/{name}": content for name, content in kept.items()}


def test_a_split_view_between_two_published_places_is_found_at_both(
    log: Log, tmp_path: Path
) -> None:
    """An operator shows one history here and another there; each place has the other's too."""
    grow(log)
    other = Log(tmp_path / "other", RealDisk(), LOG, os.urandom)
    other.keys = log.keys
    other.begin(AT, "0.1.0")
    other.record([decision("elsewhere", sent=False)])
    grow(other, 30)
    key = log.key.verifier()
    with SinkServer() as here, SinkServer() as there:
        publish(log.folder, HttpSink(here.url), key)
        publish(other.folder, HttpSink(there.url), key)
        for folder, place in ((log.folder, there), (other.folder, here)):
            before = dict(place.kept)
            with pytest.raises(EvidenceFault) as caught:
                publish(folder, HttpSink(place.url), key)
            assert caught.value.code in ("split_view", "log_rewound")
            assert place.kept == before
    other.abandon()


@pytest.mark.parametrize(
    ("status", "code"), [(401, "sink_refused"), (302, "sink_refused"), (500, "sink_refused")]
)
def test_a_place_that_does_not_keep_it_is_no_publication(log: Log, status: int, code: str) -> None:
    grow(log)
    with SinkServer() as server:
        server.fails_with = status
        with pytest.raises(OperationFault, match=f"with {status}") as caught:
            publish(log.folder, HttpSink(server.url), log.key.verifier())
        assert caught.value.code == code
        assert "sesame" not in str(caught.value)
        server.fails_with = None
        publish(log.folder, HttpSink(server.url), log.key.verifier())
    with pytest.raises(OperationFault, match="nobody answers"):
        publish(log.folder, HttpSink(server.url, "sesame"), log.key.verifier())


def test_what_somebody_else_put_there_is_reported(log: Log) -> None:
    grow(log)
    with SinkServer() as server:
        server.kept["/logs/a/checkpoint"] = b"<html>welcome"
        with pytest.raises(EvidenceFault, match="published last is no checkpoint"):
            publish(log.folder, HttpSink(server.url), log.key.verifier())
        assert list(server.kept) == ["/logs/a/checkpoint"]


def test_a_folder_that_cannot_be_written_is_not_told_of_as_if_it_were_the_log(
    log: Log, tmp_path: Path
) -> None:
    grow(log)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OperationFault) as caught:
        publish(log.folder, FolderSink(tmp_path / "file" / "sink"), log.key.verifier())
    assert caught.value.code == "sink_unreachable"
    assert "evidence log" not in str(caught.value)
