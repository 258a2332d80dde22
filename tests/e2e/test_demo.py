"""The demo: same seed, same bytes; the real pipeline; what was planted is found, nothing else."""

from __future__ import annotations

import hashlib
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.demo.litellm_log import END, start_of
from prodlens.demo.pipeline import build
from prodlens.demo.team import LINKED, UNLINKED, invent_team
from prodlens.errors import InputError
from prodlens.stats.association import lagged_association
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.demo.pipeline import Demo
    from prodlens.demo.team import Team


def head(folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - a list of literals
        ["git", "-C", str(folder), "rev-parse", "HEAD"],  # noqa: S607 - the git of the machine
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.strip()


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "traces").iterdir())
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return build(tmp_path_factory.mktemp("demo") / "first", days=21, developers=4, seed=3)


def test_the_same_seed_gives_the_same_bytes(small: Demo, tmp_path: Path) -> None:
    again = build(tmp_path / "second", days=21, developers=4, seed=3)
    assert digests(again.folder) == digests(small.folder)
    for slug in small.repositories:
        assert head(again.folder / "git" / slug) == head(small.folder / "git" / slug)
    other = build(tmp_path / "third", days=21, developers=4, seed=4)
    assert digests(other.folder) != digests(small.folder)


def test_what_was_invented_is_what_the_database_holds(small: Demo) -> None:
    team = invent_team(seed=3, days=21, developers=4)
    with ProdLensStore(small.database) as store:
        calls = Counter(row["repo_slug"] for row in store.fetch_sessions())
        pulls = Counter(row["repo_slug"] for row in store.fetch_pull_requests())
        days = len(store.fetch_daily_session_metrics())
        left = store.conn.execute("select count(*) from dead_letters").fetchone()[0]
    assert calls == Counter(call.repo for call in team.calls)
    assert pulls == {
        slug: sum(item.pull_request is not None for item in delivered)
        for slug, delivered in team.delivered.items()
    }
    assert days == len({call.at.date() for call in team.calls})
    assert left == 0


def test_a_demo_is_made_anew_but_nothing_else_is_touched(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    build(folder, days=2, developers=2)
    (folder / "mine.txt").write_text("keep")
    build(folder, days=2, developers=2)
    assert (folder / "mine.txt").read_text() == "keep"
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        build(other)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_the_command_shows_a_report_and_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(prod_lens, ["demo", "--days", "15", "--developers", "3"])
    assert result.exit_code == 0
    assert "acme/payments" in result.stdout
    assert result.stderr.count("prod-lens ") == 3


def series(team: Team, slug: str, days: int) -> tuple[list[int], list[int]]:
    calls = Counter((call.at - start_of(days)).days for call in team.calls if call.repo == slug)
    commits = Counter((item.at - start_of(days)).days for item in team.delivered[slug])
    return [calls[day] for day in range(days)], [commits[day] for day in range(days)]


def test_what_was_planted_is_found_and_what_was_not_is_not() -> None:
    team = invent_team()
    planted = lagged_association(*series(team, LINKED, 90), 0, 1)
    nothing = lagged_association(*series(team, UNLINKED, 90), 0, 1)
    assert (planted.status, nothing.status) == ("ok", "ok")
    assert planted.p_value is not None
    assert nothing.p_value is not None
    assert planted.p_value < 0.001
    assert planted.r == pytest.approx(0.503, abs=0.001)
    assert nothing.p_value > 0.2


@pytest.mark.parametrize("days", [1, 90, 730])
def test_no_invented_day_lies_in_the_future_of_the_demo(days: int) -> None:
    team = invent_team(days=days, developers=2)
    assert all(start_of(days) <= call.at < END for call in team.calls)
    assert all(item.at < END for items in team.delivered.values() for item in items)
