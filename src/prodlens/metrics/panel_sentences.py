"""Owns the sentences about an association within developers: templates by status, interval and q.

Names nobody, says nothing about groups below five people. Computes nothing but the words of a
slope. Source: statistics.md 1.9, 3, 8.10.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from prodlens.metrics.daily_metrics import NAMES
from prodlens.metrics.panel import FEWEST_PEOPLE
from prodlens.metrics.profile import Q
from prodlens.metrics.wording import after, between, probability, signed, tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.metrics.panel import Panel, PanelLine

CAVEAT: Final = "An association within developers, not an effect of AI."
_RIVALS: Final = (
    "What would change it: what moves a single developer's use and deliveries alike, such as a "
    "short day or the kind of task"
)
_LINKED: Final = 0.9


def line_sentence(panel: Panel, line: PanelLine) -> str:
    """Return what may be said about one lag."""
    if not line.is_tested:
        return _nothing(panel, line)
    prefix = "Exploratory, fewer than 6 developers: " if line.status == "exploratory" else ""
    x, y = NAMES[panel.x], NAMES[panel.y]
    when = after(line.lag_days)
    if line.lag_days < 0:
        return (
            f"{prefix}Placebo ({y} {when}, {x} after it): {_estimate(line)}, {_basis(panel, line)}, "
            f"outside the family of {tests(panel.family_size)}. What would change it: more days."
        )
    if not line.excludes_zero:
        return (
            f"{prefix}{_basis(panel, line)}: the estimate, {_estimate(line)}, neither shows nor "
            f"excludes an association of {x} with {y} {when} ({_family(panel, line)}). What would "
            "change it: more days or more developers, which narrow the interval."
        )
    if not line.is_finding:
        return (
            f"{prefix}{x} and {y} {when}: {_estimate(line)}, {_basis(panel, line)}, but not after "
            f"allowing for the number of tests ({_family(panel, line)}). What would change it: "
            "more days or more developers."
        )
    direction = "more" if (line.beta or 0.0) > 0 else "fewer"
    return (
        f"{prefix}On days on which a developer has more {x} than usual for them, compared with "
        f"everybody on that day, they have {direction} {y} {when} ({_estimate(line)}, "
        f"{_basis(panel, line)}; {_family(panel, line)}). {CAVEAT} {_RIVALS}, or other data: it was "
        "found by looking."
    )


def headline(panel: Panel) -> PanelLine | None:
    """Return the line that a page speaks of: the finding of smallest q, else lag 1."""
    found = [line for line in panel.lines if line.is_finding]
    if found:
        return min(found, key=lambda line: (line.q or 0.0, line.p_value or 0.0))
    ahead = [line for line in panel.lines if line.lag_days >= 0]
    return next((line for line in ahead if line.lag_days == 1), ahead[0] if ahead else None)


def remarks(panel: Panel) -> Iterator[str]:
    """Yield what must be known besides the lines."""
    few = [line for line in panel.lines if line.p_wild is not None]
    if few:
        yield (
            f"With {few[0].n_developers} developers each line counts only where the wild bootstrap, "
            "which tries every pattern of signs, agrees with its interval."
        )
    if panel.unnamed_share is not None:
        yield unnamed(panel.x, panel.unnamed_share)
    linked = panel.linked_share
    if linked is not None and linked < _LINKED:
        yield (
            f"Only {linked:.0%} of the {NAMES[panel.y]} belong to somebody whose calls are known; "
            "prod-lens developer list shows who is who."
        )


def unnamed(metric: str, share: float) -> str:
    """Return what of a use belongs to nobody known, for every table about people."""
    if share == 0.0:
        return f"All {NAMES[metric]} name their developer."
    return f"{share:.1%} of the {NAMES[metric]} name no developer and count for nobody."


def summary(panel: Panel) -> str:
    """Return the line below a panel: how the family came out."""
    passed = sum(line.is_finding for line in panel.lines)
    verb = "passes" if passed == 1 else "pass"
    return (
        f"{passed} of {tests(panel.family_size)} {verb} BH at q {Q:.2f}. Developer and day held "
        "fixed, clustered by developer. Association, not cause."
    )


def per_doubling(beta: float) -> float:
    """Return a slope of logs as per cent more outcome for twice the exposure.

    >>> round(per_doubling(0.2), 1)
    14.9
    """
    return 100.0 * math.expm1(beta * math.log(2.0))


def _estimate(line: PanelLine) -> str:
    low, high = line.ci_low or 0.0, line.ci_high or 0.0
    return f"slope {signed(line.beta or 0.0)}, 95% interval {signed(low)} to {signed(high)}"


def _basis(panel: Panel, line: PanelLine) -> str:
    span = "" if panel.days is None else f", {between(panel.days)}"
    return f"{line.n_obs:,} days of {line.n_developers} developers{span}"


def _family(panel: Panel, line: PanelLine) -> str:
    family = f"in a family of {tests(panel.family_size)}"
    wild = "" if line.p_wild is None else f"wild bootstrap p {probability(line.p_wild)}, "
    return f"{wild}q {probability(line.q or 1.0)} {family}"


def _nothing(panel: Panel, line: PanelLine) -> str:
    x, y = NAMES[panel.x], NAMES[panel.y]
    if line.status in {"no_x", "no_y"}:
        return f"Not enough data: no {x if line.status == 'no_x' else y} are known for this window."
    reasons = {
        "no_shared_days": f"{x} and {y} are known on no day together",
        "not_by_person": "who is behind each count is not known for one of these metrics",
        "not_linked": (
            f"none of the {y} belong to somebody whose calls are known (prod-lens developer list "
            "shows who is who)"
        ),
        "too_few_people": (
            f"it takes {FEWEST_PEOPLE} developers who were there on 14 days; below that nothing "
            "about single people is shown"
        ),
        "zero_variance": "once developer and day are taken out, nothing varies",
    }
    window = "" if panel.days is None else f" ({between(panel.days)})"
    why = reasons.get(line.status, "too few days on which developers can be compared")
    return f"Not enough data{window}: {why}."
