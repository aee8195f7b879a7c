"""The suites here believe what the tools of the system tell them; so these are tried first."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

SYNC_THEN_SEND = """
import os, socket
left, right = socket.socketpair()
with open({path!r}, "wb") as file:
    file.write(b"record")
    file.flush()
    os.fdatasync(file.fileno())
left.sendall(b"request")
"""


def test_strace_sees_what_was_synced_before_what_was_sent(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = SYNC_THEN_SEND.format(path=str(tmp_path / "record"))
    command = ["strace", "-f", "-o", str(trace), "-e", "trace=fdatasync,sendto"]
    subprocess.run([*command, sys.executable, "-c", program], check=True, timeout=60)
    text = trace.read_text()
    assert 0 <= text.index("fdatasync(") < text.index('"request"')
