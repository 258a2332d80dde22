"""A local git clone -> commits, pull requests and signs of AI assistance in the store."""

from __future__ import annotations

from prodlens.git_etl.sync import GitETL, GitSyncReport, LineReport

__all__ = ["GitETL", "GitSyncReport", "LineReport"]
