"""HTTP/1.1 as callers speak it: connections that stay, requests that overlap, bodies in pieces."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Self

import pytest

from licet.terms import Instant
from tests.contract.asking import PATHS, Heard, ask, body_of, heard, send
from tests.rig import EVERY_VENDOR, LICET, Rig

AT = Instant(1_781_300_000_000_000)
DIALECTS = tuple(PATHS)
FIRST = {"chat": "first", "messages": "third", "responses": "fifth"}
OWN = {"chat": "x-request-id", "messages": "request-id", "responses": "x-request-id"}


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    files = {"licet.toml": LICET + "[limits]\nbody_bytes_max = 200000\n"}
    with Rig(files, at=AT, vendors=EVERY_VENDOR) as rig:
        yield rig


class Connection:
    """Bytes go out as they are; answers are read one after the other."""

    def __init__(self, rig: Rig) -> None:
        self._socket = socket.create_connection(("127.0.0.1", rig.port), timeout=10)
        self._file = self._socket.makefile("rb")
        self.key = rig.plain_key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, *data: bytes) -> None:
        for piece in data:
            self._socket.sendall(piece)

    def request(
        self,
        dialect: str,
        body: bytes,
        *lines: str,
        version: str = "HTTP/1.1",
        length: bool = True,
        path: str = "",
        method: str = "POST",
    ) -> bytes:
        head = [f"{method} {path or PATHS[dialect]} {version}", "Host: localhost"]
        head += [f"x-api-key: {self.key}", *lines]
        head += [f"Content-Length: {len(body)}"] if length else []
        return "\r\n".join([*head, "", ""]).encode() + body

    def hear(self, dialect: str = "chat", method: str = "POST") -> Heard:
        """The next answer; what follows it is left where it is."""
        return heard(_Next(self._file, method), PATHS[dialect])

    def line(self) -> bytes:
        return self._file.readline()

    def ended(self) -> bool:
        """Whether the other side has closed, with nothing more to say."""
        return self._file.read(1) == b""


class _Next(http.client.HTTPResponse):
    """An answer read from a file that others are read from, too."""

    def __init__(self, file: object, method: str) -> None:
        super().__init__(_Lent(file), method=method)  # type: ignore[arg-type]
        self.begin()

    def _close_conn(self) -> None:
        self.fp = None  # type: ignore[assignment]


class _Lent:
    def __init__(self, file: object) -> None:
        self._file = file

    def makefile(self, mode: str) -> object:
        return self._file


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_connection_serves_one_request_after_the_other(rig: Rig, dialect: str) -> None:
    with Connection(rig) as connection:
        for number in range(6):
            body = body_of(dialect, f"number {number}", stream=bool(number % 2))
            connection.send(connection.request(dialect, body))
            answer = connection.hear(dialect)
            assert answer.status == 200
            assert answer.said.closed
            assert "connection" not in answer.headers


@pytest.mark.parametrize("dialect", DIALECTS)
def test_requests_that_are_sent_ahead_are_answered_in_order(rig: Rig, dialect: str) -> None:
    with Connection(rig) as connection:
        prompts = [f"number {number}" for number in range(12)]
        alone = [ask(rig.port, rig.plain_key, dialect, prompt) for prompt in prompts]
        together = b"".join(
            connection.request(dialect, body_of(dialect, prompt, stream=number % 3 == 0))
            for number, prompt in enumerate(prompts)
        )
        connection.send(together)
        answers = [connection.hear(dialect) for _ in prompts]
        assert [a.said.text for a in answers] == [a.said.text for a in alone]


def test_very_many_requests_sent_ahead_are_no_recursion(rig: Rig) -> None:
    with Connection(rig) as connection:
        first = connection.request("chat", body_of("chat", "[[sim:slow_headers:50]]"))
        connection.send(first + b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" * 5_000)
        assert connection.hear().status == 200
        assert {connection.hear().body for _ in range(5_000)} == {b"ok\n"}


def test_what_is_wrong_behind_a_good_request_is_answered_after_it(rig: Rig) -> None:
    with Connection(rig) as connection:
        good = connection.request("chat", body_of("chat", "good"))
        connection.send(good + b"\x00garbage\r\n\r\n")
        assert connection.hear().status == 200
        assert connection.hear().error["code"] == "invalid_http"
        assert connection.ended()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("streamed", [False, True])
def test_who_asks_to_close_is_closed_after_the_answer(
    rig: Rig, dialect: str, streamed: bool
) -> None:
    with Connection(rig) as connection:
        body = body_of(dialect, "hello", stream=streamed)
        connection.send(connection.request(dialect, body, "Connection: close"))
        answer = connection.hear(dialect)
        assert answer.said.closed
        assert answer.headers["connection"] == "close"
        assert connection.ended()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("streamed", [False, True])
def test_the_version_before_is_answered_without_chunks(
    rig: Rig, dialect: str, streamed: bool
) -> None:
    with Connection(rig) as connection:
        body = body_of(dialect, "hello", stream=streamed)
        connection.send(connection.request(dialect, body, version="HTTP/1.0"))
        answer = connection.hear(dialect)
        assert answer.said.closed
        assert "transfer-encoding" not in answer.headers
        assert connection.ended()


def test_a_body_is_asked_for_where_the_caller_waits_to_be_asked(rig: Rig) -> None:
    with Connection(rig) as connection:
        body = body_of("chat", "hello")
        head = connection.request("chat", body, "Expect: 100-continue")[: -len(body)]
        connection.send(head)
        assert connection.line() == b"HTTP/1.1 100 Continue\r\n"
        assert connection.line() == b"\r\n"
        connection.send(body)
        assert connection.hear().said.closed


def test_a_body_is_not_asked_for_amid_another_answer(rig: Rig) -> None:
    with Connection(rig) as connection:
        body = body_of("chat", "hello")
        slow = body_of("chat", "[[sim:slow_drip:30]]", stream=True)
        head = connection.request("chat", body, "Expect: 100-continue")[: -len(body)]
        connection.send(connection.request("chat", slow), head)
        assert connection.hear().said.closed
        assert connection.line() == b"HTTP/1.1 100 Continue\r\n"
        assert connection.line() == b"\r\n"
        connection.send(body)
        assert connection.hear().said.closed


def test_a_body_that_will_not_be_read_is_not_asked_for(rig: Rig) -> None:
    with Connection(rig) as connection:
        head = connection.request(
            "chat", b"", "Expect: 100-continue", "Content-Length: 500000", length=False
        )
        connection.send(head)
        assert connection.hear().status == 413
        assert connection.ended()


def test_who_goes_on_sending_a_refused_body_still_hears_the_answer(rig: Rig) -> None:
    with Connection(rig) as connection:
        head = connection.request("chat", b"", "Content-Length: 5000000", length=False)
        connection.send(head, *([b" " * 50_000] * 100))
        assert connection.hear().status == 413
        assert connection.ended()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_body_may_come_in_chunks_and_bytes_in_pieces(rig: Rig, dialect: str, size: int) -> None:
    with Connection(rig) as connection:
        body = body_of(dialect, "hello")
        chunks = b"".join(
            b"%x\r\n%s\r\n" % (len(body[at : at + size]), body[at : at + size])
            for at in range(0, len(body), size)
        )
        head = connection.request(dialect, b"", "Transfer-Encoding: chunked", length=False)
        whole = head + chunks + b"0\r\nx-api-key: another\r\n\r\n"
        connection.send(*(whole[at : at + 50] for at in range(0, len(whole), 50)))
        assert connection.hear(dialect).said.closed


def test_an_offer_to_change_the_protocol_is_ignored(rig: Rig) -> None:
    with Connection(rig) as connection:
        offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
        connection.send(connection.request("chat", body_of("chat", "hello"), *offer))
        for _ in range(2):
            answer = connection.hear()
            assert (answer.status, answer.said.closed) == (200, True)
            connection.send(connection.request("chat", body_of("chat", "hello")))


@pytest.mark.parametrize("path", ["/livez", "/v1/models", "/v1/chat/completions", "/nothing"])
def test_head_is_get_without_a_body(rig: Rig, path: str) -> None:
    with Connection(rig) as connection:
        for _ in range(2):
            head = connection.request("chat", b"", path=path, method="HEAD", length=False)
            connection.send(head)
            answer = connection.hear(method="HEAD")
            assert answer.body == b""
            assert int(answer.headers["content-length"]) > 0
            got = send(rig.port, "GET", path, None, {"x-api-key": rig.plain_key})
            assert got.status == answer.status


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_repeated_header_of_the_dialect_is_passed_on_whole(rig: Rig, dialect: str) -> None:
    with Connection(rig) as connection:
        lines = ("anthropic-beta: one", "anthropic-beta: two")
        connection.send(connection.request(dialect, body_of(dialect, "hello"), *lines))
        assert connection.hear(dialect).status == 200
        heads = rig.call(lambda: list(rig.node.desk.world.ways._heads))
        passed = {headers for endpoint, _, headers in heads if endpoint == FIRST[dialect]}
        assert (((b"anthropic-beta", b"one, two"),) in passed) == (dialect == "messages")


def test_the_allowed_method_is_named(rig: Rig) -> None:
    for method, path, allowed in (
        ("GET", PATHS["chat"], "POST"),
        ("PUT", PATHS["messages"], "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("DELETE", "/v1/models/alpha", "GET, HEAD"),
    ):
        answer = send(rig.port, method, path, None, {"x-api-key": rig.plain_key})
        assert (answer.status, answer.headers["allow"]) == (405, allowed)


def test_pages_are_for_everybody_and_say_nothing_of_anybody(rig: Rig) -> None:
    ready = send(rig.port, "GET", "/readyz")
    assert (ready.status, ready.json) == (200, {"ready": True, "problems": []})
    metrics = send(rig.port, "GET", "/metrics").body.decode()
    assert 'licet_requests_total{worker="0",outcome="answered"}' in metrics
    assert rig.plain_key not in metrics


@pytest.mark.parametrize("dialect", DIALECTS)
def test_answers_carry_who_answered_and_where_it_is_recorded(rig: Rig, dialect: str) -> None:
    with Connection(rig) as connection:
        connection.send(connection.request(dialect, body_of(dialect, "hello")))
        answer = connection.hear(dialect)
        headers = answer.headers
        assert headers["licet-model"] == "alpha"
        assert headers["licet-endpoint"] == FIRST[dialect]
        assert headers["licet-decision"] == "permitted"
        log, _, index = headers["licet-evidence"].rpartition("/")
        assert log == "operator.example/node-1"
        rig.idle()
        leaf = rig.records()[int(index)]
        assert getattr(leaf, "request", None) == headers["licet-request-id"]
        # The vendor's own id keeps its name: that is where the clients look for it.
        assert headers[OWN[dialect]].startswith("req_")
        assert json.loads(answer.body)["model"] == "alpha"
