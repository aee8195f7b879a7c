"""This gateway with everything on: key, decision, records on disk, one worker, one core."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bench.processes import Spawned, free_port
from bench.targets import Running
from bench.upstream import MODEL
from licet.identity import new_key, write_key

EvidenceMode = Literal["before_answer", "before_send"]
MODES: tuple[EvidenceMode, ...] = ("before_answer", "before_send")

_FILES = {
    "licet.toml": """
[operator]
name = "Bench"
url = "https://operator.example/ai"
contact = "bench@operator.example"
[node]
workers = 1
[listen]
port = {port}
""",
    "catalog/bench.toml": """
[[organisation]]
id = "bench"
name = "Bench"
us_person = true
place = "US"
ultimate_parent.place = "US"
attested = {{ issuer = "bench", assurance = "document", date = 2026-06-01, complete = true }}
[[model]]
id = "{model}"
name = "Bench"
lineage = ["bench-base"]
developer = {{ id = "bench", place = "US" }}
origin = "US"
weights = "closed"
[[endpoint]]
id = "upstream"
operator = {{ id = "bench", controlled_from = "US" }}
base_url = "{upstream}"
dialect = "chat"
models = ["{model}"]
place = "US"
self_hosted = false
credential = {{ env = "BENCH_VENDOR_KEY" }}
{trust}
""",
    "workloads/bench.toml": """
id = "bench"
title = "Bench"
dialect = "chat"
purpose = "measuring"
subject = "none"
evidence = "{mode}"
[[candidate]]
model = "{model}"
""",
}


def configuration(
    *, port: int, upstream: str, mode: EvidenceMode, authority: Path | None = None
) -> tuple[dict[str, str], str]:
    """The files of a folder, by path, and the key that its one workload is used with."""
    trust = f'ca_file = "{authority}"' if authority else ""
    named = {"port": port, "model": MODEL, "upstream": upstream, "mode": mode, "trust": trust}
    files = {path: text.format(**named) for path, text in _FILES.items()}
    plaintext, key = new_key(
        "bench",
        os.urandom(32),
        organisation="bench",
        workloads=("bench",),
        created=datetime.now(UTC),
    )
    return {**files, "keys/bench.toml": write_key(key)}, plaintext


class Gateway:
    """`licet up` on a configuration folder of its own, in front of `upstream` (a URL)."""

    def __init__(
        self,
        folder: Path,
        *,
        upstream: str,
        core: int,
        mode: EvidenceMode,
        authority: Path | None = None,
    ) -> None:
        self.name = f"licet {mode}"
        self._folder = folder / f"licet-{mode}"
        self._upstream = upstream
        self._core = core
        self._mode = mode
        self._authority = authority
        self._spawned: Spawned | None = None

    def start(self) -> Running:
        """Writes the configuration and a key, and starts the gateway."""
        port = free_port()
        written, key = configuration(
            port=port, upstream=self._upstream, mode=self._mode, authority=self._authority
        )
        for name, text in written.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        argv = [
            sys.executable,
            "-m",
            "licet",
            "up",
            "--config",
            str(self._folder),
            "--workers",
            "1",
        ]
        env = {**os.environ, "BENCH_VENDOR_KEY": "bench-vendor"}
        self._spawned = Spawned(argv, core=self._core, log=self._folder / "log", env=env)
        self._spawned.await_port(port)
        return Running(url=f"http://127.0.0.1:{port}", pids=(self._spawned.pid,), key=key)

    def stop(self) -> None:
        """Ends the gateway."""
        if self._spawned:
            self._spawned.stop()
