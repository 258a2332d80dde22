"""Owns the sentences about an association: templates chosen by status, interval and q alone.

No adjective, no verdict without its interval, never a word of cause. Computes nothing.
Source: statistics.md 3 (patterns), 8.10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.association import FEWEST_DAYS, LONGEST_LAG, Q

if TYPE_CHECKING:
    from prodlens.metrics.association import Comparison
    from prodlens.stats.association import LaggedAssociation

NAMES: Final = {
    "sessions": "AI sessions",
    "calls": "AI calls",
    "commits": "commits",
    "merged_prs": "merged pull requests",
}
CAVEAT: Final = "An association of day-to-day fluctuations, not an effect of AI."


def sentence(comparison: Comparison) -> str:
    """Return what may be said about a comparison, its caveat included."""
    result = comparison.result
    if result is None:
        return _nothing(comparison)
    if comparison.is_tested:
        prefix = "Exploratory, fewer than 28 days: " if comparison.status == "exploratory" else ""
        return prefix + _tested(comparison, result)
    return _not_tested(comparison, result)


def signed(value: float) -> str:
    """Return a correlation with its sign and two decimals.

    >>> signed(0.456), signed(-0.001)
    ('+0.46', '+0.00')
    """
    return f"{round(value, 2) + 0.0:+.2f}"


def probability(value: float) -> str:
    """Return a p-value or q-value; never 0, because none is.

    >>> probability(0.0171), probability(0.00002)
    ('0.017', '<0.001')
    """
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def when(lag_days: int) -> str:
    """Return the lag in words.

    >>> when(0), when(1), when(3)
    ('on the same day', 'the next day', '3 days later')
    """
    if lag_days == 0:
        return "on the same day"
    return "the next day" if lag_days == 1 else f"{lag_days} days later"


def days(count: int) -> str:
    """Return a count of days with its word."""
    return f"{count:,} day" if count == 1 else f"{count:,} days"


def _nothing(comparison: Comparison) -> str:
    outcome = NAMES[comparison.outcome]
    if comparison.status == "no_delivery_data":
        return f"Not enough data: no {outcome} are known for this window."
    if comparison.status == "no_calls":
        return "Not enough data: no calls are known for this window."
    use = NAMES[comparison.exposure]
    return f"Not enough data: {use} and {outcome} are known on no day together."


def _tested(comparison: Comparison, result: LaggedAssociation) -> str:
    use, outcome = NAMES[comparison.exposure], NAMES[comparison.outcome]
    later = when(comparison.lag_days)
    r, low, high = result.r or 0.0, result.ci_low or 0.0, result.ci_high or 0.0
    estimate = f"r {signed(r)}, 95% interval {signed(low)} to {signed(high)}"
    if low <= 0.0 <= high:
        return (
            f"{result.n_pairs:,} paired days: only |r| >= {result.r_mde80 or 1.0:.2f} could be "
            f"detected; the estimate, {estimate}, neither shows nor excludes an association of "
            f"{use} with {outcome} {later}."
        )
    if not comparison.is_primary and (comparison.q is None or comparison.q > Q):
        q = "" if comparison.q is None else f" (q {probability(comparison.q)})"
        return (
            f"{use} and {outcome} {later}: {estimate}, {result.n_pairs:,} paired days, but not "
            f"after allowing for the number of tests{q}."
        )
    tests = _tests(comparison)
    direction = "more" if r > 0 else "fewer"
    return (
        f"Days with more {use} than usual for the weekday go together with {direction} {outcome} "
        f"{later} ({estimate}, {result.n_pairs:,} paired days{tests}). {CAVEAT}"
    )


def _tests(comparison: Comparison) -> str:
    if comparison.is_primary or comparison.q is None:
        return ""
    among = f" among {comparison.family_size} tests" if comparison.family_size > 1 else ""
    return f", q {probability(comparison.q)}{among}"


def _not_tested(comparison: Comparison, result: LaggedAssociation) -> str:
    lag = comparison.lag_days
    if lag > LONGEST_LAG:
        return (
            f"Not enough data: a lag of {days(lag)} is too long, {LONGEST_LAG} days are the most."
        )
    if comparison.status == "insufficient_activity":
        use, outcome = NAMES[comparison.exposure], NAMES[comparison.outcome]
        return (
            f"Not enough activity: of {result.n_pairs:,} paired days {result.n_positive_x:,} have "
            f"{use} and {result.n_positive_y:,} have {outcome}; 5 of each are needed."
        )
    if comparison.status == "zero_variance":
        return (
            "Nothing to compare: once weekdays and trend are taken out, "
            f"{NAMES[comparison.exposure]} or {NAMES[comparison.outcome]} don't vary."
        )
    if comparison.more_days:
        needed = max(FEWEST_DAYS, 4 * lag)
        word = "day is" if comparison.more_days == 1 else "days are"
        return (
            f"Not enough data: {comparison.more_days} more {word} needed. Calls and deliveries are "
            f"known together on {days(comparison.days_covered)}, of {needed} that it takes."
        )
    return (
        f"Not enough data: only {days(comparison.days_covered)} of {days(result.n_days)} are "
        "covered by calls and deliveries, and 90% are needed."
    )
