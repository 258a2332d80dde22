"""Owns the one rule of what is primary, and of what is confirmed.

One comparison is primary and stands outside the family: the declared one, over its whole window and
at its end, which makes it confirmatory; or, where nothing is declared, the one that is primary by
default, which confirms nothing. All others explore. `report` and `correlate` both ask here. Reads
no data, computes no statistic. Source: statistics.md 1.7, 8.2.
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

DEFAULT_PRIMARY: Final = ("sessions", "commits", 1)
"""Use, delivery and lag that are primary where nothing is declared: named before any data."""

Declaration = Literal["none", "confirmatory", "other_window", "not_due", "data_short"]
Standing = Literal["exploratory", "primary", "confirmatory"]


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
        if selection.traffic or selection.models:
            return False  # what was declared is about all calls
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
        statistics: Whether associations, effect sizes and the intervals that take a numerical
            library are computed.
    """

    selection: Selection = field(default_factory=Selection)
    now: datetime | None = None
    nonworking_days: tuple[date, ...] = ()
    declared: Declared | None = None
    idle_minutes: int = IDLE_MINUTES
    statistics: bool = True

    @property
    def repo(self) -> str | None:
        """Repository; None is all of them."""
        return self.selection.repositories[0] if self.selection.repositories else None

    @property
    def scope(self) -> str:
        """Repository, and what else narrows the calls, in words for a cache; '' is everything."""
        selection = self.selection
        narrow = {"model": selection.models, "traffic": selection.traffic}
        words = (f"{name}={','.join(sorted(kept))}" for name, kept in narrow.items() if kept)
        return ";".join((self.repo or "", *words))

    def about(self, pair: tuple[str, str]) -> Declared | None:
        """Return the declared comparison when it is about these two series, else None."""
        said = self.declared
        return said if said is not None and said.is_about(pair, self.selection) else None

    def standing(
        self, pair: tuple[str, str], lag_days: int, declaration: Declaration = "none"
    ) -> Standing:
        """Return how a comparison stands to the family: in it, or outside as the primary one.

        A declaration takes the place of the default, also where it is about something else: there
        is one primary comparison, and one that is not due yet explores.

        Args:
            pair: Slugs of exposure and outcome.
            lag_days: Days from exposure to outcome.
            declaration: What became of the declaration for the pair.
        """
        said = self.declared
        if said is None:
            whole = not (self.selection.traffic or self.selection.models)
            return "primary" if whole and (*pair, lag_days) == DEFAULT_PRIMARY else "exploratory"
        due = declaration == "confirmatory" and said.lag_days == lag_days
        return "confirmatory" if due else "exploratory"

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
