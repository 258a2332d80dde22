"""The specification's metrics: keys, written-out values, and every printed number again by SQL."""

from __future__ import annotations

import datetime as dt
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.exports.figures import number
from prodlens.exports.terminal import page
from prodlens.metrics import ReportGenerator
from prodlens.metrics.catalog import METRICS
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = {
    "ai_interaction_velocity": {"median_latency_ms", "sessions_per_hour", "total_sessions"},
    "acceptance_rate": None,
    "model_selection_accuracy": None,
    "error_rate": None,
    "token_efficiency": {
        "tokens_per_accept",
        "accepted_sessions",
        "total_tokens",
        "tokens_per_accepted_line",
        "tokens_per_accepted_line_all_in",
    },
    "acceptance_quality": {"avg_diff_ratio", "share_above_threshold", "threshold", "sample"},
    "pr_throughput": {"weekly_merged_prs", "total_merged"},
    "commit_frequency": {"daily_commits", "total_commits"},
    "pr_merge_time_hours": None,
    "rework_rate": None,
    "revert_rate": None,
    "cost_metrics": {"total_session_cost_usd", "merged_pr_count", "cost_per_merged_pr_usd"},
    "ai_outcome_association": {"pearson", "spearman", "lag_days", "basis", "calibrated"},
    "effect_sizes": {
        "latency_cohens_d",
        "latency_effect",
        "token_efficiency_ratio",
        "model_acceptance_rates",
    },
    "multiple_comparison_adjustment": {"method", "adjusted"},
    "coverage": {"calls"},
    "metadata": {"repo", "since", "until", "lag_days"},
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def trace(day: int, hour: int, session: str, developer: str, model: str, **more: Any) -> Any:
    return CanonicalTrace(
        session_id=session,
        developer_id=developer,
        timestamp=dt.datetime(2024, 1, day, hour, tzinfo=dt.UTC),
        model=model,
        repo_slug="org/repo",
        **more,
    )


@pytest.fixture
def report(store: ProdLensStore) -> dict[str, Any]:
    store.insert_sessions(
        [
            trace(
                *(1, 12, "alpha", "dev-1", "claude-3-sonnet"),
                tokens_in=30,
                tokens_out=70,
                latency_ms=1200.0,
                status_code=200,
                accepted_flag=True,
                accepted_lines=4,
                diff_ratio=0.8,
                cost_usd=0.0057,
            ),
            trace(
                *(1, 13, "beta", "dev-1", "claude-3-sonnet"),
                tokens_in=20,
                tokens_out=30,
                latency_ms=1800.0,
                status_code=200,
                accepted_flag=False,
                diff_ratio=0.4,
                cost_usd=0.00255,
            ),
            trace(
                *(2, 15, "gamma", "dev-2", "claude-3-haiku"),
                tokens_in=40,
                tokens_out=10,
                latency_ms=1500.0,
                status_code=500,
                accepted_flag=False,
                cost_usd=0.00009,
            ),
        ]
    )
    return ReportGenerator(store).generate_report(
        repo="org/repo",
        since=dt.date(2024, 1, 1),
        until=dt.date(2024, 1, 6),
        lag_days=1,
        policy_models={"claude-3-sonnet"},
    )


def test_the_report_has_every_key_of_the_contract(report: dict[str, Any]) -> None:
    for key, names in KEYS.items():
        assert key in report
        if names is not None:
            assert names <= set(report[key]), key


def test_velocity(report: dict[str, Any]) -> None:
    assert report["ai_interaction_velocity"] == {
        "median_latency_ms": 1500.0,
        "sessions_per_hour": 1.0,
        "total_sessions": 3,
    }


def test_acceptance_rate(report: dict[str, Any]) -> None:
    assert report["acceptance_rate"] == pytest.approx(1 / 3)
    assert report["effect_sizes"]["model_acceptance_rates"] == {
        "claude-3-haiku": 0.0,
        "claude-3-sonnet": 0.5,
    }
    assert report["acceptance_quality"] == {
        "avg_diff_ratio": pytest.approx(0.6),
        "share_above_threshold": 0.5,
        "threshold": 0.7,
        "sample": 2,
    }


def test_token_efficiency(report: dict[str, Any]) -> None:
    assert report["token_efficiency"] == {
        "tokens_per_accept": 100.0,
        "accepted_sessions": 1,
        "total_tokens": 200,
        "tokens_per_accepted_line": 25.0,
        "tokens_per_accepted_line_all_in": 50.0,
    }


def test_errors_policy_and_cost(report: dict[str, Any]) -> None:
    assert report["error_rate"] == pytest.approx(1 / 3)
    assert report["model_selection_accuracy"] == pytest.approx(2 / 3)
    assert report["cost_metrics"]["total_session_cost_usd"] == 0.00834
    assert report["cost_metrics"]["total_session_cost_nanos"] == 8_340_000


def test_what_was_asked_for_is_echoed(report: dict[str, Any]) -> None:
    asked = {name: report["metadata"][name] for name in ("repo", "since", "until", "lag_days")}
    assert asked == {
        "repo": "org/repo",
        "since": "2024-01-01",
        "until": "2024-01-06",
        "lag_days": 1,
    }


VIEWS = """
create temp view s as select *,
    ifnull(status_code, 0) > 399 or error_type is not null as failed,
    status_code is not null or error_type is not null as outcome_known,
    ifnull(tokens_in, 0) + ifnull(tokens_out, 0) as tokens,
    ifnull(tokens_in, tokens_out) is not null as tokens_known
    from sessions
    where timestamp >= '2026-03-03' and timestamp < '2026-03-20' and repo_slug = 'acme/web';
create temp view hours as
    select distinct ifnull(developer_id, 'unknown'), substr(timestamp, 1, 13) from s;
create temp view ranked as select latency_ms,
    row_number() over (order by latency_ms) - 1 as place, count(*) over () - 1 as last
    from s where latency_ms >= 0;
create temp view ranked_success as select latency_ms,
    row_number() over (order by latency_ms) - 1 as place, count(*) over () - 1 as last
    from s where latency_ms >= 0 and not failed;
"""
SQL = {
    "calls": "select count(*) from s",
    "sessions": "select count(distinct session_id) from s",
    "median_latency_ms": """select sum(latency_ms * (1 - abs(place - last * 0.5))) from ranked
        where abs(place - last * 0.5) < 1""",
    "p95_latency_ms": """select sum(latency_ms * (1 - abs(place - last * 0.95))) from ranked
        where abs(place - last * 0.95) < 1""",
    "median_latency_success_ms": """select sum(latency_ms * (1 - abs(place - last * 0.5)))
        from ranked_success where abs(place - last * 0.5) < 1""",
    "active_hours": "select count(*) from hours",
    "sessions_per_hour": """select count(distinct session_id) * 1.0
        / (select count(*) from hours) from s""",
    "calls_per_hour": "select count(*) * 1.0 / (select count(*) from hours) from s",
    "error_rate": "select avg(failed) from s where outcome_known",
    "model_selection_accuracy": """select avg(model in ('gpt-5', 'claude-opus-4-1-20250805'))
        from s where model is not null""",
    "acceptance_rate": "select avg(accepted_flag) from s where accepted_flag is not null",
    "acceptance_coverage": "select avg(accepted_flag is not null) from s",
    "session_acceptance_rate": """select avg(best) from (select max(accepted_flag) as best from s
        where session_id is not null group by session_id) where best is not null""",
    "avg_diff_ratio": "select avg(diff_ratio) from s",
    "share_above_threshold": "select avg(diff_ratio >= 0.7) from s where diff_ratio is not null",
    "accepted_lines": "select sum(accepted_lines) from s where accepted_flag = 1",
    "lines_coverage": "select avg(accepted_lines is not null) from s where accepted_flag = 1",
    "total_tokens": "select sum(tokens) from s",
    "tokens_per_accept": "select avg(tokens) from s where accepted_flag = 1 and tokens_known",
    "tokens_per_accepted_line": """select sum(tokens) * 1.0 / sum(accepted_lines) from s
        where accepted_flag = 1 and accepted_lines is not null and tokens_known""",
    "tokens_per_accepted_line_all_in": """select sum(tokens) * 1.0
        / (select sum(accepted_lines) from s where accepted_flag = 1) from s""",
    "cost_usd": "select sum(cost_nanos) / 1e9 from s",
    "cost_coverage": "select avg(cost_usd is not null) from s",
    "subscription_cost_usd": "select sum(cost_nanos) / 1e9 from s where subscription = 1",
}
CELLS = {
    "Calls  ": "select printf('%,d', count(*)) from s",
    "Error rate": """select printf('%.1f%%|%d of %d', avg(failed) * 100, sum(failed), count(*))
        from s where outcome_known""",
    "Acceptance rate": """select printf('%.1f%%|%d of %d', avg(accepted_flag) * 100,
        sum(accepted_flag), count(accepted_flag)) from s""",
    "Tokens  ": "select printf('%,d|n %d', sum(tokens), sum(tokens_known)) from s",
    "Cost  ": "select printf('$%.4f|n %d', sum(cost_nanos) / 1e9, count(cost_usd)) from s",
    "gpt-5": """select printf('%d|$%.4f|%d of %d|%d of %d', count(*), sum(cost_nanos) / 1e9,
        count(cost_usd), count(*), sum(accepted_flag), count(accepted_flag))
        from s where model = 'gpt-5'""",
    "  calls by source": "select printf('calls by source: direct %d', count(*)) from s",
    "  first call": """select printf('first call %s UTC, last %s UTC; calls on %d of 17 days',
        substr(replace(min(timestamp), 'T', ' '), 1, 16),
        substr(replace(max(timestamp), 'T', ' '), 1, 16), count(distinct event_date)) from s""",
}
"""Rows of the page by how they begin: the cells behind the title, made by SQL alone."""


def invented_calls() -> list[dict[str, Any]]:
    dice = random.Random(20260301)  # noqa: S311 - invented data, fixed seed

    def maybe(value: Any, share: float = 0.8) -> Any:
        return value if dice.random() < share else None

    return [
        {
            "native_key": f"test:{n}",
            "timestamp": f"2026-03-{dice.randrange(1, 23):02d}T{dice.randrange(24):02d}:30:00Z",
            "repo_slug": maybe(dice.choice(["acme/web", "acme/web", "acme/api"])),
            "session_id": maybe(f"s{dice.randrange(60)}"),
            "developer_id": maybe(f"d{dice.randrange(5)}"),
            "model": maybe(dice.choice(["gpt-5", "claude-opus-4-1-20250805", "house-model"])),
            "tokens_in": maybe(dice.randrange(5000)),
            "tokens_out": maybe(dice.randrange(900)),
            "latency_ms": maybe(dice.uniform(-50, 9000)),
            "status_code": maybe(dice.choice([200, 200, 200, 429, 500])),
            "error_type": maybe("Timeout", 0.05),
            "accepted_flag": maybe(dice.random() < 0.6),
            "accepted_lines": maybe(dice.randrange(30)),
            "diff_ratio": maybe(dice.random(), 0.3),
            "cost_usd": maybe(dice.randrange(10**7) / 10**9),
            "subscription": maybe(dice.random() < 0.3),
        }
        for n in range(600)
    ]


def test_every_printed_number_is_what_plain_sql_says(store: ProdLensStore) -> None:
    store.insert_sessions(invented_calls())
    made = ReportGenerator(store).build(
        repo="acme/web", since="2026-03-03", until="2026-03-20", policy_models=["gpt-5", "*opus*"]
    )
    metrics = made.to_dict()["metrics"]
    lines = page(made, width=120).plain().splitlines()
    store.conn.executescript(VIEWS)
    assert set(metrics) == set(SQL) == set(METRICS)
    for slug, statement in SQL.items():
        expected = store.conn.execute(statement).fetchone()[0]
        assert metrics[slug]["value"] == pytest.approx(expected, rel=1e-12), slug
        title, shown = f"{METRICS[slug].title}  ", f" {number(expected, METRICS[slug].unit)}"
        assert any(line.startswith(title) and shown in line for line in lines), slug
    for title, statement in CELLS.items():
        cells = store.conn.execute(statement).fetchone()[0].split("|")
        row = next(line for line in lines if line.startswith(title))
        shown_cells = re.split(r"\s{2,}", row)[1:]
        assert shown_cells[: len(cells)] == cells, title
