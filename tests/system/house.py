"""A whole gateway of real processes, started by its command, in front of simulated vendors.

The vendors have a process of their own and write their ledger to a file at each arrival, so that
whatever was sent is known, whoever is killed.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import msgspec

from licet.evidence import Leaf
from licet.gateway import Folder, ask
from licet.identity import new_key, new_signing_key, sign_subject, subject_claims, write_key
from licet.policy import Sources
from licet.sim import SIM_KEY, End, Entry, VendorSpec, read_ledger
from licet.storage import Report, show, verifier_key, verify
from licet.terms import Assurance, Attested, Profile
from tests.system.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
VENDORS_PROGRAM = ROOT / "tests" / "system" / "programs" / "vendors_beside.py"
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), *sys.path]),
    "SIM": SIM_KEY,
}
LICET = (sys.executable, "-P", "-m", "licet")
BOUND_S = 30.0
WORKLOADS = ("chat", "messages", "chat-late", "messages-late")
"""In each dialect one with `before_send`, and one, called late, with `before_answer`."""

SPECS = tuple(
    VendorSpec(
        id=name,
        dialect="chat" if name in ("first", "second") else "messages",
        models=("north", "south"),
        think_ms=5,
        pace_ms=10,
        chunks=6,
    )
    for name in ("first", "second", "third", "fourth")
)
ISSUER = "local"
PERSONS: dict[str, bool | None] = {"ada": True, "bo": False, "cy": None}
"""Whether each is a US person; of `cy` nobody knows."""

SETTINGS = """
[operator]
name = "Example Operations"
url = "https://operator.example/ai"
contact = "compliance@operator.example"

[node]
workers = {workers}
lease_s = {lease_s}

[listen]
port = {port}

[limits]
drain_s = {drain_s}

[timeouts]
connect_ms = 2000
head_ms = {silence_ms}
idle_ms = {silence_ms}
hold_head_ms = 2000
total_ms = {total_ms}
client_idle_ms = 9000

[retry]
attempts_max = 3
same_endpoint_retries = 1
backoff_ms = 10

[breaker]
failures = 1000000

[[issuer]]
id = "local"
audience = "licet"
jwks_file = "issuers/local.jwks.json"
may_attest = ["us_person"]
"""
QUICK = {"drain_s": 10, "silence_ms": 3_000, "total_ms": 9_000}
# Streams are held for as long as a test wants; what waits for a drain or for a vendor's silence
# outlasts BOUND_S, so that whoever only seems not to wait is found out.
PATIENT = {"drain_s": 60, "silence_ms": 60_000, "total_ms": 90_000}
PARTIES = """
[[organisation]]
id = "acme"

[[organisation]]
id = "maker"

[[model]]
id = "north"
lineage = ["north-base"]
developer = { id = "maker" }

[[model]]
id = "south"
lineage = ["south-base"]
developer = { id = "maker" }
"""
ENDPOINT = """
[[endpoint]]
id = "{id}"
operator = {{ id = "maker" }}
base_url = "{url}"
dialect = "{dialect}"
models = ["north", "south"]
credential = {{ env = "SIM" }}
"""
WORKLOAD = """
id = "{id}"
dialect = "{dialect}"
evidence = "{mode}"

[[candidate]]
model = "north"

[[candidate]]
model = "south"
"""
LETTER = """
id = "{id}"
kind = "restriction"
title = "Withdrawn"
authority = "Test"

[[version]]
received = 2026-06-12T17:21:00-04:00
effective_from = 2026-06-12T17:21:00-04:00
in_flight = "cut"

[[version.applies]]
model.lineage = ["{lineage}"]
subject.us_person = false
"""


def letter(lineage: str, *, name: str = "letter") -> str:
    """A directive that withdraws models of a lineage from whoever is not a US person."""
    return LETTER.format(id=name, lineage=lineage)


class VendorsProcess:
    """The simulated vendors, and their ledger as it is on disk."""

    def __init__(self, ledger: Path, specs: tuple[VendorSpec, ...] = SPECS) -> None:
        self._ledger = ledger
        self.specs = specs
        self._process = subprocess.Popen(
            [sys.executable, str(VENDORS_PROGRAM), str(ledger)],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(specs) + b"\n")
        self._process.stdin.flush()
        self.urls = msgspec.json.decode(self._process.stdout.readline(), type=dict[str, str])

    @property
    def ports(self) -> frozenset[int]:
        return frozenset(int(url.rpartition(":")[2]) for url in self.urls.values())

    def arrivals(self) -> list[Entry]:
        """What has reached the vendors so far."""
        lines = read_ledger(self._ledger.read_bytes())
        return [line for line in lines if isinstance(line, Entry)]

    def ends(self) -> dict[int, End]:
        """How arrivals ended, by their number."""
        lines = read_ledger(self._ledger.read_bytes())
        return {line.number: line for line in lines if isinstance(line, End)}

    def resume(self) -> None:
        """Answers that are held amid their text (`stall_mid_text`) go on."""
        self._hear("POST", "/sim/resume")

    def caught_up_us(self) -> int:
        """An instant by which whatever had been sent to them before this call has arrived.

        Their one loop takes what waits in turns: in the first a connection is accepted, in the
        second its request is read, and in the third the rest of it. Whoever came before is through
        each of them no later than one who comes now, and asks what the ledger leaves out.
        """
        for _ in range(3):
            self._hear("GET", "/v1/models")
        return time.time_ns() // 1000

    def _hear(self, method: str, path: str) -> None:
        """A round trip to each, on a connection of its own."""
        for port in self.ports:
            connection = HTTPConnection("127.0.0.1", port, timeout=BOUND_S)
            connection.request(method, path)
            connection.getresponse().read()
            connection.close()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(BOUND_S)


class Gateway:
    """A configuration folder, and the gateway that `licet up` runs on it."""

    def __init__(
        self,
        folder: Path,
        vendors: VendorsProcess,
        *,
        workers: int = 2,
        lease_s: int = 15,
        patient: bool = False,
        files: Mapping[str, str] | None = None,
        workloads: tuple[str, ...] = WORKLOADS,
    ) -> None:
        self.folder = folder
        self.evidence = folder / "evidence"
        self.control = folder / "run" / "control.sock"
        self.vendors = vendors
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None
        private, public = new_signing_key("local-1", os.urandom(32))
        plain, key = new_key(
            "test", os.urandom(32), organisation="acme", workloads=workloads, created=_now()
        )
        self.key = plain
        self.tokens = {person: _token(person, private) for person in PERSONS}
        self.write(
            {
                "licet.toml": SETTINGS.format(
                    workers=workers,
                    lease_s=lease_s,
                    port=self.port,
                    **(PATIENT if patient else QUICK),
                ),
                "catalog/parties.toml": PARTIES,
                "catalog/endpoints.toml": "".join(
                    ENDPOINT.format(id=spec.id, url=vendors.urls[spec.id], dialect=spec.dialect)
                    for spec in vendors.specs
                ),
                "issuers/local.jwks.json": public,
                "keys/test.toml": write_key(key),
                "directives/north.toml": letter("north-base", name="north"),
                **{f"workloads/{name}.toml": _workload(name) for name in WORKLOADS},
                **(files or {}),
            }
        )

    # Its life

    def up(self) -> None:
        """Returns once it serves."""
        self.start()
        process = self.process
        assert process is not None
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("ready"):
                return
        raise AssertionError(process.communicate(timeout=BOUND_S)[1])

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*LICET, "up", "--config", str(self.folder)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """The exit status after a signal, and what the operator was told."""
        assert self.process is not None
        self.process.send_signal(number)
        _, told = self.process.communicate(timeout=BOUND_S)
        return self.process.returncode, told

    def end_by_force(self) -> None:
        """Whatever is left of it: for the end of a test that may have failed."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.kill()
        self.process.communicate(timeout=BOUND_S)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *exc: object) -> None:
        self.end_by_force()

    # What an operator does

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LICET, *arguments, "--config", str(self.folder)],
            check=False,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=BOUND_S,
        )

    def status(self) -> dict[str, Any]:
        return ask(self.control, "status")

    def worker_pids(self) -> list[int]:
        return [row["pid"] for row in self.status()["workers"]]

    def recorder_pid(self) -> int:
        pid = self.status()["recorder"]["pid"]
        assert isinstance(pid, int)
        return pid

    def children(self) -> list[int]:
        return [*self.worker_pids(), self.recorder_pid()]

    # What is seen of it

    def sources(self) -> Sources:
        """The configuration as its files say it now: for judges that share nothing with it."""
        return Folder(self.folder).sound().sources

    def leaves(self) -> list[Leaf]:
        return [leaf for _, leaf in show(self.evidence)]

    def verify(self) -> Report:
        return verify(self.evidence, verifier_key(self.evidence))


@contextmanager
def house(folder: Path, specs: tuple[VendorSpec, ...] = SPECS, **changes: Any) -> Iterator[Gateway]:
    """A running gateway and its vendors, in `folder`."""
    vendors = VendorsProcess(folder / "ledger.jsonl", specs)
    try:
        with Gateway(folder / "gateway", vendors, **changes) as gateway:
            yield gateway
    finally:
        vendors.close()


def profile(person: str) -> Profile:
    """What the issuer attests of a person."""
    known = PERSONS[person]
    if known is None:
        return Profile(subject=person)
    return Profile(subject=person, us_person=Attested(value=known, issuer=ISSUER, assurance=_SURE))


def eventually(condition: Callable[[], bool], bound_s: float = BOUND_S) -> float:
    """Asks again and again until it holds; the seconds it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < bound_s, "it did not come about in time"
        select.select([], [], [], 0.005)
    return time.monotonic() - started


def rows_of_workers(control: Path) -> list[dict[str, Any]]:
    """What all workers say of themselves; whoever is too busy to say anything is asked again."""
    rows: list[dict[str, Any]] = []

    def all_serve() -> bool:
        rows[:] = ask(control, "status")["workers"]
        return all(row["state"] == "serving" for row in rows)

    eventually(all_serve)
    return rows


def is_gone(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    # A zombie that nobody has waited for yet is gone for everybody else.
    return stat.rpartition(")")[2].split()[0] == "Z"


def kill(pid: int) -> float:
    """kill -9; returns once it is dead, with the time (`time.monotonic`) at which it was."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: is_gone(pid))
    return time.monotonic()


_SURE = Assurance.EMPLOYER


def _workload(name: str) -> str:
    dialect, _, late = name.partition("-")
    return WORKLOAD.format(
        id=name, dialect=dialect, mode="before_answer" if late else "before_send"
    )


def _token(person: str, private: str) -> str:
    claims = subject_claims(
        profile(person),
        subject=person,
        issuer=ISSUER,
        audience="licet",
        now_s=int(time.time()),
        lifetime_s=86_400,
    )
    return sign_subject(claims, private)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
