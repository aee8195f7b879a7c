"""A whole gateway in one process: a real node, a real recorder, real vendors, real sockets.

Only processes and their supervision are missing; `tests/system` has those. The configuration
is a dictionary of files, so that each test says what it changes.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import uvloop

from licet.evidence import Leaf, decode, digest_key_id
from licet.gateway import Secrets
from licet.gateway.node import Node
from licet.identity import Key, new_key
from licet.policy import Configuration, Snapshot, parse
from licet.sim import SIM_KEY, Entry, Simulation, Vendors, VendorSpec
from licet.storage import leaves, run_recorder
from licet.terms import Instant

T = TypeVar("T")

CHAT = ("first", "second")
MESSAGES = ("third", "fourth")
VENDORS = tuple(VendorSpec(id=name, dialect="chat", models=("alpha", "beta")) for name in CHAT) + (
    tuple(VendorSpec(id=name, dialect="messages", models=("alpha", "beta")) for name in MESSAGES)
)
RESPONSES = ("fifth", "sixth")
EVERY_VENDOR = VENDORS + tuple(
    VendorSpec(id=name, dialect="responses", models=("alpha", "beta")) for name in RESPONSES
)
"""With those of the third dialect, which has workloads and endpoints only beside its vendors."""

LICET = """
[operator]
name = "Example Operations"
url = "https://operator.example/ai"
contact = "compliance@operator.example"

[clock]
error_ms = 0
scripted = true

[timeouts]
connect_ms = 30000
head_ms = 30000
idle_ms = 30000
hold_head_ms = 20000
total_ms = 60000
client_idle_ms = 60000

[retry]
attempts_max = 3
same_endpoint_retries = 1
backoff_ms = 10

[breaker]
failures = 1000
"""
"""Nothing that a busy machine does is a failure of anybody."""


def bounded(settings: str, **values: int) -> str:
    """The settings with these values, for a test that is about one; each is in them already."""
    for name, value in values.items():
        settings, found = re.subn(rf"(?m)^{name} = \S+$", f"{name} = {value}", settings)
        assert found == 1, f"`{name}` is {found} times in the settings"
    return settings


PARTIES = """
[[organisation]]
id = "acme"
name = "Acme"

[[organisation]]
id = "maker"
name = "Maker"

[[organisation]]
id = "other-maker"
name = "Other Maker"

[[model]]
id = "alpha"
lineage = ["alpha-base"]
developer = { id = "maker" }

[[model]]
id = "beta"
lineage = ["beta-base"]
developer = { id = "maker" }
"""

WORKLOAD = """
id = "{id}"
dialect = "{dialect}"
substitute = {substitute}
{extra}
[[candidate]]
model = "alpha"

[[candidate]]
model = "beta"
"""


def endpoint(name: str, dialect: str, url: str) -> str:
    operator = "other-maker" if name == RESPONSES[1] else "maker"
    return f"""
[[endpoint]]
id = "{name}"
operator = {{ id = "{operator}" }}
base_url = "{url}"
dialect = "{dialect}"
models = ["alpha", "beta"]
credential = {{ env = "SIM" }}
"""


class Rig:
    """A running gateway. `files` are added to, or replace, those of the configuration."""

    def __init__(
        self,
        files: Mapping[str, str] | None = None,
        *,
        at: Instant,
        vendors: tuple[VendorSpec, ...] = VENDORS,
        before_send: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="licet-rig-"))
        self.at = at
        self._files = dict(files or {})
        self._vendor_specs = vendors
        self._tls = tls
        self._mode = "before_send" if before_send else "before_answer"
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rig-loop", daemon=True)
        self.plain_key = ""
        self.digest_key = b"k" * 32

    def __enter__(self) -> Self:
        self.start_recorder()
        self._thread.start()
        self.vendors = self.call_async(
            Vendors.start(self._loop, self._vendor_specs, simulation=Simulation(), tls=self._tls)
        )
        self.plain_key, self.key = new_key(
            "test-key",
            os.urandom(32),
            organisation="acme",
            workloads=tuple(
                dict.fromkeys(
                    f"{spec.dialect}{suffix}"
                    for suffix in ("", "-any")
                    for spec in self._vendor_specs
                )
            ),
            created=datetime.now(UTC),
        )
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        try:
            self.call(self._start_node)
            self.wait(lambda: self.node.status().recorder_connected)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.call(self.node.close)
        self._stop()

    def _stop(self) -> None:
        self.call(self.vendors.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.socket.close()
        self.stop_recorder()
        shutil.rmtree(self.folder)

    # On the gateway's loop

    def call(self, work: Callable[..., T], *args: Any) -> T:
        """Runs `work` on the gateway's loop and waits for what it returns."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work(*args))
            except BaseException as error:  # noqa: BLE001 - raised where it was asked for
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(20)

    def call_async(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until `condition` holds on the gateway's loop; it is asked in every turn."""
        done: Future[None] = Future()

        def ask() -> None:
            if condition():
                done.set_result(None)
            else:
                self._loop.call_later(0.002, ask)

        self._loop.call_soon_threadsafe(ask)
        done.result(20)

    def call_until(self, find: Callable[[], T | None]) -> T:
        """What `find` returns on the gateway's loop, once that is not None."""
        found: list[T] = []

        def look() -> bool:
            one = find()
            if one is not None:
                found.append(one)
            return one is not None

        self.wait(look)
        return found[0]

    # Configuration

    def files(self) -> dict[str, bytes]:
        urls = {spec.id: self.vendors.url(spec.id) for spec in self._vendor_specs}
        found = {
            "licet.toml": LICET,
            "catalog/parties.toml": PARTIES,
            "catalog/endpoints.toml": "".join(
                endpoint(spec.id, spec.dialect, urls[spec.id]) for spec in self._vendor_specs
            ),
        }
        for dialect in dict.fromkeys(spec.dialect for spec in self._vendor_specs):
            for suffix, substitute in (("", "false"), ("-any", "true")):
                found[f"workloads/{dialect}{suffix}.toml"] = WORKLOAD.format(
                    id=dialect + suffix,
                    dialect=dialect,
                    substitute=substitute,
                    extra=f'evidence = "{self._mode}"',
                )
        return {path: text.encode() for path, text in (found | self._files).items() if text}

    def configuration(self) -> Configuration:
        configuration = parse(self.files())
        assert not configuration.faults, configuration.faults
        return configuration

    def adopt(self, files: Mapping[str, str] | None = None) -> None:
        """Swaps the configuration, as a reload does; returns when it governs."""
        self._files |= files or {}
        configuration = self.configuration()
        snapshot = Snapshot.of(configuration.sources)
        self.call(self.node.adopt, snapshot, self.secrets(configuration), configuration.settings)
        self.snapshot = snapshot

    def secrets(self, configuration: Configuration) -> Secrets:
        return Secrets(
            keys=(self.key, *configuration.keys),
            issuers=configuration.issuers,
            credentials={spec.id: SIM_KEY for spec in self._vendor_specs},
            digest_key=self.digest_key,
            digest_key_id=digest_key_id(self.digest_key),
        )

    # What is seen

    def ledger(self) -> list[Entry]:
        """What reached the vendors, in order of arrival."""
        return self.call(lambda: list(self.vendors.simulation.ledger.entries()))

    def records(self) -> list[Leaf]:
        return [decode(leaf) for _, leaf in leaves(self.folder / "evidence")]

    def idle(self) -> None:
        """Until nothing is in flight."""
        self.wait(lambda: self.node.status().in_flight == 0)

    # The recorder

    def start_recorder(self) -> None:
        self._control, theirs = socket.socketpair()
        self.recorder_path = str(self.folder / "recorder.sock")
        Path(self.recorder_path).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.recorder_path)
        listener.listen(16)
        folder = self.folder / "evidence"
        folder.mkdir(exist_ok=True)

        def record() -> None:
            with theirs, listener:
                run_recorder(
                    folder=folder,
                    origin="operator.example/node-1",
                    listener=listener,
                    control=theirs,
                    now=lambda: "2026-01-01T00:00:00.000000Z",
                    version="test",
                )

        self._recorder = threading.Thread(target=record, name="rig-recorder", daemon=True)
        self._recorder.start()
        ready = self._control.recv(4096)
        assert b'"ready"' in ready, ready
        if self._thread.is_alive():
            # A loop that is closed while the gateway is on its way to its recorder hangs.
            self.wait(lambda: self.node.desk.committer.accepts)

    def stop_recorder(self) -> None:
        """The recorder is gone when this returns; its log can be opened again."""
        self._control.close()
        self._recorder.join(10)
        if self._thread.is_alive():
            # What is asked from here on is refused, and not just yet.
            self.wait(lambda: not self.node.desk.committer.connected)

    # Parts

    def _start_node(self) -> None:
        configuration = self.configuration()
        self.node = Node(
            loop=self._loop,
            listen_socket=self.socket,
            recorder_path=self.recorder_path,
            settings=configuration.settings,
            worker_index=0,
            entropy=os.urandom,
            folder=self.folder,
        )
        self.snapshot = Snapshot.of(configuration.sources)
        self.node.step_clock(self.at)
        self.node.adopt(self.snapshot, self.secrets(configuration), configuration.settings)
        self.node.renew_lease(self.snapshot.digest, 3600)
        self.node.start()


__all__ = ["CHAT", "EVERY_VENDOR", "MESSAGES", "RESPONSES", "VENDORS", "Key", "Rig"]
