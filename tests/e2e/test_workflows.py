"""The scripts of docs/how-to, run as they stand in a folder of their own; what comes out is checked.

GitHub is a fake that answers over HTTP on loopback.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import prodlens
from fakes.git_repositories import BOB as BOB_BY_MAIL
from fakes.git_repositories import GITHUB, Repository, git, squash_style
from fakes.github_server import serving
from fakes.github_wire import TOKEN
from fakes.github_world import ADA, BOB, World
from prodlens.clock import parse_stored, utc_now
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.fake_github import FakeGithub

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
TRACES = ROOT / "tests" / "data" / "litellm" / "standard_logging_payload.jsonl"
VARIABLES = (
    *("DB_PATH", "REPO", "TRACE_FILE", "CLONE", "SINCE", "LAG_DAYS", "POLICY_MODEL", "OUTPUT"),
    *("PARQUET_DIR", "EXPORT_SINCE", "QUERY_SINCE"),
)
Run = subprocess.CompletedProcess[str]
HOUR, DAY = 3600, 86400


def history() -> World:
    """Return four commits on 1 to 4 September 2026: three squash merges, of which #3 reverts #2."""
    world = World("org/repo")
    world.push("Begin")
    work = (
        ("Add payments", ADA, "Co-authored-by: Claude Opus 4.6 <noreply@anthropic.com>"),
        ("Add refunds", BOB, ""),
        ('Revert "Add refunds (#2)"', BOB, "Reverts org/repo#2"),
    )
    for title, author, body in work:
        world.tick(DAY)
        pull = world.open_pull(title, by=author, body=body, additions=12, deletions=3)
        world.tick(HOUR)
        world.merge(pull)
        world.tick(-HOUR)
    world.tick(HOUR)
    return world


class Place:
    """A working directory with a space in its name, and beside it a clone and a `python3`.

    Args:
        root: An empty folder.
        github: The GitHub that its environment names.
    """

    def __init__(self, root: Path, github: FakeGithub) -> None:
        self.folder = root / "my work"
        self.folder.mkdir()
        self.github = github
        self.clone = Repository(root / "clone")
        squash_style(self.clone)
        self.database = self.folder / ".prod-lens" / "cache.db"
        program = root / "bin" / "python3"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in (*VARIABLES, "GITHUB_TOKEN") and not name.startswith("PRODLENS_")
        }
        self._environ = kept | {
            "HOME": str(root),
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(prodlens.__file__).parents[1]),
            "TRACE_FILE": str(TRACES),
            "GITHUB_TOKEN": TOKEN,
            "PRODLENS_GITHUB_BASE_URL": github.base,
            "NO_PROXY": "127.0.0.1",
        }

    def run(self, name: str, **variables: str) -> Run:
        """Run a script of docs/how-to as it stands."""
        program = "python3" if name.endswith(".py") else "bash"
        return self.start(program, str(HOW_TO / name), **variables)

    def start(self, *command: str, **variables: str) -> Run:
        """Run a command in the folder."""
        return subprocess.run(  # noqa: S603 - scripts of our own
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self._environ | variables,
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with serving(history()) as github:
        yield Place(tmp_path, github)


@dataclass(frozen=True)
class Day:
    """What the three workflows, each run once with its defaults, said and left."""

    place: Place
    ingested: Run
    reported: Run
    exported: Run


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with serving(history()) as github:
        made = Place(tmp_path_factory.mktemp("day"), github)
        names = ("daily-ingestion.sh", "report.sh", "export_parquet.py")
        yield Day(made, *(made.run(name) for name in names))


def asked(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with ProdLensStore(path, read_only=True) as store:
        return [tuple(row) for row in store.conn.execute(statement)]


def values(report: Path) -> dict[str, str]:
    with report.open(encoding="utf-8", newline="") as stream:
        return {row["metric"]: row["value"] for row in csv.DictReader(stream)}


def test_daily_ingestion_fills_the_database(day: Day) -> None:
    ran, database = day.ingested, day.place.database
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0] == "Last run: none"
    assert lines[1] == "✓ 16 new calls, 0 already known"
    assert lines[2] == (
        "✓ org/repo: 3 pull requests and 4 commits changed   "
        "5 calls, 0 not modified, 2 of GraphQL, 4,995 left this hour"
    )
    assert lines[3:] == [
        "Aggregated 1 session metrics, 4 github metrics",
        "Daily ingestion complete",
    ]
    assert asked(
        database, "select repo_slug, count(*), sum(tokens_in) from sessions group by 1"
    ) == [("acme/widgets", 2, 4012), ("org/repo", 14, 83818)]
    assert asked(
        database,
        "select number, created_at, merged_at, reopened, additions from pull_requests order by 1",
    ) == [
        (1, "2026-09-02T09:00:00.000000Z", "2026-09-02T10:00:00.000000Z", 0, 12),
        (2, "2026-09-03T09:00:00.000000Z", "2026-09-03T10:00:00.000000Z", 0, 12),
        (3, "2026-09-04T09:00:00.000000Z", "2026-09-04T10:00:00.000000Z", 0, 12),
    ]
    assert asked(
        database,
        "select event_date, session_count, total_tokens, error_count from daily_session_metrics",
    ) == [("2026-11-22", 16, 89888, 6)]
    assert asked(
        database,
        "select event_date, commit_count, merged_pr_count from daily_github_metrics "
        "order by event_date",
    ) == [
        ("2026-09-01", 1, 0),
        ("2026-09-02", 1, 1),
        ("2026-09-03", 1, 1),
        ("2026-09-04", 1, 1),
    ]


def test_daily_ingestion_goes_on_from_the_day_before(place: Place) -> None:
    traces = place.folder / "traces.jsonl"
    lines = TRACES.read_text(encoding="utf-8").splitlines(keepends=True)
    traces.write_text("".join(lines[:10]), encoding="utf-8")
    before = utc_now() - timedelta(seconds=1)
    first = place.run("daily-ingestion.sh", TRACE_FILE="traces.jsonl")
    assert "✓ 10 new calls, 0 already known\n" in first.stdout
    traces.write_text("".join(lines), encoding="utf-8")
    world = place.github.world
    world.tick(HOUR)
    world.merge(world.open_pull("More", by=BOB))
    world.now = int(before.timestamp())
    asked_before = len(place.github.requests)
    second = place.run("daily-ingestion.sh", TRACE_FILE="traces.jsonl")
    checkpoint = parse_stored(second.stdout.splitlines()[0].removeprefix("Last run: "))
    assert before <= checkpoint <= utc_now()
    assert "✓ 6 new calls, 0 already known\n" in second.stdout
    assert "✓ org/repo: 1 pull request and 1 commit changed since " in second.stdout
    assert "Aggregated 1 session metrics, 4 github metrics\n" in second.stdout
    assert len(place.github.requests) - asked_before == 7  # two of them GraphQL
    third = place.run("daily-ingestion.sh", TRACE_FILE="traces.jsonl")
    assert "✓ 0 new calls, 0 already known, 1 file unchanged since last time\n" in third.stdout
    assert "✓ org/repo: 0 pull requests and 0 commits changed since " in third.stdout
    assert "3 calls, 3 not modified" in third.stdout
    assert asked(place.database, "select count(*) from sessions") == [(16,)]
    assert asked(
        place.database,
        "select commit_count, merged_pr_count from daily_github_metrics "
        "where event_date = '2026-09-04'",
    ) == [(2, 2)]


def test_without_github_a_clone_tells_of_deliveries(place: Place) -> None:
    clone = {"CLONE": str(place.clone.path), "GITHUB_TOKEN": ""}
    first = place.run("daily-ingestion.sh", **clone)
    assert first.returncode == 0, first.stderr
    assert "✓ 4 commits and 3 pull requests added to org/repo (main)" in first.stdout
    newest = git(place.clone.path, "rev-parse", "main")
    place.clone.commit(
        "More (#4)", newest, at="2026-09-04T15:00:00Z", author=BOB_BY_MAIL, committer=GITHUB
    )
    second = place.run("daily-ingestion.sh", **clone)
    assert "✓ 1 commit and 1 pull request added to org/repo" in second.stdout
    assert place.github.requests == []
    assert asked(
        place.database, "select count(created_at), count(merged_at) from pull_requests"
    ) == [(0, 4)]
    assert place.run("report.sh").returncode == 0
    found = values(place.folder / "report.csv")
    assert found["pr_throughput.total_merged"] == "4"
    assert (found["pr_merge_time_hours"], found["rework_rate"]) == ("", "")  # no clone knows


def test_the_command_of_the_specification_syncs_github(place: Place) -> None:
    """The guide gives the token on the command line, empty where the variable is."""
    command = (
        *("python3", "-m", "prodlens.cli", "ingest-github", "--repo", "org/repo"),
        *("--db", str(place.database), "--token"),
    )
    ran = place.start(*command, TOKEN)
    assert ran.returncode == 0, ran.stderr
    assert "✓ org/repo: 3 pull requests and 4 commits changed" in ran.stdout
    assert TOKEN not in ran.stdout + ran.stderr
    authorized = {request.headers.get("authorization") for request in place.github.requests}
    assert authorized == {f"Bearer {TOKEN}"}
    again = place.start(*command, "")
    assert (again.returncode, again.stderr) == (0, "")


def test_a_limit_stops_the_script_with_its_code(place: Place) -> None:
    place.github.limit = 2
    ran = place.run("daily-ingestion.sh")
    assert ran.returncode == 5
    assert "rate limit holds for" in ran.stderr
    assert "Daily ingestion complete" not in ran.stdout
    assert asked(place.database, "select status from etl_runs where job like 'github%'") == [
        ("rate_limited",)
    ]


def test_a_run_that_fails_says_why_and_sets_no_checkpoint(place: Place) -> None:
    ran = place.run("daily-ingestion.sh", TRACE_FILE="gone.jsonl")
    assert ran.returncode == 1
    assert "gone.jsonl does not exist" in ran.stderr
    assert "Daily ingestion complete" not in ran.stdout
    with ProdLensStore(place.database, read_only=True) as store:
        assert store.get_last_checkpoint("trace_ingestion") is None


def test_every_path_can_be_another_one(place: Place) -> None:
    database = place.folder / "odd $HOME `name`" / "cache.db"
    place.github.world.rename("acme/widgets")
    ran = place.run("daily-ingestion.sh", DB_PATH=str(database), REPO="acme/widgets")
    assert ran.returncode == 0, ran.stderr
    assert asked(database, "select distinct repo_slug from sessions") == [("acme/widgets",)]
    assert not (place.folder / ".prod-lens").exists()
    ran = place.run(
        "export_parquet.py",
        DB_PATH=str(database),
        REPO="Acme/Widgets",
        PARQUET_DIR="it's here",
        QUERY_SINCE="2026-11-22",
    )
    assert ran.stdout.splitlines()[0] == "Exported 16 session records, 5 aggregate records"
    assert "│ 2026-11-22 ┆ 16            ┆" in ran.stdout
    assert (place.folder / "it's here" / "acme-widgets" / "2026-11-22.parquet").exists()


def test_the_report_holds_what_the_database_holds(day: Day) -> None:
    assert day.reported.returncode == 0, day.reported.stderr
    found = values(day.place.folder / "report.csv")
    expected = {
        "ai_interaction_velocity.total_sessions": "14",
        "ai_interaction_velocity.median_latency_ms": "68.6695",
        "acceptance_rate": "1.0",
        "model_selection_accuracy": "0.0",
        "error_rate": "0.42857142857142855",  # 6 of 14
        "token_efficiency.total_tokens": "85276",
        "token_efficiency.accepted_sessions": "1",
        "pr_throughput.total_merged": "3",
        "commit_frequency.total_commits": "4",
        "pr_merge_time_hours": "[1.0, 1.0, 1.0]",
        "rework_rate": "0.0",
        "revert_rate": "0.3333333333333333",
        "cost_metrics.total_session_cost_usd": "0.058768",
        "cost_metrics.merged_pr_count": "3",
        "cost_metrics.cost_per_merged_pr_usd": "0.019589333333333334",
        "metadata.repo": "org/repo",
        "metadata.since": "2024-10-01",
        "metadata.first_day": "2026-09-01",
        "metadata.window_clipped": "true",
        "metadata.lag_days": "1",
    }
    assert {key: found[key] for key in expected} == expected


def test_the_report_can_be_about_another_repository(day: Day) -> None:
    ran = day.place.run(
        "report.sh", REPO="acme/widgets", SINCE="2026-11-01", OUTPUT="w.csv", LAG_DAYS="2"
    )
    assert ran.returncode == 0, ran.stderr
    found = values(day.place.folder / "w.csv")
    calls, tokens = "ai_interaction_velocity.total_sessions", "token_efficiency.total_tokens"
    assert (found[calls], found[tokens]) == ("2", "4612")
    assert (found["metadata.since"], found["metadata.lag_days"]) == ("2026-11-01", "2")


def test_the_report_has_what_the_specification_lists(day: Day) -> None:
    found = values(day.place.folder / "report.csv")
    assert set(found) >= {
        "ai_interaction_velocity.median_latency_ms",
        "ai_interaction_velocity.sessions_per_hour",
        "acceptance_rate",
        "token_efficiency.tokens_per_accepted_line",
        "cost_metrics.cost_per_merged_pr_usd",
        "pr_throughput.weekly_merged_prs",
        "rework_rate",
        "ai_outcome_association.pearson.r",
        "ai_outcome_association.pearson.p_value",
        "ai_outcome_association.spearman.r",
        "effect_sizes.latency_cohens_d",
        "effect_sizes.token_efficiency_ratio",
        "multiple_comparison_adjustment.method",
    }


def test_the_export_is_asked_by_duckdb(day: Day) -> None:
    ran = day.exported
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0] == "Exported 14 session records, 5 aggregate records"
    row = [cell.strip() for cell in re.split("[│┆]", ran.stdout.splitlines()[-2])]
    assert row == ["", "2026-11-22", "14", "86.984357", "85276", ""]
    parquet = day.place.folder / ".prod-lens" / "parquet"
    assert sorted(str(file.relative_to(parquet)) for file in parquet.rglob("*.parquet")) == [
        "_aggregates/daily_github.parquet",
        "_aggregates/daily_sessions.parquet",
        "org-repo/2026-11-22.parquet",
    ]
    daily = duckdb.sql(
        "select event_date, commit_count, merged_pr_count from read_parquet($file) order by 1",
        params={"file": str(parquet / "_aggregates" / "daily_github.parquet")},
    )
    assert daily is not None
    assert daily.fetchall() == [
        ("2026-09-01", 1, 0),
        ("2026-09-02", 1, 1),
        ("2026-09-03", 1, 1),
        ("2026-09-04", 1, 1),
    ]


def test_the_query_of_the_specification_runs_as_written(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(day.place.folder)
    result = duckdb.sql("""
        SELECT
            event_date,
            COUNT(*) as session_count,
            AVG(latency_ms) as avg_latency,
            SUM(tokens_in + tokens_out) as total_tokens
        FROM read_parquet('.prod-lens/parquet/org-repo/*.parquet')
        WHERE event_date >= '2024-10-01'
        GROUP BY event_date
        ORDER BY event_date
    """)
    assert result is not None
    ((event_date, calls, latency, tokens),) = result.pl().rows()
    assert (event_date, calls, round(latency, 6), int(tokens)) == (
        "2026-11-22",
        14,
        86.984357,
        85276,
    )


def test_an_export_of_nothing_says_so(day: Day) -> None:
    ran = day.place.run("export_parquet.py", REPO="acme/none")
    assert ran.returncode == 1
    assert ran.stdout == "Exported 0 session records, 5 aggregate records\n"
    assert ran.stderr == "acme/none has no calls since 2024-09-28: there is nothing to ask.\n"


def test_the_page_names_every_variable_and_its_default() -> None:
    page = (HOW_TO / "workflows.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"(?m)^\| `(\w+)` \| `([^`]+)` \|", page))
    scripts = {path.name: path.read_text(encoding="utf-8") for path in HOW_TO.iterdir()}
    shell = "".join(text for name, text in scripts.items() if name.endswith(".sh"))
    used = dict(re.findall(r"\$\{(\w+):-([^}]+)\}", shell.replace("${CHECKPOINT:-none}", "")))
    used |= dict(re.findall(r'get\("(\w+)", "([^"]+)"\)', scripts["export_parquet.py"]))
    assert table == used
    assert set(table) == set(VARIABLES)


def test_every_link_of_the_page_leads_to_a_file() -> None:
    page = (HOW_TO / "workflows.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"\]\(([^)]+)\)", page))
    assert targets == {"daily-ingestion.sh", "report.sh", "export_parquet.py"}
    assert all((HOW_TO / target).exists() for target in targets)


def test_here_documents_hold_no_shell_variable() -> None:
    text = (HOW_TO / "daily-ingestion.sh").read_text(encoding="utf-8")
    documents = re.findall(r"(?ms)<< 'EOF'\n(.*?)^EOF$", text)
    assert len(documents) == 2
    assert all("$" not in document for document in documents)


@pytest.mark.parametrize("name", ["daily-ingestion.sh", "report.sh"])
def test_a_script_can_be_started_as_it_is(name: str) -> None:
    assert os.access(HOW_TO / name, os.X_OK)
    assert (HOW_TO / name).read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
