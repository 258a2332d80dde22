from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prodlens.metrics import cost, delivery
from prodlens.metrics.catalog import METRICS
from prodlens.metrics.delivery_inputs import DeliveryInputs
from prodlens.metrics.inputs import MetricInputs
from prodlens.metrics.measures import MEASURES
from prodlens.metrics.metric import Family
from prodlens.storage.delivery_readings import CommitFigures, PullRequest, RepositoryState
from prodlens.storage.readings import CallFigures

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
GITHUB = RepositoryState(
    repo_id=1,
    slug="a/b",
    synced_at=AS_OF,
    as_of=AS_OF,
    first_commit=datetime(2026, 1, 1, tzinfo=UTC),
    commits_known=True,
    requests_known=True,
    beyond_git=True,
)
CLONE = RepositoryState(
    repo_id=1, slug="a/b", synced_at=AS_OF, as_of=AS_OF, commits_known=True, requests_known=True
)
DELIVERIES = [slug for slug, metric in METRICS.items() if metric.family is Family.DELIVERY]


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def request(number: int = 1, **fields: Any) -> PullRequest:
    return PullRequest(**{"repo_id": 1, "number": number, "reopened": False, **fields})


def inputs(
    *requests: PullRequest, state: RepositoryState | None = GITHUB, **more: Any
) -> MetricInputs:
    given = DeliveryInputs(
        **{
            "start": at(2, 0),
            "end": at(16, 0),
            "states": () if state is None else (state,),
            "requests": requests,
            **more,
        }
    )
    return MetricInputs(delivery=given)


@pytest.mark.parametrize("slug", DELIVERIES)
def test_where_no_deliveries_are_known_nothing_is_claimed(slug: str) -> None:
    measured = MEASURES[slug](inputs(state=None))
    assert (measured.value, measured.note) == (None, "no deliveries are known")


@pytest.mark.parametrize("slug", DELIVERIES)
def test_a_window_before_all_deliveries_is_not_known(slug: str) -> None:
    early = inputs(start=datetime(2020, 1, 1, tzinfo=UTC), end=datetime(2020, 2, 1, tzinfo=UTC))
    measured = MEASURES[slug](early)
    assert (measured.value, measured.note) == (None, "deliveries of this window are not known")


def test_a_window_after_the_last_sync_is_not_known() -> None:
    late = inputs(start=AS_OF + timedelta(days=1), end=AS_OF + timedelta(days=8))
    assert delivery.commits(late).value is None
    assert delivery.merged_prs(late).note == "deliveries of this window are not known"


def test_commits_alone_say_nothing_about_pull_requests() -> None:
    only = RepositoryState(repo_id=1, slug="a/b", as_of=AS_OF, commits_known=True)
    assert delivery.merged_prs(inputs(state=only)).note == "no pull requests are known"
    assert delivery.commits(inputs(state=only)).value == 0


def test_a_repository_in_which_nothing_happened_has_zeros() -> None:
    nothing = inputs()
    assert delivery.merged_prs(nothing).value == 0
    weekly = delivery.merged_prs_per_week(nothing)
    assert weekly.value == 0.0
    assert weekly.interval == pytest.approx((0.0, 3.688879454113936 / 2))
    assert delivery.commits_per_calendar_day(nothing).value == 0.0
    assert delivery.commits_per_active_day(nothing).note == "no commit landed"
    assert delivery.pr_merge_time_hours(nothing).note == "no pull request was merged"
    assert delivery.rework_rate(nothing).note == "no pull request was closed"


def test_a_weekly_rate_has_the_exact_interval_of_its_count() -> None:
    four = inputs(*(request(n, merged_at=at(3 + n)) for n in range(4)))
    weekly = delivery.merged_prs_per_week(four)
    assert (weekly.value, weekly.numerator, weekly.denominator) == (2.0, 4, 2.0)
    assert weekly.interval == pytest.approx((1.0898653866 / 2, 10.2415886761 / 2))


def test_less_than_a_week_is_not_scaled_up() -> None:
    three_days = inputs(request(merged_at=at(2)), end=at(5, 0))
    assert delivery.merged_prs_per_week(three_days).value == 1.0


def test_time_after_the_last_sync_is_no_part_of_a_rate() -> None:
    window = inputs(
        request(merged_at=at(20)), start=AS_OF - timedelta(days=14), end=AS_OF + timedelta(days=14)
    )
    assert delivery.merged_prs_per_week(window).denominator == 2.0
    assert delivery.commits_per_calendar_day(window).denominator == 14.0


def test_times_to_merge_leave_out_negative_and_unknown_ones() -> None:
    some = inputs(
        request(1, created_at=at(1, 10), merged_at=at(2, 10)),
        request(2, created_at=at(3, 0), merged_at=at(5, 12)),
        request(3, created_at=at(5, 0), merged_at=at(4, 23)),
        request(4, created_at=at(10, 0), merged_at=at(14, 6)),
        request(5, merged_at=at(14, 6)),
        request(6, created_at=at(3, 0)),
    )
    median = delivery.pr_merge_time_hours(some)
    assert (median.value, median.n) == (60.0, 3)
    assert median.note == (
        "opening is known for 4 of 5 merged pull requests; negative ones dropped: 1; "
        "still open and not in it: 1 of 3 opened"
    )
    assert delivery.pr_merge_time_mean_hours(some).value == 62.0
    assert delivery.pr_merge_time_p75_hours(some).value == 81.0
    assert delivery.merge_hours(some.delivery) == [24.0, 60.0, 102.0]
    assert delivery.negative_merge_times(some.delivery) == 1


def test_a_merge_in_the_same_second_takes_no_time() -> None:
    assert (
        delivery.pr_merge_time_hours(inputs(request(created_at=at(3), merged_at=at(3)))).value == 0
    )


def test_git_alone_gives_lower_bounds_and_no_times() -> None:
    clone = inputs(request(merged_at=at(3), reopened=None), state=CLONE)
    merged = delivery.merged_prs(clone)
    assert (merged.value, merged.note) == (
        1,
        "at least: from git alone, only those that a commit message names",
    )
    assert delivery.pr_merge_time_hours(clone).note == "git alone doesn't say when they were opened"
    assert delivery.merge_hours(clone.delivery) is None
    for measure in (delivery.rework_rate, delivery.reopened_prs):
        measured = measure(clone)
        assert (measured.value, measured.note) == (
            None,
            "git alone doesn't say whether one was reopened",
        )
    assert delivery.revert_rate(clone).value == 0.0


def test_open_pull_requests_count_for_as_long_as_they_were_seen() -> None:
    opened = [request(n, created_at=at(3, 0), merged_at=at(3, 10 * n)) for n in (1, 2)]
    still = [request(n, created_at=at(3, 0)) for n in (3, 4)]
    counted = delivery.pr_merge_time_with_open_hours(inputs(*opened, *still))
    assert (counted.value, counted.n, counted.note) == (20.0, 4, "2 of 4 are still open")
    never = delivery.pr_merge_time_with_open_hours(inputs(opened[0], *still))
    assert (never.value, never.note) == (None, "fewer than half would be merged by now")


def test_the_open_ones_count_only_when_they_are_many() -> None:
    few = [request(n, created_at=at(3, 0), merged_at=at(4)) for n in range(4)]
    measured = delivery.pr_merge_time_with_open_hours(inputs(*few, request(9, created_at=at(4))))
    assert measured.note == "given when more than 20% of those opened are still open"
    assert delivery.pr_merge_time_with_open_hours(inputs()).note == "no pull request was opened"


def test_a_close_without_a_merge_is_lost_from_sight_then() -> None:
    lost = request(2, created_at=at(3, 0), closed_at=at(3, 5))
    merged = [request(n, created_at=at(3, 0), merged_at=at(3, n)) for n in (3, 8)]
    still = request(9, created_at=at(3, 0))
    measured = delivery.pr_merge_time_with_open_hours(inputs(*merged, lost, still))
    assert (measured.value, measured.note) == (8.0, "1 of 4 are still open")


def test_reopenings_count_when_they_happen() -> None:
    some = inputs(
        request(1, reopened=True, reopened_at=at(3)),
        request(2, reopened=True, reopened_at=at(20), first_reopened=at(4)),
        request(3, reopened=True, reopened_at=at(20)),
        request(4, reopened=True),
        request(5, reopened=None),
    )
    measured = delivery.reopened_prs(some)
    assert measured.value == 2
    assert measured.note == "not known for 1; the day is not known for 1"


def test_rates_of_follow_up_say_what_was_left_out() -> None:
    some = inputs(
        request(1, closed_at=at(3)),
        request(2, closed_at=at(4), reopened=True, reopened_at=at(5)),
        request(3, closed_at=at(15)),
        request(4, closed_at=at(5), reopened=None),
    )
    rate = delivery.rework_rate(some)
    assert (rate.value, rate.numerator, rate.denominator) == (0.5, 1, 2)
    assert rate.interval == pytest.approx((0.09453120573242874, 0.9054687942675712))
    assert rate.note == "21 days not over: 1; not known for 1"
    young = delivery.rework_rate(inputs(request(3, closed_at=at(15))))
    assert (young.value, young.note) == (None, "the 21 days of 1 were not over at the last sync")


def test_commits_are_divided_by_days_of_three_kinds() -> None:
    some = inputs(commits=CommitFigures(total=4, active_days=3, developer_days=4, by_programs=1))
    assert delivery.commits(some).value == 4
    assert delivery.commits(some).note == "of programs, left out: 1"
    assert delivery.commits_per_calendar_day(some).value == pytest.approx(0.2857142857142857)
    assert delivery.commits_per_active_day(some).value == pytest.approx(1.3333333333333333)
    assert delivery.commits_per_developer_active_day(some).value == 1.0


def test_signed_commits_are_a_lower_bound_without_an_interval() -> None:
    some = inputs(commits=CommitFigures(total=4, messages_read=5, signed=2))
    share = delivery.ai_signed_commit_share(some)
    assert (share.value, share.numerator, share.denominator, share.interval) == (0.4, 2, 5, None)
    assert share.note == "a commit without a sign may be assisted too"
    unread = delivery.ai_signed_commit_share(inputs(commits=CommitFigures(total=4)))
    assert (unread.value, unread.note) == (None, "no commit message was read")


def priced(*requests: PullRequest, **figures: int) -> MetricInputs:
    return MetricInputs(total=CallFigures(**figures), delivery=inputs(*requests).delivery)


def test_cost_per_merged_pull_request_tells_free_from_unknown() -> None:
    merged = [request(n, merged_at=at(3)) for n in range(4)]
    some = cost.cost_per_merged_pr_usd(priced(*merged, calls=9, priced=8, cost_nanos=111_000_000))
    assert some.value == pytest.approx(0.02775)
    assert some.note == "the cost is known for 8 of 9 calls"
    assert cost.cost_per_merged_pr_usd(priced(*merged, calls=2, priced=2)).value == 0.0
    unpriced = cost.cost_per_merged_pr_usd(priced(*merged, calls=2))
    assert (unpriced.value, unpriced.note) == (None, "no call has a price")
    unused = cost.cost_per_merged_pr_usd(priced(*merged))
    assert (unused.value, unused.note) == (None, "no calls in this window")
    idle = cost.cost_per_merged_pr_usd(priced(calls=2, priced=2))
    assert (idle.value, idle.note) == (None, "no pull request was merged")


def test_sizes_and_first_reviews_are_medians_of_what_is_known() -> None:
    opened = {"created_at": at(3, 0), "merged_at": at(5)}
    some = inputs(
        request(1, **opened, lines=10, first_review_at=at(3, 6)),
        request(2, **opened, lines=31, first_review_at=at(3, 2)),
        request(3, **opened, lines=None, first_review_at=None),
        request(4, **opened, lines=400, first_review_at=at(2)),  # before it was opened
        request(5, created_at=at(3, 0), lines=9999, first_review_at=at(4)),  # not merged
    )
    size = delivery.pr_size_lines(some)
    assert (size.value, size.n) == (31.0, 3)
    assert size.note == "the size is known for 3 of 4 merged pull requests"
    review = delivery.pr_first_review_hours(some)
    assert (review.value, review.n) == (4.0, 2)
    assert review.note == "a first review is known for 2 of 4 merged pull requests"


def test_without_sizes_and_reviews_the_reason_is_said() -> None:
    bare = inputs(request(1, created_at=at(3), merged_at=at(5)))
    assert delivery.pr_size_lines(bare).note == "no size is known"
    assert delivery.pr_first_review_hours(bare).note == "no first review is known"
    assert delivery.pr_size_lines(inputs()).note == "no pull request was merged"
