from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.storage import ProdLensStore, connection
from unit.metrics.golden_days import EFFECT, first_day

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

FIRST = first_day(EFFECT["start_weekday"])
START = datetime(FIRST.year, FIRST.month, FIRST.day, 9, tzinfo=UTC)


def fill(store: ProdLensStore, x: list[int], y: list[int]) -> None:
    """Store a session per count of x, and a commit per count of y, on consecutive days."""
    calls, commits = [], []
    for day, (used, landed) in enumerate(zip(x, y, strict=True)):
        at = START + timedelta(days=day)
        calls += [
            {
                "native_key": f"{day}:{number}",
                "timestamp": at + timedelta(minutes=number),
                "session_id": f"s{day}-{number}",
                "repo_slug": "acme/web",
                "developer_id": "ana",
            }
            for number in range(used)
        ]
        commits += [
            {
                "sha": f"{day:04x}{number:04x}",
                "timestamp": at + timedelta(minutes=number),
                "repo_slug": "acme/web",
                "author": "ana",
            }
            for number in range(landed)
        ]
    store.insert_sessions(calls)
    store.insert_commits(commits)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a database whose days are a golden case, of one developer."""
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        fill(store, EFFECT["x"], EFFECT["y"])
    return tmp_path


def run(*arguments: str, width: int = 100) -> Result:
    return CliRunner(env={"COLUMNS": str(width)}).invoke(prod_lens, list(arguments))


def document(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def at(found: dict[str, Any], lag: int) -> dict[str, Any]:
    line: dict[str, Any] = next(line for line in found["lines"] if line["lag_days"] == lag)
    return line


@pytest.mark.usefixtures("folder")
def test_the_profile_shows_every_lag_with_its_interval() -> None:
    result = run("correlate", "--lags", "-1..2")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "AI sessions → commits, by lag             Pearson, weekday and trend removed, 95% interval"
    )
    assert [line.split()[0] for line in lines[1:5]] == ["-1", "same", "+1", "+2"]
    assert lines[1].endswith("placebo")
    assert "+0.27  [+0.04, +0.48]   p adj 0.071" in lines[3]
    assert lines[5].startswith("90 days, worth ")
    assert "1 of 3 exploratory tests passes BH at q 0.10. Association, not cause." in " ".join(
        lines
    )
    assert result.stderr == ""


@pytest.mark.usefixtures("folder")
def test_a_narrow_terminal_keeps_every_number() -> None:
    result = run("correlate", "--lags", "1", width=50)
    assert "+0.27  [+0.04, +0.48]" in result.stdout
    assert "●" not in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 50


@pytest.mark.usefixtures("folder")
def test_json_is_one_document_with_its_form() -> None:
    found = document("correlate")
    assert found["schema"] == "prodlens.correlate/1"
    assert [line["lag_days"] for line in found["lines"]] == list(range(-3, 8))
    assert at(found, 1)["r"] == pytest.approx(0.270720257428419)
    assert (found["family_size"], found["looks"], found["declaration"]) == (8, 1, "none")
    assert at(found, 1)["p_value_naive"] != at(found, 1)["p_value"]
    assert not {"raw_p", "raw_rho_p"} & set(at(found, 1))
    assert found["window"]["first_day"] == FIRST.isoformat()


@pytest.mark.usefixtures("folder")
def test_the_second_run_is_served_from_the_cache() -> None:
    assert not any(line["from_cache"] for line in document("correlate")["lines"])
    again = document("correlate")
    assert all(line["from_cache"] for line in again["lines"])
    assert at(again, 1)["r"] == pytest.approx(0.270720257428419)


@pytest.mark.usefixtures("folder")
def test_one_more_commit_is_never_hidden_by_the_cache() -> None:
    before = at(document("correlate"), 1)["r"]
    with ProdLensStore(".prod-lens/cache.db") as store:
        at_noon = START + timedelta(days=44, hours=3)
        more = [
            {"sha": f"ff{n:06x}", "timestamp": at_noon, "repo_slug": "acme/web"} for n in range(9)
        ]
        store.insert_commits(more)
    assert at(document("correlate"), 1)["r"] != before


def test_a_read_only_database_gives_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = folder / ".prod-lens" / "cache.db"
    monkeypatch.setattr(connection, "is_writable", lambda _: False)
    before = database.read_bytes()
    result = run("correlate")
    assert result.exit_code == 0
    assert "+0.27  [+0.04, +0.48]" in result.stdout
    assert "nothing is kept" in result.stderr
    assert database.read_bytes() == before


def test_the_declared_comparison_is_marked_at_its_end(folder: Path) -> None:
    until = FIRST + timedelta(days=90)
    (folder / "prodlens.toml").write_text(
        f'[confirmatory]\nx = "sessions"\ny = "commits"\nsince = {FIRST}\nuntil = {until}\n',
        encoding="utf-8",
    )
    found = document("correlate")
    assert (found["declaration"], found["family_size"]) == ("confirmatory", 7)
    assert at(found, 1)["role"] == "confirmatory"
    assert "declared beforehand, outside the family of 7 tests" in found["finding"]
    assert "p 0.024  declared beforehand" in run("correlate").stdout
    other = document("correlate", "--since", str(FIRST + timedelta(days=7)))
    assert (other["declaration"], other["family_size"]) == ("other_window", 8)
    assert other["remarks"][0].startswith("This is not the declared window")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('x = "sessions"', "needs x, y, since and until"),
        (
            'x = "sessions"\ny = "nothing"\nsince = 2026-01-01\nuntil = 2026-02-01',
            "'nothing' is no",
        ),
        ('x = "sessions"\ny = "commits"\nsince = 2026-02-01\nuntil = 2026-01-01', "after since"),
        ('x = "sessions"\nsince = "soon"', "it must be a day written as"),
    ],
)
def test_half_a_declaration_is_refused(folder: Path, text: str, message: str) -> None:
    (folder / "prodlens.toml").write_text(f"[confirmatory]\n{text}\n", encoding="utf-8")
    result = run("correlate")
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        ("correlate", "--x", "nonsense"),
        ("correlate", "--x", "commits", "--y", "commits"),
        ("correlate", "--lags", "7..-3"),
        ("correlate", "--lags", "-3..99"),
        ("correlate", "--lags", "soon"),
        ("correlate", "--since", "2026-03-01", "--until", "2026-02-01"),
        ("effect", "--metric", "nonsense"),
        ("effect", "--split", "thirds"),
        ("power", "--r", "0"),
        ("power", "--r", "1"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["correlate", "effect", "power"])
def test_an_unknown_repository_is_named(command: str) -> None:
    result = run(command, "--repo", "acme/nowhere")
    assert result.exit_code == 1
    assert "Nothing in this database belongs to acme/nowhere. It knows acme/web." in result.stderr


BAD = {
    "empty": ([], []),
    "one day": ([5], [2]),
    "no commits": ([5] * 30, [0] * 30),
    "no calls": ([0] * 30, [2] * 30),
    "constant": ([5] * 40, [3] * 40),
    "no overlap": ([5] * 20 + [0] * 40, [0] * 40 + [3] * 20),
}


@pytest.mark.parametrize("name", list(BAD))
@pytest.mark.parametrize("command", ["correlate", "effect", "power"])
def test_bad_data_give_a_sentence_and_no_traceback(
    name: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        fill(store, *BAD[name])
    for more in ((), ("--json",)):
        result = run(command, *more)
        assert result.exit_code == 0, result.stderr
        assert "NaN" not in result.stdout
        assert "nan" not in result.stdout.split()
        if command != "power" and not more:
            assert result.stdout.splitlines()[-1]
            said = ("Not enough", "Nothing to compare")
            assert any(text in result.stdout for text in said), result.stdout


@pytest.mark.usefixtures("folder")
def test_effect_shows_the_difference_and_its_strip() -> None:
    result = run("effect")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "commits after days of high and low AI sessions"
    assert [line[2:32].strip() for line in lines[2:7]] == [
        "matched on weekday and trend",
        "weekends out",
        "non-working days out",
        "7-day differences",
        "any one week out",
    ]
    assert "A difference between kinds of days, not an effect of AI." in " ".join(lines)
    found = document("effect", "--split", "median")
    assert (found["schema"], found["split"], found["status"]) == (
        "prodlens.effect/1",
        "median",
        "ok",
    )
    assert found["result"]["ci_low"] <= found["result"]["percent"] <= found["result"]["ci_high"]


@pytest.mark.usefixtures("folder")
def test_power_counts_the_days_of_the_store() -> None:
    found = document("power", "--r", "0.2")
    assert found["schema"] == "prodlens.power/1"
    assert found["present"] == 90
    assert found["more"] == found["needed_worth"] - 90
    assert (
        "more days until a lag correlation of 0.20 the next day"
        in run("power", "--r", "0.2").stdout
    )


def test_power_of_a_number_of_days_needs_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("power", "--days", "30")
    assert result.exit_code == 0
    assert result.stdout.startswith("27 more days until a lag correlation of 0.40 the next day")
    assert "|r| >= 0.58" in result.stdout
    assert not (tmp_path / ".prod-lens").exists()
