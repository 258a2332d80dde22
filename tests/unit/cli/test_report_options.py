from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.exports.registry import FORMATS
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)


def call(number: int, at: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "native_key": f"test:{number}",
        "timestamp": at,
        "repo_slug": "acme/web",
        "session_id": f"s{number}",
        "model": "gpt-5",
        "cost_usd": 0.25,
        "tokens_in": 100,
        "tokens_out": 10,
        "status_code": 200,
        "latency_ms": 900.0 + number % 7,
        "accepted_flag": number % 3 > 0,
        **fields,
    }


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 40 days of calls and commits, as the working directory."""
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        days = [FIRST + timedelta(days=day) for day in range(40)]
        store.insert_sessions(
            call(10 * n + k, at + timedelta(minutes=k))
            for n, at in enumerate(days)
            for k in range(2 + n % 5)
        )
        store.insert_commits(
            {"sha": f"{n:020x}{k:020x}", "timestamp": at, "author": "ana", "repo_slug": "acme/web"}
            for n, at in enumerate(days)
            for k in range(1 + n * n % 4)
        )
    return tmp_path


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner(env=env).invoke(prod_lens, ["report", *arguments])


def test_a_comparison_says_then_and_the_change() -> None:
    result = run("--since", "2026-03-28", "--compare", "previous", "--width", "100")
    assert result.exit_code == 0
    assert "Then: 14 Mar to 27 Mar 2026, matched by weekday." in result.stdout
    assert "Now" in result.stdout
    document = json.loads(run("--since", "2026-03-28", "--compare", "previous", "--json").stdout)
    filters = document["report"]["filters"]
    assert filters["compare"] == "previous"
    assert (filters["compared_first_day"], filters["compared_last_day"]) == (
        "2026-03-14",
        "2026-03-27",
    )


def test_a_time_without_data_is_not_compared_and_says_so() -> None:
    result = run("--since", "2026-03-28", "--compare", "year")
    assert result.exit_code == 0
    assert "! Not everything can be compared: no calls are known then" in result.stdout


def test_the_same_moment_gives_the_same_bytes(folder: Path) -> None:
    names = ("a.json", "a.csv", "a.md", "a.txt", "b.json", "b.csv", "b.md", "b.txt")
    for letter in "ab":
        files = [part for name in names if name.startswith(letter) for part in ("-o", name)]
        result = run("--as-of", "2026-04-05T12:00:00Z", "--since", "20d", *files)
        assert result.exit_code == 0, result.stderr
    for name in names[:4]:
        again = name.replace("a.", "b.")
        assert (folder / name).read_bytes() == (folder / again).read_bytes()
    document = json.loads((folder / "a.json").read_bytes())
    assert document["metadata"]["generated_at"] == "2026-04-05T12:00:00.000000Z"
    assert document["metadata"]["first_day"] == "2026-03-17"
    assert document["metadata"]["last_day"] == "2026-04-05"


def test_what_came_later_does_not_count_as_of_a_moment() -> None:
    before = json.loads(run("--as-of", "2026-03-20T23:59:00Z", "--json").stdout)
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions([call(9000, datetime(2026, 5, 1, 9, tzinfo=UTC))])
    after = json.loads(run("--as-of", "2026-03-20T23:59:00Z", "--json").stdout)
    assert before == after
    assert before["coverage"]["last_call"] == "2026-03-20T09:04:00.000000Z"


def test_source_date_epoch_is_the_moment_unless_another_is_given() -> None:
    env = {"SOURCE_DATE_EPOCH": "1774440000"}
    document = json.loads(run("--json", env=env).stdout)
    assert document["metadata"]["generated_at"] == "2026-03-25T12:00:00.000000Z"
    given = json.loads(run("--json", "--as-of", "2026-03-20", env=env).stdout)
    assert given["metadata"]["generated_at"] == "2026-03-20T00:00:00.000000Z"
    broken = run("--json", env={"SOURCE_DATE_EPOCH": "yesterday"})
    assert broken.exit_code == 2
    assert "SOURCE_DATE_EPOCH is 'yesterday': write whole seconds since 1970." in broken.stderr


def test_one_table_goes_to_stdout_or_into_a_file(folder: Path) -> None:
    shown = run("--table", "models")
    assert shown.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert [(row["model"], row["calls"]) for row in rows] == [("gpt-5", "160")]
    assert run("--table", "models", "-o", "models.csv").exit_code == 0
    assert (folder / "models.csv").read_text("utf-8").splitlines() == shown.stdout.splitlines()


def test_a_table_that_is_not_there_lists_those_there_are() -> None:
    result = run("--table", "people")
    assert result.exit_code == 2
    assert "The report has no table 'people'. It has figures, daily_tokens" in result.stderr
    other = run("--table", "models", "-o", "models.json")
    assert other.exit_code == 2
    assert "--table writes CSV: end the file's name in .csv." in other.stderr


@pytest.mark.parametrize("asked", [(), ("--since", "2026-03-20", "--compare", "previous")])
def test_a_report_that_holds_is_verified(asked: tuple[str, ...]) -> None:
    assert run(*asked, "-o", "report.json").exit_code == 0
    result = run("verify", "report.json")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.startswith("✓ All ")
    assert result.stdout.endswith(" numbers of report.json still hold.\n")


def test_later_data_change_nothing_and_late_ones_do() -> None:
    assert run("-o", "report.json", "--as-of", "2026-04-05").exit_code == 0
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions([call(9000, datetime(2026, 5, 1, 9, tzinfo=UTC))])
    assert run("verify", "report.json").exit_code == 0
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions([call(9001, datetime(2026, 3, 10, 9, 30, tzinfo=UTC))])
    result = run("verify", "report.json")
    assert result.exit_code == 4
    assert "numbers of report.json still hold." in result.stdout
    lines = [line.split() for line in result.stdout.splitlines()]
    found = next(line for line in lines if line[0] == "coverage.calls")
    assert found == ["coverage.calls", "134", "135"]
    document = json.loads(run("verify", "report.json", "--json").stdout)
    assert document["schema"] == "prodlens.report_verification/1"
    assert document["differ"] == sum(not one["holds"] for one in document["numbers"])


def test_a_file_that_is_no_report_cannot_be_verified(folder: Path) -> None:
    (folder / "a.json").write_text("{}")
    result = run("verify", "a.json")
    assert result.exit_code == 1
    assert "a.json is no report of the form prodlens.report/1" in result.stderr
    assert run("verify", "gone.json").exit_code == 1


def test_an_empty_database_gives_every_format_something_to_say(folder: Path) -> None:
    ProdLensStore("empty.db").close()
    files = [part for name in ("e.json", "e.csv", "e.md", "e.txt") for part in ("-o", name)]
    result = run("--db", "empty.db", "--compare", "previous", *files)
    assert result.exit_code == 0
    assert "There are no calls in the database." in (folder / "e.md").read_text("utf-8")
    assert "prod-lens ingest-traces PATH" in (folder / "e.txt").read_text("utf-8")


def test_help_names_every_format() -> None:
    said = " ".join(run("--help").stdout.split())
    assert len(FORMATS) == 7
    assert f"({', '.join(sorted(suffix.removeprefix('.') for suffix in FORMATS))})" in said


def test_that_a_day_is_not_over_is_said_and_is_no_warning(folder: Path) -> None:
    asked = ("--as-of", "2026-04-05T12:00:00Z", "--since", "20d", "-o", "a.txt")
    assert "5 Apr 2026 is not over" in run(*asked).stderr
    assert run("-q", *asked).stderr == ""
    assert "5 Apr 2026 is not over" in (folder / "a.txt").read_text("utf-8")


def test_a_report_without_statistics_says_that_they_were_not_asked_for() -> None:
    whole, quick = run("--json"), run("--json", "--no-statistics")
    assert (whole.exit_code, quick.exit_code) == (0, 0)
    first, second = json.loads(whole.stdout), json.loads(quick.stdout)
    assert second["metadata"]["statistics"] is False
    assert "statistics" not in first["metadata"]
    found = second["ai_outcome_association"]["calibrated"]
    assert (found["status"], found["r"], found["p_value"]) == ("not_asked", None, None)
    assert found["sentence"] == (
        "Not asked for: how AI sessions go together with commits was left out of this report."
    )
    sizes = second["effect_sizes"]
    assert (sizes["accepted"], sizes["latency_cohens_d"]) == (None, None)
    assert sizes["ci_reason"] == "statistics were not asked for"
    assert sizes["model_acceptance_rates"] == first["effect_sizes"]["model_acceptance_rates"]
    for family, values in first["metrics"].items():
        if family != "session_growth_percent":
            assert second["metrics"][family] == values
    assert second["models"] == first["models"]
    assert "statistics_left_out" in [note["code"] for note in second["notes"]]
    page = run("--no-statistics", "--width", "100").stdout
    assert "! Associations, effect sizes and the interval of growth were not asked for." in page
    assert "Not asked for: how AI sessions go together with commits" in page


def test_a_report_without_statistics_is_made_again_without_them() -> None:
    assert run("--no-statistics", "-o", "quick.json").exit_code == 0
    result = run("verify", "quick.json")
    assert (result.exit_code, result.stdout[:5]) == (0, "✓ All")


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_every_format_can_do_without_statistics(folder: Path, ending: str) -> None:
    result = run("--no-statistics", "-o", f"quick{ending}")
    assert (result.exit_code, result.exception) == (0, None)
    assert (folder / f"quick{ending}").stat().st_size > 100
