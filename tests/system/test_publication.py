"""A running gateway publishes its log by itself: on time, again after failures, and loudly."""

from __future__ import annotations

import select
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from licet.evidence import (
    Checkpoint,
    SignerKey,
    cosigners,
    open_checkpoint,
)
from licet.storage import verifier_key
from licet.storage.witnesses import Witness, witness_server
from tests.system.house import ENVIRONMENT, Gateway, eventually, house
from tests.unit.storage.sink_server import SinkServer

pytestmark = pytest.mark.system

PUBLISH = """
[evidence]
tiles_every_s = 1

[[evidence.publish]]
to = "{url}"
every_s = 1
credential = {{ env = "SIM" }}

[[evidence.publish]]
to = "others"
every_s = 1
"""


WITNESSED = """
[[evidence.publish]]
to = "others"
every_s = 1
witness = [{{ url = "{url}", key = "{key}" }}]
"""


@pytest.fixture
def sink() -> Iterator[SinkServer]:
    with SinkServer(token=ENVIRONMENT["SIM"]) as server:
        yield server


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with house(tmp_path) as gateway:
        yield gateway


def published_rows(gateway: Gateway) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = gateway.status()["published"]
    return rows


def place(gateway: Gateway, name: str) -> dict[str, Any]:
    (found,) = [row for row in published_rows(gateway) if row["place"] == name]
    return found


def configure(gateway: Gateway, sink: SinkServer) -> None:
    settings = (gateway.folder / "licet.toml").read_text()
    gateway.write({"licet.toml": settings + PUBLISH.format(url=sink.url)})
    told = gateway.command("reload")
    assert told.returncode == 0, told.stderr


def published(gateway: Gateway, note: bytes) -> Checkpoint:
    return open_checkpoint(note, [verifier_key(gateway.evidence)])


def newest(gateway: Gateway) -> bytes:
    return (gateway.evidence / "checkpoint").read_bytes()


def test_what_is_signed_is_soon_elsewhere_and_at_the_end_everywhere(
    gateway: Gateway, sink: SinkServer
) -> None:
    configure(gateway, sink)
    eventually(lambda: "/logs/a/checkpoint" in sink.kept)
    first = published(gateway, sink.kept["/logs/a/checkpoint"])
    gateway.write({"directives/other.toml": _other(gateway)})
    assert gateway.command("reload").returncode == 0
    eventually(lambda: published(gateway, sink.kept["/logs/a/checkpoint"]).size > first.size)
    assert gateway.end()[0] == 0
    for note in (
        sink.kept["/logs/a/checkpoint"],
        (gateway.folder / "others" / "checkpoint").read_bytes(),
        (gateway.evidence / "tiles" / "checkpoint").read_bytes(),
    ):
        assert note == newest(gateway)
    assert gateway.verify().ok


def test_a_place_that_fails_is_told_of_everywhere_and_tried_again(
    gateway: Gateway, sink: SinkServer
) -> None:
    sink.fails_with = 503
    configure(gateway, sink)
    eventually(lambda: place(gateway, sink.url)["failures"] > 1)
    eventually(lambda: place(gateway, "others")["size"] is not None)
    assert "with 503: not today" in place(gateway, sink.url)["fault"]
    told = gateway.command("status").stdout
    assert f"{sink.url}: NOTHING YET, FAILING: " in told
    assert ENVIRONMENT["SIM"] not in told
    eventually(lambda: f'licet_publication_failing{{place="{sink.url}"}} 1' in metrics(gateway))
    sink.fails_with = None
    eventually(lambda: place(gateway, sink.url)["fault"] == "")
    eventually(lambda: f'licet_publication_failing{{place="{sink.url}"}} 0' in metrics(gateway))
    _, said = gateway.end()
    assert f"evidence is not published to `{sink.url}`: " in said
    assert f"evidence is published to `{sink.url}` again" in said


MUTE = """
[[evidence.publish]]
to = "{url}"
every_s = 1

[[evidence.publish]]
to = "others"
every_s = 1
"""


def test_a_place_that_never_answers_keeps_no_other_from_its_turn(gateway: Gateway) -> None:
    settings = (gateway.folder / "licet.toml").read_text()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        gateway.write({"licet.toml": settings + MUTE.format(url=url)})
        assert gateway.command("reload").returncode == 0
        asked, _ = mute.accept()
        with asked:
            assert asked.recv(4_096).startswith(b"GET /checkpoint ")
            eventually(lambda: place(gateway, "others")["size"] is not None)
            first = place(gateway, "others")["size"]
            gateway.write({"directives/other.toml": _other(gateway)})
            assert gateway.command("reload").returncode == 0
            eventually(lambda: place(gateway, "others")["size"] > first)
            # All the while it is this one question that nobody answers.
            assert select.select([asked, mute], [], [], 0)[0] == []
            assert place(gateway, url)["failures"] == 0
            # Settings that do without it are followed, though it still hangs.
            alone = MUTE.partition("\n\n")[2]
            gateway.write({"licet.toml": settings + alone})
            assert gateway.command("reload").returncode == 0
            eventually(lambda: [row["place"] for row in published_rows(gateway)] == ["others"])
            eventually(lambda: place(gateway, "others")["size"] is not None)


def test_another_history_where_ours_should_be_is_told_of_and_left_as_it_is(
    gateway: Gateway, sink: SinkServer
) -> None:
    configure(gateway, sink)
    eventually(lambda: "/logs/a/checkpoint" in sink.kept)
    origin, size, _, *rest = sink.kept["/logs/a/checkpoint"].decode().split("\n")
    lie = "\n".join([origin, size, "A" * 43 + "=", *rest]).encode()

    def is_told() -> bool:
        # A turn that had looked before overwrites it.
        sink.kept["/logs/a/checkpoint"] = lie
        return "it has another root" in place(gateway, sink.url)["fault"]

    eventually(is_told)
    assert place(gateway, "others")["fault"] == ""
    gateway.end()
    assert sink.kept["/logs/a/checkpoint"] == lie


def test_what_witnesses_must_sign_is_published_only_with_their_signatures(
    gateway: Gateway, tmp_path: Path
) -> None:
    key = SignerKey(name="witness.example/w1", seed=b"w" * 32)
    witness = Witness(tmp_path / "witness", [key], [verifier_key(gateway.evidence)])
    server = witness_server(witness, "127.0.0.1", 0, lambda: 1_781_299_260)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    settings = (gateway.folder / "licet.toml").read_text()
    asked = WITNESSED.format(url=url, key=key.cosigner())
    gateway.write({"licet.toml": settings + asked})
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        assert gateway.command("reload").returncode == 0
        eventually(lambda: place(gateway, "others")["size"] is not None)
        others = gateway.folder / "others" / "checkpoint"
        signed = cosigners(others.read_bytes(), [key.cosigner()])
        assert [one.at for one in signed] == [1_781_299_260]
        eventually(
            lambda: published(gateway, others.read_bytes()).size == place(gateway, "others")["size"]
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        witness.close()
    eventually(lambda: "no witness answers" in place(gateway, "others")["fault"])


def metrics(gateway: Gateway) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.port}/metrics", timeout=10) as page:
        text: str = page.read().decode()
    return text


def _other(gateway: Gateway) -> str:
    text = (gateway.folder / "directives" / "north.toml").read_text()
    return text.replace('"north"', '"other"', 1).replace("north-base", "south-base")
