"""The catalogue's entries about pull requests that carry a sign of AI assistance; no data.

Every one of them is a lower bound, and a comparison of those with and without a sign says nothing
of causes: who uses assistants, and for what, differs.
Source: statistics.md section 7; github.md 1.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.metric import Better, Family, Need, entry
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.metrics.metric import Metric

_LOWER_BOUND: Final = "A lower bound: one without a sign may be assisted too."
_SIGNS: Final = (
    "A sign is a session that a commit message names, the transcript of a session that made it, a "
    "label from the list in the settings, or a co-author, tool or author of a commit that is an "
    "assistant."
)
_NO_CAUSE: Final = (
    "Those without a sign are not 'without AI', and authors and work differ: a difference is an "
    "association, no effect."
)


def _linked(slug: str, title: str, unit: Unit, definition: str) -> Metric:
    needs = (Need.PULL_REQUESTS, Need.COMMITS)
    return entry(slug, title, unit, *needs, family=Family.DELIVERY, definition=definition)


def _both(slugs: tuple[str, str], title: str, unit: Unit, definition: str) -> Iterator[Metric]:
    """Give the entries of a metric over those with and those without a sign."""
    for slug, name, which in zip(
        slugs, ("AI-linked", "not linked"), ("with", "without"), strict=True
    ):
        text = f"{definition.format(which=which)} {_NO_CAUSE}"
        yield entry(
            slug,
            f"{title}, {name}",
            unit,
            *(Need.PULL_REQUESTS, Need.COMMITS),
            family=Family.DELIVERY,
            better=Better.NEITHER if unit is Unit.LINES else Better.DOWN,
            definition=text,
        )


LINKED: Final[tuple[Metric, ...]] = (
    _linked(
        "ai_linked_prs",
        "AI-linked merged ones, at least",
        Unit.COUNT,
        f"Pull requests merged in the window that carry a sign of AI assistance. {_SIGNS} "
        f"{_LOWER_BOUND} Pull requests that programs opened are in no metric.",
    ),
    _linked(
        "ai_linked_pr_share",
        "AI-linked share, at least",
        Unit.SHARE,
        f"The same divided by all pull requests merged in the window. {_LOWER_BOUND}",
    ),
    _linked(
        "ai_linked_by_session_trailer",
        "AI-linked by session trailer",
        Unit.COUNT,
        "Pull requests merged in the window of which a commit message names a session "
        f"(`Claude-Session:`). {_LOWER_BOUND}",
    ),
    _linked(
        "ai_linked_by_transcript",
        "AI-linked by transcript",
        Unit.COUNT,
        "Pull requests merged in the window that, or a commit of which, the transcript of a "
        f"session says it made. {_LOWER_BOUND}",
    ),
    _linked(
        "ai_linked_by_label",
        "AI-linked by label",
        Unit.COUNT,
        "Pull requests merged in the window with a label that `report.ai_labels` names (globs, in "
        f"any case). {_LOWER_BOUND}",
    ),
    _linked(
        "ai_linked_by_co_author",
        "AI-linked by co-author",
        Unit.COUNT,
        "Pull requests merged in the window with a commit that names an assistant as co-author or "
        f"as its tool, or that is by one. {_LOWER_BOUND}",
    ),
    *_both(
        ("pr_merge_time_ai_linked_hours", "pr_merge_time_not_linked_hours"),
        "Time to merge, median",
        Unit.DURATION_HOURS,
        "Median hours from creation to merge of the pull requests merged in the window {which} a "
        "sign of AI assistance.",
    ),
    *_both(
        ("pr_size_ai_linked_lines", "pr_size_not_linked_lines"),
        "Size, median",
        Unit.LINES,
        "Median lines added and removed by the pull requests merged in the window {which} a sign "
        "of AI assistance, as far as their size is known.",
    ),
    *_both(
        ("rework_rate_ai_linked", "rework_rate_not_linked"),
        "Reopened in 21 days",
        Unit.SHARE,
        "Of the pull requests first closed in the window {which} a sign of AI assistance, the "
        "share reopened within 21 days of that close; counted as the rate of all.",
    ),
    *_both(
        ("revert_rate_ai_linked", "revert_rate_not_linked"),
        "Reverted in 21 days",
        Unit.SHARE,
        "Of the pull requests merged in the window {which} a sign of AI assistance, the share "
        "reverted within 21 days; counted as the rate of all.",
    ),
)
"""Every entry about signs of AI assistance, in the order in which they are shown."""
