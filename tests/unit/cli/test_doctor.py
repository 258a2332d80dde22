from __future__ import annotations

import io
import json
import shlex
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from prodlens.aggregation import DailyAggregator
from prodlens.cli.__main__ import COMMANDS, prod_lens
from prodlens.clock import format_instant, utc_now
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

WIDE = {"COLUMNS": "100"}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, **environ: str) -> Result:
    runner = CliRunner(env=WIDE | environ)
    return runner.invoke(prod_lens, ["doctor", *arguments], color="FORCE_COLOR" in environ)


def fill(path: str = ".prod-lens/cache.db", **fields: Any) -> None:
    """Write a database of one call a minute ago, with which nothing is wrong."""
    now = format_instant(utc_now() - timedelta(minutes=1, seconds=1))
    with ProdLensStore(path) as store:
        store.insert_sessions(
            [
                {
                    "native_key": "test:1",
                    "timestamp": now,
                    "session_id": "s1",
                    "repo_slug": "acme/web",
                    "developer_id": "ada",
                    "model": "gpt-5",
                    "tokens_in": 100,
                    "tokens_out": 10,
                    "cost_usd": 0.5,
                    "accepted_flag": True,
                    "source": "litellm",
                    **fields,
                }
            ]
        )
        store.insert_commits([{"repo_slug": "acme/web", "sha": "a" * 40, "timestamp": now}])
        store.conn.execute("update repositories set synced_at = ? where repo_id = 1", (now,))
        store.conn.execute("insert into developers values ('ada', null)")
        store.conn.executemany(
            "insert into developer_identities values (?, ?, 'ada', 'said', 1)",
            [("trace_user", "ada"), ("email", "ada@example.org")],
        )
        DailyAggregator(store).write_aggregates()


def test_when_all_is_well_it_ends_with_0() -> None:
    fill()
    result = run()
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert len(lines) == 16
    assert lines[0] == "✓  Settings      no prodlens.toml: the defaults are in force"
    assert lines[1].startswith("✓  Database      .prod-lens/cache.db, 0.")
    assert lines[1].endswith(" MB, schema 4")
    assert lines[5] == "✓  Freshness     last call 1 minute ago"
    assert lines[13] == (
        "✓  Delivery      acme/web: 1 commit, 0 merged pull requests, synced 1 minute ago"
    )
    assert lines[15] == "   exit 0: nothing to mend"
    assert {line[0] for line in lines[:15]} == {"✓"}


def test_a_warning_ends_with_4_and_shows_the_command_below_it() -> None:
    fill(session_id=None)
    result = run()
    assert result.exit_code == 4
    lines = result.stdout.splitlines()
    assert lines[11:13] == [
        "!  Sessions      known for 0% of calls (0 of 1); another log of the same calls may name them",
        "                 prod-lens ingest-traces PATH",
    ]
    assert lines[-1] == "   exit 4: 1 warning"


def test_a_missing_database_is_a_problem_and_is_not_made(tmp_path: Path) -> None:
    result = run()
    assert result.exit_code == 4
    assert result.stdout.splitlines()[1:] == [
        "✗  Database      .prod-lens/cache.db does not exist yet: read some traces",
        "                 prod-lens ingest-traces PATH",
        "   exit 4: 1 problem",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"no database at all" * 99, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_any_file_gets_a_sentence_and_4(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.db").write_bytes(content)
    result = run("--db", "odd.db")
    assert result.exit_code == 4
    assert result.stdout.splitlines()[-1] == "   exit 4: 1 problem"
    assert "Traceback" not in result.output
    assert (tmp_path / "odd.db").read_bytes() == content


def test_a_newer_database_gets_a_sentence_and_4() -> None:
    fill()
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.conn.execute("pragma user_version = 7")
    result = run()
    assert result.exit_code == 4
    assert "has schema 7; this ProdLens knows schemas up to 4" in result.stdout
    assert "\n                 python3 -m pip install --upgrade prodlens\n" in result.stdout


def test_json_is_one_document_with_the_same_findings() -> None:
    fill(accepted_flag=None)
    result = run("--json")
    assert result.exit_code == 4
    document = json.loads(result.stdout)
    assert set(document) == {"schema", "checks"}
    assert document["schema"] == "prodlens.doctor/1"
    assert [one["check"] for one in document["checks"] if one["status"] != "ok"] == ["acceptance"]
    by_name = {one["check"]: one for one in document["checks"]}
    assert len(by_name) == 15
    assert by_name["acceptance"] == {
        "check": "acceptance",
        "status": "warning",
        "text": "no call says whether what it proposed was accepted, so there is no acceptance "
        "rate; another log of the same calls may say it",
        "command": "prod-lens ingest-traces PATH",
        "facts": {"known": 0, "calls": 1},
    }
    assert by_name["database"]["facts"]["schema"] == 4
    assert by_name["settings"]["facts"] == {"file": None}
    assert by_name["daily_tables"]["facts"] == {"session_days": 0, "github_days": 0}


def test_a_check_can_be_left_out() -> None:
    fill(accepted_flag=None, session_id=None)
    result = run("--ignore", "acceptance", "--ignore", "sessions", "--json")
    assert result.exit_code == 0
    names = {one["check"] for one in json.loads(result.stdout)["checks"]}
    assert names.isdisjoint({"acceptance", "sessions"})
    assert len(names) == 13


def test_an_unknown_check_is_refused_with_the_names() -> None:
    result = run("--ignore", "colour")
    assert result.exit_code == 2
    assert "There is no check 'colour'. Checks: settings, database, " in result.stderr


def test_commands_are_about_the_database_and_settings_that_were_named(tmp_path: Path) -> None:
    fill("my data.db", session_id=None)
    (tmp_path / "team.toml").write_text('[ingest]\npaths = ["logs/*.jsonl"]\n')
    result = run("--db", "my data.db", "--config", "team.toml")
    assert result.stdout.splitlines()[0] == "✓  Settings      team.toml"
    command = result.stdout.splitlines()[12].strip()
    assert command == (
        "prod-lens ingest-traces 'logs/*.jsonl' --db 'my data.db' --config team.toml"
    )


def test_a_command_that_names_a_database_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    command = run("--db", "folder").stdout.splitlines()[2].strip()
    assert command == "prod-lens doctor --db folder/cache.db"


def test_settings_that_cannot_be_read_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").write_text("databse = 'x.db'\n")
    result = run("--json")
    assert result.exit_code == 4
    (finding,) = json.loads(result.stdout)["checks"]
    assert (finding["check"], finding["status"]) == ("settings", "problem")
    assert "there is no setting 'databse'; the nearest known one is 'database'" in finding["text"]
    assert finding["command"] == f"${{EDITOR:-vi}} {tmp_path}/prodlens.toml"


def test_free_days_and_repositories_come_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").write_text('repositories = ["acme/api"]\n')
    ProdLensStore(".prod-lens/cache.db").close()
    assert "prod-lens ingest-git PATH --repo acme/api\n" in run().stdout


def test_an_unknown_variable_is_a_warning() -> None:
    fill()
    result = run(PRODLENS_DATABSE="x.db")
    assert result.exit_code == 4
    assert "PRODLENS_DATABSE is set in the environment and is no setting" in result.stdout


def test_names_from_outside_cannot_reach_the_terminal() -> None:
    fill(model="evil\x1b[31m\u202ered", cost_usd=None, cost_source="unknown")
    result = run()
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "1 model without a price in 1 call: evilred." in " ".join(result.stdout.split())


def test_marks_have_colours_when_asked_for() -> None:
    fill(session_id=None)
    text = run(FORCE_COLOR="1").stdout
    assert "\x1b[32m✓\x1b[0m" in text
    assert "\x1b[33m!\x1b[0m" in text
    assert "\x1b[31m✗\x1b[0m" in run("--db", "none.db", FORCE_COLOR="1").stdout
    assert "\x1b" not in run("--no-color", FORCE_COLOR="1").stdout


def test_a_terminal_without_ticks_gets_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    fill(session_id=None)
    page = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", page)
    with pytest.raises(SystemExit) as end:
        prod_lens.main(["doctor"])
    page.seek(0)
    lines = page.read().splitlines()
    assert end.value.code == 4
    assert lines[0].startswith("+  Settings      no prodlens.toml")
    assert {line[0] for line in lines} == {"+", "!", " "}


@pytest.mark.parametrize("width", ["20", "48", "80", "200"])
def test_sentences_are_wrapped_and_commands_are_not(width: str) -> None:
    fill(session_id=None, accepted_flag=None, developer_id=None)
    lines = run(COLUMNS=width).stdout.splitlines()
    assert "                 prod-lens ingest-traces PATH --developer ID" in lines
    sentences = [line for line in lines if "prod-lens " not in line]
    assert max(map(len, sentences)) <= min(max(int(width), 48), 120)


def test_every_command_it_names_exists() -> None:
    """The options are those of the commands, and each command is complete enough to be parsed."""
    fill(session_id=None, developer_id=None, cost_usd=None, cost_source="unknown", model="my m")
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions([{"timestamp": "2026-01-01", "developer_id": "eve"}])
        store.conn.execute("delete from developer_identities")
        store.conn.execute("update repositories set synced_at = null")
        store.conn.execute(
            "insert into dead_letters (path, byte_offset, length, line, digest, reason, first_seen) "
            "values ('x', 0, 1, 1, 'd', 'cut off', '2026')"
        )
    checks = json.loads(run("--json").stdout)["checks"]
    commands = {one["command"] for one in checks if one["command"]}
    assert commands == {
        "prod-lens aggregate",
        "prod-lens dead-letter retry",
        "prod-lens developer list",
        "prod-lens ingest-git PATH --repo acme/web",
        "prod-lens ingest-traces PATH",
        "prod-lens ingest-traces PATH --developer ID",
        "prod-lens ingest-traces PATH --repo OWNER/NAME",
        "prod-lens prices set 'my m' --input USD --output USD",
    }
    for line in commands:
        program, name, *words = shlex.split(line)
        assert program == "prod-lens"
        command = COMMANDS[name].load()
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        words = ["1" if word == "USD" else word for word in words]
        command.make_context(name, words, resilient_parsing=False)
