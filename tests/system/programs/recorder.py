"""The recorder of `licet.storage`, started the way a supervisor starts it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from licet.storage import run_recorder

if __name__ == "__main__":
    run_recorder(
        folder=Path(sys.argv[1]),
        origin="test.example/node-1",
        control=socket.socket(fileno=int(sys.argv[2])),
        listener=socket.socket(fileno=int(sys.argv[3])),
        now=lambda: "2026-06-09T00:00:00.000000Z",
        version="0",
    )
