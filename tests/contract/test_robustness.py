"""What fails around a request: the recorder, vendors, certificates, callers, and our own code."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme

from licet.gateway.delivery import Delivery
from licet.gateway.intake import Intake
from licet.sim import Cue
from licet.terms import Instant
from tests.contract.asking import PATHS, Heard, Streaming, ask, body_of
from tests.contract.evidence import told
from tests.rig import EVERY_VENDOR, LICET, VENDORS, Rig, bounded, endpoint

AT = Instant(1_781_300_000_000_000)
# Under way until the vendors are told to go on, whatever else the machine does.
HELD = "[[sim:stall_mid_text]]"
DIALECTS = tuple(PATHS)
FIRST = {"chat": "first", "messages": "third", "responses": "fifth"}
ONE_STEP = """
id = "{id}"
dialect = "{id}"
evidence = "{evidence}"
[[candidate]]
model = "alpha"
endpoints = ["{endpoint}"]
"""


def settings(**changed: int) -> dict[str, str]:
    return {"licet.toml": bounded(LICET, **changed)}


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(settings(), at=AT, vendors=EVERY_VENDOR) as rig:
        yield rig


def stream(rig: Rig, dialect: str = "chat", prompt: str = HELD) -> Streaming:
    found = Streaming(rig.port, rig.plain_key, dialect, prompt)
    found.until_text()
    return found


def cue(rig: Rig, fault: str, **fields: Any) -> None:
    rig.call(rig.vendors.simulation.script.add, [Cue(fault=fault, **fields)])


# The recorder


@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_the_recorder_nothing_is_served_and_soon_after_it_everything(
    rig: Rig, dialect: str
) -> None:
    broken_off = stream(rig, dialect)
    rig.stop_recorder()
    rig.wait(lambda: not rig.node.status().recorder_connected)
    # It is the end of an answer that has to be on record.
    rig.call(rig.vendors.simulation.resume)
    cut = broken_off.rest()
    assert cut.whole
    assert cut.error["code"] == "recorder_unavailable"
    arrived = len(rig.ledger())
    refused = ask(rig.port, rig.plain_key, dialect)
    assert (refused.status, refused.error["code"]) == (503, "recorder_unavailable")
    assert refused.headers["retry-after"] == "1"
    assert len(rig.ledger()) == arrived
    rig.start_recorder()
    rig.wait(lambda: rig.node.status().recorder_connected)
    served = ask(rig.port, rig.plain_key, dialect)
    assert served.status == 200
    request = told(rig)
    request[served.request].check()
    # What the recorder could not be told of, its next start says to be unknown.
    assert [o.outcome for o in request[cut.request].outcomes] == ["unknown"]


# Health of vendors


def test_a_breaker_opens_for_one_model_at_one_endpoint_and_heals() -> None:
    text = settings()["licet.toml"].replace("failures = 1000", "failures = 2\nopen_s = 3600")
    with Rig({"licet.toml": text}, at=AT, vendors=EVERY_VENDOR) as rig:
        cue(rig, "status_500", vendor="first", model="alpha", n=2)
        where = [ask(rig.port, rig.plain_key, "chat").headers["licet-endpoint"] for _ in range(4)]
        assert where == ["second"] * 4
        assert [entry.vendor for entry in rig.ledger()].count("first") == 2
        assert rig.call(rig.node.status).breakers_open == ("alpha@first",)
        other = ask(rig.port, rig.plain_key, "chat", model="beta")
        assert other.headers["licet-endpoint"] == "first"

        def let_time_pass() -> None:
            world = rig.node.desk.world
            for breaker in world.breakers._breakers.values():
                breaker.open_until_ms = min(breaker.open_until_ms, world.now_ms())

        rig.call(let_time_pass)
        assert rig.call(rig.node.status).breakers_open == ()
        assert ask(rig.port, rig.plain_key, "chat").headers["licet-endpoint"] == "first"


def test_where_every_breaker_is_open_a_permitted_person_is_tried_all_the_same() -> None:
    text = settings()["licet.toml"].replace("failures = 1000", "failures = 1\nopen_s = 3600")
    with Rig({"licet.toml": text}, at=AT, vendors=EVERY_VENDOR) as rig:
        cue(rig, "status_500", n=3)
        assert ask(rig.port, rig.plain_key, "chat").status == 502
        assert ask(rig.port, rig.plain_key, "chat").status == 200


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_last_candidate_is_tried_again_and_no_oftener_than_configured(dialect: str) -> None:
    alone = ONE_STEP.format(id=dialect, endpoint=FIRST[dialect], evidence="before_answer")
    files = settings() | {f"workloads/{dialect}.toml": alone}
    with Rig(files, at=AT, vendors=EVERY_VENDOR) as rig:
        cue(rig, "status_503", n=1)
        served = ask(rig.port, rig.plain_key, dialect, stream=True)
        assert served.status == 200
        cue(rig, "status_503", when="always")
        failed = ask(rig.port, rig.plain_key, dialect, stream=True)
        assert failed.status == 503
        requests = told(rig)
        assert [o.tries for o in requests[served.request].outcomes] == [2]
        assert [o.tries for o in requests[failed.request].outcomes] == [2]
        assert len(requests[failed.request].arrivals) == 2


@pytest.mark.parametrize("evidence", ["before_send", "before_answer"])
def test_a_stream_whose_record_came_during_a_pause_is_not_withheld(evidence: str) -> None:
    alone = ONE_STEP.format(id="chat", endpoint="first", evidence=evidence)
    files = settings(backoff_ms=100) | {"workloads/chat.toml": alone}
    with Rig(files, at=AT, vendors=EVERY_VENDOR) as rig:
        cue(rig, "stall_mid_text", when="always")
        cue(rig, "status_503", n=1)
        found = stream(rig, "chat", "hello")
        assert rig.call(rig.node.status).in_flight == 1
        assert [entry.status for entry in rig.ledger()] == [503, 200]
        rig.call(rig.vendors.simulation.resume)
        assert found.rest().said.closed


def test_the_whole_request_has_a_bound() -> None:
    with Rig(settings(), at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = stream(rig)

        def let_time_pass() -> None:
            (exchange,) = rig.node.desk.company.exchanges
            patience = exchange._patience
            assert patience.deadline <= patience._total_until < float("inf")
            patience._total_until = patience.deadline = rig.node.desk.now()

        rig.call(let_time_pass)
        heard = streaming.rest()
        assert heard.error["code"] == "vendor_timeout"
        assert heard.whole
        assert told(rig)[heard.request].outcomes[-1].fault == "total_timeout"


def test_a_vendor_that_is_down_is_gone_round_and_taken_back(rig: Rig) -> None:
    assert ask(rig.port, rig.plain_key, "chat").headers["licet-endpoint"] == "first"
    rig.call(rig.vendors.refuse, "first")
    for _ in range(3):
        assert ask(rig.port, rig.plain_key, "chat").headers["licet-endpoint"] == "second"
    rig.call_async(rig.vendors.admit("first"))
    assert ask(rig.port, rig.plain_key, "chat").headers["licet-endpoint"] == "first"


def test_where_every_vendor_is_down_the_caller_hears_it_at_once(rig: Rig) -> None:
    for vendor in ("first", "second"):
        rig.call(rig.vendors.refuse, vendor)
    heard = ask(rig.port, rig.plain_key, "chat")
    assert (heard.status, heard.error["code"]) == (502, "vendor_error")
    request = told(rig)[heard.request]
    assert request.arrivals == []
    assert {o.fault for o in request.outcomes} == {"connect"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_connections_that_vendors_close_unannounced_are_never_a_callers_error(
    rig: Rig, dialect: str
) -> None:
    for _ in range(20):
        heard = ask(rig.port, rig.plain_key, dialect, "[[sim:close_idle]]")
        assert heard.status == 200
        assert heard.headers["licet-endpoint"] == FIRST[dialect]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_connections_to_vendors_are_used_again(rig: Rig, dialect: str) -> None:
    for streamed in (False, True) * 5:
        assert ask(rig.port, rig.plain_key, dialect, stream=streamed).status == 200
    rig.idle()
    pools = rig.call(lambda: [p.size for p in rig.node.desk.world._pools.values()])
    assert pools == [1]


# TLS


@pytest.mark.parametrize("trusted", [True, False])
def test_vendors_are_believed_by_their_certificates(tmp_path: Path, trusted: bool) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    own, other = tmp_path / "own.pem", tmp_path / "other.pem"
    authority.cert_pem.write_to_path(str(own))
    stranger.cert_pem.write_to_path(str(other))
    with Secure(context, (own if trusted else other), own) as rig:
        heard = ask(rig.port, rig.plain_key, "chat", stream=True)
        assert heard.said.closed
        assert heard.headers["licet-endpoint"] == ("first" if trusted else "second")
        assert ask(rig.port, rig.plain_key, "chat").status == 200
        if not trusted:
            causes = {o.fault for o in told(rig)[heard.request].outcomes}
            assert "connect" in causes


class Secure(Rig):
    """Vendors that speak TLS; the first of them is looked at by `first`, others by `rest`."""

    def __init__(self, context: ssl.SSLContext, first: Path, rest: Path) -> None:
        super().__init__(settings(), at=AT, tls=context)
        self._authorities = {"first": first}
        self._rest = rest

    def files(self) -> dict[str, bytes]:
        found = super().files()
        found["catalog/endpoints.toml"] = "".join(
            endpoint(spec.id, spec.dialect, self.vendors.url(spec.id))
            + f'ca_file = "{self._authorities.get(spec.id, self._rest)}"\n'
            for spec in VENDORS
        ).encode()
        return found


# Callers


def request(rig: Rig, dialect: str, body: bytes, *lines: str) -> bytes:
    head = [f"POST {PATHS[dialect]} HTTP/1.1", "Host: localhost", f"x-api-key: {rig.plain_key}"]
    head += [*lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


HASTY = settings(client_idle_ms=300)
LARGE = tuple(msgspec.structs.replace(one, answer_bytes=12_000_000, chunks=2000) for one in VENDORS)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_reader_who_has_stopped_reading_is_cut(streamed: bool) -> None:
    limits = "[limits]\nanswer_bytes_max = 64000000\n"
    files, hasty = ({"licet.toml": one["licet.toml"] + limits} for one in (settings(), HASTY))
    with Rig(files, at=AT, vendors=LARGE) as rig, narrow(rig) as connection:
        body = body_of("chat", "[[sim:stall]]", stream=streamed, max_tokens=100_000_000)
        connection.sendall(request(rig, "chat", body))
        # The bound is on reading the answer, and not on how fast a test sends its request.
        rig.wait(lambda: len(rig.vendors.simulation.ledger.entries()) == 1)
        rig.adopt(hasty)
        rig.call(rig.vendors.simulation.resume)
        rig.wait(
            lambda: rig.node.desk.totals.requests == 1 and not rig.node.desk.company.connections
        )
        outcome = told(rig).popitem()[1].outcomes[0].outcome
        assert outcome == ("cancelled" if streamed else "answered")


def narrow(rig: Rig) -> socket.socket:
    """A connection whose own buffer is small, so that not reading is felt soon."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", rig.port))
    return connection


def test_answers_that_nobody_reads_are_not_made_without_end() -> None:
    asked = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Rig(settings(), at=AT, vendors=EVERY_VENDOR) as rig, narrow(rig) as connection:
        connection.sendall(asked)
        assert connection.recv(1)
        rig.adopt(HASTY)
        connection.settimeout(0.2)
        sent = 0
        while sent < 400:
            try:
                connection.sendall(asked * 2_000)
            except (TimeoutError, ConnectionError):
                # It is read no more, or has been cut already.
                break
            sent += 1
        assert sent < 400
        rig.wait(lambda: not rig.node.desk.company.connections)


# The end of a worker


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_in_flight_ends_before_the_worker_does(rig: Rig, dialect: str) -> None:
    going_on = stream(rig, dialect)
    cut: list[int] = []
    rig.call(rig.node.drain, 60.0, cut.append)
    assert rig.call(cut.copy) == []
    rig.call(rig.vendors.simulation.resume)
    assert going_on.rest().said.closed
    rig.wait(lambda: cut == [0])
    with pytest.raises(OSError):
        ask(rig.port, rig.plain_key, dialect)


def test_what_does_not_end_in_time_is_cut_and_counted(rig: Rig) -> None:
    going_on = stream(rig)
    cut: list[int] = []
    rig.call(rig.node.drain, 0.1, cut.append)
    rig.wait(lambda: cut == [1])
    assert not going_on.rest().whole


# Errors of ours


def test_an_error_of_ours_ends_one_exchange_and_no_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    going_on, broken = stream(rig, "chat"), stream(rig, "messages")
    pass_on = Delivery.pass_on

    def fail(self: Delivery, data: bytes) -> None:
        if self._reply.dialect == "messages":
            raise KeyError("an error of ours")
        pass_on(self, data)

    monkeypatch.setattr(Delivery, "pass_on", fail)
    rig.call(rig.vendors.simulation.resume)
    assert not broken.rest().whole
    assert going_on.rest().said.closed
    requests = told(rig)
    failed = requests[broken.headers["licet-request-id"]].outcomes
    assert [(o.outcome, o.fault) for o in failed] == [("failed", "internal")]
    monkeypatch.undo()
    assert ask(rig.port, rig.plain_key, "messages").status == 200
    assert "an error of ours" in capsys.readouterr().err


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_error_of_ours_is_an_error_that_the_caller_can_read(
    rig: Rig,
    dialect: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(self: Intake, data: bytes) -> None:
        raise KeyError("an error of ours")

    monkeypatch.setattr(Intake, "whole_body", fail)
    failed = ask(rig.port, rig.plain_key, dialect)
    assert (failed.status, failed.error["code"]) == (500, "internal_error")
    assert "an error of ours" not in failed.body.decode()
    assert "an error of ours" in capsys.readouterr().err
    monkeypatch.undo()
    assert ask(rig.port, rig.plain_key, dialect).status == 200
    assert rig.call(rig.node.status).in_flight == 0


# Many at once


def test_beyond_its_bound_a_worker_says_so_and_serves_the_next_when_there_is_room() -> None:
    text = settings()["licet.toml"] + "[limits]\nrequests_max = 1\n"
    with Rig({"licet.toml": text}, at=AT, vendors=EVERY_VENDOR) as rig:
        going_on = stream(rig)
        busy = ask(rig.port, rig.plain_key, "messages")
        assert (busy.status, busy.error["code"]) == (503, "too_many_requests")
        assert busy.headers["retry-after"] == "1"
        rig.call(rig.vendors.simulation.resume)
        assert going_on.rest().said.closed
        rig.idle()
        assert ask(rig.port, rig.plain_key, "messages").status == 200


def test_many_at_once_each_get_their_own(rig: Rig) -> None:
    def one(number: int) -> tuple[Heard, Heard]:
        dialect = DIALECTS[number % 2]
        prompt = json.dumps({"number": number})
        found = ask(rig.port, rig.plain_key, dialect, prompt, stream=number % 4 > 1)
        return found, ask(rig.port, rig.plain_key, dialect, prompt)

    with ThreadPoolExecutor(24) as pool:
        for first, second in pool.map(one, range(200)):
            assert first.said.text == second.said.text
    for request in told(rig).values():
        request.check()
        # A compressed answer would hide usage and refusals from the record.
        assert {arrival.accept_encoding for arrival in request.arrivals} == {"identity"}
