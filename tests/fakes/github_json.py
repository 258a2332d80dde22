"""Writes what GitHub writes: a world's objects as JSON, with nulls where GitHub has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.github_world import iso

if TYPE_CHECKING:
    from fakes.github_world import Commit, Event, Pull, World


def repository_json(world: World) -> dict[str, Any]:
    """Return a repository."""
    return {
        "id": world.github_id,
        "node_id": f"R_{world.github_id}",
        "name": world.slug.partition("/")[2],
        "full_name": world.slug,
        "default_branch": world.default_branch,
        "private": True,
        "fork": False,
    }


def pull_json(world: World, pull: Pull) -> dict[str, Any]:
    """Return a pull request as lists have it; a deleted fork leaves `head.repo` null."""
    return {
        "id": 5_000_000_000 + pull.number,
        "node_id": f"PR_{world.github_id}_{pull.number}",
        "number": pull.number,
        "state": pull.state,
        "title": pull.title,
        "body": pull.body or None,
        "user": pull.user,
        "labels": [{"id": 1, "name": name, "color": "ededed"} for name in pull.labels],
        "draft": pull.draft,
        "created_at": iso(pull.created_at),
        "updated_at": iso(pull.updated_at),
        "closed_at": iso(pull.closed_at),
        "merged_at": iso(pull.merged_at),
        # An open one names its trial merge here.
        "merge_commit_sha": pull.merge_commit_sha or f"{pull.number:040x}",
        "head": {"ref": f"topic-{pull.number}", "repo": None if pull.number % 3 == 0 else {}},
        "base": {"ref": world.default_branch, "repo": {"full_name": world.slug}},
    }


def event_json(event: Event, *, short: bool = False) -> dict[str, Any]:
    """Return an event; the list of one issue leaves out which issue it is."""
    body: dict[str, Any] = {
        "id": event.id,
        "event": event.kind,
        "actor": event.actor,
        "commit_id": event.commit_id,
        "created_at": iso(event.at),
    }
    if not short:
        page = "pull" if event.of_pull else "issues"
        body["issue"] = {
            "number": event.number,
            "html_url": f"https://github.com/acme/payments/{page}/{event.number}",
            **({"pull_request": {"url": "..."}} if event.of_pull else {}),
        }
    return body


def commit_json(commit: Commit) -> dict[str, Any]:
    """Return a commit as lists have it: no lines, and an author that may be nobody."""
    name, email = commit.committer
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "commit": {
            "author": {
                "name": commit.name,
                "email": commit.email,
                "date": iso(commit.authored_at),
            },
            "committer": {"name": name, "email": email, "date": iso(commit.committed_at)},
            "message": commit.message,
        },
        # Nobody is null or an empty object, and GitHub gives both.
        "author": commit.account or (None if len(commit.message) % 2 else {}),
        "committer": None,
        "parents": [{"sha": parent} for parent in commit.parents],
    }
