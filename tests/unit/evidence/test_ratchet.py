from hypothesis import given
from hypothesis import strategies as st

from licet.evidence import Ratchet
from licet.terms import Instant


@given(st.lists(st.integers(-(2**60), 2**60)))
def test_decision_time_never_runs_backwards(readings: list[int]) -> None:
    ratchet = Ratchet()
    given_out = [ratchet.at(Instant(reading)) for reading in readings]
    assert given_out == sorted(given_out)


def test_a_new_process_begins_where_the_log_ends() -> None:
    ratchet = Ratchet(Instant(100))
    assert ratchet.at(Instant(40)) == 100
    assert ratchet.held_us == 60
    assert ratchet.at(Instant(101)) == 101
    assert ratchet.held_us == 0


def test_it_learns_from_what_others_recorded() -> None:
    ratchet = Ratchet(Instant(100))
    ratchet.learn(Instant(150))
    ratchet.learn(Instant(120))
    assert ratchet.at(Instant(140)) == 150
