from __future__ import annotations

import csv
import gc
import io
import json
import re
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from prodlens.aggregation import DailyAggregator
from prodlens.cli.__main__ import prod_lens
from prodlens.errors import StoreBusyError
from prodlens.metrics.report import ReportGenerator
from prodlens.storage import ProdLensStore, connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result


def call(number: int, at: str, **fields: Any) -> dict[str, Any]:
    return {"native_key": f"test:{number}", "timestamp": at, "repo_slug": "acme/web", **fields}


CALLS = (
    call(1, "2026-03-02T09:05:00Z", model="gpt-5", cost_usd=0.5, accepted_flag=True),
    call(2, "2026-03-02T10:00:00Z", model="gpt-5", cost_usd=0.25, accepted_flag=False),
    call(3, "2026-03-05T10:00:00Z", model="evil\x1b[31m\u202e"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a database of three calls, as the working directory."""
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(CALLS)
    yield tmp_path
    (tmp_path / ".prod-lens").chmod(0o700)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, ["report", *arguments])


def computed_days() -> list[str]:
    with ProdLensStore(".prod-lens/cache.db", read_only=True) as store:
        return [row["event_date"] for row in store.fetch_daily_session_metrics()]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("option", ["--no-statistics", "--traffic=nonsense"])
def test_garbage_is_collected_again_after_a_report(option: str) -> None:
    assert gc.isenabled()
    run(option)
    assert gc.isenabled()


@pytest.mark.usefixtures("folder")
def test_the_page_goes_to_stdout_without_colour_or_escapes() -> None:
    result = run("--repo", "acme/web", "--width", "100")
    assert result.exit_code == 0
    assert result.stdout.startswith("3 calls cost $0.7500, counting the 2 with a price; only 2 ")
    assert "\nAcceptance rate  " in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert result.stderr == ""


@pytest.mark.usefixtures("folder")
def test_colour_is_used_when_forced_and_the_words_stay() -> None:
    plain = run("--width", "80").stdout
    runner = CliRunner(env={"FORCE_COLOR": "1", "COLUMNS": "80"})
    coloured = runner.invoke(prod_lens, ["report", "--width", "80"], color=True).stdout
    assert "\x1b[1m" in coloured
    assert "\x1b[31m" not in coloured
    stripped = "".join(part.partition("m")[2] for part in ("m" + coloured).split("\x1b["))
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


@pytest.mark.usefixtures("folder")
def test_changed_days_are_refreshed_on_the_way() -> None:
    assert computed_days() == []
    assert run().exit_code == 0
    assert computed_days() == ["2026-03-02", "2026-03-05"]


def test_a_read_only_database_gives_the_same_report(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = folder / ".prod-lens" / "cache.db"
    monkeypatch.setattr(connection, "is_writable", lambda _: False)
    before = database.read_bytes()
    result = run("--json")
    assert result.exit_code == 0
    assert database.read_bytes() == before
    assert json.loads(result.stdout)["coverage"]["calls"] == 3


@pytest.mark.usefixtures("folder")
def test_a_busy_database_is_still_reported_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(self: DailyAggregator) -> None:
        del self
        raise StoreBusyError("It is locked.")

    monkeypatch.setattr(DailyAggregator, "write_aggregates", busy)
    result = run()
    assert result.exit_code == 0
    assert "The daily tables stay as they were; the report is right. It is locked." in result.stderr
    assert "Acceptance rate" in result.stdout


@pytest.mark.usefixtures("folder")
def test_json_is_one_document_with_its_form() -> None:
    result = run("--json", "--repo", "acme/web", "--lag-days", "2", "--policy-model", "gpt-*")
    document = json.loads(result.stdout)
    assert document["schema"] == "prodlens.report/1"
    assert document["metadata"]["lag_days"] == 2
    assert document["model_selection_accuracy"] == pytest.approx(2 / 3)
    assert document["cost_metrics"]["total_session_cost_usd"] == 0.75


def test_several_files_are_written_from_one_computation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    build = ReportGenerator.build

    def counting(self: ReportGenerator, **asked: Any) -> Any:
        computed.append(asked)
        return build(self, **asked)

    monkeypatch.setattr(ReportGenerator, "build", counting)
    result = run("--output", "a.csv", "-o", "b.json", "-o", "c.CSV")
    assert result.exit_code == 0
    assert len(computed) == 1
    assert result.stdout == ""
    assert result.stderr == "Wrote a.csv\nWrote b.json\nWrote c.CSV\n"
    assert (folder / "a.csv").read_bytes() == (folder / "c.CSV").read_bytes()
    table = dict(csv.reader(io.StringIO((folder / "a.csv").read_text("utf-8"))))
    assert table["cost_metrics.total_session_cost_usd"] == "0.75"
    assert json.loads((folder / "b.json").read_bytes())["acceptance_rate"] == 0.5
    modes = {stat.S_IMODE((folder / name).stat().st_mode) for name in ("a.csv", "b.json", "c.CSV")}
    assert modes == {0o600}


def test_an_unknown_ending_is_a_usage_error_before_any_work(folder: Path) -> None:
    result = run("-o", "a.csv", "-o", "report.docx")
    assert result.exit_code == 2
    assert "report.docx names no format of a report: end it in .csv, .json, " in result.stderr
    assert sorted(entry.name for entry in folder.iterdir()) == [".prod-lens"]


@pytest.mark.usefixtures("folder")
def test_a_missing_folder_for_the_output_fails_before_any_work() -> None:
    result = run("-o", "nowhere/report.csv")
    assert result.exit_code == 1
    assert "The folder nowhere does not exist: make it first." in result.stderr


@pytest.mark.usefixtures("folder")
def test_a_window_before_the_data_is_clipped_and_exits_0() -> None:
    result = run("--repo", "acme/web", "--since", "2020-01-01")
    assert result.exit_code == 0
    assert "! Data begin on 2 Mar 2026 for acme/web: the window is clipped" in result.stdout
    written = run("--since", "2020-01-01", "-q", "-o", "a.csv")
    assert written.exit_code == 0
    assert written.stderr == "! Data begin on 2 Mar 2026: the window is clipped to that day.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--until", "2020-01-01"), "The window ends before data begin on 2 Mar 2026."),
        (("--since", "2026-04-01"), "The window begins after data end on 5 Mar 2026."),
        (
            ("--since", "2026-03-03", "--until", "2026-03-04"),
            "There are no calls in this window.",
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_window_without_calls_is_a_sentence_and_exits_0(
    arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == sentence
    assert result.stdout.count(sentence) == 1


@pytest.mark.usefixtures("folder")
def test_an_unknown_repository_names_the_known_ones_and_exits_1() -> None:
    result = run("--repo", "acme/nope")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: Nothing in this database belongs to acme/nope. It knows acme/web.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "soon"),
        ("--since", "2026-03-02", "--until", "2026-03-02"),
        ("--lag-days", "-1"),
        ("--repo", "no repository"),
        ("--policy-model", "anthropic/*"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_no_database_could_answer_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.fixture
def quarter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 60 days of three calls and two commits each, as the working directory."""
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        first = datetime(2026, 3, 2, 9, tzinfo=UTC)
        days = [first + timedelta(days=day) for day in range(60)]
        store.insert_sessions(
            call(10 * n + k, at.isoformat(), session_id=f"s{k}", cost_usd=0.25)
            for n, at in enumerate(days)
            for k in range(3)
        )
        store.insert_commits(
            {"sha": f"{n:020x}{k:020x}", "timestamp": at, "author": "ana", "repo_slug": "acme/web"}
            for n, at in enumerate(days)
            for k in range(2)
        )
        store.insert_commits(
            [{"sha": "e" * 40, "timestamp": days[30], "author": "ben", "repo_slug": "acme/idle"}]
        )
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--repo", "acme/web"),
            (
                "commits, +1 d: Nothing to compare (60 days, 2026-03-02 to 2026-04-30): once weekdays "
                "and trend are taken out, AI sessions or commits don't vary."
            ),
        ),
        (
            ("--repo", "acme/web", "--lag-days", "9999"),
            "Not enough data: a lag of 9,999 days is too long, 14 days are the most.",
        ),
        (
            ("--repo", "acme/web", "--lag-days", "9", "--until", "2026-03-22"),
            "16 more days are needed. There are 20 days, 2026-03-02 to 2026-03-21, of 36 that it takes.",
        ),
        (
            ("--repo", "acme/web", "--since", "2026-03-10", "--until", "2026-03-11"),
            "13 more days are needed. There is 1 day, 2026-03-10 to 2026-03-10, of 14 that it takes.",
        ),
        (
            ("--repo", "acme/idle"),
            "1 commit; no calls are known here, so nothing is said about AI use.",
        ),
        (
            ("--repo", "acme/web", "--since", "2026-06-01"),
            "The window begins after data end for acme/web on 30 Apr 2026.",
        ),
        (
            ("--repo", "acme/web", "--until", "2026-01-01"),
            "The window ends before data begin for acme/web on 2 Mar 2026.",
        ),
    ],
)
@pytest.mark.usefixtures("quarter")
def test_data_that_show_nothing_are_a_sentence_and_exit_0(
    arguments: tuple[str, ...], sentence: str
) -> None:
    shown, document = run(*arguments, "--width", "100"), run(*arguments, "--json")
    assert (shown.exit_code, document.exit_code) == (0, 0)
    assert sentence in " ".join(shown.stdout.split())
    for text in (shown.stdout, document.stdout):
        assert "Traceback" not in text
        assert not {"nan", "inf", "NaN", "Infinity", "None"} & set(re.findall(r"\w+", text))
    json.loads(document.stdout)


@pytest.mark.usefixtures("folder")
def test_calls_without_deliveries_name_the_command_that_reads_them() -> None:
    result = run("--repo", "acme/web")
    assert result.exit_code == 0
    assert "no deliveries: read a local clone\n    prod-lens ingest-git PATH\n" in result.stdout
    assert "Association" not in result.stdout


@pytest.mark.usefixtures("quarter")
def test_deliveries_without_calls_name_the_command_that_reads_those() -> None:
    result = run("--repo", "acme/idle")
    assert result.exit_code == 0
    assert "no calls: read some\n    prod-lens ingest-traces PATH\n" in result.stdout
    assert "Acceptance rate" not in result.stdout
    assert "\nCommits per day with commits" in result.stdout


def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 1
    assert "does not exist: run `prod-lens ingest-traces PATH` first." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_policy_models_come_from_the_settings_unless_given(folder: Path) -> None:
    (folder / "prodlens.toml").write_text('[report]\npolicy_models = ["gpt-*"]\n')
    assert json.loads(run("--json").stdout)["metadata"]["policy_models"] == ["gpt-*"]
    given = json.loads(run("--json", "--policy-model", "evil*").stdout)
    assert given["metadata"]["policy_models"] == ["evil*"]
