"""Copilot's usage metrics: figures per person and day, in the vendor's names, and never a call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import DailyFact, Reject, RejectReason, Skipped
from prodlens.trace_normalizer import detect, normalize_records, read_records

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PERSON = {
    "day": "2026-11-20",
    "user_id": 7,
    "user_login": "ada",
    "enterprise_id": "3",
    "etl_id": "green",
    "entity_id_partition": 3,
    "code_generation_activity_count": 40,
    "code_acceptance_activity_count": 12,
    "loc_suggested_to_add_sum": 200,
    "loc_added_sum": 88,
    "used_agent": True,
    "used_chat": False,
    "totals_by_cli": {
        "session_count": 2,
        "token_usage": {"prompt_tokens_sum": 3000, "avg_tokens_per_request": 350.5},
        "last_known_cli_version": {"cli_version": "1.0.8"},
    },
    "totals_by_feature": [{"feature": "code_completion", "loc_added_sum": 80}],
    "totals_by_language_feature": [
        {"language": "c++", "feature": "agent_edit", "loc_added_sum": 5},
        {"language": "unknown", "feature": "agent_edit", "loc_added_sum": 3},
    ],
    "totals_by_language_model": [],
}
TOTALS = {
    "report_start_day": "2026-10-24",
    "report_end_day": "2026-11-20",
    "organization_id": "999",
    "day_totals": [
        {
            "day": "2026-11-19",
            "daily_active_users": 2,
            "code_acceptance_activity_count": 4,
            "pull_requests": {
                "total_merged": 2,
                "median_minutes_to_merge": 2.5,
                "copilot_suggestions_by_comment_type": [
                    {"comment_type": "security", "total_copilot_suggestions": 3}
                ],
            },
        },
        {"day": "2026-11-20", "daily_active_users": 0},
    ],
}


def read(record: dict[str, Any]) -> list[Outcome]:
    return list(read_records([record], now=NOW))


def table(record: dict[str, Any]) -> dict[tuple[str, str | None, str, str], float]:
    facts = read(record)
    assert all(isinstance(one, DailyFact) and one.source == "copilot_metrics" for one in facts)
    return {
        (one.event_date, one.developer_id, one.metric, one.dimension): one.value
        for one in facts
        if isinstance(one, DailyFact)
    }


def test_a_persons_day_is_a_figure_for_each_number() -> None:
    day = "2026-11-20"
    assert table(PERSON) == {
        (day, "ada", "code_generation_activity_count", ""): 40.0,
        (day, "ada", "code_acceptance_activity_count", ""): 12.0,
        (day, "ada", "loc_suggested_to_add_sum", ""): 200.0,
        (day, "ada", "loc_added_sum", ""): 88.0,
        (day, "ada", "used_agent", ""): 1.0,
        (day, "ada", "used_chat", ""): 0.0,
        (day, "ada", "totals_by_cli.session_count", ""): 2.0,
        (day, "ada", "totals_by_cli.token_usage.prompt_tokens_sum", ""): 3000.0,
        (day, "ada", "totals_by_cli.token_usage.avg_tokens_per_request", ""): 350.5,
        (day, "ada", "loc_added_sum", "feature=code_completion"): 80.0,
        (day, "ada", "loc_added_sum", "feature=agent_edit,language=c++"): 5.0,
        (day, "ada", "loc_added_sum", "feature=agent_edit,language=unknown"): 3.0,
    }


def test_the_totals_of_an_organisation_are_days_of_nobody() -> None:
    assert table(TOTALS) == {
        ("2026-11-19", None, "daily_active_users", "organization=999"): 2.0,
        ("2026-11-19", None, "code_acceptance_activity_count", "organization=999"): 4.0,
        ("2026-11-19", None, "pull_requests.total_merged", "organization=999"): 2.0,
        ("2026-11-19", None, "pull_requests.median_minutes_to_merge", "organization=999"): 2.5,
        (
            "2026-11-19",
            None,
            "pull_requests.total_copilot_suggestions",
            "organization=999,comment_type=security",
        ): 3.0,
        ("2026-11-20", None, "daily_active_users", "organization=999"): 0.0,
    }


def test_enterprises_side_by_side_stay_apart() -> None:
    day = {"day": "2026-11-20", "daily_active_users": 2}
    for enterprise in ("1", "2"):
        found = table(day | {"enterprise_id": enterprise})
        assert list(found) == [
            ("2026-11-20", None, "daily_active_users", f"enterprise={enterprise}")
        ]


def test_a_persons_part_in_an_organisation_is_no_whole_day() -> None:
    record = {
        "day": "2026-11-20",
        "user_login": "ada",
        "organization_id": "999",
        "loc_added_sum": 1,
    }
    assert list(table(record)) == [("2026-11-20", "ada", "loc_added_sum", "organization=999")]


def test_a_person_without_a_login_has_an_id() -> None:
    record = {"day": "2026-11-20", "user_id": 7, "loc_added_sum": 1}
    assert list(table(record)) == [("2026-11-20", "7", "loc_added_sum", "")]


def test_metrics_are_never_calls() -> None:
    assert normalize_records([PERSON, TOTALS]) == []


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"day": None}, RejectReason.NO_TIMESTAMP, "day"),
        ({"day": "20 Nov"}, RejectReason.BAD_TIMESTAMP, "day"),
        ({"day": 20261120}, RejectReason.TIME_OUT_OF_RANGE, "day"),
        ({"day": "2026-13-45"}, RejectReason.BAD_TIMESTAMP, "day"),
        ({"day": "1999-01-01"}, RejectReason.TIME_OUT_OF_RANGE, "day"),
        ({"loc_added_sum": -1}, RejectReason.BAD_NUMBER, "loc_added_sum"),
        ({"loc_added_sum": "many"}, RejectReason.BAD_FIELD, "loc_added_sum"),
    ],
)
def test_a_day_that_makes_no_sense_is_set_aside_whole(
    changes: dict[str, Any], reason: RejectReason, field: str
) -> None:
    (reject,) = read(PERSON | changes)
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.field) == (reason, field)


def test_one_bad_day_of_a_report_does_not_cost_the_others() -> None:
    report = TOTALS | {"day_totals": [{"day": "?"}, {"day": "2026-11-20", "total_x": 1}]}
    reject, fact = read(report)
    assert isinstance(reject, Reject)
    assert isinstance(fact, DailyFact)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (
            {"day": "2026-11-20", "user_id": 7, "team_id": 42, "slug": "frontend"},
            "Copilot team membership",
        ),
        ({"download_links": ["x"], "report_day": "2026-11-20"}, "Copilot report links"),
        ({"date": "2026-01-01", "copilot_ide_chat": {}}, "Copilot metrics of the retired API"),
        (TOTALS | {"day_totals": []}, "Copilot report without days"),
        ({"day": "2026-11-20", "user_id": 7, "totals_by_ide": []}, "Copilot day without figures"),
    ],
)
def test_what_holds_no_figure_is_named(record: dict[str, Any], kind: str) -> None:
    assert detect(record) == "copilot_metrics"
    assert read(record) == [Skipped(kind)]
