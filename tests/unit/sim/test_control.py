"""The simulation's own endpoints, and what a vendor asks of a request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from licet.sim import Cue, VendorSpec
from tests.unit.sim.world import PATH, ask, hear, play, prompt, request, world


def test_a_script_over_http_holds_for_all_vendors_or_for_one() -> None:
    async def scene() -> None:
        async with world() as here:
            script = b'{"cue": [{"fault": "status_503", "vendor": "anthropic", "n": 1}]}'
            heard = await hear(here.port("openai"), request("/sim/script", script))
            assert heard.json() == {"added": 1}
            statuses = [(await ask(here, d, "hi")).status for d in ("chat", "messages", "messages")]
            assert statuses == [200, 503, 200]

    play(scene())


def test_a_script_in_toml() -> None:
    async def scene() -> None:
        async with world() as here:
            toml = b'[[cue]]\nfault = "status_500"\nwhen = "always"\n'
            headers = {"content-type": "application/toml"}
            sent = request("/sim/script", toml, headers=headers)
            assert (await hear(here.port("openai"), sent)).status == 200
            assert (await ask(here, "messages", "hi")).status == 500

    play(scene())


@pytest.mark.parametrize("stream", [False, True])
def test_who_is_held_amid_an_answer_is_let_go_on_at_any_vendors_port(*, stream: bool) -> None:
    async def scene() -> None:
        async with world() as here:
            held = asyncio.create_task(ask(here, "chat", "[[sim:stall_mid_text]]", stream=stream))
            await here.lines(1)
            heard = await hear(here.port("anthropic"), request("/sim/resume", b""))
            assert heard.json() == {"resumed": 1}
            assert (await held).ending == "complete"

    play(scene())


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "named"),
    [
        ("POST", "/sim/script", b'{"cue": [{"fault": "stal"}]}', 400, "`stal`"),
        ("POST", "/sim/script", b"{", 400, "truncated"),
        ("GET", "/sim/ledger?since=x", b"", 400, "`x`"),
        ("GET", "/sim/else", b"", 404, "`GET /sim/else`"),
    ],
)
def test_wrong_commands_are_told_what_is_wrong(
    method: str, path: str, body: bytes, status: int, named: str
) -> None:
    async def scene() -> None:
        async with world() as here:
            heard = await hear(here.port("openai"), request(path, body, method=method))
            assert heard.status == status
            assert named in heard.json()["error"]

    play(scene())


def test_a_prompt_undoes_what_a_cue_says() -> None:
    async def scene() -> None:
        async with world(cues=[Cue(fault="status_500", when="always")]) as here:
            assert (await ask(here, "chat", "hi")).status == 500
            assert (await ask(here, "chat", "[[sim:none]]")).status == 200

    play(scene())


STRICT = VendorSpec(id="v", dialect="messages", models=("m",), key="right")


@pytest.mark.parametrize(
    ("headers", "more", "status", "kind"),
    [
        ({"x-api-key": "right"}, {}, 200, None),
        ({"authorization": "Bearer right"}, {}, 200, None),
        ({"x-api-key": "wrong"}, {}, 401, "authentication_error"),
        ({"authorization": "", "x-api-key": ""}, {}, 401, "authentication_error"),
        ({"x-api-key": "right"}, {"model": "n"}, 404, "not_found_error"),
        ({"x-api-key": "right"}, {"model": 3}, 400, "invalid_request_error"),
        ({"x-api-key": "right"}, {"max_tokens": None}, 400, "invalid_request_error"),
        ({"x-api-key": "right"}, {"messages": []}, 400, "invalid_request_error"),
    ],
)
def test_a_vendor_checks_what_vendors_check(
    headers: dict[str, str], more: dict[str, Any], status: int, kind: str | None
) -> None:
    async def scene() -> None:
        async with world(STRICT) as here:
            body = prompt("messages", "hi", **{"model": "m", **more})
            heard = await hear(here.port("v"), request(PATH["messages"], body, headers=headers))
            assert heard.status == status
            if kind:
                assert heard.json()["error"]["type"] == kind
                assert heard.json()["request_id"] == heard.headers["request-id"]

    play(scene())


def test_an_open_vendor_asks_for_no_credential() -> None:
    async def scene() -> None:
        async with world(VendorSpec(id="own", dialect="chat", models=("m",), key="")) as here:
            body = prompt("chat", "hi", model="m")
            sent = request(PATH["chat"], body, headers={"authorization": ""})
            assert (await hear(here.port("own"), sent)).status == 200

    play(scene())


def test_messages_need_a_version() -> None:
    async def scene() -> None:
        async with world() as here:
            sent = request(PATH["messages"], prompt("messages", "hi"))
            sent = sent.replace(b"anthropic-version: 2023-06-01\r\n", b"")
            heard = await hear(here.port("anthropic"), sent)
            assert heard.status == 400
            assert "anthropic-version" in heard.json()["error"]["message"]

    play(scene())


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'"text"'])
def test_a_body_must_be_a_json_object(body: bytes) -> None:
    async def scene() -> None:
        async with world() as here:
            heard = await hear(here.port("openai"), request(PATH["chat"], body))
            assert heard.status == 400

    play(scene())


def test_unknown_paths_and_models_are_not_found() -> None:
    async def scene() -> None:
        async with world() as here:
            for path in ("/", "/v1/models/unknown", "/v2/models"):
                heard = await hear(here.port("openai"), request(path, b"", method="GET"))
                assert heard.status == 404

    play(scene())
