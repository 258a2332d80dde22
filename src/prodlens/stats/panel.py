"""Owns the per-developer association: the one that team-wide shocks cannot produce.

Must not touch names of people: developers are labels, results are about the group.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

from prodlens.stats.distributions import t_quantile, t_two_sided_p
from prodlens.stats.samples import (
    as_gappy,
    require_fraction,
    require_not_negative,
    require_same_length,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prodlens.stats.samples import Array, Gappy
    from prodlens.stats.status import Status

MIN_DAYS_PER_DEVELOPER: Final = 14
MIN_DEVELOPERS_OK: Final = 6
"""With fewer, no wild bootstrap p-value can fall below 0.05."""
_MAX_DEVELOPERS_EXACT: Final = 10
_LARGEST_GAP: Final = 1e-12


@dataclass(frozen=True, slots=True)
class PanelAssociation:
    """Slope of log1p(outcome) on log1p(exposure) within developers and days.

    Attributes:
        status: ``ok`` from six developers on, ``exploratory`` below; ``insufficient_data`` below
            two, ``zero_variance`` when developer and day explain the exposure or the outcome.
        beta: The slope; roughly, per cent more outcome per per cent more exposure.
        se_cr1: Its standard error, clustered by developer.
        t: Of ``n_developers - 1`` degrees of freedom; None for a residual of exactly 0.
        df: Degrees of freedom.
        p_value: Two-sided.
        ci_low: Lower end of the interval.
        ci_high: Upper end.
        p_wild: Wild cluster bootstrap p-value over all sign patterns, up to ten developers, else
            None. Cannot be below ``2 / 2**n_developers``.
        n_obs: Developer-days compared.
        n_developers: Developers compared.
        n_dropped: Developers left out because fewer than 14 of their days were covered.
    """

    status: Status
    beta: float | None
    se_cr1: float | None
    t: float | None
    df: int | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    p_wild: float | None
    n_obs: int
    n_developers: int
    n_dropped: int


@dataclass(frozen=True, slots=True)
class _Panel:
    """Paired developer-days, sorted: group and day codes from 0, and both logs."""

    group: NDArray[np.intp]
    day: NDArray[np.intp]
    x: Array
    y: Array
    n_dropped: int

    @property
    def n_groups(self) -> int:
        return int(self.group.max()) + 1 if self.group.size else 0


def panel_association(
    developer: Sequence[str],
    day: Sequence[int],
    *,
    x: Gappy,
    y: Gappy,
    lag: int,
    conf: float = 0.95,
) -> PanelAssociation:
    """Return the association of daily counts within developers, days held fixed.

    ``log1p(y[i, t + lag]) = beta * log1p(x[i, t]) + developer + outcome day``: what differs
    between people, and what happens to all on one day, is taken out.

    Args:
        developer: Label of each row, shape ``(n,)``, in any order.
        day: Day number of each row, shape ``(n,)``; one row per developer and day.
        x: Exposure count, 0 on days without activity; ``None`` or no row when not covered.
        y: Outcome count, likewise.
        lag: Days from exposure to outcome.
        conf: Confidence level.

    Returns:
        See ``PanelAssociation``.

    Raises:
        ValueError: Lengths differ, a developer has a day twice, a count is negative, ``lag`` is
            negative, or ``conf`` is not inside (0, 1).

    Source: Cameron & Miller 2015, Journal of Human Resources 50:317-372 (CR1, t with G - 1);
    Cameron, Gelbach & Miller 2008, Review of Economics and Statistics 90:414-427 (bootstrap).
    """
    require_fraction(conf, "conf")
    if lag < 0:
        raise ValueError(f"lag must not be negative, got {lag}")
    panel = _paired(developer, day, as_gappy(x, "x"), as_gappy(y, "y"), lag)
    if panel.n_groups < 2:
        return _nothing("insufficient_data", panel)
    effects = _fixed_effects(panel)
    free = panel.x.size - effects.rank - 1
    if free < 1:
        return _nothing("insufficient_data", panel)
    x_rest, y_rest = effects.rest(panel.x), effects.rest(panel.y)
    if _is_nothing(x_rest, panel.x) or _is_nothing(y_rest, panel.y):
        return _nothing("zero_variance", panel)
    return _estimate(effects, x_rest, y_rest, free, conf)


def _paired(developer: Sequence[str], day: Sequence[int], x: Array, y: Array, lag: int) -> _Panel:
    _check_rows(developer, day, x, y)
    rows = sorted(zip(developer, day, x.tolist(), y.tolist(), strict=True))
    outcome = {(who, when): after for who, when, _, after in rows if not math.isnan(after)}
    exposed = [(who, when, before) for who, when, before, _ in rows if not math.isnan(before)]
    covered = Counter(who for who, when, _ in exposed if (who, when) in outcome)
    pairs = [
        (who, when + lag, before, outcome[who, when + lag])
        for who, when, before in exposed
        if covered[who] >= MIN_DAYS_PER_DEVELOPER and (who, when + lag) in outcome
    ]
    return _Panel(
        group=_codes([pair[0] for pair in pairs]),
        day=_codes([pair[1] for pair in pairs]),
        x=np.log1p(np.array([pair[2] for pair in pairs], dtype=np.float64)),
        y=np.log1p(np.array([pair[3] for pair in pairs], dtype=np.float64)),
        n_dropped=sum(covered[who] < MIN_DAYS_PER_DEVELOPER for who in set(developer)),
    )


def _check_rows(developer: Sequence[str], day: Sequence[int], x: Array, y: Array) -> None:
    require_same_length(x, y, "x and y")
    if not len(developer) == len(day) == x.size:
        raise ValueError(
            f"developer, day, x and y must have equal length, "
            f"got {len(developer)}, {len(day)} and {x.size}"
        )
    require_not_negative(x, "x")
    require_not_negative(y, "y")
    if len(set(zip(developer, day, strict=True))) < len(day):
        raise ValueError("a developer must not have two rows for one day")


def _codes(labels: Sequence[str] | Sequence[int]) -> NDArray[np.intp]:
    if not labels:
        return np.zeros(0, dtype=np.intp)
    return np.asarray(np.unique(np.array(labels), return_inverse=True)[1], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class _FixedEffects:
    """Takes developer and day means out of a series, for balanced and unbalanced panels.

    Developers are taken out by their means; what days add to that is a small linear system, so
    that no dummy column is ever built.
    """

    panel: _Panel
    table: Array
    per_group: Array
    solve: Array
    rank: int

    def rest(self, series: Array) -> Array:
        """Return the residuals of a series; the second pass removes rounding of the first."""
        return self._once(self._once(series))

    def _once(self, series: Array) -> Array:
        group, day = self.panel.group, self.panel.day
        centred = series - (np.bincount(group, series) / self.per_group)[group]
        by_day = self.solve @ np.bincount(day, centred, minlength=self.table.shape[1])
        of_days = by_day[day] - ((self.table @ by_day) / self.per_group)[group]
        return np.asarray(centred - of_days, dtype=np.float64)


def _fixed_effects(panel: _Panel) -> _FixedEffects:
    table = np.zeros((panel.n_groups, int(panel.day.max()) + 1))
    table[panel.group, panel.day] = 1.0
    per_group = table.sum(axis=1)
    normal = np.diag(table.sum(axis=0)) - table.T @ (table / per_group[:, None])
    values, vectors = np.linalg.eigh(normal)
    used = values > 1e-9 * max(1.0, float(values.max()))
    solve = (vectors[:, used] / values[used]) @ vectors[:, used].T
    return _FixedEffects(panel, table, per_group, solve, panel.n_groups + int(used.sum()))


def _is_nothing(rest: Array, original: Array) -> bool:
    return float(rest @ rest) <= _LARGEST_GAP * max(1.0, float(original @ original))


def _estimate(
    effects: _FixedEffects, x: Array, y: Array, free: int, conf: float
) -> PanelAssociation:
    panel = effects.panel
    groups, n = panel.n_groups, panel.x.size
    weight = float(x @ x)
    beta = float(x @ y) / weight
    scores = np.bincount(panel.group, x * (y - beta * x))
    correction = groups / (groups - 1.0) * (n - 1.0) / free
    se = math.sqrt(correction * float(scores @ scores)) / weight
    exact = _is_nothing(y - beta * x, y)
    df = groups - 1
    t = math.copysign(math.inf, beta) if exact or se == 0.0 else beta / se
    half = t_quantile(0.5 + conf / 2.0, df) * se
    return PanelAssociation(
        status="ok" if groups >= MIN_DEVELOPERS_OK else "exploratory",
        beta=beta,
        se_cr1=se,
        t=None if math.isinf(t) else t,
        df=df,
        p_value=t_two_sided_p(t, df),
        ci_low=beta - half,
        ci_high=beta + half,
        p_wild=None if math.isinf(t) else _wild_p(effects, x, y),
        n_obs=n,
        n_developers=groups,
        n_dropped=panel.n_dropped,
    )


def _wild_p(effects: _FixedEffects, x: Array, y: Array) -> float | None:
    """Return the share of sign patterns whose t is at least as large as the observed one.

    With the null imposed, the residuals of a developer change sign together; all ``2**G``
    patterns are tried. Only sums over developers enter, so each pattern costs G squared.
    """
    panel = effects.panel
    groups = panel.n_groups
    if groups > _MAX_DEVELOPERS_EXACT:
        return None
    alone = [effects.rest(np.where(panel.group == one, y, 0.0)) for one in range(groups)]
    # row: whose scores; column: whose residuals they come from
    products = np.column_stack([np.bincount(panel.group, x * part) for part in alone])
    weights = np.bincount(panel.group, x * x)
    signs = np.array(list(product((1.0, -1.0), repeat=groups)))
    scores = signs @ products.T
    betas = scores.sum(axis=1) / weights.sum()
    scores = scores - betas[:, None] * weights
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = betas**2 / (scores**2).sum(axis=1)
    return float(np.mean(np.nan_to_num(squared, nan=0.0) >= squared[0] * (1.0 - 1e-9)))


def _nothing(status: Status, panel: _Panel) -> PanelAssociation:
    return PanelAssociation(
        status=status,
        beta=None,
        se_cr1=None,
        t=None,
        df=None,
        p_value=None,
        ci_low=None,
        ci_high=None,
        p_wild=None,
        n_obs=int(panel.x.size),
        n_developers=panel.n_groups,
        n_dropped=panel.n_dropped,
    )
