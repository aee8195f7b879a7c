"""The evidence log on disk: the recorder and its log, side store and snapshots; reading them.

The only writer of a log is its recorder. Everything that merely reads works beside it.
"""

from licet.storage.digest_keys import (
    destroy_digest_key,
    digest_key,
    digest_keys,
    is_recorded_as_destroyed,
    prepare_digest_key,
    unused_digest_keys,
    use_digest_key,
)
from licet.storage.disk import Disk, File, Lock, RealDisk
from licet.storage.erasing import erase_alone, erase_by_recorder, record_alone
from licet.storage.expiring import Expiring, Expiry
from licet.storage.holding import holds_on, standing_holds
from licet.storage.kept import Deleted, KeptReader, Said
from licet.storage.keys import signing_keys, verifier_key, verifier_keys
from licet.storage.log import Log
from licet.storage.proving import Proved, prove_between, prove_request
from licet.storage.reading import Filters, leaves, show
from licet.storage.recorder import Recorder
from licet.storage.recording import record_leaf
from licet.storage.restoring import last_instant, recorded_versions, register
from licet.storage.segment_check import Finding
from licet.storage.serving import run_recorder
from licet.storage.side import Found, SideReader, SideStore
from licet.storage.snapshots import SnapshotStore
from licet.storage.tiling import Tiled, build_tiles, tiles_checkpoint
from licet.storage.verifying import Report, signed_size, verify

__all__ = [
    "Deleted",
    "Disk",
    "Expiring",
    "Expiry",
    "File",
    "Filters",
    "Finding",
    "Found",
    "KeptReader",
    "Lock",
    "Log",
    "Proved",
    "RealDisk",
    "Recorder",
    "Report",
    "Said",
    "SideReader",
    "SideStore",
    "SnapshotStore",
    "Tiled",
    "build_tiles",
    "destroy_digest_key",
    "digest_key",
    "digest_keys",
    "erase_alone",
    "erase_by_recorder",
    "holds_on",
    "is_recorded_as_destroyed",
    "last_instant",
    "leaves",
    "prepare_digest_key",
    "prove_between",
    "prove_request",
    "record_alone",
    "record_leaf",
    "recorded_versions",
    "register",
    "run_recorder",
    "show",
    "signed_size",
    "signing_keys",
    "standing_holds",
    "tiles_checkpoint",
    "unused_digest_keys",
    "use_digest_key",
    "verifier_key",
    "verifier_keys",
    "verify",
]
