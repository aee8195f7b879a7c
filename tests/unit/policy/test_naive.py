"""The naive interpreter: the episode's table, and one test for each rule that it reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import starmap

import msgspec
import pytest

from licet.catalog import Fact, List, ListKind, ListVersion
from licet.policy import (
    Action,
    Alternative,
    Condition,
    Decision,
    Directive,
    Duty,
    FactCondition,
    InFlight,
    Kind,
    Mode,
    Moment,
    Presumption,
    Rules,
    Snapshot,
    Sources,
    Verdict,
    View,
    naive,
)
from licet.terms import (
    UNKNOWN_PERSON,
    Assurance,
    Attested,
    ConfigurationFault,
    Engagement,
    Owner,
    Profile,
    Relation,
    Standing,
    Status,
    to_instant,
)
from tests.unit.policy import episode
from tests.unit.policy.episode import all_of, among, at, employee_of, version

SIGNS = {Verdict.PERMITTED: "P", Verdict.REFUSED: "-", Verdict.UNDETERMINED: "?"}
MIDDLE, EXACT = at(15), timedelta(0)
P, R, U = Verdict.PERMITTED, Verdict.REFUSED, Verdict.UNDETERMINED
ENFORCED = frozenset({"notify_user", "report", "retain", "retain_nothing", "residency"})
WORLD = msgspec.structs.replace(episode.sources(recipient=False), directives=())


@pytest.mark.parametrize("recipient", [False, True])
@pytest.mark.parametrize("name", episode.PERSONS)
def test_the_summer_of_2026(name: str, recipient: bool) -> None:
    expected = (episode.RECIPIENT_TOO if recipient else episode.FOLLOWS_THE_PERSON)[name]
    judge = naive.Judge(episode.sources(recipient=recipient))
    profile, organisation, workload = episode.PERSONS[name]

    def sign(model: str, moment: Moment) -> str:
        decision = judge.judge(
            profile=profile,
            organisation=organisation,
            workload=workload,
            model=model,
            endpoint="direct",
            moment=moment,
        )
        return SIGNS[decision.verdict]

    assert "".join(starmap(sign, episode.COLUMNS)) == expected


def restriction(*applies: Alternative, name: str = "rule", **fields: object) -> Directive:
    return Directive(id=name, kind=Kind.RESTRICTION, versions=(version(at(1), *applies, **fields),))


def licence(*applies: Alternative, name: str = "licence", **fields: object) -> Directive:
    made = version(at(1), *applies, **{"relieves": ("rule",), **fields})
    return Directive(id=name, kind=Kind.AUTHORISATION, versions=(made,))


def decide(
    *directives: Directive,
    profile: Profile = UNKNOWN_PERSON,
    world: Sources = WORLD,
    organisation: str = "us-firm",
    when: datetime = MIDDLE,
    known: datetime | None = None,
    error: timedelta = EXACT,
    **question: str,
) -> Decision:
    """By the interpreter, once the engine has agreed."""
    asked = {"workload": "work", "model": episode.FABLE, "endpoint": "direct", **question}
    action = Action(asked.pop("action", "inference"))
    sources = msgspec.structs.replace(world, directives=directives)
    moment = Moment(
        valid_at=to_instant(when),
        known_at=None if known is None else to_instant(known),
        error_us=error // timedelta(microseconds=1),
    )
    decision = naive.judge(
        sources,
        profile=profile,
        organisation=organisation,
        action=action,
        enforcers=ENFORCED,
        moment=moment,
        **asked,
    )
    other = compiled(sources, profile, organisation, asked, action, moment)
    assert said(other) == said(decision)
    # Beyond the bound the interpreter names nothing, and the engine whatever is unknown.
    assert not decision.missing or as_sets(other.missing) == as_sets(decision.missing)
    return decision


def compiled(
    sources: Sources,
    profile: Profile,
    organisation: str,
    asked: dict[str, str],
    action: Action,
    moment: Moment,
) -> Decision:
    """By the engine; what it cannot compile, nobody is permitted."""
    try:
        snapshot = Snapshot.of(sources, enforcers=ENFORCED)
    except ConfigurationFault:
        return Decision(verdict=R, in_flight=InFlight.CUT)
    ruleset = snapshot.select(moment.valid_at, moment.known_at, moment.error_us)
    known = ruleset.know(profile, organisation, asked["workload"], moment.valid_at)
    return ruleset.decide(known, asked["model"], asked["endpoint"], action)


def said(decision: Decision) -> tuple[object, ...]:
    """What both must say, whatever its order."""
    return (
        decision.verdict,
        frozenset(decision.deciding),
        frozenset(decision.relieving),
        frozenset(decision.duties),
        frozenset(decision.observed),
        decision.observed_verdict,
    )


def as_sets(missing: tuple[tuple[str, ...], ...]) -> set[frozenset[str]]:
    return {frozenset(names) for names in missing}


def verdict(*directives: Directive, **question: object) -> Verdict:
    return decide(*directives, **question).verdict  # type: ignore[arg-type]


def attested(value: object, **fields: object) -> Attested[object]:
    return msgspec.structs.replace(Attested(value=value, issuer="hr"), **fields)


def profile(**attributes: object) -> Profile:
    return msgspec.structs.replace(UNKNOWN_PERSON, **attributes)


FOREIGN = all_of(among("subject.us_person", False))
FRENCH = Status(country="FR", standing=Standing.CITIZEN)


def test_without_directives_everything_is_permitted() -> None:
    assert decide() == Decision(verdict=P)


@pytest.mark.parametrize("party", ["organisation", "workload", "model", "endpoint"])
def test_an_id_that_nobody_knows_is_refused(party: str) -> None:
    assert verdict(**{party: "nobody's"}) is R


def test_a_condition_on_an_attribute_that_nobody_has_refuses() -> None:
    assert verdict(restriction(all_of(among("subject.height", 180)))) is R


def test_a_version_applies_from_its_start_and_not_at_its_end() -> None:
    rule = restriction(effective_until=at(15))
    last = at(15) - timedelta(microseconds=1)
    assert [verdict(rule, when=each) for each in (at(1), last, at(15))] == [R, R, P]


def test_of_the_versions_in_effect_the_last_recorded_applies() -> None:
    lift = version(at(2), nothing=True, recorded_at=at(10))
    again = version(at(3), recorded_at=at(9))
    rule = Directive(id="rule", kind=Kind.RESTRICTION, versions=(version(at(1)), lift, again))
    assert verdict(rule) is P
    assert verdict(rule, known=at(9)) is R
    assert verdict(rule, known=at(1)) is R


def test_recorded_together_the_later_in_the_file_applies() -> None:
    both = (version(at(1), nothing=True), version(at(1)))
    assert verdict(Directive(id="rule", kind=Kind.RESTRICTION, versions=both)) is R
    assert verdict(Directive(id="rule", kind=Kind.RESTRICTION, versions=both[::-1])) is P


def test_within_the_clocks_error_what_restricts_applies_and_what_relaxes_does_not() -> None:
    rule = restriction(effective_until=at(15))
    permit = licence(effective_until=at(20))
    second = timedelta(seconds=1)
    assert verdict(rule, when=at(15), error=second) is R
    just_before = at(15) + second - timedelta(microseconds=1)
    assert verdict(rule, when=just_before, error=second) is R
    assert verdict(rule, when=at(15) + second, error=second) is P
    ever = restriction()
    assert verdict(ever, permit, when=at(20) - 2 * second, error=second) is P
    assert verdict(ever, permit, when=at(20) - second, error=second) is R


def test_an_observed_restriction_is_reported_and_not_enforced() -> None:
    decision = decide(restriction(mode=Mode.OBSERVE))
    assert (decision.verdict, decision.observed, decision.observed_verdict) == (P, ("rule",), R)


def test_an_observed_licence_relieves_nothing() -> None:
    decision = decide(restriction(), licence(mode=Mode.OBSERVE))
    assert (decision.verdict, decision.observed_verdict) == (R, P)


def test_alternatives_exceptions_and_actions() -> None:
    rule = restriction(
        all_of(among("action", "weights")),
        all_of(among("organisation.id", "eu-firm"), among("model.id", episode.MYTHOS)),
        unless=(all_of(among("workload.id", "job")),),
    )
    assert verdict(rule) is P
    assert verdict(rule, action="weights") is R
    assert verdict(rule, action="weights", workload="job") is P
    assert verdict(rule, organisation="eu-firm") is P
    assert verdict(rule, organisation="eu-firm", model=episode.MYTHOS) is R


def test_what_is_missing_is_named_the_least_intrusive_first() -> None:
    decision = decide(restriction(FOREIGN, in_flight=InFlight.FINISH))
    assert decision.verdict is U
    assert decision.deciding == ("rule",)
    assert decision.missing == (("us_person",), ("nationality",))
    assert decision.in_flight is InFlight.FINISH


def test_every_missing_set_settles_and_is_minimal() -> None:
    paris = all_of(among("subject.us_person", False), among("subject.place", "FR"))
    assert decide(restriction(paris)).missing == (
        ("us_person", "place"),
        ("place", "nationality"),
    )


def test_whoever_is_relieved_if_foreign_and_free_if_not_needs_no_passport() -> None:
    staff = profile(
        engagement=attested((Engagement(relation=Relation.EMPLOYEE, organisation="maker"),))
    )
    decision = decide(
        restriction(FOREIGN), licence(all_of(employee_of(episode.DEVELOPER))), profile=staff
    )
    assert (decision.verdict, decision.relieving) == (P, ("licence",))


def test_a_licence_relieves_only_what_it_names() -> None:
    decision = decide(restriction(), restriction(name="other"), licence())
    assert (decision.verdict, decision.deciding) == (R, ("other",))


def test_a_restriction_amended_since_waits_for_the_licence_to_be_confirmed() -> None:
    old = licence(recorded_at=at(2))
    amended = restriction(recorded_at=at(3))
    assert verdict(amended, old) is R
    assert verdict(amended, licence(recorded_at=at(3))) is P
    assert verdict(amended, licence(recorded_at=at(2), confirms=("rule@1",))) is P


def test_a_licence_lapses_when_the_grace_of_its_condition_has_run_out() -> None:
    kept = Fact(id="reporting", value=True, start=at(1), end=at(10))
    world = msgspec.structs.replace(WORLD, facts=(kept,))
    permit = licence(conditions=(FactCondition(fact="reporting", grace_s=86_400),))
    lapse = at(11)
    moments = (at(9), at(10), lapse - timedelta(microseconds=1), lapse)
    verdicts = [verdict(restriction(), permit, world=world, when=each) for each in moments]
    assert verdicts == [P, P, P, R]
    assert verdict(restriction(), permit) is R


def test_a_citizenship_attested_alone_does_not_prove_that_somebody_is_no_us_person() -> None:
    rule = restriction(FOREIGN)
    lower = profile(nationality=attested((FRENCH,)))
    whole = profile(nationality=attested((FRENCH,), complete=True))
    resident = Status(country="US", standing=Standing.PERMANENT_RESIDENT)
    us_person = profile(nationality=attested((FRENCH, resident)))
    assert [verdict(rule, profile=each) for each in (lower, whole, us_person)] == [U, R, P]


def test_a_foreign_person_holds_no_us_status() -> None:
    rule = restriction(all_of(among("subject.nationality", "US")))
    assert verdict(rule, profile=profile(us_person=attested(False))) is P
    assert verdict(rule, profile=profile(us_person=attested(True))) is U


def test_a_claim_against_the_statuses_leaves_both_unknown() -> None:
    torn = profile(us_person=attested(True), nationality=attested((FRENCH,), complete=True))
    rule = restriction(FOREIGN)
    assert verdict(rule, profile=torn) is U
    assert verdict(restriction(all_of(among("subject.nationality", "FR"))), profile=torn) is U
    assert verdict(rule, profile=profile(us_person=attested(True), conflicts=("us_person",))) is U


def test_an_attestation_is_in_effect_before_it_expires() -> None:
    proven = profile(us_person=attested(True, expires=at(16)))
    rule = restriction(FOREIGN)
    assert verdict(rule, profile=proven, when=at(15)) is P
    assert verdict(rule, profile=proven, when=at(16)) is U


def test_an_attestation_that_falls_short_is_unknown() -> None:
    claim = Condition(
        attribute="subject.us_person",
        any_of=(False,),
        assurance=Assurance.EMPLOYER,
        max_age_s=86_400,
    )
    rule = restriction(all_of(claim))
    dated = {"assurance": Assurance.DOCUMENT, "evidence_date": at(14)}
    assert verdict(rule, profile=profile(us_person=attested(True))) is U
    assert verdict(rule, profile=profile(us_person=attested(True, **dated))) is P
    old = {**dated, "evidence_date": at(13)}
    assert verdict(rule, profile=profile(us_person=attested(True, **old))) is U


def test_what_a_restriction_presumes_holds_only_where_nothing_is_attested() -> None:
    presumption = Presumption(attribute="subject.us_person", value=True)
    rule = restriction(FOREIGN, presume=(presumption,))
    assert verdict(rule) is P
    assert verdict(rule, profile=profile(us_person=attested(False))) is R
    assert verdict(rule, profile=profile(conflicts=("us_person",))) is U


def test_one_record_must_meet_the_whole_table() -> None:
    split = (
        Engagement(relation=Relation.EMPLOYEE, organisation="us-firm"),
        Engagement(relation=Relation.CONTRACTOR, organisation="annex-entity"),
    )
    rule = restriction(unless=(all_of(employee_of(episode.ANNEX)),))
    assert verdict(rule, profile=profile(engagement=attested(split, complete=True))) is R
    assert verdict(rule, profile=profile(engagement=attested(split))) is U


def test_an_engagement_counts_while_it_lasts() -> None:
    job = Engagement(
        relation=Relation.EMPLOYEE, organisation="annex-entity", since=at(10), until=at(20)
    )
    staff = profile(engagement=attested((job,), complete=True))
    rule = restriction(unless=(all_of(employee_of(episode.ANNEX)),))
    moments = (at(9), at(10), at(20))
    assert [verdict(rule, profile=staff, when=each) for each in moments] == [R, P, R]


def test_views_of_nationality() -> None:
    life = (
        Status(country="RU", standing=Standing.CITIZEN, until=at(2)),
        Status(country="FR", standing=Standing.CITIZEN, since=at(1, 1)),
        Status(country="CN", standing=Standing.PERMANENT_RESIDENT, since=at(5)),
    )
    mover = profile(nationality=attested(life, complete=True))

    def fires(country: str, view: View) -> bool:
        test = Condition(attribute="subject.nationality", any_of=(country,), view=view)
        return verdict(restriction(all_of(test)), profile=mover) is R

    assert [view for view in View if fires("FR", view)] == [View.CURRENT, View.ALL_EVER]
    assert [view for view in View if fires("CN", view)] == [View.MOST_RECENT, View.ALL_EVER]
    assert [view for view in View if fires("RU", view)] == [View.ALL_EVER]


def test_an_incomplete_set_leaves_the_most_recent_status_open() -> None:
    test = Condition(attribute="subject.nationality", any_of=("FR",), view=View.MOST_RECENT)
    rule = restriction(all_of(test))
    assert verdict(rule, profile=profile(nationality=attested((FRENCH,)))) is U
    assert verdict(rule, profile=profile(nationality=attested((FRENCH,), complete=True))) is R


def test_statuses_of_one_date_are_the_most_recent_together_and_one_without_may_be() -> None:
    chinese = Status(country="CN", standing=Standing.PERMANENT_RESIDENT, since=at(5))
    russian = Status(country="RU", standing=Standing.CITIZEN, since=at(2))
    twin = Status(country="FR", standing=Standing.CITIZEN, since=at(5))

    def verdicts(*life: Status) -> list[Verdict]:
        person = profile(nationality=attested(life, complete=True))
        views = (
            Condition(attribute="subject.nationality", any_of=(country,), view=View.MOST_RECENT)
            for country in ("FR", "CN", "RU")
        )
        return [verdict(restriction(all_of(view)), profile=person) for view in views]

    assert verdicts(russian, twin, chinese) == [R, R, P]
    assert verdicts(FRENCH, chinese, russian) == [U, U, P]
    assert verdicts(FRENCH) == [R, P, P]


def owned(*owners: Owner, complete: bool = True) -> Sources:
    firm = next(each for each in WORLD.organisations if each.id == "us-firm")
    firm = msgspec.structs.replace(firm, owners=attested(owners, complete=complete))
    return msgspec.structs.replace(WORLD, organisations=(firm,))


def test_shares_of_listed_owners_add_up() -> None:
    half = Condition(
        attribute="organisation.owners",
        record=(
            among("organisation.list", episode.PARTNERS),
            Condition(attribute="percent_sum", at_least=50),
        ),
    )
    rule = restriction(all_of(half))
    first, second = (Owner(organisation=name, percent=25) for name in ("partner", "maker"))
    stranger = Owner(organisation="eu-firm", percent=50)
    assert verdict(rule, world=owned(first, second)) is R
    assert verdict(rule, world=owned(first, stranger)) is P
    assert verdict(rule, world=owned(first, complete=False)) is U
    # Whoever owns through others is an owner too: shares may add up to more than 100.
    assert verdict(rule, world=owned(stranger, stranger, complete=False)) is U
    assert verdict(rule, world=owned(first, second, complete=False)) is R


def places(*members: str, **fields: object) -> Sources:
    content = ListVersion(effective_from=at(1, 1), members=members)
    content = msgspec.structs.replace(content, **fields)
    listed = List(id="union", kind=ListKind.PLACES, versions=(content,))
    return msgspec.structs.replace(WORLD, lists=(listed,))


def test_outside_is_known_only_of_a_whole_list() -> None:
    rule = restriction(all_of(Condition(attribute="subject.place", outside=("union", "CH"))))

    def verdicts(world: Sources) -> list[Verdict]:
        return [
            verdict(rule, world=world, profile=profile(place=attested(place)))
            for place in ("FR", "CH", "US")
        ]

    assert verdicts(places("FR", complete=True)) == [P, P, R]
    assert verdicts(places("FR")) == [P, P, U]


def test_a_list_answers_no_only_while_it_is_fresh() -> None:
    rule = restriction(all_of(among("subject.place", "union")))
    world = places("FR", complete=True, as_of=at(10), max_age_s=86_400)
    american = profile(place=attested("US"))
    french = profile(place=attested("FR"))
    fresh, late = at(11) - timedelta(microseconds=1), at(11)
    assert verdict(rule, world=world, profile=american, when=fresh) is P
    stale = decide(rule, world=world, profile=american, when=late)
    assert (stale.verdict, stale.missing) == (U, (("list.union",),))
    assert verdict(rule, world=world, profile=french, when=late) is R


def test_the_same_uncertain_membership_is_one_and_the_same_everywhere() -> None:
    inside = restriction(all_of(among("subject.place", "union")))
    permit = licence(all_of(among("subject.place", "union")))
    outside = Condition(attribute="subject.place", outside=("union",))
    american = profile(place=attested("US"))
    assert verdict(inside, permit, world=places("FR"), profile=american) is P
    both = restriction(all_of(outside), all_of(among("subject.place", "union")))
    assert verdict(both, world=places("FR"), profile=american) is R


def test_the_audience_stands_in_for_the_subject_of_a_job() -> None:
    rule = restriction(FOREIGN)
    foreign = profile(us_person=attested(False))
    assert verdict(rule, profile=foreign, workload="attested-job") is P
    assert verdict(rule, profile=foreign, workload="job") is U


def test_a_model_that_nobody_cleared_is_refused_where_clearance_is_demanded() -> None:
    def world(**fields: object) -> Sources:
        fable = msgspec.structs.replace(WORLD.models[0], **fields)
        rules = Rules(refuse_uncleared=("cyber",))
        return msgspec.structs.replace(WORLD, models=(fable,), rules=rules)

    decision = decide(world=world(capability=("cyber",)))
    assert (decision.verdict, decision.deciding) == (R, ("licet.clearance",))
    assert verdict(world=world(capability=("cyber",), cleared=True)) is P
    assert verdict(world=world(capability=("prose",))) is P
    assert decide(world=world()).missing == (("model.capability",),)


def obligation(*duties: Duty, name: str = "duty") -> Directive:
    return Directive(id=name, kind=Kind.OBLIGATION, versions=(version(at(1), duties=duties),))


def test_duties_attach_where_they_are_due() -> None:
    notify, report = Duty(kind="notify_user"), Duty(kind="report")
    permit = licence(duties=(report,))
    assert decide(obligation(notify), permit).duties == (notify,)
    assert decide(obligation(notify), permit, restriction()).duties == (notify, report)


def test_a_duty_that_nobody_enforces_refuses() -> None:
    decision = decide(obligation(Duty(kind="sing")))
    assert (decision.verdict, decision.deciding) == (R, ("duty",))
    singing = licence(duties=(Duty(kind="sing"),))
    assert verdict(singing) is P
    assert decide(restriction(), singing).deciding == ("rule",)
    assert verdict(restriction(), singing, licence(name="plain")) is P


def test_duties_at_odds_refuse() -> None:
    year, nothing = Duty(kind="retain", value=31_536_000), Duty(kind="retain", value=0)
    decision = decide(obligation(year), obligation(nothing, name="erase"))
    assert (decision.verdict, decision.deciding) == (R, ("duty", "erase"))


def test_beyond_the_bound_a_verdict_is_undetermined() -> None:
    names = [f"group-{number}" for number in range(naive.BOUND.bit_length())]
    rule = restriction(*(all_of(among("subject.tier", name)) for name in names))
    decision = decide(rule)
    assert (decision.verdict, decision.missing) == (U, ())


def test_a_judge_remembers_an_answer_until_the_next_date() -> None:
    sources = msgspec.structs.replace(WORLD, directives=(restriction(effective_until=at(15)),))
    judge = naive.Judge(sources)

    def remembered(when: datetime) -> Verdict:
        return judge.judge(
            profile=UNKNOWN_PERSON,
            organisation="us-firm",
            workload="work",
            model=episode.FABLE,
            endpoint="direct",
            moment=Moment(valid_at=to_instant(when)),
        ).verdict

    assert [remembered(at(day)) for day in (14, 15, 14)] == [R, P, R]
