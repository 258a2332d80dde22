from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import IncompleteRead
from typing import TYPE_CHECKING, Any

import pytest

import prodlens
from prodlens.errors import InputError, RemoteError, RetryLaterError
from prodlens.sources.github import GithubClient
from prodlens.sources.github.bodies import Kind
from prodlens.sources.github.client import LimitedError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "ghp_thetoken"  # noqa: S105 - invented
SHA = "ab" * 20
DATE = {"Date": "Tue, 01 Sep 2026 09:00:00 GMT"}
NINE = int(datetime(2026, 9, 1, 9, tzinfo=UTC).timestamp())


@dataclass
class Response:
    status_code: int = 200
    body: Any = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return str(self.body)

    def json(self) -> Any:
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


class Script:
    """Answers what it was told, in order."""

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, str], Mapping[str, str] | None]] = []

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        timeout: float,
    ) -> Any:
        assert timeout == 30.0
        self.asked.append((url, dict(headers), params))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(session: Any, **options: Any) -> tuple[GithubClient, list[float]]:
    waits: list[float] = []
    given = {
        "token": TOKEN,
        "now": lambda: datetime(2026, 9, 1, 12, tzinfo=UTC),
        "sleep": waits.append,
        "jitter": lambda: 0.0,
    }
    return GithubClient(session, **{**given, **options}), waits


def test_a_request_says_who_asks_and_which_version() -> None:
    session = Script(Response())
    github, _ = client(session)
    github.get("/repositories/7/pulls", {"state": "all"})
    url, headers, params = session.asked[0]
    assert url == "https://api.github.com/repositories/7/pulls"
    assert params == {"state": "all"}
    assert headers == {
        "Accept": "application/vnd.github+json",
        "User-Agent": f"prodlens/{prodlens.__version__}",
        "X-GitHub-Api-Version": "2022-11-28",
        "Authorization": f"Bearer {TOKEN}",
    }


def test_without_a_token_nothing_is_authorised() -> None:
    session = Script(Response())
    github, _ = client(session, token=None)
    github.get("/rate_limit")
    assert "Authorization" not in session.asked[0][1]
    assert not github.speaks_graphql


def test_an_answer_is_read_whatever_the_case_of_its_headers() -> None:
    link = '<https://api.github.com/repositories/7/pulls?page=2>; rel="next"'
    headers = {"LINK": link, "etag": 'W/"x"', "X-RateLimit-Remaining": "4999"}
    github, _ = client(Script(Response(body=[1], headers=headers)))
    answer = github.get("/repos/acme/pay/pulls")
    assert (answer.next, answer.last, answer.etag) == (
        "/repositories/7/pulls?page=2",
        None,
        'W/"x"',
    )
    assert github.usage.remaining == 4999


def test_pages_are_asked_for_only_when_wanted() -> None:
    link = {"Link": '<https://api.github.com/repositories/7/pulls?page=2>; rel="next"'}
    session = Script(Response(body=[1], headers=link), Response(body=[2]))
    github, _ = client(session)
    pages = github.pages(github.get("/repos/acme/pay/pulls", {"per_page": "1"}))
    assert next(pages).body == [1]
    assert len(session.asked) == 1
    assert next(pages).body == [2]
    assert session.asked[1][0] == "https://api.github.com/repositories/7/pulls?page=2"
    assert session.asked[1][2] is None
    assert list(pages) == []


def test_a_validator_asks_for_changes_only() -> None:
    session = Script(Response(304, headers={"ETag": 'W/"x"'}))
    github, _ = client(session)
    answer = github.get("/repos/acme/pay/pulls", etag='W/"x"')
    assert (answer.status, answer.body) == (304, None)
    assert session.asked[0][1]["If-None-Match"] == 'W/"x"'
    assert (github.usage.calls, github.usage.not_modified) == (1, 1)


def test_nothing_changed_is_no_answer_to_a_question_without_a_validator() -> None:
    github, waits = client(Script(Response(304), Response(body=[1])))
    assert github.get("/repos/acme/pay/pulls").body == [1]
    assert waits == [2.0]


@pytest.mark.parametrize(
    "broken",
    [
        ConnectionResetError(),
        TimeoutError(),
        Response(body=ValueError("cut")),
        Response(body=ConnectionError("cut while reading")),
        Response(body={"message": "a list was asked for"}),
        Response(502, body=ValueError("html")),
    ],
)
def test_accidents_are_tried_again(broken: Response | Exception) -> None:
    github, waits = client(Script(broken, broken, Response(body=[1])))
    assert github.get("/repos/acme/pay/pulls").body == [1]
    assert waits == [2.0, 4.0]
    assert github.usage.calls == 3
    assert github.usage.waited_s == 6.0


def test_a_body_shorter_than_announced_is_an_accident() -> None:
    class Cut(Response):
        content = b"[1]"

    cut = Cut(body=[1], headers={"Content-Length": "7"})
    packed = Cut(body=[1], headers={"Content-Length": "7", "Content-Encoding": "gzip"})
    github, waits = client(Script(cut, packed))
    assert github.get("/repos/acme/pay/pulls").body == [1]
    assert waits == [2.0]


@pytest.mark.parametrize("cut", [SHA[:39], "", '{"sha": "ab12"}'])
def test_a_cut_hash_is_an_accident(cut: str) -> None:
    github, waits = client(Script(Response(body=cut), Response(body=SHA + "\n")))
    assert github.get("/repositories/7/commits/main", kind=Kind.SHA).body == SHA
    assert waits == [2.0]


def test_a_hash_that_is_not_what_its_validator_says_is_an_accident() -> None:
    longer = {"ETag": f'"{SHA}{"c" * 24}"'}
    github, waits = client(Script(Response(body=SHA, headers=longer), Response(body=SHA)))
    assert github.get("/repositories/7/commits/main", kind=Kind.SHA).body == SHA
    assert waits == [2.0]


def test_five_accidents_end_a_run_and_nothing_is_lost() -> None:
    github, waits = client(Script(*[ConnectionResetError()] * 5))
    with pytest.raises(RetryLaterError, match=r"github.com could not be reached.*run the same"):
        github.get("/repos/acme/pay/pulls")
    assert waits == [2.0, 4.0, 8.0, 16.0]


def test_five_timeouts_ask_for_smaller_pages() -> None:
    github, _ = client(Script(*[Response(502, ValueError())] * 5))
    with pytest.raises(OverloadedError, match="answered 502"):
        github.get("/repos/acme/pay/pulls")


def test_a_limit_is_waited_for() -> None:
    limited = Response(403, {"message": "secondary rate limit"}, {"Retry-After": "60"})
    github, waits = client(Script(limited, Response(body=[1])))
    assert github.get("/repos/acme/pay/pulls").body == [1]
    assert waits == [60.0]


def test_a_limit_that_lasts_too_long_ends_the_run_with_a_way_out() -> None:
    headers = DATE | {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NINE + 1700)}
    limited = Response(403, {"message": "API rate limit exceeded"}, headers)
    github, waits = client(Script(limited), token=None)
    with pytest.raises(LimitedError) as caught:
        github.get("/repos/acme/pay/pulls")
    assert str(caught.value) == (
        "GitHub's rate limit holds for 29 more minutes, --max-wait allows 15. What was read is "
        "stored: run the same command again later. Without a token there are 60 calls an hour: "
        "set GITHUB_TOKEN."
    )
    assert waits == []


def test_a_moved_repository_is_followed_and_remembered() -> None:
    moved = Response(301, headers={"Location": "https://api.github.com/repositories/7/pulls"})
    session = Script(moved, Response(body=[1]), Response(body=[2]))
    github, _ = client(session)
    assert github.get("/repos/acme/old/pulls", {"state": "all"}).body == [1]
    github.get("/repos/acme/old/commits")
    assert [url for url, _, _ in session.asked] == [
        "https://api.github.com/repos/acme/old/pulls",
        "https://api.github.com/repositories/7/pulls",
        "https://api.github.com/repositories/7/commits",
    ]
    assert session.asked[1][2] == {"state": "all"}


def test_a_session_that_follows_by_itself_is_understood() -> None:
    class Followed(Response):
        history = (Response(301),)
        url = "https://api.github.com/repositories/7/pulls?state=all"

    session = Script(Followed(body=[1]), Response(body=[2]))
    github, _ = client(session)
    answer = github.get("/repos/acme/old/pulls", {"state": "all"})
    assert answer.path == "/repositories/7/pulls?state=all"
    github.get("/repos/acme/old/commits")
    assert session.asked[1][0] == "https://api.github.com/repositories/7/commits"


def test_a_moved_address_on_another_host_is_asked_at_ours() -> None:
    moved = Response(301, headers={"Location": "https://evil.example/repositories/7"})
    session = Script(moved, Response(body={}))
    github, _ = client(session)
    github.get("/repos/acme/old", kind=Kind.OBJECT)
    assert session.asked[1][0] == "https://api.github.com/repositories/7"


def test_addresses_that_go_round_in_circles_end() -> None:
    there = Response(302, headers={"Location": "/repositories/7"})
    github, _ = client(Script(*[there] * 6))
    with pytest.raises(RemoteError, match="round in circles"):
        github.get("/repos/acme/old", kind=Kind.OBJECT)


def refusal(response: Response, *, token: str | None = TOKEN) -> str:
    github, waits = client(Script(response), token=token)
    with pytest.raises(RemoteError) as caught:
        github.get("/repos/acme/pay/pulls")
    assert waits == []
    assert not isinstance(caught.value, RetryLaterError)
    return str(caught.value)


def test_refusals_say_what_to_do() -> None:
    assert refusal(Response(401, {"message": "Bad credentials"})) == (
        "github.com does not know this token (401): it is mistyped, expired or revoked. Make a "
        "new one with reading rights and set GITHUB_TOKEN."
    )
    assert refusal(Response(401, {}), token=None) == (
        "github.com wants a token (401): set GITHUB_TOKEN; reading rights are enough."
    )
    assert refusal(Response(404, {"message": "Not Found"})) == (
        "github.com has no /repos/acme/pay/pulls (404): check owner and name, or this token may "
        "not see it: it needs reading rights for this repository."
    )
    assert refusal(Response(404, {"message": "Not Found"}), token=None) == (
        "github.com has no /repos/acme/pay/pulls (404): check owner and name, or it is private: "
        "set GITHUB_TOKEN, no token was sent."
    )
    wanted = {"X-Accepted-GitHub-Permissions": "pull_requests=read"}
    said = {"message": "Resource not accessible by personal access token"}
    assert refusal(Response(403, said, wanted)) == (
        "github.com does not let this token read /repos/acme/pay/pulls (403): give it reading "
        "rights for contents, issues, metadata and pull requests of this repository. It wants: "
        "pull_requests=read."
    )
    wanted = {"X-Accepted-GitHub-Permissions": "pull_requests=read; contents=read"}
    assert refusal(Response(403, said, wanted)).endswith(
        " It wants: pull_requests=read; contents=read."
    )
    odd = {"X-Accepted-GitHub-Permissions": "see https://example.com=read"}
    assert refusal(Response(403, said, odd)).endswith("requests of this repository.")
    sso = {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?authorization_request=X"}
    assert refusal(Response(403, {"message": "Resource protected"}, sso)) == (
        "github.com wants this token to be authorised for the organisation's single sign-on "
        "(403): open github.com/settings/tokens, choose Configure SSO, then run again."
    )
    assert refusal(Response(451, {})) == (
        "github.com answered 451 to /repos/acme/pay/pulls: this can't be read."
    )


def test_a_status_that_the_caller_takes_is_an_answer() -> None:
    github, _ = client(Script(Response(409, {"message": "Git Repository is empty."})))
    assert github.get("/repositories/7/commits", take=(409,)).status == 409


def test_a_token_loses_its_line_break_and_must_be_one_word() -> None:
    session = Script(Response())
    github, _ = client(session, token=f"{TOKEN}\n")
    github.get("/rate_limit")
    assert session.asked[0][1]["Authorization"] == f"Bearer {TOKEN}"
    with pytest.raises(InputError) as caught:
        client(session, token="my secret")  # noqa: S106 - invented
    assert "secret" not in str(caught.value)


def test_the_token_is_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    quoting = OSError(f"invalid header value: 'Bearer {TOKEN}'")
    github, _ = client(Script(*[quoting] * 5))
    with pytest.raises(RetryLaterError) as caught:
        github.get("/repos/acme/pay/pulls")
    seen = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert TOKEN not in seen + caplog.text + repr(github.usage)
    assert len(caplog.records) > 4


def test_by_default_time_passes_by_sleeping(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    github = GithubClient(Script(ConnectionResetError(), Response()), jitter=lambda: 0.25)
    github.get("/rate_limit")
    assert waits == [2.25]


class Poster(Script):
    def post(self, url: str, *, json: Any, headers: Mapping[str, str], timeout: float) -> Any:
        assert json["query"].startswith("query")
        return self.get(url, headers=headers, params=None, timeout=timeout)


def test_graphql_is_asked_at_its_own_address() -> None:
    session = Poster(Response(body={"data": {"x": 1}}))
    github, _ = client(session, base_url="https://ghes.example.com/api/v3")
    assert github.speaks_graphql
    assert github.post_graphql("query { x }", {}) == {"data": {"x": 1}}
    assert session.asked[0][0] == "https://ghes.example.com/api/graphql"
    assert github.usage.points == 1


def test_graphql_says_with_status_200_that_its_points_are_used_up() -> None:
    headers = DATE | {"X-RateLimit-Reset": str(NINE + 30)}
    spent = Response(body={"data": None, "errors": [{"type": "RATE_LIMITED"}]}, headers=headers)
    github, waits = client(Poster(spent, Response(body={"data": {}})))
    assert github.post_graphql("query { x }", {}) == {"data": {}}
    assert waits == [31.0]


def test_graphql_that_refuses_or_breaks_is_told() -> None:
    github, _ = client(Poster(Response(401, {"message": "Bad credentials"})))
    with pytest.raises(RemoteError, match="does not know this token"):
        github.post_graphql("query { x }", {})
    github, _ = client(Poster(Response(301, headers={"Location": "/x"})))
    with pytest.raises(RemoteError, match="answered 301"):
        github.post_graphql("query { x }", {})
    github, waits = client(Poster(*[OSError()] * 5))
    with pytest.raises(RetryLaterError):
        github.post_graphql("query { x }", {})
    assert len(waits) == 4


def test_a_session_that_gives_bytes_alone_will_do() -> None:
    class Bare:
        status_code, headers, content = 200, None, SHA.encode()

    bare: Any = Bare()
    github, _ = client(Script(bare))
    assert github.get("/repositories/7/commits/main", kind=Kind.SHA).body == SHA


@pytest.mark.parametrize("body", [SHA, {"sha": SHA, "commit": {}}])
def test_a_session_that_gives_json_alone_will_do(body: Any) -> None:
    class Bare:
        status_code = 200
        headers: Mapping[str, str] = {"ETag": 'W/"0123"'}

        def json(self) -> Any:
            return body

    bare: Any = Bare()
    github, waits = client(Script(bare))
    assert github.get("/repositories/7/commits/main", kind=Kind.SHA).body == SHA
    assert waits == []


def test_a_body_that_the_session_could_not_finish_is_an_accident() -> None:
    github, waits = client(Script(IncompleteRead(b"[1"), Response(body=[1])))
    assert github.get("/repos/acme/pay/pulls").body == [1]
    assert waits == [2.0]


def test_a_hash_is_whole_whatever_a_server_takes_for_its_validator() -> None:
    other = {"ETag": f'W/"{"cd" * 20}"'}
    github, waits = client(Script(Response(body=SHA, headers=other)))
    assert github.get("/repositories/7/commits/main", kind=Kind.SHA).body == SHA
    assert waits == []


def test_a_refusal_is_an_answer_where_the_caller_takes_it_and_a_limit_never_is() -> None:
    limited = Response(403, {"message": "secondary rate limit"}, {"Retry-After": "7"})
    refused = Response(403, {"message": "Resource not accessible by personal access token"})
    github, waits = client(Script(limited, refused))
    assert github.get("/repos/acme/pay/issues/events", take=(403,)).status == 403
    assert waits == [7.0]


def test_pages_that_go_round_in_circles_end() -> None:
    again = {"Link": '<https://api.github.com/repositories/7/pulls?page=2>; rel="next"'}
    github, _ = client(Script(*(Response(body=[n], headers=again) for n in range(3))))
    pages = github.pages(github.get("/repositories/7/pulls"))
    assert [next(pages).body, next(pages).body] == [[0], [1]]
    with pytest.raises(RemoteError, match="the same page twice"):
        next(pages)


def test_what_the_headers_say_of_calls_left_may_be_nonsense() -> None:
    odd = {"X-RateLimit-Remaining": "\u00b2", "X-RateLimit-Limit": "9" * 400}
    github, _ = client(Script(Response(body=[], headers=odd)))
    github.get("/repositories/7/pulls")
    assert (github.usage.remaining, github.usage.limit) == (None, None)
