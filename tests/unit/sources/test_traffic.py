"""Traffic classes: every rule by value, what beats what, and that free text is never kept."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.schemas import CanonicalTrace, TrafficClass
from prodlens.sources import traffic
from prodlens.sources.traffic import PRECEDENCE, classify, marks, strongest


def call(**evidence: Any) -> CanonicalTrace:
    fields: dict[str, Any] = {
        "session_id": None,
        "developer_id": None,
        "timestamp": datetime(2026, 9, 1, tzinfo=UTC),
        "model": "claude-sonnet-4-5",
        "tokens_in": 10,
        "tokens_out": 1,
        "latency_ms": None,
        "status_code": 200,
        "accepted_flag": None,
    }
    return CanonicalTrace(**fields | evidence)


CLI = "claude-cli/2.1.197 (external, cli)"
SDK = "claude-cli/2.1.197 (external, sdk-cli)"
TABLE = [
    # health probes
    ({"tags": ("litellm-internal-health-check",)}, "health_probe"),
    ({"developer_id": "litellm-internal-health-check"}, "health_probe"),
    ({"tags": ("Health-Check",)}, "health_probe"),
    ({"tags": ("healthcheck", "team:core")}, "health_probe"),
    ({"tags": ("max_tokens:1",)}, "health_probe"),
    ({"tags": ("traffic:health_probe",)}, "health_probe"),
    ({"user_agent": "kube-probe/1.31"}, "health_probe"),
    ({"user_agent": "GoogleHC/1.0"}, "health_probe"),
    ({"user_agent": "ELB-HealthChecker/2.0"}, "health_probe"),
    ({"user_agent": "Blackbox Exporter/0.25.0"}, "health_probe"),
    # evaluations
    ({"tags": ("evaluation",)}, "evaluation"),
    ({"tags": ("eval", "team:core")}, "evaluation"),
    ({"tags": ("openinference:evaluator",)}, "evaluation"),
    ({"tags": ("traffic:evaluation",)}, "evaluation"),
    ({"call_type": "EVALUATOR"}, "evaluation"),
    ({"tags": ("evaluation", "max_tokens:1")}, "evaluation"),
    # retries
    ({"tags": ("attempt:2",)}, "retry"),
    ({"tags": ("attempt:11",), "query_source": "repl_main_thread"}, "retry"),
    ({"tags": ("attempt:1",)}, None),
    ({"tags": ("attempt:two",)}, None),
    ({"tags": ("traffic:retry",)}, "retry"),
    # sub-agents
    ({"is_subagent": True}, "subagent"),
    ({"is_subagent": True, "user_agent": CLI}, "subagent"),
    ({"query_source": "agent:builtin:general-purpose"}, "subagent"),
    ({"query_source": "agent:custom"}, "subagent"),
    ({"query_source": "subagent"}, "subagent"),
    ({"is_subagent": True, "query_source": "repl_main_thread"}, "subagent"),
    # humans
    ({"query_source": "repl_main_thread"}, "human"),
    ({"query_source": "repl_main_thread:outputStyle:custom"}, "human"),
    ({"query_source": "repl_main_threads"}, None),
    ({"is_subagent": False, "user_agent": CLI}, "human"),
    ({"is_subagent": False, "user_agent": "claude-cli/2.1.197 (cli)"}, "human"),
    ({"is_subagent": False, "user_agent": "claude-cli/2.1.197 (external)"}, None),
    (
        {"is_subagent": False, "user_agent": "claude-cli/2.1.197 (external, claude-vscode, x)"},
        "human",
    ),
    ({"is_subagent": False, "tags": ("entrypoint:cli",)}, "human"),
    ({"is_subagent": False, "tags": ("entrypoint:claude-vscode",)}, "human"),
    ({"tags": ("traffic:human",)}, "human"),
    # not known
    ({}, None),
    ({"user_agent": CLI}, None),
    ({"is_subagent": False}, None),
    ({"is_subagent": False, "user_agent": SDK}, None),
    ({"is_subagent": False, "tags": ("entrypoint:sdk-cli",)}, None),
    ({"tags": ("entrypoint:cli",)}, None),
    ({"query_source": "sdk"}, None),
    ({"query_source": "generate_session_title"}, None),
    ({"query_source": "generate_session_title", "is_subagent": False, "user_agent": CLI}, None),
    ({"tags": ("team:core", "repo:acme/widgets")}, None),
    ({"tags": ("traffic:cache_hit",)}, None),
    ({"call_type": "acompletion"}, None),
    ({"user_agent": "Python-urllib/3.11"}, None),
    # what an adapter decided stays
    ({"traffic_class": "cache_hit", "tags": ("evaluation",)}, "cache_hit"),
]


@pytest.mark.parametrize(("evidence", "expected"), TABLE)
def test_evidence_decides_the_class(evidence: dict[str, Any], expected: str | None) -> None:
    assert classify(call(**evidence)) == expected


def test_what_the_client_says_beats_every_inference() -> None:
    said = call(tags=("traffic:human", "max_tokens:1"), is_subagent=True)
    assert classify(said) == "human"


def test_precedence_names_every_class_once() -> None:
    assert PRECEDENCE == (
        "cache_hit",
        "health_probe",
        "evaluation",
        "retry",
        "subagent",
        "human",
    )
    assert set(PRECEDENCE) == {one.value for one in TrafficClass}


@pytest.mark.parametrize(
    ("classes", "winner"),
    [
        ((), None),
        ((None, None), None),
        ((None, "human"), "human"),
        (("human", "subagent"), "subagent"),
        (("retry", "subagent"), "retry"),
        (("retry", "evaluation"), "evaluation"),
        (("evaluation", "health_probe"), "health_probe"),
        (("health_probe", "cache_hit", None), "cache_hit"),
        (("something_new", "human"), "human"),
        (("something_new", "another"), "another"),
    ],
)
def test_the_stronger_class_wins_in_any_order(
    classes: tuple[str | None, ...], winner: str | None
) -> None:
    assert {strongest(order) for order in permutations(classes)} == {winner}


@given(st.lists(st.sampled_from([*PRECEDENCE, None])), st.lists(st.sampled_from(PRECEDENCE)))
def test_winners_of_parts_win_the_whole(first: list[str | None], second: list[str]) -> None:
    whole = strongest([*first, *second])
    assert strongest([strongest(second), strongest(first)]) == whole
    assert strongest([whole, whole]) == whole


def test_marks_keep_the_vocabulary_and_nothing_else() -> None:
    tags = [
        "User-Agent: claude-cli",
        " Traffic:Evaluation ",
        "traffic:cache_hit",
        "traffic:my secret plan",
        "litellm-internal-health-check",
        "attempt:3",
        "attempt:my secret",
        "entrypoint:cli",
        "my secret project",
        {"odd": 1},
        None,
        7,
    ]
    assert marks(tags, {}) == (
        "attempt:3",
        "entrypoint:cli",
        "litellm-internal-health-check",
        "traffic:evaluation",
    )


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ()),
        ({"max_tokens": 1}, ("max_tokens:1",)),
        ({"max_completion_tokens": 1, "stream": False}, ("max_tokens:1",)),
        ({"max_output_tokens": 1}, ("max_tokens:1",)),
        ({"max_tokens": 512}, ()),
        ({"max_tokens": True}, ()),
        ({"max_tokens": "1"}, ()),
        ({"max_tokens": None}, ()),
    ],
)
def test_a_limit_of_one_token_is_marked(
    parameters: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert marks([], parameters) == expected


def test_only_the_key_of_health_checks_is_marked_by_its_alias() -> None:
    assert traffic.account_marks("litellm-internal-health-check") == (
        "litellm-internal-health-check",
    )
    assert [traffic.account_marks(one) for one in ("eval", "janes-key", None, ["x"])] == [()] * 4


def test_every_rule_says_what_it_looks_at() -> None:
    assert {rule.traffic_class for rule in traffic.RULES} == set(PRECEDENCE) - {"cache_hit"}
    assert all(rule.evidence for rule in traffic.RULES)
