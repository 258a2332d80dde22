"""GitHub's REST and GraphQL interfaces: transport, validators, and JSON -> plain rows."""

from __future__ import annotations

from prodlens.sources.github.addresses import API
from prodlens.sources.github.client import GithubClient, Session, Usage

__all__ = ["API", "GithubClient", "Session", "Usage"]
