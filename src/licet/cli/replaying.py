"""`licet evidence replay`: every recorded decision decided again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from licet.assess import Difference, Replaying, Unreplayed
from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, json_option, show_json
from licet.cli.progress import Steps
from licet.cli.wording import counted
from licet.evidence import AdoptedLeaf, DecisionLeaf, commit, decode
from licet.gateway import Folder
from licet.policy import Snapshot
from licet.storage import (
    Filters,
    RealDisk,
    SideReader,
    SnapshotStore,
    leaves,
    show,
    signed_size,
)
from licet.terms import EvidenceFault, OperationFault

SHOWN_MAX = 50


class Otherwise(msgspec.Struct, frozen=True, kw_only=True):
    """A record that comes out otherwise."""

    index: int
    at: str
    request: str
    differences: tuple[Difference, ...]


class Account(msgspec.Struct, kw_only=True):
    """What a replay found. `unreplayed`: how many could not be decided again, by why."""

    decisions: int = 0
    same: int = 0
    otherwise: list[Otherwise] = []
    otherwise_left_out: int = 0
    unreplayed: dict[Unreplayed, int] = {}
    snapshots_missing: dict[str, int] = {}
    """The snapshots that are missing or damaged, and how many decisions name each."""
    snapshots: int = 0
    """How many snapshots they were decided under."""

    @property
    def ok(self) -> bool:
        return not self.otherwise and not self.unreplayed.get("snapshot_missing")


@click.command()
@click.option(
    "--as-known-now",
    is_flag=True,
    help="Decide under what is known today, and list what would come out otherwise.",
)
@EVIDENCE_FOLDER
@config_option
@json_option
@click.pass_context
def replay(
    ctx: click.Context,
    as_known_now: bool,
    evidence_folder: Path | None,
    folder: Folder,
    as_json: bool,
) -> None:
    """Decide every recorded decision again, from the rules that its record names.

    The verdict, the directives behind it, what was missing and every candidate must come out the
    same, bit for bit. Needs the openings; decisions on people who were erased are counted and not
    guessed. The exit code is 1 when anything comes out otherwise.
    """
    path = evidence_of(evidence_folder, folder)
    account = account_for(path, as_known_now=as_known_now)
    if as_json:
        show_json(msgspec.to_builtins(account))
    else:
        click.echo("\n".join(_lines(account, as_known_now=as_known_now)))
    ctx.exit(0 if as_known_now or account.ok else 1)


def account_for(path: Path, *, as_known_now: bool = False) -> Account:
    """Reads the whole log and side store, and decides everything again."""
    store = SnapshotStore(path)
    loaded: dict[str, Snapshot] = {}

    def snapshot(digest: str) -> Snapshot:
        if digest not in loaded:
            loaded[digest] = Snapshot.load(store.get(digest))
        return loaded[digest]

    today = snapshot(_latest(path)) if as_known_now else None
    replaying = Replaying(snapshot, today=today)
    opened = _openings(path)
    account = Account()
    unreplayed: Counter[Unreplayed] = Counter()
    with Steps("records", total=signed_size(path)) as steps:
        for index, leaf in show(path, Filters(kinds=frozenset({"decision"}))):
            steps.reach(index)
            if isinstance(leaf, DecisionLeaf):
                _replay(account, unreplayed, replaying, opened, index, leaf)
    account.unreplayed = dict(unreplayed)
    account.snapshots = len(loaded)
    return account


Opened = dict[bytes, tuple[bytes, tuple[bytes, ...]]]
"""By commitment: the inputs and parts of an opening."""


def _replay(
    account: Account,
    unreplayed: Counter[Unreplayed],
    replaying: Replaying,
    opened: Opened,
    index: int,
    leaf: DecisionLeaf,
) -> None:
    account.decisions += 1
    opening = opened.get(bytes.fromhex(leaf.commitment))
    if opening is None:
        unreplayed["erased"] += 1
        return
    try:
        found = replaying.replay(leaf, *opening)
    except EvidenceFault as fault:
        if fault.code == "opening_malformed":
            unreplayed["opening_malformed"] += 1
            return
        unreplayed["snapshot_missing"] += 1
        missing = account.snapshots_missing
        missing[leaf.snapshot] = missing.get(leaf.snapshot, 0) + 1
        return
    if not found.differences:
        account.same += 1
    elif len(account.otherwise) >= SHOWN_MAX * 20:
        account.otherwise_left_out += 1
    else:
        account.otherwise.append(
            Otherwise(index=index, at=leaf.at, request=leaf.request, differences=found.differences)
        )


def _openings(path: Path) -> Opened:
    # One person's inputs and profile return with each request: they are kept once.
    once: dict[object, object] = {}
    opened: Opened = {}
    for found in SideReader(path, RealDisk()).openings():
        content = (found.inputs, found.parts)
        kept = once.setdefault(content, content)
        assert isinstance(kept, tuple)
        opened[bytes.fromhex(commit(found.salt, found.inputs))] = kept
    return opened


def _latest(path: Path) -> str:
    """The snapshot that was named last: by an adoption, or, after a suspension, by a decision."""
    digest = ""
    for _, data in leaves(path):
        if b'"kind":"decision"' in data or b'"kind":"adopted"' in data:
            leaf = decode(data)
            if isinstance(leaf, DecisionLeaf | AdoptedLeaf):
                digest = leaf.snapshot
    if not digest:
        raise OperationFault("no_adoption", "the log has no adoption: nothing is known today")
    return digest


def _lines(account: Account, *, as_known_now: bool) -> Iterator[str]:
    under = "what is known today" if as_known_now else counted(account.snapshots, "snapshot")
    word = "decided again" if as_known_now or account.ok else "DIFFERENT"
    yield f"{word}: {counted(account.decisions, 'decision')}, under {under}"
    yield f"same       {account.same}"
    yield f"otherwise  {len(account.otherwise) + account.otherwise_left_out}"
    for why, count in account.unreplayed.items():
        yield f"not again  {count}: {WHY[why]}"
        if why == "snapshot_missing":
            for digest, several in account.snapshots_missing.items():
                yield f"           {several} under `{digest}`"
    for one in account.otherwise[:SHOWN_MAX]:
        yield f"{one.index:>8} {one.at} {one.request}"
        for difference in one.differences:
            recorded, again = (_brief(value) for value in (difference.recorded, difference.again))
            yield f"           {difference.member}: {recorded} -> {again}"
    more = len(account.otherwise) + account.otherwise_left_out - SHOWN_MAX
    if more > 0:
        yield f"and {more} more: --json has them"


WHY: dict[Unreplayed, str] = {
    "erased": "what they were decided from was erased, or is not here",
    "snapshot_missing": "the snapshot is missing or damaged",
    "opening_malformed": "the opening cannot be read",
}


def _brief(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 300 else text[:297] + "..."
