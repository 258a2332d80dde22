"""Owns the one rule of what is confirmed: declared beforehand, over its whole window, at its end.

Everything else explores. `report` and `correlate` both ask here. Reads no data, computes no
statistic. Source: statistics.md 1.7, 8.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from prodlens.clock import local_start
from prodlens.metrics.working_sessions import IDLE_MINUTES
from prodlens.selection import Selection

if TYPE_CHECKING:
    from datetime import date, datetime

    from prodlens.metrics.calendar import Days

MIN_COVERAGE: Final = 0.9
"""Share of the declared window's days that both series must know."""

Declaration = Literal["none", "confirmatory", "other_window", "not_due", "data_short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The one comparison that was declared before anybody looked.

    Attributes:
        x: Slug of the exposure.
        y: Slug of the outcome.
        lag_days: Days from exposure to outcome.
        since: First day of its window.
        until: Day after its last one.
        repo: Repository; None is all of them.
    """

    x: str
    y: str
    lag_days: int
    since: date
    until: date
    repo: str | None = None

    def is_about(self, pair: tuple[str, str], selection: Selection) -> bool:
        """Return whether it is about these series of that repository, at whatever lag and time."""
        repositories = () if self.repo is None else (self.repo,)
        if selection.traffic:
            return False  # what was declared is about all traffic
        return (self.x, self.y) == pair and selection.repositories == repositories


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked for besides the series; decides what is confirmed and what is set aside.

    Attributes:
        selection: The slice; it decides whether this is the declared window.
        now: The present instant, aware UTC; None is long after any window.
        nonworking_days: Holidays and shutdowns that are set aside.
        declared: The comparison that was declared beforehand.
        idle_minutes: Minutes without a call that end a working session.
    """

    selection: Selection = field(default_factory=Selection)
    now: datetime | None = None
    nonworking_days: tuple[date, ...] = ()
    declared: Declared | None = None
    idle_minutes: int = IDLE_MINUTES

    @property
    def repo(self) -> str | None:
        """Repository; None is all of them."""
        return self.selection.repositories[0] if self.selection.repositories else None

    def about(self, pair: tuple[str, str]) -> Declared | None:
        """Return the declared comparison when it is about these two series, else None."""
        said = self.declared
        return said if said is not None and said.is_about(pair, self.selection) else None

    def declaration(self, pair: tuple[str, str], days: Days, known: int) -> Declaration:
        """Return what becomes of the declaration for a pair.

        Args:
            pair: Slugs of exposure and outcome.
            days: First to last day that is compared.
            known: Days of them on which both series are known.
        """
        declared = self.about(pair)
        if declared is None:
            return "none"
        zone = self.selection.zone
        window = (local_start(declared.since, zone), local_start(declared.until, zone))
        if (self.selection.since, self.selection.until) != window:
            return "other_window"
        if self.now is not None and self.now < window[1]:
            return "not_due"
        length = (declared.until - declared.since).days
        to_the_end = (declared.until - days.last).days <= 1
        return "confirmatory" if to_the_end and known >= MIN_COVERAGE * length else "data_short"
