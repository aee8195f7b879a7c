"""A conversation that goes on by id, over real workers: whichever of them is asked, and after
every process of the gateway was killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from licet.sim import VendorSpec
from tests.system.house import SPECS, Gateway, eventually, house, kill, rows_of_workers

pytestmark = pytest.mark.system

ANSWERS = VendorSpec(id="answers", dialect="responses", models=("south",))
WORKLOADS = {
    f"workloads/{name}.toml": f"""
id = "{name}"
subject = "none"
keep_responses = {{ days = 30 }}
[audience]
us_person = true
[[candidate]]
model = "south"
endpoints = ["{endpoint}"]
"""
    for name, endpoint in (("talk", ANSWERS.id), ("talk-chat", SPECS[0].id))
}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with house(
        tmp_path, (*SPECS, ANSWERS), workloads=("talk", "talk-chat"), files=WORKLOADS
    ) as gateway:
        yield gateway


def talk(gateway: Gateway, said: str, previous: str | None, model: str = "talk") -> str:
    """The id of the answer. Each asks on a connection of its own, which any worker may accept."""
    url = f"http://127.0.0.1:{gateway.port}/v1"
    with openai.OpenAI(base_url=url, api_key=gateway.key, max_retries=0) as client:
        return client.responses.create(model=model, input=said, previous_response_id=previous).id


def test_it_goes_on_at_every_worker_and_after_kills_of_each_process(gateway: Gateway) -> None:
    last = talk(gateway, "[[person:ann]] hi", None)
    for number in range(12):
        last = talk(gateway, "and then?", last, ("talk", "talk-chat")[number % 2])
    assert [entry.person for entry in gateway.vendors.arrivals()] == ["ann"] * 13

    before = gateway.recorder_pid()
    kill(before)
    eventually(lambda: gateway.recorder_pid() != before)
    eventually(lambda: all(row["recorder_connected"] for row in rows_of_workers(gateway.control)))
    last = talk(gateway, "and then?", last)

    assert gateway.process is not None
    gateway.process.send_signal(signal.SIGKILL)
    gateway.process.communicate()
    gateway.up()
    talk(gateway, "and at last?", last)
    assert gateway.vendors.arrivals()[-1].person == "ann"
    assert gateway.end()[0] == 0
    report = gateway.verify()
    assert report.ok, report.findings
