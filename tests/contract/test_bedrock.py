"""Amazon Bedrock: signatures and frames, by the vendor's own package and by a vendor that knows
only the papers; then a gateway between callers and such a vendor."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import anthropic
import pytest
from msgspec import structs

from licet.gateway import Secrets
from licet.gateway.event_stream import EventStreamUnwrapper
from licet.gateway.routing import check_carriers
from licet.policy import Configuration, parse
from licet.sim import SIM_KEY, VendorSpec
from licet.sim.bedrock import frame, sign
from licet.terms import Faults, Instant, VendorFault
from tests.contract.asking import Heard, ask
from tests.contract.evidence import told
from tests.rig import LICET, PARTIES, Rig

AT = Instant(1_781_300_000_000_000)
CALLED = "eu.anthropic.claude-5:0"
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HI: Any = [{"role": "user", "content": "hi"}]

# Signatures


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
def test_the_simulated_vendor_signs_as_the_vendor_has_published(
    method: str, signature: str
) -> None:
    # `get-vanilla` and `post-vanilla` of the test suite of AWS Signature Version 4.
    made = sign(
        EXAMPLE_SECRET,
        scope="20150830/us-east-1/service/aws4_request",
        at="20150830T123600Z",
        method=method,
        path="/",
        headers={"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"},
        body=b"",
    )
    assert made == signature


# Frames

EVENT = {":message-type": "event", ":event-type": "chunk", ":content-type": "application/json"}


def chunk(event: bytes) -> bytes:
    return frame(EVENT, json.dumps({"bytes": b64encode(event).decode()}).encode())


STREAM = (
    chunk(b'{"type":"message_start","message":{}}')
    + frame({":message-type": "event", ":event-type": "later"}, b"{}")
    + chunk(b'{\n "type": "ping"\n}')
    + chunk('{"type":"content_block_delta","delta":{"text":"é"}}'.encode())
)
SAID = (
    'event: message_start\ndata: {"type":"message_start","message":{}}\n\n'
    'event: ping\ndata: {"type":"ping"}\n\n'
    'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"é"}}\n\n'
).encode()


def test_every_way_of_cutting_a_stream_gives_the_same_events() -> None:
    for at in range(len(STREAM)):
        unwrapper = EventStreamUnwrapper()
        assert unwrapper.feed(STREAM[:at]) + unwrapper.feed(STREAM[at:]) == SAID
    unwrapper = EventStreamUnwrapper()
    assert b"".join(unwrapper.feed(bytes([byte])) for byte in STREAM) == SAID


def test_a_changed_byte_is_noticed() -> None:
    for at in range(0, len(STREAM), 7):
        broken = bytearray(STREAM)
        broken[at] ^= 0x55
        # A length that grew waits for more; nothing false is said meanwhile.
        with suppress(VendorFault):
            said = EventStreamUnwrapper().feed(bytes(broken))
            assert SAID.startswith(said)
            assert said != SAID


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b'{"bytes": 5}', b'{"bytes": "!"}', b'{"bytes": "e30="}']
)
def test_a_chunk_without_an_event_is_malformed(payload: bytes) -> None:
    with pytest.raises(VendorFault, match="broken"):
        EventStreamUnwrapper().feed(frame(EVENT, payload))


@pytest.mark.parametrize(
    ("headers", "payload", "kind"),
    [
        (
            {":message-type": "exception", ":exception-type": "throttlingException"},
            b'{"message":"slow down"}',
            "rate_limit_error",
        ),
        (
            {":message-type": "exception", ":exception-type": "modelStreamErrorException"},
            b"",
            "api_error",
        ),
        (
            {":message-type": "error", ":error-code": "500", ":error-message": "no"},
            b"",
            "api_error",
        ),
    ],
)
def test_an_exception_inside_a_stream_is_an_error_of_the_dialect(
    headers: dict[str, str], payload: bytes, kind: str
) -> None:
    said = EventStreamUnwrapper().feed(frame(headers, payload))
    assert said.startswith(b"event: error\ndata: ")
    assert json.loads(said[19:])["error"]["type"] == kind


# A gateway in front of it

SPECS = (
    VendorSpec(
        id="bedrock",
        dialect="messages",
        models=(CALLED,),
        key=SIM_KEY,
        credential_in="sigv4",
        carriage="bedrock",
        pace_ms=10,
    ),
    VendorSpec(id="other", dialect="messages", models=("alpha",)),
)


class BedrockRig(Rig):
    """`alpha` is at Bedrock, under a name of Bedrock's, and elsewhere."""

    secret = SIM_KEY

    def files(self) -> dict[str, bytes]:
        bedrock = (
            f'[[endpoint]]\nid = "bedrock"\nvendor = "bedrock"\nmodels = {{ alpha = "{CALLED}" }}\n'
            f'region = "eu-west-1"\nbase_url = "{self.vendors.url("bedrock")}"\n'
            'credential = { env = "AWS" }\n'
        )
        other = (
            '[[endpoint]]\nid = "other"\noperator = { id = "maker" }\ndialect = "messages"\n'
            f'models = ["alpha"]\nbase_url = "{self.vendors.url("other")}"\n'
        )
        found = {"licet.toml": LICET, "catalog/all.toml": PARTIES + bedrock + other}
        # What breaks off before its record is on disk was shown to nobody, and is asked of others.
        found["workloads/messages.toml"] = (
            'id = "messages"\nevidence = "before_send"\n[[candidate]]\nmodel = "alpha"\n'
        )
        return {path: text.encode() for path, text in found.items()}

    def secrets(self, configuration: Configuration) -> Secrets:
        printed = {"AccessKeyId": "AKIDSIMULATED", "SecretAccessKey": self.secret, "Version": 1}
        credentials = {"bedrock": json.dumps(printed), "other": SIM_KEY}
        return structs.replace(super().secrets(configuration), credentials=credentials)


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with BedrockRig({}, at=AT, vendors=SPECS) as rig:
        yield rig


def heard(rig: Rig, fault: str, *, stream: bool, dialect: str = "messages") -> Heard:
    prompt = f"[[sim:{fault}@bedrock]]"
    return ask(rig.port, rig.plain_key, dialect, prompt, model="messages", stream=stream)


def test_the_official_client_is_served_whole_and_streamed(rig: Rig) -> None:
    with anthropic.Anthropic(base_url=rig.url, api_key=rig.plain_key, max_retries=0) as client:
        whole: Any = client.messages.create(model="messages", messages=HI, max_tokens=64)
        assert whole.model == CALLED
        with client.messages.stream(model="messages", messages=HI, max_tokens=64) as stream:
            assert "".join(stream.text_stream) == whole.content[0].text
            assert stream.get_final_message().usage.output_tokens == whole.usage.output_tokens
        beta: Any = client.beta.messages.create(
            model="messages", messages=HI, max_tokens=64, betas=["one-2026", "two-2026"]
        )
        assert beta.content[0].text == whole.content[0].text
    fields = {entry.fields for entry in rig.ledger()}
    assert ("anthropic_beta", "max_tokens", "messages", "model", "stream") in fields


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
def test_a_caller_of_any_dialect_is_answered(rig: Rig, dialect: str, stream: bool) -> None:
    answer = ask(rig.port, rig.plain_key, dialect, "hello", model="messages", stream=stream)
    assert answer.status == 200
    assert answer.headers["licet-endpoint"] == "bedrock"
    assert answer.said.closed
    assert answer.said.text.startswith(f"answer from {CALLED} at bedrock")
    told(rig)[answer.request].check()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "fault",
    ["cut_before_head", "cut_before_content", "status_429", "status_503", "html_answer",
     "html_error", "malformed_answer", "overloaded_in_band"],
)  # fmt: skip
def test_what_fails_before_content_is_answered_elsewhere(
    rig: Rig, fault: str, stream: bool
) -> None:
    answer = heard(rig, fault, stream=stream)
    assert answer.status == 200, answer
    assert answer.headers["licet-endpoint"] == "other"
    assert answer.said.closed


@pytest.mark.parametrize("fault", ["cut_mid_text", "error_after_200", "malformed_event"])
def test_what_fails_amid_text_is_said_in_the_stream(rig: Rig, fault: str) -> None:
    for dialect in ("messages", "chat"):
        answer = heard(rig, fault, stream=True, dialect=dialect)
        assert answer.status == 200
        assert answer.said.error is not None
        assert answer.said.text


def test_a_signature_with_another_key_is_the_operators_business() -> None:
    class Wrong(BedrockRig):
        secret = "another"

    with Wrong({}, at=AT, vendors=SPECS) as rig:
        answer = ask(rig.port, rig.plain_key, "messages", "hello")
        assert answer.headers["licet-endpoint"] == "other"
        outcomes = told(rig)[answer.request].outcomes
        assert outcomes[0].status == 403


# Configuration


def test_a_credential_that_cannot_sign_is_found_before_it_is_adopted(rig: Rig) -> None:
    endpoints = rig.configuration().sources.endpoints
    for secret in ("", "AKID:secret", '{"AccessKeyId": "A"}'):
        with pytest.raises(Faults, match="not the JSON that AWS tools print") as found:
            check_carriers(endpoints, {"bedrock": secret})
        assert "secret" not in str(found.value)


def faults(*lines: str) -> str:
    text = [
        '[[model]]\nid = "m"',
        '[[endpoint]]\nid = "e"\nvendor = "bedrock"\nmodel = "m"',
        *lines,
    ]
    settings = b'[operator]\nname = "O"\nurl = "https://o.example"\ncontact = "c"\n'
    found = parse({"licet.toml": settings, "catalog/a.toml": "\n".join(text).encode()})
    return "; ".join(str(fault) for fault in found.faults)


def test_what_does_not_go_together_is_said() -> None:
    assert faults('region = "eu-west-1"') == ""
    assert "`region` is missing" in faults()
    assert "signatures name it" in faults('base_url = "https://proxy.example"')
    region = 'region = "eu-west-1"'
    assert "only Bedrock takes signatures" in faults(region, 'carriage = "plain"')
    assert "not counted in this way" in faults(region, 'offers = ["answer", "count_tokens"]')
    assert "nobody is asked in `chat`" in faults(region, 'dialect = "chat"', 'carriage = "bedrock"')
    assert faults(region, 'dialect = "chat"') == ""
    assert faults(region, 'auth = "bearer"') == ""
