from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2024, 10, 28, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def call(**said: Any) -> CanonicalTrace:
    values: dict[str, Any] = {
        "session_id": None,
        "developer_id": None,
        "timestamp": NOON,
        "model": "claude-3-sonnet",
        "tokens_in": 1000,
        "tokens_out": 500,
        "latency_ms": 900.0,
        "status_code": 200,
        "accepted_flag": None,
        "source": "litellm",
        "native_key": "message:msg_1",
    }
    return CanonicalTrace(**(values | said))


def only(store: ProdLensStore) -> dict[str, Any]:
    rows = store.fetch_sessions()
    assert len(rows) == 1
    return rows[0]


def dirty(store: ProdLensStore) -> list[str]:
    rows = store.conn.execute("select event_date from dirty_days where kind = 'sessions'")
    return [row[0] for row in rows]


def test_a_stored_call_is_read_back_as_it_was(store: ProdLensStore) -> None:
    assert store.insert_sessions([call(accepted_flag=False, cost_usd=0.015933)]) == 1
    row = only(store)
    assert row["timestamp"] == "2024-10-28T12:00:00.000000Z"
    assert row["event_date"] == "2024-10-28"
    assert row["trace_hash"].startswith("20241028")
    assert (row["tokens_in"], row["tokens_out"], row["total_tokens"]) == (1000, 500, 1500)
    assert row["accepted_flag"] is False
    assert (row["cost_usd"], row["cost_nanos"], row["cost_source"]) == (
        0.015933,
        15_933_000,
        "reported",
    )
    assert row["repo_slug"] is None
    assert row["sources"] == "litellm"
    assert dirty(store) == ["2024-10-28"]


def test_unpriced_and_free_are_different(store: ProdLensStore) -> None:
    store.insert_sessions([call(), call(native_key="message:2", cost_usd=0.0)])
    costs = {row["identity_key"]: row["cost_usd"] for row in store.fetch_sessions()}
    assert costs == {"message:msg_1": None, "message:2": 0.0}


def test_the_same_record_twice_changes_nothing(store: ProdLensStore) -> None:
    store.insert_sessions([call()])
    store.conn.execute("delete from dirty_days")
    before = store.conn.total_changes
    assert store.insert_sessions([call()]) == 0
    assert store.conn.total_changes == before
    assert dirty(store) == []


def test_equal_records_without_a_key_are_one_call(store: ProdLensStore) -> None:
    assert store.insert_sessions([call(native_key=None), call(native_key=None)]) == 1
    assert store.insert_sessions([call(native_key=None, tokens_out=501)]) == 1
    assert len(store.fetch_sessions()) == 2


def test_a_repository_given_later_fills_the_gap_of_a_record_without_key(
    store: ProdLensStore,
) -> None:
    store.insert_sessions([call(native_key=None)])
    given = call(native_key=None, repo_slug="acme/widgets", repo_source="given")
    assert store.insert_sessions([given]) == 1
    assert only(store)["repo_slug"] == "acme/widgets"


def test_a_given_repository_never_overrides_what_the_record_says(store: ProdLensStore) -> None:
    store.insert_sessions([call(repo_slug="acme/widgets", repo_source="explicit")])
    store.insert_sessions([call(repo_slug="zz/other", repo_source="given")])
    assert only(store)["repo_slug"] == "acme/widgets"


def test_two_sources_of_one_call_make_one_row_with_the_best_of_both(store: ProdLensStore) -> None:
    proxy = call(latency_ms=None, cost_usd=0.02)
    transcript = call(
        source="claude_code",
        tokens_in=12,
        session_id="s-1",
        session_source="explicit",
        accepted_flag=True,
        accepted_source="transcript",
        latency_ms=None,
        other_keys=("request:req_9",),
    )
    telemetry = call(source="claude_code_otel", native_key="request:req_9", latency_ms=1250.0)
    assert store.insert_sessions([telemetry, proxy, transcript]) == 1
    row = only(store)
    assert row["sources"] == "claude_code,claude_code_otel,litellm"
    assert (row["tokens_in"], row["cost_usd"]) == (1000, 0.02)
    assert (row["session_id"], row["accepted_flag"], row["latency_ms"]) == ("s-1", True, 1250.0)
    assert row["identity_key"] == "message:msg_1"


def test_a_bridge_joins_two_rows_and_makes_both_days_stale(store: ProdLensStore) -> None:
    late = NOON + timedelta(days=1)
    store.insert_sessions([call(), call(source="otlp", native_key="request:r", timestamp=late)])
    store.conn.execute("delete from dirty_days")
    bridge = call(source="claude_code", other_keys=("request:r",))
    assert store.insert_sessions([bridge]) == 1
    assert only(store)["timestamp"] == "2024-10-28T12:00:00.000000Z"
    assert dirty(store) == ["2024-10-28", "2024-10-29"]


def test_streamed_copies_keep_the_largest_usage(store: ProdLensStore) -> None:
    store.insert_sessions([call(tokens_out=500), call(tokens_out=3), call(tokens_out=87)])
    assert only(store)["tokens_out"] == 500


def test_a_restamped_copy_is_no_new_call_and_the_earlier_time_stays(store: ProdLensStore) -> None:
    for order in ((0, 3), (3, 0)):
        with ProdLensStore(store.path.with_name(f"{order[0]}.db")) as other:
            for days in order:
                other.insert_sessions([call(timestamp=NOON + timedelta(days=days))])
            assert only(other)["event_date"] == "2024-10-28"


def test_a_trace_id_is_a_session_only_when_two_requests_carry_it(store: ProdLensStore) -> None:
    def in_chain(number: int, group: str) -> CanonicalTrace:
        return call(native_key=f"message:{number}", trace_id="chain", call_group=group)

    store.insert_sessions([in_chain(1, "request-1")])
    assert only(store)["session_id"] is None
    store.insert_sessions([in_chain(2, "request-1")])  # a failure and its fallback
    assert {row["session_id"] for row in store.fetch_sessions()} == {None}
    store.conn.execute("delete from dirty_days")
    store.insert_sessions([in_chain(3, "request-2")])
    assert {(row["session_id"], row["session_source"]) for row in store.fetch_sessions()} == {
        ("chain", "weak")
    }
    assert dirty(store) == ["2024-10-28"]


def test_a_session_found_later_marks_the_day_of_the_old_row(store: ProdLensStore) -> None:
    store.insert_sessions([call(trace_id="chain", call_group="a")])
    store.conn.execute("delete from dirty_days")
    next_day = NOON + timedelta(days=1)
    store.insert_sessions(
        [call(native_key="message:2", trace_id="chain", call_group="b", timestamp=next_day)]
    )
    assert dirty(store) == ["2024-10-28", "2024-10-29"]


def test_what_fetch_returns_can_be_stored_elsewhere(store: ProdLensStore, tmp_path: Path) -> None:
    store.insert_sessions([call(cost_usd=0.5, tags=("repo:acme/widgets",)), call(native_key=None)])
    with ProdLensStore(tmp_path / "copy.db") as copy:
        assert copy.insert_sessions(store.fetch_sessions()) == 2
        strip = [{**row, "id": 0, "content": 0} for row in copy.fetch_sessions()]
        assert strip == [{**row, "id": 0, "content": 0} for row in store.fetch_sessions()]
        assert copy.insert_sessions([trace.to_record() for trace in [call(cost_usd=0.5)]]) == 0


def test_mappings_take_text_times_and_plain_columns(store: ProdLensStore) -> None:
    record = {
        "session_id": "s",
        "developer_id": "d",
        "timestamp": "2024-10-28T12:00:00+00:00Z",
        "model": "m",
        "tokens_in": 1,
        "tokens_out": 2,
        "latency_ms": 3.0,
        "status_code": 200,
        "accepted_flag": 1,
    }
    assert store.insert_sessions([record]) == 1
    assert only(store)["accepted_flag"] is True


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": "soon"}, "soon"),
        ({"tokens": 3}, "tokens"),
        ({"tokens_in": 2**63}, "tokens_in"),
        ({"latency_ms": float("nan")}, "latency_ms"),
        ({"tokens_in": -1}, "tokens_in"),
        ({"tokens_in": 5.5}, "tokens_in"),
        ({"status_code": "200"}, "status_code"),
        ({"session_id": "\ud800"}, "stored"),
    ],
)
def test_an_impossible_value_is_named(
    store: ProdLensStore, said: dict[str, Any], names: str
) -> None:
    with pytest.raises(InputError, match=names):
        store.insert_sessions([call().to_record() | said])
    assert store.fetch_sessions() == []


def test_numbers_of_another_type_are_the_same_record(store: ProdLensStore) -> None:
    plain = {"native_key": None, "latency_ms": 1200, "cost_usd": 0.1 + 0.2, "diff_ratio": 1}
    store.insert_sessions([call(**plain, tokens_in=10.0, accepted_flag=1)])
    assert store.insert_sessions(store.fetch_sessions()) == 0
    again = call(**plain, tokens_in=10, accepted_flag=True)
    assert store.insert_sessions([again, again.to_record()]) == 0


def test_two_repositories_given_for_one_file_end_in_one_of_them(store: ProdLensStore) -> None:
    for slug in ("acme/wrong", "acme/right"):
        store.insert_sessions(
            call(native_key=f"message:{n}", repo_slug=slug, repo_source="given") for n in range(30)
        )
    assert {row["repo_slug"] for row in store.fetch_sessions()} == {"acme/wrong"}


def test_a_call_counted_as_new_is_not_counted_as_changed_too(store: ProdLensStore) -> None:
    assert store.insert_sessions([call(), call(tokens_out=700)]) == 1


def test_values_of_pandas_and_numpy_are_stored_as_plain_ones(store: ProdLensStore) -> None:
    import numpy as np
    import pandas as pd

    for moment in (
        pd.Timestamp("2024-10-28T12:00Z"),
        pd.Timestamp("2024-10-28T13:00", tz="Europe/Berlin"),
        pd.Timestamp("2024-10-28T12:00"),
    ):
        store.insert_sessions([call(timestamp=moment)])
        said = {"timestamp": moment, "tokens_in": np.int64(1000), "accepted_flag": pd.NA}
        store.insert_sessions([call().to_record() | said])
    assert only(store)["timestamp"] == "2024-10-28T12:00:00.000000Z"
    with pytest.raises(InputError, match="NaT"):
        store.insert_sessions([call().to_record() | {"timestamp": pd.NaT}])
    assert only(store)["tokens_in"] == 1000


def test_slugs_have_one_spelling(store: ProdLensStore) -> None:
    store.insert_sessions([call(repo_slug="Acme/Widgets")])
    assert only(store)["repo_slug"] == "acme/widgets"


def test_the_order_of_flags_does_not_decide_who_leads(store: ProdLensStore) -> None:
    rejected = call(source="claude_code", accepted_flag=False, accepted_source="transcript")
    decided = call(source="claude_code_otel", accepted_flag=True, accepted_source="tool_decision")
    store.insert_sessions([decided, rejected])
    assert only(store)["accepted_source"] == "tool_decision"


def test_what_a_caller_says_of_cost_without_one_hangs_on_no_order(tmp_path: Path) -> None:
    calls = [
        {"native_key": "test:1", "timestamp": NOON, "model": "gpt-5", "cost_source": said}
        for said in ("computed", None)
    ]
    kept = []
    for number, order in enumerate((calls, calls[::-1])):
        with ProdLensStore(tmp_path / f"{number}.db") as store:
            for one in order:
                store.insert_sessions([one])
            kept.append(
                (
                    store.conn.execute("select cost_source from sessions").fetchone()[0],
                    [row[0] for row in store.conn.execute("select record from observations")],
                )
            )
    assert kept[0] == kept[1]


def test_a_guessed_session_that_a_record_brings_is_none(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([call(session_id="t", session_source="weak", trace_id="t")])
        row = store.conn.execute("select session_id, session_source from sessions").fetchone()
    assert tuple(row) == (None, None)
