"""What a refused caller is told: the sentence, and as much of it as directives let be disclosed."""

from __future__ import annotations

from collections.abc import Sequence

from licet.catalog import SubjectRule
from licet.policy.directives import Disclosure
from licet.policy.duties import unenforced
from licet.policy.english import spared, whom, written_moment
from licet.policy.judgement import INCOMPATIBLE
from licet.policy.phrases import quoted
from licet.policy.questions import Decision, Verdict
from licet.policy.rules import UNCLEARED, Rule
from licet.policy.ruleset import Ruleset

_SAID = frozenset({"model.id", "model.lineage", "action"})
"""What the sentence names anyway, so that a directive's phrase leaves it out."""

_REASONS = {
    "unknown_model": "it is not a model of the catalogue",
    "unknown_endpoint": "its endpoint is not in the catalogue",
    "unknown_organisation": "the organisation of this key is not in the catalogue",
    "unknown_workload": "there is no such workload",
    INCOMPATIBLE: "duties that attach to it contradict each other",
}


def disclosed_directives(ruleset: Ruleset, decision: Decision) -> tuple[str, ...]:
    """The deciding directives whose ids a caller may see."""
    return tuple(
        dict.fromkeys(
            rule.id
            for rule in _deciding(ruleset, decision)
            if rule.version.disclosure is Disclosure.FULL
        )
    )


def disclosed_missing(ruleset: Ruleset, decision: Decision) -> tuple[tuple[str, ...], ...]:
    """The missing sets, unless a deciding directive keeps to itself what it asks about."""
    open_ = all(rule.version.disclosure is Disclosure.FULL for rule in _deciding(ruleset, decision))
    return decision.missing if open_ else ()


def refusal_sentence(
    ruleset: Ruleset,
    decision: Decision,
    *,
    model: str,
    workload: str,
    permitted: Sequence[str],
    contact: str,
    request_id: str,
) -> str:
    """Why `model` is refused, what is permitted instead, and whom to ask.

    `permitted`: models of the workload that this caller may use now, in its order.
    """
    use = ruleset.workloads.get(workload)
    job = use is not None and use.subject is SubjectRule.NONE
    text = f"`{model}` is not permitted for this {'job' if job else 'person'} in `{workload}`"
    reasons = [_because(rule) for rule in _deciding(ruleset, decision)]
    told = list(dict.fromkeys(reason for reason in reasons if reason))
    if decision.reason is not None and decision.reason in _REASONS:
        told.append(_REASONS[decision.reason])
    if told:
        text += f": {'; '.join(told)}"
    if decision.verdict is Verdict.UNDETERMINED:
        text += _not_attested(disclosed_missing(ruleset, decision))
    text += "."
    if permitted:
        text += f" Permitted here now: {', '.join(f'`{name}`' for name in permitted)}."
    else:
        text += " No model is permitted here now."
    return f"{text} Questions: {contact}, request {request_id}"


def _deciding(ruleset: Ruleset, decision: Decision) -> list[Rule]:
    """The rules that refuse; of duties that contradict each other, those that carry them."""
    carriers = decision.reason == INCOMPATIBLE
    return [
        rule
        for rule in ruleset.rules
        if rule.id in decision.deciding and (carriers or rule.restricts)
    ]


def _because(rule: Rule) -> str:
    version, authority = rule.version, rule.directive.authority
    match version.disclosure:
        case Disclosure.NONE:
            return ""
        case Disclosure.AUTHORITY:
            return f"by a directive of {authority}" if authority else ""
        case Disclosure.FULL:
            pass
    title = rule.directive.title or rule.id
    source = [authority] if authority else []
    if rule.id != UNCLEARED:
        source.append(f"in force {since(rule)}")
        if version.effective_until is not None:
            source.append(f"until {written_moment(version, version.effective_until)}")
    text = f'"{title}"' + (f" ({', '.join(source)})" if source else "")
    text += f" applies to {whom(version.applies, _SAID)}"
    if exceptions := spared(version.unless, _SAID):
        text += f"; except {exceptions}"
    if undone := unenforced(version):
        text += f", with a duty that nothing carries out: {quoted(duty.kind for duty in undone)}"
    if version.reading.text:
        text += f', read as "{version.reading.text}"'
    return text


def since(rule: Rule) -> str:
    """`since ...`: when the selected version came into force, on the clock on which it was
    written; empty of what has no date."""
    if rule.id == UNCLEARED:
        return ""
    return "since " + written_moment(rule.version, rule.version.effective_from)


def _not_attested(missing: Sequence[Sequence[str]]) -> str:
    if not missing:
        return ", and not enough is attested"
    lists = [name.removeprefix("list.") for name in missing[0] if name.startswith("list.")]
    others = [name for name in missing[0] if not name.startswith("list.")]
    text = ""
    if others:
        text += f", and {quoted(others, 'and')} {'is' if len(others) == 1 else 'are'} not attested"
    if lists:
        text += f", and {quoted(lists, 'and')} {'leaves' if len(lists) == 1 else 'leave'} it open"
    return text
