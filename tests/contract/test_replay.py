"""What a running gateway recorded is decided again, from the log, the snapshots and the openings;
and it is opened, erased and proved by the commands that an auditor has."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from licet.cli import program
from licet.storage import SnapshotStore, erase_by_recorder
from tests.contract.asking import ask, send
from tests.contract.evidence import told
from tests.contract.identities import ISSUER, token
from tests.contract.test_motion import AT, DIALECTS, FOREIGN, SETTINGS, letter, stream
from tests.rig import Rig


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
                ask(rig.port, rig.plain_key, dialect, model=model, headers=headers)
            embed(rig, headers)


def test_every_decision_of_a_gateway_comes_out_again() -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT) as rig:
        keep(rig)
        ask_everybody(rig)
        cut = stream(rig, "chat", token(sub="bob", licet={"us_person": False}))
        rig.adopt(letter(whom=FOREIGN))
        keep(rig)
        cut.rest()
        ask_everybody(rig)
        requests = told(rig)
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
