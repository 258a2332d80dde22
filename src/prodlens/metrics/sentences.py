"""What may be said about one comparison of a report: the templates of a lag profile's lines.

So that `report` and `correlate` say the same of the same comparison. Computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.daily_metrics import NAMES
from prodlens.metrics.profile import Line, Profile
from prodlens.metrics.profile_sentences import about_asking, line_sentence
from prodlens.metrics.wording import CAVEAT, probability, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.metrics.association import Comparison

__all__ = ["CAVEAT", "NAMES", "probability", "sentence", "signed", "standing"]

_STATUS: Final = {"no_calls": "no_x", "no_delivery_data": "no_y"}
"""Status of a comparison without a result -> that of a line."""


def sentence(comparison: Comparison) -> str:
    """Return what may be said about a comparison, its caveat included."""
    line, profile = _as_line(comparison)
    return line_sentence(profile, line)


def standing(comparison: Comparison) -> Iterator[str]:
    """Yield what must be known of how a comparison was asked for: its declaration, its looks."""
    _, profile = _as_line(comparison)
    yield from about_asking(profile)


def _as_line(comparison: Comparison) -> tuple[Line, Profile]:
    result = comparison.result
    status = _STATUS.get(comparison.status, comparison.status)
    line = Line(
        lag_days=comparison.lag_days,
        role=comparison.standing,
        status=status,
    )
    profile = Profile(
        x=comparison.exposure,
        y=comparison.outcome,
        days=comparison.days,
        days_in_window=comparison.days_in_window,
        days_covered=comparison.days_covered,
        family_size=comparison.family_size,
        declaration=comparison.declaration,
        declared=comparison.declared,
        looks=comparison.looks,
    )
    if result is None:
        return line, profile
    from dataclasses import replace

    line = replace(
        line,
        n_pairs=result.n_pairs,
        r=result.r,
        p_value=result.p_value,
        ci_low=result.ci_low,
        ci_high=result.ci_high,
        n_eff=result.n_eff,
        r_mde80=result.r_mde80,
        q=comparison.q,
    )
    return line, replace(profile, days_active=(result.n_positive_x, result.n_positive_y))
