"""Why: a verdict as a short chain of reasons, with who attested what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from licet.policy.columns import answer
from licet.policy.directives import Alternative, Condition, Kind, Mode, View
from licet.policy.holdings import Holding
from licet.policy.judgement import INCOMPATIBLE
from licet.policy.matching import Stand
from licet.policy.phrases import listing, phrase, quoted
from licet.policy.questions import Action, Decision, Moment
from licet.policy.refusal import since
from licet.policy.rules import Atom, Rule
from licet.policy.ruleset import Candidate, Known, Ruleset
from licet.policy.snapshot import Snapshot
from licet.terms import Attested, Profile


class Ground(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition and what is known of it: `holds` None is unknown.

    `complete`: whether `value` is all there is. `follows_from`: the attribute that is attested,
    where the axioms give this one. `left_open_by`: lists that do not answer.
    """

    condition: str
    attribute: str
    holds: bool | None
    value: str = ""
    complete: bool = True
    follows_from: str = ""
    left_open_by: tuple[str, ...] = ()
    issuer: str = ""
    assurance: str = ""
    evidence_date: datetime | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One selected version that fires, or may: what it does to this question and on what grounds.

    `effect`: `refuses`, `may refuse`, `would refuse` (observed), `relieves`, `does
    not relieve`, `binds`. `grounds`: of the alternative that comes nearest. `relieved_by`:
    authorisations that do. `barred_by`: why an authorisation that matches does not.
    """

    directive: str
    version: int
    title: str
    authority: str
    since: str
    effect: str
    grounds: tuple[Ground, ...] = ()
    relieved_by: tuple[str, ...] = ()
    barred_by: tuple[str, ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision with the reasons for it, in the order of the sources."""

    decision: Decision
    digest: str
    reasons: tuple[Reason, ...] = ()
    conflicts: tuple[str, ...] = ()


def explain(
    snapshot: Snapshot,
    moment: Moment,
    *,
    profile: Profile,
    organisation: str,
    workload: str,
    model: str,
    endpoint: str,
    action: Action = Action.INFERENCE,
) -> Explanation:
    """Decides the question and says why."""
    ruleset = snapshot.select(moment.valid_at, moment.known_at, moment.error_us)
    known = ruleset.know(profile, organisation, workload, moment.valid_at)
    decision = ruleset.decide(known, model, endpoint, action)
    reasons: tuple[Reason, ...] = ()
    if decision.reason in (None, INCOMPATIBLE):
        candidate = ruleset.candidate(model, endpoint, action)
        reasons = tuple(_reasons(ruleset, known, candidate, decision))
    return Explanation(
        decision=decision, digest=snapshot.digest, reasons=reasons, conflicts=known.conflicts
    )


def sentences(explanation: Explanation) -> tuple[str, ...]:
    """The chain of reasons in English, one line each, grounds indented."""
    lines = [_verdict_line(explanation.decision)]
    for reason in explanation.reasons:
        source = ", ".join(part for part in (reason.authority, reason.since) if part)
        line = f'"{reason.title}" ({source}) {reason.effect}'
        if reason.relieved_by:
            line += f", relieved by {quoted(reason.relieved_by, 'and')}"
        if reason.barred_by:
            line += f": {listing(reason.barred_by)}"
        lines.append(line)
        lines += [f"  {_ground_line(ground)}" for ground in reason.grounds]
    lines += [f"attestations of `{name}` contradict each other" for name in explanation.conflicts]
    return tuple(lines)


def _verdict_line(decision: Decision) -> str:
    text = str(decision.verdict)
    if decision.deciding:
        text += f" by {quoted(decision.deciding, 'and')}"
    if decision.reason is not None:
        text += f": {decision.reason.replace('_', ' ')}"
    if decision.missing:
        text += f": settled by attesting {' or '.join(quoted(s, 'and') for s in decision.missing)}"
    if decision.observed_verdict is not None:
        text += f"; would be {decision.observed_verdict} by {quoted(decision.observed, 'and')}"
    return text


def _ground_line(ground: Ground) -> str:
    state = {True: "holds", False: "does not hold", None: "unknown"}[ground.holds]
    line = f"{ground.condition}: {state}"
    if ground.value:
        verb = "is" if ground.complete else "is at least"
        line += f", `{ground.attribute}` {verb} {ground.value}"
    if ground.left_open_by:
        line += f", which {quoted(ground.left_open_by, 'and')} leaves open"
    if ground.follows_from:
        line += f", by `{ground.follows_from}`"
    if ground.issuer:
        dated = f", {ground.evidence_date:%Y-%m-%d}" if ground.evidence_date else ""
        line += f" (attested by {ground.issuer}, {ground.assurance}{dated})"
    return line


def _reasons(
    ruleset: Ruleset, known: Known, candidate: Candidate, decision: Decision
) -> Iterator[Reason]:
    must, may = known.must & candidate.must, known.may & candidate.may
    firing = [
        (rule, fires) for rule in ruleset.rules if (fires := rule.fires(must, may)) is not False
    ]
    refusing = {rule.id for rule, _ in firing if rule.restricts}
    tied = {part.id for rule, _ in firing for relief in rule.reliefs for part in relief}
    for rule, fires in firing:
        if not _matters(rule, refusing, decision):
            continue
        relieved = tuple(
            dict.fromkeys(
                part.id
                for relief in rule.reliefs
                for part in relief
                if part.id in decision.relieving
            )
        )
        barred = tuple(rule.bars) if rule.id not in tied else ()
        yield Reason(
            directive=rule.id,
            version=rule.number,
            title=rule.directive.title or rule.id,
            authority=rule.directive.authority,
            since=since(rule),
            effect=_effect(rule, certain=fires is True, barred=bool(barred)),
            barred_by=barred,
            grounds=tuple(_grounds(ruleset, known, candidate, rule)),
            relieved_by=relieved,
        )


def _matters(rule: Rule, refusing: set[str], decision: Decision) -> bool:
    """An authorisation matters where what it names fires, and what binds where it is served."""
    match rule.directive.kind:
        case Kind.AUTHORISATION:
            return not refusing.isdisjoint(rule.version.relieves)
        case Kind.OBLIGATION if not rule.restricts:
            return decision.permitted or rule.id in set(decision.deciding) - refusing
        case _:
            return True


def _effect(rule: Rule, *, certain: bool, barred: bool) -> str:
    match rule.directive.kind:
        case Kind.AUTHORISATION if barred:
            effect = "does not relieve"
        case Kind.AUTHORISATION:
            effect = "relieves" if certain else "may relieve"
        case Kind.OBLIGATION if not rule.restricts:
            effect = "binds" if certain else "may bind"
        case _:
            effect = "refuses" if certain else "may refuse"
    return f"{effect} (observed only)" if rule.version.mode is Mode.OBSERVE else effect


def _grounds(ruleset: Ruleset, known: Known, candidate: Candidate, rule: Rule) -> Iterator[Ground]:
    """The conditions of the alternative that comes nearest to holding, then of exceptions that
    are unknown."""
    first = (rule.applies & -rule.applies).bit_length() - 1
    written = rule.version.applies or (Alternative(conditions=()),)
    best: list[Ground] = []
    for offset, alternative in enumerate(written):
        atoms = ruleset.rows[first + offset]
        grounds = [
            _ground(ruleset, known, candidate, condition, atom)
            for condition, atom in zip(alternative.conditions, atoms, strict=True)
        ]
        states = [ground.holds for ground in grounds]
        if False not in states and (not best or None not in states):
            best = grounds
    yield from best
    for offset, exception in enumerate(rule.version.unless):
        atoms = ruleset.rows[first + len(written) + offset]
        for condition, atom in zip(exception.conditions, atoms, strict=True):
            ground = _ground(ruleset, known, candidate, condition, atom)
            if ground.holds is not True:
                yield msgspec.structs.replace(ground, condition=f"except {ground.condition}")


def _ground(
    ruleset: Ruleset, known: Known, candidate: Candidate, condition: Condition, atom: Atom
) -> Ground:
    column, test = atom
    name = column.key.attribute.name
    holding = ruleset.holding(column, known, candidate)
    attested, source = _attestation(name, known)
    values = ", ".join(_shown(element) for element in holding.elements)
    if condition.view is View.MOST_RECENT and _is_undated(holding):
        values += ", not all with a date"
    return Ground(
        condition=phrase(condition),
        attribute=name.removeprefix("subject."),
        holds=answer(test, holding),
        value=values,
        complete=holding.complete,
        follows_from=source if values else "",
        left_open_by=tuple(
            sorted({roll for element in holding.elements for roll, _ in test.opens(element)})
        ),
        issuer=attested.issuer if attested is not None and values else "",
        assurance=str(attested.assurance) if attested is not None and values else "",
        evidence_date=attested.evidence_date if attested is not None and values else None,
    )


def _attestation(name: str, known: Known) -> tuple[Attested[Any] | None, str]:
    """Who stands behind the value (None for what is configured and not attested), and the
    attribute from which it follows, if that is another."""
    party, _, own = name.partition(".")
    holder: Any
    follows = ""
    if party == "subject":
        holder = known.profile
        if own == "us_person" and holder.us_person is None:
            own = follows = "nationality"
    elif party == "organisation":
        holder = known.organisation
        own = own.removesuffix(".place") if own.startswith("ultimate_parent") else own
    else:
        return None, ""
    found = getattr(holder, own, None)
    if not isinstance(found, Attested):
        found = holder.declared.get(own)
    return found, follows


def _is_undated(holding: Holding) -> bool:
    """Whether all statuses are known, and yet not which began last."""
    stands = [one for one in holding.elements if isinstance(one, Stand)]
    return holding.complete and any(one.latest is None for one in stands)


def _shown(element: object) -> str:
    match element:
        case bool():
            return "yes" if element else "no"
        case Stand():
            return f"{element.standing} of {element.country}"
        case (str() as relation, str() as organisation):
            return f"{relation} of {organisation}"
        case (tuple() as owners, bool()):
            return ", ".join(f"{percent} percent by {owner}" for owner, percent in owners)
        case _:
            return str(element)
