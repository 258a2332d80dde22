from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from prodlens.errors import InputError
from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).parents[2] / "golden" / "lagged_association.json"
CASES = {case["name"]: case for case in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}
EFFECT = CASES["effect_90d_lag1"]
FIRST = date(2026, 1, 2)
"""A Friday, the weekday that the case begins with."""
KEYS = {
    "pearson",
    "spearman",
    "lag_days",
    "effect_sizes",
    "session_growth_percent",
    "adjusted",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.fixture
def generator(store: ProdLensStore) -> ReportGenerator:
    return ReportGenerator(store)


def times(counts: list[int]) -> list[datetime]:
    return [
        datetime(2026, 1, 2, 8, tzinfo=UTC) + timedelta(days=day, minutes=number)
        for day, count in enumerate(counts)
        for number in range(count)
    ]


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    used, landed = times(EFFECT["input"]["x"]), times(EFFECT["input"]["y"])
    sessions = pd.DataFrame({"timestamp": used, "session_id": [f"s{n}" for n in range(len(used))]})
    return sessions, pd.DataFrame(
        {"timestamp": landed, "sha": [f"c{n}" for n in range(len(landed))]}
    )


def test_minimal_frames_give_the_calibrated_result(generator: ReportGenerator) -> None:
    found = generator.get_correlations_with_effect_sizes(*frames())
    assert set(found) >= KEYS
    expected = EFFECT["expected"]
    assert found["pearson"]["r"] == pytest.approx(expected["raw_pearson_r"])
    assert found["pearson"]["p_value"] == pytest.approx(expected["raw_pearson_p"])
    assert found["spearman"]["r"] == pytest.approx(expected["raw_spearman_rho"])
    assert (found["pearson"]["count"], found["lag_days"], found["basis"]) == (89, 1, "naive")
    assert found["calibrated"]["r"] == pytest.approx(expected["r"])
    assert found["adjusted"] == {
        "pearson": pytest.approx(expected["p_value"]),
        "spearman": pytest.approx(expected["rho_adj_p"]),
    }
    assert found["effect_sizes"]["latency_cohens_d"] is None


def test_the_store_s_own_frames_give_the_same_as_the_report(
    store: ProdLensStore, generator: ReportGenerator
) -> None:
    _, commits = frames()
    store.insert_sessions(
        {
            "native_key": f"test:{n}",
            "timestamp": at,
            "session_id": f"s{n}",
            "developer_id": f"d{n % 3}",
            "model": "gpt-5",
            "accepted_flag": None if n % 4 == 3 else n % 4 == 0,
            "latency_ms": None if n % 5 == 4 else 100.0 + n % 17,
            "tokens_in": 100 + n % 13,
        }
        for n, at in enumerate(times(EFFECT["input"]["x"]))
    )
    store.insert_commits(
        [
            {"sha": sha, "timestamp": at}
            for sha, at in zip(commits["sha"], times(EFFECT["input"]["y"]), strict=True)
        ]
    )
    found = generator.get_correlations_with_effect_sizes(
        store.sessions_dataframe(), store.commits_dataframe()
    )
    report = generator.generate_report(repo=None, since=FIRST, until=FIRST + timedelta(days=90))
    association = report["ai_outcome_association"]
    assert found["pearson"] == association["pearson"]
    assert found["calibrated"]["r"] == association["calibrated"]["r"]
    assert found["calibrated"]["r"] == pytest.approx(EFFECT["expected"]["r"])
    ratio = "token_efficiency_ratio"
    assert found["effect_sizes"][ratio] == pytest.approx(report["effect_sizes"][ratio])
    assert found["effect_sizes"] | {ratio: None} == report["effect_sizes"] | {ratio: None}
    assert found["session_growth_percent"] == report["metrics"]["session_growth_percent"]["value"]
    assert found["effect_sizes"] == generator.compute_effect_sizes(
        store.sessions_dataframe(), store.pull_requests_dataframe()
    )


def test_empty_frames_are_no_error(generator: ReportGenerator) -> None:
    found = generator.get_correlations_with_effect_sizes(pd.DataFrame(), pd.DataFrame(), lag_days=2)
    assert found["pearson"] == {"r": None, "p_value": None, "count": 0}
    assert found["adjusted"] == {"pearson": None, "spearman": None}
    assert found["session_growth_percent"] is None
    assert found["lag_days"] == 2
    sizes = generator.compute_effect_sizes(pd.DataFrame(), pd.DataFrame())
    assert sizes["latency_cohens_d"] is None
    assert sizes["token_efficiency_ratio"] is None
    assert sizes["model_acceptance_rates"] == {}


def test_effect_sizes_of_a_frame_written_by_hand(generator: ReportGenerator) -> None:
    frame = pd.DataFrame(
        {
            "accepted_flag": [True, True, True, False, False, False, None, True],
            "latency_ms": [1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 99.0, -1.0],
            "tokens_in": [10, 20, 30, 40, 50, 60, None, None],
            "tokens_out": [0, 0, None, 0, 0, 0, None, None],
            "model": ["sonnet", "sonnet", "haiku", "haiku", "haiku", "sonnet", "sonnet", None],
        }
    )
    found = generator.compute_effect_sizes(frame, pd.DataFrame())
    assert found["latency_cohens_d"] == pytest.approx(-2.0)
    assert found["latency_effect"] == "large"
    assert found["latency_hedges_g"] == pytest.approx(-1.5957691216057308)
    assert found["token_efficiency_ratio"] == pytest.approx(20 / 35)
    assert found["token_ratio_accepted_vs_rejected"] == {
        "value": pytest.approx(0.4),
        "ci_low": None,
        "ci_high": None,
    }
    assert found["model_acceptance_rates"] == pytest.approx({"haiku": 1 / 3, "sonnet": 2 / 3})
    assert (found["accepted"], found["rejected"]) == (3, 3)
    assert found["ci_reason"] == "fewer than 10 developers"


def test_weekends_between_calls_are_zeros_of_the_calendar(generator: ReportGenerator) -> None:
    days = [day for day in range(28) if day % 7 < 5]
    frame = pd.DataFrame({"timestamp": [f"2026-03-{2 + day:02d}T10:00:00Z" for day in days]})
    found = generator.get_correlations_with_effect_sizes(frame, frame, lag_days=0)
    assert found["pearson"]["count"] == 26  # from the first Monday to the last Friday
    assert found["calibrated"]["x_metric"] == "calls"
    assert found["pearson"]["r"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    "moments",
    [
        ["2026-03-02", "2026-03-03", "2026-03-03"],
        [datetime(2026, 3, 2), datetime(2026, 3, 3), datetime(2026, 3, 3)],  # noqa: DTZ001 - naive is UTC
        pd.to_datetime(["2026-03-02T23:30:00Z", "2026-03-03T00:30:00Z", "2026-03-03T10:00:00Z"]),
        ["2026-03-03T01:30:00+02:00", "2026-03-03T02:30:00+02:00", "2026-03-03"],
    ],
)
@pytest.mark.parametrize("column", ["timestamp", "event_date"])
def test_days_may_be_written_in_several_ways(
    generator: ReportGenerator, moments: Any, column: str
) -> None:
    frame = pd.DataFrame({column: moments})
    found = generator.get_correlations_with_effect_sizes(frame, frame)
    calibrated = found["calibrated"]
    assert (calibrated["first_day"], calibrated["last_day"]) == ("2026-03-02", "2026-03-03")


def test_what_the_columns_of_commits_rule_out_is_left_out(generator: ReportGenerator) -> None:
    sessions, commits = frames()
    noise = pd.DataFrame(
        {
            "timestamp": times([9] * 90),
            "sha": [f"n{n}" for n in range(810)],
            "is_merge": [n % 3 == 0 for n in range(810)],
            "is_bot": [n % 3 == 1 for n in range(810)],
            "on_default_branch": [n % 3 != 2 for n in range(810)],
        }
    )
    both = pd.concat([noise, commits, commits], ignore_index=True)
    found = generator.get_correlations_with_effect_sizes(sessions, both)
    assert found["calibrated"]["r"] == pytest.approx(EFFECT["expected"]["r"])


def test_the_order_of_rows_does_not_matter(generator: ReportGenerator) -> None:
    sessions, commits = frames()
    sessions["accepted_flag"] = [n % 3 == 0 for n in range(len(sessions))]
    sessions["latency_ms"] = [0.1 * (n % 11) for n in range(len(sessions))]
    sessions["developer_id"] = [f"d{n % 12}" for n in range(len(sessions))]
    first = generator.get_correlations_with_effect_sizes(sessions, commits)
    again = generator.get_correlations_with_effect_sizes(sessions[::-1], commits[::-1])
    assert first == again
    assert first["effect_sizes"]["latency_cohens_d_ci_low"] is not None


@pytest.mark.parametrize(
    ("sessions", "lag_days"),
    [(pd.DataFrame({"model": ["gpt-5"]}), 1), (pd.DataFrame(), -1)],
)
def test_what_makes_no_sense_is_refused(
    generator: ReportGenerator, sessions: pd.DataFrame, lag_days: int
) -> None:
    with pytest.raises(InputError):
        generator.get_correlations_with_effect_sizes(sessions, pd.DataFrame(), lag_days=lag_days)
