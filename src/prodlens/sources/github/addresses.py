"""Owns addresses of GitHub: base, `Link`, `Location`; every address ends up on our own host.

Asks nothing. Only path and query of what a server says are used: that keeps the token on the host
that the user named, and works behind proxies that GitHub doesn't know of.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from prodlens.errors import InputError

API: Final = "https://api.github.com"
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LINK: Final = re.compile(r"<([^<>]*)>([^<]*)")
_REL: Final = re.compile(r'rel\s*=\s*"?([^";,]+)', re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_ROOTS: Final = ("/repositories/", "/repos/")
_BY_ID: Final = re.compile(r"/repositories/(\d{1,18})(?=/|\?|$)")
_BY_NAME: Final = re.compile(r"/repos/[^/?]+/[^/?]+(?=/|\?|$)")


class Base(NamedTuple):
    """Where an installation of GitHub answers.

    Attributes:
        rest: Address that REST paths are put behind.
        graphql: Address of GraphQL.
        host: Host as people name it: `github.com`, `ghes.example.com`.
    """

    rest: str
    graphql: str
    host: str

    def url(self, path: str) -> str:
        """Return the whole address of a path."""
        return self.rest + path

    def path(self, address: str) -> str:
        """Return path and query, below our base, of an address that a server gave.

        It always begins with a slash: `@evil.example` or `.evil.example` behind our own host would
        be an address on another one. What is no address leads to the root.
        """
        try:
            split = urlsplit(address)
        except ValueError:
            return "/"
        path = split.path
        found = [place for root in _ROOTS if (place := path.find(root)) >= 0]
        prefix = urlsplit(self.rest).path
        path = path[min(found) :] if found else path.removeprefix(prefix)
        path = path if path.startswith("/") else f"/{path}"
        return f"{path}?{split.query}" if split.query else path


def base_of(address: str) -> Base:
    """Return the installation behind the address of its API.

    github.com answers at `https://api.github.com`, an Enterprise Server at
    `https://HOST/api/v3` and `https://HOST/api/graphql`, an Enterprise Cloud with data residency
    at `https://api.SUB.ghe.com`.
    Source: docs.github.com "Getting started with the REST API" of GitHub Enterprise Server.

    Raises:
        InputError: It is no address, names a user, or would send a token over an open line.
    """
    split = urlsplit(address.strip())
    host = split.hostname or ""
    if split.scheme not in ("https", "http") or not host or split.query or split.fragment:
        raise InputError(
            f"{_bare(address)!r} is no address of GitHub's API: write https://api.github.com or "
            "https://HOST/api/v3."
        )
    if split.username or split.password:
        raise InputError(
            "The address of GitHub's API must not hold a user or password: use GITHUB_TOKEN."
        )
    if split.scheme == "http" and host not in _LOOPBACK:
        raise InputError(
            f"http://{host} would carry the token unencrypted: write https:// in github.base_url."
        )
    rest = f"{split.scheme}://{split.netloc}{split.path.rstrip('/')}"
    graphql = (
        f"{rest.removesuffix('/v3')}/graphql" if rest.endswith("/api/v3") else f"{rest}/graphql"
    )
    return Base(rest, graphql, host.removeprefix("api.") if _is_cloud(host) else host)


def _is_cloud(host: str) -> bool:
    return host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com"))


def _bare(address: str) -> str:
    """Return an address without what may be secret in it."""
    split = urlsplit(address.strip())
    return f"{split.scheme}://{split.hostname}{split.path}" if split.hostname else address[:60]


def links(header: str) -> dict[str, str]:
    """Return the targets of a `Link` header by rel; their order means nothing.

    >>> links('<https://x/a?page=3>; rel="last", <https://x/a?page=2>; rel="next"')["next"]
    'https://x/a?page=2'
    """
    found: dict[str, str] = {}
    for target, parameters in _LINK.findall(header):
        if rel := _REL.search(parameters):
            for name in rel[1].lower().split():
                found.setdefault(name, target)
    return found


def page_number(path: str | None) -> int | None:
    """Return the `page` that an address names; None where there is none (old commit lists)."""
    values = parse_qs(urlsplit(path or "").query).get("page", [])
    return int(values[-1]) if values and _NUMBER.fullmatch(values[-1]) else None


def repository_root(path: str) -> str | None:
    """Return the part of a path that names the repository; None when none does."""
    found = _BY_ID.match(path) or _BY_NAME.match(path)
    return found[0] if found else None
