"""A second GitHub, written from the documentation alone: it shares no code with the other fakes.

It differs from `fake_github` wherever GitHub leaves room: headers in plain dicts of odd case, `Link`
on another host and without page numbers, small pages, answers without optional fields.
Source: docs.github.com, REST reference for version 2022-11-28.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    Trouble = Callable[[str], "Reply | BaseException | None"]

ELSEWHERE = "https://hub.example:8443/api/v3"


class Reply:
    """What `requests` would give, as far as anybody documents it."""

    def __init__(self, status_code: int, body: Any = None, **headers: Any) -> None:
        self.status_code = status_code
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        self.content = text.encode()
        self.headers = {name.replace("_", "-").swapcase(): value for name, value in headers.items()}

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class Hub:
    """One repository and its server; as a session it has `get` alone."""

    def __init__(self, page: int = 4) -> None:
        self.now, self.page = 1_704_103_200, page
        self.names, self.number, self.branch = ["octo/app"], 99, "trunk"
        self.pulls: dict[int, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []
        self.objects: dict[str, tuple[tuple[str, ...], int]] = {}
        self.tip: str | None = None
        self.left, self.reset = 5000, self.now + 300
        self.seen: list[tuple[str, int]] = []
        self.keys: set[str | None] = set()
        self.slept: list[float] = []
        self.trouble: Trouble = lambda _: None
        self.between: Callable[[], object] = lambda: None
        self.tells_parents = self.knows_sha = True

    # What happens ----------------------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += int(seconds) + 1

    def note(self, number: int, kind: str) -> None:
        event = {"id": 50 + 3 * len(self.log), "event": kind, "created_at": self.time()}
        self.log.append(event | {"issue": {"number": number}, "actor": None})

    def time(self) -> str:
        return f"{datetime.fromtimestamp(self.now, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def open(self) -> int:
        number = len(self.pulls) + 1
        self.pulls[number] = {"number": number, "title": f"Pull {number}", "user": None}
        self.pulls[number] |= {"created_at": self.time(), "merged_at": None}
        self.change(number, "open")
        return number

    def change(self, number: int, state: str | None = None) -> None:
        pull = self.pulls[number]
        pull |= {"updated_at": self.time(), "state": state or pull["state"]}
        pull["closed_at"] = None if pull["state"] == "open" else pull.get("closed_at")

    def close(self, number: int) -> None:
        self.change(number, "closed")
        self.pulls[number]["closed_at"] = self.time()
        self.note(number, "closed")

    def reopen(self, number: int) -> None:
        self.change(number, "open")
        self.note(number, "reopened")

    def merge(self, number: int) -> None:
        self.close(number)
        self.note(number, "merged")
        self.pulls[number] |= {"merged_at": self.time(), "merge_commit_sha": self.push()}

    def push(self, *parents: str, when: int | None = None, move: bool = True) -> str:
        under = parents or ((self.tip,) if self.tip else ())
        when = self.now if when is None else when
        seed = f"{under} {when} {len(self.objects)}".encode()
        sha = hashlib.sha1(seed, usedforsecurity=False).hexdigest()
        self.objects[sha] = (under, when)
        self.tip = sha if move else self.tip
        return sha

    def history(self, sha: str | None) -> set[str]:
        found: set[str] = set()
        below = [sha] if sha else []
        while below:
            if (one := below.pop()) not in found:
                found.add(one)
                below += self.objects[one][0]
        return found

    # Answering -------------------------------------------------------------------------------

    def get(
        self, url: str, headers: Any = None, params: Any = None, timeout: float | None = None
    ) -> Reply:
        split = urlsplit(url)
        assert (split.netloc, bool(timeout)) == ("api.github.com", True)
        self.keys.add(headers.get("Authorization"))
        query = dict(parse_qsl(split.query)) | dict(params or {})
        found = self.trouble(split.path) or self.limited() or self.route(split.path, query, headers)
        self.seen.append((split.path, getattr(found, "status_code", 0)))
        self.between()
        if isinstance(found, BaseException):
            raise found
        found.headers |= {"dATE": format_datetime(datetime.fromtimestamp(self.now, UTC), True)}
        return found

    def limited(self) -> Reply | None:
        if self.now >= self.reset:
            self.left, self.reset = 5000, self.now + 3600
        self.left -= 1
        if self.left >= 0:
            return None
        told = {"X_RateLimit_Remaining": 0, "X_RateLimit_Reset": self.reset}
        return Reply(403, {"message": "API rate limit exceeded"}, **told)

    def route(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Reply:
        parts = path.strip("/").split("/")
        if parts[0] == "repos":
            slug, rest = "/".join(parts[1:3]).lower(), parts[3:]
            if slug in self.names[:-1]:
                moved = "/".join(["/repositories", str(self.number), *rest])
                return Reply(301, {"message": "Moved"}, Location=f"{ELSEWHERE}{moved}")
        else:
            slug, rest = self.names[-1] if parts[1] == str(self.number) else "", parts[2:]
        if slug != self.names[-1]:
            return Reply(404, {"message": "Not Found"})
        body, more = self.body("/".join(rest), query, headers)
        if isinstance(body, Reply):
            return body
        known = f"{headers.get('Authorization')} {path} {sorted(query.items())} {body}".encode()
        etag = f'W/"{hashlib.sha1(known, usedforsecurity=False).hexdigest()}"'
        if headers.get("If-None-Match") in (etag, f'"{body}"'):
            self.left += 1
            return Reply(304, ETag=etag)
        return Reply(200, body, ETag=etag, **more)

    def body(  # noqa: PLR0911 - one line per route
        self, rest: str, query: dict[str, str], headers: dict[str, str]
    ) -> tuple[Any, Any]:
        kind, _, name = rest.partition("/")
        if not rest:
            said = {"id": self.number, "full_name": self.names[-1].title()}
            return said | {"default_branch": self.branch}, {}
        if kind == "pulls":
            field = {"updated": "updated_at"}.get(query.get("sort", ""), "created_at")
            back = query.get("direction") == "desc"
            rows = sorted(self.pulls.values(), key=lambda p: (p[field], p["number"]), reverse=back)
            chosen = [p for p in rows if query.get("state") in ("all", p["state"])]
            return self.paged(chosen, rest, query)
        if rest == "issues/events":
            return self.paged(self.log[::-1], rest, query)
        if kind == "issues":
            number = int(name.split("/")[0])
            own = [e for e in self.log if e["issue"]["number"] == number]
            return self.paged([{k: e[k] for k in e if k != "issue"} for e in own], rest, query)
        if self.tip is None:
            return Reply(409, {"message": "Git Repository is empty."}), {}
        if kind == "compare":
            old, new = name.split("...")
            if old not in self.objects:
                return Reply(404, {"message": "Not Found"}), {}
            rows = self.listed(self.history(new) - self.history(old))[::-1]
            page, more = self.paged(rows, rest, query)
            return {"status": "diverged", "commits": page}, more
        if name:
            as_text = self.knows_sha and headers["Accept"].endswith(".sha")
            return (self.tip if as_text else self.listed({self.tip})[0]), {}
        return self.paged(self.listed(self.history(query["sha"])), rest, query)

    def listed(self, shas: set[str]) -> list[dict[str, Any]]:
        rows = []
        for sha in sorted(shas, key=lambda one: (self.objects[one][1], one), reverse=True):
            parents, when = self.objects[sha]
            by = {"name": "Kim", "email": "kim@example.org"}
            by |= {"date": f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%SZ}"}
            row = {"sha": sha, "commit": {"message": "Work", "author": by, "committer": by}}
            above = {"parents": [{"sha": parent} for parent in parents]}
            rows.append(row | {"author": {}} | (above if self.tells_parents else {}))
        return rows

    def paged(self, rows: list[Any], rest: str, query: dict[str, str]) -> tuple[Any, Any]:
        """Cut a page; the way to the next one is a cursor that only this server understands."""
        size = min(int(query.get("per_page", "30")), self.page)
        start = int(query.get("cursor", "0"))
        if start + size >= len(rows):
            return rows[start:], {}
        onward = urlencode(query | {"cursor": str(start + size)})
        where = f"{ELSEWHERE}/repositories/{self.number}/{rest}"
        return rows[start : start + size], {
            "Link": f'<{where}?cursor=0>; REL="first last", <{where}?{onward}>; REL="next"'
        }
