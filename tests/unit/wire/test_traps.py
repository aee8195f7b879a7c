"""What goes wrong between dialects, vendors and clients elsewhere, each trap by its name."""

from __future__ import annotations

import json

import pytest

from licet.terms import Instant, VendorFault
from licet.wire import (
    Frame,
    StreamReader,
    Usage,
    read_answer,
    read_request,
    read_vendor_error,
    request_headers,
    response_headers,
    write_request,
)

START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"model":"c",'
    b'"usage":{"input_tokens":10,"output_tokens":1,"cache_read_input_tokens":90}}}\n\n'
)
PING = b'event: ping\ndata: {"type":"ping"}\n\n'
HTML = b"<!DOCTYPE html>\n<html>\n\n<body>502 Bad Gateway</body>\n\n</html>\n"


def chunk(text: bytes) -> bytes:
    return b'data: {"model":"m","choices":[{"delta":' + text + b',"finish_reason":null}]}\n\n'


ROLE = chunk(b'{"role":"assistant","content":""}')


def test_gateway_and_vendor_read_the_same_model_out_of_duplicate_and_escaped_keys() -> None:
    for first, second in (("model", "model"), ("model", "\\u006dodel"), ("m\\u006fdel", "model")):
        body = f'{{"{first}":"cheap","messages":[],"{second}":"forbidden"}}'.encode()
        request = read_request("chat", body)
        written = write_request(request, model="vendor-name")
        assert request.model == "forbidden"
        assert written.count(b"model") == 1
        assert json.loads(written) == {"model": "vendor-name", "messages": []}


def test_nested_duplicates_and_odd_numbers_pass_as_they_stand() -> None:
    nested = b'[{"role":"user","role":"tool","content":1.10e2, "x":\t12345678901234567890}]'
    body = b'{"model":"m","messages":' + nested + b"}"
    assert nested in write_request(read_request("chat", body), model="v")


def test_no_parameter_is_dropped_in_silence() -> None:
    body = json.dumps({"model": "m", **{f"future_{n}": {"n": n} for n in range(50)}}).encode()
    written = json.loads(write_request(read_request("messages", body), model="m"))
    assert written == json.loads(body)


def test_malformed_tool_arguments_are_kept_verbatim() -> None:
    stream = chunk(b'{"tool_calls":[{"index":0,"function":{"arguments":"{oops"}}]}')
    assert StreamReader("chat").feed(stream) == [Frame(stream, "content")]


def test_parallel_tool_calls_may_interleave() -> None:
    calls = [
        chunk(b'{"tool_calls":[{"index":%d,"function":{"arguments":"ab"}}]}' % index)
        for index in (0, 1, 0, 1)
    ]
    reader = StreamReader("chat")
    assert [frame.raw for frame in reader.feed(b"".join(calls))] == calls
    assert reader.text_size == 8


@pytest.mark.parametrize("reason", ["pause_turn", "model_context_window_exceeded", "x_unknown"])
def test_an_unknown_stop_reason_is_kept_and_raises_nothing(reason: str) -> None:
    said = json.dumps({"type": "message_delta", "delta": {"stop_reason": reason}}).encode()
    reader = StreamReader("messages")
    frames = reader.feed(b"event: message_delta\ndata: " + said + b"\n\n")
    assert [frame.kind for frame in frames] == ["stop"]
    assert reader.stop_reason == reason
    body = json.dumps({"content": [], "stop_reason": reason}).encode()
    assert read_answer("messages", body).stop_reason == reason


def test_input_tokens_include_the_cached_ones_whoever_counted() -> None:
    chat = read_answer(
        "chat",
        b'{"choices":[{"message":{}}],"usage":{"prompt_tokens":100,"completion_tokens":5,'
        b'"prompt_tokens_details":{"cached_tokens":90}}}',
    )
    messages = read_answer(
        "messages",
        b'{"content":[],"usage":{"input_tokens":10,"output_tokens":5,'
        b'"cache_read_input_tokens":90}}',
    )
    expected = Usage(input_tokens=100, output_tokens=5, cached_input_tokens=90)
    assert chat.usage == messages.usage == expected


def test_the_figures_of_a_messages_stream_are_cumulative_and_not_added() -> None:
    reader = StreamReader("messages")
    reader.feed(START)
    for tokens, reason in ((4, "null"), (9, '"end_turn"')):
        said = (
            f'{{"type":"message_delta","delta":{{"stop_reason":{reason}}},'
            f'"usage":{{"output_tokens":{tokens}}}}}'
        )
        reader.feed(b"event: message_delta\ndata: " + said.encode() + b"\n\n")
    assert reader.usage == Usage(input_tokens=100, output_tokens=9, cached_input_tokens=90)


def test_usage_is_asked_of_the_vendor_and_kept_from_a_caller_who_did_not_ask() -> None:
    request = read_request("chat", b'{"model":"m","stream":true}')
    assert not request.usage_asked
    assert json.loads(write_request(request, model="m"))["stream_options"]["include_usage"]
    reader = StreamReader("chat", strip_usage=not request.usage_asked)
    frames = reader.feed(
        b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'
    )
    assert frames == [Frame(b"", "usage")]
    assert reader.usage == Usage(input_tokens=1, output_tokens=1)


def test_usage_of_an_interrupted_stream_is_estimated_and_says_so() -> None:
    reader = StreamReader("chat")
    reader.feed(ROLE + chunk(b'{"content":"nine char"}'))
    assert reader.usage is None
    expected = Usage(input_tokens=5, output_tokens=3, estimated=True)
    assert reader.estimate_usage(request_size=17) == expected


def test_an_interrupted_messages_stream_keeps_what_the_vendor_said_of_the_input() -> None:
    reader = StreamReader("messages")
    reader.feed(START)
    expected = Usage(input_tokens=100, output_tokens=1, cached_input_tokens=90, estimated=True)
    assert reader.estimate_usage(request_size=4000) == expected


def test_the_first_event_is_not_content() -> None:
    assert StreamReader("chat").feed(ROLE) == [Frame(ROLE, "preamble")]
    frames = StreamReader("messages").feed(START + PING)
    assert [frame.kind for frame in frames] == ["preamble", "preamble"]


def test_reasoning_is_content() -> None:
    stream = chunk(b'{"reasoning_content":"hm"}')
    assert StreamReader("chat").feed(stream) == [Frame(stream, "content")]


def test_an_error_after_a_200_is_seen_inside_the_stream() -> None:
    stream = (
        b'event: error\ndata: {"type":"error","error":'
        b'{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    )
    reader = StreamReader("messages")
    frame = reader.feed(START + stream)[-1]
    assert frame.kind == "error"
    assert frame.error is not None
    assert frame.error.overloaded
    assert not reader.ended


def test_utf8_may_be_cut_inside_a_character() -> None:
    stream = chunk('{"content":"世"}'.encode())
    cut = stream.index("世".encode()) + 1
    reader = StreamReader("chat")
    assert reader.feed(stream[:cut]) == []
    assert reader.feed(stream[cut:]) == [Frame(stream, "content")]
    assert reader.text_size == 1


def test_html_where_json_was_promised_is_no_answer_no_stream_and_no_quotation() -> None:
    with pytest.raises(VendorFault):
        read_answer("chat", HTML)
    assert [frame.kind for frame in StreamReader("chat").feed(HTML)] == ["malformed"]
    error = read_vendor_error("chat", 502, [], HTML, now=Instant(0))
    assert error.message == "the vendor answered 502 with an HTML page"


def test_compression_that_the_client_offers_is_not_offered_to_the_vendor() -> None:
    sent = request_headers("chat", [(b"Accept-Encoding", b"gzip, br, zstd")])
    assert [value for name, value in sent if name == b"accept-encoding"] == [b"identity"]


def test_rate_limits_request_ids_and_retry_after_survive() -> None:
    kept = [
        (b"retry-after", b"1"),
        (b"request-id", b"req"),
        (b"anthropic-ratelimit-tokens-remaining", b"0"),
        (b"x-ratelimit-limit-requests", b"9"),
    ]
    assert response_headers(kept) == kept


def test_a_vendors_complaint_about_our_credential_does_not_reach_the_caller() -> None:
    body = b'{"error":{"message":"Incorrect API key provided: sk-proj-abcd","type":"x"}}'
    error = read_vendor_error("chat", 401, [], body, now=Instant(0))
    assert error.blame == "operator"
    assert not error.passable
