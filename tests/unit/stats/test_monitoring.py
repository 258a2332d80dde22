from __future__ import annotations

import math

import pytest

from prodlens.stats.monitoring import (
    Alarm,
    alarms,
    cusum,
    ewma,
    robust_z,
    share_z,
    spike_p,
    weekday_adjusted_z,
)

WEEK: list[float | None] = [20, 22, 21, 20, 18, 2, 1]


def test_the_first_four_weeks_are_learning() -> None:
    scores = weekday_adjusted_z(WEEK * 5, 0)
    assert [score.status for score in scores[:28]] == ["learning"] * 28
    assert scores[28].status == "ok"


def test_a_usual_day_scores_zero_and_a_quiet_monday_does_not() -> None:
    assert weekday_adjusted_z([*WEEK * 8, 20], 0)[-1].z == 0.0
    quiet = weekday_adjusted_z([*WEEK * 8, 5], 0)[-1].z
    assert quiet == pytest.approx(2 * math.sqrt(5.375) - 2 * math.sqrt(20.375))


def test_a_quiet_sunday_is_no_surprise() -> None:
    counts = [*WEEK * 8, *WEEK[:6], 0]
    assert weekday_adjusted_z(counts, 0)[-1].z == pytest.approx(
        2 * math.sqrt(0.375) - 2 * math.sqrt(1.375)
    )
    shifted = weekday_adjusted_z(counts, 1)[-1]
    assert shifted.z is not None


def test_the_spread_comes_from_days_of_the_same_kind() -> None:
    """Mondays alternate between 10 and 30; half of that range, scaled, is the spread."""
    counts: list[float | None] = []
    for week in range(8):
        counts += [10 if week % 2 else 30] * 5 + [2, 2]
    work, rest = weekday_adjusted_z([*counts, 90, *[20] * 4, 6], 0)[-6::5]
    assert work.z is not None
    assert rest.z is not None
    centre = (2 * math.sqrt(10.375) + 2 * math.sqrt(30.375)) / 2
    spread = 1.4826 * (2 * math.sqrt(30.375) - centre) * math.sqrt(8 / 7)
    assert work.z == pytest.approx((2 * math.sqrt(90.375) - centre) / spread)
    assert rest.z == pytest.approx(2 * math.sqrt(6.375) - 2 * math.sqrt(2.375))


def test_an_uncovered_day_is_no_drop_and_no_history() -> None:
    scores = weekday_adjusted_z([*WEEK * 4, None, 22], 0)
    assert (scores[28].z, scores[28].status) == (None, "insufficient_data")
    assert scores[29].status == "ok"
    gaps: list[float | None] = [None, *WEEK[1:]]
    assert weekday_adjusted_z([*gaps * 8, 20], 0)[-1].status == "learning"


def test_impossible_counts_raise() -> None:
    with pytest.raises(ValueError, match="use None without coverage"):
        weekday_adjusted_z([1, -1], 0)


def test_a_lasting_shift_raises_the_average_over_its_limit() -> None:
    """Limit 1: 0.2 * 2.5 * (1 + 0.8 + 0.64) = 1.22 on the third day."""
    (found,) = alarms([0.0, 2.5, 2.5, 2.5])
    assert (found.day, found.rule, found.direction) == (3, "ewma", "up")
    assert found.value == pytest.approx(1.22)
    assert alarms([0.0, -2.5, -2.5, -2.5])[0].direction == "down"


def test_one_wild_day_is_a_spike_but_moves_no_chart() -> None:
    assert [alarm.rule for alarm in alarms([40.0])] == ["spike"]
    assert alarms([40.0], rules=("ewma", "cusum")) == []


def test_after_an_alarm_the_charts_start_anew_and_a_week_stays_quiet() -> None:
    found = alarms([5.0] + [-5.0] * 10, rules=("spike",))
    assert [alarm.day for alarm in found] == [0, 8]
    calm = alarms([2.5, 2.5, 2.5] + [0.0] * 20)
    assert [alarm.day for alarm in calm] == [2]


def test_days_without_a_score_change_nothing() -> None:
    assert alarms([2.5, None, 2.5, None, 2.5])[0].day == 4
    assert alarms([None] * 5) == []


def test_cusum_is_used_when_asked_for() -> None:
    up = alarms([2.0] * 5, rules=("cusum",))
    assert up == [Alarm(3, "cusum", "up", 6.0)]
    assert alarms([-2.0] * 5, rules=("cusum",)) == [Alarm(3, "cusum", "down", -6.0)]
    assert alarms([]) == []


def test_ewma_limits_of_the_handbook() -> None:
    """NIST/SEMATECH e-Handbook 6.3.2.4: UCL 52.5884, LCL 47.4115."""
    chart = ewma([52, 47, 53], mean=50, sd=2.0539, lam=0.3, limit=3)
    assert chart.ewma == pytest.approx((50.6, 49.52, 50.564))
    assert (round(chart.ucl, 4), round(chart.lcl, 4)) == (52.5884, 47.4116)
    assert chart.first_alarm is None


def test_ewma_alarms_below_as_well() -> None:
    assert ewma([-9.0], mean=0, sd=1, lam=0.2, limit=3).first_alarm == 0
    with pytest.raises(ValueError, match="lam inside"):
        ewma([1.0], mean=0, sd=1, lam=0, limit=3)


def test_cusum_sums_both_ways_without_reset() -> None:
    chart = cusum([0.5, 1.5, 1.2, 2.2, 1.9, 1.4, 2], mean=0, sd=1, k=0.5, h=5)
    assert chart.c_plus == pytest.approx((0, 1, 1.7, 3.4, 4.8, 5.7, 7.2))
    assert list(chart.c_minus) == [0] * 7
    assert chart.first_alarm == 5


def test_cusum_needs_spread() -> None:
    assert cusum([1.0], mean=0, sd=0, k=0.5, h=5).status == "zero_variance"
    with pytest.raises(ValueError, match="sd must not be negative"):
        cusum([1.0], mean=0, sd=-1, k=0.5, h=5)


def test_robust_z_ignores_one_outlier_in_the_history() -> None:
    result = robust_z([12, 15, 11, 14, 13, 60, 12], 30)
    assert (result.median, result.mad) == (13.0, 1.4826)
    assert result.z == pytest.approx(11.4663429111021)


def test_robust_z_without_spread_or_history_is_unknown() -> None:
    flat = robust_z([5, 5, 5, 5, 9], 7)
    assert (flat.mad, flat.z, flat.status) == (0.0, None, "zero_variance")
    assert robust_z([], 1).status == "insufficient_data"


def test_shares_are_judged_from_twenty_cases_on() -> None:
    assert share_z(30, 50, 0.5) == pytest.approx(math.sqrt(2))
    assert share_z(30, 50, 0.5, dispersion=2) == pytest.approx(1.0)
    assert share_z(15, 19, 0.5) is None
    assert share_z(30, 50, 1.0) is None
    with pytest.raises(ValueError, match="need 0 <= k <= n"):
        share_z(3, 2, 0.5)


def test_the_p_value_of_a_spike_is_normal() -> None:
    assert spike_p(4.0) == pytest.approx(6.334248366623996e-05)
    assert spike_p(0.0) == 1.0
