"""What several records of one call, of its turn and of its edits say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    DailyFact,
    DecidedBy,
    Decision,
    Fact,
    LinkKind,
    SessionLink,
    Suggestion,
)
from prodlens.sources.edits import salted
from prodlens.storage import ProdLensStore, recording
from prodlens.storage.identity_keys import observe
from prodlens.storage.merging import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def call(**changes: Any) -> CanonicalTrace:
    values: dict[str, Any] = {
        "session_id": "s1",
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
    }
    return CanonicalTrace(**{**values, **changes})


def edit(**changes: Any) -> Suggestion:
    return Suggestion(**{"key": "tool:t1", "source": "claude_code", **changes})


def take(store: ProdLensStore, *things: object) -> None:
    records = recording.Records()
    for thing in things:
        if isinstance(thing, CanonicalTrace):
            records.calls.append(observe(thing))
        elif isinstance(thing, Suggestion):
            records.suggestions.append((thing, NOWHERE))
        elif isinstance(thing, ContextFact):
            records.facts.append(thing)
        elif isinstance(thing, SessionLink):
            records.links.append(thing)
        elif isinstance(thing, DailyFact):
            records.days.append(thing)
    with store.transaction() as conn:
        recording.record(
            conn,
            records,
            price=lambda trace: (7_000, "list") if trace.model == "gpt-5-codex" else None,
            salted=lambda digests: salted(digests, b"salt"),
        )


def shown(store: ProdLensStore, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in store.fetch_sessions()]


def test_the_parent_of_a_span_never_counts_whichever_comes_first(store: ProdLensStore) -> None:
    parent = call(source="openinference", native_key="span:t/p", session_id=None)
    one = call(source="openinference", native_key="span:t/a", shadows=("span:t/p",), tokens_in=60)
    two = call(source="openinference", native_key="span:t/b", shadows=("span:t/p",), tokens_in=40)
    take(store, one)
    take(store, parent)
    take(store, two)
    assert sorted(shown(store, "tokens_in")) == [(40,), (60,)]
    kept = store.conn.execute("select source, total_tokens from shadowed_records").fetchall()
    assert [tuple(row) for row in kept] == [("openinference", 110)]


def test_a_parent_that_was_stored_goes_when_its_child_comes(store: ProdLensStore) -> None:
    take(store, call(source="otlp", native_key="span:t/p", other_keys=("message:m1",)))
    take(store, call(source="litellm", native_key="message:m1", tokens_in=80))
    assert shown(store, "tokens_in", "sources") == [(80, "litellm,otlp")]
    take(store, call(source="otlp", native_key="span:t/c", shadows=("span:t/p",), session_id="s2"))
    assert sorted(shown(store, "tokens_in", "sources")) == [(80, "litellm"), (100, "otlp")]


def test_a_turn_tells_its_calls_what_they_leave_open(store: ProdLensStore) -> None:
    bare = call(
        source="codex",
        model=None,
        session_id=None,
        session_source=None,
        native_key="message:r1",
        scopes=("turn:1", "thread:1"),
    )
    take(store, bare)
    assert shown(store, "model", "session_id", "cost_nanos") == [(None, None, None)]
    take(
        store,
        ContextFact("turn:1", Fact.MODEL, "gpt-5-codex", "codex"),
        ContextFact("thread:1", Fact.SESSION_ID, "s9", "codex"),
        ContextFact("thread:1", Fact.REPO_SLUG, "acme/widgets", "codex"),
    )
    columns = ("model", "session_id", "session_source", "repo_slug", "cost_nanos", "cost_source")
    assert shown(store, *columns) == [
        ("gpt-5-codex", "s9", "inherited", "acme/widgets", 7_000, "computed")
    ]


def test_two_facts_that_differ_say_nothing(store: ProdLensStore) -> None:
    take(store, call(scopes=("session:s1",)))
    take(store, ContextFact("session:s1", Fact.REPO_SLUG, "acme/a", "claude_code"))
    assert shown(store, "repo_slug") == [("acme/a",)]
    take(store, ContextFact("session:s1", Fact.REPO_SLUG, "acme/b", "claude_code"))
    assert shown(store, "repo_slug", "repo_source") == [(None, None)]


def test_calls_that_no_id_bridges_join_one_to_one(store: ProdLensStore) -> None:
    proxy = [
        call(native_key=f"litellm_call:{n}", timestamp=NOON + timedelta(seconds=30 * n))
        for n in range(3)
    ]
    other = [
        call(
            source="otlp",
            native_key=f"span:t/{n}",
            timestamp=NOON + timedelta(seconds=30 * n + 1),
        )
        for n in (0, 2)
    ]
    take(store, *other, *proxy)
    assert sorted(shown(store, "timestamp", "sources")) == [
        ("2026-11-22T12:00:00.000000Z", "litellm,otlp"),
        ("2026-11-22T12:00:30.000000Z", "litellm"),
        ("2026-11-22T12:01:00.000000Z", "litellm,otlp"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"session_id": "s2"},
        {"session_id": None, "session_source": None},
        {"model": "gpt-5"},
        {"tokens_in": 101},
        {"cache_read_tokens": 5},
        {"timestamp": NOON + timedelta(seconds=6)},
        {"source": "litellm"},
    ],
)
def test_calls_that_differ_stay_two(store: ProdLensStore, changes: dict[str, Any]) -> None:
    take(store, call(native_key="litellm_call:1", cache_read_tokens=4))
    take(store, call(**{"source": "otlp", "native_key": "span:t/1", **changes}))
    assert len(store.fetch_sessions()) == 2


def test_a_nearer_call_takes_the_place_of_a_joined_one(store: ProdLensStore) -> None:
    take(store, call(native_key="litellm_call:1"))
    take(store, call(source="otlp", native_key="span:t/1", timestamp=NOON + timedelta(seconds=4)))
    assert shown(store, "sources") == [("litellm,otlp",)]
    take(store, call(source="otlp", native_key="span:t/2", timestamp=NOON + timedelta(seconds=1)))
    assert sorted(shown(store, "sources", "timestamp")) == [
        ("litellm,otlp", "2026-11-22T12:00:00.000000Z"),
        ("otlp", "2026-11-22T12:00:04.000000Z"),
    ]


def test_failures_of_one_millisecond_join_across_sources(store: ProdLensStore) -> None:
    failed: dict[str, Any] = {
        "tokens_in": 0,
        "tokens_out": 0,
        "status_code": 429,
        "session_id": None,
        "session_source": None,
    }
    take(store, call(native_key="litellm_failure:1", error_type="RateLimitError:tokens", **failed))
    take(store, call(source="otlp", native_key="span:t/1", error_type="RateLimitError", **failed))
    take(store, call(source="otlp", native_key="span:t/2", error_type="BadRequestError", **failed))
    assert sorted(shown(store, "sources")) == [("litellm,otlp",), ("otlp",)]


def test_a_call_says_what_its_edits_say(store: ProdLensStore) -> None:
    take(
        store,
        edit(
            call_key="message:m1",
            tool="Edit",
            proposed_lines=3,
            line_digests=(1, 2, 3),
            file_digests=(8, 9),
            is_proposal=True,
            timestamp=NOON,
            scopes=("prompt:1",),
        ),
    )
    take(store, edit(decision=Decision.ACCEPT, applied_lines=3, decision_source="result"))
    take(store, call(native_key="message:m1"))
    columns = ("accepted_flag", "accepted_source", "accepted_lines")
    assert shown(store, *columns) == [(True, "suggestions", 3)]
    take(store, ContextFact("prompt:1", Fact.PERMISSION_MODE, "auto", "claude_code"))
    assert shown(store, *columns) == [(True, "suggestions_auto", 3)]
    row = store.conn.execute("select * from suggestions").fetchone()
    assert (row["decision"], row["decided_by"], row["session_id"]) == ("accept", "auto", "s1")
    assert (len(row["line_hashes"]), len(row["path_hashes"]), row["event_date"]) == (
        24,
        16,
        "2026-11-22",
    )


def decided_during(store: ProdLensStore) -> object:
    """Return the key of the call that an edit decided at noon and two seconds belongs to."""
    sql = "select s.source_record_id from suggestions g left join sessions s on s.id = g.call_id"
    return store.conn.execute(sql).fetchone()[0]


def under_prompt(name: str, seconds: int, **changes: Any) -> CanonicalTrace:
    return call(
        native_key=f"request:{name}",
        source_record_id=name,
        timestamp=NOON + timedelta(seconds=seconds),
        scopes=("prompt:1",),
        source="claude_code_otel",
        **{"is_subagent": False, "tokens_in": seconds, **changes},
    )


def test_an_edit_belongs_to_the_last_call_of_its_prompt_that_began_before_its_decision(
    store: ProdLensStore,
) -> None:
    take(
        store,
        edit(
            within="during:prompt:1",
            timestamp=NOON + timedelta(seconds=2),
            decision=Decision.ACCEPT,
            decided_by=DecidedBy.USER,
            decision_source="event",
            applied_lines=4,
        ),
    )
    assert decided_during(store) is None
    take(store, under_prompt("first", 0), under_prompt("after", 3))
    assert decided_during(store) == "first"
    take(store, under_prompt("second", 1))
    assert decided_during(store) == "second"
    take(store, under_prompt("title", 2, is_subagent=None))  # a call that can call no tool
    take(store, under_prompt("failed", 2, error_type="overloaded_error", tokens_in=None))
    take(store, call(native_key="request:other", tokens_in=9, timestamp=NOON))
    assert decided_during(store) == "second"
    accepted = dict(shown(store, "source_record_id", "accepted_lines"))
    assert {name for name, lines in accepted.items() if lines == 4} == {"second"}


@pytest.mark.parametrize("agent_first", [True, False])
def test_where_agents_worked_under_a_prompt_no_order_tells_whose_edit_it_was(
    agent_first: bool, store: ProdLensStore
) -> None:
    said = edit(within="during:prompt:1", timestamp=NOON + timedelta(seconds=2))
    agent = under_prompt("agent", 1, is_subagent=True)
    things = [under_prompt("main", 0), agent] if agent_first else [agent, under_prompt("main", 0)]
    take(store, *things[:1])
    take(store, said)
    take(store, *things[1:])
    assert decided_during(store) is None


def test_an_agents_call_that_counts_no_more_stands_in_nobodys_way(store: ProdLensStore) -> None:
    said = edit(within="during:prompt:1", timestamp=NOON + timedelta(seconds=2))
    agent = under_prompt("agent", 1, is_subagent=True, other_keys=("span:t/p",))
    take(store, under_prompt("main", 0), agent, said)
    assert decided_during(store) is None
    take(store, call(native_key="span:t/c", shadows=("span:t/p",), tokens_in=9))
    assert decided_during(store) == "main"


def test_an_event_knows_better_than_a_mode_who_decided(store: ProdLensStore) -> None:
    take(
        store,
        ContextFact("prompt:1", Fact.PERMISSION_MODE, "ask", "claude_code"),
        edit(
            decision=Decision.ACCEPT,
            applied_lines=2,
            decision_source="result",
            scopes=("prompt:1",),
        ),
    )
    sql = "select decision, decided_by, decision_source from suggestions"
    assert tuple(store.conn.execute(sql).fetchone()) == ("accept", "user", "result")
    event = edit(
        source="claude_code_otel",
        decision=Decision.ACCEPT,
        decided_by=DecidedBy.AUTO,
        decision_source="event",
    )
    take(store, event)
    assert tuple(store.conn.execute(sql).fetchone()) == ("accept", "auto", "event")


def test_a_rejected_edit_applied_nothing_and_is_a_persons_word(store: ProdLensStore) -> None:
    take(store, call(native_key="message:m1"))
    take(store, edit(call_key="message:m1", proposed_lines=4, is_proposal=True))
    take(store, edit(decision=Decision.REJECT, decision_source="result"))
    assert shown(store, "accepted_flag", "accepted_source", "accepted_lines", "diff_ratio") == [
        (False, "suggestions", 0, None)
    ]


def test_a_policy_that_denies_says_nothing_about_acceptance(store: ProdLensStore) -> None:
    take(store, call(native_key="message:m1"))
    take(store, edit(call_key="message:m1", decision=Decision.DENIED_BY_POLICY))
    assert shown(store, "accepted_flag", "accepted_lines") == [(None, None)]
    row = store.conn.execute("select decided_by, applied_lines from suggestions").fetchone()
    assert tuple(row) == ("policy", 0)


def test_what_a_record_says_itself_stands(store: ProdLensStore) -> None:
    take(store, call(native_key="message:m1", accepted_flag=False, accepted_source="metadata"))
    take(store, edit(call_key="message:m1", decision=Decision.ACCEPT, applied_lines=3))
    assert shown(store, "accepted_flag", "accepted_source", "accepted_lines") == [
        (False, "metadata", None)
    ]


def test_an_edit_without_a_named_call_belongs_to_the_next_of_its_turn(
    store: ProdLensStore,
) -> None:
    take(
        store,
        edit(within="turn:1", timestamp=NOON, decision=Decision.ACCEPT, applied_lines=1),
        *(
            call(
                source="codex",
                native_key=f"message:{n}",
                timestamp=NOON + timedelta(seconds=n),
                scopes=("turn:1",),
            )
            for n in (-10, 1, 20)
        ),
    )
    assert shown(store, "accepted_flag") == [(None,), (True,), (None,)]


def test_links_and_daily_figures_are_kept_once(store: ProdLensStore) -> None:
    link = SessionLink("s1", LinkKind.PULL_REQUEST, "acme/widgets", "42", NOON, "claude_code")
    day = DailyFact("copilot_metrics", "2025-10-01", "login1", "loc_added_sum", "", 8.0)
    take(store, link, day)
    take(store, link, day)
    assert [tuple(row) for row in store.conn.execute("select * from session_links")] == [
        ("s1", "pull_request", "acme/widgets", "42", "2026-11-22T12:00:00.000000Z", "claude_code")
    ]
    assert [tuple(row) for row in store.conn.execute("select * from assistant_days")] == [
        ("copilot_metrics", "2025-10-01", "login1", "loc_added_sum", "", 8.0)
    ]


def test_an_edit_that_was_applied_as_proposed_added_the_lines_it_proposed(
    store: ProdLensStore,
) -> None:
    proposed = edit(source="codex", is_proposal=True, proposed_lines=4, timestamp=NOON)
    done = edit(
        source="codex",
        decision=Decision.ACCEPT,
        decision_source="result",
        diff_ratio=1.0,
        is_edit=False,
    )
    take(store, done)
    take(store, proposed)
    rows = store.conn.execute("select decision, applied_lines from suggestions").fetchall()
    assert [tuple(row) for row in rows] == [("accept", 4)]
