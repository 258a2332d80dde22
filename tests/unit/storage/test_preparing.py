"""What is prepared before a transaction holds for whatever the store says when it begins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore, recording
from prodlens.storage.identity_keys import listed, observe
from prodlens.storage.joining import joined_by_keys
from prodlens.storage.preparing import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.storage.traces import Added

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def call(key: str, **changes: Any) -> CanonicalTrace:
    values: dict[str, Any] = {
        "session_id": f"session-{key}",
        "session_source": "explicit",
        "developer_id": None,
        "timestamp": NOON,
        "model": "claude-sonnet-4-5",
        "tokens_in": 100,
        "tokens_out": 10,
        "latency_ms": None,
        "status_code": 200,
        "accepted_flag": None,
        "source": "litellm",
        "native_key": f"message:{key}",
    }
    return CanonicalTrace(**{**values, **changes})


def records_of(*calls: CanonicalTrace) -> recording.Records:
    return recording.Records(calls=[observe(one) for one in calls])


def record(store: ProdLensStore, records: recording.Records) -> Added:
    with store.transaction() as conn:
        return recording.record(conn, records)


def test_only_calls_of_one_record_and_no_scope_are_prepared_as_rows() -> None:
    batch = [
        observe(one)
        for one in (
            call("a"),
            call("b"),
            call("b", tokens_in=200),
            call("c", scopes=("codex_session:c",)),
            call("d", other_keys=("request:e",)),
            call("f", native_key="request:e"),
            call("g", tokens_in=None, tokens_out=None),
        )
    ]
    prepared = prepare(batch)
    assert prepared.single.positions == [0, 6]
    assert prepared.single.days == ["2026-11-22", "2026-11-22"]
    assert [len(keys) for keys in prepared.single.keys] == [1, 1]
    assert prepared.single.without({0}).positions == [6]
    assert sorted(position for p in prepared.groups.values() for position in p) == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]


def test_a_call_stored_by_others_after_it_was_prepared_is_known(store: ProdLensStore) -> None:
    late = records_of(call("a"), call("b"))
    late.prepared()
    record(store, records_of(call("a")))
    done = record(store, late)
    assert (done.added, done.changed, done.known) == (1, 0, 1)
    assert [row["session_id"] for row in store.fetch_sessions()] == ["session-a", "session-b"]


def test_a_call_seen_by_another_source_after_it_was_prepared_is_joined(
    store: ProdLensStore,
) -> None:
    late = records_of(call("a", session_id="s"))
    late.prepared()
    record(store, records_of(call("x", session_id="s", source="otlp")))
    record(store, late)
    (row,) = store.fetch_sessions()
    assert (row["sources"], row["observations"]) == ("litellm,otlp", 2)


def test_a_record_added_after_preparing_is_stored_too(store: ProdLensStore) -> None:
    records = records_of(call("a"))
    records.prepared()
    records.calls.append(observe(call("b")))
    assert record(store, records).added == 2


def test_of_a_mixed_batch_each_record_ends_where_it_belongs(store: ProdLensStore) -> None:
    record(store, records_of(call("a"), call("b"), call("s", session_id="shared")))
    done = record(
        store,
        records_of(
            call("a"),
            call("b", tokens_in=300),
            call("new", accepted_flag=True, stream=False, developer_id="dev"),
            call("o", session_id="shared", source="otlp"),
            call("p", shadows=("message:gone",)),
            call("gone"),
        ),
    )
    assert (done.added, done.changed, done.known, done.shadowed) == (2, 2, 1, 1)
    rows = {row["identity_key"]: row for row in store.fetch_sessions()}
    assert sorted(rows) == ["message:" + key for key in ("a", "b", "new", "o", "p")]
    assert rows["message:b"]["tokens_in"] == 300
    assert rows["message:o"]["sources"] == "litellm,otlp"
    assert (rows["message:new"]["accepted_flag"], rows["message:new"]["stream"]) == (True, False)
    assert rows["message:new"]["latency_ms"] is None


def test_a_fresh_call_gives_the_earlier_one_of_its_trace_a_session(store: ProdLensStore) -> None:
    bare = {"session_id": None, "session_source": None, "trace_id": "t"}
    first = record(store, records_of(call("a", **bare)))
    assert store.fetch_sessions()[0]["session_id"] is None
    day = datetime(2026, 11, 23, tzinfo=UTC)
    second = record(store, records_of(call("b", **bare, timestamp=day)))
    assert (first.days, second.days) == ({"2026-11-22"}, {"2026-11-22", "2026-11-23"})
    assert [row["session_id"] for row in store.fetch_sessions()] == ["t", "t"]


def test_what_is_not_known_is_bound_as_null_and_flags_as_numbers(store: ProdLensStore) -> None:
    values = store.conn.execute("select ?, ?, ?, typeof(?)", (None, True, False, None)).fetchone()
    assert tuple(values) == (None, 1, 0, "null")


def test_lists_are_given_as_one_parameter(store: ProdLensStore) -> None:
    asked = ['a"b', "ü", 2**62, -5]
    found = store.conn.execute("select value from json_each(?)", (listed(asked),)).fetchall()
    assert [row[0] for row in found] == asked


def test_records_are_joined_through_others() -> None:
    assert joined_by_keys([(1, 2), (3,), (2, 4), (5, 4)]) == [[0, 2, 3], [1]]
    assert joined_by_keys([]) == []
