from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.metrics.delivery_inputs import DeliveryInputs
from prodlens.metrics.followup import reverted
from prodlens.metrics.pull_requests import NO, TOO_EARLY, YES, pull_request_lines
from prodlens.storage.delivery_links import Evidence
from prodlens.storage.delivery_readings import PullRequest, RepositoryState, Revert

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def request(number: int, **fields: Any) -> PullRequest:
    return PullRequest(**{"repo_id": 1, "number": number, "reopened": False, **fields})


def inputs(*requests: PullRequest, **fields: Any) -> DeliveryInputs:
    return DeliveryInputs(
        start=at(2, 0),
        end=at(31, 0),
        states=(RepositoryState(repo_id=1, slug="a/b", as_of=AS_OF, requests_known=True),),
        requests=requests,
        **fields,
    )


def test_each_line_says_what_is_known_of_one_pull_request() -> None:
    found = pull_request_lines(
        inputs(
            request(1, created_at=at(2), merged_at=at(3, 6), reopened=True),
            request(2, created_at=at(4), closed_at=at(5), reopened=None),
            request(3, created_at=at(6)),
            request(4, merged_at=at(20), repo_id=2),
            reverts=(Revert(repo_id=1, at=at(9), number=1),),
            evidence={(1, 1): frozenset({Evidence.LABEL, Evidence.TRANSCRIPT})},
        )
    )
    told = [
        (one.request.number, one.repo, one.state, one.merge_hours, one.reopened, one.reverted)
        for one in found
    ]
    assert told == [
        (4, None, "merged", None, False, TOO_EARLY),
        (3, "a/b", "open", None, False, None),
        (2, "a/b", "closed", None, None, None),
        (1, "a/b", "merged", 18.0, True, YES),
    ]
    assert found[-1].evidence == (Evidence.TRANSCRIPT, Evidence.LABEL)
    assert found[0].evidence == ()


def test_a_merge_before_the_opening_has_no_hours() -> None:
    (line,) = pull_request_lines(inputs(request(1, created_at=at(5), merged_at=at(4))))
    assert line.merge_hours is None


def test_what_happened_outside_of_the_window_is_no_line() -> None:
    assert pull_request_lines(inputs(request(1, created_at=at(1), updated_at=at(9)))) == []
    assert pull_request_lines(DeliveryInputs()) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(2, 30), max_size=12), st.sets(st.integers(1, 12)))
def test_the_answers_of_all_lines_add_up_to_the_metric(days: list[int], undone: set[int]) -> None:
    requests = tuple(request(n, merged_at=at(day)) for n, day in enumerate(days, start=1))
    given_ = inputs(
        *requests,
        reverts=tuple(
            Revert(repo_id=1, at=at(days[n - 1] + 1), number=n) for n in undone if n <= len(days)
        ),
    )
    words = [line.reverted for line in pull_request_lines(given_)]
    whole = reverted(given_)
    assert words.count(YES) == whole.happened
    assert words.count(YES) + words.count(NO) == whole.matured
    assert words.count(TOO_EARLY) == whole.immature
