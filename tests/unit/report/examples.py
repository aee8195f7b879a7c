"""A report of a period in which everything happened, and what an attacker would put into a log."""

from __future__ import annotations

from licet.account import Figures, figures
from licet.evidence import OverriddenLeaf, encode
from licet.report import Replay, Report, Verification
from tests.unit.account.stories import sources, stories
from tests.unit.evidence.examples import AT, LOG

ATTACK = "</style></svg><script>document.title='run'</script><img src=x onerror=\"alert(1)\">'`&"


def eventful() -> Figures:
    overridden = OverriddenLeaf(at="2026-06-12T12:30:00.000000Z", log=LOG, what="a", why="b")
    data = [encode(leaf) for leaf in (*stories(4, 400), overridden)]
    return figures(enumerate(data), sources)


def report(found: Figures, *, ok: bool = True, replay: bool = True) -> Report:
    verification = Verification(
        ok=ok,
        log=LOG,
        leaves=10_324,
        signed=10_324,
        root="ab" * 32,
        key=f"{LOG}+e2a10478+Af1eW",
        key_id="e2a10478",
        brought=False,
        checked=(("records", 10_324),),
        findings=() if ok else (("damage", "root_differs: the leaves are not those"),),
    )
    again = Replay(ok=ok, decisions=9, same=8, otherwise=0 if ok else 1, unreplayed={"erased": 1})
    return Report(
        made_at=AT,
        operator="Example Operations",
        figures=found,
        verification=verification,
        replay=again if replay else None,
    )
