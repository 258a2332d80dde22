"""What the report says of deliveries: windows, repositories, syncs, what a clone can't tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def call(day: int, repo: str | None = "acme/web", **fields: Any) -> dict[str, Any]:
    key = f"test:{day}:{repo}:{fields.pop('n', 0)}"
    return {
        "native_key": key,
        "timestamp": at(day),
        "repo_slug": repo,
        "session_id": key,
        "cost_usd": 1.0,
        **fields,
    }


def commit(day: int, repo: str = "acme/web", n: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "sha": f"{day % 1000:020x}{n:020x}",
        "repo_slug": repo,
        "timestamp": at(day),
        "author": "ana",
        **fields,
    }


def merged(number: int, day: int, repo: str = "acme/web", **fields: Any) -> dict[str, Any]:
    return {
        "number": number,
        "repo_slug": repo,
        "created_at": at(day - 1),
        "merged_at": at(day),
        "reopened": False,
        **fields,
    }


def sync(store: ProdLensStore, day: int, repo: str = "acme/web") -> None:
    moment = f"{at(day):%Y-%m-%dT%H:%M:%S}.000000Z"
    store.conn.execute("update repositories set synced_at = ? where slug = ?", (moment, repo))


def report(store: ProdLensStore, **asked: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"repo": None, "since": None, **asked}
    found = ReportGenerator(store, now=lambda: NOW).generate_report(**given)
    json.dumps(found, allow_nan=False)
    return found


def codes(found: dict[str, Any]) -> list[str]:
    return [note["code"] for note in found["notes"]]


def test_deliveries_of_one_repository_never_count_for_another(store: ProdLensStore) -> None:
    store.insert_sessions([call(2), call(3), call(2, "acme/api"), call(2, None)])
    store.insert_commits([commit(2), commit(3), commit(2, "acme/api"), commit(4, "acme/api")])
    store.insert_pull_requests([merged(1, 3), merged(1, 3, "acme/api"), merged(2, 4, "acme/api")])
    web, api, every = (report(store, repo=repo) for repo in ("acme/web", "ACME/api", None))
    assert [one["commit_frequency"]["total_commits"] for one in (web, api, every)] == [2, 2, 3]
    assert [one["pr_throughput"]["total_merged"] for one in (web, api, every)] == [1, 2, 3]
    costs = [one["cost_metrics"]["cost_per_merged_pr_usd"] for one in (web, api, every)]
    assert costs == [2.0, 0.5, pytest.approx(4 / 3)]
    states = web["coverage"]["deliveries"]["repositories"]
    assert [state["repo"] for state in states] == ["acme/web"]


def test_an_old_name_finds_the_deliveries_too(store: ProdLensStore) -> None:
    store.insert_commits([commit(2)])
    store.insert_sessions([call(2, "acme/old"), call(3)])
    store.conn.execute("insert into repo_aliases values ('github.com', 'acme/old', 1)")
    assert report(store, repo="acme/old")["commit_frequency"]["total_commits"] == 1
    assert report(store, repo="acme/web")["coverage"]["calls"] == 2


def test_without_a_beginning_the_report_begins_with_the_calls(store: ProdLensStore) -> None:
    store.insert_sessions([call(5), call(9)])
    store.insert_commits([commit(-400), commit(4), commit(5), commit(12)])
    found = report(store)
    assert (found["metadata"]["first_day"], found["metadata"]["last_day"]) == (
        "2026-03-05",
        "2026-03-12",
    )
    assert found["commit_frequency"]["total_commits"] == 2
    assert found["commit_frequency"]["commits_per_calendar_day"] == 0.25
    assert "calls_begin_later" not in codes(found)


def test_a_window_that_ends_before_the_calls_is_about_deliveries_alone(
    store: ProdLensStore,
) -> None:
    store.insert_sessions([call(20)])
    store.insert_commits([commit(4), commit(5), commit(21)])
    found = report(store, until="2026-03-10")
    assert (found["metadata"]["first_day"], found["metadata"]["last_day"]) == (
        "2026-03-04",
        "2026-03-09",
    )
    assert found["commit_frequency"]["total_commits"] == 2
    assert codes(found) == ["no_calls"]


def test_a_window_that_begins_before_the_calls_says_so(store: ProdLensStore) -> None:
    store.insert_sessions([call(20)])
    store.insert_pull_requests([merged(1, 5), merged(2, 21)])
    found = report(store, since="2026-03-02")
    assert found["cost_metrics"]["cost_per_merged_pr_usd"] == 0.5
    note = next(note for note in found["notes"] if note["code"] == "calls_begin_later")
    assert note["text"] == (
        "Calls are known from 20 Mar 2026 on, deliveries of this window from before too: the cost "
        "per merged pull request counts those as well."
    )


def test_the_window_is_cut_to_where_anything_begins(store: ProdLensStore) -> None:
    store.insert_sessions([call(20)])
    store.insert_commits([commit(4), commit(21)])
    found = report(store, since="2020-01-01", until="2026-03-24")
    assert found["metadata"]["window_clipped"] is True
    assert found["metadata"]["first_day"] == "2026-03-04"
    assert found["commit_frequency"]["commits_per_calendar_day"] == 0.1


def test_calls_without_deliveries_and_deliveries_without_calls(store: ProdLensStore) -> None:
    store.insert_sessions([call(2)])
    store.insert_commits([commit(2, "acme/api")])
    calls_only, commits_only = report(store, repo="acme/web"), report(store, repo="acme/api")
    assert codes(calls_only)[-1] == "no_deliveries"
    assert calls_only["notes"][-1]["text"].startswith(
        "There are no deliveries for acme/web in the database"
    )
    assert calls_only["commit_frequency"]["total_commits"] is None
    assert codes(commits_only) == ["no_calls"]
    assert commits_only["ai_outcome_association"]["calibrated"]["status"] == "no_calls"
    assert commits_only["pr_throughput"]["total_merged"] is None
    assert commits_only["metrics"]["merged_prs"]["note"] == "no pull requests are known"


def test_git_alone_says_what_it_can_and_names_what_it_cannot(store: ProdLensStore) -> None:
    store.insert_sessions([call(2)])
    store.insert_pull_requests(
        [merged(1, 3, created_at=None, reopened=None, closed_at=at(3), source="git")]
    )
    sync(store, 29)
    found = report(store, repo="acme/web")
    assert codes(found)[-1] == "git_alone"
    assert found["pr_throughput"]["total_merged"] == 1
    assert found["pr_merge_time_hours"] is None
    assert found["rework_rate"] is None
    assert found["revert_rate"] == 0.0
    assert found["coverage"]["deliveries"]["rework_unknown"] == 1
    assert found["coverage"]["deliveries"]["repositories"][0]["git_alone"] is True


def test_a_shallow_clone_is_told(store: ProdLensStore) -> None:
    store.insert_commits([commit(2)])
    store.conn.execute("insert into sync_state values (1, 'git', 'cut', '1')")
    assert "history_cut" in codes(report(store))


def test_a_commit_dated_2099_moves_neither_the_window_nor_the_maturity(
    store: ProdLensStore,
) -> None:
    store.insert_commits([commit(2), commit(5)])
    store.insert_commits(
        [{"sha": "f" * 40, "repo_slug": "acme/web", "timestamp": "2099-01-01T00:00:00Z"}]
    )
    store.insert_pull_requests([merged(1, 4)])
    found = report(store)
    assert found["metadata"]["last_day"] == "2026-03-05"
    assert found["commit_frequency"]["total_commits"] == 2
    assert found["rework_rate"] is None
    assert found["coverage"]["deliveries"]["impossible_commits"] == 1
    assert found["coverage"]["deliveries"]["rework_immature"] == 1


def test_follow_up_is_judged_by_each_repository_s_own_sync(store: ProdLensStore) -> None:
    store.insert_pull_requests([merged(1, 3), merged(2, 3, "acme/api")])
    sync(store, 29)
    sync(store, 5, "acme/api")
    found = report(store)
    rework = found["metrics"]["rework_rate"]
    assert (rework["numerator"], rework["denominator"]) == (0, 1)
    assert found["coverage"]["deliveries"]["rework_immature"] == 1


def test_the_present_day_is_in_no_series(store: ProdLensStore) -> None:
    days = range(10, 31)
    store.insert_sessions([call(day, n=n) for day in days for n in range(2)])
    store.insert_commits([commit(day) for day in days])
    found = report(store, since="2026-03-10")
    assert found["metadata"]["incomplete_day"] == "2026-03-30"
    calibrated = found["ai_outcome_association"]["calibrated"]
    assert (calibrated["first_day"], calibrated["last_day"]) == ("2026-03-10", "2026-03-29")
    assert found["coverage"]["whole_days"] == 20
    assert found["commit_frequency"]["total_commits"] == 21
    assert found["metrics"]["session_growth_percent"]["value"] == 0.0


def test_the_day_of_the_last_sync_is_in_no_series(store: ProdLensStore) -> None:
    store.insert_sessions([call(day) for day in range(2, 29)])
    store.insert_commits([commit(day) for day in range(2, 25)])
    sync(store, 24)
    calibrated = report(store, since="2026-03-02")["ai_outcome_association"]["calibrated"]
    assert (calibrated["last_day"], calibrated["days_covered"]) == ("2026-03-23", 22)


def test_an_outage_is_missing_and_a_weekend_is_not(store: ProdLensStore) -> None:
    on = [day for day in range(2, 30) if not 7 <= day <= 8 and not 14 <= day <= 20]
    store.insert_sessions([call(day) for day in on])
    store.insert_commits([commit(day) for day in range(2, 30)])
    found = report(store, since="2026-03-02", until="2026-03-30")
    assert (found["coverage"]["whole_days"], found["coverage"]["captured_days"]) == (28, 21)
    calibrated = found["ai_outcome_association"]["calibrated"]
    assert calibrated["longest_run_only"] is True
    assert (calibrated["first_day"], calibrated["last_day"]) == ("2026-03-02", "2026-03-13")
    growth = found["metrics"]["session_growth_percent"]
    assert (growth["value"], growth["note"]) == (None, "a day of the last weeks was not covered")


def test_use_elsewhere_shows_that_capture_was_on(store: ProdLensStore) -> None:
    store.insert_sessions([call(2), call(29)])
    quiet = report(store, repo="acme/web", since="2026-03-02", until="2026-03-30")
    store.insert_sessions([call(day, "acme/api") for day in range(2, 30)])
    busy = report(store, repo="acme/web", since="2026-03-02", until="2026-03-30")
    assert (quiet["coverage"]["captured_days"], busy["coverage"]["captured_days"]) == (2, 28)


def test_work_of_programs_is_left_out_and_counted(store: ProdLensStore) -> None:
    store.insert_commits([commit(2), commit(3, is_bot=True, n=1), commit(3, is_merge=True, n=2)])
    store.insert_pull_requests([merged(1, 3), merged(2, 3, is_bot=True)])
    found = report(store)
    assert found["commit_frequency"]["total_commits"] == 1
    assert found["pr_throughput"]["total_merged"] == 1
    deliveries = found["coverage"]["deliveries"]
    assert (deliveries["commits_by_programs"], deliveries["merged_prs_by_programs"]) == (1, 1)


def test_sizes_and_rates_stand_under_the_names_of_the_contract(store: ProdLensStore) -> None:
    store.insert_sessions(
        call(2, n=n, accepted_flag=n < 3, latency_ms=float(n), tokens_in=10 * n + 10, model="m")
        for n in range(6)
    )
    sizes = report(store)["effect_sizes"]
    assert sizes["latency_cohens_d"] == pytest.approx(-3.0)
    assert sizes["latency_effect"] == "large"
    assert sizes["token_efficiency_ratio"] == pytest.approx(20 / 35)
    assert sizes["token_ratio_accepted_vs_rejected"]["value"] == pytest.approx(0.4)
    assert sizes["ci_reason"] == "fewer than 10 developers"
    assert sizes["model_acceptance_rates"] == {"m": 0.5}
