"""Durations, dates and times as they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from licet.terms import Secret, When, duration_s, is_place, place_remedy, read_zone


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("P365D", 365 * 86_400),
        ("PT72H", 72 * 3600),
        ("P1DT1H1M1S", 90_061),
        ("P2W", 1_209_600),
        ("PT0S", 0),
    ],
)
def test_durations_of_fixed_length(written: str, seconds: int) -> None:
    assert duration_s(written) == seconds


@pytest.mark.parametrize("written", ["", "P", "PT", "P1Y", "P1M", "72H", "P-1D", "P1.5D", "PT1D"])
def test_what_is_no_duration(written: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration_s(written)


def test_a_date_begins_and_ends_in_its_zone() -> None:
    day, zone = When(date(2026, 6, 26)), ZoneInfo("America/New_York")
    assert day.first(zone) == datetime(2026, 6, 26, 4, tzinfo=UTC)
    assert day.last(zone) == datetime(2026, 6, 27, 4, tzinfo=UTC)


def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is() -> None:
    zone = ZoneInfo("Europe/Berlin")
    short, long = When(date(2026, 3, 29)), When(date(2026, 10, 25))
    assert (short.last(zone) - short.first(zone)).total_seconds() == 23 * 3600
    assert (long.last(zone) - long.first(zone)).total_seconds() == 25 * 3600


def test_a_midnight_that_comes_twice_restricts_at_the_first_and_relaxes_at_the_second() -> None:
    # Havana sets its clocks back from one o'clock to midnight.
    zone = ZoneInfo("America/Havana")
    assert When(date(2026, 11, 1)).first(zone) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert When(date(2026, 10, 31)).last(zone) == datetime(2026, 11, 1, 5, tzinfo=UTC)


def test_a_time_is_itself_in_any_zone() -> None:
    moment = datetime(2026, 6, 12, 21, 21, tzinfo=UTC)
    when = When.read(datetime.fromisoformat("2026-06-12T17:21:00-04:00"))
    assert when.first(ZoneInfo("Asia/Tokyo")) == when.last(UTC) == moment


@pytest.mark.parametrize("value", [datetime(2026, 6, 12), "2026-06-12", 5, None])  # noqa: DTZ001
def test_what_is_no_moment(value: object) -> None:
    with pytest.raises(ValueError, match="offset"):
        When.read(value)


@pytest.mark.parametrize("name", ["Eastern", "", "../etc/passwd", "America"])
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="not a time zone"):
        read_zone(name)


def test_norway_is_a_place_and_unions_are_none() -> None:
    assert is_place("NO")
    assert not is_place("EU")
    assert not is_place("no")
    assert place_remedy("no") == "write `NO`, in capitals"
    assert place_remedy("Germany") == "did you mean `DE`?"


def test_a_secret_does_not_print() -> None:
    secret = Secret("sk-live")
    assert "sk-live" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "sk-live"
    assert secret == Secret("sk-live")
