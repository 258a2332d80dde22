"""An export that was kept in step equals one made at once, whatever happened in between."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.storage import ProdLensStore

REPOS = st.sampled_from([None, "", "a/b-c", "a-b/c", "A/b-c"])
DAYS = st.sampled_from(["2024-10-01", "2024-10-02", "2024-10-03"])
CALLS = st.fixed_dictionaries(
    {
        "repo_slug": REPOS,
        "timestamp": DAYS.map(lambda day: f"{day}T12:00:00Z"),
        "tokens_in": st.none() | st.integers(0, 9),
        "latency_ms": st.none() | st.floats(0, 1e9),
        "accepted_flag": st.none() | st.booleans(),
        "model": st.none() | st.text(max_size=3),
        "native_key": st.sampled_from([f"message:{n}" for n in range(8)]),
    }
)
CHANGES = st.one_of(
    st.tuples(st.just("insert"), st.lists(CALLS, min_size=1, max_size=4)),
    st.tuples(
        st.sampled_from(
            [
                "delete from sessions where id % 3 = :n % 3",
                "update sessions set latency_ms = :n where id % 2 = :n % 2",
                "update sessions set repo_slug = 'a-b/c' where id % 3 = :n % 3",
                "update sessions set event_date = '2024-10-02' where id % 3 = :n % 3",
                "update sessions set accepted_flag = null where id = :n",
            ]
        ),
        st.integers(0, 5),
    ),
    st.tuples(
        st.just("export"),
        st.fixed_dictionaries(
            {"since": st.none() | DAYS, "repo_filter": st.sampled_from([None, "a/b-c", "a-b/c"])}
        ),
    ),
    st.tuples(st.just("export daily"), st.none() | DAYS),
    st.tuples(st.just("lose"), st.integers(0, 5)),
)


def apply(store: ProdLensStore, folder: Path, kind: str, detail: Any) -> None:
    exporter = ParquetExporter(folder)
    if kind == "insert":
        store.insert_sessions(detail)
    elif kind == "export":
        exporter.export_sessions_by_date(store, **detail)
    elif kind == "export daily":
        DailyAggregator(store).write_aggregates()
        exporter.export_aggregates_by_date(store, since=detail)
    elif kind == "lose":
        for path in exporter.list_partitions()[detail : detail + 1]:
            path.unlink()
    else:
        store.conn.execute(kind, {"n": detail})


def whole(store: ProdLensStore, folder: Path) -> dict[str, bytes]:
    exporter = ParquetExporter(folder)
    calls = exporter.export_sessions_by_date(store)
    assert calls == store.conn.execute("select count(*) from sessions").fetchone()[0]
    exporter.export_aggregates_by_date(store)
    found = exporter.list_partitions()
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    manifest = json.loads((folder / "_manifest.json").read_text())
    assert {file["path"]: file["rows"] for file in manifest["files"]} == {
        name: pq.read_metadata(folder / name).num_rows for name in files
    }
    return files


@settings(max_examples=40, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=8))
def test_kept_in_step_equals_made_at_once(changes: list[tuple[str, Any]]) -> None:
    with TemporaryDirectory() as place, ProdLensStore(Path(place) / "cache.db") as store:
        for kind, detail in changes:
            apply(store, Path(place) / "kept", kind, detail)
        DailyAggregator(store).write_aggregates()
        kept = whole(store, Path(place) / "kept")
        assert kept == whole(store, Path(place) / "fresh")
        assert not list(Path(place).rglob("*.partial"))
