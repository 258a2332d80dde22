"""Any order, split or repetition of records ends in the same table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore

NOON = datetime(2024, 10, 28, 12, tzinfo=UTC)
UNSTABLE = ("id", "content", "source_file", "source_offset", "source_line")


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


KEYS = st.sampled_from(["message:1", "message:2", "request:1", "request:2", "span:1"])


def sensible(**said: Any) -> CanonicalTrace:
    """Return a call; who named an id is known only where there is an id."""
    for kind, name in (("session", "session_id"), ("developer", "developer_id")):
        if said[name] is None:
            said[f"{kind}_source"] = None
    if said["repo_slug"] is None:
        said["repo_source"] = None
    return CanonicalTrace(**said)


TRACES = st.builds(
    sensible,
    session_id=maybe(st.sampled_from(["s1", "s2"])),
    session_source=maybe(st.sampled_from(["explicit", "derived"])),
    developer_id=maybe(st.sampled_from(["d1", "d2"])),
    developer_source=maybe(st.sampled_from(["explicit", "derived", "given"])),
    timestamp=st.integers(0, 3).map(lambda days: NOON + timedelta(hours=20 * days)),
    model=maybe(st.sampled_from(["m1", "m2"])),
    tokens_in=maybe(st.integers(0, 3)),
    tokens_out=maybe(st.integers(0, 3)),
    latency_ms=maybe(st.sampled_from([1.0, 2.0])),
    status_code=maybe(st.sampled_from([200, 429])),
    error_type=maybe(st.just("RateLimitError")),
    accepted_flag=maybe(st.booleans()),
    repo_slug=maybe(st.sampled_from(["a/b", "c/d"])),
    repo_source=maybe(st.sampled_from(["explicit", "given"])),
    source=st.sampled_from(["litellm", "claude_code", "claude_code_otel", "other"]),
    native_key=maybe(KEYS),
    other_keys=st.lists(KEYS, max_size=1).map(tuple),
    cost_usd=maybe(st.sampled_from([0.0, 0.5])),
    trace_id=maybe(st.sampled_from(["t1", "t2"])),
    call_group=maybe(st.sampled_from(["g1", "g2"])),
)


def table(records: list[CanonicalTrace], batch: int) -> list[dict[str, Any]]:
    with TemporaryDirectory() as folder, ProdLensStore(Path(folder) / "cache.db") as store:
        for start in range(0, len(records), batch):
            store.insert_sessions(records[start : start + batch])
        rows = store.fetch_sessions()
        known = {r[0] for r in store.conn.execute("select event_date from dirty_days")}
        assert {row["event_date"] for row in rows} <= known
        return sorted(
            ({k: v for k, v in row.items() if k not in UNSTABLE} for row in rows),
            key=lambda row: str(row["trace_hash"]),
        )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(TRACES, min_size=1, max_size=7).flatmap(
        lambda records: st.tuples(
            st.just(records),
            st.permutations(records),
            st.integers(1, 7),
            st.lists(st.sampled_from(records), max_size=3),
        )
    )
)
def test_order_split_and_repetition_do_not_matter(
    case: tuple[list[CanonicalTrace], list[CanonicalTrace], int, list[CanonicalTrace]],
) -> None:
    records, shuffled, batch, again = case
    assert table(records, len(records)) == table(shuffled + again, batch)
