"""LangChain's standard suite of chat models, for its clients of each dialect, on a running gateway.

All that it can ask is switched on, and answered by an obliging vendor of the same dialect or of
another. What does not pass is listed here with its reason, and nothing else may fail or be skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.system.foreign import (
    DIALECTS,
    PROGRAMS,
    answered_by,
    environment,
    gateway_of_clients,
    run,
)
from tests.system.house import Gateway

pytestmark = pytest.mark.system

CLASSES = {"chat": "TestChat", "messages": "TestMessages", "responses": "TestResponses"}
ASKED_MIN = 45

CLAUDE_ALONE = {"test_anthropic_inputs": "Model does not explicitly support Anthropic inputs."}
UNASKED = {
    "chat": CLAUDE_ALONE,
    "messages": {
        "test_json_mode": "Test requires json mode support.",
        "test_audio_inputs": "Model does not support audio inputs.",
    },
    "responses": CLAUDE_ALONE,
}
"""What the client of a dialect has no words for, so that the suite does not ask it."""
UNTIMED = {"test_stream_time": "VCR not set up."}
"""It is measured on a recording of a vendor, and looks at nothing that an answer says."""

REFUSED = {
    ("chat", "messages"): {
        "test_json_mode": "`response_format.json_object`",
        "test_audio_inputs": "`messages.content.input_audio`",
    },
    ("chat", "responses"): {
        "test_stop_sequence": "`stop`",
        "test_audio_inputs": "`messages.content.input_audio`",
    },
    ("messages", "responses"): {"test_stop_sequence": "`stop_sequences`"},
    ("responses", "messages"): {"test_json_mode": "`text.format.json_object`"},
}
"""What the vendor's dialect has no words for: the gateway says so, instead of leaving it out."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway_of_clients(tmp_path_factory.mktemp("standard")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def python() -> Path:
    return environment("clients") / "bin" / "python"


class Judged:
    """What became of each test, by its name: it passed, or the reason why not."""

    def __init__(self, report: Path) -> None:
        self.passed: list[str] = []
        self.skipped: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        for case in ET.parse(report).iter("testcase"):
            name = case.attrib["name"]
            skipped, failed = case.find("skipped"), case.find("failure")
            if case.find("error") is not None:
                self.failed[name] = "an error outside of the test itself"
            elif failed is not None:
                self.failed[name] = failed.attrib["message"]
            elif skipped is not None:
                self.skipped[name] = skipped.attrib["message"]
            else:
                self.passed.append(name)


def judge(python: Path, gateway: Gateway, dialect: str, vendor: str, folder: Path) -> Judged:
    report = folder / "report.xml"
    done = run(
        *(python, "-m", "pytest", PROGRAMS / "standard_langchain.py", "-k", CLASSES[dialect]),
        # None of this repository's settings; nothing recorded or replayed; one loop for all,
        # because the clients keep connections from one test to the next, which belong to theirs.
        *("-c", os.devnull, "--rootdir", folder, "--noconftest", "--disable-recording"),
        *("-p", "no:cacheprovider", "-o", "asyncio_mode=auto"),
        *("-o", "asyncio_default_test_loop_scope=session"),
        *("-o", "asyncio_default_fixture_loop_scope=session"),
        f"--junitxml={report}",
        GATEWAY_URL=f"http://127.0.0.1:{gateway.port}",
        GATEWAY_KEY=gateway.key,
        GATEWAY_MODEL=answered_by(vendor),
        GATEWAY_OTHER=vendor,
    )
    assert report.exists(), done.stdout + done.stderr
    return Judged(report)


@pytest.mark.parametrize("vendor", DIALECTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_that_can_be_said_is_answered(
    gateway: Gateway, python: Path, dialect: str, vendor: str, tmp_path: Path
) -> None:
    judged = judge(python, gateway, dialect, vendor, tmp_path)

    refused = REFUSED.get((dialect, vendor), {})
    assert judged.failed.keys() == refused.keys(), judged.failed
    for name, parameter in refused.items():
        said = " ".join(judged.failed[name].split())
        assert "400" in said, said
        assert f"{parameter} cannot be said in the dialect of the endpoints" in said, said
    assert judged.skipped == UNASKED[dialect] | UNTIMED
    assert len(judged.passed) >= ASKED_MIN
