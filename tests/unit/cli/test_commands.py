"""Commands that need no running gateway, on the folder that `licet init` writes."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.catalog import parse_workload
from licet.cli import program
from licet.cli.status import describe
from licet.gateway import Folder
from licet.identity import TokenVerifier, VerifiedToken, hash_key
from licet.storage import verifier_key
from licet.terms import EvidenceFault, read

ENFORCED = """
id = "north-is-foreign"
kind = "restriction"
title = "North 1 is for US persons"
authority = "Test"

[[version]]
received = 2026-06-12T17:21:00-04:00
effective_from = 2026-06-12T17:21:00-04:00

[[version.applies]]
model.lineage = ["north-base"]
subject.us_person = false
"""
BEFORE = "2026-06-12T17:20:59-04:00"
AFTER = "2026-06-12T17:21:00-04:00"
ASKED = ("--organisation", "acme", "--workload", "assistant", "--model", "north-1")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments, catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "gateway"
    assert run("init", str(path)).exit_code == 0
    return path


def explain(folder: Path, *arguments: str) -> Result:
    (folder / "directives" / "north.toml").write_text(ENFORCED)
    return run("explain", "--config", str(folder), *ASKED, *arguments)


def test_what_init_writes_is_sound(folder: Path) -> None:
    result = run("check", "--config", str(folder))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("sound: 1 directives")


def test_init_prints_a_request_with_the_key_that_it_wrote_only_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "gateway"
    printed = run("init", str(path)).stdout
    shown = printed.partition("Bearer ")[2].partition("'")[0]
    (key,) = Folder(path).configuration().keys
    assert key.hash == hash_key(shown)
    assert f"licet up --sim --config {path}" in printed
    assert not [file for file in path.rglob("*.toml") if shown in file.read_text()]


def test_init_keeps_what_is_secret_from_other_users(folder: Path) -> None:
    for name in ("issuers/local.private.json", "sim.credential"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_init_writes_into_no_folder_that_has_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    result = run("init", str(tmp_path))
    assert result.exit_code == 1
    assert "is not an empty folder" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def test_check_names_every_fault_with_its_place_and_a_suggestion(folder: Path) -> None:
    workload = folder / "workloads" / "assistant.toml"
    workload.write_text(workload.read_text().replace('model = "south-1"', 'model = "south-2"'))
    settings = folder / "licet.toml"
    settings.write_text(settings.read_text() + "\n[nodes]\n")
    result = run("check", "--config", str(folder))
    assert result.exit_code == 1
    assert "workloads/assistant.toml:15:9: `south-2` is not a model" in result.stderr
    assert "help: did you mean `south-1`?" in result.stderr
    assert "licet.toml:" in result.stderr
    assert "2 faults; only what restricts would be adopted" in result.stderr


def test_check_of_no_folder_says_how_to_get_one(tmp_path: Path) -> None:
    result = run("check", "--config", str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert "help: `licet init DIR` writes a working one" in result.stderr


def test_the_folder_can_be_named_by_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LICET_CONFIG", str(folder))
    assert run("check").exit_code == 0


def test_a_new_key_is_shown_once_and_kept_as_a_hash(folder: Path) -> None:
    arguments = ("key", "new", "second", "--organisation", "acme", "--workload", "assistant")
    result = run(*arguments, "--expires-in", "90d", "--config", str(folder))
    shown = result.stdout.strip()
    assert shown.startswith("lk_")
    key = {one.id: one for one in Folder(folder).configuration().keys}["second"]
    assert key.hash == hash_key(shown)
    assert key.created is not None
    assert key.expires is not None
    assert (key.expires - key.created).days == 90
    again = run(*arguments, "--config", str(folder))
    assert again.exit_code == 1
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("second", "--organisation", "acne", "--workload", "assistant"), "did you mean `acme`?"),
        (("second", "--organisation", "acme", "--workload", "asistant"), "`assistant`?"),
        (("../x", "--organisation", "acme", "--workload", "assistant"), "cannot name a key"),
    ],
)
def test_a_key_for_nobody_is_not_made(folder: Path, arguments: tuple[str, ...], why: str) -> None:
    result = run("key", "new", *arguments, "--config", str(folder))
    assert result.exit_code == 1
    assert why in result.stderr
    assert len(list((folder / "keys").iterdir())) == 1


def test_a_revoked_key_keeps_its_file(folder: Path) -> None:
    listed = run("key", "list", "--config", str(folder))
    assert listed.stdout == "first: acme, assistant, assistant-messages, good\n"
    assert run("key", "revoke", "first", "--config", str(folder)).exit_code == 0
    (key,) = Folder(folder).sound().keys
    assert key.revoked is not None
    listed = run("key", "list", "--json", "--config", str(folder))
    assert json.loads(listed.stdout)[0]["state"].startswith("revoked 20")
    assert "is revoked already" in run("key", "revoke", "first", "--config", str(folder)).stdout


def test_a_key_that_is_not_there_cannot_be_revoked(folder: Path) -> None:
    found = run("key", "revoke", "nothing", "--config", str(folder))
    assert found.exit_code == 1
    assert "`licet key list` names them" in found.output


def test_a_signed_subject_is_who_the_options_say(folder: Path) -> None:
    result = run(
        *("subject", "sign", "amelie", "--us-person", "no", "--nationality", "FR:citizen"),
        *("--employee-of", "acme", "--config", str(folder)),
    )
    verifier = TokenVerifier(Folder(folder).configuration().issuers)
    verified = verifier.verify(result.stdout.strip(), int(time.time()))
    assert isinstance(verified, VerifiedToken)
    profile = verified.profile
    assert profile.us_person is not None
    assert profile.us_person.value is False
    assert profile.nationality is not None
    assert profile.nationality.value[0].country == "FR"
    assert profile.engagement is not None
    assert profile.engagement.value[0].organisation == "acme"
    assert verified.ignored == ()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "verdict"),
    [
        (("--at", BEFORE), 0, "permitted"),
        (("--at", AFTER), 3, "undetermined"),
        (("--at", AFTER, "--us-person", "yes"), 0, "permitted"),
        (("--at", AFTER, "--us-person", "no"), 3, "refused"),
        (("--at", AFTER, "--nationality", "US"), 0, "permitted"),
    ],
)
def test_the_exit_code_of_explain_is_the_verdict(
    folder: Path, arguments: tuple[str, ...], exit_code: int, verdict: str
) -> None:
    result = explain(folder, *arguments)
    assert result.exit_code == exit_code
    assert result.stdout.startswith(f"`north-1` at `north`: {verdict}")


def test_explain_says_which_directive_and_what_would_settle_it(folder: Path) -> None:
    told = explain(folder, "--at", AFTER).stdout
    assert '"North 1 is for US persons" (Test, since 2026-06-12 ' in told
    assert "persons who are not US persons: unknown" in told
    assert "undetermined by `north-is-foreign`: settled by attesting `us_person`" in told
    assert "would be refused by `acme-residency`" in told


def test_explain_takes_a_token_in_the_place_of_attributes(folder: Path) -> None:
    signed = run("subject", "sign", "amelie", "--us-person", "yes", "--config", str(folder))
    assert explain(folder, "--at", AFTER, "--token", signed.stdout.strip()).exit_code == 0
    result = explain(folder, "--at", AFTER, "--token", "nonsense")
    assert result.exit_code == 1
    assert "not a signed JSON Web Token" in result.stderr


def test_explain_says_who_is_asked_where_another_refuses(folder: Path) -> None:
    path = folder / "workloads" / "assistant.toml"
    found = parse_workload(read("workloads/assistant.toml", path.read_bytes()))
    other = next(one.model for one in found.file.candidate if one.model != "north-1")
    rule = '[[on_refusal]]\nclass = ["refusal"]\ncategory = ["cyber"]\n'
    path.write_text(f'{path.read_text()}\n{rule}model = "{other}"\n')
    told = explain(folder, "--at", AFTER, "--model", other).stdout
    assert "asked where another model refuses: refusal (cyber)" in told
    assert "asked where" not in explain(folder, "--at", AFTER).stdout


def test_explain_for_programs_is_one_object(folder: Path) -> None:
    found = json.loads(explain(folder, "--at", AFTER, "--json").stdout)
    assert found["verdict"] == "undetermined"
    assert found["at"] == "2026-06-12T21:21:00.000000Z"
    (endpoint,) = found["endpoints"]
    assert endpoint["decision"]["deciding"] == ["north-is-foreign"]
    assert {one["directive"] for one in endpoint["reasons"]} == {
        "acme-residency",
        "north-is-foreign",
    }


@pytest.mark.parametrize("name", ["--organisation", "--workload", "--model", "--endpoint"])
def test_a_name_that_nobody_knows_is_no_verdict(folder: Path, name: str) -> None:
    result = explain(folder, name, "nobody")
    assert result.exit_code == 1
    assert "`nobody`" in result.stderr


def test_an_instant_without_an_offset_is_no_instant(folder: Path) -> None:
    result = explain(folder, "--at", "2026-06-12T17:21:00")
    assert result.exit_code == 2
    assert "no instant with an offset" in result.stderr


def test_directives_are_listed_as_of_an_instant(folder: Path) -> None:
    (folder / "directives" / "north.toml").write_text(ENFORCED)
    before = run("directive", "list", "--at", BEFORE, "--config", str(folder)).stdout
    assert "no effect  north-is-foreign: North 1 is for US persons" in before
    after = run("directive", "list", "--at", AFTER, "--config", str(folder)).stdout
    assert "in force   north-is-foreign v1 since 2026-06-12T21:21:00" in after
    assert "observed   acme-residency v1" in after


def test_a_diff_names_what_came_into_force(folder: Path) -> None:
    (folder / "directives" / "north.toml").write_text(ENFORCED)
    span = ("--from", BEFORE, "--to", AFTER, "--config", str(folder))
    result = run("directive", "diff", *span)
    assert result.exit_code == 1
    assert result.stdout == "came into force  north-is-foreign v1 (enforce)\n"
    same = run("directive", "diff", "--from", AFTER, "--to", AFTER, "--config", str(folder))
    assert (same.exit_code, same.stdout) == (0, "")


def test_a_directive_is_shown_with_all_its_versions(folder: Path) -> None:
    (folder / "directives" / "north.toml").write_text(ENFORCED)
    told = run("directive", "show", "north-is-foreign", "--config", str(folder)).stdout
    assert told.startswith("north-is-foreign: North 1 is for US persons\n  A restriction by ")
    assert "Version 1, from 2026-06-12 17:21 -04:00:\n    Refuses persons who are not US" in told
    assert "Recorded 2026-06-12 17:21 -04:00." in told
    missing = run("directive", "show", "north-is-foreing", "--config", str(folder))
    assert missing.exit_code == 1
    assert "did you mean `north-is-foreign`?" in missing.stderr


def test_commands_for_a_running_gateway_say_that_none_runs(folder: Path) -> None:
    for command in (("status",), ("reload",), ("suspend", "north-1")):
        result = run(*command, "--config", str(folder))
        assert result.exit_code == 1
        assert "no gateway answers" in result.stderr
        assert "help: start it with `licet up`" in result.stderr


def test_evidence_of_a_gateway_that_never_ran_is_told_to_be_missing(folder: Path) -> None:
    result = run("evidence", "verify", "--config", str(folder))
    assert result.exit_code == 1
    assert "there is no evidence log" in result.stderr
    with pytest.raises(EvidenceFault):
        verifier_key(folder / "evidence")


def test_a_start_where_nothing_can_be_written_says_where(folder: Path) -> None:
    (folder / "evidence").write_text("a file where a folder belongs")
    found = run("up", "--sim", "--config", str(folder))
    assert found.exit_code == 1
    assert f"`{folder / 'evidence'}` cannot be written: File exists" in found.output


def test_a_scripted_start_needs_a_scripted_clock(folder: Path) -> None:
    result = run("up", "--clock-at", AFTER, "--config", str(folder))
    assert result.exit_code == 1
    assert "`[clock] scripted = true`" in result.stderr


def test_editors_find_the_schemas_that_the_files_name(folder: Path) -> None:
    files = [path for path in folder.rglob("*.toml") if path.parent.name != "keys"]
    assert len(files) >= 5
    for path in files:
        first = path.read_text().partition("\n")[0]
        schema = json.loads((path.parent / first.removeprefix("#:schema ")).read_text())
        assert schema["$schema"].endswith("2020-12/schema")


def test_a_schema_knows_the_attributes_that_the_folder_declares(folder: Path) -> None:
    settings = folder / "licet.toml"
    declared = '\n[attribute.clearance]\nparty = "subject"\ntype = "integer"\n'
    settings.write_text(settings.read_text() + declared)
    result = run("schema", "directive", "--config", str(folder))
    subject = json.loads(result.stdout)["$defs"]["Alternative"]["properties"]["subject"]
    assert subject["properties"]["clearance"]["$ref"] == "#/$defs/test_attested_number"


def test_check_warns_of_what_refuses_though_it_is_sound(folder: Path) -> None:
    (folder / "directives" / "report.toml").write_text(
        'id = "report"\nkind = "obligation"\n\n[[version]]\n'
        "received = 2026-01-01T00:00:00Z\neffective_from = 2026-01-01T00:00:00Z\n"
        '[[version.duty]]\nreport = "office"\n'
    )
    result = run("check", "--config", str(folder))
    assert result.exit_code == 0
    assert "warning: directives/report.toml:4:3: nothing carries out `report`" in result.stderr


def test_check_says_what_was_filled_in_for_a_vendor_that_is_known(folder: Path) -> None:
    (folder / "catalog/mistral.toml").write_text(
        '[[model]]\nid = "large"\n[[endpoint]]\nid = "m"\nvendor = "mistral"\nmodel = "large"\n'
    )
    result = run("check", "--config", str(folder))
    assert result.exit_code == 0, result.output
    (line,) = [one for one in result.stdout.splitlines() if one.startswith("endpoint `m`")]
    assert 'base_url = "https://api.mistral.ai"' in line
    assert 'credential = { env = "MISTRAL_API_KEY" }' in line
    assert "place" not in line


def test_a_breach_is_loud_in_a_status() -> None:
    worker = {
        "index": 0, "state": "serving", "pid": 1, "in_flight": 0, "requests": 3, "refused": 0,
        "memory_bytes": 0, "restarts": 0, "snapshot": "s", "breakers_open": [],
        "recorder_connected": True,
    }  # fmt: skip
    found = {
        "address": "a", "at": "now", "scripted": False, "snapshot": "s", "evidence": "e",
        "recorder": {"pid": 2, "fault": "", "restarts": 0}, "overdue": [],
    }  # fmt: skip
    quiet = describe({**found, "workers": [{**worker, "breaches": 0}]})
    loud = describe({**found, "workers": [{**worker, "breaches": 2}, {**worker, "breaches": 1}]})
    assert not any("BREACHES" in line for line in quiet)
    assert "BREACHES   3 answers were inferred elsewhere than asked" in loud


def test_two_versions_are_compared_in_english_and_as_data(folder: Path) -> None:
    text = ENFORCED + "\n[[version]]\nreceived = 2026-07-01T00:00:00Z\n"
    text += "effective_from = 2026-07-01T00:00:00Z\n"
    text += '[[version.applies]]\nmodel.lineage = ["north-base"]\n'
    (folder / "directives" / "north.toml").write_text(text)
    (folder / "readings").mkdir()
    (folder / "readings" / "other.toml").write_text(
        text.replace("us_person = false", "us_person = true")
    )
    pair = (
        "directive",
        "diff",
        "north-is-foreign@1",
        "north-is-foreign@2",
        "--config",
        str(folder),
    )
    shown = run(*pair)
    assert shown.exit_code == 1
    assert shown.stdout.startswith("north-is-foreign@1 -> north-is-foreign@2\n")
    assert "  Applies as well to everybody, using models derived from `north-base`." in shown.stdout
    (row,) = json.loads(run(*pair, "--json").stdout)
    assert [one["what"] for one in row["differences"]] == ["in force", "applies", "applies"]
    reading = ("north-is-foreign", "readings/other.toml", "--at", "2026-06-20T00:00:00Z")
    shown = run("directive", "diff", *reading, "--config", str(folder))
    assert "Applies as well to US persons" in shown.stdout
    same = run(
        "directive", "diff", "north-is-foreign@1", "north-is-foreign@1", "--config", str(folder)
    )
    assert (same.exit_code, same.stdout) == (0, "")
    for wrong in (("north-is-foreign",), ("north-is-foreign@1", "north-is-foreign@9"), ()):
        assert run("directive", "diff", *wrong, "--config", str(folder)).exit_code != 0
