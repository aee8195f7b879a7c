"""A recorder alone: `lone_recorder.py FOLDER LISTENER_FD CONTROL_FD`."""

import socket
import sys
from pathlib import Path

from licet.storage import run_recorder
from tests.unit.evidence.examples import AT, LOG

run_recorder(
    folder=Path(sys.argv[1]),
    origin=LOG,
    listener=socket.socket(fileno=int(sys.argv[2])),
    control=socket.socket(fileno=int(sys.argv[3])),
    now=lambda: AT,
    version="0.1.0",
)
