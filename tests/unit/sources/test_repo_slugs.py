from __future__ import annotations

import pytest

from prodlens.sources.repo_slugs import repo_slug


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("acme/widgets", "acme/widgets"),
        ("Acme/Widgets", "acme/widgets"),
        (" acme/widgets/ ", "acme/widgets"),
        ("acme/.github", "acme/.github"),
        ("acme/widgets.git", "acme/widgets"),
        ("https://github.com/acme/widgets", "acme/widgets"),
        ("https://github.com/Acme/Widgets.git", "acme/widgets"),
        ("https://github.com/acme/widgets/tree/main?tab=readme#top", "acme/widgets"),
        ("https://user:ghp_secret@github.com/acme/widgets", "acme/widgets"),
        ("git+ssh://git@github.com:22/acme/widgets.git", "acme/widgets"),
        ("git@github.com:acme/widgets.git", "acme/widgets"),
        ("github.com:acme/widgets", "acme/widgets"),
        ("github:acme/widgets", "acme/widgets"),
        ("github.com/acme/widgets", "acme/widgets"),
        ("repo:github.com/acme/widgets", "acme/widgets"),
        ("https://gitlab.example.com/group/sub/project/-/merge_requests/1", "group/sub/project"),
    ],
)
def test_one_slug_for_every_way_to_write_a_repository(value: str, expected: str) -> None:
    assert repo_slug(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "None",
        7,
        ["acme/widgets"],
        "../../etc/passwd",
        "acme/../widgets",
        "acme/..",
        "https://github.com/acme/widgets/../../evil",
        "https://github.com/../..",
        "..%2f..%2fetc",
        "/home/jane/src/widgets",
        "~/src/widgets",
        "./widgets",
        "C:\\src\\widgets",
        "C:/src/widgets",
        "file:///home/jane/widgets",
        "javascript://github.com/acme/widgets",
        "https://github.com/acme",
        "https://github.com",
        "acme/wid gets",
        "acme:widgets/x",
        "acme/widgets\x00",
        "acme/widgets;rm -rf",
        "a/b/c/d/e",
        "x" * 500,
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_repository_or_a_hostile_one_is_dropped(value: object) -> None:
    assert repo_slug(value) is None
