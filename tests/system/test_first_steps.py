"""What somebody does first, with the real programs: init, up, the printed request, and on.

The folder is the one that `licet init` writes, on ports that are free on this machine.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.system.ports import free_port

pytestmark = pytest.mark.system

SOURCE = Path(__file__).resolve().parents[2] / "src"
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), *sys.path])}
LICET = (sys.executable, "-P", "-m", "licet")
BOUND_S = 30.0
EXAMPLE_PORTS = ("8751", "8752", "8753")
LETTER = """
id = "letter"
kind = "restriction"
title = "North 1 is withdrawn"
authority = "Test"

[[version]]
received = 2026-06-12T17:21:00-04:00
effective_from = 2026-06-12T17:21:00-04:00

[[version.applies]]
model.lineage = ["north-base"]
"""


def licet(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LICET, *arguments],
        check=False,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
    )


def eventually(condition: Callable[[], bool]) -> None:
    """Asks the gateway again and again, until a deadline."""
    deadline = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"


class Gateway:
    """`licet init`, then `licet up --sim`, without some of the files if told."""

    def __init__(self, folder: Path, without: tuple[str, ...] = ()) -> None:
        self.folder = folder
        printed = licet("init", str(folder)).stdout
        self.key = printed.partition("Bearer ")[2].partition("'")[0]
        self.body = json.loads(printed.partition("-d '")[2].rpartition("'")[0])
        self._move_to_free_ports()
        for name in without:
            (folder / name).unlink()
        self.up()

    def up(self) -> None:
        self.process = subprocess.Popen(
            [*LICET, "up", "--sim", "--config", str(self.folder)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.announced: list[str] = []
        for line in self.process.stdout:
            self.announced.append(line.rstrip())
            if line.startswith("ready"):
                break
        assert self.announced, self.process.communicate(timeout=BOUND_S)[1]
        self.port = int(self.announced[0].rpartition(":")[2])

    def down(self) -> tuple[int, str]:
        """The exit status after Ctrl-C, and what was printed to the operator."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=BOUND_S)
        return self.process.returncode, errors

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return licet(*arguments, "--config", str(self.folder))

    def ask(self, **changes: Any) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Status, headers, and body of the request that `licet init` printed."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=BOUND_S)
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        body = json.dumps(self.body | changes)
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content

    def _move_to_free_ports(self) -> None:
        settings = self.folder / "licet.toml"
        settings.write_text(settings.read_text().replace("port = 8750", "port = 0"))
        catalogue = self.folder / "catalog" / "parties.toml"
        text = catalogue.read_text()
        for port in EXAMPLE_PORTS:
            text = text.replace(f":{port}", f":{free_port()}")
        catalogue.write_text(text)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "gateway")
    try:
        yield gateway
    finally:
        gateway.process.kill()
        gateway.process.communicate(timeout=BOUND_S)


def test_the_printed_request_is_answered_at_once(gateway: Gateway) -> None:
    status, headers, body = gateway.ask()
    assert status == 200
    assert body["choices"][0]["message"]["content"].startswith("answer from north-1 at north")
    assert headers["licet-model"] == "north-1"


def test_up_says_what_runs_and_is_loud_about_what_is_not_real(gateway: Gateway) -> None:
    told = "\n".join(gateway.announced)
    assert re.search(r"^workers +2, snapshot [0-9a-f]{16}$", told, re.MULTILINE)
    assert "OBSERVED   recorded and not enforced: acme-residency v1" in told
    assert "VENDORS    SIMULATED: no answer comes from a model" in told


def test_a_suspension_reroutes_at_once_outlives_a_restart_and_can_be_lifted(
    gateway: Gateway,
) -> None:
    done = gateway.command("suspend", "north-1", "--why", "letter on its way")
    assert done.stdout == "`suspension.model.north-1` is in force in 2 workers\n"
    assert gateway.ask()[1]["licet-model"] == "south-1"
    assert gateway.ask(model="north-1")[0] == 451
    assert gateway.down() == (0, "")
    gateway.up()
    assert "in force   suspension.model.north-1 v1" in gateway.announced
    assert gateway.ask()[1]["licet-model"] == "south-1"
    assert gateway.command("suspend", "north-1", "--lift").returncode == 0
    # A restriction holds until the clock is past its end by more than the clock's error.
    eventually(lambda: gateway.ask()[1]["licet-model"] == "north-1")


def test_a_reload_is_in_force_when_it_returns_and_records_its_versions_once(
    gateway: Gateway,
) -> None:
    letter = gateway.folder / "directives" / "letter.toml"
    letter.write_text(LETTER)
    done = gateway.command("reload")
    assert "2 workers serve snapshot" in done.stdout
    assert "recorded: directive `letter` v1, at 2" in done.stdout
    assert gateway.ask()[1]["licet-model"] == "south-1"
    assert "recorded" not in gateway.command("reload").stdout
    letter.write_text(LETTER.replace("north-base", "south-base"))
    refused = gateway.command("reload")
    assert refused.returncode == 1
    assert "directives/letter.toml:7:" in refused.stderr
    assert "was edited" in refused.stderr
    assert "help: restore it as it was" in refused.stderr
    assert gateway.ask()[1]["licet-model"] == "south-1"


def test_a_broken_file_changes_nothing_and_is_named(gateway: Gateway) -> None:
    (gateway.folder / "directives" / "broken.toml").write_text(LETTER.replace("kind", "kimd"))
    refused = gateway.command("reload")
    assert refused.returncode == 1
    assert "directives/broken.toml:" in refused.stderr
    assert "did you mean `kind`?" in refused.stderr
    assert gateway.ask()[1]["licet-model"] == "north-1"


def test_a_revoked_key_opens_nothing_after_the_reload(gateway: Gateway) -> None:
    gateway.command("key", "revoke", "first")
    gateway.command("reload")
    assert gateway.ask()[0] == 401


def test_status_is_of_every_worker(gateway: Gateway) -> None:
    gateway.ask()
    found: dict[str, Any] = {}

    def all_serve() -> bool:
        # A busy worker may be silent for a while.
        found.update(json.loads(gateway.command("status", "--json").stdout))
        return [row["state"] for row in found["workers"]] == ["serving", "serving"]

    eventually(all_serve)
    assert {row["snapshot"] for row in found["workers"]} == {found["snapshot"]}
    assert sum(row["requests"] for row in found["workers"]) == 1
    assert all(row["recorder_connected"] for row in found["workers"])
    assert [one["id"] for one in found["observed"]] == ["acme-residency"]
    assert "SIMULATED" not in gateway.command("status").stdout


def test_a_probe_says_how_a_vendor_answers(gateway: Gateway) -> None:
    answered = gateway.command("probe", "north")
    assert answered.returncode == 0
    assert answered.stdout.startswith("north: answers, as model `north-1`, ")
    answered = gateway.command("probe", "north-messages", "--json")
    assert json.loads(answered.stdout)["verdict"] == "answers"
    (gateway.folder / "sim.credential").write_text("wrong")
    refused = gateway.command("probe", "north")
    assert refused.returncode == 1
    assert "refuses, status 401" in refused.stdout


def test_a_review_is_recorded_and_overdue_ones_are_shown(gateway: Gateway) -> None:
    done = gateway.command("directive", "review", "acme-residency", "--next", "2026-01-06T00:00Z")
    assert "recorded: `acme-residency` was reviewed" in done.stdout
    status = gateway.command("status").stdout
    assert "OVERDUE    acme-residency: review was due 2026-01-06T00:00:00" in status


def test_the_log_of_all_this_is_sound(gateway: Gateway) -> None:
    gateway.ask()
    assert gateway.down()[0] == 0
    verified = gateway.command("evidence", "verify")
    assert verified.returncode == 0, verified.stdout
    assert "1 decision, 1 sending" in verified.stdout
    kinds = [
        json.loads(line)["kind"]
        for line in gateway.command("evidence", "show", "--json").stdout.splitlines()
    ]
    assert kinds == ["started", "adopted", "key_made", "decision", "outcome", "stopped"]
    one = gateway.command("evidence", "show", "--kind", "decision").stdout
    assert one.count("\n") == 1
    assert "workload=assistant" in one


VIEWING = """
id = "viewing"
kind = "restriction"
[[version]]
received = 2026-06-12T17:21:00-04:00
effective_from = 2026-06-12T17:21:00-04:00
[[version.applies]]
model.lineage = ["north-base"]
action = ["view_output"]
subject.us_person = false
"""


def test_what_a_decision_was_made_from_is_opened_under_the_rules_and_recorded(
    gateway: Gateway,
) -> None:
    _, headers, _ = gateway.ask()
    request = headers["licet-request-id"]
    opened = gateway.command("evidence", "open", request)
    assert opened.returncode == 0, opened.stderr
    assert json.loads(opened.stdout)["request"] == request
    assert json.loads(opened.stdout)["inputs"]
    read = gateway.command("evidence", "show", "--kind", "read", "--json").stdout.splitlines()
    assert [json.loads(one)["what"] for one in read] == [f"opening of {request}"]

    (gateway.folder / "directives" / "viewing.toml").write_text(VIEWING)
    assert gateway.command("reload").returncode == 0
    refused = gateway.command("evidence", "open", request)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "is undetermined by `viewing` for want of us_person" in refused.stderr
    assert gateway.command("evidence", "open", request, "--us-person", "yes").returncode == 0
    assert gateway.command("evidence", "open", request, "--us-person", "no").returncode == 3
    assert gateway.command("evidence", "open", "nothing").returncode == 1
    read = gateway.command("evidence", "show", "--kind", "read", "--json").stdout.splitlines()
    assert len(read) == 2


def test_what_is_held_on_somebody_is_read_under_the_rules_and_recorded(gateway: Gateway) -> None:
    (gateway.folder / "directives" / "viewing.toml").write_text(VIEWING)
    assert gateway.command("reload").returncode == 0
    _, headers, _ = gateway.ask()
    request = headers["licet-request-id"]
    shown = gateway.command("evidence", "show", "--request", request, "--json").stdout
    decision = next(one for one in map(json.loads, shown.splitlines()) if "key" in one)
    holder = f"key:{decision['key']}"

    def access(*options: str) -> tuple[int, Any, str]:
        done = gateway.command("evidence", "access", holder, *options)
        return done.returncode, json.loads(done.stdout), done.stderr

    code, held, _ = access("--us-person", "yes")
    assert (code, held["withheld"]) == (0, 0)
    assert request in [one["request"] for one in held["requests"]]
    count = len(held["requests"])
    for options in ((), ("--us-person", "no")):
        code, kept, told = access(*options)
        assert (code, kept["requests"], kept["profiles"], kept["withheld"]) == (3, [], [], count)
        assert "by `viewing`" in told
        assert "requests are left out" in told
    read = gateway.command("evidence", "show", "--kind", "read", "--json").stdout.splitlines()
    slot = held["slot"]
    assert [json.loads(one)["what"] for one in read[-3:]] == [
        f"all that is held in slot {slot}",
        f"0 of {count} openings that are held in slot {slot}",
        f"0 of {count} openings that are held in slot {slot}",
    ]
