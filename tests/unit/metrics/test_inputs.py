from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.errors import StoreError
from prodlens.metrics.catalog import Need
from prodlens.metrics.inputs import MetricInputs, one_state, read_inputs
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore
from prodlens.storage.readings import CallFigures, total

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYTHING = Selection()
_IDS = st.sampled_from([None, "a", "b", "unknown"])
_COUNT = st.none() | st.integers(0, 5000)


def call(number: int, **fields: Any) -> dict[str, Any]:
    day, hour = divmod(number, 24)
    return {
        "native_key": f"test:{number}",
        "timestamp": f"2026-03-{1 + day % 28:02d}T{hour:02d}:00:00Z",
        **fields,
    }


CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "session_id": _IDS,
            "developer_id": _IDS,
            "model": st.sampled_from([None, "m-1", "m-2"]),
            "repo_slug": st.sampled_from([None, "acme/a", "acme/b"]),
            "tokens_in": _COUNT,
            "tokens_out": _COUNT,
            "latency_ms": st.none() | st.integers(-5, 4000),
            "status_code": st.none() | st.sampled_from([200, 399, 400, 503]),
            "error_type": st.sampled_from([None, None, "Timeout"]),
            "accepted_flag": st.none() | st.booleans(),
            "accepted_lines": st.none() | st.integers(0, 40),
            "diff_ratio": st.none() | st.sampled_from([0.0, 0.5, 0.75, 1.0]),
            "cost_usd": st.none() | st.sampled_from([0.0, 0.000000001, 0.125]),
            "subscription": st.none() | st.booleans(),
        }
    ),
    max_size=12,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def failed(row: dict[str, Any]) -> bool:
    return (row["status_code"] or 0) >= 400 or row["error_type"] is not None


def tokens(row: dict[str, Any]) -> int | None:
    known = [row[name] for name in ("tokens_in", "tokens_out") if row[name] is not None]
    return sum(known) if known else None


def plainly(rows: list[dict[str, Any]]) -> CallFigures:
    """The same figures, counted one call at a time."""
    accepted = [row for row in rows if row["accepted_flag"]]
    lined = [row for row in accepted if row["accepted_lines"] is not None]
    both = [row for row in lined if tokens(row) is not None]
    kept = [row["diff_ratio"] for row in rows if row["diff_ratio"] is not None]
    paid = [row for row in rows if row["cost_usd"] is not None]
    subscribed = [row for row in rows if row["subscription"]]
    return CallFigures(
        calls=len(rows),
        model_known=sum(row["model"] is not None for row in rows),
        session_known=sum(row["session_id"] is not None for row in rows),
        developer_known=sum(row["developer_id"] is not None for row in rows),
        repo_known=sum(row["repo_slug"] is not None for row in rows),
        latency_known=sum((row["latency_ms"] or 0) >= 0 for row in rows)
        - sum(row["latency_ms"] is None for row in rows),
        latency_negative=sum((row["latency_ms"] or 0) < 0 for row in rows),
        outcome_known=sum(
            row["status_code"] is not None or row["error_type"] is not None for row in rows
        ),
        errors=sum(failed(row) for row in rows),
        decided=sum(row["accepted_flag"] is not None for row in rows),
        accepted=len(accepted),
        tokens_known=sum(tokens(row) is not None for row in rows),
        tokens=sum(tokens(row) or 0 for row in rows),
        accepted_tokens_known=sum(tokens(row) is not None for row in accepted),
        accepted_tokens=sum(tokens(row) or 0 for row in accepted),
        lines_known=len(lined),
        lines=sum(row["accepted_lines"] for row in lined),
        lines_tokens_known=len(both),
        lines_tokens=sum(tokens(row) or 0 for row in both),
        lines_with_tokens=sum(row["accepted_lines"] for row in both),
        diff_known=len(kept),
        diff_sum=sum(kept),
        diff_high=sum(ratio >= 0.7 for ratio in kept),
        priced=len(paid),
        cost_nanos=sum(round(row["cost_usd"] * 10**9) for row in paid),
        subscription=len(subscribed),
        subscription_priced=sum(row["cost_usd"] is not None for row in subscribed),
        subscription_nanos=sum(round((row["cost_usd"] or 0) * 10**9) for row in subscribed),
    )


@given(CALLS)
@settings(max_examples=25, deadline=None)
def test_what_sql_counts_is_what_counting_one_by_one_gives(rows: list[dict[str, Any]]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        ProdLensStore(Path(folder) / "cache.db") as store,
    ):
        given_rows = [call(number % 30, **row) for number, row in enumerate(rows)]
        store.insert_sessions(given_rows)
        inputs = read_inputs(store, EVERYTHING)
    assert inputs.total == plainly(rows)
    for model, figures in inputs.models.items():
        assert figures == plainly([row for row in rows if row["model"] == model])
    decided = [row for row in rows if row["session_id"] and row["accepted_flag"] is not None]
    assert inputs.decided_sessions == len({row["session_id"] for row in decided})
    assert inputs.accepted_sessions == len(
        {row["session_id"] for row in decided if row["accepted_flag"]}
    )
    known = [row for row in rows if row["latency_ms"] is not None and row["latency_ms"] >= 0]
    assert list(inputs.latencies.every) == sorted(row["latency_ms"] for row in known)
    assert list(inputs.latencies.without_errors) == sorted(
        row["latency_ms"] for row in known if not failed(row)
    )
    hours = {
        (row["developer_id"] or "unknown", r["timestamp"][:13])
        for row, r in zip(rows, given_rows, strict=True)
    }
    assert inputs.distinct.active_hours == len(hours)


def test_a_sum_beyond_64_bits_stays_exact(store: ProdLensStore) -> None:
    huge = 2**62
    store.insert_sessions([call(n, tokens_in=huge, tokens_out=1) for n in range(4)])
    assert read_inputs(store, EVERYTHING).total.tokens == 4 * (huge + 1)


def test_money_is_summed_exactly(store: ProdLensStore) -> None:
    store.insert_sessions([call(n, cost_usd=0.000000001) for n in range(10)])
    store.insert_sessions([call(11, cost_usd=1000.1)])
    assert read_inputs(store, EVERYTHING).total.cost_nanos == 1000_100_000_010


def test_an_infinite_duration_is_no_duration(store: ProdLensStore) -> None:
    store.insert_sessions([call(1, latency_ms=10.0), call(2)])
    store.conn.execute("update sessions set latency_ms = 9e999 where latency_ms is null")
    inputs = read_inputs(store, EVERYTHING)
    assert list(inputs.latencies.every) == [10.0]
    assert inputs.total.latency_known == 1


def test_a_call_that_two_sources_saw_counts_for_both(store: ProdLensStore) -> None:
    store.insert_sessions([call(1, source="litellm"), call(2, source="litellm")])
    store.conn.execute("update sessions set sources = 'litellm,otlp' where id = 1")
    assert read_inputs(store, EVERYTHING).sources == {"litellm": 2, "otlp": 1}


def test_only_the_slice_is_read(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            call(0, repo_slug="acme/a", session_id="s", accepted_flag=True, latency_ms=1),
            call(24, repo_slug="acme/a", session_id="t", accepted_flag=True, latency_ms=2),
            call(25, repo_slug="acme/b", session_id="u", accepted_flag=False, latency_ms=3),
        ]
    )
    selection = Selection(
        since=datetime(2026, 3, 2, tzinfo=UTC), repositories=("acme/a",), developers=()
    )
    inputs = read_inputs(store, selection)
    assert (inputs.total.calls, inputs.distinct.sessions, inputs.decided_sessions) == (1, 1, 1)
    assert list(inputs.latencies.every) == [2.0]
    assert inputs.distinct.first_call == datetime(2026, 3, 2, tzinfo=UTC)
    assert inputs.distinct.days == 1


def test_what_no_metric_needs_is_not_read(store: ProdLensStore) -> None:
    store.insert_sessions([call(1, latency_ms=5.0, session_id="s", accepted_flag=True)])
    inputs = read_inputs(store, EVERYTHING, needs={Need.CALLS})
    assert (inputs.total.calls, inputs.decided_sessions) == (1, 0)
    assert list(inputs.latencies.every) == []


def test_nothing_read_is_all_zero_and_equals_an_empty_store(store: ProdLensStore) -> None:
    read, made = read_inputs(store, EVERYTHING), MetricInputs()
    assert (read.total, read.distinct, dict(read.models)) == (made.total, made.distinct, {})
    assert total([]) == CallFigures()


def test_open_dead_letters_are_counted_over_the_whole_store(store: ProdLensStore) -> None:
    store.conn.executemany(
        "insert into dead_letters (path, byte_offset, length, line, digest, reason, status,"
        " first_seen) values ('x', ?, 1, 1, 'd', 'not JSON', ?, '2026-03-01')",
        [(0, "open"), (1, "open"), (2, "resolved")],
    )
    assert read_inputs(store, Selection(repositories=("acme/a",))).open_dead_letters == 2


def test_reading_leaves_no_transaction_and_shows_one_state(store: ProdLensStore) -> None:
    store.insert_sessions([call(1)])
    with ProdLensStore(store.path) as other, one_state(store):
        before = read_inputs(store, EVERYTHING).total.calls
        other.insert_sessions([call(2)])
        assert read_inputs(store, EVERYTHING).total.calls == before == 1
    assert not store.conn.in_transaction
    assert read_inputs(store, EVERYTHING).total.calls == 2
    store.conn.execute("vacuum")


def test_a_damaged_store_is_named(store: ProdLensStore) -> None:
    store.conn.execute("drop table dead_letters")
    with pytest.raises(StoreError, match=r"cache\.db"):
        read_inputs(store, EVERYTHING)
    assert not store.conn.in_transaction


def test_the_threshold_itself_counts_as_kept_well(store: ProdLensStore) -> None:
    store.insert_sessions([call(1, diff_ratio=0.7), call(2, diff_ratio=0.6999)])
    assert read_inputs(store, EVERYTHING).total.diff_high == 1
