"""Owns the family of one report: every p-value that it shows is adjusted for every other one.

Pure functions of what was tested. Source: statistics.md 1.7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prodlens.stats.multiplicity import adjust_pvalues, family_size

if TYPE_CHECKING:
    from prodlens.metrics.association import Associations, Comparison
    from prodlens.metrics.profile import Line, Profile

Place = tuple[str, str, int]


def one_family(found: Associations, profile: Profile) -> tuple[Associations, Profile]:
    """Return comparisons and a profile of one report with q-values from one family.

    What stands in both counts once. Placebo and the primary one are in no family.

    Args:
        found: The comparisons of the report.
        profile: The lags that it shows of one of them.
    """
    tests: dict[Place, tuple[float | None, float | None]] = {
        (profile.x, profile.y, line.lag_days): (line.p_value, line.rho_p)
        for line in profile.lines
        if line.role == "exploratory"
    }
    for one in found.every:
        if not one.is_primary:
            result = one.result
            values = (None, None) if result is None else (result.p_value, result.rho_adj_p)
            tests.setdefault(_place(one), values)
    p = [value for value, _ in tests.values()]
    adjusted = zip(
        adjust_pvalues(p), adjust_pvalues([rho for _, rho in tests.values()]), strict=True
    )
    q, size = dict(zip(tests, adjusted, strict=True)), family_size(p)

    def compared(one: Comparison) -> Comparison:
        values = (None, None) if one.is_primary else q[_place(one)]
        return replace(one, q=values[0], rho_q=values[1], family_size=size)

    def at(line: Line) -> Line:
        place = profile.x, profile.y, line.lag_days
        values = q[place] if line.role == "exploratory" else (None, None)
        return replace(line, q=values[0], rho_q=values[1])

    declared = None if found.declared is None else compared(found.declared)
    return (
        replace(
            found,
            comparisons=tuple(compared(one) for one in found.comparisons),
            declared=declared,
        ),
        replace(profile, lines=tuple(at(line) for line in profile.lines), family_size=size),
    )


def _place(one: Comparison) -> Place:
    return one.exposure, one.outcome, one.lag_days
