"""The harness itself: what it counts, what it refuses, what it prints."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bench import nginx, upstream
from bench.__main__ import table
from bench.certificates import issue
from bench.comparison import Rounds
from bench.evidence import evidence, leaves_per_commit
from bench.gateway import MODES, EvidenceMode, configuration
from bench.processes import Cores, Spawned, awake, cpu_us, tree
from bench.recorder import AT, LOG, pair, recorded, sqlite
from bench.request_path import rested_us
from bench.wrk import BODY_BYTES, Load, chat_body
from licet.evidence import encode
from licet.policy import parse
from licet.storage import Log, RealDisk, show


def test_the_chat_request_has_one_kilobyte() -> None:
    body = chat_body("m")
    assert len(body) == BODY_BYTES
    assert json.loads(body)["model"] == "m"


def test_the_fixed_answer_is_one_that_nginx_can_give() -> None:
    answer = json.loads(upstream.answer())
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert nginx.fixed(Path("folder"), answer=upstream.answer(), core=0).name == "fixed upstream"
    with pytest.raises(ValueError, match="escaped"):
        nginx.fixed(Path("folder"), answer=b'{"text": "it\'s"}', core=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tls", [False, True])
def test_the_gateway_is_given_a_configuration_without_faults(
    tmp_path: Path, mode: EvidenceMode, tls: bool
) -> None:
    authority = issue(tmp_path).authority if tls else None
    upstream_url = "https://127.0.0.1:1" if tls else "http://127.0.0.1:1"
    files, key = configuration(port=8750, upstream=upstream_url, mode=mode, authority=authority)
    read = parse({path: text.encode() for path, text in files.items()})
    assert not [str(fault) for fault in read.faults]
    assert key.startswith("lk_")


def test_processor_time_is_that_of_a_process_and_its_descendants() -> None:
    grandchild = (
        "import sys, time\n"
        "while time.process_time() < 0.1: pass\n"
        "print('up', flush=True); sys.stdin.read()"
    )
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert len(tree(process.pid)) == 2
        assert cpu_us((process.pid,)) >= 50_000
        process.communicate(b"")


def test_processors_are_kept_awake_until_the_end_and_a_refusal_says_so(tmp_path: Path) -> None:
    control = tmp_path / "cpu_dma_latency"
    with pytest.raises(RuntimeError, match=r"cannot be kept awake.*No such file"), awake(control):
        pytest.fail("nothing was asked of the kernel")
    control.touch()
    with awake(control):
        assert control.read_bytes() == bytes(4)


def test_a_request_after_a_rest_is_timed_step_by_step() -> None:
    took = rested_us(0)
    assert list(took) == ["request", "answer", "word"]
    assert min(took.values()) > 0


def test_a_process_that_does_not_start_tells_what_it_said(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "print('no room')"]
    spawned = Spawned(argv, core=min(os.sched_getaffinity(0)), log=tmp_path / "log")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(RuntimeError, match="no room"):
            spawned.await_port(bound.getsockname()[1])
    spawned.stop()


def test_medians_over_the_rounds() -> None:
    loads = [
        Load(requests=n, duration_us=1_000_000, errors=0, p50_us=n, p99_us=n) for n in (1, 5, 3)
    ]
    rounds = Rounds(name="licet", loads=loads, cpu_us=[10.0, 30.0, 20.0])
    summary = rounds.summary()
    assert (summary["requests_per_s"], summary["p50_us"]) == (3, 3)
    assert summary["cpu_us_per_request"] == 20.0


def test_the_table_has_the_columns_that_rows_have() -> None:
    printed = table([{"target": "nginx", "p50_us": 5}, {"target": "licet", "floor": 0.3}])
    assert printed.splitlines() == ["target  p50_us  floor", "nginx   5", "licet           0.3"]


def test_the_recorder_beside_others_appends_the_same_leaves(tmp_path: Path) -> None:
    leaves = [encode(leaf) for number in range(100) for leaf in pair(number)]
    core = min(os.sched_getaffinity(0))
    for openings in (False, True):
        per_s, cpu_us = recorded(tmp_path / str(openings), leaves, openings=openings, core=core)
        assert per_s > 0
        assert cpu_us >= 0
    kept = list(show(tmp_path / "True"))
    assert len(kept) == len(leaves) + 2
    sqlite(tmp_path / "leaves.db", leaves, 7)
    with sqlite3.connect(tmp_path / "leaves.db") as database:
        assert [row[0] for row in database.execute("SELECT leaf FROM leaf")] == leaves


def test_leaves_per_commit_are_those_of_the_load(tmp_path: Path) -> None:
    log = Log(tmp_path, RealDisk(), LOG, os.urandom)
    log.begin(AT, "bench")
    for group in (range(40), range(40, 41), range(41, 60)):
        log.record([leaf for number in group for leaf in pair(number)])
    log.close(AT)
    assert leaves_per_commit(tmp_path, 120) == 40


def test_without_the_peer_the_row_says_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="`make bench` brings it"):
        evidence(2, Cores(measured=0, upstream=0, load=0))
