"""A system-call trace of a running gateway: on disk first, then sent; on disk first, then answered.

The requests are asked one at a time, whole and streamed, in both dialects and both modes. The disk
is made slow, so that whoever does not wait for it is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from tests.system.callers import Ask, call
from tests.system.house import WORKLOADS, house
from tests.system.tracing import (
    Asked,
    Call,
    faults_of,
    record_of,
    sent_first,
    sync_of,
    traced,
)

pytestmark = pytest.mark.system

SLOW_DISK = "-einject=fdatasync:delay_enter=20000"
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Traced:
    calls: Sequence[Call]
    asked: Sequence[Asked]
    vendor_ports: frozenset[int]

    def faults(self) -> list[tuple[Asked, list[str]]]:
        found = [(one, faults_of(self.calls, one, self.vendor_ports)) for one in self.asked]
        return [(one, faults) for one, faults in found if faults]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    folder = tmp_path_factory.mktemp("trace")
    asked: list[Asked] = []
    with house(folder, workers=1) as gateway:
        (worker,) = gateway.worker_pids()
        with traced([gateway.recorder_pid(), worker], folder, SLOW_DISK) as calls:
            for workload in WORKLOADS * REPEATS:
                for stream in (False, True):
                    heard = call(gateway, Ask(workload=workload, stream=stream))
                    assert heard.kind == "answered"
                    asked.append(
                        Asked(
                            request=heard.request,
                            mode="before_answer" if "late" in workload else "before_send",
                            stream=stream,
                            caller_port=heard.port,
                        )
                    )
            # A caller may have its last bytes before the tracer has written down that they were
            # sent: what one more request does is not looked at, and comes after all that is.
            call(gateway, Ask(workload=WORKLOADS[0], stream=False))
        ports = gateway.vendors.ports
        gateway.end()
    return Traced(calls, asked, ports)


def test_what_is_sent_and_answered_is_on_disk_before(trace: Traced) -> None:
    assert len(trace.asked) == len(WORKLOADS) * 2 * REPEATS
    assert trace.faults() == []


def test_before_answer_does_not_wait_for_the_disk_to_send(trace: Traced) -> None:
    first = {
        mode: {
            sent_first(trace.calls, one, trace.vendor_ports)
            for one in trace.asked
            if one.mode == mode
        }
        for mode in ("before_send", "before_answer")
    }
    assert first == {"before_send": {False}, "before_answer": {True}}


def test_the_opening_is_on_disk_before_the_record_that_commits_to_it(trace: Traced) -> None:
    for one in trace.asked:
        record = record_of(trace.calls, one.request, "decision")
        assert record is not None
        before = [call for call in trace.calls if call.ended_ns <= record.began_ns]
        side = [call for call in before if call.target.endswith(".side")]
        assert [call.name for call in side[-2:]] == ["pwrite64", "fdatasync"]


Doctor = Callable[[Traced, Asked], Sequence[Call]]


def _unsynced(trace: Traced, one: Asked, kind: str) -> Sequence[Call]:
    """As if the log's file had not been synced after this record, nor ever since."""
    record = record_of(trace.calls, one.request, kind)
    assert record is not None
    return [
        call
        for call in trace.calls
        if not (call.name == "fdatasync" and call.target == record.target)
        or call.began_ns < record.ended_ns
    ]


def _hasty(trace: Traced, one: Asked, kind: str, suffixes: Sequence[str]) -> Sequence[Call]:
    """As if what was written to these connections had not waited for the sync of this record."""
    record = record_of(trace.calls, one.request, kind)
    assert record is not None
    sync = sync_of(trace.calls, record)
    assert sync is not None
    earlier = sync.began_ns + 1
    return sorted(
        (
            replace(call, began_ns=earlier, ended_ns=earlier)
            if call.began_ns > earlier and call.target.endswith(tuple(suffixes))
            else call
            for call in trace.calls
        ),
        key=lambda call: call.began_ns,
    )


def _ports(*ports: int) -> list[str]:
    return [f":{port}]" for port in ports]


DOCTORED: dict[str, tuple[str, bool, Doctor, str]] = {
    "the prompt is sent while the decision is being synced": (
        "before_send",
        False,
        lambda trace, one: _hasty(trace, one, "decision", _ports(*trace.vendor_ports)),
        "sent_before_sync",
    ),
    "the answer is given while the decision is being synced": (
        "before_answer",
        False,
        lambda trace, one: _hasty(trace, one, "decision", _ports(one.caller_port)),
        "answered_before_sync",
    ),
    "content flows while the decision is being synced": (
        "before_answer",
        True,
        lambda trace, one: _hasty(trace, one, "decision", _ports(one.caller_port)),
        "answered_before_sync",
    ),
    "a whole answer is given while its outcome is being synced": (
        "before_send",
        False,
        lambda trace, one: _hasty(trace, one, "outcome", _ports(one.caller_port)),
        "ended_before_sync",
    ),
    "a stream's last frame leaves while its outcome is being synced": (
        "before_send",
        True,
        lambda trace, one: _hasty(trace, one, "outcome", _ports(one.caller_port)),
        "last_frame_before_sync",
    ),
    "the decision is written and not synced": (
        "before_send",
        False,
        lambda trace, one: _unsynced(trace, one, "decision"),
        "never_synced",
    ),
    "the outcome is written and not synced": (
        "before_answer",
        True,
        lambda trace, one: _unsynced(trace, one, "outcome"),
        "never_synced",
    ),
    "nothing of it is in the trace": (
        "before_send",
        False,
        lambda trace, one: [call for call in trace.calls if one.request.encode() not in call.data],
        "nothing_seen",
    ),
}


@pytest.mark.parametrize("what", DOCTORED)
def test_a_doctored_trace_is_noticed(trace: Traced, what: str) -> None:
    mode, stream, doctor, fault = DOCTORED[what]
    one = next(one for one in trace.asked if (one.mode, one.stream) == (mode, stream))
    assert fault in faults_of(doctor(trace, one), one, trace.vendor_ports)
