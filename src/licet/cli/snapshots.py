"""What would be adopted now, for commands that need no running gateway."""

from __future__ import annotations

import msgspec

from licet.gateway import Folder, History, read_history
from licet.policy import Configuration, Snapshot, adopt
from licet.storage import register
from licet.terms import Faults, Instant


def history_of(folder: Folder, configuration: Configuration) -> History:
    """What the log's register says; empty where there is no log yet."""
    evidence = folder.evidence(configuration.settings)
    if not evidence.is_dir():
        return read_history(())
    return read_history(leaf for _, leaf in register(evidence))


def snapshot_of(folder: Folder, at: Instant) -> tuple[Snapshot, Configuration, History]:
    """The files, with what is recorded at the instants when it was, and what is suspended.

    `Faults` when a file is broken, or when a recorded version was edited or removed.
    """
    configuration = folder.sound()
    history = history_of(folder, configuration)
    adoption = adopt(configuration, history.recorded, at, first=history.is_empty)
    if adoption.faults:
        raise Faults(adoption.faults)
    directives = (*adoption.sources.directives, *history.suspensions)
    sources = msgspec.structs.replace(adoption.sources, directives=directives)
    return Snapshot.of(sources), configuration, history
