"""What a running gateway recorded is decided again, from the log, the snapshots and the openings;
and it is opened, erased and proved by the commands that an auditor has."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner, Result

from licet.cli import program
from licet.storage import SnapshotStore, erase_by_recorder
from licet.terms import SECOND_US, Instant
from tests.contract.asking import ask, send
from tests.contract.evidence import told
from tests.contract.identities import ISSUER, token
from tests.contract.test_motion import AT, DIALECTS, FOREIGN, SETTINGS, letter, stream
from tests.rig import EVERY_VENDOR, WORKLOAD, Rig


def run(folder: Path, *arguments: str) -> Result:
    command = ["evidence", *arguments, "--folder", str(folder / "evidence")]
    return CliRunner().invoke(program, command, catch_exceptions=False)


def keep(rig: Rig) -> None:
    """What the supervisor does at each adoption."""
    SnapshotStore(rig.folder / "evidence").put(rig.snapshot.document)


def persons() -> list[dict[str, str]]:
    bob = token(sub="bob", licet={"us_person": False})
    return [{"Licet-Subject": token()}, {"Licet-Subject": bob}, {}]


def embed(rig: Rig, headers: dict[str, str]) -> None:
    """Its candidates are those of a single model."""
    body = json.dumps({"model": "chat-any", "input": "hello"}).encode()
    send(rig.port, "POST", "/v1/embeddings", body, {"x-api-key": rig.plain_key} | headers)


def ask_everybody(rig: Rig) -> None:
    for dialect in DIALECTS:
        for headers in persons():
            for model in ("alpha", "beta", f"{dialect}-any"):
                heard = ask(rig.port, rig.plain_key, dialect, model=model, headers=headers)
                assert heard.status in (200, 451)
            embed(rig, headers)


def test_a_report_tells_the_callers_mistakes_from_what_vendors_failed_at() -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT) as rig:
        keep(rig)
        for dialect in DIALECTS:
            for fault in ("status_400", "status_422", "status_401", "status_500", "none"):
                ask(rig.port, rig.plain_key, dialect, f"[[sim:{fault}]]", model="chat-any")
        told(rig)
        total = json.loads(run(rig.folder, "report", "--json").stdout)["figures"]["total"]
    assert (total["rejected"], total["failed"]) == (2 * len(DIALECTS),) * 2
    assert total["requests"] == 5 * len(DIALECTS)


# Its refusals are routed to either, whatever stands first.
ROUTED = {
    "workloads/chat-any.toml": WORKLOAD.format(
        id="chat-any", dialect="chat", substitute="true", extra='evidence = "before_send"'
    )
    + '[[on_refusal]]\nclass = ["refusal"]\nmodel = "beta"\n[[on_refusal]]\nmodel = "alpha"\n'
}


def test_every_decision_of_a_gateway_comes_out_again() -> None:
    with Rig({"licet.toml": SETTINGS, **ROUTED}, at=AT, vendors=EVERY_VENDOR) as rig:
        keep(rig)
        ask_everybody(rig)
        cut = stream(rig, "chat", token(sub="bob", licet={"us_person": False}))
        rig.adopt(letter(whom=FOREIGN))
        keep(rig)
        cut.rest()
        ask_everybody(rig)
        requests = told(rig)
        routed = [one.decisions[0].routes for one in requests.values()]
        assert {len(one) for one in routed} == {0, 4}
        assert {c.verdict for one in routed for c in one} > {"permitted", "refused"}
        decisions = sum(len(one.decisions) for one in requests.values())
        verdicts = {d.verdict for one in requests.values() for d in one.decisions}
        assert verdicts == {"permitted", "refused", "undetermined"}

        found = json.loads(run(rig.folder, "replay", "--json").stdout)
        assert (found["decisions"], found["same"], found["snapshots"]) == (decisions, decisions, 2)

        now = json.loads(run(rig.folder, "replay", "--as-known-now", "--json").stdout)
        changed = {
            (one["recorded"], one["again"])
            for other in now["otherwise"]
            for one in other["differences"]
            if one["member"] == "verdict"
        }
        assert changed == {("permitted", "refused"), ("permitted", "undetermined")}

        assert erase_by_recorder(Path(rig.recorder_path), f"{ISSUER}:bob", "ada") == 1
        bobs = json.loads(run(rig.folder, "replay", "--json").stdout)
        assert bobs["unreplayed"]["erased"] > 0
        assert bobs["same"] + bobs["unreplayed"]["erased"] == decisions
        assert bobs["otherwise"] == []


def test_a_request_of_a_gateway_is_proved_in_one_file(tmp_path: Path) -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT) as rig:
        heard = ask(rig.port, rig.plain_key, "chat", model="alpha")
        name = heard.headers["licet-request-id"]
        rig.idle()
        rig.stop_recorder()
        vkey = (rig.folder / "evidence/log.vkey").read_text().strip()
        receipt = tmp_path / "receipt.json"
        assert run(rig.folder, "prove", name, "--output", str(receipt)).exit_code == 0
        assert run(rig.folder, "tiles").exit_code == 0
        rig.start_recorder()
    checked = CliRunner().invoke(
        program, ["evidence", "verify", "--receipt", str(receipt), "--vkey", vkey]
    )
    assert checked.exit_code == 0
    assert checked.output.startswith("proved: 2 records")
    receipt.write_bytes(receipt.read_bytes().replace(b"alpha", b"gamma"))
    refused = CliRunner().invoke(
        program, ["evidence", "verify", "--receipt", str(receipt), "--vkey", vkey]
    )
    assert refused.exit_code == 1
    assert "is not leaf" in refused.output


def command(folder: Path, *arguments: str) -> Result:
    """On the gateway that runs on this folder."""
    asked = ["evidence", *arguments, "--config", str(folder)]
    return CliRunner().invoke(program, asked, catch_exceptions=False)


def test_what_is_under_a_hold_outlives_a_request_to_erase_it_and_its_time() -> None:
    beside = '[control]\nsocket = "control.sock"\n'
    settings = f"{SETTINGS}\n{beside}[evidence]\nopenings_days = 1\n"
    with Rig({"licet.toml": settings}, at=AT, vendors=EVERY_VENDOR) as rig:
        (rig.folder / "licet.toml").write_text(settings, encoding="utf-8")
        keep(rig)
        ask_everybody(rig)
        rig.idle()
        bob = f"{ISSUER}:bob"
        why = ("--why", "case 7")
        nobody = command(rig.folder, "hold", "add", "h0", "--subject", "nobody", *why)
        assert (nobody.exit_code, "nothing is held on `nobody`" in nobody.stderr) == (1, True)
        assert command(rig.folder, "hold", "list").stdout == "no hold stands\n"
        added = command(rig.folder, "hold", "add", "h1", "--subject", bob, *why)
        assert (added.exit_code, added.stdout[:10]) == (0, "held: `h1`"), added.stderr
        again = command(rig.folder, "hold", "add", "h1", *why)
        assert (again.exit_code, "stands already" in again.stderr) == (1, True)
        shown = command(rig.folder, "hold", "list").stdout
        assert shown.startswith("h1: decisions of slot ")
        assert shown.endswith(": case 7\n")
        (one,) = json.loads(command(rig.folder, "hold", "list", "--json").stdout)
        assert (one["id"], one["why"]) == ("h1", "case 7")
        refused = command(rig.folder, "erase", bob, "--yes")
        assert (refused.exit_code, "under a legal hold: `h1`" in refused.stderr) == (1, True)
        # Two days later, in a file of a day of its own.
        rig.stop_recorder()
        rig.start_recorder()
        rig.wait(lambda: rig.node.status().recorder_connected)
        rig.call(rig.node.step_clock, Instant(AT + 2 * 86_400 * SECOND_US))
        ask(rig.port, rig.plain_key, "chat", model="alpha")
        rig.idle()
        would = command(rig.folder, "expire", "--dry-run").stdout
        gone = command(rig.folder, "expire").stdout
        assert would.replace("would go", "let go") == gone
        told = re.fullmatch(
            r"let go: (\d+) openings, in 1 files; (\d+) more are under a legal hold\n", gone
        )
        assert told is not None
        assert "let go: 0 openings" in command(rig.folder, "expire").stdout
        found = json.loads(command(rig.folder, "replay", "--json").stdout)
        assert found["otherwise"] == []
        # Bob's are still there, a third of them all, and what was asked last.
        assert found["unreplayed"] == {"erased": int(told[1])}
        assert found["same"] == int(told[2]) + 1 == int(told[1]) // 2 + 1
        assert command(rig.folder, "hold", "release", "h1", *why).exit_code == 0
        assert command(rig.folder, "hold", "release", "h1", *why).exit_code == 1
        assert command(rig.folder, "erase", bob, "--yes").exit_code == 0
        assert command(rig.folder, "verify").exit_code == 0


def test_a_snapshot_that_is_missing_or_altered_is_named() -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT) as rig:
        keep(rig)
        ask(rig.port, rig.plain_key, "chat", model="chat-any")
        told(rig)
        digest = rig.snapshot.digest
        path = rig.folder / "evidence" / "snapshots" / f"{digest}.json.z"
        for content in (b"nonsense", None):
            path.unlink() if content is None else path.write_bytes(content)
            found = run(rig.folder, "replay")
            assert found.exit_code == 1
            assert f"1 under `{digest}`" in found.stdout
            account = json.loads(run(rig.folder, "replay", "--json").stdout)
            assert account["snapshots_missing"] == {digest: 1}
