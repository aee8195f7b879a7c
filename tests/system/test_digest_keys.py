"""The key of content digests is replaced under a running gateway while streams are on their way."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.evidence import AdoptedLeaf, DecisionLeaf, KeyedDigest, OutcomeLeaf
from licet.gateway import ask
from licet.storage import digest_keys
from tests.system.callers import Ask, Heard, Streams, call
from tests.system.house import Gateway, house

pytestmark = pytest.mark.system


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with house(tmp_path, patient=True) as gateway:
        yield gateway


def keys_in_use(gateway: Gateway) -> list[str]:
    """What adoptions say, the oldest first."""
    return [leaf.digest_key for leaf in gateway.leaves() if isinstance(leaf, AdoptedLeaf)]


def test_what_streams_while_the_key_is_replaced_can_be_compared_and_proven(
    gateway: Gateway, tmp_path: Path
) -> None:
    (old,) = digest_keys(gateway.evidence)
    streams = Streams(gateway, workloads=("chat", "messages"))
    assert gateway.command("evidence", "rotate-digest-key").returncode == 0
    before = call(gateway, Ask(workload="chat", person="ada"))
    ask(gateway.control, "reload")
    after = call(gateway, Ask(workload="chat", person="ada"))
    assert streams.are_under_way()
    heard = [*streams.go_on(), before, after]
    keys = digest_keys(gateway.evidence)
    (fresh,) = set(keys) - {old}
    assert keys_in_use(gateway) == [old, fresh]
    file = tmp_path / "answer"
    for one in heard:
        name = fresh if one is after else old
        decided, ended = told(gateway, one)
        assert decided.digest_key == ended.digest_key == name
        assert ended.answer_digest == KeyedDigest(keys[name])(one.body)
        file.write_bytes(one.body)
        same = compared(gateway, one.request, file)
        assert same.stdout.startswith(f"the same: `{file}` is the answer of"), same.stderr
    file.write_bytes(before.body)
    assert compared(gateway, after.request, file).returncode == 4
    assert gateway.end()[0] == 0
    gateway.up()
    assert keys_in_use(gateway) == [old, fresh, fresh]
    again = call(gateway, Ask(workload="messages", person="ada"))
    assert told(gateway, again)[1].digest_key == fresh
    assert gateway.end()[0] == 0
    report = gateway.verify()
    assert (report.ok, report.findings) == (True, ())
    assert gateway.command("evidence", "replay").returncode == 0
    vkey = (gateway.evidence / "log.vkey").read_text().strip()
    for one in (*heard, again):
        receipt = str(tmp_path / f"{one.request}.json")
        proven = gateway.command("evidence", "prove", one.request, "--output", receipt)
        assert proven.returncode == 0, proven.stderr
        checked = gateway.command("evidence", "verify", "--receipt", receipt, "--vkey", vkey)
        assert checked.returncode == 0, checked.stderr


def compared(gateway: Gateway, request: str, file: Path) -> subprocess.CompletedProcess[str]:
    """What somebody is told who may view what was asked."""
    return gateway.command("evidence", "compare", request, str(file), "--us-person", "yes")


def told(gateway: Gateway, heard: Heard) -> tuple[DecisionLeaf, OutcomeLeaf]:
    found = [one for one in gateway.leaves() if getattr(one, "request", "") == heard.request]
    (decided,) = [one for one in found if isinstance(one, DecisionLeaf)]
    (ended,) = [one for one in found if isinstance(one, OutcomeLeaf)]
    return decided, ended
