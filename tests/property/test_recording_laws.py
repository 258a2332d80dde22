"""Calls, facts, shadows and edits of several sources end in the same tables in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.schemas import CanonicalTrace, ContextFact, DecidedBy, Decision, Fact, Suggestion
from prodlens.sources.edits import salted
from prodlens.storage import ProdLensStore, recording
from prodlens.storage.identity_keys import observe
from prodlens.storage.merging import NOWHERE

NOON = datetime(2026, 10, 28, 12, tzinfo=UTC)
SALT = b"0123456789abcdef"
BOOKKEEPING = ("id", "content", "source_file", "source_offset", "source_line")
KEYS = st.sampled_from(
    [
        "message:1",
        "message:2",
        "request:1",
        "claude_attempt:1/1",
        "claude_attempt:1/2",
        "span:1",
        "span:2",
        "span:3",
    ]
)
SCOPES = st.sampled_from(
    [(), ("turn:1",), ("a_session:s1",), ("a_session:s2",), ("turn:1", "trace:1")]
)
SOURCES = st.sampled_from(["litellm", "claude_code", "claude_code_otel", "codex"])


def call(**said: Any) -> CanonicalTrace:
    said["tokens_out"] = None if said["tokens_in"] is None else 1
    said["session_source"] = None if said["session_id"] is None else "explicit"
    said["developer_source"] = None if said["developer_id"] is None else "explicit"
    return CanonicalTrace(**said, latency_ms=None, status_code=None, accepted_flag=None)


CALLS = st.builds(
    call,
    session_id=st.sampled_from([None, "s1", "s1", "s2"]),
    timestamp=st.sampled_from([0, 1, 2, 4, 9, 86_400]).map(lambda s: NOON + timedelta(seconds=s)),
    model=st.sampled_from([None, "m1", "m1", "m1"]),
    tokens_in=st.sampled_from([None, 5, 5, 5, 7]),
    source=SOURCES,
    native_key=st.none() | KEYS,
    other_keys=st.lists(KEYS, max_size=1).map(tuple),
    error_type=st.sampled_from([None, None, None, "RateLimitError"]),
    scopes=SCOPES,
    shadows=st.sampled_from([(), (), (), ("span:1",), ("span:2",)]),
    trace_id=st.sampled_from([None, "t1"]),
    call_group=st.sampled_from([None, "g1", "g2"]),
    is_subagent=st.sampled_from([None, False, False, False, True]),
    developer_id=st.sampled_from([None, None, "alice", "ana@example.com"]),
    traffic_class=st.sampled_from([None, None, "human", "subagent"]),
)
SEEN = st.builds(
    ContextFact,
    scope=st.sampled_from(["a_session:s1", "a_session:s2"]),
    name=st.just(Fact.SEEN_SINCE),
    value=st.sampled_from(["2026-10-28T12:00:00.000000Z", "2026-10-28T12:00:05.000000Z"]),
    source=st.just("claude_code"),
)
FACTS = SEEN | st.builds(
    ContextFact,
    scope=st.sampled_from(["turn:1", "a_session:s1", "trace:1"]),
    name=st.sampled_from([Fact.MODEL, Fact.SESSION_ID, Fact.PERMISSION_MODE, Fact.REPO_SLUG]),
    value=st.sampled_from(["m1", "s1", "ask", "auto"]),
    source=st.just("codex"),
)
SUGGESTIONS = st.builds(
    Suggestion,
    key=st.sampled_from(["tool:1", "tool:2"]),
    source=SOURCES,
    call_key=st.none() | KEYS,
    scopes=SCOPES,
    within=st.sampled_from([None, "turn:1", "during:turn:1", "during:turn:1"]),
    timestamp=st.none() | st.sampled_from([0, 3]).map(lambda s: NOON + timedelta(seconds=s)),
    proposed_lines=st.sampled_from([None, 0, 3]),
    applied_lines=st.sampled_from([None, 0, 2]),
    decision=st.sampled_from([None, *Decision]),
    decided_by=st.sampled_from([None, *DecidedBy]),
    decision_source=st.sampled_from([None, "event", "result", "replay"]),
    diff_ratio=st.sampled_from([None, 0.5, 1.0]),
    user_modified=st.sampled_from([None, True, False]),
    is_proposal=st.booleans(),
    is_edit=st.booleans(),
    line_digests=st.sampled_from([(), (1, 2)]),
)
THINGS = st.lists(CALLS | CALLS | FACTS | SUGGESTIONS, min_size=1, max_size=9)


def price(trace: CanonicalTrace) -> tuple[int, str] | None:
    return None if trace.model is None else (1000 * (trace.tokens_in or 0), "list")


def fill(records: recording.Records, thing: object) -> None:
    if isinstance(thing, CanonicalTrace):
        cost = price(thing)
        found = observe(
            thing,
            cost_nanos=None if cost is None else cost[0],
            price_version=None if cost is None else cost[1],
        )
        records.calls.append(found)
    elif isinstance(thing, ContextFact):
        records.facts.append(thing)
    elif isinstance(thing, Suggestion):
        records.suggestions.append((thing, NOWHERE))


def tables(things: list[object], batch: int) -> tuple[Any, ...]:
    with TemporaryDirectory() as folder, ProdLensStore(Path(folder) / "cache.db") as store:
        for start in range(0, len(things), batch):
            records = recording.Records()
            for thing in things[start : start + batch]:
                fill(records, thing)
            with store.transaction() as conn:
                recording.record(
                    conn, records, price=price, salted=lambda digests: salted(digests, SALT)
                )
        calls = sorted(
            (
                {k: v for k, v in row.items() if k not in BOOKKEEPING}
                for row in store.fetch_sessions()
            ),
            key=lambda row: str(row["trace_hash"]),
        )
        edits = [
            {k: row[k] for k in row.keys() if k not in {"id", "call_id"}}  # noqa: SIM118 - a Row
            | {"call": row["hash"]}
            for row in store.conn.execute(
                "select g.*, s.trace_hash as hash from suggestions g"
                " left join sessions s on s.id = g.call_id order by suggestion_key"
            )
        ]
        stale = {row[0] for row in store.conn.execute("select event_date from dirty_days")}
        assert {row["event_date"] for row in calls} <= stale
        orphans = store.conn.execute(
            "select count(*) from call_keys where call_id not in (select id from sessions)"
        )
        assert orphans.fetchone()[0] == 0
        return calls, edits


@settings(max_examples=150, deadline=None)
@given(
    THINGS.flatmap(
        lambda things: st.tuples(
            st.just(things),
            st.permutations(things),
            st.integers(1, 9),
            st.lists(st.sampled_from(things), max_size=3),
        )
    )
)
def test_order_split_and_repetition_do_not_matter(
    case: tuple[list[object], list[object], int, list[object]],
) -> None:
    things, shuffled, batch, again = case
    assert tables(things, len(things)) == tables(shuffled + again, batch)
