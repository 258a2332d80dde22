"""The catalogue's entries about deliveries: pull requests and commits; no data.

Everything here counts what people deliver: programs' commits and pull requests are left out.
Source: statistics.md section 7, github.md 1.5 to 1.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.linking_entries import LINKED
from prodlens.metrics.metric import Better, Family, Need, entry
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from prodlens.metrics.metric import Metric

FOLLOW_UP_DAYS: Final = 21
"""Days in which a close may be taken back, or a merge reverted, to count as rework."""

_PULL_REQUESTS: Final = (
    entry(
        "merged_prs",
        "Merged pull requests",
        Unit.COUNT,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.UP,
        definition="Pull requests merged in the window. From git alone it is a lower bound: only "
        "those that a commit message names.",
    ),
    entry(
        "merged_prs_per_week",
        "Merged pull requests per week",
        Unit.PER_WEEK,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.UP,
        definition="Merged pull requests divided by the weeks of the window, which are taken as "
        "at least one; time after the last sync is no part of it. The interval is the exact "
        "Poisson interval of the count.",
    ),
    entry(
        "pr_merge_time_hours",
        "Time to merge, median",
        Unit.DURATION_HOURS,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.DOWN,
        definition="Median hours from creation to merge of the pull requests merged in the window "
        "whose creation is known; from git alone it never is. Negative times are dropped and "
        "counted. Pull requests still open are not in it.",
    ),
    entry(
        "pr_merge_time_mean_hours",
        "Time to merge, mean",
        Unit.DURATION_HOURS,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.DOWN,
        definition="Mean of the same hours; a few long ones move it far.",
    ),
    entry(
        "pr_merge_time_p75_hours",
        "Time to merge, 75th percentile",
        Unit.DURATION_HOURS,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.DOWN,
        definition="75th percentile of the same hours, with linear interpolation.",
    ),
    entry(
        "pr_merge_time_with_open_hours",
        "Time to merge, median, open ones too",
        Unit.DURATION_HOURS,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.DOWN,
        definition="Median hours from creation to merge of the pull requests opened in the window, "
        "by the Kaplan-Meier estimate: those still open, or closed without a merge, count for as "
        "long as they were seen. Given when more than 20% of them are open, because the plain "
        "median then leaves out the slow ones.",
    ),
    entry(
        "pr_first_review_hours",
        "Time to first review, median",
        Unit.DURATION_HOURS,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.DOWN,
        definition="Median hours from creation to the first review of the pull requests merged in "
        "the window that are known to have one. Those without a review, and those of which it "
        "isn't known, are not in it.",
    ),
    entry(
        "pr_size_lines",
        "Size, median",
        Unit.LINES,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        definition="Median lines added and removed by the pull requests merged in the window whose "
        "size is known.",
    ),
    entry(
        "reopened_prs",
        "Reopened pull requests",
        Unit.COUNT,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.DOWN,
        definition="Pull requests reopened in the window. A merged pull request can't be reopened.",
    ),
    entry(
        "rework_rate",
        "Closed ones reopened within 21 days",
        Unit.SHARE,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.DOWN,
        definition="Of the pull requests first closed in the window, with or without a merge, the "
        "share reopened within 21 days of that close. Those whose 21 days were not over at the "
        "last sync are left out and counted.",
    ),
    entry(
        "revert_rate",
        "Merged ones reverted within 21 days",
        Unit.SHARE,
        Need.PULL_REQUESTS,
        family=Family.DELIVERY,
        better=Better.DOWN,
        definition="Of the pull requests merged in the window, the share that a commit or a merged "
        "pull request reverted within 21 days, as its message or title says. Those whose 21 days "
        "were not over at the last sync are left out and counted.",
    ),
)

_COMMITS: Final = (
    entry(
        "commits",
        "Commits",
        Unit.COUNT,
        Need.COMMITS,
        family=Family.DELIVERY,
        definition="Distinct commits that landed on the default branch in the window; merge "
        "commits and commits of programs left out.",
    ),
    entry(
        "commits_per_calendar_day",
        "Commits per calendar day",
        Unit.PER_DAY,
        Need.COMMITS,
        family=Family.DELIVERY,
        definition="Commits divided by the days of the window, weekends included.",
    ),
    entry(
        "commits_per_active_day",
        "Commits per day with commits",
        Unit.PER_DAY,
        Need.COMMITS,
        family=Family.DELIVERY,
        definition="Commits divided by the UTC days with at least one.",
    ),
    entry(
        "commits_per_developer_active_day",
        "Commits per active developer-day",
        Unit.PER_DAY,
        Need.COMMITS,
        family=Family.DELIVERY,
        definition="Commits divided by the distinct pairs of author and UTC day with at least one.",
    ),
    entry(
        "ai_signed_commit_share",
        "Commits signed by an assistant, at least",
        Unit.SHARE,
        Need.COMMITS,
        family=Family.DELIVERY,
        definition="Of the commits whose message was read, those of programs included and merge "
        "commits left out, the share that an assistant signed as author: a trailer, or the author "
        "itself. A lower bound: a commit without a sign may be assisted too.",
    ),
)

DELIVERY: Final[tuple[Metric, ...]] = (*_PULL_REQUESTS, *_COMMITS, *LINKED)
"""Every entry about deliveries, in the order in which they are shown."""
