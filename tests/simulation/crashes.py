"""A recorder whose disk fails, fills and loses what was not synced, by a seed.

After each crash: everything that was acknowledged is there, in its place, with its opening and
what was kept of its content;
nothing that was refused is acknowledged later under another index; the whole verifies.
"""

from __future__ import annotations

import errno
import itertools
import random
from pathlib import Path

from licet.evidence import (
    Content,
    Entry,
    Messages,
    Opening,
    Submit,
    commit,
    encode,
    encode_message,
)
from licet.evidence.messages import Ack, Nack
from licet.storage import (
    KeptReader,
    Log,
    Recorder,
    SideReader,
    SideStore,
    SnapshotStore,
    leaves,
    verify,
)
from tests.simulation.disk import Fails, SimulatedDisk
from tests.unit.evidence.examples import AT, LOG, decision, outcome

FOLDER = Path("/evidence")
CRASHES = 4
FAILING = ("write", "sync", "truncate", "sync_folder", "replace", "reserve")


class Crashing:
    """A recorder on a simulated disk, one worker, and what that worker was told.

    `told`: acknowledged leaves, by index. `refused`: how many were not.
    """

    def __init__(self, seed: int) -> None:
        self.refused = 0
        self.draw = random.Random(seed)
        self.disk = SimulatedDisk(seed)
        self.told: dict[int, bytes] = {}
        self.requests = itertools.count()
        self.open: list[str] = []
        SnapshotStore(FOLDER, self.disk).put(b"{}")

    def entropy(self, count: int) -> bytes:
        return self.draw.randbytes(count)

    def start(self) -> None:
        self.log = Log(FOLDER, self.disk, LOG, self.entropy, segment_bytes_max=20_000)
        self.side = SideStore(FOLDER, self.disk, self.entropy, file_bytes_max=3_000)
        self.recorder = Recorder(self.log, self.side, lambda: AT, lambda _fault: None)
        self.recorder.begin("0.1.0")
        self.peer = self.draw.randrange(1, 2**40)
        self.answers = Messages()
        self.out = bytearray()
        self.recorder.connected(self.peer, self.out.extend)
        self.answers.feed(bytes(self.out))
        self.sent = 0

    def batch(self) -> list[Entry]:
        entries = []
        for _ in range(self.draw.randint(1, 12)):
            if self.open and self.draw.random() < 0.4:
                entries.append(Entry(leaf=encode(outcome(self.open.pop()))))
                continue
            request = f"01K{next(self.requests):09}"
            salt, inputs = self.entropy(32), b'{"n":%d}' % len(self.told)
            opening = Opening(
                request=request,
                holder=f"person-{self.draw.randrange(5)}",
                salt=salt,
                inputs=inputs,
                parts=(b"profile" * 20,),
            )
            leaf = encode(decision(request, commitment=commit(salt, inputs)))
            # Every third keeps what it said.
            content = said(request, opening.holder) if int(request[3:]) % 3 == 0 else None
            entries.append(Entry(leaf=leaf, opening=opening, content=content))
        return entries

    def step(self) -> None:
        entries = self.batch()
        self.out.clear()
        submit = Submit(first=self.sent + 1, entries=entries)
        self.recorder.received(self.peer, encode_message(submit))
        self.recorder.turn()
        self.answered(entries)
        self.sent += len(entries)
        self.recorder.tick(self.sent * 0.05)

    def answered(self, entries: list[Entry]) -> None:
        for message in self.answers.feed(bytes(self.out)):
            if not isinstance(message, Ack | Nack):
                continue
            for offset in range(message.count):
                leaf = entries[message.first - self.sent - 1 + offset].leaf
                if isinstance(message, Ack):
                    self.told[message.index + offset] = leaf
                    request = leaf_request(leaf)
                    if b'"kind":"decision"' in leaf:
                        self.open.append(request)
                    continue
                self.refused += 1
                if b'"kind":"outcome"' in leaf:
                    self.open.append(leaf_request(leaf))

    def crash(self) -> None:
        self.disk.fails = lambda _operation, _path: 0
        self.disk.room = 1 << 40
        self.disk.crash()
        self.open.clear()

    def check(self) -> None:
        kept = dict(leaves(FOLDER, self.disk))
        lost = {index for index, leaf in self.told.items() if kept.get(index) != leaf}
        assert not lost
        report = verify(FOLDER, self.log.key.verifier(), disk=self.disk)
        assert report.ok, report.findings
        decisions = {leaf_request(leaf) for leaf in self.told.values() if b'"decision"' in leaf}
        found = {one.request: one for one in SideReader(FOLDER, self.disk).openings()}
        assert decisions <= set(found)
        assert all(found[request].parts for request in decisions)
        kept_of = {one.request: one.data for _, one in KeptReader(FOLDER, self.disk).contents()}
        keeping = {request for request in decisions if int(request[3:]) % 3 == 0}
        assert {request: request.encode() * 20 for request in keeping}.items() <= kept_of.items()


def said(request: str, holder: str) -> Content:
    data = request.encode() * 20
    return Content(
        request=request, holder=holder, part="request", until=AT, size=len(data), data=data
    )


def failing(draw: random.Random, kinds: list[str], rate: float) -> Fails:
    return lambda operation, _path: errno.EIO if operation in kinds and draw.random() < rate else 0


def leaf_request(leaf: bytes) -> str:
    return leaf.split(b'"request":"')[1][:12].decode()


def play(seed: int) -> Crashing:
    """A few lives of one log, each on a disk with troubles of its own, each ended by a crash;
    `AssertionError` where something that was acknowledged is lost."""
    world = Crashing(seed)
    for _ in range(CRASHES):
        world.start()
        if world.draw.random() < 0.6:
            world.disk.room = world.draw.choice([1 << 40, 30_000])
            kinds = world.draw.sample(FAILING, 2)
            rate = world.draw.choice([0.02, 0.2])
            world.disk.fails = failing(world.draw, kinds, rate)
        for _ in range(world.draw.randint(1, 25)):
            world.step()
        world.crash()
        world.start()
        world.check()
        world.log.abandon()
    return world
