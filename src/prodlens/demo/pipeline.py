"""Runs the real pipeline over an invented team, in a folder of its own; prints nothing.

Traces go through the real LiteLLM shape and the real reader, commits through real git
repositories, pull requests through the store as a sync would write them.
"""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from prodlens.aggregation import DailyAggregator
from prodlens.demo.history import pull_requests, write_repository
from prodlens.demo.litellm_log import END, lines, start_of
from prodlens.demo.team import invent_team
from prodlens.errors import InputError
from prodlens.git_etl import GitETL
from prodlens.identity import People
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor
from prodlens.trace_ingestion.files import find

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from prodlens.demo.team import Team

_MARK: Final = "prodlens-demo.json"
_PARTS: Final = ("traces", "git", "dead-letter", "parquet")


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that was built.

    Attributes:
        folder: Where everything is.
        database: The database in it.
        repositories: The invented repositories; the first one holds the planted association.
        since: First instant of the invented time, aware UTC.
        until: First instant after it.
    """

    folder: Path
    database: Path
    repositories: tuple[str, ...]
    since: datetime
    until: datetime


def build(folder: Path, *, days: int = 90, developers: int = 24, seed: int = 7) -> Demo:
    """Invent a team and bring it into a database.

    Args:
        folder: Made when missing; a folder that an earlier demo made is made anew.
        days: UTC days.
        developers: Size of the team.
        seed: The same seed gives the same traces, commits and numbers.

    Raises:
        InputError: The folder holds something else, or git is missing.
    """
    _clear(folder)
    (folder / _MARK).write_text(
        json.dumps({"days": days, "developers": developers, "seed": seed}) + "\n", encoding="ascii"
    )
    team = invent_team(seed=seed, days=days, developers=developers)
    _write_traces(folder / "traces", team, start_of(days))
    demo = Demo(
        folder=folder,
        database=folder / "cache.db",
        repositories=tuple(team.delivered),
        since=start_of(days),
        until=END,
    )
    with ProdLensStore(demo.database) as store:
        ingestor = TraceIngestor(store, dead_letter_dir=folder / "dead-letter")
        ingestor.ingest(find([str(folder / "traces")]), IngestOptions())
        for slug, delivered in team.delivered.items():
            write_repository(folder / "git" / slug, slug, delivered)
            # Deliveries are known until the last invented day is over, and two demos agree.
            GitETL(store, now=lambda: END).sync(folder / "git" / slug, repo_slug=slug)
            store.insert_pull_requests(pull_requests(slug, delivered))
        People(store).resolve()
        DailyAggregator(store).write_aggregates()
    return demo


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left; refuse to touch anything else."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: name a folder with --folder.")
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise InputError(f"{folder} holds something else: name another folder with --folder.")
    for part in _PARTS:
        shutil.rmtree(folder / part, ignore_errors=True)
    for file in folder.glob("cache.db*"):
        file.unlink()
    folder.mkdir(parents=True, exist_ok=True)


def _write_traces(folder: Path, team: Team, start: datetime) -> None:
    """Write one log file per week, as a proxy that rotates its log does."""
    folder.mkdir(parents=True)
    for week, calls in itertools.groupby(team.calls, lambda call: (call.at - start).days // 7):
        day = (start + timedelta(days=7 * week)).date()
        with (folder / f"litellm-{day}.jsonl").open("wb") as stream:
            stream.writelines(lines(calls))
