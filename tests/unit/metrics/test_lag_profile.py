from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.clock import day_start
from prodlens.metrics.declaration import Declared
from prodlens.metrics.lag_profile import lag_profile
from prodlens.metrics.profile import LAGS, Question
from prodlens.metrics.span import comparable
from prodlens.selection import Selection
from prodlens.stats.association import lagged_association
from prodlens.stats.multiplicity import adjust_pvalues
from prodlens.storage import ProdLensStore
from unit.metrics.golden_days import EFFECT, MONDAY, NULL, first_day, golden, metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.profile import Family, Profile

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def profile_of(
    store: ProdLensStore, found: DailyMetrics, now: datetime = NOW, **asked: Any
) -> Profile:
    return lag_profile(store, found, Question(x="sessions", y="commits", **asked), now=now)


def at(profile: Profile, lag: int) -> Any:
    return next(line for line in profile.lines if line.lag_days == lag)


def declared_over(found: DailyMetrics, **more: Any) -> tuple[Declared, Selection]:
    assert found.days is not None
    since, until = found.days.first, found.days.last + timedelta(days=1)
    said: dict[str, Any] = {"lag_days": 1, "since": since, "until": until}
    return Declared(x="sessions", y="commits", **said | more), Selection(
        since=day_start(since), until=day_start(until)
    )


def test_each_lag_is_the_golden_estimate(store: ProdLensStore) -> None:
    found = profile_of(store, golden(EFFECT))
    assert [line.lag_days for line in found.lines] == list(LAGS)
    line = at(found, 1)
    assert line.r == pytest.approx(0.270720257428419)
    assert line.p_value == pytest.approx(0.0237084880125878)
    assert (line.status, line.n_pairs, line.role, line.q) == ("ok", 89, "primary", None)
    assert (found.days_in_window, found.days_covered) == (90, 90)


def test_a_negative_lag_swaps_the_roles_and_is_placebo(store: ProdLensStore) -> None:
    line = at(profile_of(store, golden(EFFECT)), -2)
    swapped = lagged_association(EFFECT["y"], EFFECT["x"], EFFECT["start_weekday"], 2)
    assert (line.r, line.p_value, line.role) == (swapped.r, swapped.p_value, "placebo")
    assert line.q is None


def test_the_family_is_every_lag_from_0_on_and_the_placebo_is_in_none(store: ProdLensStore) -> None:
    found = profile_of(store, golden(EFFECT))
    family = [line for line in found.lines if line.lag_days >= 0 and line.lag_days != 1]
    assert found.family_size == 7
    assert {line.lag_days for line in found.lines if line.q is None} == {-3, -2, -1, 1}
    assert [line.q for line in family] == adjust_pvalues([line.p_value for line in family])
    assert [line.rho_q for line in family] == adjust_pvalues([line.rho_p for line in family])


def test_a_lag_that_could_not_be_tested_is_not_counted(store: ProdLensStore) -> None:
    short = metrics(NULL["x"][:20], NULL["y"][:20], first_day(NULL["start_weekday"]))
    found = profile_of(store, short)
    assert found.family_size == 5  # 0..5: 20 days allow a lag of five, and 1 is primary
    assert (at(found, 6).status, at(found, 6).q) == ("insufficient_data", None)


def test_the_declared_comparison_stands_outside_the_family_when_it_is_due(
    store: ProdLensStore,
) -> None:
    found = golden(EFFECT)
    declared, selection = declared_over(found)
    profile = profile_of(store, found, selection=selection, declared=declared)
    line = at(profile, 1)
    assert (profile.declaration, line.role, line.q) == ("confirmatory", "confirmatory", None)
    assert profile.family_size == 7
    assert line.is_finding
    assert line in profile.findings


def test_before_its_end_nothing_is_confirmed(store: ProdLensStore) -> None:
    found = golden(EFFECT)
    declared, selection = declared_over(found)
    early = day_start(declared.until) - timedelta(seconds=1)
    profile = profile_of(store, found, early, selection=selection, declared=declared)
    assert (profile.declaration, profile.family_size) == ("not_due", 8)
    assert at(profile, 1).role == "exploratory"


def test_over_another_window_nothing_is_confirmed(store: ProdLensStore) -> None:
    found = golden(EFFECT)
    declared, _ = declared_over(found)
    profile = profile_of(store, found, declared=declared)
    assert (profile.declaration, at(profile, 1).role) == ("other_window", "exploratory")


def test_a_declared_window_that_the_data_do_not_fill_confirms_nothing(store: ProdLensStore) -> None:
    found = golden(EFFECT)
    assert found.days is not None
    declared, selection = declared_over(found, until=found.days.last + timedelta(days=20))
    selection = dataclasses.replace(selection, until=day_start(declared.until))
    profile = profile_of(store, found, selection=selection, declared=declared)
    assert profile.declaration == "data_short"


def test_another_pair_or_repository_is_not_the_declared_one(store: ProdLensStore) -> None:
    found = golden(EFFECT)
    declared, selection = declared_over(found, repo="acme/web")
    profile = profile_of(store, found, selection=selection, declared=declared)
    assert (profile.declaration, profile.declared) == ("none", None)


def test_the_second_run_reads_what_the_first_one_wrote(
    store: ProdLensStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = profile_of(store, golden(EFFECT))
    assert not any(line.from_cache for line in first.lines)

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("prodlens.stats.association.lagged_association", never)
    second = profile_of(store, golden(EFFECT))
    assert all(line.from_cache for line in second.lines)
    plain = [dataclasses.replace(line, from_cache=False) for line in second.lines]
    assert plain == list(first.lines)


def test_one_changed_count_makes_the_cache_stale(store: ProdLensStore) -> None:
    profile_of(store, golden(EFFECT))
    changed = {**EFFECT, "y": [*EFFECT["y"][:-1], EFFECT["y"][-1] + 1]}
    found = profile_of(store, golden(changed))
    assert not any(line.from_cache for line in found.lines)
    assert len(store.fetch_correlation_cache()) == len(LAGS)  # replaced, not added
    again = profile_of(store, golden(EFFECT))
    assert not any(line.from_cache for line in again.lines)


def test_a_listed_holiday_makes_the_cache_stale(store: ProdLensStore) -> None:
    profile_of(store, golden(EFFECT))
    found = golden(EFFECT)
    assert found.days is not None
    holiday = found.days.first + timedelta(days=30)
    listed = profile_of(store, found, nonworking_days=(holiday,))
    assert not any(line.from_cache for line in listed.lines)
    assert at(listed, 1).r != at(profile_of(store, found), 1).r


def test_the_cache_holds_the_columns_of_the_contract(store: ProdLensStore) -> None:
    profile_of(store, golden(EFFECT), selection=Selection(repositories=("acme/web",)))
    row = next(row for row in store.fetch_correlation_cache() if row["lag_days"] == 1)
    assert row["r_adj"] == pytest.approx(0.270720257428419)
    assert (row["x_metric"], row["y_metric"], row["scope"]) == ("sessions", "commits", "acme/web")
    assert row["correlation_date"] == row["window_end"]
    assert (row["sample_size"], row["status"]) == (89, "ok")
    assert len(row["data_fingerprint"]) == 64


def test_another_repository_has_its_own_rows(store: ProdLensStore) -> None:
    profile_of(store, golden(EFFECT))
    other = profile_of(store, golden(EFFECT), selection=Selection(repositories=("acme/web",)))
    assert not any(line.from_cache for line in other.lines)
    assert len(store.fetch_correlation_cache()) == 2 * len(LAGS)


def test_looks_at_a_growing_window_are_counted(store: ProdLensStore) -> None:
    for days, looks in ((76, 1), (83, 2), (90, 3), (83, 3)):
        cut = metrics(EFFECT["x"][:days], EFFECT["y"][:days], first_day(EFFECT["start_weekday"]))
        assert profile_of(store, cut).looks == looks


def test_a_read_only_database_gives_the_same_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path):
        pass
    before = path.read_bytes()
    with ProdLensStore(path, read_only=True) as store:
        found = profile_of(store, golden(EFFECT))
    assert found.cache == "off"
    assert at(found, 1).r == pytest.approx(0.270720257428419)
    assert path.read_bytes() == before


def test_no_transaction_is_left_open(store: ProdLensStore) -> None:
    profile_of(store, golden(EFFECT))
    assert not store.conn.in_transaction
    store.conn.execute("vacuum")


def test_quiet_work_days_are_named_and_set_aside_beside(store: ProdLensStore) -> None:
    x, y = list(EFFECT["x"]), list(EFFECT["y"])
    start = EFFECT["start_weekday"]
    holiday = next(place for place in range(40, 50) if (start + place) % 7 == 2)
    x[holiday] = y[holiday] = 0
    found = profile_of(store, metrics(x, y, first_day(start)))
    assert found.quiet_workdays == (first_day(start) + timedelta(days=holiday),)
    with_it, without = at(found, 1), next(one for one in found.without_quiet if one.lag_days == 1)
    expected = lagged_association(x, y, start, 1, [holiday])
    assert without.r == expected.r
    assert with_it.r != without.r
    assert all(line.from_cache for line in profile_of(store, metrics(x, y, first_day(start))).lines)


def test_with_many_days_missing_only_the_longest_run_is_compared(store: ProdLensStore) -> None:
    gaps = tuple(range(10, 30))
    found = profile_of(
        store, metrics(EFFECT["x"], EFFECT["y"], first_day(EFFECT["start_weekday"]), missing=gaps)
    )
    assert found.is_longest_run
    assert (found.days_covered, at(found, 1).n_pairs) == (60, 59)


BAD: dict[str, tuple[list[int], list[int], dict[str, Any]]] = {
    "constant": ([5] * 40, [3] * 40, {}),
    "empty": ([], [], {}),
    "all zero": ([0] * 40, [0] * 40, {}),
    "one day": ([5], [2], {}),
    "gaps": ([5, 7] * 20, [1, 2] * 20, {"missing": tuple(range(0, 40, 2))}),
    "no commits known": ([5, 7, 2, 4] * 10, [0] * 40, {"missing_y": tuple(range(40))}),
    "no overlap": (
        [5] * 40,
        [2] * 40,
        {"missing": tuple(range(20)), "missing_y": tuple(range(20, 40))},
    ),
    "huge": ([10**15, 3] * 20, [10**12, 7] * 20, {}),
}
STATUS = {
    "constant": {"zero_variance", "insufficient_data"},
    "empty": {"no_x"},
    "all zero": {"insufficient_activity", "insufficient_data"},
    "one day": {"insufficient_data"},
    "gaps": {"insufficient_data"},
    "no commits known": {"no_y"},
    "no overlap": {"no_shared_days"},
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_series_give_a_status_and_never_raise(name: str, store: ProdLensStore) -> None:
    x, y, more = BAD[name]
    found = profile_of(store, metrics(x, y, **more))
    assert len(found.lines) == len(LAGS)
    if name in STATUS:
        assert {line.status for line in found.lines} <= STATUS[name]
        assert all(line.q is None and line.p_value is None for line in found.lines)
        assert found.findings == ()


def test_days_are_compared_only_where_both_are_known() -> None:
    found = metrics([1, 2, 3, 4], [5, 6, 7, 8], missing=(0,), missing_y=(3,))
    span = comparable(found.series["sessions"], found.series["commits"], found.days)
    assert span is not None
    assert (span.x, span.y) == ([2, 3], [6, 7])
    assert span.days.first == date(2026, 1, 6) == MONDAY + timedelta(days=1)


def test_ranks_are_their_own_method_with_their_own_entries(store: ProdLensStore) -> None:
    found = golden(EFFECT)
    values, ranks = profile_of(store, found), profile_of(store, found, method="spearman")
    line = at(ranks, 1)
    assert (line.r, line.p_value) == (at(values, 1).rho, at(values, 1).rho_p)
    assert line.ci_low < line.r < line.ci_high
    assert not any(one.from_cache for one in ranks.lines)
    again = profile_of(store, found, method="spearman")
    assert all(one.from_cache for one in again.lines)
    assert (at(again, 1).r, at(again, 1).ci_low) == (line.r, line.ci_low)
    assert len(store.fetch_correlation_cache()) == 2 * len(LAGS)


def test_without_adjustment_no_line_has_a_q_and_nothing_explored_is_a_finding(
    store: ProdLensStore,
) -> None:
    found = profile_of(store, golden(EFFECT), adjustment="none")
    assert {line.q for line in found.lines} == {None}
    assert found.family_size == 7
    assert found.findings == (at(found, 1),)
    assert at(found, 1).role == "primary"
    other = Declared(x="calls", y="commits", lag_days=1, since=MONDAY, until=date(2026, 9, 1))
    explored = profile_of(store, golden(EFFECT), adjustment="none", declared=other)
    assert (explored.family_size, explored.findings) == (8, ())
    assert at(explored, 1).excludes_zero


def test_a_family_of_several_pairs_makes_each_q_larger(store: ProdLensStore) -> None:
    days = golden(EFFECT)
    noise = metrics(EFFECT["x"], EFFECT["y"][::-1], first_day(EFFECT["start_weekday"]))
    merged = dataclasses.replace(noise.series["commits"], name="merged_prs")
    calls = dataclasses.replace(days.series["sessions"], name="calls")
    both = dataclasses.replace(days, series={**days.series, "merged_prs": merged, "calls": calls})
    pair = profile_of(store, both)
    delivery = profile_of(store, both, family="delivery")
    every = profile_of(store, both, family="all")
    assert [one.family_size for one in (pair, delivery, every)] == [7, 15, 31]
    assert [line.lag_days for line in delivery.lines] == list(LAGS)
    assert {at(one, 1).q for one in (pair, delivery, every)} == {None}
    families: list[Family] = ["pair", "all"]
    of_calls = [
        lag_profile(store, both, Question(x="calls", y="commits", family=one), now=NOW)
        for one in families
    ]
    assert [one.family_size for one in of_calls] == [8, 31]
    assert at(of_calls[0], 1).q < at(of_calls[1], 1).q


def test_a_declared_line_stays_outside_of_a_large_family(store: ProdLensStore) -> None:
    found = golden(EFFECT)
    declared, selection = declared_over(found)
    profile = profile_of(
        store, found, selection=selection, declared=declared, family="all", adjustment="none"
    )
    assert at(profile, 1).role == "confirmatory"
    assert profile.findings == (at(profile, 1),)
