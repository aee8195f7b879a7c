"""A judge of wire formats that we did not write, on a running gateway.

It asks in each dialect, and holds the answers against the schemas that the makers publish: those
that a vendor of the same dialect gives, and those that are translated.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.system.foreign import DIALECTS, answered_by, environment, gateway_of_clients, run
from tests.system.house import Gateway

pytestmark = pytest.mark.system

FORMS = {"chat": "openai-chat", "messages": "anthropic", "responses": "open-responses"}
CASES = {"chat": 9, "messages": 9, "responses": 13}

ID = "missing 'chatcmpl-' prefix"
THINKING = "no thinking content block found"
COUNTED = "reasoning_tokens is 0"
COMPACT = ("response.output is missing", "expected object containing 'compact'", "'compaction'")
WARNED: dict[tuple[str, str], tuple[str, ...]] = {
    ("chat", "messages"): (ID, COUNTED),
    ("chat", "responses"): (ID,),
    ("messages", "chat"): (THINKING,),
    ("messages", "responses"): (THINKING,),
    ("responses", "chat"): COMPACT,
    ("responses", "messages"): COMPACT,
    ("responses", "responses"): COMPACT,
}
"""What it warns of, by the dialects of caller and vendor; docs/internals/wire.md says why."""


class Case(msgspec.Struct):
    """One case of the judge's report."""

    id: str
    status: str
    errors: list[str] = []
    warnings: list[str] = []


class Judgement(msgspec.Struct):
    """The judge's report."""

    results: list[Case]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway_of_clients(tmp_path_factory.mktemp("comply")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def clients() -> Path:
    return environment("clients")


def judged(clients: Path, gateway: Gateway, dialect: str, vendor: str) -> list[Case]:
    done = run(
        clients / "bin" / "llm-comply",
        *("--base-url", f"http://127.0.0.1:{gateway.port}/v1"),
        *("--api-key", gateway.key),
        *("--model", answered_by(vendor)),
        *("--format", FORMS[dialect]),
        "--json",
    )
    assert done.stdout, done.stderr
    return msgspec.json.decode(done.stdout, type=Judgement).results


@pytest.mark.parametrize("vendor", DIALECTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_case_passes(gateway: Gateway, clients: Path, dialect: str, vendor: str) -> None:
    cases = judged(clients, gateway, dialect, vendor)

    assert {case.id: case.errors for case in cases if case.status != "passed"} == {}
    assert len(cases) >= CASES[dialect]
    known = WARNED.get((dialect, vendor), ())
    warned = [text for case in cases for text in case.warnings]
    assert [text for text in warned if not any(part in text for part in known)] == []


def test_what_cannot_be_asked_reaches_no_vendor(gateway: Gateway, clients: Path) -> None:
    before = len(gateway.vendors.arrivals())

    done = run(
        clients / "bin" / "llm-comply",
        *("--base-url", f"http://127.0.0.1:{gateway.port}/v1"),
        *("--api-key", gateway.key),
        *("--model", answered_by("chat")),
        *("--format", "anthropic", "--filter", "anth-error-handling", "--json"),
    )

    case = msgspec.json.decode(done.stdout, type=Judgement).results[0]
    assert (case.status, case.warnings) == ("passed", [])
    assert len(gateway.vendors.arrivals()) == before
