from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from prodlens.errors import InputError
from prodlens.sources.github.addresses import (
    base_of,
    links,
    page_number,
    repository_root,
)

COMPARE = (
    "<https://api.github.com/repositories/7/compare/a...b?per_page=3&page=2>; "
    'rel="last", <https://api.github.com/repositories/7/compare/a...b?per_page=3&page=2>; '
    'rel="next", <https://api.github.com/repositories/7/compare/a...b?per_page=3&page=1>; '
    'rel="first"'
)
OLD_COMMITS = (
    "<https://api.github.com/repos/acme/pay/commits?last_sha=ab12&top=master>; "
    'rel="next", <https://api.github.com/repos/acme/pay/commits?sha=master>; rel="first"'
)


@pytest.mark.parametrize(
    ("address", "rest", "graphql", "host"),
    [
        (
            "https://api.github.com",
            "https://api.github.com",
            "https://api.github.com/graphql",
            "github.com",
        ),
        (
            "https://ghes.example.com/api/v3/",
            "https://ghes.example.com/api/v3",
            "https://ghes.example.com/api/graphql",
            "ghes.example.com",
        ),
        (
            "https://api.acme.ghe.com",
            "https://api.acme.ghe.com",
            "https://api.acme.ghe.com/graphql",
            "acme.ghe.com",
        ),
        (
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/graphql",
            "127.0.0.1",
        ),
    ],
)
def test_every_installation_has_its_addresses(
    address: str, rest: str, graphql: str, host: str
) -> None:
    assert base_of(address) == (rest, graphql, host)


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("api.github.com", "no address"),
        ("ftp://api.github.com", "no address"),
        ("https://", "no address"),
        ("https://api.github.com?x=1", "no address"),
        ("http://ghes.example.com/api/v3", "unencrypted"),
    ],
)
def test_an_address_that_can_not_be_used_is_refused(address: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        base_of(address)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError) as caught:
        base_of("https://ada:hunter2@ghes.example.com/api/v3")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "address", "path"),
    [
        (
            "https://api.github.com",
            "https://api.github.com/repositories/7/pulls?page=2",
            "/repositories/7/pulls?page=2",
        ),
        ("https://api.github.com", "/repositories/7", "/repositories/7"),
        (
            "https://api.github.com",
            "https://evil.example/repositories/7/pulls",
            "/repositories/7/pulls",
        ),
        (
            "https://ghes.example.com/api/v3",
            "https://ghes.example.com/api/v3/repositories/7/pulls?page=2",
            "/repositories/7/pulls?page=2",
        ),
        (
            "https://proxy.example.com/github/api/v3",
            "https://ghes.internal/api/v3/repos/acme/pay/commits?page=2",
            "/repos/acme/pay/commits?page=2",
        ),
        (
            "https://ghes.example.com/api/v3",
            "https://ghes.example.com/api/v3/rate_limit",
            "/rate_limit",
        ),
    ],
)
def test_what_a_server_names_is_asked_at_our_own_host(base: str, address: str, path: str) -> None:
    assert base_of(base).path(address) == path


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("@evil.example/x", "/@evil.example/x"),
        (".evil.example/x", "/.evil.example/x"),
        (":80@evil.example", "/:80@evil.example"),
        ("https:@evil.example", "/@evil.example"),
        ("//evil.example/x", "/x"),
        ("repositories/7", "/repositories/7"),
        ("?page=2", "/?page=2"),
        ("https://[evil", "/"),
        ("", "/"),
    ],
)
def test_an_address_can_not_be_bent_to_another_host(address: str, path: str) -> None:
    base = base_of("https://api.github.com")
    assert base.path(address) == path
    assert urlsplit(base.url(path)).hostname == "api.github.com"


def test_links_are_found_in_any_order() -> None:
    found = links(COMPARE)
    assert found["next"].endswith("page=2")
    assert found["first"].endswith("page=1")
    assert links("") == {}
    assert links("<https://x/a>; title=none") == {}


def test_links_without_a_page_number_are_followed_as_they_are() -> None:
    following = links(OLD_COMMITS)["next"]
    assert following == "https://api.github.com/repos/acme/pay/commits?last_sha=ab12&top=master"
    assert page_number(following) is None


def test_a_page_number_is_read_from_the_query_alone() -> None:
    assert page_number("/repositories/7/pulls?per_page=100&page=12") == 12
    assert page_number("/repositories/7/pulls?per_page=100") is None
    assert page_number(None) is None
    assert page_number("/repositories/7/pulls?page=%C2%B2") is None


def test_the_part_that_names_a_repository() -> None:
    assert repository_root("/repos/acme/pay/pulls?page=2") == "/repos/acme/pay"
    assert repository_root("/repositories/7") == "/repositories/7"
    assert repository_root("/repositories/7/issues/events?page=3") == "/repositories/7"
    assert repository_root("/rate_limit") is None
