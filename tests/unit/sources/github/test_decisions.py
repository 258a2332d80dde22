from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.sources.github.decisions import (
    Follow,
    GiveUp,
    Proceed,
    Refused,
    Reply,
    Wait,
    decide,
    server_time,
)

if TYPE_CHECKING:
    from prodlens.sources.github.decisions import (
        Decision,
    )

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
DATE = {"date": "Tue, 01 Sep 2026 09:00:00 GMT"}
NINE = int(datetime(2026, 9, 1, 9, tzinfo=UTC).timestamp())
SECONDARY = "You have exceeded a secondary rate limit."


def after(reply: Reply, attempt: int = 1) -> Decision:
    return decide(reply, attempt=attempt, now=NOW, jitter=0.5)


@pytest.mark.parametrize("status", [200, 304])
def test_an_answer_is_taken(status: int) -> None:
    assert after(Reply(status, {})) == Proceed()


@pytest.mark.parametrize(
    ("status", "remember"), [(301, True), (308, True), (302, False), (307, False)]
)
def test_a_moved_address_is_followed_and_remembered_when_it_moved_for_good(
    status: int, remember: bool
) -> None:
    assert after(Reply(status, {"location": "/repositories/7"})) == Follow(
        "/repositories/7", remember
    )


def test_a_moved_address_that_is_not_told_is_a_refusal() -> None:
    assert after(Reply(301, {})) == Refused(301)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2.5), (2, 4.5), (3, 8.5), (4, 16.5)])
def test_accidents_are_tried_again_after_doubling_waits(attempt: int, seconds: float) -> None:
    for reply in (Reply(None, {}), Reply(500, {}), Reply(503, {})):
        assert after(reply, attempt) == Wait(seconds, limit=False)


def test_the_fifth_accident_ends_it_and_a_timeout_asks_for_smaller_pages() -> None:
    assert after(Reply(None, {}), 5) == GiveUp(overloaded=False)
    assert after(Reply(503, {}), 5) == GiveUp(overloaded=False)
    assert after(Reply(502, {}), 5) == GiveUp(overloaded=True)
    assert after(Reply(504, {}), 5) == GiveUp(overloaded=True)


@pytest.mark.parametrize("status", [403, 429])
def test_retry_after_goes_before_everything_else(status: int) -> None:
    headers = {
        "retry-after": "61",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(NINE + 900),
    }
    assert after(Reply(status, headers, SECONDARY)) == Wait(61.0, limit=True)


def test_retry_after_may_be_a_date() -> None:
    headers = DATE | {"retry-after": "Tue, 01 Sep 2026 09:02:00 GMT"}
    assert after(Reply(403, headers, SECONDARY)) == Wait(120.0, limit=True)


def test_no_calls_left_waits_for_the_reset_by_the_servers_clock() -> None:
    headers = DATE | {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NINE + 600)}
    assert after(Reply(403, headers, "API rate limit exceeded")) == Wait(601.0, limit=True)


def test_without_a_date_our_own_clock_counts() -> None:
    reset = str(int(NOW.timestamp()) + 30)
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    assert after(Reply(403, headers, "API rate limit exceeded")) == Wait(31.0, limit=True)


def test_a_reset_in_the_past_waits_a_second() -> None:
    headers = DATE | {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NINE - 600)}
    assert after(Reply(403, headers, "API rate limit exceeded")) == Wait(1.0, limit=True)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 60.0), (2, 120.0), (3, 240.0)])
def test_a_limit_without_numbers_waits_a_minute_and_doubles(attempt: int, seconds: float) -> None:
    left = {"x-ratelimit-remaining": "4000"}
    assert after(Reply(403, left, SECONDARY), attempt) == Wait(seconds, limit=True)
    assert after(Reply(429, {}, ""), attempt) == Wait(seconds, limit=True)
    assert after(Reply(403, {}, "You have triggered an abuse detection mechanism."), attempt) == (
        Wait(seconds, limit=True)
    )


def test_numbers_that_are_none_count_as_a_limit_without_numbers() -> None:
    gone = {"x-ratelimit-remaining": "0"}
    assert after(Reply(403, gone, "API rate limit exceeded")) == Wait(60.0, limit=True)
    assert after(Reply(403, {"retry-after": "soon"}, SECONDARY), 2) == Wait(120.0, limit=True)


def test_a_403_without_a_word_counts_as_a_limit() -> None:
    assert after(Reply(403, {})) == Wait(60.0, limit=True)


@pytest.mark.parametrize(
    "message",
    [
        "Resource not accessible by personal access token",
        "Must have admin rights to Repository.",
        "Request forbidden by administrative rules.",
    ],
)
def test_a_403_with_another_reason_is_never_tried_again(message: str) -> None:
    left = {"x-ratelimit-remaining": "4000"}
    assert after(Reply(403, left, message)) == Refused(403)


def test_single_sign_on_is_no_limit() -> None:
    assert after(Reply(403, {"x-github-sso": "required; url=..."})) == Refused(403)


def test_limits_end_after_five_tries() -> None:
    assert after(Reply(429, {"retry-after": "1"}), 5) == GiveUp(overloaded=False)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 410, 422, 451])
def test_other_answers_are_refusals(status: int) -> None:
    assert after(Reply(status, {}, "Not Found")) == Refused(status)


def test_a_date_that_is_none_is_passed_over() -> None:
    assert server_time({"date": "yesterday"}, NOW) == NOW
    assert server_time(DATE, NOW) == datetime(2026, 9, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("odd", ["\u00b2", "9" * 400, "-5", "2.5", "1e999", "soon", ""])
def test_a_number_that_can_not_be_meant_asks_for_a_minute(odd: str) -> None:
    """Whatever a proxy makes of the headers, a limit is waited for and never an error of ours."""
    assert after(Reply(403, DATE | {"retry-after": odd}, SECONDARY)) == Wait(60.0, limit=True)
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": odd}
    assert after(Reply(403, DATE | reset, SECONDARY)) == Wait(60.0, limit=True)
