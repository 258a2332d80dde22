"""Owns tail probabilities and quantiles: the only module that speaks to ``scipy.special``.

Must not touch data. ``scipy.stats`` is left out on purpose: importing it takes about two seconds.
"""

from __future__ import annotations

import math
from typing import Final

from scipy import special

# Beyond this t statistic the library's inversion loses digits and, far out, may not return.
_LARGE_T: Final = 200.0


def t_two_sided_p(t: float, df: float) -> float:
    """Return the two-sided p-value of a t statistic.

    Args:
        t: The statistic; may be infinite.
        df: Degrees of freedom, above 0, not necessarily whole.

    Returns:
        Between 0 and 1.

    >>> round(t_two_sided_p(2.0, 10), 6)
    0.073388
    """
    if math.isinf(t):
        return 0.0
    return min(1.0, 2.0 * float(special.stdtr(df, -abs(t))))


def t_quantile(probability: float, df: float) -> float:
    """Return the quantile of Student's t distribution.

    Args:
        probability: Inside (0, 1).
        df: Degrees of freedom, above 0.

    Returns:
        The value below which ``probability`` of the distribution lies.

    >>> round(t_quantile(0.975, 10), 6)
    2.228139
    """
    return float(special.stdtrit(df, probability))


def chi2_upper_tail(value: float, df: float) -> float:
    """Return the probability that a chi-square variable exceeds a value.

    Args:
        value: At least 0.
        df: Degrees of freedom, above 0.

    Returns:
        Between 0 and 1.

    >>> round(chi2_upper_tail(3.841459, 1), 6)
    0.05
    """
    return float(special.chdtrc(df, value))


def noncentral_t_cdf(value: float, df: float, noncentrality: float) -> float:
    """Return the probability that a noncentral t variable is at most a value.

    Args:
        value: Where the distribution is cut.
        df: Degrees of freedom, above 0.
        noncentrality: Mean of the normal variable in the numerator.

    Returns:
        Between 0 and 1. In the far tails, within 0.0001 of 0 or 1, the library may give NaN; then
        this is 0 or 1.

    >>> round(noncentral_t_cdf(2.1, 15, 1.3), 6)
    0.762598
    """
    exact = float(special.nctdtr(df, noncentrality, value))
    if math.isnan(exact):
        return 0.0 if value < noncentrality else 1.0
    return min(1.0, max(0.0, exact))


def noncentrality_at(t: float, df: float, probability: float) -> float:
    """Return the noncentrality for which a t statistic sits at a given probability.

    This inverts the noncentral t distribution in its noncentrality, which turns an observed t
    into the ends of an interval for a standardised difference.

    Args:
        t: Observed statistic.
        df: Degrees of freedom, above 0.
        probability: ``P(T <= t)`` wanted, inside (0, 1).

    Returns:
        The noncentrality. For ``|t| > 200`` an approximation with a relative error below 0.0003:
        the quantile of the chi distribution times t, widened by the normal part.

    >>> round(noncentrality_at(2.0, 10, 0.975), 5)
    -0.18352
    """
    if abs(t) <= _LARGE_T:
        return float(special.nctdtrinc(df, probability, t))
    tail = 1.0 - probability if t > 0 else probability
    mean = math.sqrt(2.0 / df) * math.exp(math.lgamma((df + 1.0) / 2.0) - math.lgamma(df / 2.0))
    variance = max(1.0 - mean * mean, 0.25 / df)
    edge = math.sqrt(float(special.chdtri(df, 1.0 - tail)) / df)
    return t * mean + t * (edge - mean) * math.sqrt(1.0 + 1.0 / (t * t * variance))


def small_sample_correction(df: float) -> float:
    """Return the factor J that turns Cohen's d into Hedges' g.

    Args:
        df: Degrees of freedom of the pooled variance, at least 2.

    Returns:
        ``gamma(df/2) / (sqrt(df/2) * gamma((df-1)/2))``, below 1.

    Source: Hedges 1981, Journal of Educational Statistics 6:107-128.

    >>> round(small_sample_correction(30), 6)
    0.974754
    """
    ratio = math.exp(math.lgamma(df / 2.0) - math.lgamma((df - 1.0) / 2.0))
    return ratio / math.sqrt(df / 2.0)


def binomial_two_sided_p(successes: int, trials: int, probability: float) -> float:
    """Return the exact two-sided binomial p-value by the method of small probabilities.

    All outcomes that are no more probable than the one seen are added up.

    Args:
        successes: Observed, between 0 and ``trials``.
        trials: At least 1.
        probability: Of a success under the null hypothesis, inside (0, 1).

    Returns:
        Between 0 and 1.

    Source: the rule of R's ``binom.test``, with its tolerance of 1e-7 for equal probabilities.

    >>> binomial_two_sided_p(9, 10, 0.5)
    0.021484375
    """
    expected = trials * probability
    if successes == expected:
        return 1.0
    limit = _log_binomial(successes, trials, probability) + 1e-7
    if successes < expected:
        first = _first_at_most(limit, math.ceil(expected), trials, probability)
        lower, upper = successes, first - 1
    else:
        last = trials - _first_at_most(
            limit, trials - math.floor(expected), trials, 1.0 - probability
        )
        lower, upper = last, successes - 1
    below = float(special.bdtr(lower, trials, probability)) if lower >= 0 else 0.0
    above = float(special.bdtrc(upper, trials, probability)) if upper < trials else 0.0
    return min(1.0, below + above)


def _log_binomial(successes: int, trials: int, probability: float) -> float:
    failures = trials - successes
    choose = math.lgamma(trials + 1) - (math.lgamma(successes + 1) + math.lgamma(failures + 1))
    return choose + successes * math.log(probability) + failures * math.log1p(-probability)


def _first_at_most(limit: float, start: int, trials: int, probability: float) -> int:
    """Return the first count from ``start`` on whose log probability is at most ``limit``.

    Probabilities fall from the expected count on, so halving the range finds it; one beyond
    ``trials`` means that there is none.
    """
    low, high = start, trials + 1
    while low < high:
        middle = (low + high) // 2
        if _log_binomial(middle, trials, probability) <= limit:
            high = middle
        else:
            low = middle + 1
    return low
