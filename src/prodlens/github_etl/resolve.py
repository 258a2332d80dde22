"""Finds out which repository a name stands for: its number, its present name, its default branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.github_etl.run import Repository
from prodlens.selection import parse_repository
from prodlens.sources.github.bodies import Kind
from prodlens.sources.github.payloads import read_repository
from prodlens.storage import github_repositories, runs

if TYPE_CHECKING:
    from prodlens.sources.github.client import GithubClient
    from prodlens.storage import ProdLensStore
    from prodlens.storage.github_repositories import Known


def resolve(client: GithubClient, store: ProdLensStore, owner: str, repo: str) -> Repository:
    """Ask GitHub what a name stands for, and note renames; one call, free when nothing changed.

    Args:
        client: The conversation.
        store: The store, writable.
        owner: The owner's login.
        repo: The repository's name.

    Raises:
        InputError: Together they are no name of a repository.
        RetryLaterError: It can't be had now.
        RemoteError: There is no such repository, or it may not be seen.
    """
    slug = parse_repository(f"{owner}/{repo}")
    path, host = f"/repos/{owner.strip()}/{repo.strip()}", client.base.host
    known = github_repositories.find(store.conn, host, slug)
    key = path.lower()
    usable = known is not None and known.github_id is not None and known.default_branch
    etag = runs.get_etag(store.conn, key) if usable else None
    answer = client.get(path, etag=etag, kind=Kind.OBJECT)
    if answer.status == 304 and known is not None:
        return _repository(known, slug, path)
    facts = read_repository(answer.body, slug)
    with store.transaction() as conn:
        known = github_repositories.settle(
            conn,
            host=host,
            github_id=facts.github_id,
            slug=facts.slug,
            asked=slug,
            default_branch=facts.default_branch,
        )
        if answer.etag is not None:
            runs.set_etag(conn, key, answer.etag)
    return _repository(known, slug, path)


def _repository(known: Known, asked: str, path: str) -> Repository:
    number = known.github_id
    root = path if number is None else f"/repositories/{number}"
    return Repository(known.repo_id, known.slug, root, known.default_branch, asked)
