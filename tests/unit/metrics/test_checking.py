"""The associations of a whole report: declared, cached, looked at from all sides, one family."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics import ReportGenerator
from prodlens.metrics.declaration import Asking, Declared
from prodlens.metrics.sentences import standing
from prodlens.stats.multiplicity import adjust_pvalues
from prodlens.storage import ProdLensStore
from unit.metrics.golden_days import EFFECT, first_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.metrics.report import Report

FIRST = first_day(EFFECT["start_weekday"])
START = datetime(FIRST.year, FIRST.month, FIRST.day, 9, tzinfo=UTC)
UNTIL = FIRST + timedelta(days=90)
DECLARED = Declared(x="sessions", y="commits", lag_days=1, since=FIRST, until=UNTIL)


def fill(store: ProdLensStore, y: list[int]) -> None:
    """Store a session per count of x, and a commit per count of y, of two developers."""
    for day, (used, landed) in enumerate(zip(EFFECT["x"], y, strict=True)):
        at = START + timedelta(days=day)
        store.insert_sessions(
            {
                "native_key": f"{day}:{number}",
                "timestamp": at + timedelta(minutes=number),
                "session_id": f"s{day}-{number}",
                "developer_id": ("ana", "bo")[number % 2],
            }
            for number in range(used)
        )
        store.insert_commits(
            {
                "sha": f"{day:04x}{number:04x}",
                "timestamp": at + timedelta(minutes=number),
                "repo_slug": "acme/web",
                "author": ("ana", "bo")[number % 2],
            }
            for number in range(landed)
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        fill(opened, EFFECT["y"])
        yield opened


def build(store: ProdLensStore, *, whole: bool = False, **given: Any) -> Report:
    generator = ReportGenerator(
        store, now=lambda: START + timedelta(days=200), asking=Asking(**given)
    )
    asked: dict[str, Any] = {"repo": None, "since": FIRST.isoformat(), "until": UNTIL.isoformat()}
    return generator.build_whole(**asked) if whole else generator.build(**asked)


def test_without_a_declaration_the_default_is_primary_and_confirms_nothing(
    store: ProdLensStore,
) -> None:
    found = build(store)
    commits = found.associations.commits
    assert commits.result is not None
    assert commits.result.r == pytest.approx(0.270720257428419)
    assert (commits.standing, commits.q, commits.family_size) == ("primary", None, 0)
    document = found.to_dict()
    adjustment = document["multiple_comparison_adjustment"]
    assert adjustment["primary"] == "sessions -> commits, lag 1"
    assert set(adjustment["adjusted"]) == {"merged_prs_pearson", "merged_prs_spearman"}
    said = document["ai_outcome_association"]["calibrated"]
    assert (said["role"], said["declaration"], said["q"]) == ("primary", "none", None)
    assert "not confirmatory, because no window with an end date was declared" in said["sentence"]


def test_the_declared_comparison_stands_outside_in_report_and_lags(store: ProdLensStore) -> None:
    found = build(store, whole=True, declared=DECLARED)
    assert found.associations.commits.is_primary
    assert found.over_time is not None
    assert found.over_time.profile is not None
    roles = {line.lag_days: line.role for line in found.over_time.profile.lines}
    assert roles[1] == "confirmatory"
    document = found.to_dict()
    assert document["multiple_comparison_adjustment"]["primary"] == "sessions -> commits, lag 1"
    assert document["ai_outcome_association"]["calibrated"]["declaration"] == "confirmatory"


def test_over_another_window_the_declared_one_explores(store: ProdLensStore) -> None:
    other = Declared(
        x="sessions", y="commits", lag_days=1, since=FIRST, until=UNTIL + timedelta(days=30)
    )
    commits = build(store, declared=other).associations.commits
    assert (commits.is_primary, commits.declaration) == (False, "other_window")


def test_a_declared_comparison_of_other_metrics_is_added(store: ProdLensStore) -> None:
    other = Declared(x="errors", y="commits", lag_days=2, since=FIRST, until=UNTIL)
    found = build(store, declared=other)
    assert found.associations.declared is not None
    assert found.associations.declared.exposure == "errors"
    assert found.to_dict()["ai_outcome_association"]["declared"]["x_metric"] == "errors"


def test_one_report_is_one_family(store: ProdLensStore) -> None:
    found = build(store, whole=True)
    assert found.over_time is not None
    profile = found.over_time.profile
    assert profile is not None
    assert profile.family_size == found.associations.commits.family_size == 7
    at_lag_1 = next(line for line in profile.lines if line.lag_days == 1)
    assert (at_lag_1.role, at_lag_1.q, found.associations.commits.q) == ("primary", None, None)
    family = [line for line in profile.lines if line.role == "exploratory"]
    assert [line.lag_days for line in family] == [0, 2, 3, 4, 5, 6, 7]
    assert [line.q for line in family] == adjust_pvalues([line.p_value for line in family])


def test_listed_holidays_are_set_aside_everywhere(store: ProdLensStore) -> None:
    holiday = FIRST + timedelta(days=33)
    plain, listed = build(store), build(store, nonworking_days=(holiday,))
    assert plain.associations.commits.result != listed.associations.commits.result


def test_the_first_report_fills_the_cache_and_the_second_writes_nothing(
    store: ProdLensStore,
) -> None:
    first = build(store, whole=True)
    assert {row["lag_days"] for row in store.fetch_correlation_cache()} == set(range(-3, 8))
    before = store.conn.total_changes
    second = build(store, whole=True)
    assert store.conn.total_changes == before
    assert second.associations == first.associations
    assert not store.conn.in_transaction


def test_the_strip_stands_beside_each_tested_comparison(store: ProdLensStore) -> None:
    commits, merged = build(store).associations.comparisons
    assert commits.strip is not None
    assert commits.strip.choices[-1].n == 2  # either developer left out
    assert merged.strip is None
    document = build(store).to_dict()["ai_outcome_association"]
    assert set(document["calibrated"]["sensitivity"]) == {
        *("weekends_out", "holidays_out", "week_differences", "ranks", "one_week_out"),
        "one_developer_out",
    }
    assert document["merged_prs"]["sensitivity"] is None


def test_reports_over_a_growing_window_are_looks(store: ProdLensStore) -> None:
    generator = ReportGenerator(store, now=lambda: START + timedelta(days=200))
    seen = []
    for days in (76, 83, 90, 90):
        until = (FIRST + timedelta(days=days)).isoformat()
        found = generator.build(repo=None, since=FIRST.isoformat(), until=until)
        seen.append(found.associations.commits)
    assert [one.looks for one in seen] == [1, 2, 3, 3]
    said = list(standing(seen[-1]))
    assert said[0].startswith("This pair has been tested at 3 ends of the window: looking again")


def test_what_became_of_the_declaration_is_said(store: ProdLensStore) -> None:
    later = UNTIL + timedelta(days=30)
    other = Declared(x="sessions", y="commits", lag_days=1, since=FIRST, until=later)
    found = build(store, declared=other).associations.commits
    assert list(standing(found)) == [
        (
            f"This is not the declared window, {FIRST} to {later} (not included): every lag is "
            "exploratory."
        )
    ]
    assert list(standing(build(store, declared=DECLARED).associations.commits)) == []


def test_a_new_commit_is_never_hidden_by_the_cache(store: ProdLensStore) -> None:
    before = build(store, whole=True)
    at = START + timedelta(days=44, hours=2)
    store.insert_commits(
        {"sha": f"ff{number:06x}", "timestamp": at, "repo_slug": "acme/web", "author": "ana"}
        for number in range(9)
    )
    after = build(store, whole=True)
    assert after.associations.commits.strip != before.associations.commits.strip
    assert after.over_time is not None
    assert before.over_time is not None
    assert after.over_time.profile != before.over_time.profile


def test_a_read_only_store_gives_the_same_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        fill(store, EFFECT["y"])
    before = path.read_bytes()
    with ProdLensStore(path, read_only=True) as store:
        found = build(store, whole=True)
    assert path.read_bytes() == before
    assert found.associations.commits.strip is not None
    with ProdLensStore(path) as store:
        assert build(store, whole=True).associations == found.associations
