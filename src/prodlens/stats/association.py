"""Owns the lagged association of two daily count series that honest inference is drawn from.

The estimand is how fluctuations faster than about three weeks go together: an association, not an
effect of one series on the other. Must not touch dates, records or wording of findings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from prodlens.stats.calendar_controls import (
    FULL_CONTROL_DAYS,
    WEEKEND,
    CalendarDesign,
    controls_for,
    residuals,
    scale_by_day_kind,
)
from prodlens.stats.correlation import (
    Pearson,
    Spearman,
    correlation_t,
    fisher_interval,
    mid_ranks,
    pearson,
    product_moment,
    spearman,
)
from prodlens.stats.distributions import t_two_sided_p
from prodlens.stats.samples import (
    as_gappy,
    finite_or_none,
    require_not_negative,
    require_same_length,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from prodlens.stats.calendar_controls import Controls
    from prodlens.stats.samples import Array, Gappy
    from prodlens.stats.status import Status

__all__ = [
    "METHOD_VERSION",
    "LaggedAssociation",
    "Pearson",
    "Spearman",
    "described",
    "effective_pairs",
    "lagged_association",
    "longest_lag",
    "pearson",
    "spearman",
]

METHOD_VERSION: Final = "2"
"""Changes whenever equal inputs may give other results; stored beside cached results."""
MIN_PAIRS: Final = 6
MIN_ACTIVE_DAYS: Final = 5
MIN_DAYS: Final = 14
MIN_COVERAGE: Final = 0.9
MIN_FREE: Final = 2
_VARIANCE_FLOOR: Final = 1e-12
_RANK_DIGITS: Final = 9
_Z_975: Final = 1.959963984540054
_Z_POWER_80: Final = 0.8416212335729143


@dataclass(frozen=True, slots=True)
class LaggedAssociation:
    """One (exposure, outcome, lag) comparison over a window of days.

    Attributes:
        status: How far to trust it; inference is None unless ``ok`` or ``exploratory``.
        n_days: Days in the window.
        n_pairs: Pairs of days ``lag`` apart that both were covered.
        n_missing_coverage: Pairs dropped because a day was not covered.
        n_positive_x: Pairs whose exposure is above 0.
        n_positive_y: Pairs whose outcome is above 0.
        raw_pearson_r: Pearson's r of the counts as they are: a description only.
        raw_pearson_p: Its naive p-value, None below 14 days. Drives nothing.
        raw_spearman_rho: Spearman's rho of the counts as they are.
        raw_spearman_p: Its naive p-value, None below 14 days. Drives nothing.
        k_controls: Columns taken out, intercept included.
        r: Correlation after weekday, trend and listed days are taken out.
        n_eff: Independent pairs that the autocorrelated ones are worth; at most the pairs.
        df: Degrees of freedom of ``t``.
        t: The statistic; None at a perfect correlation, where it is infinite.
        p_value: Two-sided.
        ci_low: Lower end of the 95 % interval of ``r``.
        ci_high: Upper end.
        r_mde80: Smallest ``|r|`` that these data would detect with 80 % power.
        rho_adj: The same on mid-ranks of the adjusted values.
        rho_adj_n_eff: Its effective n.
        rho_adj_p: Its two-sided p-value.
        p_circular_shift: Share of circular shifts at least as strong: a robustness check that
            cannot go below one over the number of pairs.
        effect_percent: How many per cent more outcome goes with a day whose exposure is one
            standard deviation above the usual: approximate, associational.
        effect_ci_low: The same at ``ci_low``.
        effect_ci_high: The same at ``ci_high``.
    """

    status: Status
    n_days: int
    n_pairs: int
    n_missing_coverage: int = 0
    n_positive_x: int = 0
    n_positive_y: int = 0
    raw_pearson_r: float | None = None
    raw_pearson_p: float | None = None
    raw_spearman_rho: float | None = None
    raw_spearman_p: float | None = None
    k_controls: int | None = None
    r: float | None = None
    n_eff: float | None = None
    df: float | None = None
    t: float | None = None
    p_value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    r_mde80: float | None = None
    rho_adj: float | None = None
    rho_adj_n_eff: float | None = None
    rho_adj_p: float | None = None
    p_circular_shift: float | None = None
    effect_percent: float | None = None
    effect_ci_low: float | None = None
    effect_ci_high: float | None = None


def longest_lag(n_days: int) -> int:
    """Return the longest lag in days that a window of ``n_days`` allows.

    >>> longest_lag(30)
    7
    """
    return min(14, n_days // 4)


def lagged_association(
    x: Gappy,
    y: Gappy,
    start_weekday: int,
    lag: int,
    nonworking_days: Collection[int] = (),
    *,
    weekend: Collection[int] = WEEKEND,
) -> LaggedAssociation:
    """Return how fluctuations of ``y``, ``lag`` days later, go with those of ``x``.

    Counts are taken as log1p, both series lose weekday, bending trend and listed days off, weekend
    and weekday residuals are scaled apart, and Pearson's r of what remains is tested with the
    effective number of pairs. Needs 14 days for any p-value (28 for status ``ok``) and five days
    above zero in each series.

    Args:
        x: Exposure counts on consecutive days, shape ``(n,)``: 0 on a day without activity,
            ``None`` on a day that was not covered.
        y: Outcome counts of the same days, shape ``(n,)``, likewise.
        start_weekday: Weekday of the first day, Monday = 0.
        lag: Days from exposure to outcome; above ``longest_lag(n)`` nothing is computed.
        nonworking_days: Positions (0-based) of holidays and shutdowns; each is set aside as an
            exposure and as an outcome. Positions outside the window do nothing.
        weekend: Weekdays that are no work days.

    Returns:
        The result; never raises for constant, empty or zero series. ``invalid`` when fewer than
        90 % of the days are covered.

    Raises:
        ValueError: Lengths differ, a count is negative or infinite, ``lag`` is negative, or a
            weekday is not within 0..6.

    Source: effective n from Pyper & Peterman 1998, Canadian Journal of Fisheries and Aquatic
    Sciences 55:2127-2140; interval from Fisher 1921, Metron 1:3-32.

    >>> lagged_association([1, 2, 3], [1, 2, 3], start_weekday=0, lag=0).status
    'insufficient_data'
    """
    _check_calendar(start_weekday, lag, weekend)
    start = described(x, y, start_weekday, lag)
    if start.status not in {"ok", "exploratory"}:
        return start
    exposure, outcome = as_gappy(x, "x"), as_gappy(y, "y")
    n_days = int(exposure.size)
    before, after = exposure[: n_days - lag], outcome[lag:]
    missing = np.isnan(before) | np.isnan(after)
    covered_days = n_days - int((np.isnan(exposure) | np.isnan(outcome)).sum())
    design = CalendarDesign(
        n_days=n_days,
        lag=lag,
        start_weekday=start_weekday,
        full=covered_days >= FULL_CONTROL_DAYS,
        weekend=tuple(sorted(set(weekend))),
        excluded=_excluded_pairs(missing, nonworking_days, lag),
    )
    return _inference(start, np.log1p(before), np.log1p(after), controls_for(design))


def described(x: Gappy, y: Gappy, start_weekday: int, lag: int) -> LaggedAssociation:
    """Return the counts and raw correlations of a comparison, with the status of its gates.

    Arguments and errors as in `lagged_association`; nothing is inferred, and a status of ``ok`` or
    ``exploratory`` says that it may be.
    """
    exposure, outcome = _checked_series(x, y)
    _check_calendar(start_weekday, lag, ())
    n_days = int(exposure.size)
    if lag > longest_lag(n_days):
        return LaggedAssociation("insufficient_data", n_days, max(0, n_days - lag))
    before, after = exposure[: n_days - lag], outcome[lag:]
    missing = np.isnan(before) | np.isnan(after)
    covered = n_days - int((np.isnan(exposure) | np.isnan(outcome)).sum())
    start = _description(before[~missing], after[~missing], n_days=n_days, covered=covered)
    return replace(start, n_missing_coverage=int(missing.sum()))


def _checked_series(x: Gappy, y: Gappy) -> tuple[Array, Array]:
    exposure, outcome = as_gappy(x, "x"), as_gappy(y, "y")
    require_same_length(exposure, outcome, "x and y")
    require_not_negative(exposure, "x")
    require_not_negative(outcome, "y")
    return exposure, outcome


def _check_calendar(start_weekday: int, lag: int, weekend: Collection[int]) -> None:
    if lag < 0:
        raise ValueError(f"lag must not be negative, got {lag}; swap x and y to look back in time")
    for weekday in (start_weekday, *weekend):
        if weekday not in range(7):
            raise ValueError(f"a weekday must be within 0 (Monday) and 6 (Sunday), got {weekday}")


def _excluded_pairs(
    missing: NDArray[np.bool_], nonworking_days: Collection[int], lag: int
) -> tuple[int, ...]:
    rows = set(np.flatnonzero(missing).tolist())
    for day in nonworking_days:
        rows.update(row for row in (int(day), int(day) - lag) if 0 <= row < missing.size)
    return tuple(sorted(rows))


def _description(before: Array, after: Array, *, n_days: int, covered: int) -> LaggedAssociation:
    """Return counts and raw correlations, with the status that the gates give."""
    n_pairs = int(before.size)
    positive = int((before > 0).sum()), int((after > 0).sum())
    status: Status = "ok" if covered >= FULL_CONTROL_DAYS else "exploratory"
    if n_pairs < MIN_PAIRS:
        status = "insufficient_data"
    elif covered < MIN_COVERAGE * n_days:
        status = "invalid"
    elif min(positive) < MIN_ACTIVE_DAYS:
        status = "insufficient_activity"
    elif covered < MIN_DAYS:
        status = "descriptive"
    show = n_pairs >= MIN_PAIRS
    tested = show and covered >= MIN_DAYS
    line, ranks = pearson(before, after), spearman(before, after)
    return LaggedAssociation(
        status=status,
        n_days=n_days,
        n_pairs=n_pairs,
        n_positive_x=positive[0],
        n_positive_y=positive[1],
        raw_pearson_r=line.r if show else None,
        raw_pearson_p=line.p_value if tested else None,
        raw_spearman_rho=ranks.rho if show else None,
        raw_spearman_p=ranks.p_value if tested else None,
    )


@dataclass(frozen=True, slots=True)
class _Strength:
    """Inference for one correlation of two residual series."""

    r: float
    n_eff: float
    df: float
    t: float
    p_value: float
    ci_low: float
    ci_high: float
    r_mde80: float


def _inference(
    start: LaggedAssociation, before: Array, after: Array, controls: Controls
) -> LaggedAssociation:
    left, right = residuals(before, controls), residuals(after, controls)
    if min(float(left @ left), float(right @ right)) < _VARIANCE_FLOOR:
        return replace(start, status="zero_variance")
    if int(controls.kept.sum()) - controls.basis.shape[1] < MIN_FREE:
        # what the controls leave has hardly a direction: any two series would look alike
        return replace(start, status="insufficient_data")
    u = scale_by_day_kind(left, controls.exposure_weekend)
    v = scale_by_day_kind(right, controls.outcome_weekend)
    # rounding makes the days that a control fits exactly share one rank
    ranks_u, ranks_v = mid_ranks(u.round(_RANK_DIGITS)), mid_ranks(v.round(_RANK_DIGITS))
    line = _strength(u, v, controls.rank)
    ranks = _strength(ranks_u, ranks_v, controls.rank)
    if line is None or ranks is None:
        return replace(start, status="zero_variance")
    spread = _usual_spread(right, controls)
    # a pair without coverage stands in the series as 0 and costs one: it is worth nothing itself
    missing = start.n_missing_coverage
    return replace(
        start,
        k_controls=controls.rank - missing,
        r=line.r,
        n_eff=max(line.n_eff - missing, 1.0),
        df=line.df,
        t=finite_or_none(line.t),
        p_value=line.p_value,
        ci_low=line.ci_low,
        ci_high=line.ci_high,
        r_mde80=line.r_mde80,
        rho_adj=ranks.r,
        rho_adj_n_eff=max(ranks.n_eff - missing, 1.0),
        rho_adj_p=ranks.p_value,
        p_circular_shift=_circular_shift_p(u, v),
        effect_percent=_percent(line.r, spread),
        effect_ci_low=_percent(line.ci_low, spread),
        effect_ci_high=_percent(line.ci_high, spread),
    )


def _strength(u: Array, v: Array, rank: int) -> _Strength | None:
    r = product_moment(u, v)
    if r is None:
        return None
    n_eff = effective_pairs(u, v)
    df = max(n_eff - rank - 1.0, 1.0)
    t = correlation_t(r, df)
    precision = max(n_eff - (rank - 1.0) - 3.0, 1.0)
    low, high = fisher_interval(r, precision)
    detectable = math.tanh((_Z_975 + _Z_POWER_80) / math.sqrt(precision))
    return _Strength(r, n_eff, df, t, t_two_sided_p(t, df), low, high, detectable)


def effective_pairs(u: Array, v: Array, *, reach: int = 1) -> float:
    """Return how many independent pairs two autocorrelated series are worth.

    Args:
        u: Residuals, shape ``(m,)``, not constant; pairs that are set aside are 0.
        v: Shape ``(m,)``, likewise.
        reach: Neighbours up to so far apart count at least, below ``m``; otherwise up to ``m // 5``.

    Returns:
        Above 0 and at most ``m``.

    Source: Pyper & Peterman 1998, Canadian Journal of Fisheries and Aquatic Sciences 55:2127-2140.
    """
    m = u.size
    lags = np.arange(1, max(reach, 1, m // 5) + 1)
    # times m / (m - j) in each series for its shorter overlap, times (m - j) / m in the sum
    products = _autocorrelations(u, lags) * _autocorrelations(v, lags) * (m / (m - lags))
    return float(m / max(1.0, 1.0 + 2.0 * float(products.sum())))


def _autocorrelations(values: Array, lags: NDArray[np.int64]) -> Array:
    centred = values - values.mean()
    spectrum = np.fft.rfft(centred, n=2 * values.size)
    products = np.fft.irfft(spectrum * spectrum.conj(), n=2 * values.size)
    return np.asarray(products[lags] / products[0], dtype=np.float64)


def _circular_shift_p(u: Array, v: Array) -> float:
    products = np.fft.irfft(np.fft.rfft(u).conj() * np.fft.rfft(v), n=u.size)
    rounding = 1e-10 * math.sqrt(float(u @ u) * float(v @ v))
    return float(np.mean(np.abs(products) >= abs(float(u @ v)) - rounding))


def _usual_spread(residual: Array, controls: Controls) -> float | None:
    """Return the standard deviation of the outcome's residuals on work days, in log units."""
    if controls.outcome_weekday_df <= _VARIANCE_FLOOR:
        return None
    work = residual[~controls.outcome_weekend]
    return math.sqrt(float(work @ work) / controls.outcome_weekday_df)


def _percent(r: float, spread: float | None) -> float | None:
    if spread is None or r * spread > 700.0:  # exp would overflow
        return None
    return 100.0 * math.expm1(r * spread)
