from __future__ import annotations

import json
import stat
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError
from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def call(number: int, at: str, **fields: Any) -> dict[str, Any]:
    return {"native_key": f"test:{number}", "timestamp": at, "repo_slug": "acme/web", **fields}


CALLS = (
    call(1, "2026-03-02T09:05:00Z", model="gpt-5", cost_usd=0.5, accepted_flag=True),
    call(2, "2026-03-02T10:00:00Z", model="gpt-5", cost_usd=0.25, accepted_flag=False),
    call(3, "2026-03-05T10:00:00Z", model="house-model", subscription=True),
    call(4, "2026-03-05T11:00:00Z", model="opus", cost_usd=2.0, subscription=True),
    call(5, "2026-03-06T11:00:00Z", repo_slug="acme/api", model="gpt-5", cost_usd=8.0),
    call(6, "2026-03-07T11:00:00Z", repo_slug=None, latency_ms=20.0),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(CALLS)
        yield opened


def report(store: ProdLensStore, **asked: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"repo": None, "since": None, **asked}
    return ReportGenerator(store, now=lambda: NOW).generate_report(**given)


def codes(found: dict[str, Any]) -> list[str]:
    return [note["code"] for note in found["notes"]]


def test_a_repository_never_mixes_with_another(store: ProdLensStore) -> None:
    assert report(store, repo="acme/web")["cost_metrics"]["total_session_cost_usd"] == 2.75
    assert report(store, repo="ACME/API")["cost_metrics"]["total_session_cost_usd"] == 8.0
    assert report(store)["cost_metrics"]["total_session_cost_usd"] == 10.75
    assert report(store)["metadata"]["repo"] is None
    assert report(store, repo="Acme/Web")["metadata"]["repo"] == "acme/web"


def test_an_unknown_repository_is_refused_and_the_known_ones_are_named(
    store: ProdLensStore,
) -> None:
    with pytest.raises(InputError) as caught:
        report(store, repo="acme/nope")
    assert str(caught.value) == (
        "Nothing in this database belongs to acme/nope. It knows acme/api, acme/web."
    )


def test_a_long_list_of_known_repositories_is_cut(store: ProdLensStore) -> None:
    store.insert_sessions(
        call(100 + n, "2026-03-02T09:00:00Z", repo_slug=f"acme/r{n}") for n in range(1200)
    )
    with pytest.raises(InputError) as caught:
        report(store, repo="acme/nope")
    assert str(caught.value).endswith(
        "It knows acme/api, acme/r0, acme/r1, acme/r10, acme/r100 and 1,197 more."
    )


def test_when_no_call_names_a_repository_the_way_out_is_named(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "x.db") as store:
        store.insert_sessions([call(1, "2026-03-02T09:05:00Z", repo_slug=None)])
        with pytest.raises(InputError, match="ingest with --repo acme/web"):
            report(store, repo="acme/web")


def test_an_empty_store_gives_none_and_no_error(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "x.db") as store:
        found = report(store, repo="acme/web", since="2026-01-01", policy_models=["gpt-*"])
    assert found["ai_interaction_velocity"] == {
        "median_latency_ms": None,
        "sessions_per_hour": None,
        "total_sessions": 0,
    }
    assert found["acceptance_rate"] is None
    assert found["error_rate"] is None
    assert found["model_selection_accuracy"] is None
    assert found["coverage"]["cost_known"] is None
    assert found["coverage"]["first_call"] is None
    assert found["models"] == []
    assert codes(found) == ["no_data", "no_deliveries"]


def test_a_window_before_the_data_is_clipped_and_says_so(store: ProdLensStore) -> None:
    found = report(store, repo="acme/web", since="2020-01-01")
    assert found["metadata"]["window_clipped"] is True
    assert found["metadata"]["since"] == "2020-01-01"
    assert found["metadata"]["first_day"] == "2026-03-02"
    assert found["metadata"]["last_day"] == "2026-03-05"
    assert found["notes"][0]["text"] == (
        "Data begin on 2 Mar 2026 for acme/web: the window is clipped to that day."
    )
    assert found["coverage"]["calls"] == 4


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        ("2026-03-08", None, "window_after_data"),
        ("2030-01-01", "2031-01-01", "window_after_data"),
        ("2020-01-01", "2020-02-01", "window_before_data"),
        ("2026-03-03", "2026-03-04", "no_calls"),
    ],
)
def test_a_window_without_calls_says_which_kind_it_is(
    store: ProdLensStore, since: str, until: str | None, code: str
) -> None:
    found = report(store, since=since, until=until)
    assert codes(found) == [code, "no_deliveries"]
    assert found["metadata"]["window_clipped"] is False
    assert found["acceptance_rate"] is None
    assert found["ai_interaction_velocity"]["total_sessions"] == 0


@pytest.mark.parametrize(
    ("since", "until", "calls"),
    [
        (date(2026, 3, 5), date(2026, 3, 6), 2),
        (datetime(2026, 3, 2, 10, tzinfo=UTC), "2026-03-05T10:00:00Z", 1),
        ("2026-03-02T10:00:01Z", None, 4),
        ("2026-03-07", "2026-03-08", 1),
    ],
)
def test_since_belongs_to_the_window_and_until_does_not(
    store: ProdLensStore, since: Any, until: Any, calls: int
) -> None:
    assert report(store, since=since, until=until)["coverage"]["calls"] == calls


def test_the_present_day_is_marked_as_unfinished(store: ProdLensStore) -> None:
    store.insert_sessions([call(7, "2026-03-20T08:00:00Z")])
    found = report(store)
    assert found["metadata"]["incomplete_day"] == "2026-03-20"
    assert found["notes"][0]["text"] == (
        "20 Mar 2026 is not over: its figures will still grow; growth and association leave it out."
    )
    assert report(store, until="2026-03-20")["metadata"]["incomplete_day"] is None


def test_unpriced_calls_are_listed_and_never_cost_nothing(store: ProdLensStore) -> None:
    found = report(store)
    assert found["coverage"]["unpriced_models"] == [
        {"model": None, "calls": 1},
        {"model": "house-model", "calls": 1},
    ]
    assert found["cost_metrics"]["cost_coverage"] == pytest.approx(4 / 6)
    lines = {line["model"]: line["cost_usd"] for line in found["models"]}
    assert lines == {"gpt-5": 8.75, "opus": 2.0, None: None, "house-model": None}
    assert list(lines) == ["gpt-5", "opus", None, "house-model"]


def test_use_on_a_subscription_is_labelled(store: ProdLensStore) -> None:
    found = report(store)
    assert found["cost_metrics"]["subscription_cost_usd"] == 2.0
    assert found["coverage"]["subscription_calls"] == 2
    note = next(note for note in found["notes"] if note["code"] == "subscription_at_api_prices")
    assert note["keys"] == ["cost_metrics"]
    assert "not what was spent" in note["text"]


def test_acceptance_rates_of_models_leave_out_what_nobody_decided(store: ProdLensStore) -> None:
    assert report(store)["effect_sizes"]["model_acceptance_rates"] == {"gpt-5": 0.5}


def test_policy_patterns_are_echoed_and_applied(store: ProdLensStore) -> None:
    found = report(store, policy_models={"openai/gpt-5", "opus-*"})
    assert found["metadata"]["policy_models"] == ["openai/gpt-5", "opus-*"]
    assert found["model_selection_accuracy"] == 0.6
    assert report(store)["metadata"]["policy_models"] is None


def test_without_deliveries_their_parts_are_none_with_a_note(store: ProdLensStore) -> None:
    found = report(store, lag_days=3)
    assert set(found["pr_throughput"].values()) == {None}
    assert set(found["commit_frequency"].values()) == {None}
    assert found["pr_merge_time_hours"] is None
    assert found["rework_rate"] is None
    assert found["revert_rate"] is None
    assert found["cost_metrics"]["merged_pr_count"] is None
    assert found["cost_metrics"]["cost_per_merged_pr_usd"] is None
    assert found["metrics"]["merged_prs"]["note"] == "no deliveries are known"
    association = found["ai_outcome_association"]
    assert association["pearson"] == {"r": None, "p_value": None, "count": 0}
    assert association["spearman"] == {"r": None, "p_value": None, "count": 0}
    assert (association["lag_days"], association["basis"]) == (3, "naive")
    assert association["calibrated"]["status"] == "no_delivery_data"
    assert association["calibrated"]["sentence"] == (
        "Not enough data: no commits are known for this window."
    )
    assert found["multiple_comparison_adjustment"] == {
        "method": "benjamini-hochberg",
        "adjusted": {
            "commits_pearson": None,
            "merged_prs_pearson": None,
            "commits_spearman": None,
            "merged_prs_spearman": None,
        },
        "family_size": 0,
        "q": 0.1,
        "primary": None,
    }
    assert codes(found)[-1] == "no_deliveries"


@pytest.mark.parametrize(
    "asked",
    [
        {"lag_days": -1},
        {"repo": "../etc"},
        {"repo": ""},
        {"since": "whenever"},
        {"since": "2026-03-02", "until": "2026-03-02"},
        {"policy_models": [""]},
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(
    store: ProdLensStore, asked: dict[str, Any]
) -> None:
    with pytest.raises(InputError):
        report(store, **asked)
    assert not store.conn.in_transaction


def test_stale_rollups_and_a_read_only_file_change_nothing(
    store: ProdLensStore, tmp_path: Path
) -> None:
    expected = report(store)
    assert store.fetch_daily_session_metrics() == []
    store.close()
    path, folder_mode = tmp_path / "cache.db", stat.S_IMODE(tmp_path.stat().st_mode)
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        before = path.read_bytes()
        with ProdLensStore(path, read_only=True) as read_only:
            assert report(read_only) == expected
        assert path.read_bytes() == before
    finally:
        tmp_path.chmod(folder_mode)


def test_the_report_is_plain_json_and_the_same_again(store: ProdLensStore) -> None:
    first = json.dumps(report(store), allow_nan=False)
    assert json.dumps(report(store), allow_nan=False) == first
    changes = store.conn.total_changes
    report(store)
    assert store.conn.total_changes == changes


def test_the_order_in_which_calls_arrived_does_not_matter(
    store: ProdLensStore, tmp_path: Path
) -> None:
    with ProdLensStore(tmp_path / "other.db") as other:
        other.insert_sessions(reversed(CALLS))
        assert report(other) == report(store)
