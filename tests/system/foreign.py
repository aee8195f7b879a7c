"""Programs that we did not write, in environments of their own, and the gateway of the clients.

Each of its vendors speaks one dialect and does as it is asked. Behind every workload stands one of
them, so that the workload's name says whether an answer is translated.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from licet.catalog import Dialect
from licet.sim import VendorSpec
from tests.system.house import BOUND_S, ROOT, Gateway, VendorsProcess

PROGRAMS = ROOT / "tests" / "system" / "programs"
INSTALLING_S = 600.0
DIALECTS: tuple[Dialect, ...] = ("chat", "messages", "responses")
# Clients go by the name alone when they ask what a model can do: this one reasons in both
# families' eyes.
ABLE = "gpt-5-claude-opus-4"

SPECS = tuple(
    VendorSpec(id=dialect, dialect=dialect, models=(dialect, "north", "south"), obliging=True)
    for dialect in DIALECTS
)
MODEL = """
[[model]]
id = "{id}"
lineage = ["{id}-base"]
developer = {{ id = "maker" }}
"""
ENDPOINT = """
[[endpoint]]
id = "{id}"
operator = {{ id = "maker" }}
base_url = "{url}"
dialect = "{id}"
models = ["{id}", "north", "south"]
credential = {{ env = "SIM" }}
"""
WORKLOAD = """
id = "{id}"
evidence = "before_send"
"""
CANDIDATE = """
[[candidate]]
model = "{model}"
"""


def answered_by(*dialects: str) -> str:
    """The workload whose candidates are the vendors of these dialects, in this order."""
    return f"{ABLE}-by-{'-'.join(dialects)}"


ORDERS = (*((dialect,) for dialect in DIALECTS), ("chat", "messages"), ("messages", "chat"))
WITHDRAWN = "withdrawn"
"""A workload whose only model is withdrawn from everybody of whom nothing is attested."""
CANDIDATES = {answered_by(*order): order for order in ORDERS} | {WITHDRAWN: ("north",)}


@contextmanager
def gateway_of_clients(folder: Path) -> Iterator[Gateway]:
    """A running gateway in front of one obliging vendor of each dialect."""
    vendors = VendorsProcess(folder / "ledger.jsonl", SPECS)
    urls = vendors.urls
    files = {
        "catalog/clients.toml": "".join(MODEL.format(id=name) for name in DIALECTS),
        "catalog/endpoints.toml": "".join(
            ENDPOINT.format(id=name, url=urls[name]) for name in DIALECTS
        ),
    }
    for name, models in CANDIDATES.items():
        candidates = "".join(CANDIDATE.format(model=model) for model in models)
        files[f"workloads/{name}.toml"] = WORKLOAD.format(id=name) + candidates
    try:
        with Gateway(
            folder / "gateway", vendors, files=files, workloads=tuple(CANDIDATES)
        ) as gateway:
            yield gateway
    finally:
        vendors.close()


def environment(name: str) -> Path:
    """Where `clients`, or the `engine`, are installed; the first time takes a while."""
    done = subprocess.run(
        [ROOT / ".ci" / "apart", name],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=INSTALLING_S,
    )
    return Path(done.stdout.strip())


class Conversations:
    """Programs of the clients' environment, each started once: importing a framework takes
    seconds, which is most of what a question takes."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = python
        self._errors = folder / "errors.txt"
        self._running: dict[tuple[str, ...], subprocess.Popen[str]] = {}

    def tell(self, program: str, *arguments: str, line: str) -> list[str]:
        """The lines that the program answers a line of input with, up to an empty object."""
        named = (program, *arguments)
        if named not in self._running:
            with self._errors.open("ab") as errors:
                self._running[named] = subprocess.Popen(
                    [self._python, PROGRAMS / f"{program}.py", *arguments],
                    env=_kept(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                )
        process = self._running[named]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        told: list[str] = []
        for answer in process.stdout:
            if answer == "{}\n":
                return told
            told.append(answer)
        self._running.pop(named).communicate(timeout=BOUND_S)
        raise AssertionError(self._errors.read_text())

    def close(self) -> None:
        """They end when nothing more will be asked."""
        for process in self._running.values():
            assert process.stdin is not None
            process.stdin.close()
        for process in self._running.values():
            assert process.stdout is not None
            process.stdout.close()
            process.wait(BOUND_S)


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a client's program prints, in its own environment and with none of ours."""
    return subprocess.run(
        command,
        check=False,
        env=_kept() | variables,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
    )


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
