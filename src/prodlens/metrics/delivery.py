"""Measures of deliveries: merged pull requests, time to merge, rework, commits; pure functions.

No store, no SQL, no formatting. Definitions: `prodlens.metrics.delivery_entries`.
Source: statistics.md section 7.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from prodlens.metrics import followup
from prodlens.metrics.measuring import coverage, known_for, quantile, ratio, share
from prodlens.metrics.values import MetricValue, Unit
from prodlens.stats.rates import poisson_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prodlens.metrics.delivery_inputs import DeliveryInputs
    from prodlens.metrics.followup import FollowUp
    from prodlens.metrics.inputs import MetricInputs
    from prodlens.storage.delivery_readings import PullRequest

_HOUR: Final = timedelta(hours=1)
_MANY_OPEN: Final = 0.2
_NO_DELIVERIES: Final = "no deliveries are known"
_NO_REQUESTS: Final = "no pull requests are known"
_NO_COMMITS: Final = "no commits are known"
_OUTSIDE: Final = "deliveries of this window are not known"
_NONE_MERGED: Final = "no pull request was merged"
_FROM_GIT: Final = "at least: from git alone, only those that a commit message names"
_GIT_CANT_SAY: Final = "git alone doesn't say when they were opened"


def why_no_requests(inputs: DeliveryInputs) -> str | None:
    """Return why nothing can be said about pull requests of the window; None when it can."""
    return _why(inputs, _NO_REQUESTS, any(state.requests_known for state in inputs.states))


def why_no_commits(inputs: DeliveryInputs) -> str | None:
    """Return why nothing can be said about commits of the window; None when it can."""
    return _why(inputs, _NO_COMMITS, any(state.commits_known for state in inputs.states))


def _why(inputs: DeliveryInputs, reason: str, known: bool) -> str | None:  # noqa: FBT001 - internal
    if not inputs.states:
        return _NO_DELIVERIES
    if not known:
        return reason
    if inputs.start is None or inputs.end is None:
        return _OUTSIDE
    if (span := inputs.span) is None:
        return None
    return _OUTSIDE if inputs.end <= span[0] or inputs.start > span[1] else None


def merged_prs(inputs: MetricInputs) -> MetricValue:
    """Return the pull requests merged in the window; 0 is a value."""
    given = inputs.delivery
    if reason := why_no_requests(given):
        return MetricValue(value=None, unit=Unit.COUNT, n=0, note=reason)
    count = len(given.merged)
    return MetricValue(value=count, unit=Unit.COUNT, n=count, note=_lower_bound(given))


def merged_prs_per_week(inputs: MetricInputs) -> MetricValue:
    """Return merged pull requests per week of the window, with an exact Poisson interval."""
    given = inputs.delivery
    if reason := why_no_requests(given):
        return MetricValue(value=None, unit=Unit.PER_WEEK, n=0, note=reason)
    count = len(given.merged)
    found = poisson_rate(count, given.weeks)
    ends = found.ci_low, found.ci_high
    return MetricValue(
        value=found.rate,
        unit=Unit.PER_WEEK,
        n=count,
        interval=None if ends[0] is None or ends[1] is None else (ends[0], ends[1]),
        numerator=count,
        denominator=given.weeks,
        note=_lower_bound(given),
    )


def _lower_bound(given: DeliveryInputs) -> str | None:
    return None if any(state.beyond_git for state in given.states) else _FROM_GIT


def merge_hours(given: DeliveryInputs) -> list[float] | None:
    """Return the hours from creation to merge of the pull requests merged in the window, ascending.

    Negative ones are left out. None when nothing is known of pull requests, or of none of those
    merged when it was opened; empty when none was merged.
    """
    if why_no_requests(given):
        return None
    merged = given.merged
    known = [hours for request in merged if (hours := _hours(request)) is not None]
    return None if merged and not known else sorted(hours for hours in known if hours >= 0)


def negative_merge_times(given: DeliveryInputs) -> int:
    """Return how many pull requests of the window were merged before they were opened."""
    return sum((_hours(request) or 0) < 0 for request in given.merged)


def _hours(request: PullRequest) -> float | None:
    if request.created_at is None or request.merged_at is None:
        return None
    return (request.merged_at - request.created_at) / _HOUR


def pr_merge_time_hours(inputs: MetricInputs) -> MetricValue:
    """Return the median hours to merge."""
    return _merge_time(inputs, lambda hours: quantile(hours, 0.5))


def pr_merge_time_mean_hours(inputs: MetricInputs) -> MetricValue:
    """Return the mean hours to merge."""
    return _merge_time(inputs, lambda hours: sum(hours) / len(hours))


def pr_merge_time_p75_hours(inputs: MetricInputs) -> MetricValue:
    """Return the 75th percentile of hours to merge."""
    return _merge_time(inputs, lambda hours: quantile(hours, 0.75))


def _merge_time(inputs: MetricInputs, of: Callable[[Sequence[float]], float]) -> MetricValue:
    given = inputs.delivery
    hours = merge_hours(given)
    if not hours:
        return MetricValue(
            value=None, unit=Unit.DURATION_HOURS, n=0, note=_why_no_hours(given, hours)
        )
    return MetricValue(
        value=of(hours), unit=Unit.DURATION_HOURS, n=len(hours), note=_about_hours(given, hours)
    )


def _why_no_hours(given: DeliveryInputs, hours: list[float] | None) -> str:
    if hours is None:
        return why_no_requests(given) or _GIT_CANT_SAY
    return "every time to merge is negative" if given.merged else _NONE_MERGED


def _about_hours(given: DeliveryInputs, hours: Sequence[float]) -> str | None:
    merged, negative = given.merged, negative_merge_times(given)
    words = [
        known_for(len(hours) + negative, len(merged), "opening is", "merged pull requests"),
        f"negative ones dropped: {negative:,}" if negative else None,
        _still_open(given),
    ]
    return "; ".join(word for word in words if word) or None


def _still_open(given: DeliveryInputs) -> str | None:
    opened = _opened(given)
    still = sum(is_open for _, _, is_open in opened)
    return f"still open and not in it: {still:,} of {len(opened):,} opened" if still else None


def pr_first_review_hours(inputs: MetricInputs) -> MetricValue:
    """Return the median hours from creation to the first review of what was merged."""
    given = inputs.delivery
    merged = given.merged
    hours = sorted(
        (request.first_review_at - request.created_at) / _HOUR
        for request in merged
        if request.first_review_at and request.created_at
        if request.first_review_at >= request.created_at
    )
    nothing = why_no_requests(given) or ("no first review is known" if merged else _NONE_MERGED)
    note = known_for(len(hours), len(merged), "a first review is", "merged pull requests")
    return _median(hours, Unit.DURATION_HOURS, nothing=nothing, note=note)


def pr_size_lines(inputs: MetricInputs) -> MetricValue:
    """Return the median of lines added and removed by what was merged."""
    given = inputs.delivery
    merged = given.merged
    lines = sorted(float(request.lines) for request in merged if request.lines is not None)
    nothing = why_no_requests(given) or ("no size is known" if merged else _NONE_MERGED)
    note = known_for(len(lines), len(merged), "the size is", "merged pull requests")
    return _median(lines, Unit.LINES, nothing=nothing, note=note)


def _median(
    ascending: Sequence[float], unit: Unit, *, nothing: str, note: str | None
) -> MetricValue:
    if not ascending:
        return MetricValue(value=None, unit=unit, n=0, note=nothing)
    return MetricValue(value=quantile(ascending, 0.5), unit=unit, n=len(ascending), note=note)


def pr_merge_time_with_open_hours(inputs: MetricInputs) -> MetricValue:
    """Return the median hours to merge that counts open pull requests for as long as seen."""
    given = inputs.delivery
    opened = _opened(given)
    still = sum(is_open for _, _, is_open in opened)
    reason = why_no_requests(given)
    if reason is None and not opened:
        reason = _GIT_CANT_SAY if given.merged else "no pull request was opened"
    elif reason is None and still <= _MANY_OPEN * len(opened):
        reason = "given when more than 20% of those opened are still open"
    median = None if reason else kaplan_meier_median([(hours, event) for hours, event, _ in opened])
    if median is None:
        reason = reason or "fewer than half would be merged by now"
        return MetricValue(value=None, unit=Unit.DURATION_HOURS, n=len(opened), note=reason)
    note = f"{still:,} of {len(opened):,} are still open"
    return MetricValue(value=median, unit=Unit.DURATION_HOURS, n=len(opened), note=note)


def _opened(given: DeliveryInputs) -> list[tuple[float, bool, bool]]:
    """Return `(hours seen, whether merged, whether open)` of the pull requests opened in it."""
    found = []
    for request in given.requests:
        created, as_of = request.created_at, given.as_of(request.repo_id)
        if created is None or as_of is None or not given.holds(created):
            continue
        end = request.merged_at or request.closed_at or as_of
        is_open = request.merged_at is None and request.closed_at is None
        if end >= created:
            found.append(((end - created) / _HOUR, request.merged_at is not None, is_open))
    return found


def kaplan_meier_median(seen: Iterable[tuple[float, bool]]) -> float | None:
    """Return the time by which half are expected to have ended; None when they never are.

    Args:
        seen: Time that each was seen, and whether it ended then (else it was lost from sight).

    Source: Kaplan & Meier 1958, Journal of the American Statistical Association 53:457-481.

    >>> kaplan_meier_median([(1.0, True), (2.0, False), (3.0, True), (9.0, False)])
    3.0
    """
    ordered = sorted(seen)
    left, remaining = len(ordered), 1.0
    for time, group in groupby(ordered, key=itemgetter(0)):
        ended = [event for _, event in group]
        remaining *= 1.0 - sum(ended) / left
        if remaining <= 0.5:
            return float(time)
        left -= len(ended)
    return None


def reopened_prs(inputs: MetricInputs) -> MetricValue:
    """Return the pull requests reopened in the window; 0 is a value where a source can tell."""
    given = inputs.delivery
    reason = why_no_requests(given)
    if reason is None and not any(state.beyond_git for state in given.states):
        reason = "git alone doesn't say whether one was reopened"
    if reason:
        return MetricValue(value=None, unit=Unit.COUNT, n=0, note=reason)
    count = sum(
        given.holds(request.first_reopened) or given.holds(request.reopened_at)
        for request in given.requests
    )
    unknown = sum(request.reopened is None for request in given.requests)
    undated = sum(
        bool(request.reopened) and not (request.reopened_at or request.first_reopened)
        for request in given.requests
    )
    words = [
        f"not known for {unknown:,}" if unknown else None,
        f"the day is not known for {undated:,}" if undated else None,
    ]
    note = "; ".join(word for word in words if word) or None
    return MetricValue(value=count, unit=Unit.COUNT, n=count, note=note)


def rework_rate(inputs: MetricInputs) -> MetricValue:
    """Return the share of closed pull requests that were reopened in time."""
    found = followup.rework(inputs.delivery)
    return follow_up_share(inputs.delivery, found, nothing="no pull request was closed")


def revert_rate(inputs: MetricInputs) -> MetricValue:
    """Return the share of merged pull requests that were reverted in time."""
    found = followup.reverted(inputs.delivery)
    return follow_up_share(inputs.delivery, found, nothing=_NONE_MERGED)


def follow_up_share(given: DeliveryInputs, found: FollowUp, *, nothing: str) -> MetricValue:
    """Return the share to which something happened; `nothing` is why none can be judged."""
    reason = why_no_requests(given) or _why_no_follow_up(found, nothing)
    return share(found.happened, found.matured, nothing=reason, note=_left_out(found))


def _why_no_follow_up(found: FollowUp, nothing: str) -> str:
    if found.immature:
        return f"the 21 days of {found.immature:,} were not over at the last sync"
    return "git alone doesn't say whether one was reopened" if found.unknown else nothing


def _left_out(found: FollowUp) -> str | None:
    words = [
        f"21 days not over: {found.immature:,}" if found.immature else None,
        f"not known for {found.unknown:,}" if found.unknown else None,
    ]
    return "; ".join(word for word in words if word) or None


def commits(inputs: MetricInputs) -> MetricValue:
    """Return the commits that landed in the window; 0 is a value."""
    given = inputs.delivery
    if reason := why_no_commits(given):
        return MetricValue(value=None, unit=Unit.COUNT, n=0, note=reason)
    by_programs = given.commits.by_programs
    note = f"of programs, left out: {by_programs:,}" if by_programs else None
    return MetricValue(value=given.commits.total, unit=Unit.COUNT, n=given.commits.total, note=note)


def commits_per_calendar_day(inputs: MetricInputs) -> MetricValue:
    """Return commits per day of the window; 0.0 is a value."""
    return _per_day(inputs, inputs.delivery.days)


def commits_per_active_day(inputs: MetricInputs) -> MetricValue:
    """Return commits per day with commits."""
    return _per_day(inputs, inputs.delivery.commits.active_days)


def commits_per_developer_active_day(inputs: MetricInputs) -> MetricValue:
    """Return commits per pair of author and day with commits."""
    return _per_day(inputs, inputs.delivery.commits.developer_days)


def _per_day(inputs: MetricInputs, days: float) -> MetricValue:
    given = inputs.delivery
    if reason := why_no_commits(given):
        return MetricValue(value=None, unit=Unit.PER_DAY, n=0, note=reason)
    total = given.commits.total
    return ratio(total, days, Unit.PER_DAY, n=total, nothing="no commit landed")


def ai_signed_commit_share(inputs: MetricInputs) -> MetricValue:
    """Return the share of commits that an assistant signed; a lower bound, so no interval."""
    given = inputs.delivery
    read = given.commits.messages_read
    nothing = why_no_commits(given) or "no commit message was read"
    measured = coverage(given.commits.signed, read, nothing=nothing)
    if measured.value is None:
        return measured
    return replace(measured, note="a commit without a sign may be assisted too")


MEASURES: Final[Mapping[str, Callable[[MetricInputs], MetricValue]]] = {
    "merged_prs": merged_prs,
    "merged_prs_per_week": merged_prs_per_week,
    "pr_merge_time_hours": pr_merge_time_hours,
    "pr_merge_time_mean_hours": pr_merge_time_mean_hours,
    "pr_merge_time_p75_hours": pr_merge_time_p75_hours,
    "pr_merge_time_with_open_hours": pr_merge_time_with_open_hours,
    "pr_first_review_hours": pr_first_review_hours,
    "pr_size_lines": pr_size_lines,
    "reopened_prs": reopened_prs,
    "rework_rate": rework_rate,
    "revert_rate": revert_rate,
    "commits": commits,
    "commits_per_calendar_day": commits_per_calendar_day,
    "commits_per_active_day": commits_per_active_day,
    "commits_per_developer_active_day": commits_per_developer_active_day,
    "ai_signed_commit_share": ai_signed_commit_share,
}
"""The measure of each slug of this family."""
