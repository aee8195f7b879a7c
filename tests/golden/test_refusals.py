"""What a caller sees of every refusal of a vendor: `refusals.txt`, by the real code.

Each form of refusal is played to callers of each dialect by vendors of each, whole and streamed:
without a rule, with one that routes it to another model, with one that names a model which the
caller may not use, and with one whose model fails. Written anew by `LICET_GOLDEN=write`.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from licet.sim import Cue
from tests.contract.asking import Heard, ask
from tests.contract.evidence import told
from tests.contract.test_on_refusal import DIALECTS, REFUSING, barred, files
from tests.golden.fault_scenes import AT, SETTINGS, describe
from tests.rig import EVERY_VENDOR, Rig

GOLDEN = Path(__file__).with_name("refusals.txt")
FORMS = (*REFUSING, "refusal:3")
SITUATIONS: dict[str, tuple[dict[str, str], str]] = {
    "without a rule": (files("", extra=""), ""),
    "routed to `beta`": (files(), ""),
    "routed to `beta`, which the caller may not use": (files() | barred("beta"), ""),
    "routed to `beta`, which fails": (files(), "status_500"),
}
"""The configuration, and what befalls the other model."""

Scene = tuple[str, str, str, bool]


def play(changed: dict[str, str], trouble: str) -> dict[Scene, tuple[Heard, list[str]]]:
    """All scenes on one gateway: form, caller, vendor, streamed; and which models were asked."""
    scenes = [
        (form, caller, vendor, stream)
        for form in FORMS
        for caller in DIALECTS
        for vendor in DIALECTS
        for stream in (False, True)
    ]
    heard: dict[Scene, Heard] = {}
    with Rig({"licet.toml": SETTINGS, **changed}, at=AT, vendors=EVERY_VENDOR) as rig:
        for form in FORMS:
            cues = [Cue(fault=form, model="alpha", when="always")]
            if trouble:
                cues.append(Cue(fault=trouble, model="beta", when="always"))
            rig.call(rig.vendors.simulation.script.clear)
            rig.call(rig.vendors.simulation.script.add, cues)
            own = [scene for scene in scenes if scene[0] == form]
            with ThreadPoolExecutor(18) as pool:
                jobs = [
                    pool.submit(ask, rig.port, rig.plain_key, caller, model=vendor, stream=stream)
                    for _, caller, vendor, stream in own
                ]
            heard |= {scene: job.result() for scene, job in zip(own, jobs, strict=True)}
        requests = told(rig)
        for request in requests.values():
            request.check()
    asked = {
        scene: [arrival.model or "" for arrival in requests[one.request].arrivals]
        for scene, one in heard.items()
    }
    return {scene: (one, asked[scene]) for scene, one in heard.items()}


def render() -> str:
    """By form and situation; scenes that look the same to the caller stand together."""
    played = {name: play(*situation) for name, situation in SITUATIONS.items()}
    lines: list[str] = []
    for form in FORMS:
        for situation, scenes in played.items():
            alike: dict[tuple[str, ...], list[str]] = {}
            for (own, caller, vendor, stream), (heard, asked) in scenes.items():
                if own == form:
                    by = "" if caller == vendor else f" by {vendor}"
                    seen = (f"asked {' '.join(asked)}", *shown(heard))
                    name = f"{caller}{by} {'stream' if stream else 'whole'}"
                    alike.setdefault(seen, []).append(name)
            lines += ["", f"{form}, {situation}"]
            for seen, names in alike.items():
                lines.append(f"  {', '.join(names)}")
                lines += [f"      {line}" for line in seen]
    return "\n".join(lines).strip() + "\n"


def shown(heard: Heard) -> list[str]:
    found = list(describe(heard))
    if "licet-refused-by" in heard.headers:
        by, kind = heard.headers["licet-refused-by"], heard.headers["licet-refusal"]
        found.insert(1, f"refused by {by}: {kind}")
    return found


def test_callers_see_what_the_page_says() -> None:
    text = render()
    if os.environ.get("LICET_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
