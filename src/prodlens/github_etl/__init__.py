"""GitHub -> store: pull requests, their events, commits; whole after any failure, and cheap.

What is read, in which order and why: docs/decisions/0008-github-sync.md.
"""

from __future__ import annotations

from prodlens.github_etl.etl import GithubETL, SyncReport
from prodlens.github_etl.run import Progress
from prodlens.github_etl.verify import Difference, Verification

__all__ = ["Difference", "GithubETL", "Progress", "SyncReport", "Verification"]
