"""The specification's metrics: keys, written-out values, and every printed number again by SQL."""

from __future__ import annotations

import csv
import datetime as dt
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.exports.figures import number
from prodlens.exports.terminal import page
from prodlens.metrics import ReportGenerator
from prodlens.metrics.catalog import METRICS, Family
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


def deliver(store: ProdLensStore, repo: str, later_days: int) -> None:
    """Two merged pull requests and two commits of one day, as the specification's own test has."""

    def at(day: int, hour: int) -> dt.datetime:
        return dt.datetime(2024, 1, day + later_days, hour, tzinfo=dt.UTC)

    store.insert_pull_requests(
        {
            "id": 100 * later_days + number,
            "number": number,
            "title": f"Change {number}",
            "author": "dev-1",
            "state": "closed",
            "created_at": created,
            "merged_at": merged,
            "updated_at": merged,
            "reopened": False,
            "repo_slug": repo,
        }
        for number, created, merged in (
            (10, at(1, 10), at(1, 20)),
            (11, at(2, 9), at(5, 9)),
        )
    )
    store.insert_commits(
        {"sha": sha * 20, "author": author, "timestamp": at(2, hour), "repo_slug": repo}
        for sha, author, hour in (("aa", "dev-1", 11), ("bb", "dev-2", 12))
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
    deliver(store, "org/repo", 0)
    deliver(store, "org/other", 2)
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


def test_delivery(report: dict[str, Any]) -> None:
    assert report["pr_throughput"] == {"weekly_merged_prs": 2.0, "total_merged": 2, "weeks": 1.0}
    assert report["commit_frequency"] == {
        "daily_commits": 2.0,
        "total_commits": 2,
        "active_days": 1,
        "commits_per_calendar_day": 0.4,
        "commits_per_developer_active_day": 1.0,
    }
    assert report["pr_merge_time_hours"] == [10.0, 72.0]
    assert report["metrics"]["pr_merge_time_hours"]["value"] == 41.0
    assert report["cost_metrics"]["merged_pr_count"] == 2
    assert report["cost_metrics"]["cost_per_merged_pr_usd"] == pytest.approx(0.00417)


def test_rework_is_not_known_before_21_days_are_over(
    report: dict[str, Any], store: ProdLensStore
) -> None:
    for name in ("rework_rate", "revert_rate"):
        assert report[name] is None
        assert report["metrics"][name]["note"] == "the 21 days of 2 were not over at the last sync"
    store.conn.execute("update repositories set synced_at = '2024-06-01T00:00:00.000000Z'")
    later = ReportGenerator(store).generate_report(
        repo="org/repo", since=dt.date(2024, 1, 1), until=dt.date(2024, 1, 6)
    )
    assert (later["rework_rate"], later["revert_rate"]) == (0.0, 0.0)


def test_association_and_effect_sizes_of_five_days_claim_nothing(report: dict[str, Any]) -> None:
    association = report["ai_outcome_association"]
    assert association["pearson"] == {"r": None, "p_value": None, "count": 4}
    assert association["spearman"] == {"r": None, "p_value": None, "count": 4}
    assert (association["lag_days"], association["basis"]) == (1, "naive")
    assert association["calibrated"]["status"] == "insufficient_data"
    assert association["calibrated"]["more_days_needed"] == 9
    sizes = report["effect_sizes"]
    assert (sizes["latency_cohens_d"], sizes["latency_effect"]) == (None, None)
    assert sizes["token_efficiency_ratio"] == 1.5
    assert report["multiple_comparison_adjustment"]["method"] == "benjamini-hochberg"
    assert set(report["multiple_comparison_adjustment"]["adjusted"].values()) == {None}


def test_the_specification_s_command_writes_its_csv(
    report: dict[str, Any], store: ProdLensStore, tmp_path: Path
) -> None:
    del report
    store.close()
    command = [
        *("report", "--repo", "org/repo", "--db", str(store.path), "--since", "2024-01-01"),
        *("--lag-days", "1", "--policy-model", "claude-3-sonnet"),
        *("--output", str(tmp_path / "report.csv")),
    ]
    assert CliRunner().invoke(prod_lens, command).exit_code == 0
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as stream:
        found = dict(csv.reader(stream))
    expected = {
        "ai_interaction_velocity.median_latency_ms": "1500.0",
        "ai_interaction_velocity.sessions_per_hour": "1.0",
        "token_efficiency.tokens_per_accepted_line": "25.0",
        "pr_throughput.weekly_merged_prs": "2.0",
        "rework_rate": "",
        "pr_merge_time_hours": "[10.0, 72.0]",
        "ai_outcome_association.pearson.count": "4",
        "ai_outcome_association.lag_days": "1",
        "effect_sizes.latency_cohens_d": "",
        "effect_sizes.token_efficiency_ratio": "1.5",
        "effect_sizes.model_acceptance_rates.claude-3-sonnet": "0.5",
        "multiple_comparison_adjustment.method": "benjamini-hochberg",
        "multiple_comparison_adjustment.adjusted.merged_prs_pearson": "",
    }
    assert {name: found[name] for name in expected} == expected
    assert float(found["acceptance_rate"]) == pytest.approx(1 / 3)


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
create temp view owned as select ifnull(developer_id, 'session ' || session_id) as owner,
    strftime('%s', timestamp) + substr(timestamp, 20, 7) as start,
    strftime('%s', timestamp) + substr(timestamp, 20, 7) + max(ifnull(latency_ms, 0), 0) / 1000
        as end
    from s where developer_id is not null or session_id is not null;
create temp view cuts as select *, ifnull(start - max(end) over (partition by owner
    order by start, end rows between unbounded preceding and 1 preceding) > 1800, 1) as cut
    from owned;
create temp view pieces as select *, sum(cut) over (partition by owner order by start, end
    rows unbounded preceding) as piece from cuts;
create temp view work as select (max(end) - min(start)) / 3600 as hours, count(*) as calls,
    row_number() over (order by max(end) - min(start)) - 1 as place, count(*) over () - 1 as last
    from pieces group by owner, piece;
create temp view ranked as select latency_ms,
    row_number() over (order by latency_ms) - 1 as place, count(*) over () - 1 as last
    from s where latency_ms >= 0;
create temp view ranked_success as select latency_ms,
    row_number() over (order by latency_ms) - 1 as place, count(*) over () - 1 as last
    from s where latency_ms >= 0 and not failed;
create temp view halves as select
    sum(n * (event_date between '2026-03-06' and '2026-03-12')) as a,
    sum(n * (event_date between '2026-03-13' and '2026-03-19')) as b
    from (select event_date, count(*) as n from s group by event_date);
create temp view c as select c.*, date(timestamp) as day, ifnull(is_bot, 0) as bot,
    exists (select 1 from commit_trailers t where t.repo_id = c.repo_id and t.sha = c.sha
        and t.ai_role = 'author') as signed
    from commits c join repositories r using (repo_id) where slug = 'acme/web' and not is_merge
    and on_default_branch and timestamp >= '2026-03-03' and timestamp < '2026-03-20';
create temp view q as select p.*, min(ifnull(closed_at, merged_at), ifnull(merged_at, closed_at))
    as first_close from pull_requests p join repositories using (repo_id)
    where slug = 'acme/web' and ifnull(is_bot, 0) = 0;
create temp view signs as
    select distinct p.repo_id, number, iif(session_ref is null, 'co_author', 'session_trailer') as kind
    from q p join commit_trailers t on t.repo_id = p.repo_id and t.sha = p.merge_commit_sha
    where t.ai_role = 'author'
    union select repo_id, number, 'label' from q where labels like '%"AI-Assisted"%'
    union select q.repo_id, number, 'transcript' from q join session_links on ref = number;
create temp view p as select * from q
    where merged_at >= '2026-03-03' and merged_at < '2026-03-20';
create temp view hours_to_merge as select *, row_number() over (order by hours) - 1 as place,
    count(*) over () - 1 as last
    from (select (julianday(merged_at) - julianday(created_at)) * 24 as hours from p)
    where hours >= 0;
"""


def median(value: str, source: str) -> str:
    return f"""select avg(v) from (
        select v, row_number() over (order by v) as place, count(*) over () as n
        from (select {value} as v from {source}) where v is not null)
        where place in ((n + 1) / 2, n / 2 + 1)"""  # noqa: S608 - the texts of this file


GROUPED = {
    "pr_merge_time_{}_hours": median(
        "(julianday(merged_at) - julianday(created_at)) * 24",
        "p where merged_at >= created_at and {}",
    ),
    "pr_size_{}_lines": median("additions + deletions", "p where {}"),
    "rework_rate_{}": """select avg(ifnull(julianday(reopened_at) - julianday(first_close) between 0
        and 21, 0)) from q where reopened is not null
        and first_close >= '2026-03-03' and first_close < '2026-03-20' and {}""",
    "revert_rate_{}": """select avg(exists (select 1 from commits c where c.repo_id = p.repo_id
        and c.reverts_sha = p.merge_commit_sha and c.timestamp >= p.merged_at and c.on_default_branch
        and julianday(c.timestamp) - julianday(p.merged_at) <= 21)) from p where {}""",
}
"""The same of pull requests with and of those without a sign of AI assistance."""
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
    "working_sessions": "select count(*) from work",
    "working_session_median_hours": """select sum(hours * (1 - abs(place - last * 0.5))) from work
        where abs(place - last * 0.5) < 1""",
    "working_time_hours": "select sum(hours) from work",
    "calls_per_working_session": "select avg(calls) from work",
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
    **dict.fromkeys(
        (slug for slug, metric in METRICS.items() if metric.family is Family.EDITS),
        "select nullif(count(*), 0) from suggestions",
    ),
    "total_tokens": "select sum(tokens) from s",
    "tokens_per_accept": "select avg(tokens) from s where accepted_flag = 1 and tokens_known",
    "tokens_per_accepted_line": """select sum(tokens) * 1.0 / sum(accepted_lines) from s
        where accepted_flag = 1 and accepted_lines is not null and tokens_known""",
    "tokens_per_accepted_line_all_in": """select sum(tokens) * 1.0
        / (select sum(accepted_lines) from s where accepted_flag = 1) from s""",
    "cost_usd": "select sum(cost_nanos) / 1e9 from s",
    "cost_coverage": "select avg(cost_usd is not null) from s",
    "subscription_cost_usd": "select sum(cost_nanos) / 1e9 from s where subscription = 1",
    "cost_per_merged_pr_usd": "select sum(cost_nanos) / 1e9 / (select count(*) from p) from s",
    "session_growth_percent": "select (b - a) * 100.0 / a from halves",
    "merged_prs": "select count(*) from p",
    "merged_prs_per_week": "select count(*) / (17 / 7.0) from p",
    "pr_merge_time_hours": """select sum(hours * (1 - abs(place - last * 0.5))) from hours_to_merge
        where abs(place - last * 0.5) < 1""",
    "pr_merge_time_mean_hours": "select avg(hours) from hours_to_merge",
    "pr_merge_time_p75_hours": """select sum(hours * (1 - abs(place - last * 0.75)))
        from hours_to_merge where abs(place - last * 0.75) < 1""",
    "pr_merge_time_with_open_hours": "select null",
    "reopened_prs": """select count(*) from q where reopened_at >= '2026-03-03'
        and reopened_at < '2026-03-20'""",
    "rework_rate": """select avg(ifnull(julianday(reopened_at) - julianday(first_close) between 0
        and 21, 0)) from q where reopened is not null
        and first_close >= '2026-03-03' and first_close < '2026-03-20'""",
    "revert_rate": """select avg(exists (select 1 from commits c where c.repo_id = p.repo_id
        and c.reverts_sha = p.merge_commit_sha and c.timestamp >= p.merged_at and c.on_default_branch
        and julianday(c.timestamp) - julianday(p.merged_at) <= 21)) from p""",
    "commits": "select count(*) from c where not bot",
    "commits_per_calendar_day": "select count(*) / 17.0 from c where not bot",
    "commits_per_active_day": "select count(*) * 1.0 / count(distinct day) from c where not bot",
    "commits_per_developer_active_day": """select count(*) * 1.0
        / count(distinct author || day) from c where not bot""",
    "ai_signed_commit_share": "select avg(signed) from c where source is not null",
    "pr_first_review_hours": median(
        "(julianday(first_review_at) - julianday(created_at)) * 24",
        "p where first_review_at >= created_at",
    ),
    "pr_size_lines": median("additions + deletions", "p"),
    "ai_linked_prs": "select count(distinct number) from signs join p using (repo_id, number)",
    "ai_linked_pr_share": """select count(distinct number) * 1.0 / (select count(*) from p)
        from signs join p using (repo_id, number)""",
    **{
        f"ai_linked_by_{kind}": "select count(distinct number) from signs"  # noqa: S608 - words below
        f" join p using (repo_id, number) where kind = '{kind}'"
        for kind in ("session_trailer", "transcript", "label", "co_author")
    },
    **{
        slug.format(group): statement.format(condition)
        for group, condition in (
            ("ai_linked", "number in (select number from signs)"),
            ("not_linked", "number not in (select number from signs)"),
        )
        for slug, statement in GROUPED.items()
    },
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


def invented_deliveries(store: ProdLensStore) -> None:
    dice = random.Random(20260302)  # noqa: S311 - invented data, fixed seed

    def maybe(value: Any, share: float = 0.8) -> Any:
        return value if dice.random() < share else None

    def at(day: int) -> dt.datetime:
        return dt.datetime(2026, 3, 1, dice.randrange(24), tzinfo=dt.UTC) + dt.timedelta(days=day)

    store.insert_commits(
        {
            "sha": f"{n:040x}",
            "repo_slug": dice.choice(["acme/web", "acme/web", "acme/api"]),
            "timestamp": maybe(at(dice.randrange(40)), 0.95),
            "author": f"d{dice.randrange(5)}",
            "is_merge": dice.random() < 0.2,
            "is_bot": maybe(dice.random() < 0.1),
            "on_default_branch": dice.random() < 0.9,
            "reverts_sha": maybe(f"{dice.randrange(120):040x}", 0.2),
            "source": maybe("git"),
        }
        for n in range(400)
    )
    for n in range(120):
        opened = at(dice.randrange(25))
        merged = maybe(opened + dt.timedelta(hours=dice.randrange(-5, 200)), 0.9)
        reopened = maybe(dice.random() < 0.2, 0.9)
        back = opened + dt.timedelta(days=dice.randrange(1, 40))
        store.insert_pull_requests(
            [
                {
                    "number": n,
                    "repo_slug": dice.choice(["acme/web", "acme/web", "acme/api"]),
                    "created_at": maybe(opened),
                    "merged_at": merged,
                    "closed_at": merged or opened + dt.timedelta(days=1),
                    "reopened": reopened,
                    "reopened_at": max(back, merged or back) if reopened else None,
                    "is_bot": maybe(dice.random() < 0.1),
                    "merge_commit_sha": f"{n:040x}",
                    "additions": 7 * n % 90 if n % 4 else None,
                    "deletions": n % 5,
                    "labels": ["AI-Assisted", "bug"] if n % 9 == 0 else ["bug"],
                    "first_review_at": opened + dt.timedelta(hours=n % 40) if n % 2 else None,
                }
            ]
        )
    store.conn.execute(
        "insert into commit_trailers (repo_id, sha, key, value, ai_role)"
        " select repo_id, sha, 'made-with', 'x', iif(sha like '%3', 'author', 'review')"
        " from commits where sha like '%3' or sha like '%4'"
    )
    store.conn.execute(
        "insert into commit_trailers (repo_id, sha, key, value, ai_role, session_ref)"
        " select repo_id, sha, 'claude-session', 'x', 'author', 's' from commits"
        " where sha like '%7'"
    )
    store.conn.execute(
        "insert into session_links (session_id, kind, repo_slug, ref, source)"
        " select 's', 'pull_request', 'acme/web', number, 'x' from pull_requests"
        " where number % 11 = 0"
    )
    store.conn.execute("update repositories set synced_at = '2026-05-20T06:00:00.000000Z'")


def test_every_printed_number_is_what_plain_sql_says(store: ProdLensStore) -> None:
    store.insert_sessions(invented_calls())
    invented_deliveries(store)
    now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    made = ReportGenerator(store, now=lambda: now).build(
        repo="acme/web", since="2026-03-03", until="2026-03-20", policy_models=["gpt-5", "*opus*"]
    )
    metrics = made.to_dict()["metrics"]
    lines = page(made, width=120).plain().splitlines()
    store.conn.executescript(VIEWS)
    assert set(metrics) == set(SQL) == set(METRICS)
    for slug, statement in SQL.items():
        expected = store.conn.execute(statement).fetchone()[0]
        if expected is None:
            assert metrics[slug]["value"] is None, slug
            continue
        assert metrics[slug]["value"] == pytest.approx(expected, rel=1e-9), slug
        title, shown = f"{METRICS[slug].title}  ", f" {number(expected, METRICS[slug].unit)}"
        assert any(line.startswith(title) and shown in line for line in lines), slug
    for title, statement in CELLS.items():
        cells = store.conn.execute(statement).fetchone()[0].split("|")
        row = next(line for line in lines if line.startswith(title))
        shown_cells = re.split(r"\s{2,}", row)[1:]
        assert shown_cells[: len(cells)] == cells, title
