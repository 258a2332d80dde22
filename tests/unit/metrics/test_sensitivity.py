from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics.declaration import Asking
from prodlens.metrics.developers import gathered
from prodlens.metrics.sensitivity import TITLES, Compared, sensitivity
from prodlens.metrics.span import comparable
from prodlens.stats.association import lagged_association
from prodlens.storage import ProdLensStore
from prodlens.storage.person_days import PersonDay
from unit.metrics.golden_days import EFFECT, first_day, metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.metrics.sensitivity import Choice, Strip

FIRST = first_day(EFFECT["start_weekday"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def compared(x: list[int] | None = None, y: list[int] | None = None, **more: Any) -> Compared:
    days = metrics(x or EFFECT["x"], y or EFFECT["y"], FIRST)
    span = comparable(days.series["sessions"], days.series["commits"], days.days)
    assert span is not None
    given: dict[str, Any] = {"lag_days": 1, "asking": Asking()}
    return Compared(pair=("sessions", "commits"), span=span, **{**given, **more})


def people(shares: dict[str, int]) -> Any:
    """Return developers who each have every so-manieth session and commit of the golden days."""
    days = metrics(EFFECT["x"], EFFECT["y"], FIRST).days
    assert days is not None
    found = []
    for metric, counts in (("sessions", EFFECT["x"]), ("commits", EFFECT["y"])):
        for place, count in enumerate(counts):
            for number, who in enumerate(shares):
                own = sum(one % len(shares) == number for one in range(count))
                day = FIRST + timedelta(days=place)
                found.append(PersonDay(person=who, day=day, metric=metric, count=own))
    return gathered(found, days)


def by_name(strip: Strip) -> dict[str, Choice]:
    return {choice.name: choice for choice in strip.choices}


def test_every_choice_stands_once_and_in_order(store: ProdLensStore) -> None:
    strip = sensitivity(store, compared())
    assert [choice.name for choice in strip.choices] == list(TITLES)
    assert strip.lag_days == 1


def test_each_choice_has_its_interval_or_its_range(store: ProdLensStore) -> None:
    found = by_name(sensitivity(store, compared(developers=people({"ana": 1, "bo": 1}))))
    assert found["weekends_out"].r == pytest.approx(0.4631358607081286)
    assert found["weekends_out"].text == "+0.46 [+0.12, +0.71], n 50"
    assert found["holidays_out"].text == "no such days"
    result = lagged_association(EFFECT["x"], EFFECT["y"], EFFECT["start_weekday"], 1)
    assert found["ranks"].r == result.rho_adj
    for name in ("one_week_out", "one_developer_out"):
        low, high = found[name].low, found[name].high
        assert low is not None
        assert high is not None
        assert low < high
        assert found[name].r is None
    assert found["one_week_out"].n == 13
    assert found["one_week_out"].text == (
        f"{found['one_week_out'].low:+.2f} to {found['one_week_out'].high:+.2f}"
    )
    assert found["one_developer_out"].n == 2


def test_one_developer_can_not_be_left_out(store: ProdLensStore) -> None:
    alone = by_name(sensitivity(store, compared(developers=people({"ana": 1}))))
    assert alone["one_developer_out"].text == "there is only one"
    unknown = by_name(sensitivity(store, compared()))
    assert unknown["one_developer_out"].text == "who is behind the counts is not known"


def test_quiet_work_days_are_set_aside(store: ProdLensStore) -> None:
    x, y = list(EFFECT["x"]), list(EFFECT["y"])
    holiday = next(place for place in range(40, 50) if (FIRST.weekday() + place) % 7 == 2)
    x[holiday] = y[holiday] = 0
    found = by_name(sensitivity(store, compared(x, y)))
    assert found["holidays_out"].n == 89 - 2
    listed = Asking(nonworking_days=(FIRST + timedelta(days=holiday),))
    assert (
        by_name(sensitivity(store, compared(x, y, asking=listed)))["holidays_out"].status == "none"
    )


def test_the_second_time_nothing_is_computed(
    store: ProdLensStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = compared(developers=people({"ana": 1, "bo": 1}))
    first = sensitivity(store, asked)

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    for name in ("without_days", "week_differences", "rank_variant"):
        monkeypatch.setattr(f"prodlens.stats.sensitivity.{name}", never)
    before = store.conn.total_changes
    assert sensitivity(store, asked) == first
    assert store.conn.total_changes == before


def test_other_people_behind_equal_counts_make_their_line_stale(store: ProdLensStore) -> None:
    two = by_name(sensitivity(store, compared(developers=people({"ana": 1, "bo": 1}))))
    three = by_name(sensitivity(store, compared(developers=people({"ana": 1, "bo": 1, "cy": 1}))))
    assert two["one_developer_out"].n == 2
    assert three["one_developer_out"].n == 3
    assert two["weekends_out"] == three["weekends_out"]


def test_a_strip_is_no_look(store: ProdLensStore) -> None:
    sensitivity(store, compared())
    rows = store.fetch_correlation_cache()
    assert len(rows) == 6
    assert {row["p_adj"] for row in rows} == {None}


def test_a_read_only_store_gives_the_same(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        expected = sensitivity(store, compared(EFFECT["x"][:60], EFFECT["y"][:60]))
    other = tmp_path / "other.db"
    with ProdLensStore(other):
        pass
    before = other.read_bytes()
    with ProdLensStore(other, read_only=True) as store:
        assert sensitivity(store, compared(EFFECT["x"][:60], EFFECT["y"][:60])) == expected
    assert other.read_bytes() == before


@pytest.mark.parametrize("count", [0, 1, 10, 40])
def test_bad_series_are_worded(store: ProdLensStore, count: int) -> None:
    zeros = compared([0] * max(count, 1), [0] * max(count, 1))
    strip = sensitivity(store, zeros)
    assert strip.span is None
    assert strip.in_words() == ""
    assert "nan" not in " ".join(choice.text for choice in strip.choices)


def test_in_words_it_names_the_range_and_every_choice(store: ProdLensStore) -> None:
    strip = sensitivity(store, compared())
    ends = strip.span
    assert ends is not None
    text = strip.in_words()
    assert text.startswith(f"Other choices: r from {ends[0]:+.2f} to {ends[1]:+.2f} (weekends out ")
    assert "quiet work days out" not in text
    assert replace(strip, choices=()).in_words() == ""
