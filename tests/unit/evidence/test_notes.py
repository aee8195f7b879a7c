import base64

import pytest

from licet.evidence import (
    Checkpoint,
    SignerKey,
    is_key_name,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_signer,
    parse_verifier,
    sign,
    sign_checkpoint,
)
from licet.terms import EvidenceFault

# The example of golang.org/x/mod/sumdb/note.
KNOWN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
KNOWN_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
KNOWN_NOTE = (
    KNOWN_TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

KEY = SignerKey(name="operator.example/licet", seed=bytes(range(32)))
OTHER = SignerKey(name="witness.example", seed=bytes(32))
HEAD = Checkpoint(origin=KEY.name, size=20852163, root=b"\x07" * 32)


def fault_of(note: bytes, key: SignerKey = KEY) -> str:
    with pytest.raises(EvidenceFault) as caught:
        open_note(note, [key.verifier()])
    return caught.value.code


def test_a_note_of_another_implementation_opens() -> None:
    key = parse_verifier(KNOWN_KEY)
    assert open_note(KNOWN_NOTE.encode(), [key]) == (KNOWN_TEXT, (key,))


def test_keys_read_back_from_their_texts() -> None:
    assert parse_signer(KEY.text()) == KEY
    assert parse_verifier(str(KEY.verifier())) == KEY.verifier()


def test_a_signing_key_does_not_show_its_seed_when_printed() -> None:
    assert repr(KEY) == "SignerKey('operator.example/licet')"


def test_a_checkpoint_is_three_lines_signed_by_the_key_that_bears_its_origin() -> None:
    note = sign_checkpoint(HEAD, [KEY])
    lines = note.decode().split("\n")
    root = base64.b64encode(HEAD.root).decode()
    assert lines[:4] == [KEY.name, "20852163", root, ""]
    assert lines[4].startswith(f"— {KEY.name} ")
    blob = base64.b64decode(lines[4].split(" ")[2])
    assert (blob[:4], len(blob)) == (KEY.verifier().id, 68)
    assert open_checkpoint(note, [KEY.verifier()]) == HEAD


def test_signatures_by_unknown_keys_are_passed_over() -> None:
    note = sign(HEAD.text(), [OTHER, KEY])
    text, signers = open_note(note, [KEY.verifier()])
    assert (text, signers) == (HEAD.text(), (KEY.verifier(),))
    assert fault_of(sign(HEAD.text(), [OTHER])) == "note_unsigned"


def test_every_changed_character_of_a_note_is_noticed() -> None:
    note = sign_checkpoint(HEAD, [KEY])
    for place in range(len(note)):
        changed = bytearray(note)
        changed[place] ^= 1
        assert fault_of(bytes(changed)) in {"note_unsigned", "note_malformed"}


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\nsignature\n",
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— na+me AAAAAAAA\n".encode(),
        "text\n\n— name AAAAAAAA".encode(),
        "te\rxt\n\n— name AAAAAAAA\n".encode(),
        b"\xff\n\n",
    ],
)
def test_what_is_not_a_note_is_refused(note: bytes) -> None:
    assert fault_of(note) == "note_malformed"


@pytest.mark.parametrize(
    "text",
    ["", "o\n1\n", "o\n01\nAAAA\n", "o\n-1\nAAAA\n", "o\n1\nAAAA\n", "\n1\nx\n", "o\n1\nx\n\n"],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(EvidenceFault) as caught:
        parse_checkpoint(text)
    assert caught.value.code == "checkpoint_malformed"


def test_extension_lines_of_a_checkpoint_are_passed_over() -> None:
    assert parse_checkpoint(HEAD.text() + "extension\n") == HEAD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        KNOWN_KEY.replace("c74f", "c74e"),
        KNOWN_KEY.replace("+ARpc", "+AQpc"),
        KNOWN_KEY[:-1],
        KNOWN_KEY.replace("Peter", "Pe ter"),
    ],
)
def test_a_verifier_key_whose_parts_do_not_agree_is_refused(text: str) -> None:
    with pytest.raises(EvidenceFault) as caught:
        parse_verifier(text)
    assert caught.value.code == "key_malformed"


def test_a_wrong_signing_key_is_never_repeated_in_the_fault() -> None:
    secret = KEY.text()
    for text in (secret[:-3], secret.replace("PRIVATE", "PUBLIC"), secret.replace("oper", "Oper")):
        with pytest.raises(EvidenceFault) as caught:
            parse_signer(text)
        assert secret.split("+")[-1][:12] not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "good"), [("a.example/b", True), ("", False), ("a b", False), ("a+b", False)]
)
def test_names_of_keys(name: str, good: bool) -> None:
    assert is_key_name(name) is good
