"""DataFrames say what the tables say; nothing that is missing becomes a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from prodlens.storage import ProdLensStore, frames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = 2**62 + 1
"""A float would lose its last digit."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def _columns(store: ProdLensStore, table: str) -> list[str]:
    return [row["name"] for row in store.conn.execute(f"pragma table_info({table})")]


def test_empty_tables_have_every_column_with_its_type(store: ProdLensStore) -> None:
    calls = store.sessions_dataframe()
    pulls = store.pull_requests_dataframe()
    commits = store.commits_dataframe()
    assert list(calls.columns) == _columns(store, "sessions")
    assert list(pulls.columns) == ["repo_slug", *_columns(store, "pull_requests")]
    assert list(commits.columns) == ["repo_slug", *_columns(store, "commits")]
    assert (len(calls), len(pulls), len(commits)) == (0, 0, 0)
    assert calls["timestamp"].min() is pd.NaT
    assert calls["tokens_in"].sum() == 0
    assert str(calls["timestamp"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        ("timestamp", "datetime64[us, UTC]"),
        ("tokens_in", "Int64"),
        ("status_code", "Int64"),
        ("latency_ms", "float64"),
        ("cost_usd", "float64"),
        ("accepted_flag", "boolean"),
        ("model", "object"),
        ("event_date", "object"),
    ],
)
def test_types_do_not_depend_on_what_is_known(
    store: ProdLensStore, column: str, dtype: str
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z"}])
    assert str(store.sessions_dataframe()[column].dtype) == dtype


def test_values_survive_and_missing_ones_stay_missing(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            {
                "timestamp": "2024-10-28T12:00:00.123456Z",
                "session_id": "s1",
                "tokens_in": LARGE,
                "latency_ms": 10.5,
                "accepted_flag": False,
                "cost_usd": 0.0,
            },
            {"timestamp": "2024-10-27T12:00:00Z"},
        ]
    )
    bare, full = (row for _, row in store.sessions_dataframe().iterrows())
    assert full["timestamp"] == pd.Timestamp("2024-10-28T12:00:00.123456Z")
    assert (full["session_id"], full["tokens_in"], full["latency_ms"]) == ("s1", LARGE, 10.5)
    assert (full["accepted_flag"], full["cost_usd"]) == (False, 0.0)
    assert bare["session_id"] is None
    assert bare["tokens_in"] is pd.NA
    assert bare["accepted_flag"] is pd.NA
    assert pd.isna(bare["latency_ms"])
    assert pd.isna(bare["cost_usd"])


def test_frame_is_ready_for_span_groups_and_masks(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            {"timestamp": "2024-10-29T01:00:00Z", "model": "b", "tokens_in": 5},
            {"timestamp": "2024-10-28T23:00:00Z", "model": "a", "tokens_in": 3},
            {"timestamp": "2024-10-28T22:00:00Z", "model": "a", "accepted_flag": True},
        ]
    )
    frame = store.sessions_dataframe()
    assert str(frame["timestamp"].min()) == "2024-10-28 22:00:00+00:00"
    assert str(frame["timestamp"].max()) == "2024-10-29 01:00:00+00:00"
    assert frame.groupby("model")["tokens_in"].sum().to_dict() == {"a": 3, "b": 5}
    assert frame["timestamp"].dt.date.astype(str).tolist() == (
        ["2024-10-28", "2024-10-28", "2024-10-29"]
    )
    assert frame[frame["accepted_flag"]]["model"].tolist() == ["a"]


def test_deliveries_name_their_repository(store: ProdLensStore) -> None:
    store.insert_pull_requests(
        [
            {"number": 1, "repo_slug": "Org/Repo", "reopened": True, "merged_at": "2024-10-28"},
            {"number": 2, "reopened": None},
        ]
    )
    store.insert_commits([{"sha": "a", "repo_slug": "org/repo", "timestamp": "1999-01-01"}])
    pulls, commits = store.pull_requests_dataframe(), store.commits_dataframe()
    assert pulls.set_index("number")["repo_slug"].to_dict() == {1: "org/repo", 2: None}
    assert pulls.sort_values("number")["reopened"].tolist() == [True, pd.NA]
    assert pulls.sort_values("number")["merged_at"].isna().tolist() == [False, True]
    assert commits["repo_slug"].tolist() == ["org/repo"]
    assert str(commits["timestamp"][0]) == "1999-01-01 00:00:00+00:00"
    assert commits["on_default_branch"].tolist() == [True]


def test_rows_beyond_one_chunk_stay_in_order(
    store: ProdLensStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "_CHUNK", 2)
    store.insert_commits(
        [{"sha": name, "timestamp": f"2024-10-0{n}"} for n, name in enumerate("edcba", 1)]
    )
    assert store.commits_dataframe()["sha"].tolist() == ["e", "d", "c", "b", "a"]
    assert store.commits_dataframe().index.tolist() == [0, 1, 2, 3, 4]
