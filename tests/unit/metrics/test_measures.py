from __future__ import annotations

from array import array

import pytest

from prodlens.metrics import acceptance, cost, interaction
from prodlens.metrics.catalog import METRICS
from prodlens.metrics.inputs import MetricInputs
from prodlens.metrics.measures import MEASURES
from prodlens.metrics.policy import Policy
from prodlens.storage.readings import CallFigures, DistinctFigures, Latencies

NOTHING = MetricInputs()
COUNTS = {
    *("calls", "sessions", "active_hours", "working_sessions"),
    *("accepted_lines", "total_tokens", "cost_usd"),
}
"""Metrics that are 0 when there are no calls: nothing is unknown then."""


def inputs(*, sessions: int = 0, hours: int = 0, **figures: float) -> MetricInputs:
    return MetricInputs(
        total=CallFigures(**figures),  # type: ignore[arg-type]
        distinct=DistinctFigures(sessions=sessions, active_hours=hours),
    )


@pytest.mark.parametrize("slug", METRICS)
def test_without_calls_counts_are_zero_and_all_else_is_none_with_a_reason(slug: str) -> None:
    measured = MEASURES[slug](NOTHING)
    assert measured.value == (0 if slug in COUNTS else None)
    assert measured.note


@pytest.mark.parametrize("slug", sorted(set(METRICS) - {"calls", "active_hours", "calls_per_hour"}))
def test_of_calls_about_which_nothing_is_known_nothing_is_claimed(slug: str) -> None:
    measured = MEASURES[slug](inputs(calls=10, hours=2))
    if slug in {"acceptance_coverage", "cost_coverage"}:
        assert (measured.value, measured.numerator, measured.denominator) == (0.0, 0, 10)
    else:
        assert measured.value is None
        assert measured.note


def test_calls_without_a_session_are_sessions_only_when_asked() -> None:
    some = inputs(calls=9, session_known=7, sessions=4, hours=7)
    assert interaction.sessions(some).value == 4
    assert interaction.sessions(some).note == "a session id is known for 7 of 9 calls"
    assert interaction.sessions(some, count_unnamed=True).value == 6
    assert interaction.sessions_per_hour(some).value == pytest.approx(4 / 7)
    assert interaction.sessions_per_hour(some, count_unnamed=True).value == pytest.approx(6 / 7)


def test_durations_name_what_was_left_out() -> None:
    some = MetricInputs(
        total=CallFigures(calls=5, latency_known=3, latency_negative=1),
        latencies=Latencies(every=array("d", [1, 2, 30]), without_errors=array("d", [2, 30])),
    )
    median = interaction.median_latency_ms(some)
    assert (median.value, median.n) == (2.0, 3)
    assert median.note == "the duration is known for 3 of 5 calls; negative ones dropped: 1"
    assert interaction.p95_latency_ms(some).value == pytest.approx(27.2)
    assert interaction.median_latency_success_ms(some).value == 16.0
    assert interaction.median_latency_success_ms(some).n == 2


def test_errors_are_counted_among_known_outcomes_only() -> None:
    measured = interaction.error_rate(inputs(calls=10, outcome_known=8, errors=2))
    assert (measured.value, measured.numerator, measured.denominator) == (0.25, 2, 8)
    assert measured.interval == pytest.approx((0.071479212752109, 0.5907245696898311))
    assert measured.note == "the outcome is known for 8 of 10 calls"


def test_policy_counts_calls_that_name_a_model() -> None:
    some = MetricInputs(
        models={
            None: CallFigures(calls=3),
            "gpt-4o": CallFigures(calls=2),
            "claude-3-sonnet-20240229": CallFigures(calls=6),
        },
        total=CallFigures(calls=11, model_known=8),
        policy=Policy(("anthropic/claude-3-sonnet",)),
    )
    measured = interaction.model_selection_accuracy(some)
    assert (measured.value, measured.numerator, measured.denominator) == (0.75, 6, 8)
    assert measured.note == "the model is known for 8 of 11 calls"


def test_acceptance_counts_decided_calls_only() -> None:
    some = inputs(calls=9, decided=8, accepted=5)
    assert acceptance.acceptance_rate(some).value == 0.625
    assert acceptance.acceptance_coverage(some).value == pytest.approx(8 / 9)
    assert acceptance.acceptance_coverage(some).interval is None


def test_sessions_without_a_decided_call_are_outside_the_session_rate() -> None:
    some = MetricInputs(
        total=CallFigures(calls=9, decided=4), decided_sessions=3, accepted_sessions=2
    )
    assert acceptance.session_acceptance_rate(some).value == pytest.approx(2 / 3)
    unnamed = acceptance.session_acceptance_rate(inputs(calls=9, decided=4))
    assert (unnamed.value, unnamed.note) == (None, "no session holds a decision")


def test_what_was_kept_has_a_mean_and_a_share() -> None:
    some = inputs(calls=6, diff_known=4, diff_sum=2.5, diff_high=3)
    assert acceptance.avg_diff_ratio(some).value == 0.625
    assert acceptance.share_above_threshold(some).value == 0.75


@pytest.mark.parametrize(
    ("figures", "value", "note"),
    [
        ({"calls": 5}, None, "no source recorded a decision"),
        ({"calls": 5, "decided": 2}, 0, None),
        ({"calls": 5, "decided": 2, "accepted": 2}, None, "no accepted call says how many lines"),
        (
            {"calls": 5, "decided": 2, "accepted": 2, "lines_known": 1, "lines": 7},
            7,
            "lines are known for 1 of 2 accepted calls",
        ),
    ],
)
def test_accepted_lines_tell_zero_from_unknown(
    figures: dict[str, int], value: int | None, note: str | None
) -> None:
    measured = acceptance.accepted_lines(inputs(**figures))
    assert (measured.value, measured.note) == (value, note)


@pytest.mark.parametrize(
    ("figures", "note"),
    [
        ({"calls": 5}, "no source recorded a decision"),
        ({"calls": 5, "decided": 2}, "no proposal was accepted"),
        (
            {"calls": 5, "decided": 2, "accepted": 1},
            "no accepted call says how many tokens it took",
        ),
    ],
)
def test_tokens_per_accept_says_why_there_is_none(figures: dict[str, int], note: str) -> None:
    measured = cost.tokens_per_accept(inputs(**figures))
    assert (measured.value, measured.note) == (None, note)


def test_tokens_per_line_divide_like_by_like() -> None:
    some = inputs(
        calls=9,
        tokens_known=9,
        tokens=15700,
        decided=8,
        accepted=5,
        accepted_tokens_known=5,
        accepted_tokens=9700,
        lines_known=4,
        lines=47,
        lines_tokens_known=3,
        lines_tokens=8000,
        lines_with_tokens=40,
    )
    assert cost.tokens_per_accept(some).value == 1940.0
    assert cost.tokens_per_accepted_line(some).value == 200.0
    assert cost.tokens_per_accepted_line(some).n == 3
    assert cost.tokens_per_accepted_line_all_in(some).value == pytest.approx(334.0425531914894)


def test_cost_tells_free_from_unpriced_and_labels_subscriptions() -> None:
    assert cost.cost_usd(inputs(calls=3, priced=3)).value == 0.0
    assert cost.cost_usd(inputs(calls=3)).value is None
    some = inputs(
        calls=4,
        priced=3,
        cost_nanos=1_250_000_000,
        subscription=2,
        subscription_priced=1,
        subscription_nanos=250_000_000,
    )
    assert cost.cost_usd(some).value == 1.25
    assert cost.cost_usd(some).note == (
        "the cost is known for 3 of 4 calls; on a subscription, at API prices: 1"
    )
    assert cost.cost_coverage(some).value == 0.75
    assert cost.subscription_cost_usd(some).value == 0.25
    unpriced = cost.subscription_cost_usd(inputs(calls=1, subscription=1))
    assert (unpriced.value, unpriced.note) == (None, "no call on a subscription has a price")
