"""Commands reach a running gateway over its socket, and faults come back as faults."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from licet.gateway.control_client import ask
from licet.gateway.control_socket import ControlSocket
from licet.gateway.listening import bind_unix
from licet.terms import OperationFault


class Served:
    """A control socket on a loop of its own thread, as long as a test lasts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reported: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(1)
        self._control = ControlSocket(
            bind_unix(path),
            {"echo": self._echo, "refuse": self._refuse, "break": self._break},
            self.reported.append,
        )
        self._loop.run_until_complete(self._control.start())
        self._thread = self._pool.submit(self._loop.run_forever)

    async def _echo(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return dict(request)

    async def _refuse(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        raise OperationFault("not_now", "not now", remedy="ask later")

    async def _break(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        raise KeyError("lineage")

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.result()
        self._loop.run_until_complete(self._control.close())
        self._loop.close()
        self._pool.shutdown()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "control.sock")
    yield served
    served.close()


def test_a_command_is_answered_with_its_result(served: Served) -> None:
    assert ask(served.path, "echo", model="gpt-5.6", seconds=5) == {
        "model": "gpt-5.6",
        "seconds": 5,
    }


def test_a_fault_arrives_with_its_code_and_remedy(served: Served) -> None:
    with pytest.raises(OperationFault) as caught:
        ask(served.path, "refuse")
    fault = caught.value
    assert (fault.code, fault.message, fault.remedy) == ("not_now", "not now", "ask later")


def test_an_unknown_command_is_told_which_ones_there_are(served: Served) -> None:
    with pytest.raises(OperationFault, match="no command `dance`") as caught:
        ask(served.path, "dance")
    assert caught.value.remedy == "there are `break`, `echo`, `refuse`"


def test_a_command_that_breaks_ends_neither_the_gateway_nor_the_next_command(
    served: Served,
) -> None:
    with pytest.raises(OperationFault, match="internal: KeyError"):
        ask(served.path, "break")
    assert served.reported == ["a command failed: KeyError: 'lineage'"]
    assert ask(served.path, "echo", again=True) == {"again": True}


@pytest.mark.parametrize("line", [b"no json\n", b"[]\n", b'{"do": []}\n'])
def test_what_is_no_request_is_answered_with_a_fault(served: Served, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(served.path))
        sock.sendall(line)
        assert b'"ok":false' in sock.makefile("rb").readline()


def test_whoever_is_still_connected_at_the_end_is_let_go(tmp_path: Path) -> None:
    served = Served(tmp_path / "control.sock")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(served.path))
        sock.sendall(b'{"do": "echo"}\n')
        lines = sock.makefile("rb")
        assert lines.readline() == b'{"ok":true}\n'
        served.close()
        assert lines.readline() == b""
        lines.close()


def test_only_its_user_may_open_it(served: Served) -> None:
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600


def test_a_socket_left_by_a_dead_gateway_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    bind_unix(path).close()
    sock = bind_unix(path)
    assert sock.getsockname() == str(path)
    sock.close()


def test_a_path_too_long_for_a_socket_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(OperationFault, match="longer than 107 bytes") as caught:
        bind_unix(tmp_path / ("x" * 120))
    assert "licet.toml" in (caught.value.remedy or "")


def test_without_a_gateway_the_remedy_is_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(OperationFault, match="no gateway answers") as caught:
        ask(tmp_path / "control.sock", "status")
    assert "licet up" in (caught.value.remedy or "")
