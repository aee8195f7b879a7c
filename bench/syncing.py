"""What one sync of this disk takes, from rest: the part of a recorded answer's latency that no
program can take away.

`python -m bench.syncing FILE SECONDS EVERY_MS` appends a record's worth of bytes to FILE every few
milliseconds, into room that was reserved as the log reserves it, and prints microseconds as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.processes import on_core

RECORD_BYTES = 450
_ROOM_BYTES = 4 << 20
_PAUSES_MAX = _ROOM_BYTES // RECORD_BYTES


def sync_us(folder: Path, *, core: int, seconds: float, every_ms: int) -> list[float]:
    """Each write with its sync, in microseconds, of a process on that core; `RuntimeError` where
    the disk does not take them."""
    argv = [
        sys.executable,
        "-m",
        "bench.syncing",
        str(folder / "sync"),
        str(seconds),
        str(every_ms),
    ]
    found = subprocess.run(on_core(core, argv), check=False, capture_output=True, text=True)
    if found.returncode:
        raise RuntimeError(f"the disk could not be measured: {found.stderr.strip()[-200:]}")
    return [float(one) for one in json.loads(found.stdout)]


def main() -> None:
    path, seconds, every_ms = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    record = b"x" * RECORD_BYTES
    took: list[float] = []
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        os.posix_fallocate(file, 0, _ROOM_BYTES)
        os.fsync(file)
        for number in range(min(int(seconds * 1000 / every_ms), _PAUSES_MAX)):
            # Nothing is waited for: disk and processor are to be at rest when it begins, as they
            # are for a request that comes alone.
            time.sleep(every_ms / 1000)
            began = time.perf_counter()
            os.pwrite(file, record, number * RECORD_BYTES)
            os.fdatasync(file)
            took.append((time.perf_counter() - began) * 1e6)
    finally:
        os.close(file)
        path.unlink()
    print(json.dumps(took))


if __name__ == "__main__":
    main()
