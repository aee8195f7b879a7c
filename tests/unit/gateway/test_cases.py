"""A record that is printed once and filled for each request is the record that would be written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from licet.evidence import DecisionLeaf, Sending, decode, encode, is_canonical
from licet.gateway import cases
from licet.gateway.forms import Form

AT = "2026-06-12T21:21:00.000000Z"
DIGEST = "0" * 64

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


def leaf(
    asked: str, workload: str, *, at: str, request: str, wall: str | None, sending: bool, **own: str
) -> DecisionLeaf:
    return DecisionLeaf(
        at=at,
        log="node-1",
        wall=wall,
        request=request,
        key="key",
        organisation="acme",
        workload=workload,
        asked=asked,
        snapshot=DIGEST,
        valid_at=at,
        known_at=at,
        verdict="permitted",
        digest_key="digest-1",
        sending=Sending(endpoint="first", model="alpha", snapshot=DIGEST) if sending else None,
        **own,  # type: ignore[arg-type]
    )


@given(WORDS, WORDS, st.booleans(), st.booleans())
def test_filling_a_form_is_encoding_the_record(
    asked: str, workload: str, scripted: bool, sending: bool
) -> None:
    form = Form(
        leaf(
            asked,
            workload,
            at=cases._AT,
            request=cases._REQUEST,
            wall=cases._WALL if scripted else None,
            sending=sending,
            commitment=cases._COMMITMENT,
            request_digest=cases._DIGEST,
        )
    )
    filled = form.fill(AT, "c" * 64, "d" * 64, "01REQUEST", AT if scripted else "")
    expected = leaf(
        asked,
        workload,
        at=AT,
        request="01REQUEST",
        wall=AT if scripted else None,
        sending=sending,
        commitment="c" * 64,
        request_digest="d" * 64,
    )
    assert filled == encode(expected)
    assert decode(filled) == expected
    assert is_canonical(filled, expected)
