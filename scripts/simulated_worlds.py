"""Worlds whose truth is known, the rows of the table about them, and the limit of each row.

Shared by `simulate.py` and `simulated_checks.py`; asks nothing of ProdLens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

ALPHA: Final = 0.05
SD: Final = 0.5
BURN: Final = 60


@dataclass(frozen=True)
class World:
    """How two daily series come about: log-normal first-order autoregressions, Poisson counts.

    Attributes:
        days: Length.
        memory: Autocorrelation of the log-intensities from one day to the next.
        link: Correlation of the outcome's shocks with those of the exposure the day before.
        week: Whether weekends are quiet.
        means: Mean counts of a work day.
        trend: Spread of random log slopes over the window.
        rollout: Shape of a growth that both share; empty for none.
    """

    days: int
    memory: float = 0.5
    link: float = 0.0
    week: bool = True
    means: tuple[float, float] = (12.0, 5.0)
    trend: float = 0.0
    rollout: str = ""

    def draw(self, dice: np.random.Generator) -> tuple[Counts, Counts, int]:
        """Return exposure, outcome one day later, and the weekday of the first day."""
        shocks = dice.normal(size=(2, self.days + BURN))
        shocks[1] = self.link * shocks[0] + math.sqrt(1 - self.link**2) * shocks[1]
        latent = np.zeros_like(shocks)
        noise = math.sqrt(1 - self.memory**2)
        for day in range(1, self.days + BURN):
            latent[:, day] = self.memory * latent[:, day - 1] + noise * shocks[:, day]
        start = int(dice.integers(7))
        weekend = ((start + np.arange(self.days)) % 7 >= 5) & self.week
        growth = self._growth(dice)
        series = [
            dice.poisson(
                self.means[side]
                * np.where(weekend, (0.12, 0.08)[side], 1.0)
                * np.exp(SD * latent[side, BURN - side : BURN - side + self.days] + growth[side])
            )
            for side in (0, 1)
        ]
        return series[0], series[1], start

    def _growth(self, dice: np.random.Generator) -> NDArray[np.float64]:
        place = np.linspace(-0.5, 0.5, self.days)
        slopes = self.trend * dice.normal(size=(2, 1)) * place
        if not self.rollout:
            return slopes
        centre = dice.uniform(-0.2, 0.2)
        shape = {
            "linear": place,
            "S-curve": 1 / (1 + np.exp(-12 * (place - centre))),
            "step": (place > centre).astype(np.float64),
        }[self.rollout]
        return slopes + np.array([[1.4], [0.7]]) * shape


NULL_WORLDS: Final = {
    "iid": {"memory": 0.0, "week": False},
    "AR .5": {"week": False},
    "AR .8": {"memory": 0.8, "week": False},
    "week": {"memory": 0.0},
    "week AR .5": {},
    "week AR .8": {"memory": 0.8},
    "week AR .95": {"memory": 0.95},
    "week AR .5 trend": {"trend": 1.0},
    "sparse week AR .5": {"means": (3.0, 1.2)},
}


@dataclass(frozen=True)
class Row:
    """One printed row; `fails` says whether its gate failed."""

    part: str
    what: str
    share: float
    of: int
    beside: str = ""
    fails: bool = False

    def text(self) -> str:
        """Return the row as a table line."""
        mark = "  FAILS" if self.fails else ""
        return f"{self.part:<9} {self.what:<44} {100 * self.share:5.1f} %  of {self.of:<6}{self.beside}{mark}".rstrip()


def ceiling(count: int, nominal: float = ALPHA) -> float:
    """Return the largest share that chance and half a point explain (statistics.md 9)."""
    return nominal + 3 * math.sqrt(nominal * (1 - nominal) / max(count, 1)) + 0.005


def share_of(flags: list[bool]) -> float:
    """Return the share of flags that are set; 0 of none."""
    return sum(flags) / max(len(flags), 1)


def is_found(p: float | None) -> bool:
    """Return whether a p-value, where there is one, is below the nominal rate."""
    return p is not None and p < ALPHA
