"""A GitHub that answers like the real one, with its limits, faults and oddities; for tests.

In-process it is a session (`FakeGithub.session()`), over the network a server on loopback
(`serving`). Nothing in it sleeps: `sleep` moves the clock of its world.
Source of the behaviour: docs.github.com (REST and GraphQL reference, rate limits, best practices);
GitHub's OpenAPI description for version 2022-11-28.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fakes.github_json import commit_json, event_json, pull_json, repository_json
from fakes.github_wire import (
    OTHER_TOKEN,
    SHA_MEDIA,
    TOKEN,
    Answered,
    CrashError,
    FakeSession,
    PostingSession,
    Request,
    Response,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakes.github_wire import Fault
    from fakes.github_world import World

PATHS = re.compile(r"/(?:repos/(?P<slug>[^/]+/[^/]+)|repositories/(?P<number>\d+))(?P<rest>/.*)?")
HTML = "<html><body><h1>Server Error</h1></body></html>"


class FakeGithub:
    """One installation with one or more repositories.

    Args:
        world: The repository.
        page_cap: Most items on a page, whatever is asked for.
        events_pages: Pages after which the list of all events ends.
        base: Address of the API.
    """

    def __init__(
        self,
        world: World,
        *,
        page_cap: int = 100,
        events_pages: int = 300,
        base: str = "https://api.github.com",
    ) -> None:
        self.worlds = [world]
        self.world = world
        self.page_cap, self.events_pages, self.base = page_cap, events_pages, base
        self.requests: list[Request] = []
        self.faults: list[Callable[[Request], Fault | None]] = []
        self.after: list[Callable[[Request], None]] = []
        self.tokens = {TOKEN, OTHER_TOKEN}
        self.limit, self.used, self.reset = 5000, 0, world.now + 3600
        self.waits: list[float] = []
        self.tells_limits = True
        self.points_left = 5000
        self.clock_skew = 0
        self.redirects_to = ""
        self.compare_cap: int | None = None
        self.hidden: set[str] = set()
        self.branch_answers = ""

    # What tests use ------------------------------------------------------------------------

    def session(self, *, posts: bool = False) -> FakeSession:
        """Return a session; one that can post is asked for GraphQL too."""
        return PostingSession(self) if posts else FakeSession(self)

    def sleep(self, seconds: float) -> None:
        """Let time pass instead of waiting."""
        self.waits.append(seconds)
        self.world.tick(seconds)

    def calls(self, since: int = 0) -> list[Request]:
        """Return the requests behind the first `since`."""
        return self.requests[since:]

    # Answering -----------------------------------------------------------------------------

    def handle(
        self, method: str, url: str, headers: Mapping[str, str], document: Any = None
    ) -> Response:
        """Answer a request, with whatever faults are in force."""
        split = urlsplit(url)
        prefix = urlsplit(self.base).path
        path = split.path.removeprefix(prefix.removesuffix("/v3") if "graphql" in url else prefix)
        found = {name.lower(): value for name, value in headers.items()}
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        request = Request(len(self.requests) + 1, method, url, path, query, found)
        self.requests.append(request)
        fault = next((f for rule in self.faults if (f := rule(request))), None)
        response = self._stopped(fault) or self._answer(request, document)
        request.status = response.status_code
        if fault == "cut" and response.status_code == 200:
            told = {"Content-Length": str(len(response.content))} if request.number % 2 else {}
            half = response.content[: len(response.content) // 2]
            response = Response(200, response.headers | told, half)
        for hook in tuple(self.after):
            hook(request)
        return response

    def _stopped(self, fault: Fault | None) -> Response | None:
        match fault:
            case "crash":
                raise CrashError
            case "reset":
                raise ConnectionResetError(104, "Connection reset by peer")
            case "timeout":
                raise TimeoutError("timed out")
            case "html502" | "html503":
                return Response(int(fault[-3:]), {"Content-Type": "text/html"}, HTML.encode())
            case "secondary":
                return self._error(
                    403, "You have exceeded a secondary rate limit.", {"Retry-After": "60"}
                )
            case "secondary_plain":
                return self._error(403, "You have exceeded a secondary rate limit.")
            case "limit429":
                return self._error(429, "Too many requests")
            case "forbidden":
                return self._error(403, "Resource not accessible by personal access token")
            case _:
                return None

    def _answer(self, request: Request, document: Any) -> Response:
        if "user-agent" not in request.headers:
            return self._error(403, "Request forbidden by administrative rules.")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token and token not in self.tokens:
            return self._error(401, "Bad credentials")
        if self.world.now >= self.reset:
            self.used, self.reset = 0, self.world.now + 3600
        if request.path == "/graphql" and request.method == "POST":
            from fakes.github_graphql import answer

            return self._plain(answer(self, document))
        if request.path == "/rate_limit":
            core = {"limit": self.limit, "remaining": self.limit - self.used, "reset": self.reset}
            return self._plain({"resources": {"core": core}})
        if self.tells_limits and self.used >= self.limit:
            return self._error(403, "API rate limit exceeded for user ID 1.")
        answered = self._route(request)
        return self._conditional(request, token, answered)

    def _conditional(self, request: Request, token: str, answered: Answered) -> Response:
        """Put a validator on an answer; say 304 when it is still the same."""
        accept = request.headers.get("accept", "")
        if isinstance(answered.body, str) and answered.status == 200:
            content, etag = answered.body.encode(), f'"{answered.body}"'
        else:
            content = json.dumps(answered.body).encode()
            seed = f"{token}\n{accept}\n{request.url}\n".encode() + content
            etag = f'W/"{hashlib.sha256(seed).hexdigest()}"'
        given = request.headers.get("if-none-match", "").removeprefix("W/")
        same = answered.status == 200 and given == etag.removeprefix("W/")
        self.used += not (same and token)
        headers = self._headers() | ({"ETag": etag} if answered.status == 200 else {})
        if same:
            return Response(304, headers)
        return Response(answered.status, headers | answered.headers, content)

    def _headers(self) -> dict[str, str]:
        headers = {
            "Date": formatdate(self.world.now + self.clock_skew, usegmt=True),
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "private, max-age=60, s-maxage=60",
        }
        if self.tells_limits:
            headers |= {
                "X-RateLimit-Limit": str(self.limit),
                "X-RateLimit-Remaining": str(max(self.limit - self.used, 0)),
                "X-RateLimit-Used": str(self.used),
                "X-RateLimit-Reset": str(self.reset + self.clock_skew),
                "X-RateLimit-Resource": "core",
            }
        return headers

    def _error(self, status: int, message: str, more: Mapping[str, str] | None = None) -> Response:
        body = json.dumps({"message": message, "documentation_url": "https://docs.github.com"})
        return Response(status, self._headers() | dict(more or {}), body.encode())

    def _plain(self, body: Any) -> Response:
        return Response(200, self._headers(), json.dumps(body).encode())

    # Routes --------------------------------------------------------------------------------

    def _route(self, request: Request) -> Answered:
        found = PATHS.fullmatch(request.path)
        world, moved = self._find(found)
        if found is None or world is None:
            return Answered({"message": "Not Found"}, 404)
        if moved:
            target = f"{self.redirects_to or self.base}/repositories/{world.github_id}{found['rest'] or ''}"
            if request.query:
                target += f"?{urlencode(request.query)}"
            return Answered({"message": "Moved Permanently"}, 301, {"Location": target})
        rest = found["rest"] or ""
        return self._resource(request, world, rest)

    def _find(self, found: re.Match[str] | None) -> tuple[World | None, bool]:
        for world in self.worlds if found else ():
            slug = (found["slug"] or "").lower()  # type: ignore[index]
            if found["number"] == str(world.github_id) or slug == world.slug.lower():  # type: ignore[index]
                return world, False
        for world in self.worlds if found else ():
            if (found["slug"] or "").lower() in world.old_slugs:  # type: ignore[index]
                return world, True
        return None, False

    def _resource(self, request: Request, world: World, rest: str) -> Answered:
        routes: tuple[tuple[str, Callable[..., Answered]], ...] = (
            (r"", lambda: Answered(repository_json(world))),
            (r"/pulls", lambda: self._pulls(request, world)),
            (r"/pulls/(\d+)", lambda number: _one_pull(world, int(number))),
            (r"/issues/events", lambda: self._all_events(request, world)),
            (r"/issues/(\d+)/events", lambda number: self._events(request, world, int(number))),
            (r"/commits", lambda: self._commits(request, world)),
            (r"/commits/(.+)", lambda ref: self._commit(request, world, ref)),
            (r"/compare/(\w+)\.\.\.(\w+)", lambda a, b: self._compare(request, world, a, b)),
        )
        for pattern, route in routes:
            if found := re.fullmatch(pattern, rest):
                return route(*found.groups())
        return _missing()

    def _all_events(self, request: Request, world: World) -> Answered:
        events = world.events[::-1]
        items = [event_json(event) for event in self._slice(request, events)]
        return self._page(request, world, items, len(events), most_pages=self.events_pages)

    def _events(self, request: Request, world: World, number: int) -> Answered:
        events = world.events_of(number)
        items = [event_json(event, short=True) for event in self._slice(request, events)]
        return self._page(request, world, items, len(events))

    def _pulls(self, request: Request, world: World) -> Answered:
        query = request.query
        by = query.get("sort", "created")
        descending = query.get("direction", "desc" if by == "created" else "asc") == "desc"
        state = query.get("state", "open")
        found = world.sorted_pulls(by, descending=descending)
        if state != "all":
            found = [pull for pull in found if pull.state == state]
        items = [pull_json(world, pull) for pull in self._slice(request, found)]
        return self._page(request, world, items, len(found))

    def _commits(self, request: Request, world: World) -> Answered:
        if world.head is None:
            return Answered({"message": "Git Repository is empty."}, 409)
        sha = request.query.get("sha", world.head)
        sha = world.head if sha == world.default_branch else sha
        if sha not in world.commits:
            return Answered({"message": f"No commit found for SHA: {sha}"}, 404)
        found = [commit for commit in world.log(sha) if commit.sha not in self.hidden]
        if "since" in request.query:
            from prodlens.clock import parse_instant

            parsed = parse_instant(request.query["since"])
            least = parsed[0].timestamp() if parsed else 0
            found = [commit for commit in found if commit.committed_at >= least]
        items = [commit_json(commit) for commit in self._slice(request, found)]
        return self._page(request, world, items, len(found))

    def _commit(self, request: Request, world: World, ref: str) -> Answered:
        if world.head is None:
            return Answered({"message": "Git Repository is empty."}, 409)
        names = (self.branch_answers or world.default_branch, "HEAD")
        sha = world.head if ref in names else ref
        if sha not in world.commits:
            return Answered({"message": f"No commit found for SHA: {ref}"}, 422)
        if request.headers.get("accept") == SHA_MEDIA:
            return Answered(sha)
        return Answered(commit_json(world.commits[sha]))

    def _compare(self, request: Request, world: World, base: str, head: str) -> Answered:
        if base not in world.commits or head not in world.commits:
            return _missing()
        ours, theirs = world.ancestors(head), world.ancestors(base)
        if not ours & theirs:
            return Answered({"message": "No common ancestor between them."}, 404)
        found = world.log(head, base)[::-1]
        ahead, behind = len(found), len(theirs - ours)
        status = (
            "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else ""
        )
        body = {
            "status": status or "identical",
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": [commit_json(commit) for commit in self._slice(request, found)],
        }
        if self.compare_cap is not None:  # as servers do that don't page this
            body["commits"] = [commit_json(commit) for commit in found[-self.compare_cap :]]
            return Answered(body)
        page = self._page(request, world, [], ahead)
        return dataclasses.replace(page, body=body)

    # Pages ---------------------------------------------------------------------------------

    def _size(self, request: Request) -> int:
        return max(min(int(request.query.get("per_page", "30")), 100, self.page_cap), 1)

    def _slice(self, request: Request, items: list[Any]) -> list[Any]:
        size = self._size(request)
        start = (int(request.query.get("page", "1")) - 1) * size
        return items[start : start + size]

    def _page(
        self, request: Request, world: World, items: list[Any], total: int, most_pages: int = 10**9
    ) -> Answered:
        """Return a page with its Link: odd order, by number of the repository, none on a single."""
        page, size = int(request.query.get("page", "1")), self._size(request)
        if page > most_pages:
            return Answered({"message": "In order to keep the API fast ..."}, 422)
        last = min(max(-(-total // size), 1), most_pages)
        found = PATHS.fullmatch(request.path)
        path = f"{self.base}/repositories/{world.github_id}{found['rest'] if found else ''}"
        rels = [("last", last), ("next", page + 1)] if page < last else []
        rels += [("first", 1), ("prev", page - 1)] if page > 1 else []
        link = ", ".join(
            f'<{path}?{urlencode(request.query | {"page": str(to)})}>; rel="{rel}"'
            for rel, to in rels
        )
        return Answered(items, headers={"Link": link} if link else {})


def _one_pull(world: World, number: int) -> Answered:
    pull = world.pulls.get(number)
    return _missing() if pull is None else Answered(pull_json(world, pull))


def _missing() -> Answered:
    return Answered({"message": "Not Found"}, 404)
