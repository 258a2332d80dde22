"""Owns how many days it takes until a lag association would show, and what today's days can show.

Plans for a correlation that is named beforehand; the one that was observed is never planned with.
Reads no data. Source: statistics.md 1.6, 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prodlens.metrics.wording import after, days

LONGEST_LAG: Final = 14
FEWEST_DAYS: Final = 14
"""Below it no method gives an interval."""
_FULL_DAYS: Final = 28
_LONGEST_DAYS: Final = 36_525
_DAYS_PER_KNOT: Final = 21
_WEEKDAYS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a number of days can show, and how many it takes.

    Attributes:
        r: Correlation that should show with 80 % power.
        lag_days: Days from exposure to outcome.
        present: Days there are.
        worth: Share of the paired days that they are worth after autocorrelation; None where it
            is not known, and days are taken as independent.
        needed: Days in all, were they independent; None where no number of days is enough.
        needed_worth: Days in all at `worth`; None likewise, and when that is not known.
        detectable: Smallest `|r|` that the present days show with 80 % power; None below 28 days.
    """

    r: float
    lag_days: int
    present: int
    worth: float | None = None
    needed: int | None = None
    needed_worth: int | None = None
    detectable: float | None = None

    @property
    def total(self) -> int | None:
        """The number of days to plan with."""
        return self.needed if self.worth is None else self.needed_worth

    @property
    def more(self) -> int | None:
        """Days that are missing; 0 when there are enough, None when no number is enough."""
        return None if self.total is None else max(self.total - self.present, 0)

    def sentence(self) -> str:
        """Return the plan in words."""
        what = f"a lag correlation of {self.r:.2f} {after(self.lag_days)}"
        if self.lag_days > LONGEST_LAG:
            return f"No number of days shows {what}: {LONGEST_LAG} days are the longest lag."
        if self.total is None or self.more is None:
            return f"No number of days shows {what} four times out of five."
        basis = f"{days(self.present)} known on both sides"
        worth = "" if self.worth is None else f", each worth {self.worth:.2f} after autocorrelation"
        if not self.more:
            return f"Enough days for {what}: {self.total:,} are needed, there are {basis}{worth}."
        word = "day" if self.more == 1 else "days"
        return (
            f"{self.more:,} more {word} until {what} would show four times out of five: "
            f"{self.total:,} are needed, there are {basis}{worth}."
        )


def plan(r: float, *, lag: int, present: int, worth: float | None = None) -> Plan:
    """Return what the present days can show, and how many it takes.

    Args:
        r: Correlation between -1 and 1, neither included, not 0.
        lag: Days from exposure to outcome.
        present: Days there are.
        worth: Effective over paired days, above 0 and at most 1; None is not known.
    """
    from prodlens.stats.power import days_needed, detectable_r

    pairs = max(present - lag, 0) * (worth or 1.0)
    controls = max(1, present // _DAYS_PER_KNOT) + _WEEKDAYS + 1
    enough = present >= max(_FULL_DAYS, 4 * lag) and lag <= LONGEST_LAG
    return Plan(
        r=r,
        lag_days=lag,
        present=present,
        worth=worth,
        needed=days_needed(r, lag=lag),
        needed_worth=None if worth is None else days_for(r, lag=lag, worth=worth),
        detectable=detectable_r(pairs, controls=controls) if enough else None,
    )


def days_for(r: float, *, lag: int, worth: float) -> int | None:
    """Return the shortest window that shows a correlation when days are worth less than one each.

    Args:
        r: Correlation between -1 and 1, neither included.
        lag: Days from exposure to outcome, 0 or more.
        worth: Effective over paired days, above 0 and at most 1.

    Returns:
        Days; None for `r` = 0, a lag beyond 14 days, and where a century is not enough.

    Source: as `prodlens.stats.power.days_needed`, with the effective number of pairs.

    >>> days_for(0.4, lag=1, worth=1.0), days_for(0.4, lag=1, worth=0.75)
    (57, 77)
    """
    from prodlens.stats.power import pairs_for_r

    pairs = pairs_for_r(r)
    if pairs is None or lag > LONGEST_LAG:
        return None
    for count in range(max(_FULL_DAYS, 4 * lag), _LONGEST_DAYS):
        controls = max(1, count // _DAYS_PER_KNOT) + _WEEKDAYS + 1
        if (count - lag) * worth - controls >= pairs:
            return count
    return None
