"""A verdict that is filed when its turn ends says what held when it was decided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from licet.evidence import DecisionLeaf, KeyedDigest, OutcomeLeaf, decode
from licet.gateway.filing import Filing
from licet.terms import Instant
from tests.unit.gateway.test_endings import AT, BODY, Book


@pytest.fixture
def book() -> Book:
    return Book()


class Turn:
    """Whose request it is, until the turn has ended."""

    def __init__(self) -> None:
        self.filing: Filing | None = None

    def turn_ended(self) -> None:
        assert self.filing is not None
        self.filing.file_owed()

    def recorded(self, index: int) -> None: ...
    def unrecorded(self, code: str) -> None: ...


def put_off(book: Book, dropped: tuple[str, ...] = ()) -> Filing:
    """Of a request of which nothing is on file yet: it is decided, and its turn has not ended."""
    turn, about = Turn(), book.filing(1).about
    about.passage.left = dropped
    filing = turn.filing = Filing(book.ledger, about, book.committer, turn)
    filing.admission_after(at=AT)
    return filing


def test_what_changes_in_the_turn_changes_nothing_of_it(book: Book) -> None:
    filing = put_off(book, ("seed",))
    filing.about.passage.left = ()
    other = KeyedDigest(b"o" * 32)
    filing.ledger = replace(book.ledger, snapshot="0" * 64, digest=other, digest_key_id="other")
    (data,) = book.filed()
    leaf = decode(data)
    assert isinstance(leaf, DecisionLeaf)
    assert leaf.snapshot == book.ledger.snapshot
    assert leaf.request_digest == KeyedDigest(b"k" * 32)(BODY)
    assert leaf.at == leaf.valid_at == book.ledger.stamp(AT)
    assert leaf.sending is not None
    assert leaf.sending.dropped == ("seed",)


def test_whatever_is_filed_next_comes_after_it(book: Book) -> None:
    filing = put_off(book)
    filing.crashed(at=Instant(AT + 1))
    first, second = (decode(data) for data in book.filed())
    assert isinstance(first, DecisionLeaf)
    assert isinstance(second, OutcomeLeaf)
    assert (second.request, second.at > first.at) == (first.request, True)


def test_a_request_that_is_over_owes_nothing(book: Book) -> None:
    filing = put_off(book)
    filing.close()
    assert not filing.is_open
    assert book.filed() == []
