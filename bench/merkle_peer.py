"""pymerkle's appends: `merkle_peer.py LEAVES PER_COMMIT DATABASE`, in an environment of its own.

LEAVES is a file of leaves, each behind its length in four bytes. Prints one JSON object. It shares
nothing with the rest: pymerkle is under another licence than we are, and is run, not imported.
"""

import json
import struct
import sys
import time
from pathlib import Path

from pymerkle import InmemoryTree, SqliteTree


def main() -> None:
    path, per_commit, database = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    leaves = read(Path(path).read_bytes())
    tree = SqliteTree(database)
    # What the recorder promises of each commit, and the mode in which SQLite does so quickest.
    tree.con.execute("PRAGMA journal_mode=WAL")
    tree.con.execute("PRAGMA synchronous=FULL")
    started, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(leaves), per_commit):
        tree.append_entries(leaves[start : start + per_commit])
    root = tree.get_root().hex()
    appended = time.perf_counter() - started
    cpu = time.process_time() - cpu
    started = time.perf_counter()
    again = InmemoryTree()
    again.append_entries(leaves)
    assert again.get_root().hex() == root
    hashed = time.perf_counter() - started
    count = len(leaves)
    figures = {"append": count / appended, "cpu_us": cpu * 1e6 / count, "root": count / hashed}
    print(json.dumps({**figures, "tree_root": root}))


def read(data: bytes) -> list[bytes]:
    """The leaves of such a file."""
    leaves, place = [], 0
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        leaves.append(data[place + 4 : place + 4 + length])
        place += 4 + length
    return leaves


if __name__ == "__main__":
    main()
