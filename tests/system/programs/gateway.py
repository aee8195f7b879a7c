"""A supervisor with the real recorder and fake workers; its snapshot is the text of one file."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from licet.catalog import LimitSettings, Model, NodeSettings, OperatorSettings, Settings
from licet.evidence import AdoptedLeaf, ClockLeaf, ReadLeaf, ReviewedLeaf
from licet.gateway.adoption import Adopted
from licet.gateway.messages import Secrets
from licet.gateway.plan import Plan, Running
from licet.gateway.supervisor import Supervisor
from licet.gateway.suspension import Suspended, with_suspension
from licet.policy import Sources
from licet.terms import Instant, OperationFault, format_instant, parse_instant

HERE = Path(__file__).parent
LOG = "test.example/node-1"
SETTINGS = Settings(
    operator=OperatorSettings(name="Test", url="https://test.example", contact="t@test.example"),
    node=NodeSettings(lease_s=3),
    limits=LimitSettings(drain_s=60),
)


class Adopter:
    log = LOG

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def adopt(self, at: Instant, before: Adopted | None) -> Adopted:
        text = (self._folder / "configuration.txt").read_text().strip()
        if text == "broken":
            raise OperationFault("broken", "configuration.txt:1:1: broken")
        sources = Sources(models=(Model(id="m"),)) if before is None else before.sources
        return self._adopted(text, sources, at)

    def amend(self, before: Adopted, suspended: Suspended, at: Instant) -> Adopted:
        sources = with_suspension(before.sources, suspended.directive)
        return self._adopted(f"{before.document.decode()}+{suspended.directive.id}", sources, at)

    def store(self, adopted: Adopted) -> None:
        (self._folder / adopted.digest).write_bytes(adopted.document)

    def reviewed(self, before: Adopted, request: Mapping[str, Any], at: Instant) -> ReviewedLeaf:
        return ReviewedLeaf(at=format_instant(at), log=LOG, id=str(request["directive"]))

    def read(self, request: Mapping[str, Any], at: Instant) -> ReadLeaf:
        return ReadLeaf(at=format_instant(at), log=LOG, what=str(request["what"]))

    def stepped(self, before: Instant, at: Instant) -> ClockLeaf:
        return ClockLeaf(at=format_instant(at), log=LOG, event="stepped")

    def describe(self, adopted: Adopted, at: Instant) -> Mapping[str, Any]:
        return {"text": adopted.document.decode()}

    def _adopted(self, text: str, sources: Sources, at: Instant) -> Adopted:
        document = text.encode()
        digest = sha256(document).hexdigest()
        leaf = AdoptedLeaf(
            at=format_instant(at), log=LOG, snapshot=digest, catalogue=sha256(b"").hexdigest()
        )
        return Adopted(
            settings=SETTINGS,
            sources=sources,
            document=document,
            digest=digest,
            secrets=Secrets(),
            leaves=(leaf,),
        )


def main(folder: Path, port: int, scripted: str) -> int:
    loop = asyncio.new_event_loop()
    python = sys.executable

    def announce(running: Running) -> None:
        print(f"running {running.address}", flush=True)

    supervisor = Supervisor(
        loop=loop,
        plan=Plan(
            folder=folder / "evidence",
            control=folder / "control.sock",
            recorder_path=folder / "recorder.sock",
            host="127.0.0.1",
            port=port,
            workers=2,
            recorder=lambda control_fd, listen_fd: [
                python,
                str(HERE / "recorder.py"),
                str(folder / "evidence"),
                str(control_fd),
                str(listen_fd),
            ],
            worker=lambda control_fd, listen_fd, index: [
                python,
                str(HERE / "worker.py"),
                str(control_fd),
                str(listen_fd),
                str(index),
            ],
            scripted_start=parse_instant(scripted) if scripted else None,
            adopt_bound_s=1.0,
        ),
        adopter=Adopter(folder),
        wall=lambda: Instant(time.time_ns() // 1000),
        report=lambda line: print(line, file=sys.stderr, flush=True),
        on_running=announce,
    )
    return loop.run_until_complete(supervisor.run())


if __name__ == "__main__":
    try:
        status = main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    except OperationFault as fault:
        print(f"error: {fault}", file=sys.stderr)
        status = 1
    sys.exit(status)
