"""What is in flight when the rules, the facts or the clock change: adopted snapshots, instants
that pass, attestations that end. Judged by what reached the vendors and what the callers saw."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from licet.catalog import Settings
from licet.evidence import DecisionLeaf, KeyedDigest, OutcomeLeaf, digest_key_id
from licet.gateway import Secrets
from licet.gateway.clock import DecisionClock
from licet.policy import Snapshot
from licet.sim import Cue, Entry
from licet.terms import SECOND_US, Instant, format_instant
from tests.contract.asking import PATHS, PATIENCE_S, Heard, Streaming, ask
from tests.contract.evidence import told
from tests.contract.identities import ISSUER_FILE, key, token
from tests.rig import EVERY_VENDOR, LICET, Rig

AT = Instant(1_781_300_000_000_000)
SOON = Instant(AT + 60 * SECOND_US)
LATER = Instant(AT + 120 * SECOND_US)
# Vendors that take their time are no failures here.
SETTINGS = LICET + ISSUER_FILE
# Whatever else the machine does: still under way until the vendors are told to go on.
HELD = "[[sim:stall_mid_text]]"
DIALECTS = tuple(PATHS)


def letter(
    *,
    since: Instant = AT,
    until: Instant | None = None,
    in_flight: str = "cut",
    whom: str = "",
    disclosure: str = "full",
) -> dict[str, str]:
    """A restriction on `alpha`, from an instant on, for everybody or for `whom`."""
    ends = f"effective_until = {format_instant(until)}\n" if until is not None else ""
    return {
        "directives/letter.toml": f"""
id = "letter"
kind = "restriction"
title = "A letter"
authority = "An Authority"

[[version]]
received = 2026-01-01T00:00:00Z
effective_from = {format_instant(since)}
{ends}in_flight = "{in_flight}"
disclosure = "{disclosure}"
[[version.applies]]
model.id = ["alpha"]
{whom}
"""
    }


FOREIGN = "subject.us_person = false"


@pytest.fixture(params=[True, False], ids=["before_send", "before_answer"])
def before_send(request: pytest.FixtureRequest) -> bool:
    found: bool = request.param
    return found


def stream(rig: Rig, dialect: str, who: str = "", **fields: object) -> Streaming:
    """A caller amid a text of which the rest comes when the vendors are told to go on."""
    headers = {"Licet-Subject": who} if who else {}
    found = Streaming(rig.port, rig.plain_key, dialect, HELD, headers=headers, **fields)
    found.until_text()
    return found


def is_cut(heard: Heard, *, directives: list[str]) -> None:
    """The stream ended in good order, with a refusal in its midst."""
    assert heard.whole
    assert heard.status == 200
    assert heard.said.text
    assert not heard.said.closed
    assert heard.error["code"] == "directive_refused"
    assert heard.error["licet"]["directives"] == directives
    assert "alpha" not in heard.error["licet"]["permitted"]


def test_once_adopted_nothing_reaches_a_vendor_against_it(before_send: bool) -> None:
    with (
        Rig({"licet.toml": SETTINGS}, at=AT, vendors=EVERY_VENDOR, before_send=before_send) as rig,
        ThreadPoolExecutor(8) as pool,
    ):
        stop = threading.Event()

        def keep_asking(number: int) -> list[Heard]:
            found = []
            while not stop.is_set():
                dialect = DIALECTS[number % 2]
                found.append(ask(rig.port, rig.plain_key, dialect, stream=number % 4 > 1))
            return found

        asking = [pool.submit(keep_asking, number) for number in range(8)]
        rig.wait(lambda: len(rig.vendors.simulation.ledger.entries()) > 40)
        begun = adopt_beside(rig, letter())

        def later() -> list[Entry]:
            entries = rig.vendors.simulation.ledger.entries()
            return [entry for entry in entries if entry.request_id not in begun]

        rig.wait(lambda: len(later()) > 40)
        stop.set()
        heard = [one for future in asking for one in future.result(20)]
        assert {entry.model for entry in rig.call(later)} == {"beta"}
        assert all(one.whole for one in heard)
        for one in heard:
            if one.status == 200 and one.said.error is None:
                continue
            assert one.error["code"] == "directive_refused"
        for request in told(rig).values():
            request.check()


def changed_by(rig: Rig, files: dict[str, str]) -> tuple[Snapshot, Secrets, Settings]:
    """What a node adopts with these files."""
    rig._files |= files
    configuration = rig.configuration()
    snapshot = Snapshot.of(configuration.sources)
    return snapshot, rig.secrets(configuration), configuration.settings


def adopt_beside(rig: Rig, files: dict[str, str]) -> set[str | None]:
    """Adopts the files, and says which requests there had been by then: what was sent for one of
    them before may be read by its vendor whenever the kernel likes."""
    changed = changed_by(rig, files)

    def adopt() -> set[str | None]:
        begun = {entry.request_id for entry in rig.vendors.simulation.ledger.entries()}
        begun |= {exchange._filing.about.request for exchange in rig.node.desk.company.exchanges}
        rig.node.adopt(*changed)
        return begun

    return rig.call(adopt)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_streams_that_a_directive_names_end_and_others_go_on(
    dialect: str, before_send: bool
) -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT, vendors=EVERY_VENDOR, before_send=before_send) as rig:
        bob = stream(rig, dialect, token(sub="bob", licet={"us_person": False}))
        nobody = stream(rig, dialect)
        alice = stream(rig, dialect, token())
        other = stream(rig, dialect, model="beta")
        rig.adopt(letter(whom=FOREIGN))
        for cut, verdict in ((bob, "refused"), (nobody, "undetermined")):
            heard = cut.rest()
            is_cut(heard, directives=["letter"])
            assert heard.error["licet"]["verdict"] == verdict
        # Their vendors are told that nobody waits any more.
        rig.wait(lambda: len(rig.vendors.simulation.ledger.ends()) == 2)
        rig.call(rig.vendors.simulation.resume)
        for going_on in (alice, other):
            said = going_on.rest().said
            assert said.closed
            assert said.error is None
        requests = told(rig)
        outcomes = {
            one.headers["licet-request-id"]: [o.outcome for o in requests[one_id].outcomes]
            for one in (alice, bob, nobody, other)
            if (one_id := one.headers["licet-request-id"])
        }
        assert list(outcomes.values()) == [["answered"], ["cut"], ["cut"], ["answered"]]
        again = requests[bob.headers["licet-request-id"]].decisions[1]
        assert (again.reason, again.verdict, again.deciding) == (
            "in_flight",
            "refused",
            ("letter",),
        )
        assert again.snapshot == rig.snapshot.digest
        ends = rig.call(rig.vendors.simulation.ledger.ends)
        for cut in (bob, nobody):
            number = requests[cut.headers["licet-request-id"]].arrivals[0].number
            assert ends[number].outcome == "cancelled"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_may_finish_finishes(dialect: str) -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT, vendors=EVERY_VENDOR) as rig:
        going_on = stream(rig, dialect)
        rig.adopt(letter(in_flight="finish"))
        rig.call(rig.vendors.simulation.resume)
        said = going_on.rest().said
        assert (said.closed, said.error) == (True, None)
        refused = ask(rig.port, rig.plain_key, dialect, model="alpha")
        assert refused.status == 451
        assert refused.headers["x-should-retry"] == "false"
        assert refused.headers["link"] == '<https://operator.example/ai>; rel="blocked-by"'


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_directive_comes_into_force_by_the_clock_alone(dialect: str) -> None:
    with Rig(
        {"licet.toml": SETTINGS, **letter(since=SOON, until=LATER)}, at=AT, vendors=EVERY_VENDOR
    ) as rig:
        cut = stream(rig, dialect, model="alpha")
        rig.call(rig.node.step_clock, Instant(SOON - 1))
        rig.call(rig.node.step_clock, SOON)
        is_cut(cut.rest(), directives=["letter"])
        assert ask(rig.port, rig.plain_key, dialect, model="alpha").status == 451
        assert ask(rig.port, rig.plain_key, dialect).headers["licet-model"] == "beta"
        rig.call(rig.node.step_clock, LATER)
        assert ask(rig.port, rig.plain_key, dialect, model="alpha").status == 200


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_has_not_begun_becomes_a_refusal(
    dialect: str, streamed: bool, before_send: bool
) -> None:
    with (
        Rig({"licet.toml": SETTINGS}, at=AT, vendors=EVERY_VENDOR, before_send=before_send) as rig,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting = in_flight(rig, pool, dialect, model="alpha", stream=streamed)
        rig.adopt(letter())
        heard = waiting.result(PATIENCE_S)
        assert heard.status == 451
        assert heard.said.text == ""
        assert "Permitted here now" not in heard.error["message"]
        request = told(rig)[heard.request]
        request.check()
        reasons = [d.reason for d in request.decisions]
        assert reasons[:2] == ["admission", "in_flight"]
        assert set(reasons[2:]) <= {"attempt"}
        assert [o.outcome for o in request.outcomes] == ["refused"]
        assert request.outcomes[0].deciding == ("letter",)


def in_flight(rig: Rig, pool: ThreadPoolExecutor, dialect: str, **fields: object) -> Future[Heard]:
    """A request that a vendor has and does not answer."""
    silent = Cue(fault="stall", model="alpha", when="always")
    rig.call(rig.vendors.simulation.script.add, [silent])
    waiting = pool.submit(
        lambda: ask(rig.port, rig.plain_key, dialect, **fields)  # type: ignore[arg-type]
    )
    rig.wait(lambda: len(rig.vendors.simulation.ledger.entries()) == 1)
    return waiting


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_workload_goes_on_with_what_is_still_permitted(dialect: str, before_send: bool) -> None:
    with (
        Rig({"licet.toml": SETTINGS}, at=AT, vendors=EVERY_VENDOR, before_send=before_send) as rig,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting = in_flight(rig, pool, dialect)
        rig.adopt(letter())
        heard = waiting.result(PATIENCE_S)
        assert (heard.status, heard.headers["licet-model"]) == (200, "beta")
        request = told(rig)[heard.request]
        request.check()
        assert [o.outcome for o in request.outcomes][-1] == "answered"


def expiring(at: Instant) -> str:
    return token(licet={"us_person": True, "expires": format_instant(at)})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_ends_with_the_attestation_it_rests_on(dialect: str) -> None:
    files = {"licet.toml": SETTINGS, **letter(whom=FOREIGN)}
    with Rig(files, at=AT, vendors=EVERY_VENDOR) as rig:
        cut = stream(rig, dialect, expiring(SOON), model="alpha")
        going_on = stream(rig, dialect, expiring(LATER), model="alpha")
        # The clock passes without anybody telling the desk: it looks at it by itself.
        rig.call(rig.node.desk.clock.step, SOON)
        is_cut(cut.rest(), directives=["letter"])
        rig.call(rig.vendors.simulation.resume)
        assert going_on.rest().said.closed


@pytest.mark.parametrize("dialect", DIALECTS)
def test_another_request_does_not_renew_what_a_stream_rests_on(dialect: str) -> None:
    files = {"licet.toml": SETTINGS, **letter(whom=FOREIGN)}
    with Rig(files, at=AT, vendors=EVERY_VENDOR) as rig:
        who = expiring(SOON)
        cut = stream(rig, dialect, who, model="alpha")

        def pass_unseen() -> None:
            # In one turn: the clock passes, and the same caller is looked at again.
            rig.node.desk.clock.step(SOON)
            desk = rig.node.desk
            entry = {b"x-api-key": rig.plain_key.encode(), b"licet-subject": who.encode()}
            caller = desk.world.admission.admit(entry)
            workload = caller.workloads[0]  # type: ignore[union-attr]
            caller.known(desk.world.rules, workload, SOON)  # type: ignore[union-attr]

        rig.call(pass_unseen)
        is_cut(cut.rest(), directives=["letter"])


def test_a_stream_ends_with_what_its_key_attests() -> None:
    attests = "[attests]\nus_person = true\n"
    plain, file = key("office", attests=attests)
    files = {"licet.toml": SETTINGS, "keys/office.toml": file, **letter(whom=FOREIGN)}
    with Rig(files, at=AT, vendors=EVERY_VENDOR) as rig:
        cut = Streaming(rig.port, plain, "chat", HELD, model="alpha")
        cut.until_text()
        rig.adopt({"keys/office.toml": file.replace(attests, "")})
        is_cut(cut.rest(), directives=["letter"])


def test_of_a_revoked_key_only_what_nobody_restricts_goes_on() -> None:
    plain, file = key("office", attests="[attests]\nus_person = true\n")
    files = {"licet.toml": SETTINGS, "keys/office.toml": file, **letter(whom=FOREIGN)}
    with Rig(files, at=AT, vendors=EVERY_VENDOR) as rig:
        cut, going_on = (
            Streaming(rig.port, plain, "chat", HELD, model=model) for model in ("alpha", "beta")
        )
        for one in (cut, going_on):
            one.until_text()
        head, _, attests = file.partition("[attests]")
        rig.adopt({"keys/office.toml": f"{head}revoked = 2026-01-01T00:00:00Z\n[attests]{attests}"})
        is_cut(cut.rest(), directives=["letter"])
        rig.call(rig.vendors.simulation.resume)
        assert going_on.rest().said.closed
        assert ask(rig.port, plain, "chat").status == 401


@pytest.mark.parametrize(
    ("disclosure", "named"), [("full", "A letter"), ("authority", "An Authority"), ("none", "")]
)
def test_a_caller_is_told_no_more_than_may_be_disclosed(disclosure: str, named: str) -> None:
    with Rig(
        {"licet.toml": SETTINGS, **letter(disclosure=disclosure)}, at=AT, vendors=EVERY_VENDOR
    ) as rig:
        refused = ask(rig.port, rig.plain_key, "chat", model="alpha")
        assert refused.status == 451
        assert named in refused.error["message"]
        rerouted = ask(rig.port, rig.plain_key, "chat")
        assert rerouted.headers["licet-decision"] == "rerouted"
        if disclosure == "full":
            assert rerouted.headers["licet-directives"] == "letter"
        else:
            told_of = refused.body.decode() + str(refused.headers) + str(rerouted.headers)
            assert "letter" not in told_of


def test_availability_is_a_dated_fact_apart_from_permission() -> None:
    withdrawn = f"""
[[availability]]
model = "alpha"
from = {format_instant(SOON)}
until = {format_instant(LATER)}
reason = "withdrawn by its maker"
"""
    with Rig(
        {"licet.toml": SETTINGS, "catalog/availability.toml": withdrawn},
        at=AT,
        vendors=EVERY_VENDOR,
    ) as rig:
        going_on = stream(rig, "chat", model="alpha")
        rig.call(rig.node.step_clock, SOON)
        heard = ask(rig.port, rig.plain_key, "chat", model="alpha")
        assert (heard.status, heard.error["code"]) == (503, "model_unavailable")
        assert ask(rig.port, rig.plain_key, "chat").headers["licet-model"] == "beta"
        rig.call(rig.vendors.simulation.resume)
        assert going_on.rest().said.closed
        rig.call(rig.node.step_clock, LATER)
        assert ask(rig.port, rig.plain_key, "chat", model="alpha").status == 200


def test_a_worker_without_its_lease_refuses_but_for_workloads_that_say_otherwise() -> None:
    lenient = """
id = "chat-any"
dialect = "chat"
on_stale = "serve"
[[candidate]]
model = "alpha"
"""
    with Rig(
        {"licet.toml": SETTINGS, "workloads/chat-any.toml": lenient}, at=AT, vendors=EVERY_VENDOR
    ) as rig:
        rig.call(rig.node.renew_lease, rig.snapshot.digest, 0.0)
        heard = ask(rig.port, rig.plain_key, "chat")
        assert (heard.status, heard.error["code"]) == (503, "stale_snapshot")
        assert heard.headers["retry-after"] == "1"
        served = ask(rig.port, rig.plain_key, "chat", model="chat-any")
        assert served.status == 200
        assert told(rig)[served.request].decisions[0].stale
        rig.call(rig.node.renew_lease, rig.snapshot.digest, 60.0)
        fresh = ask(rig.port, rig.plain_key, "chat", model="chat-any")
        assert not told(rig)[fresh.request].decisions[0].stale


def test_nothing_is_decided_while_the_clock_has_left_its_permitted_error() -> None:
    """The log has seen an instant that the system's clock has yet to reach."""
    with Rig({"licet.toml": SETTINGS}, at=AT) as rig:
        sound = rig.node.desk.clock
        behind = DecisionClock(wall_ns=lambda: (AT - 1_000_001) * 1000, error_max_us=1_000_000)
        behind.set_floor(AT)
        rig.call(setattr, rig.node.desk, "clock", behind)
        heard = ask(rig.port, rig.plain_key, "chat")
        assert (heard.status, heard.error["code"]) == (503, "clock_uncertain")
        assert not [leaf for leaf in rig.records() if isinstance(leaf, DecisionLeaf)]
        rig.call(setattr, rig.node.desk, "clock", sound)
        assert ask(rig.port, rig.plain_key, "chat").status == 200


def test_every_decision_names_the_snapshot_it_was_made_under() -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT, vendors=EVERY_VENDOR) as rig:
        before = ask(rig.port, rig.plain_key, "chat"), rig.snapshot.digest
        rig.adopt(letter())
        after = ask(rig.port, rig.plain_key, "chat"), rig.snapshot.digest
        requests = told(rig)
        for heard, digest in (before, after):
            decision = requests[heard.request].decisions[0]
            assert decision.snapshot == digest
            sending = decision.sending
            assert sending is not None
            assert sending.snapshot == digest
        assert before[1] != after[1]


def test_what_was_barred_before_it_was_sent_says_so_and_nothing_of_the_attempt_before() -> None:
    failing = Cue(fault="status_500", vendor="first", model="alpha", when="always")
    with Rig({"licet.toml": SETTINGS}, at=AT, vendors=EVERY_VENDOR) as rig:
        rig.call(rig.vendors.simulation.script.add, [failing])
        world = rig.node.desk.world
        submit, second = world.committer.submit, threading.Event()

        def watch(leaf: bytes, *rest: object) -> bool:
            if b'"kind":"attempt"' in leaf:
                # The rules change while the record of the second sending is on its way.
                rig.node._loop.call_soon(rig.node.adopt, *changed)
                second.set()
            return submit(leaf, *rest)  # type: ignore[arg-type]

        changed = changed_by(rig, letter())
        world.committer.submit = watch  # type: ignore[method-assign,assignment]
        heard = ask(rig.port, rig.plain_key, "chat", model="alpha")
        world.committer.submit = submit  # type: ignore[method-assign]
        assert second.is_set()
        assert heard.status == 502
        request = told(rig)[heard.request]
        request.check()
        ends = [(o.attempt, o.tries, o.status) for o in request.outcomes]
        assert ends == [(1, 1, 500), (2, 0, 0)]
        assert [entry.vendor for entry in request.arrivals] == ["first"]


def test_users_are_told_what_a_duty_says_of_the_answer_that_they_get() -> None:
    notice = """
id = "transparency"
kind = "obligation"
title = "Answers are made by a machine"

[[version]]
received = 2026-01-01T00:00:00Z
effective_from = 2026-01-01T00:00:00Z
[[version.applies]]
model.id = ["beta"]
[[version.duty]]
notify_user = true
"""
    files = {"licet.toml": SETTINGS, "directives/transparency.toml": notice, **letter()}
    with Rig(files, at=AT, vendors=EVERY_VENDOR) as rig:
        rerouted = ask(rig.port, rig.plain_key, "chat")
        assert rerouted.headers["licet-model"] == "beta"
        assert rerouted.headers["licet-notice"] == "Answers are made by a machine"
        decided = [leaf for leaf in rig.records() if isinstance(leaf, DecisionLeaf)]
        assert decided[-1].duties == ("notify_user",)
    # The duty attaches to what `beta` answers, and not where it merely might have.
    for others in ({}, {"directives/transparency.toml": notice}):
        with Rig({"licet.toml": SETTINGS, **others}, at=AT) as rig:
            heard = ask(rig.port, rig.plain_key, "chat")
            assert heard.headers["licet-model"] == "alpha"
            assert "licet-notice" not in heard.headers


@pytest.mark.parametrize("barred", [False, True], ids=["goes on", "is cut"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_began_under_one_digest_key_ends_under_it(dialect: str, barred: bool) -> None:
    with Rig({"licet.toml": SETTINGS}, at=AT, vendors=EVERY_VENDOR) as rig:
        old = rig.digest_key
        streaming = stream(rig, dialect)
        rig.digest_key = b"another key of thirty-two bytes."
        rig.adopt(letter() if barred else None)
        if not barred:
            rig.call(rig.vendors.simulation.resume)
        heard = streaming.rest()
        later = ask(rig.port, rig.plain_key, dialect, model=f"{dialect}-any")
        outcomes = {one.request: one for one in rig.records() if isinstance(one, OutcomeLeaf)}
        decisions = {one.request: one for one in rig.records() if isinstance(one, DecisionLeaf)}
    # What tells of a cut is not the vendor's answer, and is not digested as if it were.
    told = heard.body.removesuffix(b"\n\n").rpartition(b"\n\n")[2] + b"\n\n" if barred else b""
    ended = outcomes[heard.request]
    assert ended.outcome == ("cut" if barred else "answered")
    assert ended.digest_key == digest_key_id(old)
    assert ended.answer_digest == KeyedDigest(old)(heard.body.removesuffix(told))
    begun, answered = decisions[later.request], outcomes[later.request]
    assert begun.digest_key == answered.digest_key == digest_key_id(rig.digest_key)
    assert answered.answer_digest == KeyedDigest(rig.digest_key)(later.body)
