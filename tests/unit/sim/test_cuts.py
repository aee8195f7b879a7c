"""A request means the same however TCP cuts it."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from licet.sim import FAULTS, Conversation, Entry, Simulation, Vendor, VendorSpec
from licet.terms import Instant
from tests.unit.sim.world import PATH, prompt, request

SPEC = VendorSpec(id="openai", dialect="chat", models=("gpt-5.6",))
FAULT = st.sampled_from([name for name in FAULTS if name != "status"])


def told(pieces: list[bytes]) -> tuple[bytes, tuple[Entry, ...]]:
    """All that is to be sent, and the arrivals, for bytes that come in these pieces."""
    simulation = Simulation()
    conversation = Conversation(Vendor(SPEC, simulation))
    actions = [action for piece in pieces for action in conversation.receive(piece, Instant(7))]
    return msgspec.json.encode(actions), simulation.ledger.entries()


@given(
    faults=st.lists(FAULT, min_size=1, max_size=4),
    stream=st.booleans(),
    cuts=st.lists(st.integers(min_value=0, max_value=2_000), max_size=12),
)
def test_cut_anywhere_the_answers_and_the_ledger_are_the_same(
    faults: list[str], stream: bool, cuts: list[int]
) -> None:
    whole = b"".join(
        request(PATH["chat"], prompt("chat", f"[[sim:{fault}]] ü", stream=stream))
        for fault in faults
    )
    edges = sorted({0, len(whole), *(cut % len(whole) for cut in cuts)})
    pieces = [whole[start:end] for start, end in pairwise(edges)]
    assert told(pieces) == told([whole])
    assert len(told([whole])[1]) == len(faults)
