"""Owns the alert statistics: how unusual a day is for its weekday, and when that is an alarm.

Must not touch thresholds set by people, channels or texts. Plain Python, no numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from prodlens.stats.status import Status

Rule = Literal["ewma", "spike", "cusum"]
HISTORY_DAYS: Final = 56
MIN_HISTORY_DAYS: Final = 28
MIN_SAME_WEEKDAY: Final = 4
EWMA_LAMBDA: Final = 0.2
EWMA_LIMIT: Final = 3.0
SPIKE_LIMIT: Final = 4.0
CUSUM_K: Final = 0.5
CUSUM_H: Final = 5.0
COOL_DOWN_DAYS: Final = 7
MIN_DAILY_CASES: Final = 20
_MAD_TO_SD: Final = 1.4826
_WEEKEND: Final = (5, 6)
# a median of eight values takes part of their spread with it
_SMALL_MEDIAN: Final = math.sqrt(8.0 / 7.0)


@dataclass(frozen=True, slots=True)
class DayScore:
    """How unusual one day is, in standard deviations of its weekday.

    ``status`` is ``ok``, ``learning`` (too little history) or ``insufficient_data`` (the day was
    not covered: worth a "no data" alert, never one about a drop); ``z`` is None unless ``ok``.
    """

    z: float | None
    status: Status


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: on which day (0-based), by which rule, and which way.

    ``value`` is what crossed the rule's limit: z, the EWMA, or the cumulative sum.
    """

    day: int
    rule: Rule
    direction: Literal["up", "down"]
    value: float


@dataclass(frozen=True, slots=True)
class Ewma:
    """Exponentially weighted moving average of a series with steady-state limits."""

    ewma: tuple[float, ...]
    ucl: float
    lcl: float
    first_alarm: int | None


@dataclass(frozen=True, slots=True)
class Cusum:
    """Two one-sided cumulative sums of a standardised series; empty when ``sd`` is 0."""

    c_plus: tuple[float, ...]
    c_minus: tuple[float, ...]
    first_alarm: int | None
    status: Status


@dataclass(frozen=True, slots=True)
class RobustZ:
    """Distance of a value from the median of its history in robust standard deviations.

    ``mad`` is already scaled by 1.4826; ``z`` is None when it is 0 or there is no history.
    """

    median: float | None
    mad: float | None
    z: float | None
    status: Status


def weekday_adjusted_z(
    counts: Sequence[float | None], start_weekday: int, *, weekend: Collection[int] = _WEEKEND
) -> list[DayScore]:
    """Return how unusual each day's count is for its weekday, from the 56 days before it.

    Counts are stabilised as ``2 * sqrt(x + 3/8)``; the centre is the median of the same weekday,
    the spread that of all days of the same kind (weekend or not) around their weekday's median.

    Args:
        counts: Consecutive days, at least 0; None where not covered.
        start_weekday: Weekday of the first day, Monday = 0.
        weekend: Weekdays that are no work days.

    Returns:
        One score per day; ``learning`` below 28 days of history or four of the same weekday.

    Raises:
        ValueError: A count is negative or not finite.

    Source: Anscombe 1948, Biometrika 35:246-254 (transformation); median absolute deviation.

    >>> [score.status for score in weekday_adjusted_z([1, None], 0)]
    ['learning', 'insufficient_data']
    """
    if any(count is not None and not 0.0 <= count < math.inf for count in counts):
        raise ValueError("counts must be finite and not negative; use None without coverage")
    stable = [None if count is None else 2.0 * math.sqrt(count + 0.375) for count in counts]
    scores = []
    for day, value in enumerate(stable):
        first = max(0, day - HISTORY_DAYS)
        past = [
            ((start_weekday + place) % 7, known)
            for place, known in enumerate(stable[first:day], start=first)
            if known is not None
        ]
        scores.append(_score(value, past, (start_weekday + day) % 7, frozenset(weekend)))
    return scores


def alarms(
    z: Sequence[float | None], *, rules: tuple[Rule, ...] = ("ewma", "spike")
) -> list[Alarm]:
    """Return the alarms that a series of daily scores gives.

    Scores are clipped to -4..4 for the charts, so that one wild day alone moves them little; the
    spike rule sees them as they are. After an alarm the charts start anew and seven days stay
    quiet.

    Args:
        z: Daily scores, None where there is none (charts then stand still).
        rules: ``ewma`` (lambda 0.2, limit 3), ``spike`` (beyond 4), ``cusum`` (k 0.5, h 5).

    Returns:
        At most one alarm a day, in order of time.

    Source: Roberts 1959, Technometrics 1:239-250 (EWMA); Page 1954, Biometrika 41:100-115 (CUSUM).

    >>> [(alarm.day, alarm.rule) for alarm in alarms([0.1, -5.0, 0.2])]
    [(1, 'spike')]
    """
    found: list[Alarm] = []
    mean, up, down, quiet = 0.0, 0.0, 0.0, 0
    limit = EWMA_LIMIT * math.sqrt(EWMA_LAMBDA / (2.0 - EWMA_LAMBDA))
    for day, score in enumerate(z):
        if score is not None:
            held = min(SPIKE_LIMIT, max(-SPIKE_LIMIT, score))
            mean = EWMA_LAMBDA * held + (1.0 - EWMA_LAMBDA) * mean
            up, down = max(0.0, up + held - CUSUM_K), max(0.0, down - held - CUSUM_K)
            candidates: list[tuple[Rule, float, float]] = [
                ("spike", score, SPIKE_LIMIT),
                ("ewma", mean, limit),
                ("cusum", up if up >= down else -down, CUSUM_H),
            ]
            crossed = [
                (rule, value)
                for rule, value, edge in candidates
                if rule in rules and abs(value) > edge
            ]
            if crossed and not quiet:
                rule, value = crossed[0]
                found.append(Alarm(day, rule, "up" if value > 0 else "down", value))
                mean, up, down, quiet = 0.0, 0.0, 0.0, COOL_DOWN_DAYS + 1
        quiet = max(0, quiet - 1)
    return found


def ewma(x: Sequence[float], *, mean: float, sd: float, lam: float, limit: float) -> Ewma:
    """Return the EWMA chart of a series.

    Args:
        x: Values in order of time.
        mean: In control; the average starts there.
        sd: In control, at least 0.
        lam: Weight of the newest value, inside (0, 1].
        limit: Width of the limits in standard deviations of the average (L).

    Returns:
        ``first_alarm`` is the first position strictly outside the limits, None if there is none.

    Raises:
        ValueError: ``sd`` is negative or ``lam`` is not inside (0, 1].

    Source: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.4.

    >>> ewma([52, 47, 53], mean=50, sd=2.0539, lam=0.3, limit=3).first_alarm is None
    True
    """
    if sd < 0.0 or not 0.0 < lam <= 1.0:
        raise ValueError(f"sd must not be negative and lam inside (0, 1], got {sd} and {lam}")
    values, current = [], mean
    for value in x:
        current = lam * value + (1.0 - lam) * current
        values.append(current)
    half = limit * sd * math.sqrt(lam / (2.0 - lam))
    outside = (place for place, v in enumerate(values) if v > mean + half or v < mean - half)
    return Ewma(tuple(values), mean + half, mean - half, next(outside, None))


def cusum(x: Sequence[float], *, mean: float, sd: float, k: float, h: float) -> Cusum:
    """Return both one-sided cumulative sums of a standardised series, without any reset.

    Args:
        x: Values in order of time.
        mean: In control.
        sd: In control, at least 0.
        k: Slack, in standard deviations.
        h: Limit, in standard deviations.

    Returns:
        ``first_alarm`` is the first position where either sum exceeds ``h``; ``zero_variance``
        when ``sd`` is 0.

    Raises:
        ValueError: ``sd`` is negative.

    Source: Page 1954, Biometrika 41:100-115.

    >>> cusum([3.0, 3.0], mean=0, sd=1, k=0.5, h=4).first_alarm
    1
    """
    if sd < 0.0:
        raise ValueError(f"sd must not be negative, got {sd}")
    if sd == 0.0:
        return Cusum((), (), None, "zero_variance")
    plus, minus, up, down = [], [], 0.0, 0.0
    for value in x:
        z = (value - mean) / sd
        up, down = max(0.0, up + z - k), max(0.0, down - z - k)
        plus.append(up)
        minus.append(down)
    beyond = (place for place, pair in enumerate(zip(plus, minus, strict=True)) if max(pair) > h)
    return Cusum(tuple(plus), tuple(minus), next(beyond, None), "ok")


def robust_z(history: Sequence[float], value: float) -> RobustZ:
    """Return how far a value lies from its history in robust standard deviations.

    Args:
        history: Earlier values, in any order.
        value: The one to judge.

    Returns:
        ``insufficient_data`` without history; ``zero_variance`` when more than half of it is
        equal, where the caller applies a floor of its own.

    Source: Iglewicz & Hoaglin 1993, How to Detect and Handle Outliers.

    >>> robust_z([12, 15, 11, 14, 13, 60, 12], 13).z
    0.0
    """
    if not history:
        return RobustZ(None, None, None, "insufficient_data")
    centre, spread = float(median(history)), _scaled_mad(history)
    if spread == 0.0:
        return RobustZ(centre, 0.0, None, "zero_variance")
    return RobustZ(centre, spread, (value - centre) / spread, "ok")


def share_z(k: int, n: int, expected: float, *, dispersion: float = 1.0) -> float | None:
    """Return how far a day's share (such as accepted over decided) lies from the expected one.

    Args:
        k: Cases that count.
        n: All cases of the day.
        expected: Share in control, 0..1.
        dispersion: How much more shares vary than independent cases would, above 0.

    Returns:
        ``(k/n - expected) / sqrt(expected * (1 - expected) / n * dispersion)``; None below 20
        cases and where the expected share is 0 or 1.

    Raises:
        ValueError: ``k`` is not within 0..n, ``expected`` outside 0..1, or ``dispersion`` not
            above 0.

    Source: Shewhart's p-chart, with the over-dispersion of Laney 2002, Quality Engineering 14.

    >>> round(share_z(30, 50, 0.5), 6)
    1.414214
    """
    if not 0 <= k <= n or not 0.0 <= expected <= 1.0 or not dispersion > 0.0:
        raise ValueError(f"need 0 <= k <= n and a share, got k={k}, n={n}, expected={expected}")
    if n < MIN_DAILY_CASES or expected in {0.0, 1.0}:
        return None
    return (k / n - expected) / math.sqrt(expected * (1.0 - expected) / n * dispersion)


def spike_p(z: float) -> float:
    """Return the two-sided normal p-value of a day's score, for adjusting over many metrics.

    >>> round(spike_p(1.959964), 4)
    0.05
    """
    return math.erfc(abs(z) / math.sqrt(2.0))


def _score(
    value: float | None,
    past: list[tuple[int, float]],
    weekday: int,
    weekend: frozenset[int],
) -> DayScore:
    if value is None:
        return DayScore(None, "insufficient_data")
    by_weekday: dict[int, list[float]] = {}
    for day, known in past:
        by_weekday.setdefault(day, []).append(known)
    if len(past) < MIN_HISTORY_DAYS or len(by_weekday.get(weekday, ())) < MIN_SAME_WEEKDAY:
        return DayScore(None, "learning")
    usual = {day: median(values) for day, values in by_weekday.items()}
    alike = [known - usual[day] for day, known in past if (day in weekend) == (weekday in weekend)]
    # a count's own spread on this scale is about 1, so less than that is chance
    spread = max(1.0, _scaled_mad(alike) * _SMALL_MEDIAN)
    return DayScore((value - usual[weekday]) / spread, "ok")


def _scaled_mad(values: Sequence[float]) -> float:
    centre = median(values)
    return _MAD_TO_SD * float(median([abs(value - centre) for value in values]))
