"""Models that a vendor may answer with by itself: only those that the rules permit; and what is
made of an answer by another model than was asked for."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from licet.sim import Cue, VendorSpec
from licet.terms import Instant
from tests.contract.asking import Heard, Streaming, ask, send
from tests.contract.evidence import told
from tests.contract.test_motion import SETTINGS, letter
from tests.rig import EVERY_VENDOR, PARTIES, WORKLOAD, Rig

AT = Instant(1_781_300_000_000_000)
FIELDS: dict[str, Any] = {
    "models": ["beta"],
    "fallbacks": [{"model": "beta", "max_tokens": 5}],
}
DIALECTS = ("chat", "messages", "responses")
REFUSE = "[[sim:refusal]]"
LITE = """
[[model]]
id = "alpha-lite"
developer = { id = "maker" }
"""
DUTY = """
id = "duty"
kind = "obligation"
title = "A duty"
authority = "An Authority"

[[version]]
received = 2026-01-01T00:00:00Z
effective_from = 2026-01-01T00:00:00Z
[[version.applies]]
model.id = ["beta"]
[[version.duty]]
notify_user = "beta is watched"
"""


def barred(model: str, **more: Any) -> dict[str, str]:
    return {name: text.replace("alpha", model) for name, text in letter(**more).items()}


def lossless(dialect: str) -> dict[str, str]:
    text = WORKLOAD.format(id=dialect, dialect=dialect, substitute="false", extra="lossless = true")
    return {f"workloads/{dialect}.toml": text}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_model_that_is_permitted_is_named_to_the_vendor(
    dialect: str, name: str, stream: bool
) -> None:
    with Rig(lossless(dialect), at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, stream=stream, **{name: FIELDS[name]})
        assert heard.status == 200
        assert heard.headers["licet-model"] == "alpha"
        assert "licet-dropped" not in heard.headers
        (entry,) = rig.ledger()
        assert name in entry.fields
        request = told(rig)[heard.request]
        request.check()
        sending = request.decisions[0].sending
        assert sending is not None
        assert (sending.dropped, sending.substitutes) == ((), ("beta",))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_model_that_is_not_permitted_is_named_to_nobody_and_the_caller_is_told(
    dialect: str, name: str, stream: bool
) -> None:
    with Rig(barred("beta"), at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, stream=stream, **{name: FIELDS[name]})
        assert (heard.status, heard.headers["licet-dropped"]) == (200, name)
        (entry,) = rig.ledger()
        assert name not in entry.fields
        sending = told(rig)[heard.request].decisions[0].sending
        assert sending is not None
        assert (sending.dropped, sending.substitutes) == ((name,), ())
        rig.adopt(lossless(dialect))
        refused = ask(rig.port, rig.plain_key, dialect, **{name: FIELDS[name]})
        assert (refused.status, refused.error["code"]) == (400, "unpermitted_substitute")
        assert len(rig.ledger()) == 1


@pytest.mark.parametrize("dialect", ["chat", "messages"])
@pytest.mark.parametrize("fallbacks", ["default", [{"model": "gamma"}], ["gamma"], [7], {}])
def test_what_names_no_model_of_the_workload_is_left_out(dialect: str, fallbacks: Any) -> None:
    with Rig(at=AT) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, fallbacks=fallbacks)
        assert (heard.status, heard.headers["licet-dropped"]) == (200, "fallbacks")


def test_of_several_those_that_may_answer_are_named() -> None:
    with Rig(at=AT) as rig:
        heard = ask(rig.port, rig.plain_key, "chat", models=["gamma", "beta"])
        assert heard.headers["licet-dropped"] == "models"
        assert "models" in rig.ledger()[0].fields


def test_of_a_model_asked_by_name_no_other_is_a_substitute() -> None:
    with Rig(at=AT) as rig:
        heard = ask(rig.port, rig.plain_key, "chat", model="alpha", models=["alpha", "beta"])
        assert heard.headers["licet-dropped"] == "models"


def test_who_would_oblige_to_more_is_no_substitute() -> None:
    with Rig({"directives/duty.toml": DUTY}, at=AT) as rig:
        heard = ask(rig.port, rig.plain_key, "chat", models=["beta"])
        assert heard.headers["licet-dropped"] == "models"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_says_nothing_is_no_loss(dialect: str) -> None:
    with Rig(at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, fallbacks=None, models=None)
        assert heard.status == 200
        assert "licet-dropped" not in heard.headers
        assert not {"fallbacks", "models"} & set(rig.ledger()[0].fields)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("dialect", "name"), [("chat", "models"), ("messages", "fallbacks")])
def test_who_answered_in_anothers_place_is_told_and_on_record(
    dialect: str, name: str, stream: bool
) -> None:
    with Rig(at=AT) as rig:
        fields = {name: FIELDS[name]}
        heard = ask(rig.port, rig.plain_key, dialect, REFUSE, stream=stream, **fields)
        assert "answer from beta" in heard.said.text
        assert heard.headers["licet-model"] == "beta"
        assert heard.headers["licet-decision"] == "rerouted"
        assert "licet-answered-by" not in heard.headers
        request = told(rig)[heard.request]
        request.check()
        (outcome,) = request.outcomes
        assert (outcome.answered_by, outcome.category, outcome.breaches) == ("beta", "", ())


def test_the_official_clients_see_who_answered() -> None:
    with (
        Rig(at=AT) as rig,
        anthropic.Anthropic(base_url=rig.url, api_key=rig.plain_key, max_retries=0) as claude,
        openai.OpenAI(base_url=f"{rig.url}/v1", api_key=rig.plain_key, max_retries=0) as chat,
    ):
        asked: Any = [{"role": "user", "content": REFUSE}]
        message = claude.beta.messages.create(
            model="messages", max_tokens=50, messages=asked, fallbacks=[{"model": "beta"}]
        )
        assert message.model == "beta"
        block, said = message.content
        assert block.type == "fallback"
        assert (block.from_.model, block.to.model) == ("alpha", "beta")
        assert said.type == "text"
        with claude.beta.messages.stream(
            model="messages", max_tokens=50, messages=asked, fallbacks=[{"model": "beta"}]
        ) as stream:
            assert "".join(stream.text_stream).startswith("answer from beta")
        completion = chat.chat.completions.with_raw_response.create(
            model="chat", messages=asked, extra_body={"models": ["beta"]}
        )
        assert completion.headers["licet-model"] == "beta"
        assert completion.parse().model == "beta"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_by_another_model_than_was_asked_is_a_breach_on_record(
    dialect: str, stream: bool
) -> None:
    with Rig(at=AT, vendors=EVERY_VENDOR) as rig:
        ask(rig.port, rig.plain_key, dialect, stream=stream)
        wrong = Cue(fault="wrong_model", when="always")
        rig.call(rig.vendors.simulation.script.add, [wrong])
        for _ in range(2):
            heard = ask(rig.port, rig.plain_key, dialect, stream=stream)
            assert heard.headers["licet-answered-by"] == "alpha-lite"
            assert heard.headers["licet-model"] == "alpha"
        found = [outcome for one in told(rig).values() for outcome in one.outcomes]
        assert [outcome.breaches for outcome in found] == [(), ("model",), ("model",)]
        assert found[1].answered_by == "alpha-lite"
        assert rig.call(rig.node.status).other_models == 2
        metrics = send(rig.port, "GET", "/metrics").body
        assert b'licet_model_breaches_total{worker="0"} 2' in metrics


@pytest.mark.parametrize("before_send", [True, False])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_answer_of_a_model_that_the_caller_may_not_use_reaches_nobody(
    dialect: str, stream: bool, before_send: bool
) -> None:
    files = {"catalog/parties.toml": PARTIES + LITE, **barred("alpha-lite")}
    with Rig(files, at=AT, vendors=EVERY_VENDOR, before_send=before_send) as rig:
        once = Cue(fault="wrong_model", n=1)
        rig.call(rig.vendors.simulation.script.add, [once])
        heard = ask(rig.port, rig.plain_key, dialect, stream=stream)
        assert (heard.status, heard.headers["licet-model"]) == (200, "alpha")
        request = told(rig)[heard.request]
        request.check()
        assert len(request.vendors) == 2
        (_, changed) = request.decisions
        assert changed.candidates[0].model == "alpha-lite"
        assert [outcome.outcome for outcome in request.outcomes] == ["cut", "answered"]
        assert [outcome.breaches for outcome in request.outcomes] == [("model",), ()]
        rig.call(rig.vendors.simulation.script.add, [Cue(fault="wrong_model", when="always")])
        refused = ask(rig.port, rig.plain_key, dialect, model="alpha", stream=stream)
        assert (refused.status, refused.error["licet"]["directives"]) == (451, ["letter"])
        assert "`alpha-lite` is not permitted" in refused.error["message"]


def reading(rig: Rig) -> Streaming:
    """A caller amid the answer of a model that its vendor put in another's place."""
    found = Streaming(rig.port, rig.plain_key, "messages", REFUSE, fallbacks=[{"model": "beta"}])
    found.until_text()
    return found


# So slow that it is still under way until it is told to go on.
SLOW = (
    VendorSpec(
        id="third",
        dialect="messages",
        models=("alpha", "beta"),
        pace_ms=100,
        answer_bytes=3_000,
        chunks=200,
    ),
    VendorSpec(id="fourth", dialect="messages", models=("alpha", "beta")),
)


@pytest.mark.parametrize("model", ["alpha", "beta"])
def test_who_answers_in_anothers_place_is_decided_again_when_the_rules_change(model: str) -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT, vendors=SLOW) as rig:
        streaming = reading(rig)
        rig.adopt(barred(model))
        heard: Heard = streaming.rest()
        assert heard.error["code"] == "directive_refused"
        assert f"`{model}` is not permitted" in heard.error["message"]


def test_who_answers_goes_on_where_the_rules_bar_somebody_else() -> None:
    files = {"licet.toml": SETTINGS, "catalog/parties.toml": PARTIES + LITE}
    with Rig(files, at=AT, vendors=SLOW) as rig:
        streaming = reading(rig)
        rig.adopt(barred("alpha-lite"))
        rig.call(rig.vendors.simulation.resume)
        assert streaming.rest().said.closed
