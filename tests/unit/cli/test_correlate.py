from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

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
    assert "+0.27  [+0.04, +0.48]   p 0.024 primary" in lines[3]
    assert lines[5].startswith("90 days, worth ")
    text = " ".join(lines)
    assert "0 of 2 exploratory tests pass BH at q 0.10; the primary one is not among them." in text
    assert "not confirmatory, because no window with an end date was declared" in text
    assert "declared beforehand" not in text
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
    assert (found["family_size"], found["looks"], found["declaration"]) == (7, 1, "none")
    assert found["primary"] == {
        "x": "sessions",
        "y": "commits",
        "lag_days": 1,
        "confirmatory": False,
    }
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
    assert found["primary"]["confirmatory"] is True
    assert (
        "confirmatory: declared in prodlens.toml, outside the family of 7 tests" in found["finding"]
    )
    shown = run("correlate", width=80).stdout.splitlines()
    assert "p 0.024 confirmatory" in "".join(shown)
    assert max(map(len, shown)) <= 80
    other = document("correlate", "--since", str(FIRST + timedelta(days=7)))
    assert (other["declaration"], other["family_size"]) == ("other_window", 8)
    assert other["primary"] is None
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
        ("lag = 3", "needs x, y, since and until"),
        ('repo = "acme/web"', "needs x, y, since and until"),
        (
            'x = "calls"\ny = "commits"\nsince = 2026-01-01\nuntil = 2026-02-01\nlag = 15',
            "lag is 15; 14 days are the most.",
        ),
        (
            'x = "commits"\ny = "commits"\nsince = 2026-01-01\nuntil = 2026-02-01',
            "commits with itself says nothing",
        ),
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


@pytest.mark.usefixtures("folder")
def test_the_strip_stands_below_the_sentence() -> None:
    lines = run("correlate").stdout.splitlines()
    place = lines.index("The same the next day, after other choices:")
    names = ["weekends out", "quiet work days out", "7-day differences", "ranks, not counts"]
    names += ["any one week out", "any one developer out"]
    assert [line[2:24].strip() for line in lines[place + 1 :]] == names
    assert lines[-1].endswith("there is only one")
    strip = document("correlate")["sensitivity"]
    assert strip["lag_days"] == 1
    assert strip["range"][0] < 0.270720257428419 < strip["range"][1]


@pytest.mark.usefixtures("folder")
def test_ranks_families_and_no_adjustment_are_options() -> None:
    ranks = document("correlate", "--method", "spearman", "--lags", "1")
    assert ranks["method"] == "spearman"
    assert at(ranks, 1)["r"] == at(document("correlate", "--lags", "1"), 1)["rho"]
    assert "Spearman, weekday and trend removed" in run("correlate", "--method", "spearman").stdout
    large = document("correlate", "--lags", "0..1", "--family", "all")
    assert (large["family"]["name"], large["family_size"]) == ("all", 3)
    plain = run("correlate", "--no-adjust", "--lags", "0..7")
    assert "not adjusted" in plain.stdout.splitlines()[1]
    assert "p 0.024 primary" in plain.stdout.splitlines()[2]
    assert "of 7 tests are expected" in " ".join(plain.stdout.split())


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["correlate", "effect"])
def test_one_developer_is_a_status_and_a_sentence(command: str) -> None:
    shown = run(command, "--by", "developer")
    assert shown.exit_code == 0
    assert "below that nothing about single people is shown" in " ".join(shown.stdout.split())
    found = document(command, "--by", "developer")
    status = found["status"] if command == "effect" else found["lines"][0]["status"]
    assert status == "too_few_people"
    assert "ana" not in json.dumps(found)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("more", [("--method", "spearman"), ("--family", "all"), ("--no-adjust",)])
def test_within_developers_there_is_one_method_and_family(more: tuple[str, ...]) -> None:
    result = run("correlate", "--by", "developer", *more)
    assert result.exit_code == 2
    assert "has a method and a family of its own" in " ".join(result.stderr.split())


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with twelve developers who each use and land something on most days."""
    monkeypatch.chdir(tmp_path)
    dice = random.Random(4)  # noqa: S311 - repeatable data, no secret
    calls, commits = [], []
    for day, number in product(range(60), range(12)):
        at_nine = START + timedelta(days=day)
        who = f"dev{number:02d}"
        calls += [
            {
                "native_key": f"{day}:{who}:{n}",
                "timestamp": at_nine,
                "session_id": f"{day}{who}{n}",
                "developer_id": who,
                "repo_slug": "acme/web",
            }
            for n in range(dice.randrange(1 + number % 4, 6))
        ]
        commits += [
            {
                "sha": f"{day:04x}{number:02x}{n:02x}",
                "timestamp": at_nine,
                "author": who,
                "repo_slug": "acme/web",
            }
            for n in range(dice.randrange(4))
        ]
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(calls)
        store.insert_commits(commits)
    return tmp_path


@pytest.mark.usefixtures("team")
def test_developers_are_compared_with_themselves() -> None:
    shown = run("correlate", "--by", "developer", "--lags", "-1..1")
    lines = shown.stdout.splitlines()
    assert lines[0] == "AI sessions → commits within developers, by lag"
    assert [line.split()[0] for line in lines[2:5]] == ["-1", "same", "+1"]
    assert lines[2].endswith("placebo")
    found = document("correlate", "--by", "developer", "--lags", "-1..1")
    assert (found["schema"], found["developers"], found["linked_share"]) == (
        "prodlens.panel/1",
        12,
        1.0,
    )
    assert found["unnamed_share"] == 0.0
    assert "All AI sessions name their developer." in shown.stdout
    line = at(found, 1)
    assert line["ci_low"] < line["beta"] < line["ci_high"]
    assert "dev0" not in json.dumps(found)


@pytest.mark.usefixtures("team")
def test_developers_of_high_and_low_use_are_compared() -> None:
    shown = run("effect", "--by", "developer", "--split", "median")
    assert shown.stdout.startswith("commits of developers with high and low AI sessions\n")
    assert "an effect of AI" in " ".join(shown.stdout.split())
    found = document("effect", "--by", "developer", "--split", "median")
    assert (found["schema"], found["n_high"], found["n_low"]) == (
        "prodlens.effect_developers/1",
        6,
        6,
    )
    assert found["ci_low"] < found["difference"] < found["ci_high"]
    assert "dev0" not in json.dumps(found)


def test_order_of_arrival_and_clock_changes_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    berlin = ZoneInfo("Europe/Berlin")
    # 29 March 2026 has 23 hours in Berlin; a call at 0:30 there is on the UTC day before
    first = datetime(2026, 3, 1, 12, tzinfo=UTC)
    calls, commits = [], []
    for day, (used, landed) in enumerate(zip(EFFECT["x"], EFFECT["y"], strict=True)):
        local = (first + timedelta(days=day)).astimezone(berlin)
        calls += [
            {"native_key": f"{day}:{n}", "timestamp": local, "session_id": f"{day}-{n}"}
            for n in range(used)
        ]
        commits += [
            {"sha": f"{day:04x}{n:04x}", "timestamp": local, "repo_slug": "acme/web"}
            for n in range(landed)
        ]
    found = []
    for turn in (0, 1):
        dice = random.Random(turn)  # noqa: S311 - a repeatable order, no secret
        dice.shuffle(calls)
        dice.shuffle(commits)
        with ProdLensStore(f"{turn}.db") as store:
            store.insert_sessions(calls)
            store.insert_commits(commits)
        found.append(document("--db", f"{turn}.db", "correlate"))
    assert found[0] == found[1]
    assert found[0]["days_covered"] == 90
