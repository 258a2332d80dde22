from __future__ import annotations

from datetime import timedelta

from prodlens.metrics.developers import Developers, gathered
from unit.metrics.team_days import MONDAY, entry, window


def there(*active: int, days: int = 60) -> list[int]:
    found = gathered([entry("ana", day, "calls", 1) for day in active], window(days))
    return sorted((day - MONDAY).days for day in found.there("ana"))


WORK = [day for day in range(60) if day % 7 < 5]


def test_a_developer_is_there_from_the_first_to_the_last_sign() -> None:
    assert there(*[day for day in WORK if 7 <= day <= 46])[0] == 7
    assert there(*[day for day in WORK if 7 <= day <= 46])[-1] == 46


def test_weekends_in_between_are_days_with_nothing() -> None:
    assert there(*WORK) == list(range(60))


def test_a_week_off_of_somebody_who_works_daily_is_not_known() -> None:
    found = there(*[day for day in WORK if not 14 <= day < 21])
    assert set(range(60)) - set(found) == set(range(12, 21))


def test_one_quiet_day_stays_a_day_with_nothing() -> None:
    assert 16 in there(*[day for day in WORK if day != 16])


def test_quiet_spells_of_somebody_who_does_little_stay() -> None:
    mondays = range(0, 60, 7)
    assert there(*mondays) == list(range(57))


def test_any_use_or_delivery_is_a_sign() -> None:
    found = gathered([entry("ana", 0, "calls", 1), entry("ana", 9, "merged_prs", 1)], window(30))
    assert len(found.there("ana")) == 10
    assert found.there("ana") <= set(window(30))


def test_what_nobody_is_named_for_is_counted_apart() -> None:
    found = gathered(
        [
            entry("ana", 0, "sessions", 2),
            entry("ana", 1, "commits", 3),
            entry("bo", 1, "commits", 4),
            entry(None, 1, "commits", 1),
        ],
        window(30),
    )
    assert found.users("sessions") == ["ana"]
    assert found.unnamed == {"commits": 1}
    assert found.linked_share("sessions", "commits") == 3 / 8
    assert found.linked_share("sessions", "merged_prs") is None
    assert found.unnamed_share("commits") == 1 / 8
    assert found.unnamed_share("sessions") == 0.0
    assert found.unnamed_share("merged_prs") is None


def test_the_digest_does_not_depend_on_names_or_order_but_on_every_count() -> None:
    one = [entry("ana", 0, "calls", 2), entry("bo", 1, "calls", 3)]
    other = [entry("zoe", 1, "calls", 3), entry("kim", 0, "calls", 2)]
    assert gathered(one, window(9)).digest == gathered(other, window(9)).digest
    changed = [entry("ana", 0, "calls", 2), entry("bo", 1, "calls", 4)]
    assert gathered(changed, window(9)).digest != gathered(one, window(9)).digest


def test_without_days_nobody_is_there() -> None:
    assert Developers(counts={"ana": {}}).there("ana") == frozenset()
    assert there(3) == [3]
    assert MONDAY + timedelta(days=3) in gathered([entry("ana", 3, "calls", 1)], window(9)).there(
        "ana"
    )
