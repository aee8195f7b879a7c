"""One connection to a vendor without the connection: bytes and instants in, actions out."""

from __future__ import annotations

import httptools

from licet.sim.control import CONTROL, control
from licet.sim.ledger import End, Outcome
from licet.sim.performance import Action, Close, Finish, Send, perform
from licet.sim.questions import Arrival
from licet.sim.replies import NO_FAULT
from licet.sim.vendor import Vendor
from licet.terms import Instant

BODY_BYTES_MAX = 64 * 1024 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Conversation:
    """Reads requests (pipelined ones too), and keeps the ledger about how each ended."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._parser = httptools.HttpRequestParser(self)
        self._actions: list[Action] = []
        self._at = Instant(0)
        self._chunks: dict[int, int] = {}
        self._broken = False
        self._reading = False
        self.on_message_begin()

    def receive(self, data: bytes, at: Instant) -> tuple[Action, ...]:
        """The actions that `data`, arriving at `at`, gives rise to; to follow earlier ones."""
        if self._broken:
            return ()
        self._at = at
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse()
        actions, self._actions = tuple(self._actions), []
        return actions

    def performed(self, action: Action, at: Instant) -> None:
        """Is told each action once it has been carried out."""
        number = action.number
        if number is None:
            return
        if isinstance(action, Send):
            self._chunks[number] += action.chunk
        elif isinstance(action, Finish):
            self._end(number, at, "completed")
        elif isinstance(action, Close):
            self._end(number, at, "cut")

    def lost(self, at: Instant) -> None:
        """The peer went away: what was not complete is cancelled, what had begun is noted."""
        if self._reading:
            number = self._vendor.note_partial(self._arrival(), at)
            self._chunks[number] = 0
        for number in tuple(self._chunks):
            self._end(number, at, "cancelled")
        self._reading = False
        self._broken = True

    def on_message_begin(self) -> None:
        """httptools: a request line begins."""
        self._reading = False
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """httptools: a part of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: one header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """httptools: the head is there; a peer that waits for a go-ahead gets it."""
        self._reading = self._url.startswith(b"/v1/") and self._parser.get_method() == b"POST"
        if self._headers.get("expect", "").lower() == "100-continue":
            self._actions.append(Send(number=None, delay_us=0, data=_CONTINUE))

    def on_body(self, body: bytes) -> None:
        """httptools: a part of the body."""
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES_MAX:
            raise ValueError(f"a body of more than {BODY_BYTES_MAX} bytes")
        self._body.append(body)

    def on_message_complete(self) -> None:
        """httptools: the request is whole."""
        self._reading = False
        keep_alive = self._parser.should_keep_alive()
        arrival = self._arrival()
        if arrival.path.startswith(CONTROL):
            reply = control(self._vendor.simulation, arrival, self._at)
            actions = perform(reply, NO_FAULT, number=None, keep_alive=keep_alive)
        else:
            actions = self._vendor.respond(arrival, self._at, keep_alive=keep_alive)
        for action in actions:
            if action.number is not None:
                self._chunks.setdefault(action.number, 0)
        self._actions.extend(actions)

    def _arrival(self) -> Arrival:
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("latin-1")
        return Arrival(
            method=method,
            path=path,
            query=query,
            headers=self._headers,
            body=b"".join(self._body),
        )

    def _refuse(self) -> None:
        self._broken = True
        self._reading = False
        self._actions.append(Send(number=None, delay_us=0, data=_BAD_REQUEST))
        self._actions.append(Close(number=None, delay_us=0, reset=False))

    def _end(self, number: int, at: Instant, outcome: Outcome) -> None:
        chunks = self._chunks.pop(number, None)
        if chunks is not None:
            self._vendor.simulation.ledger.end(
                End(number=number, at=at, outcome=outcome, chunks=chunks)
            )
