"""Models that a vendor might answer with by itself: none that nobody has decided on."""

from __future__ import annotations

from typing import Any

import pytest

from licet.terms import Instant
from tests.contract.asking import ask
from tests.contract.evidence import told
from tests.rig import EVERY_VENDOR, WORKLOAD, Rig

AT = Instant(1_781_300_000_000_000)
FIELDS: dict[str, Any] = {
    "models": ["beta"],
    "fallbacks": [{"model": "beta"}],
}
DIALECTS = ("chat", "messages", "responses")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_vendor_is_told_of_other_models(dialect: str, name: str, stream: bool) -> None:
    with Rig(at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, stream=stream, **{name: FIELDS[name]})
        assert (heard.status, heard.headers["licet-dropped"]) == (200, name)
        (entry,) = rig.ledger()
        assert name not in entry.fields
        assert "model" in entry.fields
        (decision,) = told(rig)[heard.request].decisions
        assert decision.sending is not None
        assert decision.sending.dropped == (name,)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_workload_without_losses_refuses_it_before_anything_is_sent(
    dialect: str, name: str
) -> None:
    text = WORKLOAD.format(id=dialect, dialect=dialect, substitute="false", extra="lossless = true")
    with Rig({f"workloads/{dialect}.toml": text}, at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, **{name: FIELDS[name]})
        assert (heard.status, heard.error["code"]) == (400, "untranslatable")
        assert "other models" in heard.error["message"]
        assert rig.ledger() == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_says_nothing_is_no_loss(dialect: str) -> None:
    with Rig(at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, fallbacks=None, models=None)
        assert heard.status == 200
        assert "licet-dropped" not in heard.headers
