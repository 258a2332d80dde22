from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.doctor import CHECKS, Setup, Status, diagnose
from prodlens.doctor.database import access
from prodlens.doctor.finding import Case
from prodlens.doctor.wording import ago
from prodlens.storage import ProdLensStore, ledger
from prodlens.storage.diagnosis import FileFacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prodlens.doctor import Finding

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WELL = (
    "settings",
    "database",
    "integrity",
    "access",
    "sources",
    "freshness",
    "daily_tables",
    "dead_letters",
    "prices",
    "developers",
    "repositories",
    "sessions",
    "acceptance",
    "deliveries",
    "people",
)


def call(number: int, day: int, **fields: Any) -> dict[str, Any]:
    return {
        "native_key": f"test:{number}",
        "timestamp": f"2026-11-{day:02d}T09:00:00Z",
        "session_id": "s1",
        "developer_id": "ada",
        "repo_slug": "acme/web",
        "model": "gpt-5",
        "tokens_in": 100,
        "tokens_out": 10,
        "cost_usd": 0.5,
        "accepted_flag": True,
        "source": "litellm",
        **fields,
    }


def fill(path: Path) -> None:
    """Write a database with which nothing is wrong on 20 November 2026."""
    with ProdLensStore(path) as store:
        store.insert_sessions([call(1, 18), call(2, 19), call(3, 20)])
        store.insert_pull_requests(
            [
                {
                    "repo_slug": "acme/web",
                    "number": 7,
                    "author": "ada-l",
                    "created_at": "2026-11-18T10:00:00Z",
                    "merged_at": "2026-11-19T10:00:00Z",
                    "source": "github",
                }
            ]
        )
        store.insert_commits(
            [{"repo_slug": "acme/web", "sha": "a" * 40, "timestamp": "2026-11-19T10:00:00Z"}]
        )
        execute(
            store,
            "update repositories set synced_at = '2026-11-20T11:56:00.000000Z' where repo_id = 1",
            "insert into developers values ('ada', 'Ada')",
            "insert into developer_identities values ('trace_user', 'ada', 'ada', 'trace', 1)",
            "insert into developer_identities values ('github_login', 'ada-l', 'ada', 'said', 1)",
        )
        DailyAggregator(store).write_aggregates()


def execute(store: ProdLensStore, *statements: str) -> None:
    for statement in statements:
        store.conn.execute(statement)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "cache.db"
    fill(file)
    return file


def found(path: Path, check: str, **setup: Any) -> list[Finding]:
    return [one for one in diagnose(path, setup=Setup(**setup), now=NOW) if one.check == check]


def only(path: Path, check: str, **setup: Any) -> Finding:
    (finding,) = found(path, check, **setup)
    return finding


def test_with_a_sound_installation_every_check_is_ok(path: Path) -> None:
    findings = diagnose(path, now=NOW)
    assert [one.check for one in findings] == [*WELL[:13], "deliveries", "people"]
    assert {one.status for one in findings} == {Status.OK}
    assert {one.command for one in findings} == {None}
    assert CHECKS == WELL


def test_the_sentences_of_a_sound_installation(path: Path) -> None:
    size = path.stat().st_size / 1e6
    assert {one.check: one.text for one in diagnose(path, now=NOW)} == {
        "settings": "no prodlens.toml: the defaults are in force",
        "database": f"{path}, {size:.1f} MB, schema 4",
        "integrity": "every page, index and reference is sound",
        "access": "writable, and for you alone",
        "sources": "litellm: 3 calls, first 2026-11-18 09:00, last 2026-11-20 09:00 UTC",
        "freshness": "last call 3 hours ago",
        "daily_tables": "up to date",
        "dead_letters": "no record is set aside",
        "prices": "every call with tokens has a cost",
        "developers": "known for 100% of calls (3 of 3)",
        "repositories": "known for 100% of calls (3 of 3)",
        "sessions": "known for 100% of calls (3 of 3)",
        "acceptance": "decided in 100% of calls (3 of 3)",
        "deliveries": "acme/web: 1 commit, 1 merged pull request, time to merge known for 1, "
        "synced 4 minutes ago",
        "people": "100% of calls with a developer are by someone whose commits are known (3 of 3)",
    }


def test_looking_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    diagnose(path, now=NOW)
    assert path.read_bytes() == before
    with ProdLensStore(path) as store:
        assert not store.conn.in_transaction


# The file ----------------------------------------------------------------------------------


def test_a_missing_database_is_a_problem_with_the_first_command(tmp_path: Path) -> None:
    finding = only(tmp_path / "no.db", "database", trace_paths=("logs/*.jsonl", "more logs"))
    assert finding.status is Status.PROBLEM
    assert finding.text == f"{tmp_path}/no.db does not exist yet: read some traces"
    assert finding.command == "prod-lens ingest-traces 'logs/*.jsonl' 'more logs'"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "cache.db").touch()
    finding = only(tmp_path / "cache.db", "database")
    assert finding.text == f"{tmp_path}/cache.db is an empty file: read some traces"
    assert (finding.status, finding.command) == ("problem", "prod-lens ingest-traces PATH")
    assert finding.facts["kind"] == "empty"


def test_a_folder_leads_to_a_file_in_it(tmp_path: Path) -> None:
    finding = only(tmp_path, "database")
    assert finding.text == f"{tmp_path} is a folder: name a file in it"
    assert finding.command == f"prod-lens doctor --db {tmp_path}/cache.db"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(path: Path) -> None:
    path.chmod(0)
    finding = only(path, "database")
    assert finding.text == f"{path} can't be read by you"
    assert finding.command == f"chmod u+rw {path}"


def test_noise_is_no_database_and_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    finding = only(tmp_path / "noise.db", "database")
    assert finding.status is Status.PROBLEM
    assert "noise.db is damaged or is no SQLite database" in finding.text
    assert finding.command == "prod-lens doctor --db FILE"


def test_the_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as conn:
        conn.execute("create table notes (text)")
    conn.close()
    finding = only(other, "database")
    assert "is a SQLite database, but not one of ProdLens" in finding.text
    assert (finding.facts["kind"], finding.command) == ("sqlite", "prod-lens doctor --db FILE")


def test_a_newer_database_asks_for_a_newer_prodlens(path: Path) -> None:
    with ProdLensStore(path) as store:
        store.conn.execute("pragma user_version = 99")
    findings = diagnose(path, now=NOW)
    assert [one.check for one in findings] == ["settings", "database"]
    assert "has schema 99; this ProdLens knows schemas up to 4" in findings[1].text
    assert findings[1].command == "python3 -m pip install --upgrade prodlens"


def test_a_database_without_tables_is_not_looked_into(tmp_path: Path) -> None:
    bare = tmp_path / "bare.db"
    conn = sqlite3.connect(bare)
    conn.execute("pragma application_id = 1349667955")
    conn.execute("vacuum")
    conn.close()
    findings = diagnose(bare, now=NOW)
    assert [one.check for one in findings] == ["settings", "database"]
    assert "holds nothing yet" in findings[1].text
    assert findings[1].command == "prod-lens ingest-traces PATH"


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_cut_database_is_put_aside(path: Path, keep: float) -> None:
    size = path.stat().st_size
    os.truncate(path, int(size * keep))
    findings = diagnose(path, now=NOW)
    last = findings[-1]
    assert (last.check in ("database", "integrity"), last.status) == (True, Status.PROBLEM)
    assert last.command == f"mv {path} {path}.damaged"
    assert [one.status for one in findings[:-1]] == [Status.OK] * (len(findings) - 1)


def test_damaged_pages_are_found(path: Path) -> None:
    with path.open("r+b") as stream:
        for page in range(2, path.stat().st_size // 4096):
            stream.seek(page * 4096)
            stream.write(b"\xff" * 64)
    findings = diagnose(path, now=NOW)
    assert findings[-1].status is Status.PROBLEM
    assert findings[-1].command == f"mv {path} {path}.damaged"


def test_a_broken_reference_stops_the_checks_behind_it(path: Path) -> None:
    with ProdLensStore(path) as store:
        execute(store, "pragma foreign_keys = off", "insert into call_keys values (1, 999)")
    findings = diagnose(path, now=NOW)
    assert [one.check for one in findings] == ["settings", "database", "integrity"]
    assert findings[-1].text == (
        "reference: a row of call_keys points to a row of sessions that is not there. Restore a "
        "backup; without one, move the file away and ingest again"
    )


def test_a_lost_table_is_a_problem_of_the_check_that_needs_it(path: Path) -> None:
    with ProdLensStore(path) as store:
        store.conn.execute("drop table dirty_days")
    last = diagnose(path, now=NOW)[-1]
    assert (last.check, last.status) == ("daily_tables", Status.PROBLEM)
    assert last.text == f"{path}: no such table: dirty_days."
    assert last.command == f"mv {path} {path}.damaged"


def test_a_name_with_a_space_is_quoted(tmp_path: Path) -> None:
    finding = only(tmp_path / "my data", "database")
    assert "my data does not exist yet" in finding.text
    (tmp_path / "my data").mkdir()
    assert only(tmp_path / "my data", "database").command == (
        f"prod-lens doctor --db '{tmp_path}/my data/cache.db'"
    )


# Who may open it ---------------------------------------------------------------------------


def test_a_shared_file_is_mended_by_the_command(path: Path) -> None:
    path.chmod(0o644)
    finding = only(path, "access")
    assert finding.status is Status.WARNING
    assert finding.text == "others on this computer may open it, and it holds who did what when"
    assert finding.facts == {"writable": True, "private": False}
    assert finding.command is not None
    assert finding.command.startswith(f"chmod go= {path} ")
    subprocess.run(["sh", "-c", finding.command], check=True)  # noqa: S603, S607 - our own words
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert only(path, "access").status is Status.OK


def test_a_file_that_can_only_be_read_is_a_warning(path: Path) -> None:
    with ProdLensStore(path, read_only=True) as store:
        file = FileFacts(kind="prodlens", size_bytes=1, writable=False)
        (finding,) = access(Case(store, file, Setup(), NOW))
    assert finding.text == (
        "the file or its folder can't be written: reports work, ingestion does not"
    )
    assert finding.command == f"chmod u+w {path} {path.parent}"
    assert finding.status is Status.WARNING


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_database_is_looked_over_like_any_other(path: Path) -> None:
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        findings = diagnose(path, now=NOW)
    finally:
        path.parent.chmod(0o700)
    assert [one.check for one in findings if one.status is not Status.OK] == ["access"]


def test_settings_are_named_with_what_is_odd_about_them(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "prodlens.toml"
    first, second = found(path, "settings", file=file, notes=("PRODLENS_X is no setting.",))
    assert (first.text, first.status) == (str(file), Status.OK)
    assert (second.text, second.status) == ("PRODLENS_X is no setting.", Status.WARNING)
    assert second.command == "prod-lens config show --origin"


# Calls -------------------------------------------------------------------------------------


def test_a_store_without_calls_asks_for_traces_and_judges_none(tmp_path: Path) -> None:
    ProdLensStore(tmp_path / "cache.db").close()
    findings = diagnose(tmp_path / "cache.db", setup=Setup(repositories=("acme/web",)), now=NOW)
    assert [(one.check, one.status.value, one.command) for one in findings[4:]] == [
        ("sources", "warning", "prod-lens ingest-traces PATH"),
        ("daily_tables", "ok", None),
        ("dead_letters", "ok", None),
        ("deliveries", "warning", "prod-lens ingest-git PATH --repo acme/web"),
    ]


def test_each_source_has_its_own_calls_and_time(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([call(1, 3), call(2, 5), call(3, 4, source="otlp")])
        execute(store, "update sessions set sources = 'litellm,otlp' where event_date like '%05'")
    first, second = found(path, "sources")
    assert first.facts == {
        "source": "litellm",
        "calls": 2,
        "first_call": "2026-11-03T09:00:00.000000Z",
        "last_call": "2026-11-05T09:00:00.000000Z",
        "days_with_calls": 2,
        "gaps": [],
    }
    assert (second.facts["source"], second.facts["calls"]) == ("otlp", 2)
    assert second.facts["first_call"] == "2026-11-04T09:00:00.000000Z"


@pytest.mark.parametrize(("next_day", "gaps"), [(6, []), (7, [("2026-11-02", "2026-11-06")])])
def test_four_days_without_calls_are_no_gap_and_five_are(
    tmp_path: Path, next_day: int, gaps: list[tuple[str, str]]
) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([call(1, 1), call(2, next_day)])
    finding = only(path, "sources")
    assert [(gap["first_day"], gap["last_day"]) for gap in finding.facts["gaps"]] == gaps
    assert finding.status is (Status.WARNING if gaps else Status.OK)
    if gaps:
        assert finding.text == (
            "litellm: 2 calls, first 2026-11-01 09:00, last 2026-11-07 09:00 UTC; none from "
            "2 Nov 2026 to 6 Nov 2026: read what is missing, or name free days in "
            "report.nonworking_days"
        )
        assert finding.command == "prod-lens ingest-traces PATH"


def test_free_days_explain_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([call(1, 1), call(2, 20)])
    free = tuple(date(2026, 11, day) for day in range(6, 20))
    assert only(path, "sources", nonworking_days=free).status is Status.OK
    assert only(path, "sources", nonworking_days=free[1:]).status is Status.WARNING


@pytest.mark.parametrize(
    ("now", "text", "status"),
    [
        (datetime(2026, 11, 20, 9, 0, 59, tzinfo=UTC), "just now", Status.OK),
        (datetime(2026, 11, 20, 9, 1, tzinfo=UTC), "1 minute ago", Status.OK),
        (datetime(2026, 11, 24, 23, tzinfo=UTC), "4 days ago", Status.OK),
        (datetime(2026, 11, 25, 0, tzinfo=UTC), "4 days ago", Status.WARNING),
        (datetime(2026, 11, 19, 9, tzinfo=UTC), "just now", Status.OK),
    ],
)
def test_freshness_is_judged_by_days(path: Path, now: datetime, text: str, status: Status) -> None:
    (finding,) = [one for one in diagnose(path, now=now) if one.check == "freshness"]
    assert finding.text == f"last call {text}"
    assert finding.status is status
    assert finding.command == ("prod-lens ingest-traces PATH" if status == "warning" else None)


def test_changed_days_wait_for_aggregate(path: Path) -> None:
    with ProdLensStore(path) as store:
        store.insert_sessions([call(4, 20), call(5, 17)])
    finding = only(path, "daily_tables")
    assert finding.text == "2 days with calls changed since they were computed"
    assert finding.facts == {"session_days": 2, "github_days": 0}
    assert (finding.status, finding.command) == ("warning", "prod-lens aggregate")
    with ProdLensStore(path) as store:
        DailyAggregator(store).write_aggregates()
    assert only(path, "daily_tables").status is Status.OK


def test_set_aside_records_are_counted_by_reason(path: Path) -> None:
    letters = [
        ledger.DeadLetter("log.jsonl", n, 9, n, None, f"d{n}", reason, None, {})
        for n, reason in enumerate(["cut off", "no usage", "no usage"])
    ]
    with ProdLensStore(path) as store, store.transaction() as conn:
        ledger.set_aside(conn, letters, None, NOW)
    finding = only(path, "dead_letters")
    assert finding.text == (
        "3 records set aside: 2 no usage, 1 cut off. prod-lens dead-letter list says where; mend "
        "the source, then read them again"
    )
    assert finding.facts == {"open": 3, "reasons": {"cut off": 1, "no usage": 2}}
    assert finding.command == "prod-lens dead-letter retry"


def test_models_without_a_price_are_named_and_quoted(path: Path) -> None:
    unpriced: dict[str, Any] = {"cost_usd": None, "cost_source": "unknown"}
    with ProdLensStore(path) as store:
        store.insert_sessions(
            [
                call(4, 20, model="my model", tokens_in=5000, **unpriced),
                call(5, 20, model="other", **unpriced),
                call(6, 20, model="other", **unpriced),
                call(7, 20, model="free", tokens_in=0, tokens_out=0, **unpriced),
            ]
        )
    finding = only(path, "prices")
    assert finding.text.startswith("2 models without a price in 3 calls: my model, other. ")
    assert finding.command == "prod-lens prices set 'my model' --input USD --output USD"
    assert finding.facts == {
        "models": [{"model": "my model", "calls": 1}, {"model": "other", "calls": 2}]
    }


def test_calls_without_a_model_are_looked_into_first(path: Path) -> None:
    with ProdLensStore(path) as store:
        store.insert_sessions([call(4, 20, model=None, cost_usd=None, cost_source="unknown")])
    finding = only(path, "prices")
    assert "1 model without a price in 1 call: (not named). " in finding.text
    assert finding.command == "prod-lens prices missing"


@pytest.mark.parametrize(
    ("check", "column", "hint", "command"),
    [
        ("developers", "developer_id", "if one person made the others", "PATH --developer ID"),
        (
            "repositories",
            "repo_slug",
            "if the others belong to one repository",
            "PATH --repo OWNER/NAME",
        ),
        ("sessions", "session_id", "another log of the same calls may name them", "PATH"),
    ],
)
def test_what_a_tenth_of_the_calls_may_lack(
    tmp_path: Path, check: str, column: str, hint: str, command: str
) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([call(n, 20) for n in range(9)] + [call(9, 20, **{column: None})])
    finding = only(path, check)
    assert (finding.text, finding.status) == ("known for 90% of calls (9 of 10)", Status.OK)
    with ProdLensStore(path) as store:
        store.insert_sessions([call(10, 20, **{column: None})])
    finding = only(path, check)
    assert finding.text == f"known for 81% of calls (9 of 11); {hint}"
    assert finding.status is Status.WARNING
    assert finding.command == f"prod-lens ingest-traces {command}"
    assert finding.facts == {"known": 9, "calls": 11}


def test_the_command_names_the_file_and_the_only_repository(path: Path) -> None:
    files = ("/logs/small.jsonl", "/logs/my log.jsonl")
    with ProdLensStore(path) as store:
        store.insert_sessions([call(n, 20, repo_slug=None) for n in range(10, 15)])
        with store.transaction() as conn:
            small, large = (ledger.register(conn, file, "", NOW) for file in files)
        ids = [row["id"] for row in store.fetch_sessions()]
        for number, file in zip(ids, [small] * 4 + [large] * 3, strict=False):
            store.conn.execute("update sessions set source_file = ? where id = ?", (file, number))
    one = only(path, "repositories", repositories=("acme/web",))
    assert one.command == "prod-lens ingest-traces '/logs/my log.jsonl' --repo acme/web"
    two = only(path, "repositories", repositories=("acme/web", "acme/api"))
    assert two.command == "prod-lens ingest-traces '/logs/my log.jsonl' --repo OWNER/NAME"


def test_acceptance_is_missing_only_when_nobody_decided_anything(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([call(n, 20, accepted_flag=None) for n in range(200)])
    finding = only(path, "acceptance")
    assert (finding.status, finding.command) == ("warning", "prod-lens ingest-traces PATH")
    assert finding.text.startswith("no call says whether what it proposed was accepted")
    with ProdLensStore(path) as store:
        store.insert_sessions([call(200, 20, accepted_flag=False)])
    finding = only(path, "acceptance")
    assert finding.text == "decided in under 1% of calls (1 of 201)"
    assert finding.status is Status.OK


# Deliveries and people ---------------------------------------------------------------------


def test_pull_requests_known_from_git_have_no_time_to_merge(path: Path) -> None:
    with ProdLensStore(path) as store:
        store.insert_pull_requests(
            [
                {
                    "repo_slug": "acme/web",
                    "number": number,
                    "merged_at": "2026-11-19T12:00:00Z",
                    "source": "git",
                }
                for number in (8, 9)
            ]
        )
    finding = only(path, "deliveries")
    assert finding.text == (
        "acme/web: 1 commit, 3 merged pull requests, time to merge known for 1 (2 come from git "
        "alone, which does not say when they were opened), synced 4 minutes ago"
    )
    assert finding.facts == {
        "repository": "acme/web",
        "commits": 1,
        "pull_requests": 3,
        "merged": 3,
        "timed": 1,
        "from_git": 2,
        "git_only": False,
        "history_cut": False,
        "synced_at": "2026-11-20T11:56:00.000000Z",
    }


@pytest.mark.parametrize(
    ("synced_at", "text"),
    [(None, "never synced"), ("2026-11-15T23:59:00.000000Z", "synced 4 days ago")],
)
def test_deliveries_that_were_not_read_lately_are_a_warning(
    path: Path, synced_at: str | None, text: str
) -> None:
    with ProdLensStore(path) as store:
        store.conn.execute("update repositories set synced_at = ? where repo_id = 1", (synced_at,))
    finding = only(path, "deliveries")
    assert finding.text.endswith(text)
    assert finding.status is Status.WARNING
    assert finding.command == "prod-lens ingest-git PATH --repo acme/web"


def test_a_shallow_clone_is_completed_first(path: Path) -> None:
    with ProdLensStore(path) as store:
        execute(store, "insert into sync_state values (1, 'git', 'cut', '1')")
    finding = only(path, "deliveries")
    assert finding.facts["history_cut"] is True
    assert "its beginning is missing" in finding.text
    assert finding.command == "git -C PATH fetch --unshallow"


def test_repositories_with_calls_alone_are_named(path: Path) -> None:
    with ProdLensStore(path) as store:
        store.insert_sessions(
            [call(4, 20, repo_slug="acme/old"), call(5, 20, repo_slug="acme/api")]
        )
        store.insert_sessions([call(6, 20, repo_slug="acme/api")])
        execute(store, "insert into repo_aliases values ('github.com', 'ACME/old', 1)")
    first, second = found(path, "deliveries")
    assert first.facts["repository"] == "acme/web"
    assert second.text == (
        "no commits or pull requests of acme/api: use can't be set beside delivery"
    )
    assert second.command == "prod-lens ingest-git PATH --repo acme/api"
    assert second.facts == {"repositories_without": ["acme/api"]}


def test_deliveries_without_a_repository_stand_last(path: Path) -> None:
    with ProdLensStore(path) as store:
        store.insert_commits([{"sha": "b" * 40, "timestamp": "2026-11-19T10:00:00Z"}])
    _, last = found(path, "deliveries")
    assert last.text == ("without a repository: 1 commit, 0 merged pull requests, never synced")
    assert last.status is Status.OK


def test_people_whose_commits_are_not_known_are_named(path: Path) -> None:
    with ProdLensStore(path) as store:
        store.insert_sessions([call(4, 20, developer_id="bob"), call(5, 20, developer_id=None)])
        execute(
            store,
            "insert into developers values ('bob', null)",
            "insert into developer_identities values ('trace_user', 'bob', 'bob', 'trace', 1)",
            "insert into developer_identities values ('email', 'b@x.org', 'bob', 'same_name', 0.5)",
        )
    finding = only(path, "people")
    assert finding.text == (
        "75% of calls with a developer are by someone whose commits are known (3 of 4); not so for "
        "bob"
    )
    assert finding.facts == {"calls": 4, "joined_calls": 3, "unresolved": 1}
    assert (finding.status, finding.command) == ("warning", "prod-lens developer list")


def test_people_are_not_judged_without_deliveries(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([call(1, 20)])
    assert found(path, "people") == []


# Laws --------------------------------------------------------------------------------------


def _nothing(_: ProdLensStore) -> None:
    """Leave the database as it is."""


def _everything_wrong(store: ProdLensStore) -> None:
    bare = {"developer_id": None, "repo_slug": None, "session_id": None, "accepted_flag": None}
    cost: dict[str, Any] = {"cost_usd": None, "cost_source": "unknown"}
    store.insert_sessions([call(n, 1 + n // 20, **bare, **cost) for n in range(50, 100)])
    execute(store, "update sessions set accepted_flag = null", "delete from developers")


@pytest.mark.parametrize("spoil", [_nothing, _everything_wrong])
def test_what_is_not_ok_has_a_command_and_what_is_ok_has_none(
    path: Path, spoil: Callable[[ProdLensStore], None]
) -> None:
    with ProdLensStore(path) as store:
        store.conn.execute("pragma foreign_keys = off")
        store.conn.execute("delete from developer_identities")
        spoil(store)
    findings = diagnose(path, now=NOW + timedelta(days=30))
    assert len(findings) >= 15
    for one in findings:
        assert (one.command is None) is (one.status is Status.OK), one
        assert not one.text.endswith("."), one


def test_times_are_told_in_the_largest_full_unit() -> None:
    spans = {59: "just now", 119: "1 minute ago", 3600: "1 hour ago", 86399: "23 hours ago"}
    for seconds, text in {**spans, 86400: "1 day ago", 864000: "10 days ago"}.items():
        assert ago(NOW - timedelta(seconds=seconds), NOW) == text
