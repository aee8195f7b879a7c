import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from licet.evidence import canonical, clip
from licet.terms import EvidenceFault

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_the_canonical_form_is_that_of_an_independent_implementation(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


def test_control_characters_and_what_javascript_escapes_otherwise() -> None:
    text = "".join(map(chr, range(0x80))) + "\u2028\u2029\U0001f600"
    assert canonical(text) == rfc8785.dumps(text)


@pytest.mark.parametrize(
    "value", [1.5, 2**53, -(2**53), {"é": 1}, {1: 1}, {"a": [float("nan")]}, b"bytes", "\ud800"]
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(EvidenceFault) as caught:
        canonical(value)
    assert caught.value.code == "not_canonical"


@given(st.text(), st.integers(24, 300))
def test_clipped_text_can_be_recorded_and_is_short(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert len(clipped) <= limit
    canonical(clipped)


def test_clipping_says_that_something_was_cut() -> None:
    assert clip("x" * 1000, 20) == "x" * 3 + "[1000 characters]"
    assert clip("short", 20) == "short"
