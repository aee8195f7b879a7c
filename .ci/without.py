"""Prints a lock file without one package: `without.py NAME FILE`."""

import sys
from pathlib import Path

name, path = sys.argv[1:]
keeping = True
for line in Path(path).read_text().splitlines():
    if not line.startswith((" ", "#")):
        keeping = not line.startswith(f"{name}==")
    if keeping:
        sys.stdout.write(f"{line}\n")
