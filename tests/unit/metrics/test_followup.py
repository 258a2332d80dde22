from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prodlens.metrics.delivery_inputs import DeliveryInputs
from prodlens.metrics.followup import FollowUp, reverted, rework
from prodlens.storage.delivery_readings import PullRequest, RepositoryState, Revert

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
SHA = "c0ffee" + "0" * 34


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def request(number: int = 1, **fields: Any) -> PullRequest:
    return PullRequest(**{"repo_id": 1, "number": number, "reopened": False, **fields})


def inputs(*requests: PullRequest, reverts: tuple[Revert, ...] = ()) -> DeliveryInputs:
    return DeliveryInputs(
        start=at(2, 0),
        end=at(16, 0),
        states=(RepositoryState(repo_id=1, slug="a/b", as_of=AS_OF, requests_known=True),),
        requests=requests,
        reverts=reverts,
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"closed_at": at(5)}, FollowUp(0, 1), id="closed, never reopened"),
        pytest.param({"merged_at": at(5)}, FollowUp(0, 1), id="merged"),
        pytest.param({}, FollowUp(), id="open"),
        pytest.param({"closed_at": at(1)}, FollowUp(), id="closed before the window"),
        pytest.param({"closed_at": at(16, 0)}, FollowUp(), id="closed at its end"),
        pytest.param({"closed_at": at(11, 0)}, FollowUp(0, 1), id="21 days over at the sync"),
        pytest.param({"closed_at": at(11, 1)}, FollowUp(0, 0, 1), id="an hour too young"),
        pytest.param(
            {"closed_at": at(5), "reopened": None}, FollowUp(0, 0, 0, 1), id="not known from git"
        ),
        pytest.param(
            {"closed_at": at(5), "reopened": True, "reopened_at": at(26, 12)},
            FollowUp(1, 1),
            id="reopened on day 21",
        ),
        pytest.param(
            {"closed_at": at(5), "reopened": True, "reopened_at": at(26, 13)},
            FollowUp(0, 1),
            id="reopened later",
        ),
        pytest.param(
            {"merged_at": at(15), "closed_at": at(15), "reopened": True, "reopened_at": at(8)},
            FollowUp(1, 1),
            id="reopened before the merge, first close not recorded",
        ),
        pytest.param(
            {"merged_at": at(9), "reopened": True}, FollowUp(1, 1), id="no day of reopening"
        ),
        pytest.param(
            {"updated_at": at(9), "reopened": True}, FollowUp(1, 1), id="nothing but the flag"
        ),
        pytest.param(
            {
                "closed_at": at(20),
                "reopened": True,
                "first_closed": at(3),
                "first_reopened": at(4),
                "reopened_at": at(19),
            },
            FollowUp(1, 1),
            id="events tell the first close",
        ),
        pytest.param(
            {
                "closed_at": at(9),
                "reopened": True,
                "first_closed": at(1),
                "first_reopened": at(2),
            },
            FollowUp(),
            id="first closed before the window, by the events",
        ),
        pytest.param(
            {
                "merged_at": at(20),
                "reopened": True,
                "first_closed": at(20),
                "reopened_at": at(4),
            },
            FollowUp(1, 1),
            id="of the events only the last close is known",
        ),
    ],
)
def test_rework_is_a_close_taken_back_within_21_days(
    fields: dict[str, Any], expected: FollowUp
) -> None:
    assert rework(inputs(request(**fields))) == expected


def merged(number: int = 1, **fields: Any) -> PullRequest:
    return request(number, **{"merged_at": at(5), "title": "Add refunds (#1)", **fields})


@pytest.mark.parametrize(
    "revert",
    [
        pytest.param(Revert(repo_id=1, at=at(6), number=1), id="number"),
        pytest.param(Revert(repo_id=1, at=at(6), sha=SHA), id="sha"),
        pytest.param(Revert(repo_id=1, at=at(6), sha=SHA[:7]), id="short sha"),
        pytest.param(
            Revert(repo_id=1, at=at(6), title='Revert "Whatever (#1)" (#9)'), id="in title"
        ),
        pytest.param(Revert(repo_id=1, at=at(6), title='Revert "Add refunds"'), id="title"),
        pytest.param(Revert(repo_id=1, at=at(26), number=1), id="on day 21"),
    ],
)
def test_a_revert_is_found_by_number_commit_or_title(revert: Revert) -> None:
    found = reverted(inputs(merged(merge_commit_sha=SHA), reverts=(revert,)))
    assert found == FollowUp(1, 1)


@pytest.mark.parametrize(
    "revert",
    [
        pytest.param(Revert(repo_id=2, at=at(6), number=1), id="another repository"),
        pytest.param(Revert(repo_id=1, at=at(4), number=1), id="before the merge"),
        pytest.param(Revert(repo_id=1, at=at(26, 13), number=1), id="after 21 days"),
        pytest.param(Revert(repo_id=1, at=at(6), sha=SHA[:6]), id="too short"),
        pytest.param(Revert(repo_id=1, at=at(6), sha="beef" * 10), id="another commit"),
        pytest.param(Revert(repo_id=1, at=at(6), title='Revert "Add"'), id="another title"),
        pytest.param(Revert(repo_id=1, at=at(6), title="Reverse"), id="no revert at all"),
        pytest.param(
            Revert(repo_id=1, at=at(6), number=1, own_number=1), id="inside its own pull request"
        ),
    ],
)
def test_what_takes_nothing_of_it_back_is_no_revert(revert: Revert) -> None:
    found = reverted(inputs(merged(merge_commit_sha=SHA), reverts=(revert,)))
    assert found == FollowUp(0, 1)


def test_of_equal_titles_the_latest_one_before_is_meant() -> None:
    first, second = merged(1, title="Fix"), merged(2, title="Fix", merged_at=at(8))
    found = reverted(
        inputs(first, second, reverts=(Revert(repo_id=1, at=at(9), title='Revert "Fix"'),))
    )
    assert found == FollowUp(1, 2)
    late = Revert(repo_id=1, at=at(5, 18), title='Revert "Fix"')
    assert reverted(inputs(first, second, reverts=(late,))) == FollowUp(1, 2)


def test_a_merge_that_is_too_young_is_counted_apart() -> None:
    assert reverted(inputs(merged(merged_at=at(12)))) == FollowUp(0, 0, 1)
    assert reverted(inputs(merged(merged_at=at(17)))) == FollowUp()


def test_without_a_last_sync_nothing_has_matured() -> None:
    given = DeliveryInputs(start=at(2, 0), end=at(16, 0), requests=(merged(),))
    assert reverted(given) == FollowUp(0, 0, 1)
    assert rework(given) == FollowUp(0, 0, 1)
