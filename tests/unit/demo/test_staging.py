"""The configuration of a pass: the episode's folder with vendors, keys and an issuer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from licet.catalog import Candidate
from licet.demo.persons import PERSONS
from licet.demo.staging import episode, staged
from licet.identity import TokenVerifier, VerifiedToken, hash_key
from licet.policy import parse
from licet.terms import OperationFault
from tests.unit.demo import world
from tests.unit.demo.world import AFTER, BEFORE, FABLE, URLS


def test_a_pass_is_the_episode_but_for_where_things_are() -> None:
    files, _ = staged(URLS, withdrawn=False)
    configuration, original = parse(files), parse(episode())
    assert configuration.faults == ()
    assert configuration.sources.directives == original.sources.directives
    assert configuration.sources.lists == original.sources.lists
    assert configuration.sources.workloads == original.sources.workloads
    assert {one.id: one.base_url for one in configuration.sources.endpoints} == URLS
    assert configuration.settings.clock.scripted
    assert not original.settings.clock.scripted


def test_a_vendor_that_is_not_there_is_said() -> None:
    with pytest.raises(OperationFault, match="simulated vendor"):
        staged({}, withdrawn=False)


def test_withdrawn_models_are_gone_for_18_days_and_no_rule_says_so() -> None:
    files, _ = staged(URLS, withdrawn=True)
    assert parse(files).sources.directives == parse(episode()).sources.directives
    judge = world.judge(withdrawn=True)
    fable = Candidate(model=FABLE, endpoint="cloud-us")
    assert judge.is_available(fable, BEFORE)
    assert not judge.is_available(fable, AFTER)


def test_what_a_token_attests_is_what_the_judge_knows() -> None:
    files, access = staged(URLS, withdrawn=False)
    verifier = TokenVerifier(parse(files).issuers)
    now_s = int(datetime.now(UTC).timestamp())
    for person in PERSONS:
        token = access.token(person)
        if person.profile is None:
            assert token is None
            continue
        assert token is not None
        verified = verifier.verify(token, now_s)
        assert isinstance(verified, VerifiedToken), verified
        assert verified.ignored == ()
        for name in ("us_person", "nationality", "place", "engagement"):
            assert getattr(verified.profile, name) == getattr(person.profile, name), name


def test_everybody_has_the_key_of_the_employer_for_the_workloads_of_both_dialects() -> None:
    files, access = staged(URLS, withdrawn=False)
    keys = {key.hash: key for key in parse(files).keys}
    for person in PERSONS:
        key = keys[hash_key(access.key(person))]
        assert key.organisation == person.organisation
        assert set(key.workloads) == set(person.workloads.values())
