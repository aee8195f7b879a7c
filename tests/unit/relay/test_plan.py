"""What a name means, and what is tried for it in which order."""

from __future__ import annotations

from licet.catalog import Candidate, Workload
from licet.policy import Decision, Verdict
from licet.relay import Plan, plan, target

FABLE, OPUS, GLM = "claude-fable-5", "claude-opus-4.8", "glm-5.2"
PERMITTED = Decision(verdict=Verdict.PERMITTED)
REFUSED = Decision(verdict=Verdict.REFUSED, deciding=("letter",))
UNDETERMINED = Decision(verdict=Verdict.UNDETERMINED, deciding=("letter",))


def workload(name: str, *candidates: tuple[str, str], substitute: bool = False) -> Workload:
    return Workload(
        id=name,
        candidates=tuple(Candidate(model=model, endpoint=at) for model, at in candidates),
        substitute=substitute,
    )


REVIEW = workload("code-review", (FABLE, "anthropic"), (FABLE, "cloud"), (OPUS, "anthropic"))
BATCH = workload("batch", (GLM, "own"), (OPUS, "cloud"), substitute=True)


def found(name: str, *, at: str = "") -> list[tuple[str, str]] | None:
    """What `name` means where only endpoints `at` speak the dialect (empty: all do)."""
    wanted = target(name, (REVIEW, BATCH), lambda c: not at or c.endpoint == at)
    return None if wanted is None else [(c.model, c.endpoint) for c in wanted.candidates]


def test_a_workload_is_all_its_candidates_in_order() -> None:
    assert found("code-review") == [(FABLE, "anthropic"), (FABLE, "cloud"), (OPUS, "anthropic")]


def test_a_model_is_itself_alone_at_all_its_endpoints() -> None:
    assert found(FABLE) == [(FABLE, "anthropic"), (FABLE, "cloud")]


def test_where_the_workload_says_so_others_follow_it() -> None:
    assert found(GLM) == [(GLM, "own"), (OPUS, "cloud")]


def test_of_two_workloads_the_one_that_speaks_is_meant() -> None:
    assert found(OPUS) == [(OPUS, "anthropic")]
    assert found(OPUS, at="cloud") == [(OPUS, "cloud"), (GLM, "own")]


def test_a_name_that_is_neither_means_nothing() -> None:
    assert found("gpt-2") is None


def planned(
    decisions: dict[str, Decision], *, unavailable: str = "", unhealthy: str = "", mute: str = ""
) -> Plan:
    """A plan for the review; endpoints by their names, decisions by model."""
    wanted = target("code-review", (REVIEW,), lambda _: True)
    assert wanted is not None
    return plan(
        wanted,
        decide=lambda c: decisions.get(c.model, PERMITTED),
        able=lambda c: c.endpoint != mute,
        available=lambda c: c.endpoint != unavailable,
        healthy=lambda c: c.endpoint not in unhealthy.split(),
    )


def steps(found: Plan) -> list[tuple[str, str]]:
    return [(c.model, c.endpoint) for c in found.steps]


def test_what_is_refused_undetermined_mute_or_withdrawn_is_no_step() -> None:
    assert steps(planned({FABLE: REFUSED})) == [(OPUS, "anthropic")]
    assert steps(planned({FABLE: UNDETERMINED})) == [(OPUS, "anthropic")]
    assert steps(planned({}, mute="anthropic")) == [(FABLE, "cloud")]
    assert steps(planned({}, unavailable="cloud")) == [(FABLE, "anthropic"), (OPUS, "anthropic")]


def test_what_is_unhealthy_is_left_out_unless_nothing_else_is_there() -> None:
    assert steps(planned({}, unhealthy="anthropic")) == [(FABLE, "cloud")]
    assert len(steps(planned({}, unhealthy="anthropic cloud"))) == 3


def test_every_candidate_is_considered_and_the_verdict_is_of_any() -> None:
    one = planned({FABLE: REFUSED})
    assert len(one.considered) == 3
    assert one.verdict is Verdict.PERMITTED
    assert one.barring == ("letter",)
    none = planned({FABLE: UNDETERMINED, OPUS: REFUSED})
    assert none.verdict is Verdict.UNDETERMINED
    assert none.steps == ()
