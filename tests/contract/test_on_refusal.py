"""Vendors' refusals: passed on, unless a rule of the workload routes them to a named model."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import openai
import pytest
from click.testing import CliRunner

from licet.cli import program
from licet.sim import Cue
from licet.terms import Instant
from tests.contract.asking import PATIENCE_S, Heard, ask
from tests.contract.evidence import Told, told
from tests.contract.test_motion import letter
from tests.rig import EVERY_VENDOR, LICET, WORKLOAD, Rig, bounded

AT = Instant(1_781_300_000_000_000)
DIALECTS = ("chat", "messages", "responses")
FIRST = {"chat": "first", "messages": "third", "responses": "fifth"}
# What the simulated vendors say, and of which class that is in each dialect.
REFUSING: dict[str, dict[str, str]] = {
    "refusal": {"chat": "refusal", "messages": "refusal", "responses": "refusal"},
    "filter_error": dict.fromkeys(DIALECTS, "content_filter"),
    "policy_error": {
        "chat": "policy_error", "messages": "content_filter", "responses": "policy_error",
    },
    "policy_in_band": {
        "chat": "policy_error", "messages": "content_filter", "responses": "policy_error",
    },
}  # fmt: skip
BETA = '[[on_refusal]]\nmodel = "beta"\n'


def files(rules: str = BETA, *, evidence: str = "before_send", extra: str = "") -> dict[str, str]:
    """Workloads of which each candidate list is `alpha` alone, so that nothing else follows."""
    found = {}
    for dialect in DIALECTS:
        for suffix, substitute in (("", "false"), ("-any", "true")):
            text = WORKLOAD.format(
                id=dialect + suffix,
                dialect=dialect,
                substitute=substitute,
                extra=f'evidence = "{evidence}"\n{extra}',
            )
            alone = text.replace('[[candidate]]\nmodel = "beta"\n', "")
            found[f"workloads/{dialect}{suffix}.toml"] = alone + rules
    return found


def barred(model: str) -> dict[str, str]:
    return {name: text.replace("alpha", model) for name, text in letter().items()}


def of(rig: Rig, heard: Heard) -> Told:
    found = told(rig)[heard.request]
    found.check()
    return found


def refuse(rig: Rig, fault: str, model: str = "alpha") -> None:
    """From here on this befalls one model, wherever it is asked."""
    cue = Cue(fault=fault, model=model, when="always")
    rig.call(rig.vendors.simulation.script.add, [cue])


def is_passed_on(heard: Heard, fault: str) -> None:
    """The refusal as it came, of whoever was asked first."""
    assert heard.headers["licet-model"] == "alpha"
    assert "licet-refused-by" not in heard.headers
    if fault == "refusal":
        assert heard.status == 200
        assert heard.said.closed
        assert "answer from" not in heard.said.text
    else:
        assert heard.status == 400
        assert heard.error["message"]


@pytest.mark.parametrize("evidence", ["before_send", "before_answer"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", REFUSING)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_refusal_is_routed_once_and_on_record(
    dialect: str, fault: str, stream: bool, evidence: str
) -> None:
    kind = REFUSING[fault][dialect]
    with Rig(files(evidence=evidence), at=AT, vendors=EVERY_VENDOR) as rig:
        heard = ask(rig.port, rig.plain_key, dialect, f"[[sim:{fault}]]", stream=stream)
        # The other model of the same vendor refuses as well, and that is the answer.
        assert heard.headers["licet-model"] == "beta"
        request = of(rig, heard)
    assert [(a.vendor, a.model) for a in request.arrivals] == [
        (FIRST[dialect], "alpha"), (FIRST[dialect], "beta"),
    ]  # fmt: skip
    (attempt,) = request.attempts
    assert (attempt.sending.model, attempt.cause) == ("beta", kind)
    assert (request.outcomes[0].outcome, request.outcomes[0].fault) == ("failed", kind)
    assert request.outcomes[0].category
    (decision,) = request.decisions
    assert [(one.model, one.verdict) for one in decision.routes] == [
        ("beta", "permitted"), ("beta", "permitted"),
    ]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", REFUSING)
@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize("vendor", DIALECTS)
def test_whoever_asks_gets_one_valid_answer_of_the_other_model(
    caller: str, vendor: str, fault: str, stream: bool
) -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, fault)
        heard = ask(rig.port, rig.plain_key, caller, model=vendor, stream=stream)
        assert (heard.status, heard.said.closed, heard.said.error) == (200, True, None)
        assert heard.said.text.startswith("answer from beta")
        assert heard.headers["licet-model"] == "beta"
        assert heard.headers["licet-decision"] == "rerouted"
        assert heard.headers["licet-refused-by"] == "alpha"
        assert heard.headers["licet-refusal"] == REFUSING[fault][vendor]
        request = of(rig, heard)
        assert [outcome.outcome for outcome in request.outcomes] == ["failed", "answered"]
        assert request.outcomes[1].answer_digest


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", REFUSING)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_a_rule_a_refusal_is_passed_on(dialect: str, fault: str, stream: bool) -> None:
    with Rig(at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, fault)
        heard = ask(rig.port, rig.plain_key, f"{dialect}", stream=stream)
        is_passed_on(heard, fault)
        assert of(rig, heard).vendors == [FIRST[dialect]]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", REFUSING)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_to_a_model_that_the_caller_may_not_use_nothing_is_routed(
    dialect: str, fault: str, stream: bool
) -> None:
    with Rig(files() | barred("beta"), at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, fault)
        heard = ask(rig.port, rig.plain_key, dialect, stream=stream)
        is_passed_on(heard, fault)
        request = of(rig, heard)
        assert request.vendors == [FIRST[dialect]]
        (decision,) = request.decisions
        assert {one.verdict for one in decision.routes} == {"refused"}


@pytest.mark.parametrize("trouble", ["status_500", "cut_before_head", "stall", "html_answer"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", REFUSING)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_where_nobody_else_answers_the_refusal_stands(
    dialect: str, fault: str, stream: bool, trouble: str
) -> None:
    settings = bounded(LICET, head_ms=400) if trouble == "stall" else LICET
    with Rig(files() | {"licet.toml": settings}, at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, fault)
        refuse(rig, trouble, "beta")
        heard = ask(rig.port, rig.plain_key, dialect, stream=stream)
        is_passed_on(heard, fault)
        assert heard.headers["licet-endpoint"] == FIRST[dialect]
        request = of(rig, heard)
        assert request.vendors[0] == FIRST[dialect]
        assert len(request.attempts) == 2
        assert {one.outcome for one in request.outcomes} == {"failed"}
        assert [one.shown for one in request.outcomes] == [0, 0, 1]
        assert bool(request.outcomes[2].answer_digest) == (fault == "refusal")


def test_a_report_counts_a_refusal_that_stands_as_what_the_caller_got() -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, "status_500", "beta")
        for fault in ("refusal", "policy_error"):
            refuse(rig, fault)
            ask(rig.port, rig.plain_key, "chat")
        told(rig)
        folder = str(rig.folder / "evidence")
        argv = ["evidence", "report", "--json", "--folder", folder]
        total = json.loads(CliRunner().invoke(program, argv).stdout)["figures"]["total"]
    assert (total["as_asked"], total["rejected"], total["requests"]) == (1, 1, 2)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_amid_an_answer_that_the_caller_reads_a_refusal_is_passed_on(
    dialect: str, stream: bool
) -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, "refusal:3")
        heard = ask(rig.port, rig.plain_key, dialect, stream=stream)
        # A whole answer nobody has begun to read.
        assert heard.headers["licet-model"] == ("alpha" if stream else "beta")
        assert heard.said.closed
        assert len(of(rig, heard).arrivals) == (1 if stream else 2)


RULES = {
    "refusal": '[[on_refusal]]\nclass = ["refusal"]\nmodel = "beta"\n',
    "content_filter": '[[on_refusal]]\nclass = ["content_filter"]\nmodel = "beta"\n',
    "policy_error": '[[on_refusal]]\nclass = ["policy_error"]\nmodel = "beta"\n',
}


@pytest.mark.parametrize("fault", REFUSING)
@pytest.mark.parametrize("kind", RULES)
def test_a_rule_routes_its_own_classes(kind: str, fault: str) -> None:
    with Rig(files(RULES[kind]), at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, fault)
        heard = ask(rig.port, rig.plain_key, "chat")
        routed = REFUSING[fault]["chat"] == kind
        assert heard.headers["licet-model"] == ("beta" if routed else "alpha")


def test_the_first_rule_that_covers_counts() -> None:
    rules = (
        '[[on_refusal]]\ncategory = ["bio"]\nmodel = "beta"\nendpoints = ["third"]\n'
        '[[on_refusal]]\nclass = ["refusal"]\nmodel = "beta"\nendpoints = ["fourth"]\n'
    )
    with Rig({"workloads/messages.toml": files(rules)["workloads/messages.toml"]}, at=AT) as rig:
        refuse(rig, "refusal")
        heard = ask(rig.port, rig.plain_key, "messages")
        assert heard.headers["licet-endpoint"] == "fourth"


@pytest.mark.parametrize(("workload", "model"), [("chat", "alpha"), ("chat-any", "beta")])
def test_a_model_asked_by_name_is_replaced_where_the_workload_substitutes(
    workload: str, model: str
) -> None:
    found = files()
    kept = {name: text for name, text in found.items() if name == f"workloads/{workload}.toml"}
    others = {f"workloads/{one}.toml": "" for one in ("chat", "chat-any") if one != workload}
    with Rig(kept | others, at=AT) as rig:
        refuse(rig, "refusal")
        heard = ask(rig.port, rig.plain_key, "chat", model="alpha")
        assert heard.headers["licet-model"] == model


def test_of_several_answers_none_is_thrown_away() -> None:
    with Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, "refusal")
        heard = ask(rig.port, rig.plain_key, "chat", n=2)
        assert heard.headers["licet-model"] == "alpha"


def test_who_looks_after_refusals_is_held_to_the_bounds() -> None:
    settings = bounded(LICET, attempts_max=1)
    with Rig(files() | {"licet.toml": settings}, at=AT, vendors=EVERY_VENDOR) as rig:
        refuse(rig, "refusal")
        assert ask(rig.port, rig.plain_key, "chat").headers["licet-model"] == "alpha"


def test_rules_that_change_while_the_other_model_is_asked_hold() -> None:
    with (
        Rig(files() | {"licet.toml": LICET}, at=AT, vendors=EVERY_VENDOR) as rig,
        ThreadPoolExecutor(1) as pool,
    ):
        refuse(rig, "refusal")
        refuse(rig, "stall", "beta")
        asking = pool.submit(ask, rig.port, rig.plain_key, "chat")
        rig.wait(lambda: len(rig.vendors.simulation.ledger.entries()) == 2)
        rig.adopt(barred("beta"))
        heard = asking.result(PATIENCE_S)
        is_passed_on(heard, "refusal")
        request = of(rig, heard)
        assert [one.outcome for one in request.outcomes] == ["failed", "cut"]
        assert request.outcomes[1].shown == 1


def test_the_official_clients_read_a_valid_answer_and_see_whose_it_is() -> None:
    with (
        Rig(files(), at=AT, vendors=EVERY_VENDOR) as rig,
        anthropic.Anthropic(base_url=rig.url, api_key=rig.plain_key, max_retries=0) as claude,
        openai.OpenAI(base_url=f"{rig.url}/v1", api_key=rig.plain_key, max_retries=0) as chat,
    ):
        refuse(rig, "refusal")
        hi: Any = [{"role": "user", "content": "hi"}]
        raw = chat.chat.completions.with_raw_response.create(model="chat", messages=hi)
        assert raw.headers["licet-refused-by"] == "alpha"
        completion = raw.parse()
        assert completion.model == "beta"
        assert (completion.choices[0].message.content or "").startswith("answer from beta")
        assert completion.choices[0].message.refusal is None
        with chat.chat.completions.with_streaming_response.create(
            model="chat", messages=hi, stream=True
        ) as streamed:
            assert streamed.headers["licet-model"] == "beta"
            assert {chunk.model for chunk in streamed.parse()} == {"beta"}
        response = chat.responses.create(model="responses", input="hi")
        assert (response.model, response.status) == ("beta", "completed")
        message = claude.messages.with_raw_response.create(
            model="messages", max_tokens=50, messages=hi
        )
        assert message.headers["licet-refused-by"] == "alpha"
        assert message.parse().model == "beta"
        with claude.messages.stream(model="messages", max_tokens=50, messages=hi) as stream:
            assert "".join(stream.text_stream).startswith("answer from beta")
            assert stream.get_final_message().model == "beta"
            assert stream.response.headers["licet-refusal"] == "refusal"
