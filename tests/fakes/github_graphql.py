"""Answers the two GraphQL questions that are asked, as GitHub would; anything else is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fakes.github_world import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakes.fake_github import FakeGithub
    from fakes.github_world import Commit, Pull, World

_OBJECT = re.compile(r'(\w+): object\(oid: "([0-9a-f]{40})"\)')


def answer(github: FakeGithub, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a query gives; points that are used up are told with status 200."""
    if github.points_left < 1:
        return {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "exceeded"}]}
    github.points_left -= 1
    query, variables = document["query"], document["variables"]
    if "nodes(ids: $ids)" in query:
        return {"data": {"nodes": [_node(github.world, one) for one in variables["ids"]]}}
    found = _OBJECT.findall(query)
    if found and f"{variables['owner']}/{variables['name']}" == github.world.slug.lower():
        objects = {alias: _object(github.world.commits.get(sha)) for alias, sha in found}
        return {"data": {"repository": objects}}
    return {"data": None, "errors": [{"type": "NOT_FOUND", "message": "no such thing"}]}


def _node(world: World, node_id: str) -> dict[str, Any] | None:
    pull = world.pulls.get(int(node_id.rpartition("_")[2]))
    return None if pull is None else _pull(world, pull)


def _pull(world: World, pull: Pull) -> dict[str, Any]:
    times = [e.at for e in world.events_of(pull.number) if e.kind == "reopened"]
    review = [{"submittedAt": iso(pull.first_review)}] if pull.first_review else []
    return {
        "number": pull.number,
        "additions": pull.additions,
        "deletions": pull.deletions,
        "changedFiles": pull.changed_files,
        "reviews": {"nodes": review},
        "timelineItems": {
            "totalCount": len(times),
            "nodes": [{"createdAt": iso(at)} for at in times[-1:]],
        },
    }


def _object(commit: Commit | None) -> dict[str, Any] | None:
    if commit is None:
        return None
    size = len(commit.message)
    return {"oid": commit.sha, "additions": size, "deletions": 1, "changedFilesIfAvailable": 2}
