"""Which days are read from the daily tables, and which from the calls."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.metrics import ReportGenerator
from prodlens.metrics.inputs import read_inputs
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, day_value_rows, dirty_days, migrations, slices
from prodlens.storage.connection import transaction
from prodlens.storage.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")


def call(number: int, day: str, **fields: Any) -> dict[str, Any]:
    return {
        "native_key": f"test:{number}",
        "timestamp": f"{day}T09:00:00Z",
        "repo_slug": "acme/web",
        "session_id": "s",
        **fields,
    }


CALLS = (
    *(call(number, day) for number, day in enumerate(DAYS)),
    call(10, DAYS[0], repo_slug="acme/api", model="gpt-5", developer_id="ana"),
)


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(CALLS)
        DailyAggregator(opened).write_aggregates()
        yield opened


def clean(store: ProdLensStore, **asked: Any) -> tuple[str, ...]:
    return slices.slice_of(store.conn, Selection(**asked)).clean


def calls(store: ProdLensStore, **asked: Any) -> int:
    return read_inputs(store, Selection(**asked), needs=()).total.calls


def test_whole_days_are_read_from_the_daily_tables_alone(store: ProdLensStore) -> None:
    found = slices.slice_of(store.conn, Selection(since=at(2), until=at(4)))
    assert (found.clean, found.rows) == (DAYS[:2], None)
    store.conn.execute("update daily_calls set calls = 100 where scope = '' and model is null")
    assert calls(store, since=at(2), until=at(4)) == 201
    assert calls(store, since=at(2), until=at(4), repositories=("acme/web",)) == 2


def test_days_that_the_window_cuts_are_read_from_their_calls(store: ProdLensStore) -> None:
    assert clean(store, since=at(2, 1), until=at(4, 23)) == (DAYS[1],)
    store.conn.execute("update daily_calls set calls = 100 where scope = '' and model is null")
    assert calls(store, since=at(2, 1), until=at(4, 23)) == 103


def test_stale_days_are_read_from_their_calls(store: ProdLensStore) -> None:
    store.insert_sessions([call(20, DAYS[1])])
    assert clean(store) == (DAYS[0], DAYS[2])
    assert calls(store) == 5


def test_a_call_that_is_changed_by_hand_makes_its_day_stale(store: ProdLensStore) -> None:
    store.conn.execute("update sessions set event_date = ? where id = 1", (DAYS[2],))
    assert clean(store) == (DAYS[1],)
    store.conn.execute("delete from sessions where event_date = ?", (DAYS[1],))
    assert clean(store) == ()


def test_days_that_are_not_in_the_daily_tables_are_read_from_their_calls(
    store: ProdLensStore,
) -> None:
    store.conn.execute("delete from daily_call_values where event_date = ?", (DAYS[0],))
    store.conn.execute("delete from daily_calls where event_date = ?", (DAYS[1],))
    assert clean(store) == DAYS[2:]
    assert calls(store) == 4


def test_a_developer_is_looked_for_in_the_calls_and_a_model_in_the_daily_tables(
    store: ProdLensStore,
) -> None:
    assert clean(store, developers=("ana",)) == ()
    assert calls(store, developers=("ana",)) == 1
    model = Selection(models=("gpt-*",))
    assert slices.slice_of(store.conn, model).clean == DAYS
    assert slices.value_slice_of(store.conn, model).clean == DAYS
    assert calls(store, models=("gpt-*",)) == 1


@pytest.mark.parametrize(
    ("asked", "durations"),
    [
        ({}, [1.0, 2.0, 3.0, 4.0, 5.0]),
        ({"models": ("gpt-*",)}, [1.0, 3.0]),
        ({"models": ("gpt-*", "claude-x")}, [1.0, 2.0, 3.0]),
        ({"traffic": ("human",)}, [2.0, 3.0]),
        ({"traffic": ("",), "sources": ("litellm", "otlp")}, [1.0, 4.0, 5.0]),
        ({"sources": ("otlp",)}, [3.0, 4.0]),
        ({"repositories": ("acme/api",)}, [2.0]),
        ({"repositories": ("acme/web",), "traffic": ("",)}, [1.0, 4.0, 5.0]),
        ({"repositories": ("acme/web", "acme/api"), "sources": ("litellm",)}, [1.0, 2.0, 5.0]),
    ],
)
def test_the_filters_of_reports_are_answered_by_the_daily_tables(
    store: ProdLensStore, asked: dict[str, Any], durations: list[float]
) -> None:
    day = "2026-03-09"
    store.insert_sessions(
        [
            call(1001, day, model="gpt-5", source="litellm", latency_ms=1.0),
            call(1002, day, model="claude-x", traffic_class="human", latency_ms=2.0)
            | {"source": "litellm", "repo_slug": "acme/api"},
            call(1003, day, model="gpt-4", source="otlp", traffic_class="human", latency_ms=3.0),
            call(1004, day, source="otlp", latency_ms=4.0),
            call(1005, day, source="litellm", latency_ms=5.0),
        ]
    )
    DailyAggregator(store).write_aggregates()
    store.conn.execute("drop trigger stale_calls_deleted")
    store.conn.execute("delete from sessions where event_date = ?", (day,))
    found = read_inputs(store, Selection(**asked, since=at(9), until=at(10)))
    assert list(found.latencies.every) == durations
    assert found.total.calls == len(durations)


def test_a_model_of_a_part_is_read_from_the_calls(store: ProdLensStore) -> None:
    for asked in (
        Selection(models=("gpt-*",), traffic=("human",)),
        Selection(models=("gpt-*",), repositories=("acme/web",)),
    ):
        assert slices.value_slice_of(store.conn, asked).clean == ()
        assert slices.slice_of(store.conn, asked).clean == DAYS


def test_a_repository_is_found_under_every_name_it_had(store: ProdLensStore) -> None:
    store.conn.execute("insert into repositories (repo_id, slug) values (1, 'acme/web')")
    store.conn.execute("insert into repo_aliases (host, slug, repo_id) values ('', 'acme/api', 1)")
    assert clean(store, repositories=("acme/web",)) == DAYS
    assert calls(store, repositories=("acme/web",)) == 4


def test_a_day_that_lost_its_calls_is_in_no_table(store: ProdLensStore) -> None:
    store.conn.execute("delete from sessions where event_date = ?", (DAYS[2],))
    with transaction(store.conn):
        dirty_days.mark(store.conn, dirty_days.SESSIONS, [DAYS[2]])
    assert calls(store) == 3
    DailyAggregator(store).write_aggregates()
    for table in ("daily_calls", "daily_call_values"):
        rows = store.conn.execute(f"select distinct event_date from {table} order by 1")  # noqa: S608 - names of this file
        assert [row[0] for row in rows] == list(DAYS[:2])


def test_a_dirty_day_rewrites_no_other_day(store: ProdLensStore) -> None:
    store.conn.execute("update daily_calls set automatic = 7 where event_date = ?", (DAYS[0],))
    store.insert_sessions([call(20, DAYS[1])])
    DailyAggregator(store).write_aggregates()
    rows = store.conn.execute("select event_date, max(automatic) from daily_calls group by 1")
    assert [tuple(row) for row in rows] == [(DAYS[0], 7), (DAYS[1], 0), (DAYS[2], 0)]


def test_an_older_database_is_read_from_its_calls_until_it_is_rolled_up(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    conn = sqlite3.connect(path, isolation_level=None)
    migrations.migrate(conn, path, MIGRATIONS[:2])
    conn.close()
    with ProdLensStore(path, read_only=True) as old:
        assert slices.slice_of(old.conn, Selection()).clean == ()
        assert calls(old) == 0
    with ProdLensStore(tmp_path / "new.db") as new:
        new.insert_sessions(CALLS)
        new.conn.execute("delete from dirty_days")
        for statement in MIGRATIONS[-1].statements[-1:]:
            new.conn.execute(statement)
        assert dirty_days.read(new.conn, dirty_days.SESSIONS) == list(DAYS)
        assert calls(new) == 4


def test_a_store_of_the_schema_before_is_read_from_its_calls_until_it_is_rolled_up(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old.db"
    conn = sqlite3.connect(path, isolation_level=None)
    migrations.migrate(conn, path, MIGRATIONS[:3])
    conn.close()
    with ProdLensStore(tmp_path / "new.db") as new:
        new.insert_sessions(CALLS)
        new.conn.execute("attach ? as old", (str(path),))
        new.conn.execute("insert into old.sessions select * from sessions")
        new.conn.execute("detach old")
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("delete from dirty_days")
    conn.execute("insert into store_settings select 'calls_seen_by_rollups', max(id) from sessions")
    assert migrations.migrate(conn, path) == [4]
    conn.close()
    with ProdLensStore(path) as store:
        assert clean(store) == ()
        assert calls(store) == len(CALLS)
        DailyAggregator(store).write_aggregates()
        assert slices.value_slice_of(store.conn, Selection()).clean == DAYS
        assert calls(store) == len(CALLS)


def test_values_come_back_as_they_were_kept(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            call(30, DAYS[0], latency_ms=2.5, status_code=500, accepted_flag=True, tokens_in=3),
            call(31, DAYS[0], latency_ms=1.5, developer_id="ana", accepted_flag=False),
            call(32, DAYS[0], session_id=None, latency_ms=-1.0),
        ]
    )
    asked = Selection(until=at(3))
    before = day_value_rows.read(store.conn, slices.value_slice_of(store.conn, asked))
    assert (list(before[0].latencies), list(before[0].failed_latencies)) == ([1.5, 2.5], [2.5])
    DailyAggregator(store).write_aggregates()
    found = slices.value_slice_of(store.conn, asked)
    assert (found.clean, found.rows) == (DAYS[:1], None)
    after = day_value_rows.read(store.conn, found)
    assert [repr(one) for one in after] == [repr(one) for one in before]


def test_a_report_reads_no_call_of_a_day_that_is_rolled_up(store: ProdLensStore) -> None:
    store.insert_sessions(
        call(
            100 + number,
            DAYS[number % 3],
            developer_id=("ana", "bo")[number % 2],
            session_id=f"s{number % 7}",
            model=("gpt-5", "claude-x")[number % 2],
            latency_ms=100.0 + number,
            accepted_flag=number % 3 > 0,
            tokens_in=number,
            cost_usd=0.25,
        )
        for number in range(40)
    )
    store.insert_commits([{"sha": "a", "timestamp": at(3), "repo_slug": "acme/web"}])
    DailyAggregator(store).write_aggregates()
    maker = ReportGenerator(store, now=lambda: at(20))
    before = maker.build_whole(repo=None, since=None)
    store.conn.execute("drop trigger stale_calls_deleted")
    store.conn.execute(
        "delete from sessions where id not in (select min(id) from sessions group by event_date)"
    )
    after = maker.build_whole(repo=None, since=None)
    assert after.to_dict() == before.to_dict()
    assert before.over_time is not None
    assert after.over_time is not None
    for name in ("calls", "tokens", "cost", "acceptance", "errors", "means", "latency_ms"):
        assert getattr(after.over_time, name) == getattr(before.over_time, name), name
    assert before.values["calls"].value == 44


def test_a_call_that_was_inserted_by_hand_counts_at_once(store: ProdLensStore) -> None:
    names = [str(row[1]) for row in store.conn.execute("pragma table_info(sessions)")]
    kept = ", ".join(name for name in names if name not in {"id", "trace_hash"})
    copy = (
        f"insert into sessions (trace_hash, {kept}) select 'by hand', {kept} from sessions limit 1"  # noqa: S608 - our own names
    )
    store.conn.execute(copy)
    assert clean(store) == DAYS[1:]
    assert calls(store) == len(CALLS) + 1
    DailyAggregator(store).write_aggregates()
    assert clean(store) == DAYS
    assert calls(store) == len(CALLS) + 1


def test_many_days_are_rolled_up_in_several_transactions(tmp_path: Path) -> None:
    days = [f"2026-03-{day:02}" for day in range(1, 21)]
    with ProdLensStore(tmp_path / "many.db") as opened:
        opened.insert_sessions(call(number, day) for number, day in enumerate(days))
        begun: list[str] = []
        opened.conn.set_trace_callback(begun.append)
        DailyAggregator(opened).write_aggregates()
        opened.conn.set_trace_callback(None)
        assert begun.count("begin immediate") == 5  # which days, three times seven, deliveries
        assert clean(opened) == tuple(days)
